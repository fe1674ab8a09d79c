"""Exercise 1.2: which iterate to keep."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def best_iterate(validation: torch.Tensor) -> int:
    """The step with the lowest validation loss, the first of several.

    ``validation`` (T,) holds the loss before each step. A NaN is worse
    than any number; if all are NaN, it is step 0.
    """
    return int(torch.nan_to_num(validation, nan=math.inf).argmin())


def _cases(generator: torch.Generator) -> Iterator[Case]:
    turn = torch.linspace(-1, 2, 30, dtype=torch.float64) ** 2
    noise = 0.01 * torch.rand(30, generator=generator, dtype=torch.float64)
    yield Case((turn + noise,))
    yield Case((torch.tensor([0.9, 0.4, 0.6, 0.4, 0.7], dtype=torch.float64),), "the lowest loss is reached twice")
    yield Case((torch.tensor([1.0, 0.6, 0.7, 0.3, 0.5], dtype=torch.float64),), "the curve has a bump")
    yield Case((torch.tensor([2.3, 1.1, 0.8, 5.0, math.nan, math.nan], dtype=torch.float64),), "the run diverges")
    yield Case((torch.tensor([3.0, 2.0, 1.0], dtype=torch.float64),), "the loss falls to the end")
    for readings, note in (
        ([math.nan, 2.0, 1.0, 1.5], "the first reading is NaN"),
        ([2.0, math.nan, 1.5, math.nan, 1.2, 1.3], "some readings in the middle are NaN"),
        ([math.nan, 3e5, 2e5, math.nan, 2.5e5], "the losses are large"),
        ([math.nan, math.nan, math.nan], "all readings are NaN"),
    ):
        yield Case((torch.tensor(readings, dtype=torch.float64),), note)
    for _ in range(3):
        drawn = 200 * torch.rand(40, generator=generator, dtype=torch.float64)
        drawn[torch.rand(40, generator=generator) < 0.3] = math.nan
        yield Case((drawn,), "some readings are NaN")


def _last_of_several(validation):
    lowest = torch.nan_to_num(validation, nan=math.inf)
    return int((lowest == lowest.min()).nonzero().max())


def _numbers_only(validation):
    return int(validation[~validation.isnan()].argmin())


def _large_for_nan(validation):
    return int(torch.nan_to_num(validation, nan=100.0).argmin())


def _first_rise(validation):
    for step in range(len(validation) - 1):
        if validation[step + 1] > validation[step]:
            return step
    return len(validation) - 1


EXERCISE = Exercise(
    id="1.2",
    title="Which iterate to keep",
    solution=best_iterate,
    cases=_cases,
    hints=(
        "torch.argmin gives the position of the smallest entry. What does it do when one of them is NaN?",
        "Every comparison with NaN is false, so libraries must choose, and torch takes NaN for the smallest. Replace "
        "it by infinity first: a diverged iterate is the worst one.",
        "torch.nan_to_num(validation, nan=math.inf), then argmin, then int(…) so that a plain number comes back.",
    ),
    analysis="A run that diverges at the end has not lost its best iterate, if that was kept. Of several equally good "
    "iterates the first is the cheapest to reach, and stands the furthest from memorising anything.",
    mistakes=(
        Mistake(
            "NaN wins",
            lambda validation: int(validation.argmin()),
            "You returned a step whose loss is NaN: argmin takes NaN for the smallest, and no number is below it. "
            "Replace it by infinity first.",
        ),
        Mistake(
            "the readings that are NaN left out",
            _numbers_only,
            "You left out the readings that are NaN, and counted the steps among the others.",
        ),
        Mistake(
            "a large number for NaN",
            _large_for_nan,
            "You replaced NaN by a number that a loss can exceed. Replace it by infinity.",
        ),
        Mistake(
            "the loss", lambda validation: validation.nan_to_num(nan=math.inf).min(), "Return the step, not its loss."
        ),
        Mistake("the last of several", _last_of_several, "Where the lowest loss is reached twice, return the first."),
        Mistake(
            "the first rise",
            _first_rise,
            "You stopped where the loss rose for the first time. A validation curve is noisy: it may fall again.",
        ),
        Mistake(
            "the last iterate",
            lambda validation: len(validation) - 1,
            "You returned the last step. The best one may have been long before.",
        ),
    ),
)
