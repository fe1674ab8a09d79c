"""Exercise 7.3: the time to escape from a saddle."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def steps_to_leave(distance: float, curvature: float, learning_rate: float) -> int:
    """After how many steps gradient descent is at least 1 away from a
    saddle, along its one way down.

    The start is ``distance`` > 0 away along that direction, where the
    loss is ½ λ x², with λ the ``curvature`` < 0.
    """
    if distance >= 1:
        return 0
    return math.ceil(math.log(1 / distance) / math.log1p(-learning_rate * curvature))


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def drawn(low: float, high: float) -> float:
        return low * (high / low) ** float(torch.rand((), generator=generator, dtype=torch.float64))

    yield Case((0.3, -1.0, 1.0), "each step doubles the distance")
    yield Case((1e-3, -1.0, 0.1))
    yield Case((1e-6, -0.3, 0.05), "near the saddle, with little curvature")
    yield Case((0.37, -5.0, 0.5), "large steps")
    yield Case((2.5, -1.0, 0.1), "the start is far enough already")
    yield Case((1e-12, -1e-4, 0.1), "a plateau")
    yield Case((drawn(1e-9, 1e-2), -drawn(0.1, 3.0), drawn(0.01, 0.5)))


EXERCISE = Exercise(
    id="7.3",
    title="How long on the saddle?",
    solution=steps_to_leave,
    cases=_cases,
    hints=(
        "The gradient of ½ λ x² is λx. By what factor does one step multiply x?",
        "The factor is 1 − ηλ = 1 + η|λ|. Solve δ · factorᵗ = 1 for t.",
        "Round up, and return 0 where the start is at least 1 away.",
    ),
    analysis="A start a thousand times nearer costs log 1000/log(1 + η|λ|) more steps: little, by itself. What makes a "
    "plateau long is the curvature: half of it, and the time doubles.",
    mistakes=(
        Mistake(
            "rounded down",
            lambda distance, curvature, learning_rate: max(
                0, math.floor(math.log(1 / distance) / math.log1p(-learning_rate * curvature))
            ),
            "After your number of steps the distance is still below 1: round up.",
        ),
        Mistake(
            "for small steps only",
            lambda distance, curvature, learning_rate: max(
                0, math.ceil(math.log(1 / distance) / (-learning_rate * curvature))
            ),
            "log(1 + η|λ|) is about η|λ| for small steps only: here the difference counts.",
        ),
        Mistake(
            "shrinking",
            lambda distance, curvature, learning_rate: (
                0
                if distance >= 1
                else math.ceil(math.log(1 / distance) / -math.log(max(1e-9, 1 + learning_rate * curvature)))
            ),
            "1 − η|λ| is the factor of a minimum. Where λ < 0, a step multiplies the distance by 1 + η|λ|.",
        ),
        Mistake(
            "never zero",
            lambda distance, curvature, learning_rate: math.ceil(
                math.log(1 / distance) / math.log1p(-learning_rate * curvature)
            ),
            "A number of steps is never negative: a start that is at least 1 away has left after 0 steps.",
        ),
        Mistake(
            "the loss instead of the distance",
            lambda distance, curvature, learning_rate: max(
                0, math.ceil(2 * math.log(1 / distance) / math.log1p(-learning_rate * curvature))
            ),
            "You counted twice: the loss grows by the factor's square, the distance by the factor.",
        ),
    ),
)
