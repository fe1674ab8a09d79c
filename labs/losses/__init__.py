"""Losses of an example, losses of a margin, and the risk: the mean loss over a sample as a function of θ."""

from __future__ import annotations

from labs.losses.margins import MARGIN_LOSSES, MarginLoss, margin
from labs.losses.per_example import LOSSES, cross_entropy, squared_error, zero_one
from labs.losses.risk import Risk

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
]
