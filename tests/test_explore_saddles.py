"""The saddle explorable: methods end alike in both languages, both refuse alike, a guess comes before the answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe

from labs import explore, objectives
from labs.explore.saddles import NUM_STEPS, check_config, describe, kinds, settle

InNode = Callable[..., Any]
OpenPage = Callable[..., Any]
Moved = Callable[..., None]
FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
NAMES = ("minimum", "saddle", "maximum")

SETTLE = """
const { config, method, starts } = given;
const surface = makeSurface(config.surface, config.parameters);
return starts.map((start) => settle(surface, method, start, config.learning_rate));
"""

MAP = """
const { config, method, size } = given;
const surface = makeSurface(config.surface, config.parameters);
return [...kindMap(surface, method, config.domain, size, size, config.learning_rate)];
"""


def _config(**changes: Any) -> dict[str, Any]:
    return explore.saddles().config | changes


CALM = [("four_valleys", 0.05), ("two_valleys", 0.2), ("himmelblau", 0.005)]
ROUGH = ("wells", 0.1)  # Newton's long steps where the Hessian is nearly singular multiply the last digit there


@pytest.mark.parametrize(
    ("surface", "rate", "method"),
    [(*case, method) for case in CALM for method in NUM_STEPS] + [(*ROUGH, "saddle_free_newton")],
)
def test_methods_go_and_end_alike_in_both_languages(surface: str, rate: float, method: str, in_node: InNode) -> None:
    config = explore.saddles(surface, learning_rate=rate).config
    starts = np.random.default_rng(0).uniform(-1.9, 1.9, (25, 2))
    given = {"config": config, "method": method, "starts": starts.tolist()}
    for js, start in zip(in_node("saddles", SETTLE, given), starts, strict=True):
        path, kind = settle(config, method, start)
        np.testing.assert_allclose(np.reshape(js["path"], (-1, 2)), path, rtol=1e-9, atol=1e-9)
        assert js["kind"] == kind


@pytest.mark.parametrize("method", NUM_STEPS)
def test_the_map_is_that_of_single_runs_and_of_python(method: str, in_node: InNode) -> None:
    config, size = _config(), 21
    middles = -2 + 4 * (np.arange(size) + 0.5) / size
    points = np.stack(np.meshgrid(middles, middles), -1).reshape(-1, 2)
    found = np.array(in_node("saddles", MAP, {"config": config, "method": method, "size": size}))
    assert (found == kinds(config, method, points)).mean() > 0.99  # a middle may lie on a border to the last digit
    for k in range(0, size * size, 29):
        assert found[k] == settle(config, method, points[k])[1]


def test_newton_ends_at_every_kind_and_the_others_at_minima() -> None:
    starts = np.random.default_rng(1).uniform(-2, 2, (500, 2))
    ends = {method: kinds(_config(), method, starts) for method in NUM_STEPS}
    shares = {method: [float((end == kind).mean()) for kind in range(3)] for method, end in ends.items()}
    assert min(shares["newton"]) > 0
    assert shares["newton"][1] > 0.2
    for method in ("gradient_descent", "saddle_free_newton"):
        assert shares[method][0] > 0.99  # the others are still on their way
        assert shares[method][1:] == [0, 0]


def test_critical_points_stay_what_they_are_and_newton_keeps_them() -> None:
    config = _config()
    for kind, name in enumerate(NAMES):
        for point in config["points"][name]:
            path, found = settle(config, "newton", point)
            assert found == kind
            np.testing.assert_allclose(path, np.broadcast_to(point, path.shape), atol=1e-9)


def test_a_descent_that_flies_off_ends_nowhere() -> None:
    assert settle(_config(learning_rate=30.0), "gradient_descent", (1.5, 1.0))[1] == -1
    assert settle(explore.saddles("saddle").config, "gradient_descent", (0.5, 0.5))[1] == -1


WRONG = [
    ({"surface": "craters"}, "quadratic, rosenbrock"),
    ({"parameters": {"depth": 3.0}}, "depth"),
    ({"points": {"minimum": [], "saddle": []}}, "minimum, saddle and maximum"),
    ({"points": {"minimum": [], "saddle": [], "maximum": []}}, "there must be a saddle"),
    ({"points": {"minimum": [[1.0]], "saddle": [[0.0, 0.0]], "maximum": []}}, "two numbers"),
    ({"domain": [[0.0, 1.0]]}, "domain"),
    ({"domain": [[1.0, 0.0], [0.0, 1.0]]}, "low, high"),
    ({"start": [1.0]}, "two numbers"),
    ({"guess": "plateau"}, "minimum, saddle, maximum"),
    ({"learning_rate": 0.0}, "above 0"),
]


@pytest.mark.parametrize(("change", "says"), WRONG)
def test_python_and_javascript_refuse_the_same_settings(change: dict, says: str, in_node: InNode) -> None:
    said = in_node("saddles", "return complaint(given)", _config(**change))
    assert said
    with pytest.raises(ValueError, match=f"(?i){re.escape(says)}"):
        check_config(_config(**change))
    assert says.lower() in said.lower()


@pytest.mark.parametrize("surface", ["four_valleys", "two_valleys", "wells", "himmelblau", "saddle", "one_neuron"])
def test_what_python_accepts_javascript_shows(surface: str, in_node: InNode) -> None:
    assert in_node("saddles", "return complaint(given) ?? 'shown'", explore.saddles(surface).config) == "shown"


def test_a_surface_without_a_saddle_is_refused() -> None:
    with pytest.raises(ValueError, match="there must be a saddle, rosenbrock has none"):
        explore.saddles("rosenbrock")


def test_sentence_and_picture_leave_the_answer_to_the_reader() -> None:
    explorable = explore.saddles()
    text = describe(explorable.config)
    assert "4 minima, 4 saddles, 1 maxima" in text
    assert "Guess at what kind" in text
    bundle, _ = explorable._repr_mimebundle_()
    assert bundle["image/png"].startswith("iVBOR")
    assert bundle["text/plain"] == text


def test_the_kinds_are_those_of_the_known_points() -> None:
    surface = objectives.four_valleys()
    values = torch.linalg.eigvalsh(surface.hessian(surface.saddles))
    assert ((values[:, 0] < 0) & (values[:, 1] > 0)).all()


# ---- in a browser


def _shown(**changes: Any) -> tuple[str, dict]:
    return "saddles", _config(**changes)


def _verdicts(page: Any) -> list[str]:
    page.evaluate(FRAME)
    return page.locator(".labs-ex-verdict").all_text_contents()


def _run(page: Any) -> str:
    page.get_by_role("button", name="Run").click()
    page.evaluate(FRAME)
    return _verdicts(page)[0]


def test_the_answer_comes_after_the_guess_and_counts_once(explorable_page: OpenPage) -> None:
    config = _config()
    end = NAMES[settle(config, "newton", config["start"])[1]]
    page = explorable_page(("saddles", config), reduced_motion="reduce")
    show_map = page.get_by_role("button", name="Map")
    assert _verdicts(page)[0] == "You say: Newton's method will end at a minimum. Press Run to see."
    assert show_map.is_disabled()
    assert page.locator(".labs-ex-outcome").all_text_contents() == ["not run yet"] * 3
    page.get_by_role("slider", name="Newton's method will end at a").focus()
    for _ in range(NAMES.index(end)):
        page.keyboard.press("ArrowRight")
    assert _run(page) == f"You said a {end}, and it ended at a {end}. Right so far: 1 of 1."
    assert _run(page).endswith("Right so far: 1 of 1.")  # the same start again
    told = page.locator(".labs-ex-outcome").all_text_contents()
    assert told == [f"at a {NAMES[settle(config, method, config['start'])[1]]}" for method in NUM_STEPS]
    assert show_map.is_enabled()
    page.get_by_role("slider", name="Newton's method will end at a").focus()
    page.keyboard.press("ArrowLeft")
    assert _run(page).endswith("Right so far: 1 of 2.")
    page.get_by_role("button", name="Reset").click()
    assert _verdicts(page)[0].startswith("You say: Newton's method will end at a minimum.")
    assert show_map.is_disabled()


def test_the_start_is_moved_by_keys_mouse_and_finger(explorable_page: OpenPage, moved_in_every_way: Moved) -> None:
    moved_in_every_way(explorable_page(_shown(), width=390, has_touch=True, is_mobile=True), "Start")


def test_the_maps_come_one_after_the_other_and_tell_their_shares(explorable_page: OpenPage) -> None:
    page = explorable_page(_shown(), reduced_motion="reduce")
    pixel = "() => [...document.querySelector('canvas').getContext('2d').getImageData(70, 60, 1, 1).data]"
    _run(page)
    plain, button = page.evaluate(pixel), page.get_by_role("button", name="Map")
    told = []
    for _ in range(3):
        button.click()
        told.append(_verdicts(page)[1])
        assert button.get_attribute("aria-pressed") == "true"
        assert page.evaluate(pixel) != plain
    assert told[0] == "gradient descent, from all over the map: 100 % at minima."
    assert re.fullmatch(r"Newton, from all over the map: \d+ % at minima, \d+ % at saddles, \d+ % at maxima.", told[1])
    assert told[2] == "saddle-free Newton, from all over the map: 100 % at minima."
    button.click()
    assert _verdicts(page)[1].startswith("Press Map")
    assert page.evaluate(pixel) == plain


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_violation_and_no_sideways_scrolling(explorable_page: OpenPage, theme: str, width: int) -> None:
    page = explorable_page(_shown(), _shown(surface="bowl"), theme=theme, width=width, reduced_motion="reduce")
    _run(page)
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert [violation["id"] for violation in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
