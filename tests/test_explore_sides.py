"""The mountain explorable: descents end alike in both languages, both refuse alike, a guess comes before the answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe

from labs import explore, objectives
from labs.explore.sides import NUM_STEPS, RIDGE, SIDE_NAMES, check_config, come_down, describe, side_map

InNode = Callable[..., Any]
OpenPage = Callable[..., Any]
Moved = Callable[..., None]
FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

COME_DOWN = """
const { config, starts } = given;
return starts.map((start) => comeDown(makeSurface("hill"), start, config.learning_rate));
"""

MAP = """
const { config, size } = given;
return [...sideMap(makeSurface("hill"), config.domain, size, size, config.learning_rate)];
"""


def _config(**changes: Any) -> dict[str, Any]:
    return explore.sides().config | changes


def _starts(number: int, seed: int = 0) -> np.ndarray:
    (left, right), (bottom, top) = _config()["domain"]
    return np.random.default_rng(seed).uniform((left, bottom), (right, top), (number, 2))


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_descents_go_and_end_alike_in_both_languages(rate: float, in_node: InNode) -> None:
    config, starts = _config(learning_rate=rate), _starts(25)
    for js, start in zip(
        in_node("sides", COME_DOWN, {"config": config, "starts": starts.tolist()}), starts, strict=True
    ):
        path, side = come_down(config, start)
        np.testing.assert_allclose(np.reshape(js["path"], (-1, 2)), path, rtol=1e-9, atol=1e-9)
        assert js["side"] == side


def test_the_map_is_that_of_single_descents_and_of_python(in_node: InNode) -> None:
    config, size = _config(), 21
    (left, right), (bottom, top) = config["domain"]
    middles = (np.arange(size) + 0.5) / size
    points = np.stack(np.meshgrid(left + middles * (right - left), bottom + middles * (top - bottom)), -1).reshape(
        -1, 2
    )
    found = np.array(in_node("sides", MAP, {"config": config, "size": size}))
    assert (found == side_map(config, points)).mean() > 0.99  # a middle may lie on the border to the last digit
    for k in range(0, size * size, 29):
        assert found[k] == come_down(config, points[k])[1]


def test_the_ridge_is_as_high_as_it_is_said_to_be() -> None:
    y = torch.linspace(-5, 1.2, 100, dtype=torch.float64)
    heights = objectives.hill()(torch.stack([-y.exp(), y], -1))
    assert heights.min() >= RIDGE


def test_who_is_below_the_ridge_stays_on_that_side_and_ends_where_it_is_said() -> None:
    """Ten times as many steps change nothing: the right side is at the minimum, the left one still above ¾."""
    starts = _starts(300, 1)
    sides = side_map(_config(), starts)
    assert set(sides) == {0, 1}
    surface, points = objectives.hill(), torch.from_numpy(starts)
    for _ in range(10 * NUM_STEPS):
        points = points - 0.05 * surface.gradient(points)
    arrived = (points - surface.minima[0]).norm(dim=-1).numpy() < 1e-6
    np.testing.assert_array_equal(arrived, sides == 1)
    assert surface(points)[torch.from_numpy(sides == 0)].min() > 0.75


def test_a_descent_that_flies_off_is_on_no_side(in_node: InNode) -> None:
    config = _config(learning_rate=5.0)
    assert come_down(config, (2.0, 1.2))[1] == -1
    assert side_map(config, np.array([[2.0, 1.2]])).tolist() == [-1]
    assert in_node("sides", COME_DOWN, {"config": config, "starts": [[2.0, 1.2]]})[0]["side"] == -1


WRONG = [
    ({"domain": [[0.0, 1.0]]}, "domain"),
    ({"domain": [[0.0], [0.0, 1.0]]}, "two numbers"),
    ({"domain": [[1.0, 0.0], [0.0, 1.0]]}, "low, high"),
    ({"start": [1.0]}, "two numbers"),
    ({"guess": "stays"}, "drifts away, arrives"),
    ({"learning_rate": 0.0}, "above 0"),
]


@pytest.mark.parametrize(("change", "says"), WRONG)
def test_python_and_javascript_refuse_the_same_settings(change: dict, says: str, in_node: InNode) -> None:
    said = in_node("sides", "return complaint(given)", _config(**change))
    with pytest.raises(ValueError, match=f"(?i){re.escape(says)}"):
        check_config(_config(**change))
    assert says.lower() in said.lower()


def test_what_python_accepts_javascript_shows(in_node: InNode) -> None:
    assert in_node("sides", "return complaint(given) ?? 'shown'", _config()) == "shown"


def test_sentence_and_picture_leave_the_answer_to_the_reader() -> None:
    explorable = explore.sides()
    text = describe(explorable.config)
    assert "one critical point" in text
    assert "Guess whether" in text
    bundle, _ = explorable._repr_mimebundle_()
    assert bundle["image/png"].startswith("iVBOR")
    assert bundle["text/plain"] == text


# ---- in a browser


def _verdicts(page: Any) -> list[str]:
    page.evaluate(FRAME)
    return page.locator(".labs-ex-verdict").all_text_contents()


def _descend(page: Any) -> str:
    page.get_by_role("button", name="Descend").click()
    return _verdicts(page)[0]


def test_the_answer_comes_after_the_guess_and_counts_once(explorable_page: OpenPage) -> None:
    config = _config()
    side = SIDE_NAMES[come_down(config, config["start"])[1]]
    page = explorable_page(("sides", config), reduced_motion="reduce")
    show_map, guess = page.get_by_role("button", name="Sides"), page.get_by_role("slider", name="descent from here")
    assert _verdicts(page)[0] == "You say: it arrives. Press Descend to see."
    assert show_map.is_disabled()
    assert page.locator("dd").all_text_contents()[1:] == ["?"] * 4
    guess.focus()
    page.keyboard.press("ArrowRight" if side == "arrives" else "ArrowLeft")
    assert _descend(page) == f"You said it {side}, and it does. Right so far: 1 of 1."
    assert _descend(page).endswith("Right so far: 1 of 1.")  # the same start again
    assert page.locator("dd").all_text_contents()[-1] == "none"
    guess.focus()
    page.keyboard.press("ArrowLeft" if side == "arrives" else "ArrowRight")
    assert _descend(page).endswith(f"it {side}. Right so far: 1 of 2.")
    show_map.click()
    told = _verdicts(page)[1]
    shares = re.fullmatch(r"From (\d+) % of the map it arrives, from (\d+) % it drifts away.", told)
    assert shares
    assert abs(sum(map(int, shares.groups())) - 100) <= 1
    assert show_map.get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Reset").click()
    assert _verdicts(page)[0].startswith("You say: it arrives.")
    assert show_map.is_disabled()


def test_the_start_is_moved_by_keys_mouse_and_finger(explorable_page: OpenPage, moved_in_every_way: Moved) -> None:
    moved_in_every_way(explorable_page(("sides", _config()), width=390, has_touch=True, is_mobile=True), "Start")


@pytest.mark.parametrize(("theme", "width"), [("light", 320), ("dark", 390), ("light", 1280), ("dark", 1680)])
def test_no_violation_and_no_sideways_scrolling(explorable_page: OpenPage, theme: str, width: int) -> None:
    wrong = ("sides", _config(guess="stays"))
    page = explorable_page(("sides", _config()), wrong, theme=theme, width=width, reduced_motion="reduce")
    _descend(page)
    page.get_by_role("button", name="Sides").click()
    _verdicts(page)
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert [violation["id"] for violation in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
