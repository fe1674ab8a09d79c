"""The exercises of chapter 06, one a module."""

from labs.exercises.local_minima import (
    balanced,
    barrier_height,
    log10_copies,
    lowest_point,
    matching_order,
    reordered,
)

TITLE = "Local minima"

EXERCISES = (
    log10_copies.EXERCISE,
    reordered.EXERCISE,
    balanced.EXERCISE,
    barrier_height.EXERCISE,
    matching_order.EXERCISE,
    lowest_point.EXERCISE,
)
