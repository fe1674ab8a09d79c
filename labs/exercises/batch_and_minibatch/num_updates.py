"""Exercise 4.1: how many updates a training run makes."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def num_updates(num_examples: int, batch_size: int, num_epochs: int, drop_last: bool) -> int:
    """Updates in ``num_epochs`` passes; each pass ends with a smaller
    batch, or without it if ``drop_last``.
    """
    in_a_pass = num_examples // batch_size if drop_last else -(-num_examples // batch_size)
    return num_epochs * in_a_pass


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((10_000, 100, 1, False))
    yield Case((10_050, 100, 3, False), "the last batch of each pass has 50 examples")
    yield Case((10_050, 100, 3, True), "the last batch of each pass is dropped")
    yield Case((10_080, 100, 2, True), "the last batch of each pass is dropped")
    for drop_last in (False, True, False, True):
        n, b, e = (
            int(torch.randint(low, high, (), generator=generator)) for low, high in ((50, 5000), (2, 90), (2, 9))
        )
        yield Case((n, b, e, drop_last))
    yield Case((4096, 64, 2, False), "the batch size divides the number of examples")
    yield Case((4096, 64, 2, True), "the batch size divides the number of examples")
    yield Case((20, 64, 5, False), "a batch would hold more than there is")
    yield Case((20, 64, 5, True), "a batch would hold more than there is")


def _over_all_passes(num_examples, batch_size, num_epochs, drop_last):
    total = num_examples * num_epochs / batch_size
    return math.floor(total) if drop_last else math.ceil(total)


EXERCISE = Exercise(
    id="4.1",
    title="Epochs into updates",
    solution=num_updates,
    cases=_cases,
    hints=(
        "Count the updates of one pass first. A pass begins anew with a whole batch.",
        "If the batch size does not divide the number of examples, one smaller batch is left at the end of each pass: "
        "it is one more update, unless it is dropped.",
        "Integer division a // b rounds down, and -(-a // b) rounds up.",
    ),
    analysis="A learning-rate schedule counts updates, a budget counts epochs, and this is how one becomes the other. "
    "When the batch size changes, a schedule given in updates silently changes its length in epochs.",
    mistakes=(
        Mistake(
            "never a smaller batch",
            lambda num_examples, batch_size, num_epochs, drop_last: num_epochs * (num_examples // batch_size),
            "Without drop_last the examples left over make one more update in each pass.",
        ),
        Mistake(
            "always a smaller batch",
            lambda num_examples, batch_size, num_epochs, drop_last: num_epochs * math.ceil(num_examples / batch_size),
            "With drop_last the smaller batch at the end of each pass makes no update.",
        ),
        Mistake(
            "rounded once",
            _over_all_passes,
            "Round in each pass, not over all of them: a batch does not reach from one pass into the next.",
        ),
        Mistake(
            "one pass",
            lambda num_examples, batch_size, num_epochs, drop_last: num_updates(num_examples, batch_size, 1, drop_last),
            "That is the number of updates in one pass; there are num_epochs of them.",
        ),
        Mistake(
            "drop_last the other way round",
            lambda num_examples, batch_size, num_epochs, drop_last: num_updates(
                num_examples, batch_size, num_epochs, not drop_last
            ),
            "You drop the smaller batch exactly when it should stay.",
        ),
        Mistake(
            "a share of an update",
            lambda num_examples, batch_size, num_epochs, drop_last: num_epochs * num_examples / batch_size,
            "An update is made or not: the number of batches in a pass is whole.",
        ),
        Mistake(
            "rounded to the nearest",
            lambda num_examples, batch_size, num_epochs, drop_last: num_epochs * round(num_examples / batch_size),
            "You rounded to the nearest whole number. Whether up or down depends on drop_last alone.",
        ),
        Mistake(
            "one more for luck",
            lambda num_examples, batch_size, num_epochs, drop_last: (
                num_epochs * (num_examples // batch_size + (not drop_last))
            ),
            "When the batch size divides the number of examples, nothing is left over.",
        ),
    ),
)
