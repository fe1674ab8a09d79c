"""The exercises of chapter 10, one a module."""

from labs.exercises.inexact_gradients import (
    cut_gradient,
    gibbs_steps,
    lost_updates,
    round_by_lot,
    settle,
    settled_square,
)

TITLE = "Inexact gradients"

EXERCISES = (
    settled_square.EXERCISE,
    round_by_lot.EXERCISE,
    lost_updates.EXERCISE,
    cut_gradient.EXERCISE,
    gibbs_steps.EXERCISE,
    settle.EXERCISE,
)
