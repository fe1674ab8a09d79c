"""The exercises of chapter 08, one a module."""

from labs.exercises.cliffs_and_exploding_gradients import (
    clip_together,
    keep_watch,
    resting_point,
    slope_by_bias,
    threshold_for,
    two_means,
)

TITLE = "Cliffs and exploding gradients"

EXERCISES = (
    clip_together.EXERCISE,
    slope_by_bias.EXERCISE,
    threshold_for.EXERCISE,
    two_means.EXERCISE,
    resting_point.EXERCISE,
    keep_watch.EXERCISE,
)
