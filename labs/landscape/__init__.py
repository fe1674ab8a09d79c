"""The shape of a risk: slices of it, the networks that compute the same function, and the barrier between two.

Slices and barriers take any risk; symmetries and matching know the layout of ``labs.models.MLP``.
"""

from __future__ import annotations

from labs.landscape.matching import Matching, match_units
from labs.landscape.slices import barrier, line, plane
from labs.landscape.symmetries import equivalents, imbalance, num_equivalents, permute, rescale

__all__ = [  # noqa: RUF022 - grouped by use
    # slices
    "line",
    "plane",
    "barrier",
    # networks that compute the same function
    "num_equivalents",
    "equivalents",
    "permute",
    "rescale",
    "imbalance",
    # which unit is which
    "Matching",
    "match_units",
]
