"""Exercise 10.1: the mean squared distance at which a wrong gradient leaves descent."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def settled_square(learning_rate: float, lam: float, noise_sd: float, bias: float) -> float:
    """E[θ²] after very many steps θ ← θ − η(λθ + b + σξ), where ξ has
    mean 0 and variance 1, drawn anew at each step.

    η is the learning rate, lam = λ > 0 the curvature, σ > 0 the standard
    deviation of the noise and b the bias. Infinity where E[θ²] has no
    limit.
    """
    scaled = learning_rate * lam
    if scaled >= 2:
        return math.inf
    variance = learning_rate * noise_sd**2 / (lam * (2 - scaled))
    return (bias / lam) ** 2 + variance


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((0.1, 1.0, 1.0, 0.0), "there is noise alone")
    yield Case((1.0, 1.0, 2.0, 0.0), "one step forgets all that was before")
    yield Case((0.5, 3.0, 1.0, 0.6), "noise and a bias")
    yield Case((0.01, 0.2, 1e-6, -4.0), "there is next to no noise, and a negative bias")
    draw = torch.rand(4, generator=generator, dtype=torch.float64).tolist()
    yield Case((0.05 + 0.3 * draw[0], 0.5 + 4 * draw[1], 0.5 + draw[2], 3 * draw[3] - 1))
    yield Case((0.7, 3.0, 1.0, 1.0), "the learning rate is too large")
    yield Case((0.5, 4.0, 1.0, 0.0), "the learning rate is just too large")


def _with(rate, curve, sd, b, center=lambda b, curve: b / curve, over=lambda scaled: 2 - scaled, power=1, squared=True):
    if rate * curve >= 2:
        return math.inf
    spread = sd**2 if squared else sd
    return center(b, curve) ** 2 + rate**power * spread / (curve * over(rate * curve))


EXERCISE = Exercise(
    id="10.1",
    title="Where it settles",
    solution=settled_square,
    cases=_cases,
    hints=(
        "E[θ²] is the square of the mean plus the variance. The bias moves the one, the noise makes the other.",
        "The mean stands still where λm + b = 0. A step multiplies the variance by (1 − ηλ)² and adds η²σ².",
        "The variance is ησ²/(λ(2 − ηλ)); from ηλ = 2 on, each step makes it larger.",
    ),
    analysis="A smaller η makes the variance smaller, in proportion. The mean −b/λ has no η in it: neither patience "
    "nor a schedule moves it. That is the whole difference between a noisy gradient and a biased one.",
    mistakes=(
        Mistake(
            "small steps only",
            lambda rate, curve, sd, b: _with(rate, curve, sd, b, over=lambda scaled: 2.0),
            "This is the variance for very small steps, ησ²/(2λ). The exact one has 2 − ηλ in place of 2.",
        ),
        Mistake(
            "the bias not divided",
            lambda rate, curve, sd, b: _with(rate, curve, sd, b, center=lambda b, curve: b),
            "The mean stands still where the gradient's mean λm + b is zero: at −b/λ, not at −b.",
        ),
        Mistake(
            "the bias left out",
            lambda rate, curve, sd, b: _with(rate, curve, sd, b, center=lambda b, curve: 0.0),
            "You have the variance alone. E[θ²] also has the square of the mean, which the bias moves.",
        ),
        Mistake(
            "the bias scaled by the rate",
            lambda rate, curve, sd, b: _with(rate, curve, sd, b, center=lambda b, curve: rate * b / curve),
            "The learning rate does not change where the mean stands still: there is no η in −b/λ.",
        ),
        Mistake(
            "the squared rate",
            lambda rate, curve, sd, b: _with(rate, curve, sd, b, power=2),
            "A step adds η²σ², and the memory 1 − (1 − ηλ)² = ηλ(2 − ηλ) takes one η away again.",
        ),
        Mistake(
            "no divergence",
            lambda rate, curve, sd, b: (b / curve) ** 2 + rate * sd**2 / (curve * (2 - rate * curve) or 1e-300),
            "From ηλ = 2 on the variance grows at each step: there is no limit, whatever the formula says.",
        ),
    ),
)
