"""No part of an explorable leaves its card, however wide the page is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import notebooks
import pytest

LEAVING = """(boxes) => [...document.querySelectorAll(boxes)].flatMap((box) => {
  const around = box.getBoundingClientRect();
  const skipped = (part) => !part.getClientRects().length
    || part.closest(".labs-ex-unseen, .labs-ex-plot > *:not(canvas)");
  const words = (part, at) => `${part.tagName} ${part.getAttribute("class")} ` +
    [at.left - around.left, at.right - around.left, around.width].map(Math.round);
  return [...box.querySelectorAll("*")].filter((part) => !skipped(part))
    .map((part) => [part, part.getBoundingClientRect()])
    .filter(([, at]) => at.left < around.left - 0.5 || at.right > around.right + 0.5)
    .map(([part, at]) => words(part, at));
})"""
BOXES = ".labs-ex, .labs-ex-main, .labs-ex-side"


def _stored() -> list[tuple[str, Any]]:
    """The explorables of all chapters, as they are stored."""
    cells = [cell for path in notebooks.chapters() for cell in notebooks.code_cells(notebooks.read(path))]
    found = [output.get("data", {}).get(notebooks.EXPLORABLE) for cell in cells for output in cell.outputs]
    return [(one["kind"], one["config"]) for one in found if one]


@pytest.mark.parametrize("scale", [1, 1.25], ids=["as it is", "larger text"])
def test_every_part_stays_in_its_card_and_in_its_column(explorable_page: Callable[..., Any], scale: float) -> None:
    shown = _stored()
    assert shown
    page = explorable_page(*shown)
    page.evaluate("(scale) => { document.documentElement.style.fontSize = `${16 * scale}px`; }", scale)
    problems = {}
    for width in range(int(320 * scale), 1001, 20):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        if found := page.evaluate(LEAVING, BOXES):
            problems[width] = found[:3]
    assert problems == {}
