"""Losses of an example, losses of a margin, the risk as a function of θ, and the 0-1 risk minimized exactly."""

from __future__ import annotations

from labs.losses.margins import MARGIN_LOSSES, MarginLoss, margin
from labs.losses.per_example import LOSSES, cross_entropy, squared_error, zero_one
from labs.losses.risk import Risk
from labs.losses.separators import (
    Separator,
    Widest,
    best_separator,
    num_separable_labellings,
    separable_labellings,
    widest_separator,
)

__all__ = [  # noqa: RUF022 - grouped by use
    # of outputs and targets
    "LOSSES",
    "cross_entropy",
    "squared_error",
    "zero_one",
    # of a margin
    "MARGIN_LOSSES",
    "MarginLoss",
    "margin",
    # over a sample
    "Risk",
    # minimized without a gradient
    "Separator",
    "Widest",
    "best_separator",
    "num_separable_labellings",
    "separable_labellings",
    "widest_separator",
]
