"""Exercise 6.2: the same network, its hidden units in another order."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def reordered(
    W: torch.Tensor, b: torch.Tensor, V: torch.Tensor, order: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """W, b and V of the same function x ↦ V φ(W x + b) when the unit
    order[i] stands at place i.

    W has shape (n, d), b (n,), V (C, n), and order (n,) is a permutation
    of 0 … n − 1.
    """
    return W[order], b[order], V[:, order]


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def drawn(n: int, d: int, c: int, order: list[int] | None = None, note: str = "") -> Case:
        W, b, V = (torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in ((n, d), (n,), (c, n)))
        places = torch.randperm(n, generator=generator) if order is None else torch.tensor(order)
        return Case((W, b, V, places), note)

    yield drawn(3, 2, 1, [1, 0, 2], "the first two units are exchanged")
    yield drawn(3, 2, 2, [1, 2, 0], "three units go round: this order is not its own inverse")
    yield drawn(4, 4, 4, [2, 0, 3, 1], "all matrices are square")
    yield drawn(7, 3, 2, note="a random order")
    yield drawn(1, 2, 3, [0], "there is one unit")


def _inverse(W, b, V, order):
    return reordered(W, b, V, order.argsort())


EXERCISE = Exercise(
    id="6.2",
    title="The same network in another order",
    solution=reordered,
    cases=_cases,
    hints=(
        "Row i of W and entry i of b belong to the unit at place i. Where do its outgoing weights stand?",
        "Indexing with a tensor of whole numbers picks: W[order] has the row order[0] of W first.",
        "The outgoing weights of a unit are a column of V: V[:, order].",
    ),
    analysis="Three indexings, and not one output changes. Every optimizer that treats all weights alike, gradient "
    "descent and Adam included, commutes with this: train the reordered network, and its every step is the reordered "
    "step of the first.",
    mistakes=(
        Mistake(
            "outgoing weights forgotten",
            lambda W, b, V, order: (W[order], b[order], V),
            "You left V as it was: the outgoing weights have to go with their unit, or the function changes.",
        ),
        Mistake(
            "bias forgotten",
            lambda W, b, V, order: (W[order], b, V[:, order]),
            "You left b as it was: a unit takes its bias along.",
        ),
        Mistake(
            "the inverse order",
            _inverse,
            "You moved unit i to place order[i]. It is the other way round: the unit order[i] comes to place i.",
        ),
        Mistake(
            "outgoing weights in the inverse order",
            lambda W, b, V, order: (W[order], b[order], V[:, order.argsort()]),
            "The columns of V have to be picked in the same order as the rows of W, not in the inverse one.",
        ),
        Mistake(
            "rows of V",
            lambda W, b, V, order: (W[order], b[order], V[order]) if len(V) == len(order) else (W[order], b[order], V),
            "The outgoing weights of a unit are a column of V, not a row.",
        ),
        Mistake(
            "columns of W",
            lambda W, b, V, order: (
                (W[:, order], b[order], V[:, order]) if W.shape[1] == len(order) else (W, b[order], V[:, order])
            ),
            "The incoming weights of a unit are a row of W, not a column.",
        ),
    ),
)
