"""A logarithmic axis whose places are per cent of the width or height, so that a drawing fits any screen."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["LogAxis"]


@dataclass(frozen=True)
class LogAxis:
    """The axis from ``low`` to ``high``, both above 0.

    Example:
        >>> LogAxis(1, 100).place(10)
        50.0
        >>> LogAxis(0.7, 30).ticks()
        [1.0, 2.0, 5.0, 10.0, 20.0]
        >>> LogAxis(0.009, 200).ticks()
        [0.01, 0.1, 1.0, 10.0, 100.0]
    """

    low: float
    high: float

    @classmethod
    def around(cls, figures: Iterable[float], margin: float = 1.25) -> LogAxis:
        """The axis that holds all figures, and goes on beyond the outermost ones by a factor."""
        figures = list(figures)
        return cls(min(figures) / margin, max(figures) * margin)

    def place(self, figure: float) -> float:
        """Where a figure lies, from 0 at the low end to 100 at the high one."""
        return 100 * math.log(figure / self.low) / math.log(self.high / self.low)

    def ticks(self, at_most: int = 8) -> list[float]:
        """Round numbers that are not too near to an end, fewer of each decade where there are many decades."""
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for steps in ((1, 2, 5), (1, 3), (1,)):
            found = [float(f"{step}e{decade}") for decade in decades for step in steps]
            inside = [tick for tick in found if self.low * 1.05 < tick < self.high / 1.05]
            if len(inside) <= at_most:
                break
        return inside
