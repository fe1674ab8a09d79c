"""Exercise 12.1: what every search finds, on the mean over all functions."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def mean_of_best(num_values: int, num_looks: int) -> float:
    """The lowest value that a search has seen after ``num_looks`` looks,
    on the mean over all functions with the values 0 … num_values − 1.

    No point is looked at twice, and there are at least as many points as
    looks. Both numbers are at least 1; num_values can be 10 000.
    """
    return sum((v / num_values) ** num_looks for v in range(1, num_values))


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((2, 1))
    yield Case((4, 1), "a single look")
    yield Case((4, 3))
    yield Case((1, 5), "functions with one value")
    yield Case((10, 40), "more looks than values")
    for _ in range(2):
        values, looks = torch.randint(3, 30, (2,), generator=generator).tolist()
        yield Case((values, looks))
    yield Case((10_000, 2 + int(torch.randint(0, 9, (), generator=generator))), "many values")


EXERCISE = Exercise(
    id="12.1",
    title="What luck alone finds",
    solution=mean_of_best,
    cases=_cases,
    hints=(
        "Over all functions the values at different points are independent, each of the values equally often. Which "
        "points are looked at, and in which order, plays no part.",
        "The lowest of m values is at least v if all m of them are: in a share ((V − v)/V)ᵐ of the functions.",
        "The mean of a whole number that is never negative is the sum over v = 1, 2, … of the shares in which it is at "
        "least v. Sum ((V − v)/V)ᵐ over v = 1 … V − 1.",
    ),
    analysis="No search enters the formula: that is the theorem. For many values it is near V/(m + 1): twice the looks "
    "halve it, with or without a clever search.",
    mistakes=(
        Mistake(
            "the highest",
            lambda V, m: V - 1 - mean_of_best(V, m),
            "This is the mean of the highest value seen. The lowest is asked for.",
        ),
        Mistake(
            "one look", lambda V, m: (V - 1) / 2, "This is the mean value of one look; more looks find lower ones."
        ),
        Mistake(
            "values counted from 1",
            lambda V, m: mean_of_best(V, m) + 1,
            "You counted the values from 1; they begin with 0.",
        ),
        Mistake(
            "as if continuous", lambda V, m: V / (m + 1), "This is the limit for many values; sum over the values."
        ),
        Mistake(
            "different values",
            lambda V, m: max(V - m, 0) / (m + 1),
            "You took the values at the points looked at to be different; a function may have a value twice.",
        ),
        Mistake(
            "one look too many",
            lambda V, m: mean_of_best(V, m + 1),
            "You counted one look too many.",
        ),
    ),
)
