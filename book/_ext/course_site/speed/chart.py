"""The ratios of one run, drawn: a line for each task on a logarithmic axis, with the two bounds as marks.

Places are percentages of the width, and words are HTML. So the drawing fits any screen without growing or shrinking its
letters, and takes the colours of the page.
"""

from __future__ import annotations

from html import escape
from typing import Any

from course_site.speed import words
from course_site.speed.axis import LogAxis
from course_site.speed.runs import Run, is_slower

__all__ = ["chart"]

BOUNDS = {"least": "at_least", "aim": "aim"}
CAPTION = (
    "How many times as fast as the fastest right peer labs is, by the minima; the axis is logarithmic. "
    "A filled dot has reached the ratio that it must at least ({least}), a ring has not; {aim} marks the ratio aimed "
    "at. Left of the heavy line, at 1×, labs is slower."
)
LEAST = '<svg class="speed-key" width="6" height="16" aria-hidden="true"><path class="speed-least" d="M3 1V15"/></svg>'
AIM = '<svg class="speed-key" width="6" height="16" aria-hidden="true"><path class="speed-aim" d="M3 1V15"/></svg>'


def chart(run: Run) -> str:
    """The figure as HTML."""
    figures = [task[key] for task in run["tasks"] for key in ("ratio_of_minima", "at_least", "aim") if task[key]]
    axis = LogAxis.around([0.8, 2.0, *figures])
    lines = "".join(_line(task, axis) for task in run["tasks"])
    labels = "".join(f'<text x="{axis.place(tick):.2f}%" y="14">{tick:g}×</text>' for tick in axis.ticks())
    caption = CAPTION.format(least=f"bar {LEAST}", aim=f"the dashed bar {AIM}")
    return (
        f'<figure class="speed-chart"><ul>{lines}</ul>'
        f'<svg class="speed-axis" width="100%" height="20" aria-hidden="true">{labels}</svg>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _line(task: dict[str, Any], axis: LogAxis) -> str:
    """One task: its name, its figure, and the line with the marks."""
    reached = task["ratio_of_minima"]
    figure = "no ratio" if reached is None else words.ratio(reached)
    figure += " <small>slower</small>" if reached is not None and is_slower(reached) else ""
    alt = escape(f"{task['name']}: {words.outcome(task)}; {'; '.join(words.bounds(task))}", quote=True)
    return (
        f'<li><span class="speed-name">{words.title(task)}</span><span class="speed-figure">{figure}</span>'
        f'<span class="speed-track"><svg role="img" aria-label="{alt}">'
        f"{_grid(axis)}{_marks(task, axis)}</svg></span></li>"
    )


def _grid(axis: LogAxis) -> str:
    kinds = {tick: "speed-one" if tick == 1 else "speed-grid" for tick in axis.ticks()}
    return "".join(_upright(kind, axis.place(tick), "0", "100%") for tick, kind in kinds.items())


def _marks(task: dict[str, Any], axis: LogAxis) -> str:
    """The bounds and the ratio, around the middle of the line."""
    reached = task["ratio_of_minima"]
    drawn = [_upright(f"speed-{kind}", axis.place(task[key]), "-9", "9") for kind, key in BOUNDS.items()]
    if reached is not None:
        state = "reached" if reached >= task["at_least"] else "missed"
        drawn.insert(
            0, f'<line class="speed-bar" x1="{axis.place(1):.2f}%" x2="{axis.place(reached):.2f}%" y1="0" y2="0"/>'
        )
        drawn.append(f'<circle class="speed-dot {state}" cx="{axis.place(reached):.2f}%" cy="0" r="6"/>')
    return f'<svg y="50%" overflow="visible">{"".join(drawn)}</svg>'


def _upright(kind: str, x: float, top: str, bottom: str) -> str:
    return f'<line class="{kind}" x1="{x:.2f}%" x2="{x:.2f}%" y1="{top}" y2="{bottom}"/>'
