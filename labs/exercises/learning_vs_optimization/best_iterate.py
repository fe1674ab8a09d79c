"""Exercise 1.2: which iterate to keep."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def best_iterate(validation: torch.Tensor) -> int:
    """The step with the lowest validation loss, the first of them if there are several; readings may be NaN.

    ``validation`` (T,) holds the loss before each step.
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


def _last_of_several(validation):
    lowest = torch.nan_to_num(validation, nan=math.inf)
    return int((lowest == lowest.min()).nonzero().max())


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
            "You returned a step whose loss is NaN: argmin takes NaN for the smallest. Replace it by infinity first.",
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
