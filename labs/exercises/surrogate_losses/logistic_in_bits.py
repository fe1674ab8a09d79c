"""Exercise 3.2: a bound on the error that survives large margins, with its slope."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator
from math import log

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def logistic_in_bits(m: torch.Tensor) -> torch.Tensor:
    """The logistic loss log₂(1 + e⁻ᵐ) and its derivative at each margin,
    shape (2, N).

    ``m`` (N,) holds margins of any size.
    """
    value = torch.nn.functional.softplus(-m)
    slope = -torch.sigmoid(-m)
    return torch.stack([value, slope]) / log(2)


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64),))
    yield Case((3 * torch.randn(40, generator=generator, dtype=torch.float64),))
    yield Case((torch.tensor([-2000.0, -800.0, 800.0, 2000.0], dtype=torch.float64),), "the margins are very large")
    yield Case((10 * torch.randn(int(torch.randint(1, 30, (), generator=generator)), generator=generator).double(),))


def _in_nats(m):
    return logistic_in_bits(m) * log(2)


def _overflowing(m):
    return torch.stack([torch.log2(1 + torch.exp(-m)), -torch.exp(-m) / (1 + torch.exp(-m)) / log(2)])


def _transposed(m):
    return logistic_in_bits(m).T


def _of_m(m):
    return logistic_in_bits(-m)


def _mean(m):
    return logistic_in_bits(m).mean(1)


def _uphill(m):
    return logistic_in_bits(m) * torch.tensor([[1.0], [-1.0]], dtype=m.dtype)


def _slope_in_nats(m):
    return logistic_in_bits(m) * torch.tensor([[1.0], [log(2)]], dtype=m.dtype)


EXERCISE = Exercise(
    id="3.2",
    title="A ceiling on the error",
    solution=logistic_in_bits,
    cases=_cases,
    hints=(
        "log₂ is log divided by log 2, and the same factor goes through the derivative.",
        "The derivative of log(1 + e⁻ᵐ) is −e⁻ᵐ/(1 + e⁻ᵐ) = −1/(1 + eᵐ) = −sigmoid(−m).",
        "e⁸⁰⁰ overflows. torch.nn.functional.softplus(−m) is log(1 + e⁻ᵐ) without that, and torch.sigmoid has the same "
        "care built in.",
    ),
    analysis="In bits the loss is 1 at margin 0, and so never below the 0-1 loss: its mean over the data is a ceiling "
    "on the error rate. Far on the wrong side it grows by 1.44 per unit of margin, and its slope never exceeds that: "
    "wherever an example lies, it pulls with a bounded force, but always with some.",
    mistakes=(
        Mistake(
            "in nats", _in_nats, "These are nats. Divided by log 2 they are bits, and 1 at margin 0, as the stair is."
        ),
        Mistake(
            "exp overflows",
            _overflowing,
            "For margins of −800 exp overflows: the loss becomes infinite, the slope ∞/∞. Use softplus and sigmoid.",
        ),
        Mistake("a row for each margin", _transposed, "Return two rows, the losses and the slopes, not two columns."),
        Mistake("log₂(1 + eᵐ)", _of_m, "You took eᵐ for e⁻ᵐ: the loss falls as the margin grows."),
        Mistake("their means", _mean, "These are means. Return the loss and the slope at each margin."),
        Mistake(
            "the value alone", lambda m: logistic_in_bits(m)[0], "These are the losses alone. The slopes are missing."
        ),
        Mistake("the slope is positive", _uphill, "The loss falls as the margin grows: its slope is negative."),
        Mistake("the slope is in nats", _slope_in_nats, "The loss is in bits and its slope in nats: divide both."),
    ),
    rowwise=True,
)
