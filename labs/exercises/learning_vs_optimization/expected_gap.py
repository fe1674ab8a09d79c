"""Exercise 1.4: the gap between training and test error of least squares."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def expected_gap(num_examples: int, num_features: int, noise_sd: float) -> float:
    """E[J*] − E[J] of least squares, p features, m examples, p ≤ m + 1.

    Mean squared errors: J* on new examples, J on the m; ``noise_sd`` is
    σ. E[J*] is infinite for p = m − 1, m and m + 1: return math.inf.
    """
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
    yield Case((50, 48, 1.0), "p = m − 2, the last finite one")
    for features, where in ((49, "p = m − 1"), (50, "p = m"), (51, "p = m + 1")):
        yield Case((50, features, 1.5), where)
    m = int(torch.randint(5, 60, (), generator=generator))
    yield Case((m, m - 2, 0.3), "p = m − 2, the last finite one")
    yield Case((m, m - 1, 0.3), "p = m − 1, the first infinite one")


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


def _too_early(num_examples, num_features, noise_sd):
    m, p = num_examples, num_features
    return math.inf if p >= m - 2 else expected_gap(m, p, noise_sd)


def _too_late(num_examples, num_features, noise_sd):
    m, p = num_examples, num_features
    return noise_sd**2 * (p / m + p / max(m - p - 1, 1)) if p < m else math.inf


def _true_error(num_examples, num_features, noise_sd):
    m, p = num_examples, num_features
    return math.inf if p >= m - 1 else noise_sd**2 * (1 + p / (m - p - 1))


def _training_side_only(num_examples, num_features, noise_sd):
    m, p = num_examples, num_features
    return math.inf if p >= m - 1 else noise_sd**2 * p / m


EXERCISE = Exercise(
    id="1.4",
    title="The gap before the fit",
    solution=expected_gap,
    cases=_cases,
    hints=(
        "Take the two sides of formula (1.3) and subtract.",
        "σ² cancels nowhere: it multiplies both terms. And noise_sd is σ, not σ².",
        "The formula holds for p < m − 1. At m − 1, m and m + 1 the expected true error is infinite: return math.inf.",
    ),
    analysis="For p much smaller than m both terms are about σ²p/m, so the gap is 2σ²p/m: the correction in Mallows's "
    "C_p and in Akaike's criterion. Near p = m the right-hand term takes over. From p = m on the fit is not "
    "unique, and the one picked decides: the shortest has a finite expected error again for p > m + 1, namely "
    "σ²(1 + m/(p − m − 1)) + ‖w‖²(1 − m/p), which needs the true w.",
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
        Mistake("no limit", _no_limit, "From p = m − 1 on the formula has no meaning: return math.inf there."),
        Mistake(
            "infinite too early", _too_early, "At p = m − 2 the formula still holds: m − p − 1 is 1 there, and not 0."
        ),
        Mistake(
            "infinite too late", _too_late, "At p = m − 1 the denominator m − p − 1 is 0: E[J*] is infinite there, too."
        ),
        Mistake("E[J*] alone", _true_error, "That is E[J*]. Subtract E[J] from it, the error on the examples fitted."),
        Mistake(
            "the left side only",
            _training_side_only,
            "You subtracted E[J] from σ². The true error lies above σ², by σ²p/(m − p − 1): add that.",
        ),
    ),
)
