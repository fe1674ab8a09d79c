"""What a sweep costs, drawn: wall time against the number of runs, a line for each number of workers.

It is taken from every file in ``benchmarks/results`` that has these fields:

* ``date``, ``machine`` and ``versions``, as a run of the benchmarks has them;
* ``sweeps``: a list of measurements, each with ``executor`` (such as ``"processes"`` or ``"Dask"``), ``workers``,
  ``runs`` and ``minimum_seconds``, the smallest of several wall times of the whole sweep.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from html import escape
from itertools import pairwise
from typing import Any

from course_site.speed import words
from course_site.speed.axis import LogAxis
from course_site.speed.table import row_of, table

__all__ = ["problem_with_sweeps", "sweeps"]

POINT = {"executor": str, "workers": int, "runs": int, "minimum_seconds": float}
SHAPES = ("1 0", "9 4", "2 5", "9 4 2 4", "16 5")  # dashes of the lines, in their order
CAPTION = (
    "Wall time of a whole sweep against the number of its runs, both logarithmic, by the minima. "
    "A line that is flat on the left shows what it costs to begin, one that rises as steeply as the grid that each run "
    "adds as much as the one before."
)
RIGHT, TOP, BOTTOM = 0.72, 4, 100  # the lines' share of the width; where the figure begins and ends, in per cent

Point = dict[str, Any]


def problem_with_sweeps(data: dict[str, Any]) -> str | None:
    """What is wrong with a file of sweeps in one sentence, or None."""
    for key, kind in {"date": str, "machine": str, "versions": dict, "sweeps": list}.items():
        if not isinstance(data.get(key), kind):
            return f"the sweeps have {key}={data.get(key)!r}"
    for point in data["sweeps"]:
        for key, kind in POINT.items():
            if type(point.get(key)) is not kind or (kind is not str and point[key] <= 0):
                return f"a sweep has {key}={point.get(key)!r}"
    return None if data["sweeps"] else "there is no sweep"


def sweeps(data: dict[str, Any]) -> str:
    """The figure and its table as HTML."""
    lines: dict[str, list[Point]] = defaultdict(list)
    for point in sorted(data["sweeps"], key=lambda point: (point["executor"], point["workers"], point["runs"])):
        lines[_name(point)].append(point)
    return f'<figure class="speed-sweeps">{_drawing(lines)}<figcaption>{CAPTION}</figcaption></figure>{_table(lines)}'


def _name(point: Point) -> str:
    workers = point["workers"]
    return f"{point['executor']}, {workers} worker{'s' if workers > 1 else ''}"


def _table(lines: dict[str, list[Point]]) -> str:
    times = {(name, p["runs"]): p["minimum_seconds"] for name, line in lines.items() for p in line}
    columns = ("Sweep", *map(escape, lines))
    rows = []
    for runs in sorted({runs for _, runs in times}):
        cells = [words.seconds(times[name, runs]) if (name, runs) in times else "" for name in lines]
        rows.append(row_of(columns, [f"{runs} runs", *cells]))
    return table("Wall times of sweeps", columns, rows)


def _drawing(lines: dict[str, list[Point]]) -> str:
    points = [point for line in lines.values() for point in line]
    across, up = (LogAxis.around([p[key] for p in points]) for key in ("runs", "minimum_seconds"))
    alt = "Wall time of a sweep against its runs. " + " ".join(map(_told, lines.items()))
    parts = [*_grid(across, up)]
    ends = _apart([_y(up, line[-1]["minimum_seconds"]) for line in lines.values()])
    for (name, line), dashes, end in zip(lines.items(), SHAPES * len(lines), ends, strict=False):
        parts += _line(name, [(_x(across, p["runs"]), _y(up, p["minimum_seconds"])) for p in line], dashes, end)
    return f'<svg role="img" aria-label="{escape(alt, quote=True)}">{"".join(parts)}</svg>'


def _told(named: tuple[str, list[Point]]) -> str:
    name, line = named
    first, last = line[0], line[-1]
    times = [words.seconds(p["minimum_seconds"]) for p in (first, last)]
    return f"{name}: {times[0]} for {first['runs']} runs, {times[1]} for {last['runs']}."


def _grid(across: LogAxis, up: LogAxis) -> Iterator[str]:
    for tick in up.ticks(6):
        y = f"{_y(up, tick):.2f}%"
        yield f'<line class="speed-grid" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
        yield f'<text x="0" y="{y}" dy="-4">{words.seconds(tick).replace(".00", "").replace(".0", "")}</text>'
    for tick in across.ticks(5):
        x = f"{_x(across, tick):.2f}%"
        yield f'<line class="speed-grid" x1="{x}" x2="{x}" y1="{TOP}%" y2="{BOTTOM}%"/>'
        yield f'<text class="speed-below" x="{x}" y="100%" dy="18">{tick:g}</text>'
    yield '<text class="speed-end" x="100%" y="100%" dy="18">runs</text>'


def _line(name: str, places: list[tuple[float, float]], dashes: str, end: float) -> Iterator[str]:
    for (x1, y1), (x2, y2) in pairwise(places):
        ends = f'x1="{x1:.2f}%" y1="{y1:.2f}%" x2="{x2:.2f}%" y2="{y2:.2f}%"'
        yield f'<line class="speed-bar" stroke-dasharray="{dashes}" {ends}/>'
    yield from (f'<circle class="speed-dot reached" cx="{x:.2f}%" cy="{y:.2f}%" r="4"/>' for x, y in places)
    x, (executor, workers) = f"{places[-1][0]:.2f}%", name.rsplit(", ", 1)
    spans = f'<tspan x="{x}" dx="9">{escape(workers)}</tspan><tspan x="{x}" dx="9" dy="14">{escape(executor)}</tspan>'
    yield f'<text class="speed-label" y="{end:.2f}%">{spans}</text>'


def _x(axis: LogAxis, runs: float) -> float:
    return RIGHT * axis.place(runs)


def _y(axis: LogAxis, seconds: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * axis.place(seconds) / 100


def _apart(places: list[float], least: float = 13) -> list[float]:
    """The places of the labels, moved downwards as far as they would overlap."""
    moved: dict[int, float] = {}
    last = -least
    for index in sorted(range(len(places)), key=places.__getitem__):
        last = moved[index] = max(places[index], last + least)
    return [moved[index] for index in range(len(places))]
