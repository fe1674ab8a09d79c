"""Stored runs of the benchmarks: reading them, what is wrong with one, and which of them the page shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

__all__ = ["Run", "is_slower", "problem_with", "read", "shown"]

ROUNDING = 2e-3  # figures are stored with four significant digits
NUMBER, TEXT, MAYBE_TEXT, MAYBE_NUMBER = (int, float), (str,), (str, type(None)), (int, float, type(None))
RUN = {
    "date": TEXT, "device": TEXT, "machine": TEXT, "threads": (int,), "dtype": TEXT, "only": (list,),
    "repeats": (int, type(None)), "versions": (dict,), "tasks": (list,),
}  # fmt: skip
TASK = {
    "name": TEXT, "title": TEXT, "at_least": NUMBER, "aim": NUMBER, "allowed_error": NUMBER, "repeats": (int,),
    "fastest_peer": MAYBE_TEXT, "ratio_of_minima": MAYBE_NUMBER, "ratio_of_medians": MAYBE_NUMBER, "rows": (list,),
}  # fmt: skip
ROW = {
    "contender": TEXT, "package": MAYBE_TEXT, "version": MAYBE_TEXT, "error": MAYBE_NUMBER, "right": (bool,),
    "counts": (bool,), "median_seconds": MAYBE_NUMBER, "minimum_seconds": MAYBE_NUMBER, "failure": MAYBE_TEXT,
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One stored run: the name of its file, and what the file holds (the keys of ``RUN``)."""

    file: str
    data: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.data[key]

    @property
    def on_gpu(self) -> bool:
        """Whether it ran on a GPU."""
        return self.data.get("device", "cpu") != "cpu"

    @property
    def is_whole(self) -> bool:
        """Whether it had every task, each with its own number of rounds."""
        return not self["only"] and self["repeats"] is None

    @property
    def name(self) -> str:
        """Device, threads and number format."""
        return f"{self['device'] if self.on_gpu else 'Processor'}, {self.threads}, {self['dtype']}"

    @property
    def threads(self) -> str:
        """Such as "2 threads"."""
        return f"{self['threads']} thread{'s' if self['threads'] > 1 else ''}"

    @property
    def day(self) -> str:
        """Such as "4 May 2026"."""
        return f"{(date := datetime.fromisoformat(self['date'])).day} {date:%B %Y}"


def read(folder: Path, key: str = "tasks") -> list[Run]:
    """All files in ``folder`` that have ``key``, by their names; broken ones count as runs of tasks."""
    files = {path.name: _content(path) for path in sorted(folder.glob("*.json"))}
    return [Run(name, data) for name, data in files.items() if key in data]


def _content(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        return {"tasks": [], "broken": f"no JSON: {error}"}


def shown(runs: list[Run]) -> list[Run]:
    """Of each device, number of threads and number format the newest run, a whole one before a part."""
    best: dict[tuple[Any, ...], Run] = {}
    for run in sorted(runs, key=lambda run: (run.is_whole, run["date"])):
        best[run.on_gpu, run["device"], -run["threads"], run["dtype"]] = run
    return [best[key] for key in sorted(best)]


def is_slower(ratio: float) -> bool:
    """Whether a ratio says that labs is slower, as far as two decimals show it."""
    return round(ratio, 2) < 1


def problem_with(data: dict[str, Any]) -> str | None:
    """What is wrong with a stored run in one sentence, or None if it is whole and agrees with itself."""
    return next(_problems(data), None)


def _problems(data: dict[str, Any]) -> Iterator[str]:
    if "broken" in data:
        yield data["broken"]
    yield from _kinds("the run", data, RUN)
    if not re.match(r"\d{4}-\d\d-\d\dT", data["date"]):
        yield f"the run has date={data['date']!r}"
    if not data["tasks"]:
        yield "the run has no task"
    for task in data["tasks"]:
        yield from _kinds(f"task {task.get('name', '?')}", task, TASK)
        if len(task["rows"]) < 2:
            yield f"task {task['name']} has nothing to compare"
        for row in task["rows"]:
            yield from _kinds(f"task {task['name']}, {row.get('contender', '?')}", row, ROW)
            times = [row[key] for key in ("minimum_seconds", "median_seconds")]
            if times.count(None) != (2 if row["failure"] else 0):
                yield f"task {task['name']}, {row['contender']}: there must be either two times or a failure"
        yield from _ratio_problems(task)


def _kinds(where: str, data: dict[str, Any], wanted: dict[str, tuple[type, ...]]) -> Iterator[str]:
    for key, kinds in wanted.items():
        if key not in data:
            yield f"{where} lacks {key}"
        elif type(data[key]) not in kinds:
            yield f"{where} has {key}={data[key]!r}"


def _ratio_problems(task: dict[str, Any]) -> Iterator[str]:
    """The stored peer and ratio against what follows from the rows."""
    ours, *peers = task["rows"]
    right = {row["contender"]: row["minimum_seconds"] for row in peers if row["right"] and row["counts"]}
    peer, ratio = task["fastest_peer"], task["ratio_of_minima"]
    if not (right and ours["right"]):
        if ratio is not None:
            yield f"task {task['name']} has a ratio without two right answers"
        return
    smallest = min(right.values())
    if ratio is None or right.get(peer) != smallest or abs(ratio * ours["minimum_seconds"] / smallest - 1) > ROUNDING:
        yield f"task {task['name']}: the ratio {ratio} to {peer} does not follow from the times"
