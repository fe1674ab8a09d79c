"""Exercise 6.4: the height of the hill on the way."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def barrier_height(losses: torch.Tensor) -> float:
    """The barrier on a straight line, from the losses (T,) at T ≥ 2
    equally spaced points, both ends included.

    It is the largest excess of the loss over the straight line that joins
    the losses at the two ends.
    """
    ts = torch.linspace(0, 1, len(losses), dtype=losses.dtype)
    line = (1 - ts) * losses[0] + ts * losses[-1]
    return (losses - line).max().item()


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def case(values: list[float], note: str = "") -> Case:
        return Case((torch.tensor(values, dtype=torch.float64),), note)

    yield case([0.0, 1.0, 0.0])
    yield case([0.2, 0.9, 1.5, 0.8, 0.2], "both ends have the same loss")
    yield case([0.0, 1.0, 3.0, 3.5, 4.0], "the ends differ: on the way up there is a hill of 1")
    yield case([4.0, 3.0, 1.0, 0.5, 0.0], "the loss falls all the way, in a hollow")
    yield case([1.0, 0.2, 0.1, 0.4, 2.0], "the way runs below the line that joins the ends")
    yield case([0.3, 0.7], "nothing but the ends")
    yield case([2.0, 2.0, 2.0], "flat ground")
    ts = torch.linspace(0, 1, 26, dtype=torch.float64)
    drawn = torch.rand(3, generator=generator, dtype=torch.float64)
    hill = drawn[0] + 3 * drawn[1] * ts + 8 * drawn[2] * ts * (1 - ts) ** 2
    yield Case((hill,), "a tilted hill")
    yield Case((hill - 6 * drawn[2] * torch.sin(3.1 * ts),), "a tilted hollow")


def _line(losses):
    ts = torch.linspace(0, 1, len(losses), dtype=losses.dtype)
    return (1 - ts) * losses[0] + ts * losses[-1]


EXERCISE = Exercise(
    id="6.4",
    title="How high is the hill?",
    solution=barrier_height,
    cases=_cases,
    hints=(
        "At position t from 0 to 1, the line through the ends has the height (1 − t) J(0) + t J(1).",
        "Subtract that line from the losses, point by point, and take the largest difference.",
        "torch.linspace(0, 1, len(losses), dtype=losses.dtype) has the positions. The result is never negative, since "
        "the ends lie on the line.",
    ),
    analysis="Why not the maximum less the loss at an end? If the two networks are not equally good, the way from the "
    "better to the worse must rise, and that is no hill. A convex loss never rises above the line: its barrier is 0 "
    "between any two points, not only between minima.",
    mistakes=(
        Mistake(
            "from the higher end",
            lambda losses: (losses.max() - torch.maximum(losses[0], losses[-1])).item(),
            "You measured from the higher of the two ends. Measure from the line that joins them, at the same t.",
        ),
        Mistake(
            "from the mean of the ends",
            lambda losses: (losses.max() - (losses[0] + losses[-1]) / 2).item(),
            "You measured from the mean of the two ends. That is the line's height in the middle only.",
        ),
        Mistake(
            "from the lowest point",
            lambda losses: (losses.max() - losses.min()).item(),
            "You took the largest loss less the smallest: that is the range, not the excess over the line.",
        ),
        Mistake(
            "from the start",
            lambda losses: (losses.max() - losses[0]).item(),
            "You measured from the loss at the start. Where the ends differ, the line between them is tilted.",
        ),
        Mistake(
            "in the middle only",
            lambda losses: (losses - _line(losses))[len(losses) // 2].item(),
            "You looked at the middle alone. The hill may be highest elsewhere, and a hollow there is no hill.",
        ),
        Mistake(
            "the absolute value",
            lambda losses: (losses - _line(losses)).abs().max().item(),
            "A hollow is no hill: take the largest difference, not the largest absolute one.",
        ),
        Mistake(
            "the line backwards",
            lambda losses: (losses - _line(losses.flip(0))).max().item(),
            "Your line runs from the last loss to the first: at t = 0 it must have the height of the first.",
        ),
    ),
)
