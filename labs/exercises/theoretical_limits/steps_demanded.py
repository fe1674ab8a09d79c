"""Exercise 12.4: how many steps Nesterov's bound demands."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def steps_demanded(smoothness: float, distance: float, excess: float) -> int:
    """The least number of steps k ≥ 0 for which Nesterov's bound allows
    f − f* to be ``excess``.

    The bound is 3 L d² / (32 (k + 1)²), with L the ``smoothness`` and d
    the ``distance`` from the start to the minimum. All are positive.
    """
    ratio = math.sqrt(3 * smoothness / (32 * excess)) * distance
    return max(0, math.ceil(ratio - 1))


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((1.0, 1.0, 0.01))
    yield Case((1.0, 10.0, 0.01), "ten times the distance")
    yield Case((100.0, 1.0, 1e-4), "a steep function")
    yield Case((1.0, 1.0, 1.0), "no step is demanded")
    yield Case((2.0, 3.0, 1e-9), "a small excess")
    for _ in range(3):
        draw = torch.rand(3, generator=generator, dtype=torch.float64)
        steps = int(5 + 500 * draw[0]) + 0.2 + 0.6 * float(draw[1])  # k + 1 is clear of whole numbers
        top, distance = 0.5 + 5 * float(draw[2]), 1 + 3 * float(draw[1])
        yield Case((top, distance, 3 * top * distance**2 / (32 * steps**2)))


def _ratio(smoothness, distance, excess):
    return math.sqrt(3 * smoothness / (32 * excess)) * distance


EXERCISE = Exercise(
    id="12.4",
    title="How many steps must it take?",
    solution=steps_demanded,
    cases=_cases,
    hints=(
        "The bound falls as k grows. From which k on is it at most ``excess``?",
        "Solve 3 L d²/(32 (k + 1)²) ≤ ε for k + 1, and mind the square root.",
        "k + 1 ≥ d √(3L/(32 ε)). Subtract 1, round up, and return at least 0.",
    ),
    analysis="A hundredth of the excess costs ten times the steps. For strongly convex functions, with κ finite, the "
    "same argument gives a number of steps in proportion to √κ times the logarithm of the precision: momentum has "
    "that, and no method on gradients alone has more.",
    mistakes=(
        Mistake("one step too many", lambda L, d, e: math.ceil(_ratio(L, d, e)), "The bound has (k + 1)²: subtract 1."),
        Mistake(
            "rounded down",
            lambda L, d, e: max(0, math.floor(_ratio(L, d, e) - 1)),
            "After your number of steps the bound is still above the excess: round up.",
        ),
        Mistake(
            "the root forgotten",
            lambda L, d, e: max(0, math.ceil(_ratio(L, d, e) ** 2 - 1)),
            "The bound has the square of k + 1: take the root.",
        ),
        Mistake(
            "the distance not squared",
            lambda L, d, e: max(0, math.ceil(_ratio(L, math.sqrt(d), e) - 1)),
            "The bound has the square of the distance.",
        ),
        Mistake(
            "negative",
            lambda L, d, e: math.ceil(_ratio(L, d, e) - 1.5) if _ratio(L, d, e) < 1 else steps_demanded(L, d, e) + 1,
            "A number of steps is not negative.",
        ),
        Mistake(
            "the bound itself",
            lambda L, d, e: 3 * L * d**2 / (32 * e),
            "This is (k + 1)², not k.",
        ),
    ),
)
