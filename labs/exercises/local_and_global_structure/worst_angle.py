"""Exercise 11.1: the largest angle between steepest descent and the way to the minimum."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def worst_angle(condition_number: float) -> float:
    """The largest angle, in degrees, between −g and the way to the
    minimum, over all points of a bowl with this condition number ≥ 1.
    """
    root = math.sqrt(condition_number)
    return math.degrees(math.acos(2 * root / (condition_number + 1)))


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((4.0,))
    yield Case((100.0,))
    yield Case((1.0,), "a round bowl: downhill points at the minimum, from everywhere")
    yield Case((1e6,), "a very long valley: nearly a right angle")
    yield Case((2 + 50 * float(torch.rand((), generator=generator)),))


def _cosine(condition_number):
    return 2 * math.sqrt(condition_number) / (condition_number + 1)


EXERCISE = Exercise(
    id="11.1",
    title="How far off can downhill be?",
    solution=worst_angle,
    cases=_cases,
    hints=(
        "Formula (11.5) has the cosine of the angle.",
        "A cosine becomes an angle by math.acos, in radians.",
        "math.degrees turns radians into degrees.",
    ),
    analysis="It is never 90 degrees: on a bowl a short step along −g always leads nearer to the minimum. The sine of "
    "the angle is (κ − 1)/(κ + 1), the factor by which the best learning rate of chapter 5 shrinks the error a step.",
    mistakes=(
        Mistake("radians", lambda kappa: math.acos(_cosine(kappa)), "Your angle is in radians: degrees are asked for."),
        Mistake("the cosine", _cosine, "You returned the cosine of the angle: take its arccosine."),
        Mistake(
            "the complement",
            lambda kappa: math.degrees(math.asin(_cosine(kappa))),
            "You took the arcsine, and so the angle to the level line. The formula has a cosine.",
        ),
        Mistake(
            "no root",
            lambda kappa: math.degrees(math.acos(min(1.0, 2 * kappa / (kappa + 1) ** 2 * 2))),
            "The numerator is twice the root of κ, and the denominator κ + 1 is not squared.",
        ),
    ),
)
