"""Exercise 6.6: an open question, judged by the depth of the minimum that is found."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.oracle import Oracle, point
from labs.exercises.reading import vector as as_vector


def lowest_point(loss, num_calls: int) -> torch.Tensor:
    """The lowest point (2,) of a surface with many minima on the square
    −3 ≤ θ₁, θ₂ ≤ 3.

    ``loss(theta)`` returns the pair of the loss at theta, shape (2,), and
    its gradient there, for at most ``num_calls`` calls. The surface is a
    bowl with eight wells, each of a width between 0.35 and 0.8. At your
    point the loss must exceed the least one by at most 0.001.
    """
    side = 20
    ticks = torch.linspace(-2.85, 2.85, side, dtype=torch.float64)
    starts = torch.cartesian_prod(ticks, ticks)
    values = torch.tensor([float(loss(theta)[0]) for theta in starts])
    best, lowest = starts[0], math.inf
    num_steps = (num_calls - side**2) // 12
    for theta in starts[values.argsort()[:12]]:
        for _ in range(num_steps):
            value, gradient = loss(theta)
            if value < lowest:
                best, lowest = theta, float(value)
            theta = theta - 0.04 * gradient
    return best


class Wells(Oracle):
    """The loss of a bowl with wells and its gradient; counts its calls."""

    __slots__ = ()

    def __init__(self, wells: torch.Tensor) -> None:
        super().__init__({"wells": wells, "calls": 0})

    def __call__(self, theta) -> tuple[torch.Tensor, torch.Tensor]:
        state = Oracle.inside(self)
        state["calls"] += 1
        value, gradient = surface(state["wells"], point(theta, 2, "theta")[None])
        return value[0], gradient[0]

    def __str__(self) -> str:
        return f"loss with {len(Oracle.inside(self)['wells'])} wells"


BOWL = 0.1


def surface(wells: torch.Tensor, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Losses (N,) and gradients (N, 2) at points (N, 2); the rows of wells are x, y, depth and width."""
    middle, depth, variance = wells[:, :2], wells[:, 2], wells[:, 3].square()
    away = points[:, None] - middle
    pull = depth * torch.exp(-away.square().sum(-1) / (2 * variance))
    value = 0.5 * BOWL * points.square().sum(-1) - pull.sum(-1)
    return value, BOWL * points + ((pull / variance)[..., None] * away).sum(1)


def least(wells: torch.Tensor) -> float:
    """The least loss on the square, from descents that begin at every well and on a grid."""
    ticks = torch.linspace(-3, 3, 13, dtype=torch.float64)
    points = torch.cat([wells[:, :2], torch.cartesian_prod(ticks, ticks)])
    for _ in range(1500):
        points = (points - 0.03 * surface(wells, points)[1]).clamp(-3, 3)
    return surface(wells, points)[0].min().item()


def _drawn(generator: torch.Generator) -> torch.Tensor:
    """Eight wells, at least 1.1 apart; the deepest is among the narrowest, and far from the middle."""
    middles: list[torch.Tensor] = []
    while len(middles) < 8:
        one = 5 * torch.rand(2, generator=generator, dtype=torch.float64) - 2.5
        if all((one - other).norm() > 1.1 for other in middles):
            middles.append(one)
    middles.sort(key=lambda middle: -float(middle.norm()))
    depth = 0.6 + 0.6 * torch.rand(8, generator=generator, dtype=torch.float64)
    width = 0.5 + 0.3 * torch.rand(8, generator=generator, dtype=torch.float64)
    depth[0], width[0] = 2.2, 0.36
    return torch.cat([torch.stack(middles), depth[:, None], width[:, None]], 1)


def _cases(generator: torch.Generator) -> Iterator[Case]:
    for _ in range(2):
        wells = _drawn(generator)
        yield Case((Wells(wells), 2000), "eight wells", truth=least(wells))


def _judge(result, case) -> str:
    loss, num_calls = case.arguments
    state = Oracle.inside(loss)
    theta = as_vector(result, (2,), "the lowest point")
    if state["calls"] > num_calls:
        return f"You asked for {state['calls']} losses; the budget is {num_calls}."
    if theta.abs().max() > 3:
        return f"Your point {[round(x, 3) for x in theta.tolist()]} lies outside the square."
    value, gradient = (part[0] for part in surface(state["wells"], theta[None]))
    excess = value.item() - case.truth
    if excess > 1e-3 and gradient.norm() < 0.02:
        return (
            f"Your point is a minimum, and not the lowest: its loss is {excess:.3g} above the least one. One descent "
            "finds the minimum of the basin that it starts in, and no other."
        )
    if excess > 1e-3:
        return (
            f"Your loss is {excess:.3g} above the least one, and the slope there is {gradient.norm():.2g}: it is no "
            "minimum. Let gradient descent finish what a search has begun."
        )
    return ""


def _descent(loss, num_calls, start=(0.0, 0.0), num_steps=None):
    theta = torch.tensor(start, dtype=torch.float64)
    for _ in range(num_calls if num_steps is None else num_steps):
        theta = theta - 0.04 * loss(theta)[1]
    return theta


def _random_search(loss, num_calls):
    points = 6 * torch.rand(num_calls, 2, dtype=torch.float64) - 3
    return points[torch.stack([loss(theta)[0] for theta in points]).argmin()]


EXERCISE = Exercise(
    id="6.6",
    title="Beyond: the lowest of many minima",
    solution=lowest_point,
    cases=_cases,
    hints=(
        "There is no single right answer. One descent finds the minimum of the basin it starts in. How many starts can "
        "you afford, and where should they lie?",
        "Looking costs one call, a descent costs many. Look first, at many points, and descend only from the best.",
        "A grid of 20 by 20 points has spacing 0.3, so some point lies inside every well. Descend from the dozen "
        "lowest of them with learning rate 0.04, and return the lowest point of all.",
    ),
    analysis="In two dimensions a grid sees everything. It is the dimension that ends this: with the same spacing, ten "
    "weights would need 20¹⁰ looks. A network's loss cannot be searched like that, and, the chapter says, need not be, "
    "if the network is wide.",
    mistakes=(
        Mistake("one descent", _descent, "Start several descents, and keep the lowest end."),
        Mistake(
            "looking without descending",
            _random_search,
            "Looking alone gets near and not there: keep a part of the calls for a descent from the best point.",
        ),
        Mistake(
            "over the budget",
            lambda loss, num_calls: lowest_point(loss, 2 * num_calls),
            "Every call of loss counts, those for looking and those for descending.",
        ),
        Mistake(
            "a few steps each",
            lambda loss, num_calls: min(
                (
                    _descent(loss, num_calls, start, 3)
                    for start in torch.cartesian_prod(*[torch.linspace(-2.5, 2.5, 8).double()] * 2).tolist()
                ),
                key=lambda theta: float(loss(theta)[0]),
            ),
            "Three steps do not reach the bottom of a well: descend from fewer points, and longer.",
        ),
        Mistake("the loss instead of the point", lambda loss, num_calls: 0.0, "Return θ, not its loss."),
    ),
    judge=_judge,
    seconds=20.0,
)
