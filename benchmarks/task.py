"""What a benchmark task is: one computation, several contenders, one answer to hold them against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Contender", "Task"]


@dataclass(frozen=True)
class Contender:
    """One way to compute the answer.

    Attributes:
        name: As the table shows it.
        prepare: Does what a user would do once, returns the function that is timed. A peer is imported in here, so
            that a peer that is missing or fails becomes a row that says so.
        answer: Turns what the function returned into what the task's ``error`` takes.
        package: The distribution whose version is recorded, if any.
        counts: Whether labs is compared with it: not for units of measure and answers of another kind.
    """

    name: str
    prepare: Callable[[], Callable[[], Any]]
    answer: Callable[[Any], Any] = lambda result: result
    package: str | None = None
    counts: bool = True


@dataclass(frozen=True)
class Task:
    """One line of the table of targets.

    Attributes:
        name: Such as ``"T1"``.
        title: What is computed.
        contenders: The first one is labs.
        error: Distance of an answer from the float64 reference, e.g. relative.
        allowed_error: Beyond it an answer counts as wrong, and its contender is not compared with.
        at_least: The ratio (time of the fastest right peer over time of labs) that must be reached.
        aim: The ratio that is wished for.
        repeats: Rounds in which each contender is called once.
        peak_memory_mib: Measures how many MiB labs holds at its worst, where that is limited.
    """

    name: str
    title: str
    contenders: list[Contender]
    error: Callable[[Any], float]
    allowed_error: float
    at_least: float
    aim: float
    repeats: int = 20
    peak_memory_mib: Callable[[], float] | None = None
