"""Exercise 10.2: stochastic rounding."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def round_by_lot(x: torch.Tensor, spacing: float, u: torch.Tensor) -> torch.Tensor:
    """x, rounded to multiples of ``spacing`` by lot: up with probability
    p, the share of the way from the multiple below x to the next above.

    ``u`` has the shape of x and holds uniform random numbers in [0, 1):
    an entry is rounded up where its u < p, and down elsewhere. What is a
    multiple already stays.
    """
    below = torch.floor(x / spacing)
    share = x / spacing - below
    return (below + (u < share)) * spacing


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def case(x: list[float], spacing: float, u: list[float], note: str = "") -> Case:
        return Case((torch.tensor(x, dtype=torch.float64), spacing, torch.tensor(u, dtype=torch.float64)), note)

    yield case([0.3, 0.3, 0.3], 1.0, [0.1, 0.29, 0.31], "0.3 is rounded up where u < 0.3")
    yield case([-0.3, -0.3, -2.7], 1.0, [0.6, 0.8, 0.4], "below −0.3 is −1, and 0.7 of the way is done")
    yield case([0.0, 1.0, -2.0, 0.5], 0.5, [0.0, 0.0, 0.5, 0.999], "all are multiples already")
    yield case([0.3, 1.4], 0.25, [0.15, 0.7], "the spacing is a quarter")
    x = 6 * torch.rand(5, 40, generator=generator, dtype=torch.float64) - 3
    below = torch.floor(x / 0.125)
    share = x / 0.125 - below
    # Clear of the border, so that single precision decides alike.
    near = torch.rand(x.shape, generator=generator, dtype=torch.float64)
    u = torch.where(near < share, (0.95 * near).clamp(max=1), share + (near - share) * 0.95 + 0.05 * (1 - share))
    yield Case((x, 0.125, u.clamp(0, 0.999)), "there are many numbers")


def _by(x, spacing, u, chance=lambda share: share, floor=torch.floor):
    scaled = x / spacing
    below = floor(scaled)
    return (below + (u < chance(scaled - below))) * spacing


EXERCISE = Exercise(
    id="10.2",
    title="Rounding by lot",
    solution=round_by_lot,
    cases=_cases,
    hints=(
        "Count in units of the spacing: x / spacing lies between two whole numbers. What is the lower one?",
        "torch.floor gives it, for negative numbers too. The share of the way is x / spacing less that number.",
        "u < share is a tensor of truth values; added to a number, True counts as 1.",
    ),
    analysis="The mean of the result is below + share = x: no single number is right, and their average is. Rounding "
    "to the nearest does the reverse. It makes the smaller error each time, and the same one every time.",
    mistakes=(
        Mistake(
            "to the nearest",
            lambda x, spacing, u: torch.round(x / spacing) * spacing,
            "You rounded to the nearest multiple: u has no say in it.",
        ),
        Mistake(
            "towards zero",
            lambda x, spacing, u: _by(x, spacing, u, floor=torch.trunc),
            "For negative numbers torch.trunc goes up, towards zero. The multiple below is that of torch.floor.",
        ),
        Mistake(
            "the chances exchanged",
            lambda x, spacing, u: _by(x, spacing, u, chance=lambda share: 1 - share),
            "You round up with probability 1 − p: what lies close to the multiple above then mostly goes down.",
        ),
        Mistake(
            "an even chance",
            lambda x, spacing, u: _by(x, spacing, u, chance=lambda share: 0.5 * (share > 0)),
            "An even chance is right on average in the middle only. The chance of going up is the share of the way.",
        ),
        Mistake(
            "floor of the sum",
            lambda x, spacing, u: torch.floor(x / spacing + u) * spacing,
            "⌊x/spacing + u⌋ goes up where u ≥ 1 − p: the right chance, but not the lot that was asked for, u < p.",
        ),
        Mistake(
            "in units of the spacing",
            lambda x, spacing, u: _by(x, spacing, u) / spacing,
            "You return how many multiples it is: multiply by the spacing at the end.",
        ),
        Mistake(
            "always up",
            lambda x, spacing, u: torch.ceil(x / spacing) * spacing,
            "You always round up: where u ≥ p the multiple below is the answer.",
        ),
    ),
)
