"""Exercise 12.6: an open question, judged by the triples that are left on one side."""

# The stub names no type that its notebook lacks.
# mypy: disable-error-code="var-annotated, arg-type"
# mypy: allow-untyped-defs, allow-incomplete-defs

import random
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.reading import vector as as_vector
from labs.limits import random_triples, splits


def split_all(triples: torch.Tensor, num_points: int) -> torch.Tensor:
    """Sides (num_points,), each 0 or 1, such that no triple lies on one
    side.

    ``triples`` has shape (m, 3), whole numbers, three triples for every
    two points. There are 60 points, so 2⁶⁰ assignments, and a splitting
    exists.
    """
    lists = triples.tolist()
    at: list[list] = [[] for _ in range(num_points)]
    for triple in lists:
        for p in triple:
            at[p].append(triple)

    def broken(point, sides):
        return sum(len({sides[p] for p in t}) == 1 for t in at[point])

    while True:
        sides = [random.randrange(2) for _ in range(num_points)]
        for _ in range(3000):
            bad = [t for t in lists if len({sides[p] for p in t}) == 1]
            if not bad:
                return torch.tensor(sides)
            options = random.choice(bad)
            costs = {}
            for p in options:
                sides[p] = 1 - sides[p]
                costs[p] = broken(p, sides)
                sides[p] = 1 - sides[p]
            chosen = min(options, key=costs.__getitem__)
            if random.random() < 0.3:
                chosen = random.choice(options)
            sides[chosen] = 1 - sides[chosen]


NUM_POINTS, NUM_TRIPLES = 60, 90


def _cases(generator: torch.Generator) -> Iterator[Case]:
    for _ in range(3):
        hidden = torch.arange(NUM_POINTS) % 2 == 0
        hidden = hidden[torch.randperm(NUM_POINTS, generator=generator)]
        drawn = random_triples(NUM_POINTS, 4 * NUM_TRIPLES, 1, generator)[0]
        kept = drawn[splits(drawn[:, None], hidden)][:NUM_TRIPLES]
        yield Case((kept, NUM_POINTS), f"{NUM_POINTS} points, {len(kept)} triples")


def _judge(result, case) -> str:
    triples, num_points = case.arguments
    sides = as_vector(result, (num_points,), "the sides")
    if ((sides != 0) & (sides != 1)).any():
        other = sides[(sides != 0) & (sides != 1)][0].item()
        return f"A side is 0 or 1; yours has {other:g} in it."
    left = int((~splits(triples[:, None], sides > 0.5)).sum())
    if left == len(triples):
        return f"All {left} triples lie on one side."
    if left:
        return f"{left} of the {len(triples)} triples still lie on one side."
    return ""


def _greedy(triples, num_points):
    sides = [0.0] * num_points
    lists = triples.tolist()
    for point in range(num_points):
        costs = []
        for side in (0.0, 1.0):
            sides[point] = side
            costs.append(sum(max(t) == point and len({sides[p] for p in t}) == 1 for t in lists))
        sides[point] = float(costs[1] < costs[0])
    return torch.tensor(sides)


EXERCISE = Exercise(
    id="12.6",
    title="Beyond: split them all",
    solution=split_all,
    cases=_cases,
    hints=(
        "There is no single right way. Backtracking with good order, local search, or descent on a smooth surrogate "
        "all work here. What would tell you that an assignment is getting better?",
        "Local search: begin anywhere. While a triple lies on one side, take one such triple at random and move one of "
        "its three points to the other side.",
        "Move the point that leaves the fewest of its triples on one side, but in three of ten moves any of the three: "
        "that is what gets it out of dead ends.",
    ),
    analysis="Set splitting is NP-complete, and these instances fall in a moment: with 1.5 triples a point they lie "
    "far from the hard region. Try 2.1 triples a point, or 600 points. And note what your search cannot do: were there "
    "no splitting, it would never say so.",
    mistakes=(
        Mistake(
            "sides at random",
            lambda triples, n: torch.randint(0, 2, (n,)),
            "Sides drawn at random leave a quarter of the triples on one side. Go on from there.",
        ),
        Mistake(
            "by turns",
            lambda triples, n: torch.arange(n) % 2,
            "Dealing out the sides without a look at the triples is as good as drawing them at random.",
        ),
        Mistake("all on one side", lambda triples, n: torch.zeros(n), "Nothing is split if all points have one side."),
        Mistake("once through", _greedy, "One pass gets far; then points must be moved again."),
        Mistake("minus and plus", lambda triples, n: torch.arange(n) % 2 * 2.0 - 1, "Write the sides as 0 and 1."),
    ),
    judge=_judge,
    seconds=20.0,
)
