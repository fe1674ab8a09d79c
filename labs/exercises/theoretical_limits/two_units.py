"""Exercise 12.3: the weights that a splitting gives, judged by what the network does."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.reading import listed
from labs.exercises.reading import vector as as_vector
from labs.limits import backtrack, random_triples, three_unit_examples


def two_units(triples: torch.Tensor, sides: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights (2, n) and biases (2,) of two threshold units whose AND is
    right on Blum and Rivest's examples.

    ``triples`` has shape (m, 3). ``sides`` (n,) holds 0 or 1 for each
    point, and no triple lies on one side. A unit says yes where
    w · x + b > 0. Both must say yes to the origin and to the sum of the
    three unit vectors of each triple; at least one must say no to each
    unit vector. Keep every w · x + b at least 0.001 away from 0.
    """
    own = torch.stack([sides == 0, sides == 1])
    weight = torch.where(own, -1.0, 2.0)
    return weight, torch.tensor([0.5, 0.5])


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((torch.tensor([[0, 1, 2]]), torch.tensor([0, 1, 1])), "one point against two")
    yield Case((torch.tensor([[0, 1, 2]]), torch.tensor([1, 1, 0])), "two points against one")
    yield Case((torch.tensor([[0, 1, 2], [1, 2, 3]]), torch.tensor([0, 0, 1, 1])))
    for n, m in ((8, 8), (12, 14)):
        found = backtrack(random_triples(n, m, 40, generator), n)
        k = int(found.splittable.int().argmax())
        again = random_triples(n, 6 * m, 1, generator)[0]
        sides = found.sides[k].long()
        split = sides[again].sum(-1)
        yield Case((again[(split > 0) & (split < 3)], sides), f"{n} points")


def _judge(result, case) -> str:
    triples, sides = case.arguments
    parts = listed(result, 2)
    weight = as_vector(parts[0], (2, len(sides)), "the weights first")
    bias = as_vector(parts[1], (2,), "the biases second")
    x, _ = three_unit_examples(triples, len(sides))
    values = x.double() @ weight.T + bias
    if (values.abs() < 1e-3 - 1e-9).any():
        row = int((values.abs() < 1e-3).any(-1).int().argmax())
        return f"On the example {x[row].int().tolist()} a unit has w · x + b nearer to 0 than 0.001."
    yes = values > 0
    if not yes[0].all():
        return "A unit says no to the origin; there w · x + b is b, so both biases must be positive."
    corners = yes[1 : len(sides) + 1].all(-1)
    if corners.any():
        point = int(corners.int().argmax())
        return f"Both units say yes to the unit vector of point {point}; one of them must say no."
    sums = yes[len(sides) + 1 :].all(-1)
    if not sums.all():
        worst = int((~sums).int().argmax())
        return f"A unit says no to the sum over the triple {triples[worst].tolist()}; both must say yes."
    return ""


def _with(inside: float, outside: float, bias: float):
    def answer(triples, sides):
        own = torch.stack([sides == 0, sides == 1])
        return torch.where(own, inside, outside), torch.full((2,), bias)

    return answer


EXERCISE = Exercise(
    id="12.3",
    title="From a splitting to weights",
    solution=two_units,
    cases=_cases,
    hints=(
        "Let unit 1 reject the unit vectors of the points on side 0, and unit 2 those of the others. What follows for "
        "the sign of w + b there, and of b?",
        "A triple has at most two points on a unit's own side, and at least one outside. The one outside must "
        "outweigh two inside.",
        "With b = ½, weight −1 on the own side and 2 outside: −1 + ½ < 0 rejects, and −1 − 1 + 2 + ½ > 0 accepts.",
    ),
    analysis="The other half of the proof is in the text: weights give a splitting. So whoever can train these three "
    "units can split every set of triples, and whoever can split sets of triples can train them.",
    mistakes=(
        Mistake(
            "one does not outweigh two",
            _with(-1.0, 1.0, 0.5),
            "Two points on a unit's own side weigh more than the one outside.",
        ),
        Mistake("no bias", _with(-1.0, 2.0, 0.0), "With b = 0 the origin lies on the border."),
        Mistake("signs turned", _with(1.0, -2.0, 0.5), "You reject the points of the other side, with weights turned."),
        Mistake("a large bias", _with(-1.0, 2.0, 1.5), "The bias is larger than the weight that should reject."),
        Mistake(
            "twice the same unit",
            lambda triples, sides: (two_units(triples, sides)[0][[0, 0]], torch.tensor([0.5, 0.5])),
            "Both units are the same: the points on the other side are rejected by nobody.",
        ),
    ),
    judge=_judge,
)
