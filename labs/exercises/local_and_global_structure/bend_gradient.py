"""Exercise 11.5: the gradient by which a curve between two networks is trained."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.oracle import Oracle, point


def bend_gradient(grad, theta_a, bend, theta_b, ts) -> torch.Tensor:
    """The gradient by the bend φ, shape (P,), of the mean loss over the
    positions ts (K,) on the curve (11.4).

    ``grad(theta)`` is the gradient of the loss at a point (P,).
    """
    total = torch.zeros_like(bend)
    for t in ts.tolist():
        theta = (1 - t) ** 2 * theta_a + 2 * t * (1 - t) * bend
        theta = theta + t**2 * theta_b
        total = total + 2 * t * (1 - t) * grad(theta)
    return total / len(ts)


class Slope(Oracle):
    """The gradient of Σ θᵢ⁴/4 + ½ θᵀHθ."""

    __slots__ = ()

    def __init__(self, matrix: torch.Tensor) -> None:
        super().__init__(matrix)

    def __call__(self, theta) -> torch.Tensor:
        matrix = Oracle.inside(self)
        theta = point(theta, len(matrix), "theta")
        return theta**3 + matrix @ theta

    def __str__(self) -> str:
        return f"grad in {len(Oracle.inside(self))} dimensions"


def _cases(generator: torch.Generator) -> Iterator[Case]:
    one = torch.ones(1, dtype=torch.float64)
    positions = torch.tensor([0.5], dtype=torch.float64)
    yield Case((Slope(torch.eye(1).double()), one, 3 * one, -one, positions), "one weight, one position")
    for size, count, note in ((3, 4, ""), (6, 9, "six weights, nine positions")):
        a, bend, b = torch.randn(3, size, generator=generator, dtype=torch.float64)
        raw = torch.randn(size, size, generator=generator, dtype=torch.float64)
        ts = torch.rand(count, generator=generator, dtype=torch.float64)
        yield Case((Slope(raw + raw.T), a, bend, b, ts), note)
    ends = torch.tensor([0.0, 1.0, 0.25], dtype=torch.float64)
    yield Case((Slope(raw + raw.T), a, bend, b, ends), "at the ends the bend has no say")


def _on_curve(a, bend, b, t):
    return (1 - t) ** 2 * a + 2 * t * (1 - t) * bend + t**2 * b


def _mean(grad, a, bend, b, ts, factor, at=_on_curve):
    return torch.stack([factor(t) * grad(at(a, bend, b, t)) for t in ts.tolist()]).mean(0)


EXERCISE = Exercise(
    id="11.5",
    title="The slope of a bend",
    solution=bend_gradient,
    cases=_cases,
    hints=(
        "Chain rule: φ enters θ(t) with a factor that depends on t alone.",
        "∂θ(t)/∂φ is 2t(1 − t) times the identity, so each position adds 2t(1 − t) ∇J(θ(t)).",
        "Take the mean over the positions: a loop over ts.tolist() will do.",
    ),
    analysis="The bend feels most what happens in the middle, where the factor is ½, and nothing at the ends, which "
    "are fixed. With one random t at a time in place of the mean, this is the stochastic gradient of Garipov et al. "
    "(2018).",
    mistakes=(
        Mistake(
            "no factor",
            lambda grad, a, bend, b, ts: _mean(grad, a, bend, b, ts, lambda t: 1.0),
            "The factor 2t(1 − t), by which φ enters the curve, is missing.",
        ),
        Mistake(
            "without the 2",
            lambda grad, a, bend, b, ts: _mean(grad, a, bend, b, ts, lambda t: t * (1 - t)),
            "The factor is 2t(1 − t), not t(1 − t).",
        ),
        Mistake(
            "on the straight line",
            lambda grad, a, bend, b, ts: _mean(
                grad, a, bend, b, ts, lambda t: 2 * t * (1 - t), lambda a, bend, b, t: (1 - t) * a + t * b
            ),
            "You took the gradients on the straight line; take them on the curve.",
        ),
        Mistake(
            "at the bend",
            lambda grad, a, bend, b, ts: _mean(
                grad, a, bend, b, ts, lambda t: 2 * t * (1 - t), lambda a, bend, b, t: bend
            ),
            "You took the gradient at φ, which does not lie on the curve.",
        ),
        Mistake(
            "a sum",
            lambda grad, a, bend, b, ts: len(ts) * _mean(grad, a, bend, b, ts, lambda t: 2 * t * (1 - t)),
            "You summed over the positions; the mean is asked for.",
        ),
    ),
)
