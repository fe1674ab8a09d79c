"""Exercise 8.3: a threshold from a log of norms."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def threshold_for(norms: torch.Tensor, share: float) -> float:
    """The smallest of the logged norms (n,) that at most this share of
    them exceeds.

    Steps whose norm is NaN or infinite are left out, as if they had not
    been logged. 0 ≤ ``share`` < 1.
    """
    kept = norms[norms.isfinite()].sort().values
    may_exceed = math.floor(share * len(kept))
    return kept[len(kept) - 1 - may_exceed].item()


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def case(values: list[float], share: float, note: str = "") -> Case:
        return Case((torch.tensor(values, dtype=torch.float64), share), note)

    yield case([1.0, 2.0, 3.0, 4.0], 0.25, "one of four may exceed it")
    yield case([3.0, 1.0, 4.0, 2.0], 0.5, "not in order")
    yield case([1.0, 5.0, 2.0], 0.0, "none may exceed it")
    yield case([2.0, math.inf, 1.0, math.nan, 4.0, 3.0, 5.0, 6.0], 0.5, "two of the eight are not finite")
    yield case([1.0, 2.0, 2.0, 2.0, 7.0], 0.5, "equal norms")
    drawn = torch.exp(torch.randn(101, generator=generator, dtype=torch.float64))
    drawn[7] = math.inf
    yield Case((drawn, 0.125), "a hundred norms, an eighth of them may exceed it")
    yield case([0.7, 0.9, 0.8, 50.0, 1.0], 0.3, "0.3 of five steps is one and a half: one may exceed it")


def _kept(norms):
    return norms[norms.isfinite()]


EXERCISE = Exercise(
    id="8.3",
    title="What to clip at",
    solution=threshold_for,
    cases=_cases,
    hints=(
        "Throw away what is not finite, and sort the rest. How many of the n that are left may lie above?",
        "At most floor(share · n) of them. Count that many from the top.",
        "With k = math.floor(share * n), the answer is the sorted norm at place n − 1 − k.",
    ),
    analysis="This is the threshold that AutoClip recomputes at every step from all norms so far. A quantile is not "
    "spoiled by an explosion, however large; an average is, by a single one.",
    mistakes=(
        Mistake(
            "the lower quantile",
            lambda norms, share: _kept(norms).sort().values[math.floor(share * len(_kept(norms)))].item(),
            "You counted from below: so few of the norms would be below it. They may be above it.",
        ),
        Mistake(
            "one too high",
            lambda norms, share: (
                _kept(norms)
                .sort()
                .values[min(len(_kept(norms)) - math.floor(share * len(_kept(norms))), len(_kept(norms)) - 1)]
                .item()
            ),
            "A smaller one of the norms would do: exceeding means being larger, so the norm itself does not count.",
        ),
        Mistake(
            "infinite norms counted",
            lambda norms, share: (
                torch.where(norms.isnan(), math.inf, norms)
                .sort()
                .values[len(norms) - 1 - math.floor(share * len(norms))]
                .item()
            ),
            "You counted steps whose norm is not finite. Leave them out first.",
        ),
        Mistake(
            "interpolated",
            lambda norms, share: torch.quantile(_kept(norms), 1 - share).item(),
            "A quantile by interpolation may lie between two norms. Asked for is the smallest of the norms themselves.",
        ),
        Mistake(
            "the average",
            lambda norms, share: _kept(norms).mean().item(),
            "You returned the average. One explosion spoils it; count instead.",
        ),
        Mistake(
            "the largest",
            lambda norms, share: _kept(norms).max().item(),
            "You returned the largest norm, which none exceeds. A share of them may exceed the threshold.",
        ),
    ),
)
