"""Measure a task: check each contender's answer, then call those that gave one in turn."""

from __future__ import annotations

import re
import textwrap
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.task import Contender, Task
from labs.device import Ratio, Timing, interleaved

__all__ = ["Row", "fastest_peer", "measure", "ratios"]


@dataclass
class Row:
    """What became of one contender."""

    task: str
    contender: str
    package: str | None = None
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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for contender in task.contenders:
            row, function = _try(task, contender)
            rows.append(row)
            if function is not None:
                running[contender.name] = _noting(row, function)
        timings = interleaved(running, repeats=repeats or task.repeats, warmup=0).timings if running else {}
    for row in rows:
        if row.contender in timings and row.failure is None:
            _fill(row, timings[row.contender])
    return rows


def _try(task: Task, contender: Contender) -> tuple[Row, Callable[[], Any] | None]:
    package, counts = contender.package, contender.counts
    row = Row(task.name, contender.name, package=package, version=_version(package), counts=counts)
    try:
        function = contender.prepare()
        row.error = float(task.error(contender.answer(function())))
    except Exception as failure:  # a peer may fail in any way, and the table is to say how
        row.failure = _in_words(failure)
        return row, None
    row.right = row.error <= task.allowed_error
    return row, function


def _noting(row: Row, function: Callable[[], Any]) -> Callable[[], None]:
    """The function, except that its first failure is noted and that it does nothing from then on."""

    def call() -> None:
        if row.failure is None:
            try:
                function()
            except Exception as failure:
                row.failure, row.right = _in_words(failure), False

    return call


def _in_words(failure: Exception) -> str:
    """The kind of failure and the beginning of what it says, without the folders of this machine."""
    said = re.sub(r"(?<![\w:/])(?:/[\w.@+-]+)+/(?=[\w.@+-])", "", str(failure).strip().partition("\n")[0])
    return textwrap.shorten(f"{type(failure).__name__}: {said}", 160, placeholder=" …")


def _version(package: str | None) -> str | None:
    try:
        return version(package) if package else None
    except PackageNotFoundError:
        return None


def _fill(row: Row, timing: Timing) -> None:
    row.median_seconds, row.minimum_seconds = timing.median_seconds, timing.minimum_seconds


def fastest_peer(rows: list[Row]) -> Row | None:
    """The peer with the smallest minimum among those that were right and count; None when there is none."""
    right = [row for row in rows[1:] if row.right and row.counts and row.minimum_seconds is not None]
    return min(right, key=lambda row: row.minimum_seconds or 0.0, default=None)


def ratios(rows: list[Row]) -> Ratio | None:
    """Time of the fastest right peer over time of labs, by medians and by minima; None without either of the two."""
    ours, peer = rows[0], fastest_peer(rows)
    if peer is None or not ours.right or not ours.minimum_seconds:
        return None
    return Ratio(peer.median_seconds / ours.median_seconds, peer.minimum_seconds / ours.minimum_seconds)
