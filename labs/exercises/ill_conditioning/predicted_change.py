"""Exercise 5.3: the two terms of the second-order Taylor series along a gradient step."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.drawing import rotated, vector
from labs.exercises.exercise import Case, Exercise, Mistake


def predicted_change(gradient: torch.Tensor, hessian: torch.Tensor, learning_rate: float) -> float:
    """The change of J in one step θ ← θ − ηg, to second order in η.

    g has shape (n,), H has shape (n, n).
    """
    first = -learning_rate * (gradient @ gradient)
    second = 0.5 * learning_rate**2 * (gradient @ hessian @ gradient)
    return (first + second).item()


def _taylor_cases(generator: torch.Generator) -> Iterator[Case]:
    identity = torch.eye(2, dtype=torch.float64)
    yield Case((torch.tensor([1.0, 2.0], dtype=torch.float64), torch.diag(torch.tensor([1.0, 10.0]).double()), 0.1))
    yield Case((vector(3, generator), rotated([1, 2, 3], generator), 0.01))
    yield Case((vector(4, generator), rotated([-2, 0, 1, 50], generator), 0.3), "the second term wins: the loss rises")
    yield Case((torch.zeros(2, dtype=torch.float64), identity, 0.1), "the gradient is zero")
    yield Case((vector(3, generator), -rotated([1, 2, 5], generator), 0.2), "all curvature is negative")
    yield Case((vector(6, generator), rotated([-9, -1, 0, 1, 4, 30], generator), 0.05), "curvature of both signs")
    yield Case((vector(5, generator), rotated([20, 30, 40, 50, 60], generator), 0.5), "the loss rises a lot")


def _taylor(gradient, hessian, learning_rate, half=0.5, power=2, sign=-1, norm=2):
    first = sign * learning_rate * (gradient @ gradient) ** (norm / 2)
    return (first + half * learning_rate**power * (gradient @ hessian @ gradient)).item()


def _elementwise(gradient, hessian, learning_rate):
    square = gradient @ gradient
    return (-learning_rate * square + 0.5 * learning_rate**2 * (gradient * hessian * gradient).sum()).item()


EXERCISE = Exercise(
    id="5.3",
    title="What the next step will do to the loss",
    solution=predicted_change,
    cases=_taylor_cases,
    hints=(
        "Write J(θ + d) ≈ J(θ) + gᵀd + ½ dᵀHd and put d = −ηg.",
        "The first term becomes −η gᵀg, the second +½ η² gᵀHg. The minus sign is squared away in the second.",
        "For vectors of shape (n,), gradient @ gradient is gᵀg and gradient @ hessian @ gradient is gᵀHg.",
    ),
    analysis="The two terms are the whole story of the chapter: the first is linear in η and always helps, the "
    "second is quadratic in η and hurts where gᵀHg > 0. They balance at η = 2 gᵀg / gᵀHg, which is never "
    "below 2/λmax. With ill-conditioning, gᵀHg can be as large as λmax gᵀg although most directions are "
    "flat.",
    mistakes=(
        Mistake(
            "½ forgotten",
            lambda gradient, hessian, learning_rate: _taylor(gradient, hessian, learning_rate, half=1.0),
            "The second-order term of a Taylor series carries the factor ½.",
        ),
        Mistake(
            "η not squared",
            lambda gradient, hessian, learning_rate: _taylor(gradient, hessian, learning_rate, power=1),
            "The step −ηg enters the second term twice, so η is squared there.",
        ),
        Mistake(
            "uphill",
            lambda gradient, hessian, learning_rate: _taylor(gradient, hessian, learning_rate, sign=1),
            "The step is −ηg, so the first term is negative: descent goes downhill.",
        ),
        Mistake(
            "norm instead of its square",
            lambda gradient, hessian, learning_rate: _taylor(gradient, hessian, learning_rate, norm=1),
            "The first term is −η gᵀg, with the square of the gradient's norm.",
        ),
        Mistake(
            "the first term alone",
            lambda gradient, hessian, learning_rate: _taylor(gradient, hessian, learning_rate, half=0.0),
            "That is the first order alone. The second-order term is missing: +½ η² gᵀHg.",
        ),
        Mistake(
            "never a rise",
            lambda gradient, hessian, learning_rate: min(0.0, predicted_change(gradient, hessian, learning_rate)),
            "You cut the change off at 0. A step can be too long, and then the loss rises.",
        ),
        Mistake(
            "curvature never negative",
            lambda gradient, hessian, learning_rate: (
                -learning_rate * (gradient @ gradient) + 0.5 * learning_rate**2 * (gradient @ hessian @ gradient).abs()
            ).item(),
            "You took the size of gᵀHg. It is negative where the loss curves down, and the step gains from it.",
        ),
        Mistake(
            "the second term subtracted",
            lambda gradient, hessian, learning_rate: _taylor(gradient, hessian, learning_rate, half=-0.5),
            "The minus sign of the step is squared in the second term: it is added.",
        ),
        Mistake(
            "elementwise products",
            _elementwise,
            "gradient * hessian * gradient multiplies entry by entry and broadcasts: it is Σᵢⱼ Hᵢⱼ gⱼ². The form gᵀHg "
            "needs matrix products: gradient @ hessian @ gradient.",
        ),
    ),
)
