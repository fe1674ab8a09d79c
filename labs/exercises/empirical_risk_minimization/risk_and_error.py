"""Exercise 2.1: an empirical risk and how far to trust it."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def risk_and_error(per_example: torch.Tensor) -> torch.Tensor:
    """The empirical risk and its standard error, as a tensor of shape
    (2,), from the loss of each of m ≥ 2 examples.

    It works for any loss: 0-1, cross-entropy, squared error … The spread
    is estimated with m − 1.
    """
    m = len(per_example)
    return torch.stack([per_example.mean(), per_example.std() / m**0.5])


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def draw(m):
        return torch.rand(m, generator=generator, dtype=torch.float64)

    yield Case((-draw(12).log(),))
    yield Case(((draw(100) < 0.2).double(),), "the losses are 0 or 1")
    yield Case((draw(2),), "there are only two examples")
    yield Case((100 + draw(50),), "the losses are large and alike")
    yield Case((draw(30).square().float(),), "the losses are in float32")
    yield Case((torch.full((5,), 0.25, dtype=torch.float64),), "all losses are equal: the error is 0")
    yield Case((10 * draw(int(torch.randint(3, 40, (), generator=generator))).square(),))


def _no_root(per_example):
    return torch.stack([per_example.mean(), per_example.std()])


def _over_m(per_example):
    return torch.stack([per_example.mean(), per_example.std() / len(per_example)])


def _biased(per_example):
    return torch.stack([per_example.mean(), per_example.std(correction=0) / len(per_example) ** 0.5])


def _summed(per_example):
    return risk_and_error(per_example) * torch.tensor([len(per_example), 1], dtype=per_example.dtype)


def _binomial(per_example):
    risk = per_example.mean()
    return torch.stack([risk, (risk * (1 - risk) / len(per_example)) ** 0.5])


EXERCISE = Exercise(
    id="2.1",
    title="A score and its error bar",
    solution=risk_and_error,
    cases=_cases,
    hints=(
        "The empirical risk is a mean. The standard error of a mean is the spread of one example, over √m.",
        "The spread is estimated from the same examples, and around their own mean: divide the squares by m − 1.",
        "per_example.std() already divides by m − 1. Stack the two numbers with torch.stack([…, …]).",
    ),
    analysis="For a 0-1 loss this is √(R̂(1 − R̂)/(m − 1)), so a share of errors carries its own error bar. Both "
    "numbers cost nothing once the loss of each example is kept: ask for reduction='none' and average yourself.",
    mistakes=(
        Mistake(
            "the spread of one example",
            _no_root,
            "Your second number is the spread of one example. Their mean varies less, by a factor √m.",
        ),
        Mistake("over m", _over_m, "The standard error falls as 1/√m, not as 1/m."),
        Mistake(
            "m instead of m − 1",
            _biased,
            "You divided the squares by m. The mean was fitted to the same examples, which leaves m − 1.",
        ),
        Mistake(
            "the variance",
            lambda per_example: torch.stack([per_example.mean(), per_example.var() / len(per_example)]),
            "Your second number is the variance of the mean; the standard error is its root.",
        ),
        Mistake(
            "the other way round",
            lambda per_example: risk_and_error(per_example).flip(0),
            "The two are in the wrong order: the risk comes first.",
        ),
        Mistake("summed", _summed, "Your risk is m times too large: you summed, and a risk is a mean."),
        Mistake(
            "only for 0-1",
            _binomial,
            "√(R̂(1 − R̂)/m) is right for losses of 0 and 1 only (and there with m − 1). Use the spread of the losses.",
        ),
    ),
    tolerance=1e-4,
    rowwise=True,
)
