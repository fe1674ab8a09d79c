"""The cliff explorable: steps alike in both languages, the same settings refused, a guess before the answer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe

from labs import explore
from labs.explore.cliff import check_config, describe, step, surface_of, walk

InNode = Callable[..., Any]
OpenPage = Callable[..., Any]
Moved = Callable[..., None]
FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

STEPS = """
const surface = makeSurface("cliff", { num_steps: given.num_steps, target: given.target });
return given.points.map((point) => clippedStep(surface, point, given).step);
"""
WALK = """
const surface = makeSurface("cliff", { num_steps: given.num_steps, target: given.target });
return walk(surface, given.start, { learningRate: given.learning_rate, threshold: given.threshold, numSteps: 60 });
"""


def _config(**changes: Any) -> dict[str, Any]:
    return explore.cliff().config | changes


@pytest.mark.parametrize("threshold", [0.01, 1.0, 1e9])
@pytest.mark.parametrize("num_steps", [1, 8, 20])
def test_steps_are_alike_in_both_languages(num_steps: int, threshold: float, in_node: InNode) -> None:
    config = _config(num_steps=num_steps)
    points = np.random.default_rng(0).uniform([1, -0.5], [3, 0.3], (2000, 2))
    given = config | {"points": points.tolist(), "learningRate": 0.03, "threshold": threshold}
    python = step(surface_of(config), points, 0.03, threshold)
    np.testing.assert_allclose(in_node("cliff", STEPS, given), python, rtol=1e-9, atol=1e-9)
    assert np.linalg.norm(python, axis=1).max() <= 0.03 * threshold * (1 + 1e-12)


@pytest.mark.parametrize("start", [(1.6, -0.2), (2.5, 0.1), (1.1, 0.2)])
def test_walks_are_alike_in_both_languages(start: tuple, in_node: InNode) -> None:
    config = _config(start=list(start), num_steps=8, threshold=0.2, learning_rate=0.05)
    js = np.reshape(in_node("cliff", WALK, config), (-1, 2))
    np.testing.assert_allclose(js, walk(config, 60), rtol=1e-9, atol=1e-9)


def test_a_step_is_that_of_torchs_clipping() -> None:
    config = _config()
    parameter = torch.nn.Parameter(torch.tensor(config["start"], dtype=torch.float64))
    surface_of(config)(parameter).backward()
    torch.nn.utils.clip_grad_norm_([parameter], 0.3)
    own = step(surface_of(config), np.array([config["start"]]), 0.1, 0.3)[0]
    np.testing.assert_allclose(own, -0.1 * parameter.grad.numpy(), rtol=1e-5)  # torch adds 1e-6 to the norm


def test_on_the_cliff_one_step_throws_and_a_clipped_one_cannot() -> None:
    config = _config(num_steps=50, start=[1.101036, -0.01])
    surface, start = surface_of(config), np.array([config["start"]])
    assert np.linalg.norm(step(surface, start, 0.01, math.inf)) > 10
    assert np.linalg.norm(step(surface, start, 0.01, 1.0)) == pytest.approx(0.01)


WRONG = [
    ({"num_steps": 0}, "num_steps must be a whole number"),
    ({"num_steps": 101}, "num_steps must be a whole number from 1 to 100"),
    ({"target": 2.0}, "target must be"),
    ({"domain": [[0.0, 1.0]]}, "domain must be"),
    ({"domain": [[1.0, 0.0], [0.0, 1.0]]}, "domain must be"),
    ({"start": [1.0]}, "start must be two numbers"),
    ({"learning_rate": 0.0}, "learning_rate must be"),
    ({"threshold": -1.0}, "threshold must be"),
    ({"guess": 0.0}, "guess must be"),
]


@pytest.mark.parametrize(("change", "says"), WRONG)
def test_python_and_javascript_refuse_the_same_settings(change: dict, says: str, in_node: InNode) -> None:
    assert says in in_node("cliff", "return complaint(given)", _config(**change))
    with pytest.raises(ValueError, match=re.escape(says)):
        check_config(_config(**change))


def test_sentence_and_picture_leave_the_answer_to_the_reader() -> None:
    explorable = explore.cliff()
    text = describe(explorable.config)
    assert "unrolled 20 times" in text
    assert "w = 1.6, b = −0.02" in text
    bundle, _ = explorable._repr_mimebundle_()
    assert bundle["image/png"].startswith("iVBOR")


# ---- in a browser


def _verdicts(page: Any) -> list[str]:
    page.evaluate(FRAME)
    return page.locator(".labs-ex-verdict").all_text_contents()


def test_the_answer_comes_after_the_guess_and_counts_once(explorable_page: OpenPage) -> None:
    config = _config(num_steps=50, start=[1.101036, -0.01], guess=16.0)
    page = explorable_page(("cliff", config), reduced_motion="reduce")
    assert _verdicts(page)[0] == "You say: 16.0 long. Press Step to see."
    walking = page.get_by_role("button", name="Walk 60")
    assert walking.is_disabled()
    assert page.locator(".labs-ex-readouts dd").all_text_contents().count("?") == 4
    for _ in range(2):
        page.get_by_role("button", name="Step").click()
        assert _verdicts(page)[0].endswith("within a factor of 3. Right so far: 1 of 1.")
    assert "?" not in page.locator(".labs-ex-readouts dd").all_text_contents()
    page.get_by_role("slider", name="the step without clipping").focus()
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
    assert _verdicts(page)[0].startswith("You say:")
    page.get_by_role("button", name="Step").click()
    assert "off by a factor of" in _verdicts(page)[0]
    assert _verdicts(page)[0].endswith("Right so far: 1 of 2.")
    walking.click()
    assert "without clipping ends off the map; the clipped one ends" in _verdicts(page)[1]
    page.get_by_role("button", name="Reset").click()
    assert _verdicts(page)[0] == "You say: 16.0 long. Press Step to see."


def test_the_walker_is_moved_by_keys_mouse_and_finger(explorable_page: OpenPage, moved_in_every_way: Moved) -> None:
    moved_in_every_way(
        explorable_page(("cliff", _config()), width=390, has_touch=True, is_mobile=True),
        "Walker",
        key="Shift+ArrowRight",
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_violation_and_no_sideways_scrolling(explorable_page: OpenPage, theme: str, width: int) -> None:
    page = explorable_page(("cliff", _config()), theme=theme, width=width, reduced_motion="reduce")
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert [violation["id"] for violation in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
