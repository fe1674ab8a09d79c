"""The noise-and-bias explorable: both languages walk alike and refuse alike, and a guess comes before the answer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe

from labs import explore, inexact
from labs.explore.ball import NUM_STEPS, NUM_WALKERS, check_config, describe, outcome
from labs.explore.wandering import moments, normal, rates, walk

InNode = Callable[..., Any]
OpenPage = Callable[..., Any]
Moved = Callable[..., None]
FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

WALK = """
const { config, steps, walkers } = given;
const rates = stepRates(config.learning_rate, config.curvatures, steps, config.decay);
return {
  rates,
  ...walk(config.start, config.curvatures, rates, { ...config, numWalkers: walkers }),
  ...wanderMoments(config.start, config.curvatures, rates, config),
};
"""


def _config(**changes: Any) -> dict[str, Any]:
    return explore.ball().config | changes


SETTINGS: list[dict[str, Any]] = [
    {},
    {"noise": 2.5, "bias": 1.5, "learning_rate": 0.5, "seed": 7},
    {"noise": 0.3, "bias": 0.7, "decay": True, "start": [1.0, -2.0]},
    {"noise": 0.0, "bias": 2.0, "curvatures": [0.5, 4.0], "learning_rate": 0.45},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_walkers_are_alike_in_both_languages(settings: dict, in_node: InNode) -> None:
    config = _config(**settings)
    js = in_node("ball", WALK, {"config": config, "steps": NUM_STEPS, "walkers": NUM_WALKERS})
    steps = rates(config["learning_rate"], config["curvatures"], NUM_STEPS, config["decay"])
    np.testing.assert_allclose(js["rates"], steps, rtol=1e-12)
    wrong = {"noise": config["noise"], "bias": config["bias"]}
    paths = walk(config["start"], config["curvatures"], steps, seed=config["seed"], num_walkers=NUM_WALKERS, **wrong)
    np.testing.assert_allclose(np.reshape(js["path"], (-1, 2)), paths[0], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.reshape(js["ends"], (-1, 2)), paths[:, -1], rtol=1e-9, atol=1e-9)
    means, variances = moments(config["start"], config["curvatures"], steps, **wrong)
    np.testing.assert_allclose([js["means"], js["variances"]], [means, variances], rtol=1e-9, atol=1e-12)


def test_random_numbers_are_alike_and_normal(in_node: InNode) -> None:
    numbers = in_node("ball", "const draw = normal(given); return Array.from({ length: 4001 }, () => draw());", 5)
    found = list(islice(normal(5), 4001))
    np.testing.assert_allclose(numbers, found, rtol=1e-9, atol=1e-12)
    assert abs(np.mean(found)) < 5 / math.sqrt(4001)
    assert abs(np.var(found) - 1) < 5 * math.sqrt(2 / 4001)


def test_the_ball_is_that_of_the_closed_form() -> None:
    """After 300 steps nothing is left of the start; each axis has the variance of formula and the centre of −b/λ."""
    config = _config(noise=1.3, bias=0.8, learning_rate=0.2)
    found, pull = outcome(config), 0.8 / math.sqrt(2)
    expected = [inexact.stationary_variance(0.2, curvature, 1.3) for curvature in (1.0, 3.0)]
    assert found["radius"] == pytest.approx(math.sqrt(sum(expected)), rel=1e-9)
    assert found["center"] == pytest.approx(math.hypot(pull, pull / 3), rel=1e-9)
    assert found["theory"] == pytest.approx(math.hypot(found["center"], found["radius"]))
    assert found["measured"] == pytest.approx(found["theory"], rel=0.3)


def test_moments_are_those_of_labs_with_any_schedule() -> None:
    steps = rates(0.3, (1.0, 3.0), 200, decay=True)
    means, variances = moments((-2.0, 1.0), (1.0, 3.0), steps, noise=0.9, bias=0.5)
    for axis, (curvature, start) in enumerate([(1.0, -2.0), (3.0, 1.0)]):
        found = inexact.wander(
            torch.tensor(steps, dtype=torch.float64), curvature, 0.9, bias=0.5 / math.sqrt(2), start=start
        )
        assert (means[axis], variances[axis]) == pytest.approx((float(found.mean[-1]), float(found.variance[-1])))


WRONG = [
    ({"noise": -0.1}, "from 0"),
    ({"noise": 6.0}, "5"),
    ({"bias": float("inf")}, "bias"),
    ({"curvatures": [1.0]}, "two numbers"),
    ({"curvatures": [1.0, 0.0]}, "above 0"),
    ({"start": [1.0]}, "two numbers"),
    ({"learning_rate": 0.0}, "above 0"),
    ({"learning_rate": 0.7}, "below 0.667"),
    ({"decay": 1}, "decay must be true or false"),
    ({"guess": 0.0}, "above 0"),
    ({"seed": -1}, "whole number"),
    ({"seed": 1.5}, "1.5"),
]


@pytest.mark.parametrize(("change", "says"), WRONG)
def test_python_and_javascript_refuse_the_same_settings(change: dict, says: str, in_node: InNode) -> None:
    with pytest.raises(ValueError, match=f"(?i){re.escape(says)}"):
        check_config(_config(**change))
    sent = {name: None if value == float("inf") else value for name, value in change.items()}  # JSON has no infinity
    said = in_node("ball", "return complaint(given)", _config(**sent))
    assert said
    assert says.lower() in said.lower()


def test_what_python_accepts_javascript_shows(in_node: InNode) -> None:
    for settings in SETTINGS:
        assert in_node("ball", "return complaint(given) ?? 'shown'", _config(**settings)) == "shown"


def test_sentence_and_picture_leave_the_answer_to_the_reader() -> None:
    explorable = explore.ball(noise=0.7, bias=0.4, decay=True)
    text = describe(explorable.config)
    assert "noise 0.7 and bias 0.4" in text
    assert "falling as one over the step" in text
    assert "Guess how far" in text
    bundle, _ = explorable._repr_mimebundle_()
    assert bundle["image/png"].startswith("iVBOR")
    assert bundle["text/plain"] == text


# ---- in a browser


def _read_outs(page: Any) -> list[str]:
    page.evaluate(FRAME)
    return page.locator(".labs-ex-readouts dd").all_text_contents()


def _verdict(page: Any) -> str:
    page.evaluate(FRAME)
    return page.locator(".labs-ex-verdict").text_content()


def _ran(page: Any) -> str:
    page.get_by_role("button", name="Run").click()
    return _verdict(page)


def test_the_answer_comes_after_the_guess_and_counts_once(explorable_page: OpenPage) -> None:
    config = _config(noise=1.0, bias=1.0)
    found = outcome(config)
    page = explorable_page(("ball", config | {"guess": found["measured"]}), reduced_motion="reduce")
    assert _read_outs(page) == ["?"] * 4
    assert _verdict(page).startswith("You say: 60 walkers end")
    assert _ran(page).endswith("Right so far: 1 of 1.")
    assert _ran(page).endswith("Right so far: 1 of 1.")  # the same ball again
    shown = [float(text) for text in _read_outs(page)]
    expected = [found[name] for name in ("center", "radius", "theory", "measured")]
    assert shown == pytest.approx(expected, rel=6e-3)
    guess = page.get_by_role("slider", name="they end at the distance")
    guess.focus()
    page.keyboard.press("Home")
    assert _read_outs(page) == ["?"] * 4
    assert _ran(page).endswith("Right so far: 1 of 2.")
    page.get_by_role("button", name="Reset").click()
    assert _read_outs(page) == ["?"] * 4


def test_decay_takes_the_noise_away_and_leaves_the_bias(explorable_page: OpenPage) -> None:
    page = explorable_page(("ball", _config(noise=2.0, bias=1.0)), reduced_motion="reduce")
    _ran(page)
    constant = [float(text) for text in _read_outs(page)]
    button = page.get_by_role("button", name="Decay η")
    button.click()
    page.evaluate(FRAME)
    assert button.get_attribute("aria-pressed") == "true"
    _ran(page)
    decaying = [float(text) for text in _read_outs(page)]
    assert decaying[1] < constant[1] / 2
    assert decaying[0] == pytest.approx(constant[0], rel=0.1)


def test_the_start_is_moved_by_keys_mouse_and_finger(explorable_page: OpenPage, moved_in_every_way: Moved) -> None:
    moved_in_every_way(
        explorable_page(("ball", _config()), width=390, has_touch=True, is_mobile=True), "Start", key="Shift+ArrowRight"
    )


@pytest.mark.parametrize(("width", "theme"), [(320, "dark"), (390, "light"), (1280, "light"), (1680, "dark")])
def test_no_violation_and_no_sideways_scrolling(explorable_page: OpenPage, theme: str, width: int) -> None:
    page = explorable_page(("ball", _config(bias=0.5)), theme=theme, width=width, reduced_motion="reduce")
    _ran(page)
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert [violation["id"] for violation in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
