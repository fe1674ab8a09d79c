"""The margin explorable: JavaScript has the losses and slopes of ``labs.losses``, and refuses the same settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe

from labs import explore
from labs.explore.margins import check_config, describe, read_loss
from labs.losses import MARGIN_LOSSES

InNode = Callable[..., Any]
OpenPage = Callable[..., Any]
FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
EVALUATE = """
return given.map((m) => Object.fromEntries(
  Object.entries(MARGIN_LOSSES).map(([name, { value, slope }]) => [name, [value(m), slope(m)]]),
));
"""


def _where() -> list[float]:
    """Margins of every size, and the kinks themselves."""
    random = np.random.default_rng(3)
    return [0.0, 1.0, -1.0, *random.uniform(-5, 5, 2000).tolist(), *random.uniform(-300, 300, 200).tolist()]


def test_all_losses_and_slopes_agree_at_thousands_of_margins(in_node: InNode) -> None:
    where = _where()
    found = in_node("margins", EVALUATE, where)
    assert list(found[0]) == list(MARGIN_LOSSES)
    m = torch.tensor(where, dtype=torch.float64)
    for name, loss in MARGIN_LOSSES.items():
        expected = torch.stack([loss(m), loss.slope(m)], 1).numpy()
        js = np.array([reading[name] for reading in found], dtype=float)
        np.testing.assert_allclose(js, expected, rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("units", ["nats", "bits"])
def test_readings_agree_in_both_units(units: str, in_node: InNode) -> None:
    given = [[name, m] for name in MARGIN_LOSSES for m in np.linspace(-3, 3, 61).tolist()]
    body = "return given.pairs.map(([name, m]) => Object.values(readLoss(name, given.units, m)));"
    found = in_node("margins", body, {"pairs": given, "units": units})
    np.testing.assert_allclose(found, [read_loss(name, units, m) for name, m in given], rtol=1e-9, atol=1e-12)


def test_in_bits_the_logistic_loss_bounds_the_stair_and_in_nats_it_does_not() -> None:
    assert read_loss("logistic", "bits", 0.0)[0] == pytest.approx(1)
    assert read_loss("logistic", "nats", 0.0)[0] < read_loss("zero_one", "nats", 0.0)[0]


@pytest.mark.parametrize(("slope", "word"), [(0, "silent"), (1e-9, "silent"), (-0.1, "push"), (2, "pull")])
def test_the_word_for_a_slope(slope: float, word: str, in_node: InNode) -> None:
    assert in_node("margins", "return pull(given);", slope) == word


@pytest.mark.parametrize("change", [{"losses": []}, {"losses": ["huber"]}, {"margin": 3.5}, {"units": "hats"}])
def test_python_and_javascript_refuse_the_same_settings(change: dict, in_node: InNode) -> None:
    config = explore.margins().config | change
    with pytest.raises(ValueError, match=r"."):
        check_config(config)
    assert in_node("margins", "return marginComplaint(given);", config)


def test_what_python_accepts_javascript_shows(in_node: InNode) -> None:
    assert in_node("margins", "return marginComplaint(given) ?? 'shown';", explore.margins(-1.5).config) == "shown"


def test_the_sentence_and_the_picture_say_where_the_line_stands() -> None:
    explorable = explore.margins(2.0, ["zero_one", "hinge", "exponential"])
    assert "at 2. There: 0-1 0 with slope 0; hinge 0 with slope -0; exponential 0.135 with slope -0.135" in describe(
        explorable.config
    )
    bundle, _ = explorable._repr_mimebundle_()
    assert bundle["image/png"].startswith("iVBOR")


def _row(page: Any, name: str) -> list[str]:
    page.evaluate(FRAME)
    row = page.locator(".labs-ex-results tbody tr").filter(has_text=name)
    return row.locator("td").all_text_contents()


def test_keys_the_slider_and_a_click_move_the_margin(explorable_page: OpenPage) -> None:
    page = explorable_page(("margins", explore.margins(0.5).config))
    assert _row(page, "hinge") == ["0.500", "−1.00", "push"]
    page.get_by_role("slider", name="Margin", exact=True).focus()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")  # three tenths of the axis: from 0.5 to 2.3
    assert _row(page, "hinge") == ["0", "0", "silent"]
    assert _row(page, "squared") == ["1.69", "2.60", "pull"]
    page.get_by_role("slider", name="margin m", exact=True).fill("-1")
    assert _row(page, "perceptron") == ["1.00", "−1.00", "push"]
    assert _row(page, "0-1") == ["1.00", "0", "silent"]
    page.get_by_role("button", name="Reset").click()
    assert _row(page, "hinge") == ["0.500", "−1.00", "push"]


def test_the_unit_and_the_switches_change_what_is_said(explorable_page: OpenPage) -> None:
    page = explorable_page(("margins", explore.margins(-0.2, ["zero_one", "logistic"]).config))
    verdict = page.locator(".labs-ex-verdict")
    page.evaluate(FRAME)
    assert verdict.inner_text() == "Below the 0-1 loss here, so no bound of it: logistic."
    page.get_by_role("slider", name="logistic loss in").fill("1")
    assert _row(page, "logistic")[0] == "1.15"
    assert verdict.inner_text() == "No loss that is shown lies below the 0-1 loss here."
    page.get_by_role("checkbox", name="logistic").uncheck()
    assert _row(page, "logistic") == ["–", "–", "not shown"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_violation_and_no_sideways_scrolling(theme: str, width: int, explorable_page: OpenPage) -> None:
    page = explorable_page(("margins", explore.margins().config), theme=theme, width=width)
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert [violation["id"] for violation in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (
        page.locator(".labs-ex-results tbody tr").first.locator("td").nth(1).is_visible()
    )  # the slope, on a phone too
