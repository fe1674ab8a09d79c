"""The eigenvalue explorable: powers alike in both languages, the same settings refused, a guess before the answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from labs import explore
from labs.explore.eigenvalues import check_config, describe, matrix_of, path

InNode = Callable[..., Any]
OpenPage = Callable[..., Any]
FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

WAY = "return repeated(matrixOf(given.eigenvalues, given.angle), given.start, given.num_steps);"
PAIR, REAL, DOUBLE = [[0.9, 0.3], [0.9, -0.3]], [[1.1, 0.0], [-0.7, 0.0]], [[0.5, 0.0], [0.5, 0.0]]


def _config(**changes: Any) -> dict[str, Any]:
    return explore.eigenvalues().config | changes


@pytest.mark.parametrize("angle", [1, 10, 45, 90])
@pytest.mark.parametrize("eigenvalues", [PAIR, REAL, DOUBLE, [[0.0, -1.2], [0.0, 1.2]]])
def test_ways_are_alike_in_both_languages(eigenvalues: list, angle: int, in_node: InNode) -> None:
    config = _config(eigenvalues=eigenvalues, angle=angle, num_steps=60, start=[0.3, -0.8])
    python = path(config)
    js = np.reshape(in_node("eigenvalues", WAY, config), (-1, 2))
    np.testing.assert_allclose(js, python, rtol=1e-9, atol=1e-9 * np.abs(python).max())
    growth = in_node("eigenvalues", f"return growth((() => {{ {WAY} }})());", config)
    lengths = np.linalg.norm(python, axis=1)
    np.testing.assert_allclose(growth, lengths / lengths[0], rtol=1e-9, atol=1e-9 * lengths.max())


@pytest.mark.parametrize("angle", [5, 60, 90])
@pytest.mark.parametrize("eigenvalues", [PAIR, REAL])
def test_the_matrix_has_these_eigenvalues_and_is_normal_at_a_right_angle(eigenvalues: list, angle: int) -> None:
    matrix = matrix_of(_config(eigenvalues=eigenvalues, angle=angle))
    expected = [complex(*value) for value in eigenvalues]
    found = np.linalg.eigvals(matrix)
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(expected), atol=1e-12)
    normal = np.allclose(matrix @ matrix.T, matrix.T @ matrix, atol=1e-12)
    assert normal == (angle == 90)
    if eigenvalues == REAL:
        direction = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        np.testing.assert_allclose(matrix @ direction, -0.7 * direction, atol=1e-12)


@pytest.mark.parametrize(
    ("values", "which", "to", "after"),
    [
        (PAIR, 0, (0.5, 0.8), [[0.5, 0.8], [0.5, -0.8]]),
        (PAIR, 1, (0.5, 0.8), [[0.5, -0.8], [0.5, 0.8]]),
        (PAIR, 0, (0.5, 0.01), [[0.5, 0], [0.9, 0]]),
        (REAL, 1, (0.2, -0.001), [[1.1, 0], [0.2, 0]]),
        (REAL, 1, (0.2, 0.3), [[0.2, -0.3], [0.2, 0.3]]),
    ],
)
def test_handles_stay_a_pair_or_real(values: list, which: int, to: tuple, after: list, in_node: InNode) -> None:
    found = in_node("eigenvalues", "return moved(given.values, given.which, ...given.to);",
                    {"values": values, "which": which, "to": to})  # fmt: skip
    assert found == after


WRONG = [
    ({"eigenvalues": [[0.5, 0.0]]}, "eigenvalues must be two pairs"),
    ({"eigenvalues": [[0.5, 0.1], [0.5, 0.1]]}, "eigenvalues must be both real, or a conjugate pair"),
    ({"eigenvalues": [[1.5, 0.0], [0.5, 0.0]]}, "eigenvalues must have parts from"),
    ({"angle": 0}, "angle must be"),
    ({"start": [0.0, 0.0]}, "start must be two numbers"),
    ({"start": [1.0]}, "start must be two numbers"),
    ({"num_steps": 0}, "num_steps must be a whole number"),
    ({"num_steps": 101}, "num_steps must be a whole number from 1 to 100"),
    ({"guess": 0.0}, "guess must be"),
]


@pytest.mark.parametrize(("change", "says"), WRONG)
def test_python_and_javascript_refuse_the_same_settings(change: dict, says: str, in_node: InNode) -> None:
    assert says in in_node("eigenvalues", "return complaint(given)", _config(**change))
    with pytest.raises(ValueError, match=re.escape(says)):
        check_config(_config(**change))


def test_sentence_and_picture_leave_the_answer_to_the_reader() -> None:
    explorable = explore.eigenvalues()
    text = describe(explorable.config)
    assert "0.9 + 0.3 i and 0.9 − 0.3 i" in text
    assert "after 30 products" in text
    bundle, _ = explorable._repr_mimebundle_()
    assert bundle["image/png"].startswith("iVBOR")


# ---- in a browser


def _verdict(page: Any) -> str:
    page.evaluate(FRAME)
    return page.locator(".labs-ex-verdict").text_content()


def test_the_answer_comes_after_the_guess_and_counts_once(explorable_page: OpenPage) -> None:
    config = _config(guess=0.2)  # 0.9² + 0.3² = 0.9, so 0.9¹⁵ = 0.206
    page = explorable_page(("eigenvalues", config), reduced_motion="reduce")
    assert _verdict(page) == "You say: 0.200 times as long. Press Run to see."
    assert page.locator(".labs-ex-readouts dd").all_text_contents().count("?") == 2
    for _ in range(2):
        page.get_by_role("button", name="Run").click()
        assert _verdict(page).endswith("it is 0.206: within a factor of 3. Right so far: 1 of 1.")
    assert "?" not in page.locator(".labs-ex-readouts dd").all_text_contents()
    page.get_by_role("slider", name="after 30 steps").focus()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    assert _verdict(page).startswith("You say:")
    page.get_by_role("button", name="Run").click()
    assert "off by a factor of" in _verdict(page)
    assert _verdict(page).endswith("Right so far: 1 of 2.")
    page.get_by_role("button", name="Reset").click()
    assert _verdict(page) == "You say: 0.200 times as long. Press Run to see."


def test_eigenvalues_are_moved_by_keys_mouse_and_finger(explorable_page: OpenPage) -> None:
    page = explorable_page(("eigenvalues", _config()), width=390, has_touch=True, is_mobile=True)
    first, second = (page.get_by_role("slider", name=f"{which} eigenvalue") for which in ("First", "Second"))
    assert min(first.bounding_box()[side] for side in ("width", "height")) >= 44
    first.focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.evaluate(FRAME)
    told, mirror = first.get_attribute("aria-valuetext"), second.get_attribute("aria-valuetext")
    assert " + 0.300 i" in told
    assert mirror == told.replace("+", "−")
    assert 0.5 < float(told.split()[0]) < 0.7  # a tenth of the width to the left of 0.9

    def place(handle: Any) -> tuple[float, float]:
        box = handle.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    x, y = place(first)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 20, y - 15)
    page.mouse.up()
    page.evaluate(FRAME)
    assert place(first) == pytest.approx((x - 20, y - 15), abs=1)
    (x, y), (_, mirrored) = place(first), place(second)
    touch = page.context.new_cdp_session(page)
    middle = (y + mirrored) / 2
    for kind, points in (("touchStart", [(x, y)]), ("touchMove", [(x + 30, middle)]), ("touchEnd", [])):
        at = [{"x": px, "y": py} for px, py in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})
    page.evaluate(FRAME)
    assert place(first) == pytest.approx((x + 30, middle), abs=1)
    assert "+ 0.000" not in first.get_attribute("aria-valuetext")
    second.focus()  # both are real now: along the axis each goes alone, and off it they are a pair again
    before = place(first)
    page.keyboard.press("ArrowLeft")
    page.evaluate(FRAME)
    assert place(first) == before
    page.keyboard.press("ArrowUp")
    page.evaluate(FRAME)
    assert place(first)[0] == pytest.approx(place(second)[0], abs=0.01)
    assert place(first)[1] > place(second)[1]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_violation_and_no_sideways_scrolling(explorable_page: OpenPage, theme: str, width: int) -> None:
    page = explorable_page(("eigenvalues", _config()), theme=theme, width=width, reduced_motion="reduce")
    page.get_by_role("button", name="Run").click()
    page.evaluate(FRAME)
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert [violation["id"] for violation in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
