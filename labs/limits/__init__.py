"""Limits that are theorems, in sizes where they can be seen: what no search, no method and no training can do.

Three threshold units whose training is NP-complete, searched exactly; sets of triples to be split, and a search whose
cost says which of them are hard; four first-order methods and the bound that none of them gets below; and students of
a known network, with the exact risk.
"""

from __future__ import annotations

from labs.limits.first_order import (
    FIRST_ORDER_METHODS,
    first_order_path,
    least_excess,
    nesterov_bound,
    worst_curvatures,
)
from labs.limits.splittings import FANO_PLANE, Backtracking, backtrack, random_triples, splits
from labs.limits.students import relu_overlaps, student_gradient, student_risk
from labs.limits.three_units import ThreeUnitSearch, exact_three_units, three_unit_examples

__all__ = [  # noqa: RUF022 - grouped by use
    # three threshold units
    "three_unit_examples",
    "exact_three_units",
    "ThreeUnitSearch",
    # sets of triples to be split
    "FANO_PLANE",
    "random_triples",
    "splits",
    "backtrack",
    "Backtracking",
    # the slowest convex function
    "FIRST_ORDER_METHODS",
    "first_order_path",
    "nesterov_bound",
    "least_excess",
    "worst_curvatures",
    # students of a known network
    "relu_overlaps",
    "student_risk",
    "student_gradient",
]
