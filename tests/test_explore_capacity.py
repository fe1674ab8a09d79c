"""The capacity explorable: JavaScript fits and errs as numpy and labs do, and both refuse the same settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe

from labs import data, explore
from labs.explore.capacity import check_config, describe, fits, true_risk

InNode = Callable[..., Any]
OpenPage = Callable[..., Any]
FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
POPULATION = data.NoisyCurve(noise_sd=0.3)


def _explorable(num_samples: int = 3, **changes: Any) -> explore.Explorable:
    x, y = POPULATION.sample(60, torch.Generator().manual_seed(0), num_runs=num_samples)
    return explore.capacity([(a[:, 0], b) for a, b in zip(x, y, strict=True)], noise_sd=0.3, **changes)


def _in_js(in_node: InNode, config: dict[str, Any]) -> list[dict[str, Any]]:
    return in_node("capacity", "return errorsOf(given)[given.sample];", config)


@pytest.mark.parametrize(("size", "degree"), [(8, 3), (20, 6), (40, 10), (60, 12)])
def test_the_fits_of_all_degrees_are_numpys(in_node: InNode, size: int, degree: int) -> None:
    config = _explorable(size=size, max_degree=degree, degree=0, sample=1).config
    js = _in_js(in_node, config)
    assert len(js) == degree + 1
    for found, (coefficients, error, risk) in zip(js, fits(config), strict=True):
        np.testing.assert_allclose(found["coefficients"], coefficients, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose([found["training"], found["risk"]], [error, risk], rtol=1e-9)


def test_as_many_parameters_as_points_interpolate(in_node: InNode) -> None:
    config = _explorable(size=8).config
    last, (coefficients, _, risk) = _in_js(in_node, config)[-1], fits(config)[-1]
    assert len(last["coefficients"]) == 8
    assert last["training"] == 0
    np.testing.assert_allclose(last["coefficients"], coefficients, rtol=1e-9)
    np.testing.assert_allclose(last["risk"], risk, rtol=1e-9)


def test_a_fit_through_a_polynomial_is_that_polynomial(in_node: InNode) -> None:
    given = {"x": np.linspace(-1, 1, 15).tolist(), "c": [0.5, -1.0, 2.0, 0.25]}
    body = """
    const { x, c } = given;
    const [, , , cubic, , sixth] = nestedFits(x, x.map((at) => polynomial(c, at)), 6);
    return [cubic.coefficients, sixth.coefficients, cubic.error];
    """
    cubic, sixth, error = in_node("capacity", body, given)
    np.testing.assert_allclose(cubic, given["c"], atol=1e-13)
    np.testing.assert_allclose(sixth, [*given["c"], 0, 0], atol=1e-13)
    assert error < 1e-26


def test_the_true_risk_is_that_of_labs(in_node: InNode) -> None:
    config = _explorable().config
    cases = [np.random.default_rng(k).normal(size=k + 1).tolist() for k in range(21)]
    js = in_node(
        "capacity", "return given.cases.map((c) => trueRisk(c, given.config));", {"config": config, "cases": cases}
    )
    for found, case in zip(js, cases, strict=True):
        c = torch.tensor(case, dtype=torch.float64)
        exact = POPULATION.risk(lambda x, c=c: data.legendre_features(x, len(c) - 1) @ c)
        np.testing.assert_allclose([found, true_risk(np.asarray(case), config)], exact, rtol=1e-9)


@pytest.mark.parametrize(
    "change",
    [
        {"samples": []},
        {"samples": [{"x": [0.0] * 9, "y": [0.0] * 8}]},
        {"nodes": [0.0]},
        {"noise_sd": -1},
        {"max_degree": 31},
        {"size": 7},
        {"size": 61},
        {"degree": 21},
        {"sample": 3},
    ],
)
def test_python_and_javascript_refuse_the_same_settings(change: dict, in_node: InNode) -> None:
    config = _explorable().config | change
    with pytest.raises(ValueError, match=r"."):
        check_config(config)
    assert in_node("capacity", "return complaint(given);", config)


def test_what_python_accepts_javascript_shows(in_node: InNode) -> None:
    assert in_node("capacity", "return complaint(given) ?? 'shown';", _explorable().config) == "shown"


def test_the_sentence_and_the_picture_say_what_is_shown() -> None:
    explorable = _explorable(size=12, degree=20)
    assert "a polynomial of degree 11 fitted to 12 points" in describe(explorable.config)
    bundle, _ = explorable._repr_mimebundle_()
    assert bundle["image/png"].startswith("iVBOR")


def _read_outs(page: Any) -> dict[str, str]:
    page.evaluate(FRAME)
    rows = page.locator(".labs-ex-readouts div")
    return {row.locator("dt").inner_text(): row.locator("dd").inner_text() for row in rows.all()}


def test_sliders_taps_and_buttons_change_what_is_shown(explorable_page: OpenPage) -> None:
    page = explorable_page(("capacity", _explorable().config), width=390)
    first = _read_outs(page)
    assert first["parameters"] == "10 for 20 points"
    assert first["least possible"] == "0.0900"
    page.get_by_role("slider", name="sample size m").focus()
    page.keyboard.press("Home")
    assert _read_outs(page)["parameters"] == "8 for 8 points"
    assert "8 points allow degree 7 at most" in page.locator(".labs-ex-verdict").first.inner_text()
    page.get_by_role("button", name="Reset").click()
    assert _read_outs(page) == first
    page.get_by_role("button", name="New sample").click()
    assert _read_outs(page)["training error"] != first["training error"]
    box = page.locator("canvas").nth(1).bounding_box()
    page.mouse.click(box["x"] + 50, box["y"] + box["height"] / 2)
    assert _read_outs(page)["parameters"] == "1 for 20 points"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_a_phone(theme: str, explorable_page: OpenPage) -> None:
    page = explorable_page(("capacity", _explorable().config), width=390, theme=theme)
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert [violation["id"] for violation in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
