"""The exercises of chapter 02, one a module."""

from labs.exercises.empirical_risk_minimization import (
    choose_degrees,
    examples_needed,
    flip_times,
    least_training_error,
    risk_and_error,
)

TITLE = "Empirical risk minimization"

EXERCISES = (
    risk_and_error.EXERCISE,
    examples_needed.EXERCISE,
    least_training_error.EXERCISE,
    flip_times.EXERCISE,
    choose_degrees.EXERCISE,
)
