"""Exercise 2.4: where the steps of the staircase are."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def flip_times(x: torch.Tensor, w: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """All t > 0 at which some example's prediction flips as the weights
    move from w along v, in ascending order.

    The prediction for row i of x (m, d) is the sign of
    x[i] @ (w + t * v). Each example that flips counts once; one whose
    score is 0 at t = 0, or never changes, flips at no t > 0. If nothing
    flips, the result is empty.
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
    yield Case((x, w, w), "the weights only grow longer: nothing flips")
    rows = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [2.0, -1.0]], dtype=torch.float64)
    up = torch.tensor([0.0, 1.0], dtype=torch.float64)
    yield Case((rows, torch.tensor([3.0, -2.0], dtype=torch.float64), up), "one row is 0, two scores never change")
    yield Case((rows, up, torch.tensor([1.0, -2.0], dtype=torch.float64)), "two scores are 0 at the start")
    yield Case((draw(12, 3), draw(3), 1e-9 * draw(3)), "the steps are tiny, the times large")
    yield Case((draw(int(torch.randint(5, 60, (), generator=generator)), 4), draw(4), draw(4)))


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
    return t[t > 0].sort().values


def _from_zero(x, w, v):
    start, speed = x @ w, x @ v
    t = -start[speed != 0] / speed[speed != 0]
    return t[t >= 0].sort().values


def _in_a_window(x, w, v):
    t = flip_times(x, w, v)
    return t[t <= 1e3]


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
            "from zero on",
            _from_zero,
            "An example whose score is 0 at t = 0 has not flipped at any t > 0: leave it out.",
        ),
        Mistake(
            "within a window",
            _in_a_window,
            "Some flips are missing: they come late. The line has no end, so no grid of times finds them all.",
        ),
        Mistake(
            "descending",
            lambda x, w, v: flip_times(x, w, v).flip(0),
            "The times are right, but in descending order.",
        ),
        Mistake(
            "distinct times", _distinct, "Each example that flips counts, even when several do so at the same time."
        ),
    ),
)
