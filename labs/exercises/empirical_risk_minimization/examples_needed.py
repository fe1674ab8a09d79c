"""Exercise 2.2: the size of a test set."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def examples_needed(error_rate: float, half_width: float, num_standard_errors: float) -> int:
    """The least number of test examples for which the measured error rate
    ± k standard errors is ± half_width or less.

    ``error_rate``, above 0 and below 1, is what you expect the true error
    rate to be; k is ``num_standard_errors``. No case asks for a width
    that some m meets exactly, so rounding errors do not matter.
    """
    variance = error_rate * (1 - error_rate)
    return math.ceil(variance * (num_standard_errors / half_width) ** 2)


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((0.1, 0.013, 2.0))
    yield Case((0.5, 0.031, 3.0), "the error rate is that of a coin")
    yield Case((0.02, 0.003, 4.0), "errors are rare")
    for _ in range(4):
        rate, width, k = torch.rand(3, generator=generator, dtype=torch.float64).tolist()
        yield Case((0.05 + 0.9 * rate, 0.1 + 0.1 * width, 1 + 3 * k))
    yield Case((0.98, 0.0031, 3.0), "nearly all is wrong")


def _rounded_down(error_rate, half_width, num_standard_errors):
    return examples_needed(error_rate, half_width, num_standard_errors) - 1


def _not_squared(error_rate, half_width, num_standard_errors):
    return math.ceil(error_rate * (1 - error_rate) * num_standard_errors / half_width)


def _one_standard_error(error_rate, half_width, num_standard_errors):
    return examples_needed(error_rate, half_width, 1.0)


def _worst_case(error_rate, half_width, num_standard_errors):
    return examples_needed(0.5, half_width, num_standard_errors)


def _whole_width(error_rate, half_width, num_standard_errors):
    return examples_needed(error_rate, half_width / 2, num_standard_errors)


EXERCISE = Exercise(
    id="2.2",
    title="How large must the test set be?",
    solution=examples_needed,
    cases=_cases,
    hints=(
        "The standard error is formula (2.3). Set k times it equal to half_width, and solve for m.",
        "m = R(1 − R)·(k / half_width)². It need not be whole; which way do you round?",
        "math.ceil: with one example fewer the interval would be wider than allowed.",
    ),
    analysis="Twice the precision takes four times the examples. To know an error rate of 2 % to ± 0.3 %, with four "
    "standard errors, takes some 35 000 of them: many reported differences are smaller than the test set can show. Two "
    "models on the same examples are told apart more cheaply, by the examples on which they disagree.",
    mistakes=(
        Mistake("rounded down", _rounded_down, "You rounded down: that many examples fall just short. Round up."),
        Mistake(
            "not squared",
            _not_squared,
            "The standard error falls as 1/√m, so m goes with the square of k / half_width.",
        ),
        Mistake("one standard error", _one_standard_error, "You left out k: the half width is k standard errors."),
        Mistake(
            "the worst case",
            _worst_case,
            "You took R(1 − R) for ¼, its largest value. That is safe; with the rate you expect, fewer will do.",
        ),
        Mistake(
            "not rounded",
            lambda error_rate, half_width, num_standard_errors: (
                error_rate * (1 - error_rate) * (num_standard_errors / half_width) ** 2
            ),
            "Nobody can label a part of an example: round up to a whole number.",
        ),
        Mistake(
            "the rate instead of the variance",
            lambda error_rate, half_width, num_standard_errors: math.ceil(
                error_rate * (num_standard_errors / half_width) ** 2
            ),
            "The variance of an error that comes with rate R is R(1 − R), not R.",
        ),
        Mistake("whole width", _whole_width, "You took half_width for the whole width: the interval is ± half_width."),
    ),
)
