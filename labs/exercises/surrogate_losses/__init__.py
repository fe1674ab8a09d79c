"""The exercises of chapter 03, one a module."""

from labs.exercises.surrogate_losses import (
    best_threshold,
    logistic_in_bits,
    margins,
    shares_kept,
    unmoved,
    widest,
)

TITLE = "Surrogate losses and early stopping"

EXERCISES = (
    margins.EXERCISE,
    logistic_in_bits.EXERCISE,
    best_threshold.EXERCISE,
    shares_kept.EXERCISE,
    widest.EXERCISE,
    unmoved.EXERCISE,
)
