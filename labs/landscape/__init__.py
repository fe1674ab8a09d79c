"""The shape of a risk: slices of it, ways through it, networks that compute the same function, the barrier between two.

Slices, ways and barriers take any risk; symmetries and matching know the layout of ``labs.models.MLP``.
"""

from __future__ import annotations

from labs.landscape.matching import Matching, match_units
from labs.landscape.paths import along_and_aside, bezier, connect, path_length
from labs.landscape.slices import barrier, line, plane
from labs.landscape.symmetries import equivalents, imbalance, num_equivalents, permute, rescale

__all__ = [  # noqa: RUF022 - grouped by use
    # slices
    "line",
    "plane",
    "barrier",
    # ways
    "path_length",
    "along_and_aside",
    "bezier",
    "connect",
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
