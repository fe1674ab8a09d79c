"""The ratios of one run, drawn: a line for each task on a logarithmic axis, with the two bounds as marks.

Places are percentages of the width, and words are HTML. So the drawing fits any screen without growing or shrinking its
letters, and takes the colours of the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape
from typing import Any

from course_site.speed import words
from course_site.speed.runs import Run, is_slower

__all__ = ["chart"]

TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
MARGIN = 1.25  # how far the axis goes on beyond the outermost figure, as a factor
BOUNDS = {"least": "at_least", "aim": "aim"}
CAPTION = (
    "How many times as fast as the fastest right peer labs is, by the minima; the axis is logarithmic. "
    "A filled dot has reached the ratio that it must at least ({least}), a ring has not; {aim} marks the ratio aimed "
    "at. "
    "Left of the heavy line, at 1×, labs is slower."
)
LEAST = '<svg class="speed-key" width="6" height="16" aria-hidden="true"><path class="speed-least" d="M3 1V15"/></svg>'
AIM = '<svg class="speed-key" width="6" height="16" aria-hidden="true"><path class="speed-aim" d="M3 1V15"/></svg>'


def chart(run: Run) -> str:
    """The figure as HTML."""
    place, ticks = _axis(run["tasks"])
    lines = "".join(_line(task, place, ticks) for task in run["tasks"])
    labels = "".join(f'<text x="{place(t):.2f}%" y="14">{t:g}×</text>' for t in ticks)
    caption = CAPTION.format(least=f"bar {LEAST}", aim=f"the dashed bar {AIM}")
    return (
        f'<figure class="speed-chart"><ul>{lines}</ul>'
        f'<svg class="speed-axis" width="100%" height="20" aria-hidden="true">{labels}</svg>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _axis(tasks: list[dict[str, Any]]) -> tuple[Callable[[float], float], list[float]]:
    """The place of a ratio in per cent of the width, and the ticks."""
    figures = [task[key] for task in tasks for key in ("ratio_of_minima", "at_least", "aim") if task[key]]
    low, high = min(0.8, *figures) / MARGIN, max(2.0, *figures) * MARGIN
    width = math.log(high / low)

    def place(ratio: float) -> float:
        return 100 * math.log(ratio / low) / width

    return place, [tick for tick in TICKS if low * 1.05 < tick < high / 1.05]


def _line(task: dict[str, Any], place: Callable[[float], float], ticks: list[float]) -> str:
    """One task: its name, its figure, and the line with the marks."""
    reached = task["ratio_of_minima"]
    figure = "no ratio" if reached is None else words.ratio(reached)
    figure += " <small>slower</small>" if reached is not None and is_slower(reached) else ""
    alt = escape(f"{task['name']}: {words.outcome(task)}; {'; '.join(words.bounds(task))}", quote=True)
    return (
        f'<li><span class="speed-name">{words.title(task)}</span><span class="speed-figure">{figure}</span>'
        f'<span class="speed-track"><svg role="img" aria-label="{alt}">'
        f"{_grid(place, ticks)}{_marks(task, place)}</svg></span></li>"
    )


def _grid(place: Callable[[float], float], ticks: list[float]) -> str:
    kinds = {tick: "speed-one" if tick == 1 else "speed-grid" for tick in ticks}
    return "".join(_upright(kind, place(tick), "0", "100%") for tick, kind in kinds.items())


def _marks(task: dict[str, Any], place: Callable[[float], float]) -> str:
    """The bounds and the ratio, around the middle of the line."""
    reached = task["ratio_of_minima"]
    drawn = [_upright(f"speed-{kind}", place(task[key]), "-9", "9") for kind, key in BOUNDS.items()]
    if reached is not None:
        state = "reached" if reached >= task["at_least"] else "missed"
        drawn.insert(0, f'<line class="speed-bar" x1="{place(1):.2f}%" x2="{place(reached):.2f}%" y1="0" y2="0"/>')
        drawn.append(f'<circle class="speed-dot {state}" cx="{place(reached):.2f}%" cy="0" r="6"/>')
    return f'<svg y="50%" overflow="visible">{"".join(drawn)}</svg>'


def _upright(kind: str, x: float, top: str, bottom: str) -> str:
    return f'<line class="{kind}" x1="{x:.2f}%" x2="{x:.2f}%" y1="{top}" y2="{bottom}"/>'
