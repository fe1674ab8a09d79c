"""Measure a task: check each contender's answer, then call those that gave one in turn."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.task import Contender, Task
from labs.device import Timing, interleaved

__all__ = ["Row", "measure", "ratio"]


@dataclass
class Row:
    """What became of one contender."""

    task: str
    contender: str
    version: str | None = None
    error: float | None = None
    right: bool = False
    counts: bool = True
    median_seconds: float | None = None
    minimum_seconds: float | None = None
    failure: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def measure(task: Task, repeats: int | None = None) -> list[Row]:
    """One row a contender, labs first. Warm-up is the call whose answer is checked."""
    rows, running = [], {}
    for contender in task.contenders:
        row, function = _try(task, contender)
        rows.append(row)
        if function is not None:
            running[contender.name] = function
    timings = interleaved(running, repeats=repeats or task.repeats, warmup=0).timings if running else {}
    for row in rows:
        if (timing := timings.get(row.contender)) is not None:
            _fill(row, timing)
    return rows


def _try(task: Task, contender: Contender) -> tuple[Row, Callable[[], Any] | None]:
    row = Row(task.name, contender.name, version=_version(contender.package), counts=contender.counts)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function = contender.prepare()
            row.error = float(task.error(contender.answer(function())))
    except Exception as failure:  # a peer may fail in any way, and the table is to say how
        row.failure = f"{type(failure).__name__}: {failure}".splitlines()[0][:200]
        return row, None
    row.right = row.error <= task.allowed_error
    return row, function


def _version(package: str | None) -> str | None:
    try:
        return version(package) if package else None
    except PackageNotFoundError:
        return None


def _fill(row: Row, timing: Timing) -> None:
    row.median_seconds, row.minimum_seconds = timing.median_seconds, timing.minimum_seconds


def ratio(rows: list[Row]) -> float | None:
    """Time of the fastest peer that was right over the time of labs, by the minima; None when there is no such peer."""
    ours, *peers = rows
    right = [row.minimum_seconds for row in peers if row.right and row.counts and row.minimum_seconds is not None]
    return min(right) / ours.minimum_seconds if right and ours.right and ours.minimum_seconds else None
