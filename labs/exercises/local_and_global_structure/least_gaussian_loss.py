"""Exercise 11.3: a Gaussian likelihood that has a minimum."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def least_gaussian_loss(residuals: torch.Tensor, floor: float) -> float:
    """The least mean negative log-likelihood of residuals (N,) under a
    Gaussian of mean 0, over all its variances of at least floor > 0.
    """
    mse = float((residuals**2).mean())
    variance = max(mse, floor)
    return 0.5 * math.log(2 * math.pi * variance) + mse / (2 * variance)


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def case(values: list[float], floor: float, note: str = "") -> Case:
        return Case((torch.tensor(values, dtype=torch.float64), floor), note)

    yield case([1.0, -1.0, 2.0], 0.01, "the floor does not matter")
    yield case([0.1, -0.2, 0.05], 0.5, "the floor matters")
    yield case([0.0, 0.0], 1e-4, "a perfect fit: only the floor is left")
    yield case([3.0, 3.0, 3.0], 0.25, "residuals with a mean: the Gaussian's is 0 all the same")
    yield case([0.5], 0.09, "a single residual")
    drawn = torch.randn(50, generator=generator, dtype=torch.float64)
    yield Case(
        (drawn, 0.2),
    )
    yield Case((drawn, 4.0), "a floor above the mean square")


def _loss(mse, variance):
    return 0.5 * math.log(2 * math.pi * variance) + mse / (2 * variance)


def _mse(residuals):
    return float((residuals**2).mean())


EXERCISE = Exercise(
    id="11.3",
    title="A floor under the variance",
    solution=least_gaussian_loss,
    cases=_cases,
    hints=(
        "Formula (11.3) with β = 1/v: J(v) = MSE/(2v) + ½ log v + ½ log 2π. Where is its minimum over all v > 0?",
        "At v = MSE. To the right of it J rises, so if the floor is higher, the best v is the floor.",
        "v = max(MSE, floor), and J at that v. At the floor MSE/(2v) is no longer ½.",
    ),
    analysis="With the floor the loss cannot fall below ½ log(2π floor), and there is something to arrive at. Without "
    "it a network that fits all its targets sends the variance to 0. A prior on the variance does the same, softly.",
    mistakes=(
        Mistake(
            "no floor",
            lambda residuals, floor: _loss(_mse(residuals), max(_mse(residuals), 1e-300)),
            "You took the best variance of all; it must be at least the floor.",
        ),
        Mistake(
            "always the floor",
            lambda residuals, floor: _loss(_mse(residuals), floor),
            "You took the floor for the variance; where the mean square is larger, that is better.",
        ),
        Mistake(
            "½ at the floor too",
            lambda residuals, floor: 0.5 * math.log(2 * math.pi * math.e * max(_mse(residuals), floor)),
            "MSE/(2v) is ½ only where v is the mean square; at the floor it is less.",
        ),
        Mistake(
            "about the mean",
            lambda residuals, floor: _loss(
                float(residuals.var(correction=0)), max(float(residuals.var(correction=0)), floor)
            ),
            "You took the variance about the residuals' mean; the Gaussian has mean 0, so take the mean square.",
        ),
        Mistake(
            "a floor of the standard deviation",
            lambda residuals, floor: _loss(_mse(residuals), max(_mse(residuals), floor**2)),
            "You squared the floor: it is one of the variance.",
        ),
        Mistake(
            "a sum",
            lambda residuals, floor: len(residuals) * least_gaussian_loss(residuals, floor),
            "You summed over the residuals; the mean is asked for.",
        ),
        Mistake(
            "without 2π",
            lambda residuals, floor: least_gaussian_loss(residuals, floor) - 0.5 * math.log(2 * math.pi),
            "The constant ½ log 2π is missing.",
        ),
    ),
)
