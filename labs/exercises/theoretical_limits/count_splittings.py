"""Exercise 12.2: how many assignments of sides split every triple."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Callable, Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake
from labs.limits import FANO_PLANE, random_triples


def count_splittings(triples: torch.Tensor, num_points: int) -> int:
    """In how many ways the points 0 … num_points − 1 can be given one of
    two sides so that no triple lies on one side.

    ``triples`` has shape (m, 3), whole numbers; num_points is at most 14.
    An assignment and its mirror image, all sides exchanged, count as two.
    """
    numbers = torch.arange(2**num_points)
    sides = (numbers[:, None] >> torch.arange(num_points)) & 1
    on_one = sides[:, triples].sum(-1)
    return int(((on_one > 0) & (on_one < 3)).all(-1).sum())


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((torch.tensor([[0, 1, 2]]), 3))
    yield Case((torch.tensor([[0, 1, 2]]), 5), "two points that are in no triple")
    yield Case((torch.tensor([[0, 1, 2], [2, 3, 4]]), 5))
    yield Case((FANO_PLANE, 7), "the Fano plane")
    for n, m in ((6, 5), (9, 10), (14, 12)):
        yield Case((random_triples(n, m, 1, generator)[0], n), f"{m} triples of {n} points")


def _counting(keeps: Callable) -> Callable:
    def answer(triples, num_points):
        sides = (torch.arange(2**num_points)[:, None] >> torch.arange(num_points)) & 1
        return int(keeps(sides[:, triples].sum(-1)).sum())

    return answer


EXERCISE = Exercise(
    id="12.2",
    title="How many ways to split?",
    solution=count_splittings,
    cases=_cases,
    hints=(
        "With at most 14 points there are at most 2¹⁴ assignments: all of them can be looked at.",
        "Write each assignment as a number in binary. Bit i of the number k is (k >> i) & 1.",
        "sides[:, triples].sum(-1) counts, for every assignment and triple, the points on side 1. A triple is split if "
        "the count is 1 or 2.",
    ),
    analysis="Each triple leaves three quarters of the assignments, so if they were independent, (3/4)ᵐ 2ⁿ would be "
    "left: less than one from about 2.4 triples a point on. That is near where the search of the chapter has the "
    "hardest time.",
    mistakes=(
        Mistake(
            "mirror images once",
            lambda triples, n: count_splittings(triples, n) // 2,
            "An assignment and its mirror image count as two.",
        ),
        Mistake(
            "one side only",
            _counting(lambda count: (count < 3).all(-1)),
            "You forbade triples on one of the sides only. They may lie on neither.",
        ),
        Mistake(
            "some triple",
            _counting(lambda count: ((count > 0) & (count < 3)).any(-1)),
            "Every triple must be split, not one of them.",
        ),
        Mistake(
            "those that fail",
            lambda triples, n: 2**n - count_splittings(triples, n),
            "You counted the assignments that leave a triple on one side.",
        ),
        Mistake(
            "triples as independent",
            lambda triples, n: 2**n * 0.75 ** len(triples),
            "This is the number if the triples were independent. They share points: count.",
        ),
        Mistake(
            "points of triples only",
            lambda triples, n: count_splittings(triples.unique(return_inverse=True)[1], len(triples.unique())),
            "Points that are in no triple have a side too: each doubles the number.",
        ),
    ),
    tolerance=1e-7,
)
