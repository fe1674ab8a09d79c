"""Exercise 6.3: the shortest of all ReLU networks that compute the same."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def balanced(W: torch.Tensor, b: torch.Tensor, V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """W, b and V of the same function x ↦ V relu(W x + b) with the least
    ‖W‖² + ‖b‖² + ‖V‖².

    W has shape (n, d), b (n,), V (C, n). Each unit is scaled on its own.
    A unit with nothing on one of its sides, all incoming weights and the
    bias zero or all outgoing weights zero, is left as it is.
    """
    inward = (W.square().sum(1) + b.square()).sqrt()
    outward = V.norm(dim=0)
    can = (inward > 0) & (outward > 0)
    alpha = torch.where(can, (outward / inward.where(can, 1.0)).sqrt(), 1.0)
    alpha = alpha.where(can, 1.0)
    return W * alpha[:, None], b * alpha, V / alpha


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    one = torch.ones(1, 1, dtype=torch.float64)
    yield Case((4 * one, 0 * one[0], one), "one unit with incoming weight 4 and outgoing weight 1")
    yield Case((normal(3, 2), normal(3), normal(1, 3)))
    scale = torch.exp(2 * normal(5))
    yield Case((normal(5, 3) * scale[:, None], normal(5) * scale, normal(2, 5)), "very lopsided units")
    yield Case((normal(4, 2), 20 * normal(4), normal(2, 4)), "large biases")
    W, b, V = normal(4, 2), normal(4), normal(3, 4)
    dead = torch.tensor([1.0, 0.0, 1.0, 1.0], dtype=torch.float64)
    yield Case((W, b, V * dead), "one unit has no outgoing weights")
    yield Case((W * dead[:, None], b * dead, V), "one unit has no incoming weights")


def _scaled(W, b, V, power=0.5, bias=True, scale_bias=True, together=False):
    inward = (W.square().sum(1) + (b.square() if bias else 0)).sqrt()
    outward = V.norm(dim=0)
    if together:
        inward, outward = inward.norm().expand_as(inward), outward.norm().expand_as(outward)
    can = (inward > 0) & (outward > 0)
    alpha = torch.where(can, (outward / inward.where(can, 1.0)).where(can, 1.0) ** power, 1.0)
    return W * alpha[:, None], b * alpha if scale_bias else b, V / alpha


def _unguarded(W, b, V):
    alpha = (V.norm(dim=0) / (W.square().sum(1) + b.square()).sqrt()).sqrt()
    return W * alpha[:, None], b * alpha, V / alpha


EXERCISE = Exercise(
    id="6.3",
    title="What weight decay is after",
    solution=balanced,
    cases=_cases,
    hints=(
        "Multiply the incoming side of a unit, its bias included, by α > 0 and divide its outgoing side by α. For "
        "which α is α²p² + q²/α² least, if p and q are the lengths of the two sides?",
        "Set the derivative to zero: α⁴ = q²/p², so α = √(q/p), and both sides then have the length √(pq).",
        "p is the length of (row of W, entry of b), q that of the column of V. Where p or q is 0, take α = 1.",
    ),
    analysis="The least sum is 2Σ pq: weight decay on both layers penalises the product of each unit's two sides, "
    "which does not depend on α. That is why it can push whole units to zero, as a penalty on |w| does, although it "
    "looks like a sum of squares.",
    mistakes=(
        Mistake(
            "without the root",
            lambda W, b, V: _scaled(W, b, V, power=1.0),
            "With α = q/p the two sides exchange their lengths. They become equal for α = √(q/p).",
        ),
        Mistake(
            "upside down",
            lambda W, b, V: _scaled(W, b, V, power=-0.5),
            "You made the longer side longer: the incoming side is multiplied by √(outgoing/incoming).",
        ),
        Mistake(
            "bias not counted",
            lambda W, b, V: _scaled(W, b, V, bias=False),
            "The bias enters the unit, too: it counts in the length of the incoming side.",
        ),
        Mistake(
            "bias not scaled",
            lambda W, b, V: _scaled(W, b, V, scale_bias=False),
            "You left b as it was. relu(αz) = α relu(z) needs the whole of z = W x + b to be multiplied by α.",
        ),
        Mistake(
            "one factor for all units",
            lambda W, b, V: _scaled(W, b, V, together=True),
            "You scaled all units alike. Each can be scaled on its own, and the sum is least if each is balanced.",
        ),
        Mistake(
            "division by zero",
            _unguarded,
            "A unit with nothing on one side has no best α: leave it as it is, with α = 1.",
        ),
    ),
)
