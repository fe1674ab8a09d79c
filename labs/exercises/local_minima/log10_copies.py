"""Exercise 6.1: how many parameter vectors compute the same."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def log10_copies(widths: list[int]) -> float:
    """The logarithm to base 10 of the number of copies of a tanh network
    with hidden layers of these widths.

    Copies arise by exchanging units within a layer and by turning all
    signs around a unit.
    """
    natural = sum(math.lgamma(n + 1) + n * math.log(2) for n in widths)
    return natural / math.log(10)


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case(([2],), "two units: two orders, and four choices of signs")
    yield Case(([6],), "the network of the text, with 46 080 copies")
    yield Case(([3, 3],), "two layers of equal width")
    yield Case(([1, 5, 2],), "layers of different widths")
    drawn = torch.randint(1, 40, (4,), generator=generator).tolist()
    yield Case((drawn,), "four layers")
    yield Case(([4096, 4096],), "a large network: the number itself is too large for floating point")


def _with(widths, layer=lambda n: math.lgamma(n + 1) + n * math.log(2), base=10.0, join=sum):
    return join(layer(n) for n in widths) / math.log(base)


EXERCISE = Exercise(
    id="6.1",
    title="How many addresses?",
    solution=log10_copies,
    cases=_cases,
    hints=(
        "Count for one layer of n units: in how many orders can they stand, and in how many ways can their signs be "
        "chosen?",
        "A choice in one layer goes with every choice in another, so the numbers multiply and their logarithms add.",
        "log n! is math.lgamma(n + 1). Divide natural logarithms by math.log(10) at the end.",
    ),
    analysis="The number grows faster than exponentially with the width: two layers of 4096 units have more than "
    "10²⁵⁰⁰⁰ copies. No search through them is possible, and none is needed: they are all equally good.",
    mistakes=(
        Mistake(
            "without the signs",
            lambda widths: _with(widths, layer=lambda n: math.lgamma(n + 1)),
            "You counted the orders alone. Each unit's signs can be turned as well: 2ⁿ choices a layer.",
        ),
        Mistake(
            "without the orders",
            lambda widths: _with(widths, layer=lambda n: n * math.log(2)),
            "You counted the signs alone. The n units of a layer can stand in n! orders as well.",
        ),
        Mistake(
            "units exchanged between layers",
            lambda widths: _with([sum(widths)]),
            "You treated all units as one layer. A unit can change places within its own layer only: multiply over "
            "the layers.",
        ),
        Mistake(
            "natural logarithm",
            lambda widths: _with(widths, base=math.e),
            "This is the natural logarithm. Divide by math.log(10).",
        ),
        Mistake(
            "nⁿ orders",
            lambda widths: _with(widths, layer=lambda n: n * math.log(n) + n * math.log(2)),
            "You let several units take the same place: the orders number n!, not nⁿ.",
        ),
        Mistake(
            "two signs a layer",
            lambda widths: _with(widths, layer=lambda n: math.lgamma(n + 1) + math.log(2)),
            "The signs around each unit can be turned on their own: 2ⁿ choices a layer, not 2.",
        ),
    ),
)
