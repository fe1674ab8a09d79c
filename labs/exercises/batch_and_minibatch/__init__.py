"""The exercises of chapter 04, one a module."""

from labs.exercises.batch_and_minibatch import (
    combine_shards,
    gradient_in_pieces,
    minimise_stream,
    noise_scale_from_two,
    num_updates,
    standard_error,
)

TITLE = "Batch and minibatch algorithms"

EXERCISES = (
    num_updates.EXERCISE,
    standard_error.EXERCISE,
    combine_shards.EXERCISE,
    noise_scale_from_two.EXERCISE,
    gradient_in_pieces.EXERCISE,
    minimise_stream.EXERCISE,
)
