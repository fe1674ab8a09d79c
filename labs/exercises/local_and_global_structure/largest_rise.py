"""Exercise 11.4: by how much a straight line goes uphill."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def largest_rise(losses: torch.Tensor) -> torch.Tensor:
    """For each of R lines, the most by which the loss at some point
    exceeds that at an earlier one; 0 where it never rises. Shape (R,).

    losses (T, R) holds the losses at T ≥ 2 points of each line, the first
    ones finite. Where a loss is NaN or infinite, the rise is infinite.
    """
    losses = torch.where(losses.isfinite(), losses, torch.inf)
    lowest = losses.cummin(dim=0).values
    return (losses - lowest).amax(dim=0)


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def case(lines: list[list[float]], note: str = "") -> Case:
        return Case((torch.tensor(lines, dtype=torch.float64).T,), note)

    yield case([[3, 2, 1, 0], [3, 1, 2, 0]], "one line falls, the other has a bump of 1")
    yield case([[5, 1, 2, 3, 2.5]], "the rise takes two steps")
    yield case([[2, 3, 0, 0.5, 0.25]], "the largest rise is not the last one")
    yield case([[1, 4, 2, 6, 0]], "from the lowest point before, not from the last hollow")
    yield case([[4, 0, 3, 1, 2]], "what comes before a low point may be higher than what comes after")
    yield case([[1, 1, 1], [2, 1, 3]], "flat ground never rises")
    yield case([[2, math.nan, 1], [2, 1, math.inf], [3, 2, 1]], "losses that are not finite")
    drawn = torch.randn(17, 6, generator=generator, dtype=torch.float64).cumsum(0)
    yield Case((drawn,), "six lines at random")


def _inf(losses):
    return torch.where(losses.isfinite(), losses, torch.inf)


EXERCISE = Exercise(
    id="11.4",
    title="How high does the line rise?",
    solution=largest_rise,
    cases=_cases,
    hints=(
        "At each point, what is the lowest loss so far? The rise up to there is the excess over it.",
        "torch.cummin(losses, dim=0).values has the lowest loss so far, for all lines at once.",
        "The rise is the largest excess over all points. Before all that, put ∞ in the place of NaN.",
    ),
    analysis="Lucas et al. (2021) call a line monotone if no bump on it exceeds a small share of the loss, because "
    "rounding and a last tremble would otherwise count. This number is what such a tolerance is held against. It is "
    "no barrier: it is measured from the lowest point before, not from the line through the ends.",
    mistakes=(
        Mistake(
            "steps alone",
            lambda losses: _inf(losses).diff(dim=0).amax(0).clamp(min=0),
            "You compared neighbours only; a rise may take several steps.",
        ),
        Mistake(
            "from the start",
            lambda losses: _inf(losses - losses[0]).amax(0).clamp(min=0),
            "You measured from the first loss; the rise may begin lower, at any earlier point.",
        ),
        Mistake(
            "to the end",
            lambda losses: _inf(losses[-1] - losses.amin(0)),
            "You measured up to the last point; the highest point after a low one may lie before it.",
        ),
        Mistake(
            "the range",
            lambda losses: _inf(losses.amax(0) - losses.amin(0)),
            "You took the highest loss less the lowest; the higher one must come later.",
        ),
        Mistake(
            "rises added up",
            lambda losses: _inf(losses).diff(dim=0).clamp(min=0).sum(0),
            "You added up all rises; the falls between them bring it down again.",
        ),
        Mistake(
            "NaN kept",
            lambda losses: (losses - losses.cummin(0).values).amax(0),
            "Put ∞ in the place of NaN first.",
        ),
    ),
)
