"""Exercise 9.1: how long an eigencomponent lasts."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def steps_to_forget(eigenvalue: complex, share: float) -> int:
    """The least number of steps t ≥ 1 after which an eigencomponent has
    at most this share of its size left.

    0 < |eigenvalue| < 1 and 0 < share < 1. The eigenvalue may be real,
    negative or complex.
    """
    steps = math.log(share) / math.log(abs(eigenvalue))
    return max(1, math.ceil(steps))


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((0.9 + 0j, 0.1))
    yield Case((-0.9 + 0j, 0.01), "a negative eigenvalue")
    yield Case((0.6 + 0.7j, 0.05), "one of a complex pair, of size 0.92")
    yield Case((0.1 + 0.9j, 0.05), "one of a complex pair with a small real part")
    yield Case((0.2 + 0j, 0.5), "one step is enough")
    for note in ("", "drawn anew"):
        size, turn, share = (float(u) for u in torch.rand(3, generator=generator, dtype=torch.float64))
        size, turn, share = 0.5 + 0.45 * size, 0.5 + 2 * turn, 0.001 + 0.2 * share
        steps = math.log(share) / math.log(size)
        share = size ** (math.floor(steps) + 0.5)  # far from a whole number of steps
        yield Case((complex(size * math.cos(turn), size * math.sin(turn)), share), note)


def _steps(size, share):
    if not 0 < size < 1:
        return 0
    return max(1, math.ceil(math.log(share) / math.log(size)))


EXERCISE = Exercise(
    id="9.1",
    title="How long does it last?",
    solution=steps_to_forget,
    cases=_cases,
    hints=(
        "A step multiplies the component by λ, and so its size by |λ|.",
        "Solve |λ| ** t = share for t. abs() of a complex number is its size.",
        "Round up: after fewer steps more than the share is left.",
    ),
    analysis="With |λ| = 0.9, one per cent is left after 44 steps; with 0.99, after 459. To remember over T steps, 1 "
    "− |λ| must be of the order of 1/T.",
    mistakes=(
        Mistake(
            "the real part",
            lambda eigenvalue, share: _steps(abs(complex(eigenvalue).real), share),
            "You took the real part. A component shrinks by |λ| = √(re² + im²) a step.",
        ),
        Mistake(
            "rounded down",
            lambda eigenvalue, share: math.floor(math.log(share) / math.log(abs(eigenvalue))),
            "After your number of steps more than the share is left: round up.",
        ),
        Mistake(
            "the squared size",
            lambda eigenvalue, share: _steps(abs(eigenvalue) ** 2, share),
            "You used |λ|², the factor of the squared size.",
        ),
        Mistake(
            "a rate in continuous time",
            lambda eigenvalue, share: math.ceil(-math.log(share) / (1 - abs(eigenvalue))),
            "You used 1 − |λ| for −ln |λ|. The two agree only where |λ| is close to 1.",
        ),
        Mistake(
            "upside down",
            lambda eigenvalue, share: math.ceil(math.log(abs(eigenvalue)) / math.log(share)),
            "The quotient is upside down: t = ln share / ln |λ|.",
        ),
    ),
)
