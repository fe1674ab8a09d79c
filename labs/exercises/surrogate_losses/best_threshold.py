"""Exercise 3.3: exact minimization of the 0-1 loss on a line, for many points."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def best_threshold(x: torch.Tensor, y: torch.Tensor) -> int:
    """The fewest errors of a rule "class 1 above c" or "class 1 below c",
    over all c.

    ``x`` (m,) are different numbers, ``y`` (m,) their classes, 0 or 1;
    m may be 200 000.
    """
    ones = y[x.argsort()]
    # With the first k points below c: the ones among them, and the zeros among the rest, are wrong.
    ones_below = torch.cat([torch.zeros(1, dtype=torch.int64), ones.cumsum(0)])
    zeros_below = torch.arange(len(y) + 1) - ones_below
    errors = ones_below + zeros_below[-1] - zeros_below
    return int(torch.minimum(errors, len(y) - errors).min())


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def draw(m, shift, noise):
        y = torch.randint(2, (m,), generator=generator)
        x = shift * y + noise * torch.randn(m, generator=generator, dtype=torch.float64)
        return x, y

    yield Case((torch.tensor([3.0, 1.0, 2.0, 4.0]), torch.tensor([1, 0, 1, 0])))
    yield Case(draw(50, 2.0, 1.0))
    yield Case(draw(50, -2.0, 1.0), "class 1 lies below")
    yield Case((torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]), torch.tensor([1, 1, 0, 1, 1])), "one class is rare")
    yield Case((torch.tensor([2.0, 1.0, 3.0]), torch.tensor([1, 1, 1])), "there is one class only")
    yield Case(draw(int(torch.randint(5, 60, (), generator=generator)), 1.0, 1.0))
    yield Case(draw(200_000, 1.0, 1.0), "m = 200 000")


def _one_way(x, y):
    ones = torch.cat([torch.zeros(1, dtype=torch.int64), y[x.argsort()].cumsum(0)])
    zeros = torch.arange(len(y) + 1) - ones
    return int((ones + zeros[-1] - zeros).min())


def _only_between(x, y):
    ones = y[x.argsort()].cumsum(0)
    zeros = torch.arange(1, len(y) + 1) - ones
    errors = (ones + zeros[-1] - zeros)[:-1]
    return int(torch.minimum(errors, len(y) - errors).min())


def _halfway(x, y):
    middle = (x[y == 1].mean() + x[y == 0].mean()) / 2
    errors = int(((x > middle).long() != y).sum())
    return min(errors, len(y) - errors)


def _larger_class(x, y):
    return int(min(y.sum(), len(y) - y.sum()))


def _unsorted(x, y):
    return best_threshold(torch.arange(len(y)), y)


def _at_zero(x, y):
    errors = int(((x > 0).long() != y).sum())
    return min(errors, len(y) - errors)


def _right_answers(x, y):
    return len(y) - best_threshold(x, y)


def _as_a_share(x, y):
    return best_threshold(x, y) / len(y)


EXERCISE = Exercise(
    id="3.3",
    title="The best cut, in one pass",
    solution=best_threshold,
    cases=_cases,
    hints=(
        "Only the order of x matters: sort y by it. There are m + 1 places to cut, the two ends included.",
        "Trying each cut by itself costs m² comparisons, too many here. How does the number of errors change when the "
        "cut moves past one point? cumsum gives all of them at once.",
        "With k points below the cut and class 1 above, the errors are the ones among the first k and the zeros among "
        "the others. The other orientation errs on exactly the points that this one gets right: m − errors.",
    ),
    analysis="In one dimension the 0-1 loss is minimized exactly for the price of sorting. Decision trees do nothing "
    "else, one feature at a time. In d dimensions some mᵈ/d! cuts take the place of m + 1, and no order to walk along.",
    mistakes=(
        Mistake("one orientation", _one_way, "You tried class 1 above the cut only; it may lie below."),
        Mistake(
            "no cut at the ends",
            _only_between,
            "A cut below all points, which puts all of them in one class, is a rule too, and here the best one.",
        ),
        Mistake(
            "half-way between the means",
            _halfway,
            "You cut half-way between the means. That need not be where the fewest errors are; nothing but the counts "
            "at all cuts can tell.",
        ),
        Mistake(
            "one class for all",
            _larger_class,
            "You put all points into the larger class. A cut between points errs less.",
        ),
        Mistake(
            "not sorted", _unsorted, "You went along the points in the order in which they come: sort y by x first."
        ),
        Mistake("a cut at 0", _at_zero, "You cut at 0. The best cut may be anywhere."),
        Mistake("what is right", _right_answers, "That is the number of right answers. Asked is that of the errors."),
        Mistake("a share", _as_a_share, "Return the number of errors, not their share."),
    ),
    seconds=3.0,
)
