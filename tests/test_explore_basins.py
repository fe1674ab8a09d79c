"""The basin explorable: balls roll alike in both languages, both refuse alike, and a guess comes before the answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe

from labs import explore, objectives
from labs.explore.basins import check_config, describe, homes, roll

InNode = Callable[..., Any]
OpenPage = Callable[..., Any]
Moved = Callable[..., None]
FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

ROLL = """
const { config, starts } = given;
const surface = makeSurface(config.surface, config.parameters);
const settings = { learningRate: config.learning_rate, momentum: config.momentum };
return starts.map((start) => roll(surface, config.minima, start, settings));
"""

MAP = """
const { config, size } = given;
const surface = makeSurface(config.surface, config.parameters);
const settings = { learningRate: config.learning_rate, momentum: config.momentum };
return [...basinMap(surface, config.minima, config.domain, size, size, settings)];
"""


def _config(**changes: Any) -> dict[str, Any]:
    return explore.basins().config | changes


def _starts(num: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-3, 3, (num, 2))


@pytest.mark.parametrize(
    ("surface", "settings"),
    [
        ("wells", {"learning_rate": 0.05, "momentum": 0.0}),
        ("wells", {"learning_rate": 0.02, "momentum": 0.9}),
        ("four_valleys", {"learning_rate": 0.1, "momentum": 0.5}),
        ("himmelblau", {"learning_rate": 0.005, "momentum": 0.0}),
    ],
)
def test_balls_roll_alike_in_both_languages(surface: str, settings: dict, in_node: InNode) -> None:
    config = explore.basins(surface, **settings).config
    starts = _starts(40)
    for js, start in zip(in_node("basins", ROLL, {"config": config, "starts": starts.tolist()}), starts, strict=True):
        path, home = roll(config, start)
        np.testing.assert_allclose(np.reshape(js["path"], (-1, 2)), path, rtol=1e-9, atol=1e-9)
        assert js["home"] == home


@pytest.mark.parametrize("settings", [{"learning_rate": 0.05}, {"learning_rate": 0.3, "momentum": 0.6}])
def test_the_map_of_basins_is_that_of_single_balls_and_of_python(settings: dict, in_node: InNode) -> None:
    config, size = _config(**settings), 24
    middles = -3 + 6 * (np.arange(size) + 0.5) / size
    points = np.stack(np.meshgrid(middles, middles), -1).reshape(-1, 2)
    found = in_node("basins", MAP, {"config": config, "size": size})
    assert found == homes(config, points).tolist()
    single = in_node("basins", ROLL, {"config": config, "starts": points[:60].tolist()})
    assert found[:60] == [ball["home"] for ball in single]


def test_without_momentum_and_with_small_steps_a_home_is_the_flows() -> None:
    """Against an integrator of the gradient flow, from starts that are not on a border."""
    from scipy.integrate import solve_ivp

    surface, config = objectives.wells(), _config(learning_rate=0.01)
    for start in _starts(12, seed=3):
        flow = solve_ivp(
            lambda _, p: -surface.gradient(torch.from_numpy(p)).numpy(), (0, 60), start, rtol=1e-8, atol=1e-10
        )
        end = flow.y[:, -1]
        nearest = int(np.linalg.norm(surface.minima.numpy() - end, axis=1).argmin())
        many = homes(config | {"learning_rate": 0.05}, start + 1e-3 * np.array([[0, 0], [1, 1], [-1, 1]]))
        if len(set(many.tolist())) == 1:
            assert many[0] == nearest


def test_a_minimum_is_its_own_home_and_a_ball_that_flies_off_has_none() -> None:
    config = _config()
    assert homes(config, np.array(config["minima"])).tolist() == list(range(7))
    assert roll(_config(learning_rate=30.0), (1.0, 1.0))[1] == -1


WRONG = [
    ({"surface": "craters"}, "quadratic, rosenbrock"),
    ({"parameters": {"depth": 3.0}}, "depth"),
    ({"minima": [[0.0, 0.0]]}, "2 to 12 minima"),
    ({"minima": [[0.0, 0.0], [1.0]]}, "two numbers"),
    ({"domain": [[0.0, 1.0]]}, "domain"),
    ({"domain": [[1.0, 0.0], [0.0, 1.0]]}, "low, high"),
    ({"start": [1.0]}, "two numbers"),
    ({"guess": 0}, "whole number"),
    ({"guess": 8}, "8"),
    ({"guess": 1.5}, "1.5"),
    ({"learning_rate": 0.0}, "above 0"),
    ({"momentum": 1.0}, "1"),
]


@pytest.mark.parametrize(("change", "says"), WRONG)
def test_python_and_javascript_refuse_the_same_settings(change: dict, says: str, in_node: InNode) -> None:
    said = in_node("basins", "return complaint(given)", _config(**change))
    assert said
    with pytest.raises(ValueError, match=f"(?i){re.escape(says)}"):
        check_config(_config(**change))
    assert says.lower() in said.lower()


@pytest.mark.parametrize("surface", ["wells", "one_neuron", "himmelblau", "four_valleys", "two_valleys"])
def test_what_python_accepts_javascript_shows(surface: str, in_node: InNode) -> None:
    assert in_node("basins", "return complaint(given) ?? 'shown'", explore.basins(surface).config) == "shown"


def test_a_surface_with_one_minimum_or_fifty_is_refused() -> None:
    for surface, count in (("rosenbrock", 1), ("rastrigin", 49)):
        with pytest.raises(ValueError, match=f"2 to 12 minima, {surface} has {count}"):
            explore.basins(surface)


def test_sentence_and_picture_leave_the_answer_to_the_reader() -> None:
    explorable = explore.basins()
    text = describe(explorable.config)
    assert "7 numbered minima" in text
    assert "1: −1.81" in text
    assert "Guess in which" in text
    bundle, _ = explorable._repr_mimebundle_()
    assert bundle["image/png"].startswith("iVBOR")
    assert bundle["text/plain"] == text


# ---- in a browser


def _shown(**changes: Any) -> tuple[str, dict]:
    return "basins", _config(**changes)


def _verdicts(page: Any) -> list[str]:
    page.evaluate(FRAME)
    return page.locator(".labs-ex-verdict").all_text_contents()


def _rolled(page: Any) -> str:
    page.get_by_role("button", name="Roll").click()
    page.evaluate(FRAME)
    return _verdicts(page)[0]


def test_the_answer_comes_after_the_guess_and_counts_once(explorable_page: OpenPage) -> None:
    config = _config()
    home = roll(config, config["start"])[1] + 1
    page = explorable_page(("basins", config), reduced_motion="reduce")
    basins = page.get_by_role("button", name="Basins")
    assert _verdicts(page)[0] == "You say: minimum 1. Press Roll to see."
    assert basins.is_disabled()
    guess = page.get_by_role("slider", name="it will end in minimum")
    guess.focus()
    for _ in range(home - 1):
        page.keyboard.press("ArrowRight")
    assert _rolled(page) == f"You said {home}, and it came to rest in {home}. Right so far: 1 of 1."
    assert _rolled(page).endswith("Right so far: 1 of 1.")  # the same ball again
    assert basins.is_enabled()
    guess.focus()
    page.keyboard.press("ArrowRight" if home < 7 else "ArrowLeft")
    assert _verdicts(page)[0].startswith("You say: minimum")
    assert _rolled(page).endswith("Right so far: 1 of 2.")
    page.get_by_role("button", name="Reset").click()
    assert _verdicts(page)[0] == "You say: minimum 1. Press Roll to see."
    assert basins.is_disabled()


def test_many_balls_are_counted_in_their_homes(explorable_page: OpenPage, in_node: InNode) -> None:
    page = explorable_page(_shown(), reduced_motion="reduce")
    assert "Commit yourself" in _verdicts(page)[1]
    page.get_by_role("button", name="Drop 200").click()
    page.evaluate(FRAME)
    draws = np.array(in_node("descent", "const draw = uniform(1); return Array.from({ length: 400 }, draw)"))
    counts = np.bincount(homes(_config(), -3 + 6 * draws.reshape(-1, 2)), minlength=7)
    assert _verdicts(page)[1] == f"{counts[0]} of 200 balls found minimum 1, the deepest."
    told = page.locator(".labs-ex-readouts dd").all_text_contents()
    assert [int(re.search(r"(\d+) balls", text)[1]) for text in told] == counts.tolist()


def test_the_ball_is_moved_by_keys_mouse_and_finger(explorable_page: OpenPage, moved_in_every_way: Moved) -> None:
    moved_in_every_way(explorable_page(_shown(), width=390, has_touch=True, is_mobile=True), "Ball")


def test_the_basins_are_shown_and_hidden_again(explorable_page: OpenPage) -> None:
    page = explorable_page(_shown(), reduced_motion="reduce")
    pixel = "() => [...document.querySelector('canvas').getContext('2d').getImageData(70, 60, 1, 1).data]"
    _rolled(page)
    plain = page.evaluate(pixel)
    button = page.get_by_role("button", name="Basins")
    button.click()
    page.evaluate(FRAME)
    assert button.get_attribute("aria-pressed") == "true"
    assert page.evaluate(pixel) != plain
    button.click()
    page.evaluate(FRAME)
    assert page.evaluate(pixel) == plain


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_violation_and_no_sideways_scrolling(explorable_page: OpenPage, theme: str, width: int) -> None:
    page = explorable_page(_shown(), _shown(surface="bowl"), theme=theme, width=width, reduced_motion="reduce")
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert [violation["id"] for violation in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
