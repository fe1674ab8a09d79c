"""Wall times that mean something: warm, synchronised, and taken in turn where functions are compared."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from labs.device.place import synchronize
from labs.inputs import chosen, integer

__all__ = ["Comparison", "Ratio", "Timing", "interleaved", "timed"]


@dataclass(frozen=True)
class Timing:
    """Wall times of repeated calls, in seconds."""

    seconds: tuple[float, ...]

    @property
    def median_seconds(self) -> float:
        """The median: the time to expect."""
        return statistics.median(self.seconds)

    @property
    def minimum_seconds(self) -> float:
        """The minimum: the time with the least disturbance by other programs."""
        return min(self.seconds)


class Ratio(NamedTuple):
    """How many times as long one function takes as another, by the medians and by the minima."""

    of_medians: float
    of_minima: float


@dataclass(frozen=True)
class Comparison:
    """Timings of several functions that were called in turn."""

    timings: dict[str, Timing]

    def __getitem__(self, name: str) -> Timing:
        return self.timings[chosen("function", name, self.timings)]

    def ratio(self, name: str, reference: str) -> Ratio:
        """How many times as long ``name`` takes as ``reference``.

        Example:
            >>> Comparison({"a": Timing((2.0, 4.0, 6.0)), "b": Timing((1.0, 1.0, 4.0))}).ratio("a", "b")
            Ratio(of_medians=4.0, of_minima=2.0)
        """
        a, b = self[name], self[reference]
        return Ratio(a.median_seconds / b.median_seconds, a.minimum_seconds / b.minimum_seconds)


def _seconds(fn: Callable[[], object]) -> float:
    synchronize()
    begin = time.perf_counter()
    fn()
    synchronize()
    return time.perf_counter() - begin


def timed(fn: Callable[[], object], *, repeats: int = 5, warmup: int = 1) -> Timing:
    """Wall times of ``repeats`` calls of ``fn()``, the device synchronised around each, after ``warmup`` calls.

    Raises:
        ValueError: when ``repeats`` is below 1 or ``warmup`` below 0.
    """
    return interleaved({"fn": fn}, repeats=repeats, warmup=warmup)["fn"]


def interleaved(functions: Mapping[str, Callable[[], object]], *, repeats: int = 5, warmup: int = 1) -> Comparison:
    """Timings of several functions called in turn, round by round, so that a disturbance hits all of them alike.

    Each round has an order of its own, so that none always follows the same one and finds the memory as that left it.

    Raises:
        ValueError: when there is no function, ``repeats`` is below 1 or ``warmup`` below 0.

    Example:
        >>> sorted(interleaved({"sum": lambda: sum(range(9)), "max": lambda: max(range(9))}).timings)
        ['max', 'sum']
    """
    integer("repeats", repeats), integer("warmup", warmup, at_least=0)
    if not functions:
        raise ValueError("functions is empty: give at least one as {name: function}")
    names = list(functions)
    for _ in range(warmup):
        for fn in functions.values():
            fn()
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(repeats):
        for name in Random(turn).sample(names, len(names)):
            seconds[name].append(_seconds(functions[name]))
    return Comparison({name: Timing(tuple(times)) for name, times in seconds.items()})
