"""Exercise 7.4: the index of a critical point of a linear autoencoder."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def index_of_choice(eigenvalues: torch.Tensor, chosen: list[int], num_units: int) -> int:
    """The number of ways down at the critical point of a linear
    autoencoder that keeps the chosen eigenvectors.

    ``eigenvalues`` (n,) of the covariance are distinct, in any order;
    ``chosen`` has the places of r ≤ ``num_units`` of them.
    """
    kept = [float(eigenvalues[i]) for i in chosen]
    left = [float(eigenvalues[j]) for j in range(len(eigenvalues)) if j not in chosen]
    inverted = sum(other > mine for mine in kept for other in left)
    return inverted + (num_units - len(kept)) * len(left)


def _cases(generator: torch.Generator) -> Iterator[Case]:
    falling = torch.tensor([5.0, 4.0, 3.0, 2.0, 1.0], dtype=torch.float64)
    yield Case((falling, [0, 1], 2), "the minimum")
    yield Case((falling, [3, 4], 2), "the worst choice of two")
    yield Case((falling, [0, 2], 2))
    yield Case((falling, [0], 3), "two units are free")
    yield Case((falling, [], 3), "all units are free")
    yield Case((falling[[2, 0, 4, 1, 3]], [0, 2], 2), "the eigenvalues are in no order")
    yield Case((falling[[2, 0, 4, 1, 3]], [4], 2), "in no order, and a unit is free")
    values = torch.rand(7, generator=generator, dtype=torch.float64)
    places = torch.randperm(7, generator=generator).tolist()
    yield Case((values, places[:3], 3))
    yield Case((values, places[:3], 5))


def _count(eigenvalues, chosen):
    kept = [float(eigenvalues[i]) for i in chosen]
    left = [float(eigenvalues[j]) for j in range(len(eigenvalues)) if j not in chosen]
    return kept, left, sum(other > mine for mine in kept for other in left)


EXERCISE = Exercise(
    id="7.4",
    title="How deep in the list of saddles?",
    solution=index_of_choice,
    cases=_cases,
    hints=(
        "Each pair of a chosen and a left-out eigenvector whose eigenvalue is larger gives one way down.",
        "Each of the num_units − r free units can take up any of the n − r left-out directions.",
        "The index is the number of such pairs plus (num_units − r)(n − r).",
    ),
    analysis="Only one choice has index 0, the num_units largest. From every other there is a way down: the loss of a "
    "linear autoencoder is not convex, it has exponentially many saddles, and no bad minimum.",
    mistakes=(
        Mistake(
            "pairs alone",
            lambda eigenvalues, chosen, num_units: _count(eigenvalues, chosen)[2],
            "You forgot the free units: each can take up any left-out direction.",
        ),
        Mistake(
            "free units alone",
            lambda eigenvalues, chosen, num_units: (num_units - len(chosen)) * (len(eigenvalues) - len(chosen)),
            "You counted the free units alone. A chosen direction can also turn towards a better one.",
        ),
        Mistake(
            "the wrong pairs",
            lambda eigenvalues, chosen, num_units: (
                sum(other < mine for mine in _count(eigenvalues, chosen)[0] for other in _count(eigenvalues, chosen)[1])
                + (num_units - len(chosen)) * (len(eigenvalues) - len(chosen))
            ),
            "You counted pairs whose left-out eigenvalue is the smaller: turning there loses, and the loss rises.",
        ),
        Mistake(
            "order of the places",
            lambda eigenvalues, chosen, num_units: (
                sum(j < i for i in chosen for j in range(len(eigenvalues)) if j not in chosen)
                + (num_units - len(chosen)) * (len(eigenvalues) - len(chosen))
            ),
            "You compared places. The eigenvalues may come in any order: compare them.",
        ),
        Mistake(
            "all n directions",
            lambda eigenvalues, chosen, num_units: (
                _count(eigenvalues, chosen)[2] + (num_units - len(chosen)) * len(eigenvalues)
            ),
            "A free unit gains only by a direction that is left out: there are n − r of them.",
        ),
        Mistake(
            "wrong choices counted",
            lambda eigenvalues, chosen, num_units: (
                len(set(chosen) - set(eigenvalues.argsort(descending=True)[:num_units].tolist()))
                + (num_units - len(chosen)) * (len(eigenvalues) - len(chosen))
            ),
            "You counted the chosen directions that are not among the largest. Each may have several better ones to "
            "turn to.",
        ),
    ),
)
