"""The exercises of chapter 09, one a module."""

from labs.exercises.long_term_dependencies import (
    balanced_scale,
    forget_bias_for,
    gradient_lengths,
    highest_power,
    lasting_start,
    steps_to_forget,
)

TITLE = "Long-term dependencies"

EXERCISES = (
    steps_to_forget.EXERCISE,
    forget_bias_for.EXERCISE,
    highest_power.EXERCISE,
    balanced_scale.EXERCISE,
    gradient_lengths.EXERCISE,
    lasting_start.EXERCISE,
)
