"""The exercises of chapter 07, one a module."""

from labs.exercises.saddle_points import find_saddle, index_of_choice, saddle_free_step, steps_to_leave, ways_down

TITLE = "Saddles and plateaus"

EXERCISES = (
    ways_down.EXERCISE,
    saddle_free_step.EXERCISE,
    steps_to_leave.EXERCISE,
    index_of_choice.EXERCISE,
    find_saddle.EXERCISE,
)
