"""Exercise 2.4: where the steps of the staircase are."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def flip_times(x: torch.Tensor, w: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """All t > 0 at which some example's prediction flips as the weights move from w along v, in ascending order.

    The prediction for row i of x (m, d) is the sign of x[i] @ (w + t * v). Each example that flips counts once.
    """
    start, speed = x @ w, x @ v
    moving = speed != 0
    t = -start[moving] / speed[moving]
    return t[t > 0].sort().values


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    x = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, 2.0], [2.0, 0.0]], dtype=torch.float64)
    w, v = (torch.tensor(u, dtype=torch.float64) for u in ((1.0, 3.0), (-1.0, -1.0)))
    yield Case((x, w, v))
    yield Case((x, w, torch.tensor([0.0, -1.0], dtype=torch.float64)), "v leaves some scores as they are")
    yield Case((draw(40, 5), draw(5), draw(5)))
    yield Case((x, w, -w), "all scores vanish at the same time")
    yield Case((x, w, w), "the weights only grow longer")


def _both_directions(x, w, v):
    t = -(x @ w) / (x @ v)
    return t[t.isfinite()].sort().values


def _unsorted(x, w, v):
    start, speed = x @ w, x @ v
    t = -start[speed != 0] / speed[speed != 0]
    return t[t > 0]


def _wrong_sign(x, w, v):
    return flip_times(x, w, -v)


def _with_infinities(x, w, v):
    t = -(x @ w) / (x @ v)
    return t.abs()[(t > 0) | t.isinf()].sort().values


def _distinct(x, w, v):
    return flip_times(x, w, v).unique()


EXERCISE = Exercise(
    id="2.4",
    title="The steps of the staircase",
    solution=flip_times,
    cases=_cases,
    hints=(
        "The score of example i along the way is x[i]·w + t x[i]·v: a straight line in t. Where does it cross zero?",
        "At t = −(x[i]·w)/(x[i]·v), if the denominator is not zero. Which of these lie ahead?",
        "Leave out the examples with x @ v == 0 before dividing, keep t > 0, then .sort().values.",
    ),
    analysis="Between two of these times the empirical 0-1 risk does not change at all, and m examples make at most m "
    "steps: along a line it can be minimised exactly by sorting. Two parameters at a time is the subject of chapter 3, "
    "where the number of pieces grows as m to the power of the dimension.",
    mistakes=(
        Mistake("behind, too", _both_directions, "Some of your times are negative: those steps lie behind you."),
        Mistake("not sorted", _unsorted, "The times are right, but not in ascending order."),
        Mistake("wrong sign", _wrong_sign, "The sign is off: x·w + t x·v = 0 gives t = −(x·w)/(x·v)."),
        Mistake(
            "divided by zero",
            _with_infinities,
            "Examples with x·v = 0 never flip; their times are infinite in your result. Leave them out.",
        ),
        Mistake(
            "distinct times", _distinct, "Each example that flips counts, even when several do so at the same time."
        ),
    ),
)
