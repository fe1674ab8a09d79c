"""The worst function's explorable: the same numbers in both languages, the same settings refused, a guess first."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from labs import explore
from labs.explore.worst import bound, check_config, describe, run
from labs.limits import FIRST_ORDER_METHODS, least_excess

InNode = Callable[..., Any]
OpenPage = Callable[..., Any]
FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

RUNS = """
return given.methods.map((method) => worstRun(given.k, method));
"""
LINES = """
return { bound: nesterovBound(given.k), least: given.steps.map((t) => leastExcess(t, given.k)) };
"""


def _config(**changes: Any) -> dict[str, Any]:
    return explore.worst().config | changes


@pytest.mark.parametrize("k", [1, 2, 7, 20])
def test_all_methods_go_alike_in_both_languages(k: int, in_node: InNode) -> None:
    told = in_node("worst", RUNS, {"k": k, "methods": list(FIRST_ORDER_METHODS)})
    for method, js in zip(FIRST_ORDER_METHODS, told, strict=True):
        points, excess = run(k, method)
        np.testing.assert_allclose(js["points"], points, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(js["excess"], excess, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("k", [1, 7, 20])
def test_the_bound_and_the_least_are_alike(k: int, in_node: InNode) -> None:
    steps = list(range(2 * k + 2))
    told = in_node("worst", LINES, {"k": k, "steps": steps})
    assert told["bound"] == pytest.approx(bound(k), rel=1e-12)
    np.testing.assert_allclose(told["least"], [least_excess(t, k) for t in steps], rtol=1e-12, atol=1e-15)


def test_javascript_reaches_one_coordinate_a_step(in_node: InNode) -> None:
    for js in in_node("worst", RUNS, {"k": 6, "methods": list(FIRST_ORDER_METHODS)}):
        assert [sum(value != 0 for value in point) for point in js["points"]] == list(range(14))


WRONG = [
    ({"k": 0}, "k must be a whole number"),
    ({"k": 21}, "k must be a whole number from 1 to 20"),
    ({"step": -1}, "step must be a whole number"),
    ({"step": 22}, "step must be a whole number from 0 to n = 21"),
    ({"watched": "adam"}, "choose one of gradient_descent, heavy_ball"),
    ({"guess": 0.5}, "from 1 to 20"),
    ({"guess": 21.0}, "from 1 to 20"),
]


@pytest.mark.parametrize(("change", "says"), WRONG)
def test_python_and_javascript_refuse_the_same_settings(change: dict, says: str, in_node: InNode) -> None:
    assert says in in_node("worst", "return complaint(given)", _config(**change))
    with pytest.raises(ValueError, match=re.escape(says)):
        check_config(_config(**change))


def test_sentence_and_picture_leave_the_answer_to_the_reader() -> None:
    explorable = explore.worst(5, watched="heavy_ball")
    text = describe(explorable.config)
    assert "worst function for 5 steps, in 11 dimensions" in text
    assert "heavy ball leaves after 5 steps" in text
    bundle, _ = explorable._repr_mimebundle_()
    assert bundle["image/png"].startswith("iVBOR")


# ---- in a browser


def _verdict(page: Any) -> str:
    page.evaluate(FRAME)
    return page.locator(".labs-ex-verdict").text_content()


def _reached(page: Any) -> list[str]:
    page.evaluate(FRAME)
    return page.locator(".labs-ex-outcome").all_text_contents()


def test_the_answer_comes_after_k_steps_and_counts_once(explorable_page: OpenPage) -> None:
    page = explorable_page(("worst", _config(k=3, guess=2.7)), reduced_motion="reduce")
    ask = "You say: after 3 steps accelerated is at 2.70 times the bound. Step on to see."
    assert _verdict(page) == ask
    step = page.get_by_role("button", name="Step", exact=True)
    for done in (1, 2):
        step.click()
        assert _verdict(page) == ask
        assert _reached(page) == [f"{done} of 7"] * 4
    step.click()
    answer = run(3, "accelerated")[1][3] / bound(3)
    assert f"accelerated is at {answer:.2f} times: right, within a quarter. Right so far: 1 of 1." in _verdict(page)
    page.get_by_role("slider", name="after k steps").focus()
    for _ in range(120):
        page.keyboard.press("ArrowRight")
    assert _verdict(page).startswith("You say")
    assert _reached(page) == ["0 of 7"] * 4
    page.get_by_role("button", name="Run to k").click()
    assert "off by a factor of" in _verdict(page)
    assert _verdict(page).endswith("Right so far: 1 of 1.")  # the answer was known
    page.get_by_role("slider", name="your guess is about").focus()
    page.keyboard.press("ArrowRight")
    assert "conjugate gradients" in _verdict(page)
    page.get_by_role("button", name="Run to k").click()
    assert "conjugate gradients is at 1.22 times" in _verdict(page)
    assert _verdict(page).endswith("of 2.")
    page.get_by_role("button", name="Reset").click()
    assert _verdict(page) == ask


def test_steps_by_keys_mouse_and_finger(explorable_page: OpenPage) -> None:
    page = explorable_page(("worst", _config(k=4)), width=390, has_touch=True, is_mobile=True)
    slider = page.get_by_role("slider", name="step", exact=True)
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert _reached(page) == ["2 of 9"] * 4
    page.keyboard.press("End")
    assert _reached(page) == ["9 of 9"] * 4
    page.locator("canvas").nth(1).scroll_into_view_if_needed()
    box = page.locator("canvas").nth(1).bounding_box()
    inner = box["width"] - 54 - 8
    at = lambda t: (box["x"] + 54 + inner * t / 9, box["y"] + box["height"] / 3)  # noqa: E731
    page.mouse.click(*at(3))
    assert _reached(page) == ["3 of 9"] * 4
    page.touchscreen.tap(*at(6))
    assert _reached(page) == ["6 of 9"] * 4
    assert slider.get_attribute("aria-valuetext") == "6"


def test_another_k_is_another_function(explorable_page: OpenPage) -> None:
    page = explorable_page(("worst", _config(k=4)), reduced_motion="reduce")
    size = page.get_by_role("slider", name="k", exact=True)
    size.focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    page.evaluate(FRAME)
    assert page.locator(".labs-ex-readouts dd").first.text_content() == "25"
    page.get_by_role("button", name="Run to k").click()
    assert _reached(page) == ["12 of 25"] * 4
    slider = page.get_by_role("slider", name="step", exact=True)
    slider.focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    assert _reached(page) == ["25 of 25"] * 4


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_violation_and_no_sideways_scrolling(explorable_page: OpenPage, theme: str, width: int) -> None:
    page = explorable_page(("worst", _config()), theme=theme, width=width, reduced_motion="reduce")
    page.get_by_role("button", name="Run to k").click()
    page.evaluate(FRAME)
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert [violation["id"] for violation in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_part_stays_in_its_card_at_any_width(explorable_page: OpenPage) -> None:
    page = explorable_page(("worst", _config()), reduced_motion="reduce")
    for width in (320, 360, 480, 640, 768, 1000, 1680):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(FRAME)
        card = page.locator(".labs-ex").bounding_box()
        for part in page.locator(".labs-ex-main > *, .labs-ex-side > *").all():
            box = part.bounding_box()
            assert box["x"] >= card["x"] - 0.5
            assert box["x"] + box["width"] <= card["x"] + card["width"] + 0.5
