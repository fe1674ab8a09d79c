"""Exercise 9.2: the forget bias that a memory needs."""

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def forget_bias_for(num_steps: int, share: float) -> float:
    """The forget bias b with which an LSTM's cell still has this share of
    its content after ``num_steps`` steps.

    Weights and inputs are zero, so that the forget gate is σ(b) at every
    step and nothing is added. 0 < share < 1.
    """
    gate = share ** (1 / num_steps)
    return math.log(gate / (1 - gate))


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((1, 0.5))
    yield Case((10, 0.5))
    yield Case((40, 0.1), "a share other than one half")
    yield Case((1000, 0.5), "a long memory")
    yield Case((2, 0.01), "a bias below 0")
    u, v = (float(part) for part in torch.rand(2, generator=generator, dtype=torch.float64))
    yield Case((int(5 + 95 * u), 0.05 + 0.9 * v))
    yield Case((int(20 + 300 * v), 0.05 + 0.4 * u))


def _logit(p):
    return math.log(p / (1 - p))


EXERCISE = Exercise(
    id="9.2",
    title="Which bias for which memory?",
    solution=forget_bias_for,
    cases=_cases,
    hints=(
        "Every step multiplies the cell by σ(b). What must σ(b) be, so that the product of all steps is the share?",
        "σ(b) = share ** (1 / num_steps). The logistic function is turned around by the logit.",
        "b = ln(p / (1 − p)) where p is the gate.",
    ),
    analysis="For half of it after 40 steps b is about 4; each doubling of the distance adds ln 2. The bias grows "
    "with the logarithm of the memory that is asked for, which is why 1 is so often too small and 3 goes a long way.",
    mistakes=(
        Mistake(
            "the gate itself",
            lambda num_steps, share: share ** (1 / num_steps),
            "That is the gate, σ(b). The bias is its logit, ln(p/(1 − p)).",
        ),
        Mistake(
            "one step",
            lambda num_steps, share: _logit(share),
            "With this bias the share is left after one step. The gate is applied at every step.",
        ),
        Mistake(
            "divided instead of the root",
            lambda num_steps, share: _logit(1 - (1 - share) / num_steps),
            "Losses do not add up to 1 − share: the gates multiply, so take the root.",
        ),
        Mistake(
            "always one half",
            lambda num_steps, share: _logit(0.5 ** (1 / num_steps)),
            "You took one half for the share, whatever was asked.",
        ),
        Mistake(
            "the sign turned",
            lambda num_steps, share: -_logit(share ** (1 / num_steps)),
            "The sign is turned: to keep, the gate must be near 1, and so the bias large.",
        ),
    ),
)
