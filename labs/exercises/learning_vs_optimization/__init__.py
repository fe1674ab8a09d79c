"""The exercises of chapter 01, one a module."""

from labs.exercises.learning_vs_optimization import (
    best_iterate,
    expected_gap,
    learn,
    loss_and_performance,
    patience,
)

TITLE = "Learning and pure optimization"

EXERCISES = (
    loss_and_performance.EXERCISE,
    best_iterate.EXERCISE,
    patience.EXERCISE,
    expected_gap.EXERCISE,
    learn.EXERCISE,
)
