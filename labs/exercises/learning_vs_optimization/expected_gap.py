"""Exercise 1.4: the gap between training and test error of least squares."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def expected_gap(num_examples: int, num_features: int, noise_sd: float) -> float:
    """E[J*] − E[J], mean squared errors of least squares on Gaussian features; math.inf where E[J*] is infinite."""
    m, p, variance = num_examples, num_features, noise_sd**2
    if p >= m - 1:
        return math.inf
    return variance * (p / m + p / (m - p - 1))


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((100, 20, 1.0))
    yield Case((100, 50, 0.5), "the noise is not 1")
    for _ in range(4):
        m = int(torch.randint(30, 300, (), generator=generator))
        p = int(torch.randint(1, m - 2, (), generator=generator))
        yield Case((m, p, 0.1 + float(torch.rand((), generator=generator))))
    yield Case((50, 49, 1.0), "as many parameters as the noise has room for")
    yield Case((50, 80, 1.0), "more features than examples")


def _not_squared(num_examples, num_features, noise_sd):
    return expected_gap(num_examples, num_features, noise_sd) / noise_sd


def _test_side_only(num_examples, num_features, noise_sd):
    m, p = num_examples, num_features
    return math.inf if p >= m - 1 else noise_sd**2 * p / (m - p - 1)


def _symmetric(num_examples, num_features, noise_sd):
    m, p = num_examples, num_features
    return math.inf if p >= m - 1 else noise_sd**2 * 2 * p / m


def _no_limit(num_examples, num_features, noise_sd):
    m, p = num_examples, num_features
    return noise_sd**2 * (p / m + p / (m - p - 1)) if p != m - 1 else math.inf


EXERCISE = Exercise(
    id="1.4",
    title="The gap before the fit",
    solution=expected_gap,
    cases=_cases,
    hints=(
        "Take the two sides of formula (1.3) and subtract.",
        "σ² cancels nowhere: it multiplies both terms. And noise_sd is σ, not σ².",
        "The formula holds for p < m − 1. From there on the expected true error is infinite: return math.inf.",
    ),
    analysis="For p much smaller than m both terms are about σ²p/m, so the gap is 2σ²p/m: the correction in Mallows's "
    "C_p and in Akaike's criterion. Near p = m the right-hand term takes over. Beyond, the fit is not unique, and "
    "which solution is picked decides the error.",
    mistakes=(
        Mistake("σ instead of σ²", _not_squared, "The gap is proportional to the variance: square noise_sd."),
        Mistake(
            "one side only",
            _test_side_only,
            "You subtracted σ² instead of E[J]. The training error lies below σ², by σ²p/m.",
        ),
        Mistake(
            "twice the left side",
            _symmetric,
            "2σ²p/m is the approximation for p ≪ m. The true error rises faster: p/(m − p − 1).",
        ),
        Mistake("no limit", _no_limit, "Beyond p = m − 1 the formula has no meaning: return math.inf there."),
    ),
)
