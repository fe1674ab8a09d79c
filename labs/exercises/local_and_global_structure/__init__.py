"""The exercises of chapter 11, one a module."""

from labs.exercises.local_and_global_structure import (
    arrive,
    bend_gradient,
    detour_share,
    largest_rise,
    least_gaussian_loss,
    worst_angle,
)

TITLE = "Local and global structure"

EXERCISES = (
    worst_angle.EXERCISE,
    detour_share.EXERCISE,
    least_gaussian_loss.EXERCISE,
    largest_rise.EXERCISE,
    bend_gradient.EXERCISE,
    arrive.EXERCISE,
)
