"""The exercises of chapter 12, one a module."""

from labs.exercises.theoretical_limits import (
    conjugate_gradients,
    count_splittings,
    mean_of_best,
    split_all,
    steps_demanded,
    two_units,
)

TITLE = "Theoretical limits"

EXERCISES = (
    mean_of_best.EXERCISE,
    count_splittings.EXERCISE,
    two_units.EXERCISE,
    steps_demanded.EXERCISE,
    conjugate_gradients.EXERCISE,
    split_all.EXERCISE,
)
