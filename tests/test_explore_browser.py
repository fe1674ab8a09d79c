"""The descent explorer in a real browser: by mouse, finger and keys, on a phone, in the dark, for screen readers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from labs import explore

OpenPage = Callable[..., Any]
FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def _shown(**changes: Any) -> tuple[str, dict[str, Any]]:
    methods = ["gradient_descent", "momentum"]
    config = explore.descent("quadratic", methods, (1.0, 0.6), 0.11, taylor=True, kappa=10.0, num_steps=40).config
    return "descent", config | changes


def _until(page: Any, expression: str) -> None:
    """Waits until ``expression`` is true; playwright's own way of waiting is forbidden by the page's policy."""
    deadline = time.monotonic() + 20
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.evaluate(FRAME)


def _read_outs(page: Any) -> dict[str, str]:
    page.evaluate(FRAME)
    rows = page.locator(".labs-ex-readouts div")
    return {row.locator("dt").inner_text(): row.locator("dd").inner_text() for row in rows.all()}


def _results(page: Any) -> list[list[str]]:
    page.evaluate(FRAME)
    return [row.locator("td").all_text_contents() for row in page.locator(".labs-ex-results tbody tr").all()]


def _start(page: Any) -> str:
    page.evaluate(FRAME)
    return page.get_by_role("slider", name="Start").get_attribute("aria-valuetext")


def test_it_takes_the_place_of_the_picture(explorable_page: OpenPage) -> None:
    page = explorable_page(_shown())
    assert not page.get_by_alt_text("a picture").is_visible()
    assert page.locator("canvas[role=img]").get_attribute("aria-label").startswith("Descent on the surface")
    page.emulate_media(media="print")
    assert page.get_by_alt_text("a picture").is_visible()
    assert not page.locator("canvas").is_visible()


def test_the_read_outs_are_those_of_the_closed_form(explorable_page: OpenPage) -> None:
    page = explorable_page(_shown())
    # J = ½(1² + 10·0.6²), ∇J = (1, 6), λmax = 10; a step of η = 0.11 changes J by −0.11·37 + ½·0.0121·361.
    expected = {"J at the start": "2.30", "‖∇J‖ at the start": "6.08", "λmax at the start": "10.0", "2/λmax": "0.200"}
    assert _read_outs(page) == expected
    assert page.locator(".labs-ex-bars .labs-ex-number").all_text_contents() == ["−4.07", "2.18", "−1.89", "−1.89"]
    # Each step leaves −0.1 of the steep coordinate and 0.89 of the flat one: ½·0.89⁸⁰ after 40.
    assert _results(page)[0][0] == f"{0.5 * 0.89**80:.2e}".replace("e-05", "·10⁻⁵")


def test_arrow_keys_move_the_start_and_escape_no_key_to_the_page(explorable_page: OpenPage) -> None:
    page = explorable_page(_shown())
    page.evaluate("addEventListener('keydown', ({ key }) => (window.leaked ||= key.startsWith('Arrow')))")
    handle = page.get_by_role("slider", name="Start")
    handle.focus()
    before = json.loads(handle.get_attribute("aria-valuenow"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.evaluate(FRAME)
    low, high = (float(handle.get_attribute(f"aria-value{end}")) for end in ("min", "max"))
    assert float(handle.get_attribute("aria-valuenow")) - before == pytest.approx(0.11 * (high - low))
    page.keyboard.press("ArrowDown")
    assert _start(page).split("θ₂ = ")[1] != "0.600"
    assert not page.evaluate("window.leaked")


def test_the_mouse_drags_the_start_and_a_click_places_it(explorable_page: OpenPage) -> None:
    page = explorable_page(_shown())
    box = page.get_by_role("slider", name="Start").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y + 40, steps=4)
    page.mouse.up()
    page.evaluate(FRAME)
    moved = page.get_by_role("slider", name="Start").bounding_box()
    assert (moved["x"] - box["x"], moved["y"] - box["y"]) == pytest.approx((-60, 40), abs=0.5)
    page.mouse.click(x - 150, y + 20)
    page.evaluate(FRAME)
    clicked = page.get_by_role("slider", name="Start").bounding_box()
    assert (clicked["x"] - box["x"], clicked["y"] - box["y"]) == pytest.approx((-150, 20), abs=0.5)


def test_a_finger_drags_the_start_on_a_phone(explorable_page: OpenPage) -> None:
    page = explorable_page(_shown(), width=390, has_touch=True, is_mobile=True)
    box = page.get_by_role("slider", name="Start").bounding_box()
    assert min(box["width"], box["height"]) >= 44
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)
    for kind, points in (
        ("touchStart", [(x, y)]),
        ("touchMove", [(x - 40, y + 30)]),
        ("touchMove", [(x - 80, y + 60)]),
        ("touchEnd", []),
    ):
        at = [{"x": px, "y": py} for px, py in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})
    page.evaluate(FRAME)
    moved = page.get_by_role("slider", name="Start").bounding_box()
    assert (moved["x"] - box["x"], moved["y"] - box["y"]) == pytest.approx((-80, 60), abs=1)


def test_sliders_change_what_is_shown_and_reset_brings_it_back(explorable_page: OpenPage) -> None:
    page = explorable_page(_shown())
    first = _results(page), _read_outs(page), _start(page)
    rate = page.get_by_role("slider", name="learning rate η")
    rate.focus()
    page.keyboard.press("End")
    assert _results(page)[0] == ["∞", "∞", "diverges"]
    assert "above 2: gradient descent diverges" in page.locator(".labs-ex-verdict").all_text_contents()[1]
    assert "J should rise, and rises" in page.locator(".labs-ex-verdict").first.inner_text()
    page.get_by_role("slider", name="condition number κ").focus()
    page.keyboard.press("Home")
    assert _read_outs(page)["λmax at the start"] == "1.00"
    page.get_by_role("button", name="Reset").click()
    assert (_results(page), _read_outs(page), _start(page)) == first


def test_a_method_can_be_switched_off(explorable_page: OpenPage) -> None:
    page = explorable_page(_shown())
    page.get_by_role("checkbox", name="momentum").uncheck()
    assert _results(page)[1] == ["–", "–", "not shown"]
    page.get_by_role("checkbox", name="momentum").check()
    assert _results(page)[1][2] == "still moving"


def test_play_draws_step_by_step_unless_motion_is_unwelcome(explorable_page: OpenPage) -> None:
    page = explorable_page(_shown())
    page.get_by_role("button", name="Play").click()
    _until(page, "!document.querySelector('.labs-ex-results caption').textContent.includes('40')")
    _until(page, "document.querySelector('.labs-ex-results caption').textContent === 'After 40 steps'")
    calm = explorable_page(_shown(), reduced_motion="reduce")
    calm.evaluate(
        "window.seen = new Set();"
        "new MutationObserver(() => window.seen.add(document.querySelector('.labs-ex-results caption').textContent))"
        ".observe(document.querySelector('.labs-ex-results'), {subtree: true, childList: true, characterData: true})"
    )
    calm.get_by_role("button", name="Play").click()
    for _ in range(5):
        calm.evaluate(FRAME)
    assert calm.evaluate("[...window.seen]") == []


def test_what_changes_is_said_once_the_hand_rests(explorable_page: OpenPage) -> None:
    page = explorable_page(_shown())
    status = page.locator("[role=status]")
    _until(page, "document.querySelector('[role=status]').textContent.includes('θ₁ = 1.00')")
    page.get_by_role("slider", name="Start").focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
        page.evaluate(FRAME)
    assert status.inner_text().startswith("From θ₁ = 1.00")
    _until(page, "!document.querySelector('[role=status]').textContent.includes('θ₁ = 1.00')")
    assert "gradient descent: loss" in status.inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_violation_and_no_sideways_scrolling(explorable_page: OpenPage, theme: str, width: int) -> None:
    shown = [_shown(), _shown(methods=list(explore.METHODS), surface="cliff", parameters={}), _shown(surface="bowl")]
    page = explorable_page(*shown, theme=theme, width=width)
    # Left alone, axe fetches the style sheet again, which the policy forbids.
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert [violation["id"] for violation in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_theme_is_followed_while_the_page_is_open(explorable_page: OpenPage) -> None:
    page = explorable_page(_shown())
    pixel = "() => [...document.querySelector('canvas').getContext('2d').getImageData(80, 20, 1, 1).data.slice(0, 3)]"
    light = page.evaluate(pixel)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.evaluate(FRAME)
    dark = page.evaluate(pixel)
    assert sum(light) > 500 > 300 > sum(dark)
    page.evaluate("delete document.documentElement.dataset.theme; document.body.dataset.jpThemeLight = 'true'")
    page.evaluate(FRAME)
    assert page.evaluate(pixel) == light


def test_the_system_decides_where_the_page_says_nothing(explorable_page: OpenPage) -> None:
    page = explorable_page(_shown(), theme="", color_scheme="dark")
    assert page.locator(".labs-ex").get_attribute("data-appearance") == "dark"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"surface": "bowl"}, "Unknown surface “bowl”; choose one of quadratic, rosenbrock"),
        ({"methods": ["adam"]}, "Unknown method “adam”; choose one of gradient_descent"),
    ],
)
def test_what_cannot_be_shown_is_said_in_place(explorable_page: OpenPage, change: dict, says: str) -> None:
    page = explorable_page(_shown(**change), _shown())
    assert page.get_by_role("alert").inner_text().startswith(says)
    assert page.locator("canvas").count() == 1  # the other one is unharmed


def test_markup_in_a_title_stays_text(explorable_page: OpenPage) -> None:
    title = "<img src=x onerror=alert(1)> & “more”"
    page = explorable_page(_shown(title=title))
    assert page.locator(".labs-ex-title").inner_text() == title


def test_settings_are_told_to_python_and_taken_from_it(explorable_page: OpenPage) -> None:
    page = explorable_page(_shown())
    page.evaluate(
        """([config]) => {
          const listeners = [];
          window.saved = [];
          window.model = {
            config, get: (name) => window.model[name], set: (name, value) => (window.model[name] = value),
            on: (name, listener) => listeners.push(listener), off: (name) => (window.released = name),
            save_changes: () => window.saved.push(structuredClone(window.model.config)),
            assign(value) { window.model.config = value; listeners.forEach((listener) => listener()); },
          };
          const el = document.createElement("div");
          el.id = "second";
          document.body.append(el);
          window.dispose = window.labsExplorables.descent({ model: window.model, el });
        }""",
        [_shown()[1]],
    )
    second = page.locator("#second")
    second.get_by_role("slider", name="Start").focus()
    page.keyboard.press("ArrowUp")
    _until(page, "window.saved.length === 1")
    assert page.evaluate("window.saved[0].start[1]") > 0.6
    page.evaluate("window.model.assign({ ...window.model.config, num_steps: 7 })")
    page.evaluate(FRAME)
    assert second.locator("caption").first.inner_text() == "After 7 steps"
    page.evaluate("window.dispose()")
    assert page.evaluate("window.released") == "change:config"


def test_a_drag_costs_less_work_than_a_frame_has(explorable_page: OpenPage) -> None:
    """Counted, not timed: however many moves arrive, one frame computes once and draws the map from its copy."""
    page = explorable_page(_shown())
    page.evaluate(
        """() => {
          window.draws = 0; window.images = 0;
          const prototype = CanvasRenderingContext2D.prototype;
          const [clear, put] = [prototype.clearRect, prototype.putImageData];
          prototype.clearRect = function (...all) { window.draws += 1; return clear.apply(this, all); };
          prototype.putImageData = function (...all) { window.images += 1; return put.apply(this, all); };
        }"""
    )
    page.evaluate(
        """() => new Promise((done) => {
          const handle = document.querySelector(".labs-ex-handle");
          const press = () => new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true });
          requestAnimationFrame(() => {
            for (let i = 0; i < 50; i += 1) handle.dispatchEvent(press());
            requestAnimationFrame(() => requestAnimationFrame(done));
          });
        })"""
    )
    assert page.evaluate("[window.draws, window.images]") == [1, 0]
