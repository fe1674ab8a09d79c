"""Exercise 12.5: the method that reaches the least possible at every step."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.drawing import rotated, vector
from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.oracle import Oracle, point


def conjugate_gradients(product, b: torch.Tensor, num_steps: int) -> torch.Tensor:
    """The point (n,) that conjugate gradients reach from 0 after
    ``num_steps`` steps on ½ xᵀHx − bᵀx.

    ``product(v)`` returns Hv, shape (n,), for v of that shape. H is
    positive definite. If the minimum is reached before, stay there: none
    of the numbers may become NaN.
    """
    x, residual = torch.zeros_like(b), b.clone()
    p, size = residual, residual @ residual
    smallest = 1e-24 * size
    for _ in range(num_steps):
        if size <= smallest:
            break
        Hp = product(p)
        alpha = size / (p @ Hp)
        x, residual = x + alpha * p, residual - alpha * Hp
        left = residual @ residual
        p, size = residual + left / size * p, left
    return x


class Product(Oracle):
    """v ↦ Hv."""

    __slots__ = ()

    def __call__(self, v) -> torch.Tensor:
        matrix = Oracle.inside(self)
        return matrix @ point(v, len(matrix), "v")

    def __str__(self) -> str:
        return f"product with H, {len(Oracle.inside(self))} rows"


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def case(values: list[float], num_steps: int, note: str) -> Case:
        matrix = rotated(values, generator)
        return Case((Product(matrix), vector(len(values), generator), num_steps), note)

    yield case([1.0, 2.0, 5.0], 1, "one step")
    yield case([1.0, 2.0, 5.0, 9.0], 2, "two steps")
    yield case([1.0, 2.0, 4.0, 6.0, 9.0], 3, "three steps")
    yield case([2.0, 2.0, 7.0, 7.0], 6, "two different curvatures: after two steps it is there")
    yield Case((Product(rotated([1.0, 3.0], generator)), torch.zeros(2, dtype=torch.float64), 2), "the start is right")
    spread = torch.linspace(1, 10, 12, dtype=torch.float64).tolist()
    yield case(spread, 7, "twelve dimensions")
    yield case(spread, 0, "no step")


def _descent(product, b, num_steps):
    x = torch.zeros_like(b)
    for _ in range(num_steps):
        residual = b - product(x)
        curvature = residual @ product(residual)
        x = x + (residual @ residual) / curvature * residual if curvature > 0 else x
    return x


def _momentum(product, b, num_steps):
    x, v = torch.zeros_like(b), torch.zeros_like(b)
    for _ in range(num_steps):
        v = 0.5 * v + 0.1 * (b - product(x))
        x = x + v
    return x


EXERCISE = Exercise(
    id="12.5",
    title="The best that gradients can do",
    solution=conjugate_gradients,
    cases=_cases,
    hints=(
        "The residual r = b − Hx is minus the gradient. The first direction is r itself; the best step along p has "
        "length α = rᵀr/(pᵀHp).",
        "The next direction is the new residual plus a multiple of the last direction, p ← r + β p, such that the two "
        "are conjugate: pᵀHp′ = 0. It turns out that β is the new rᵀr over the old one.",
        "Keep x, r, p and rᵀr. A step needs one product Hp: x + αp, r − αHp. Stop as soon as rᵀr is 1e-24 of its first "
        "value, before dividing by it.",
    ),
    analysis="Each step minimizes over the whole span of the gradients seen, with memory for three vectors. On "
    "Nesterov's function that is the best possible, at every step. On a network, where H changes and the gradients "
    "are noisy, the conjugacy is soon lost.",
    mistakes=(
        Mistake(
            "steepest descent",
            _descent,
            "You step along the residual itself: steepest descent. Add β times the last direction.",
        ),
        Mistake("heavy ball", _momentum, "Fixed momentum is the heavy ball; here α and β come from the residuals."),
        Mistake(
            "one step too many",
            lambda product, b, n: conjugate_gradients(product, b, n + 1),
            "You took one step too many.",
        ),
        Mistake(
            "the other sign",
            lambda product, b, n: -conjugate_gradients(product, b, n),
            "Your point is the mirror image: the residual is b − Hx, not Hx − b.",
        ),
        Mistake(
            "to the end",
            lambda product, b, n: conjugate_gradients(product, b, len(b)),
            "This is the minimum. Only num_steps steps are asked for.",
        ),
    ),
)
