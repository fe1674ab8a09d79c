"""The minibatch explorable: JavaScript draws, averages and descends as Python does, and refuses what Python refuses."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe

from labs import explore, gradients, losses
from labs.explore.minibatch import check_config, describe, runs
from labs.explore.sampling import LeastSquares, minibatch_path, permutation, uniform

InNode = Callable[..., Any]
FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def _data(count: int = 24, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.normal(size=(count, 2)) * [1.0, 0.6]
    return x.round(4), (x @ [1.0, -0.5] + 0.7 * random.normal(size=count)).round(4)


def _explorable(**changes: Any) -> explore.Explorable:
    return explore.minibatch(*_data(), **{"start": (-1.0, 1.0), "batch_size": 5, "num_passes": 4} | changes)


def test_random_numbers_and_orders_agree(in_node: InNode) -> None:
    body = """return given.map((seed) => {
      const draw = uniform(seed);
      return { numbers: Array.from({ length: 500 }, () => draw()), order: permutation(100, draw) };
    });"""
    seeds = [0, 1, 2, 12345, 2**31, 2**32 - 1]
    for seed, found in zip(seeds, in_node("minibatch", body, seeds), strict=True):
        draw = uniform(seed)
        assert found["numbers"] == list(islice(draw, 500))
        assert found["order"] == permutation(100, draw)


def test_orders_are_uniform_over_all_permutations() -> None:
    draw, counts = uniform(7), dict.fromkeys(itertools.permutations(range(4)), 0)
    for _ in range(24_000):
        counts[tuple(permutation(4, draw))] += 1
    # Each count is binomial with mean 1000 and standard deviation 31: five of them, for 24 counts.
    assert max(abs(count - 1000) for count in counts.values()) < 155


@pytest.mark.parametrize("batch_size", [1, 5, 8, 24])
@pytest.mark.parametrize("learning_rate", [0.05, 0.9, 1e4])
def test_paths_agree(batch_size: int, learning_rate: float, in_node: InNode) -> None:
    x, y = _data()
    given = {
        "data": {"x": x.tolist(), "y": y.tolist()},
        "settings": {"learningRate": learning_rate, "batchSize": batch_size, "numPasses": 6, "seed": 3},
    }
    found = in_node("minibatch", "return minibatchPath(given.data, [-1, 2], given.settings);", given)
    path, seen = minibatch_path(LeastSquares(x, y), (-1.0, 2.0), learning_rate, batch_size, 6, seed=3)
    assert found["seen"] == seen.tolist()
    np.testing.assert_allclose(np.reshape(found["path"], (-1, 2)), path, rtol=1e-9, atol=1e-12)
    assert (seen[-1] < 6 * 24) == (learning_rate == 1e4)  # the last rate diverges, in both


def test_the_loss_its_derivatives_and_the_error_of_a_batch_agree(in_node: InNode) -> None:
    x, y = _data()
    problem, points = LeastSquares(x, y), np.random.default_rng(1).normal(size=(50, 2))
    body = """const surface = leastSquares(given.data);
    return given.points.map((point) => {
      const { mean, trace } = gradientMoments(given.data, point);
      const loss = [surface.value(...point), surface.excess(...point)];
      return [...loss, ...surface.gradient(...point), ...mean, standardErrorOf(trace, 24, 5)];
    });"""
    js = in_node("minibatch", body, {"data": {"x": x.tolist(), "y": y.tolist()}, "points": points.tolist()})
    python = [
        [float(problem(p)), float(problem.excess(p)), *np.tile(problem.moments(p)[0], 2), problem.standard_error(p, 5)]
        for p in points
    ]
    np.testing.assert_allclose(js, python, rtol=1e-9, atol=1e-12)


def test_the_regression_is_that_of_the_package() -> None:
    x, y = _data()
    problem, theta = LeastSquares(x, y), torch.tensor([0.3, -0.8], dtype=torch.float64)
    risk = losses.Risk(
        lambda theta, x: (x @ theta)[..., None], torch.tensor(x), torch.tensor(y)[:, None], "squared_error"
    )
    assert float(problem(theta)) == pytest.approx(risk(theta).item(), rel=1e-12)
    np.testing.assert_allclose(problem.moments(theta)[0], risk.grad(theta).numpy(), rtol=1e-10)
    expected = gradients.standard_error(risk, theta, 5, replacement=False).item()
    assert problem.standard_error(theta, 5) == pytest.approx(expected, rel=1e-10)
    assert problem.standard_error(theta, 24) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"y": [1.0, 2.0]},
        {"x": [[1.0, 2.0, 3.0]] * 24},
        {"x": [[1.0, 2.0]] * 24},
        {"start": [1.0]},
        {"batch_size": 0},
        {"batch_size": 25},
        {"batch_size": 2.5},
        {"learning_rate": 0.0},
        {"num_passes": 21},
        {"seed": -1},
        {"domain": [[0, 1], [1, 0]]},
    ],
)
def test_python_and_javascript_refuse_the_same_settings(change: dict, in_node: InNode) -> None:
    config = _explorable().config | change
    with pytest.raises(ValueError, match=r"."):
        check_config(config)
    assert in_node("minibatch", "return complaint(given);", config)


def test_what_python_accepts_javascript_shows(in_node: InNode) -> None:
    assert in_node("minibatch", "return complaint(given) ?? 'shown';", _explorable().config) == "shown"


def test_both_runs_start_at_one_point_and_see_the_same_number_of_examples() -> None:
    full, mini = runs(_explorable().config).values()
    assert full[0][0].tolist() == mini[0][0].tolist() == [-1.0, 1.0]
    assert full[1][-1] == mini[1][-1] == 4 * 24
    assert (len(full[1]), len(mini[1])) == (5, 4 * 5 + 1)  # five batches a pass, the last with four examples


def test_the_sentence_and_the_picture() -> None:
    explorable = _explorable()
    problem = LeastSquares(*_data())
    assert f"standard error of {problem.standard_error((-1.0, 1.0), 5):.3g}" in describe(explorable.config)
    assert re.search(r"the second leaves 0\.\d+ above", describe(explorable.config))
    assert re.search(r"the second rises to \d", describe(_explorable(learning_rate=8.0).config))
    assert "the second diverges" in describe(_explorable(learning_rate=1e6).config)
    assert explorable._repr_mimebundle_()[0]["image/png"].startswith("iVBOR")


def _read_outs(page: Any) -> dict[str, str]:
    page.evaluate(FRAME)
    rows = page.locator(".labs-ex-readouts div")
    return {row.locator("dt").inner_text(): row.locator("dd").inner_text() for row in rows.all()}


def test_in_a_browser_the_batch_size_moves_the_read_outs(explorable_page: Callable[..., Any]) -> None:
    page = explorable_page(("minibatch", _explorable().config))
    assert _read_outs(page)["updates"] == "20"
    size = page.get_by_label("batch size B")
    size.focus()
    page.keyboard.press("End")
    shown = _read_outs(page)
    assert (shown["updates"], shown["standard error there"]) == ("4", "0")
    page.get_by_role("button", name="Reset").click()
    error = LeastSquares(*_data()).standard_error((-1.0, 1.0), 5)
    assert float(_read_outs(page)["standard error there"]) == pytest.approx(error, rel=5e-3)


def test_in_a_browser_each_press_moves_to_another_batch_size(explorable_page: Callable[..., Any]) -> None:
    page = explorable_page(("minibatch", _explorable().config))
    size = page.get_by_label("batch size B")
    size.focus()
    page.keyboard.press("Home")
    seen = [size.get_attribute("aria-valuetext")]
    for key in ["ArrowRight"] * 4 + ["ArrowLeft", "ArrowDown", "ArrowUp"]:
        page.keyboard.press(key)
        seen.append(size.get_attribute("aria-valuetext"))
    assert seen == ["1", "2", "3", "4", "5", "4", "3", "4"]


@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (1280, "dark")])
def test_in_a_browser_it_is_accessible_and_fits(width: int, theme: str, explorable_page: Callable[..., Any]) -> None:
    page = explorable_page(("minibatch", _explorable().config), width=width, theme=theme)
    page.evaluate(FRAME)
    violations = Axe().run(page, options={"preload": False}).response["violations"]
    assert [violation["id"] for violation in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_in_a_browser_playing_ends_where_it_began_without_motion(explorable_page: Callable[..., Any]) -> None:
    page = explorable_page(("minibatch", _explorable().config), reduced_motion="reduce")
    before = page.locator(".labs-ex-verdict").all_inner_texts()
    page.get_by_role("button", name="Play").click()
    page.evaluate(FRAME)
    assert page.locator(".labs-ex-verdict").all_inner_texts() == before
    page.get_by_role("button", name="Redraw").click()
    page.evaluate(FRAME)
    after = page.locator(".labs-ex-verdict").all_inner_texts()
    assert after[0] == before[0]  # the error of a batch does not depend on which one is drawn
    assert after[1] != before[1]
