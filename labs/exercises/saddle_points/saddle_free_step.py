"""Exercise 7.2: Newton's step with the curvatures' sizes."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.drawing import rotated, vector
from labs.exercises.exercise import Case, Exercise, Mistake


def saddle_free_step(gradient: torch.Tensor, hessian: torch.Tensor, damping: float) -> torch.Tensor:
    """The step −(|H| + μI)⁻¹ g of shape (n,), with μ the damping.

    |H| has the eigenvectors of H and the absolute values of its
    eigenvalues. g has shape (n,), H has shape (n, n).
    """
    values, vectors = torch.linalg.eigh(hessian)
    return -vectors @ ((vectors.T @ gradient) / (values.abs() + damping))


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((torch.ones(2, dtype=torch.float64), torch.diag(torch.tensor([2.0, -4.0]).double()), 0.0))
    yield Case((vector(3, generator), rotated([1, 2, 3], generator), 0.0), "all curvatures are positive")
    yield Case((vector(4, generator), rotated([-3, -1, 1, 2], generator), 0.0), "curvatures of both signs")
    yield Case((vector(4, generator), rotated([-3, -0.1, 0.2, 2], generator), 0.5), "with damping")
    yield Case((vector(3, generator), rotated([-1, -2, -5], generator), 0.1), "all curvatures are negative")
    yield Case((vector(3, generator), rotated([0, 1, -2], generator), 1.0), "a flat direction")
    yield Case((torch.zeros(2, dtype=torch.float64), rotated([-1, 2], generator), 0.3), "the gradient is zero")


def _step(gradient, hessian, weights):
    values, vectors = torch.linalg.eigh(hessian)
    return -vectors @ ((vectors.T @ gradient) / weights(values))


def _transposed(gradient, hessian, damping):
    values, vectors = torch.linalg.eigh(hessian)
    return -vectors.T @ ((vectors @ gradient) / (values.abs() + damping))


EXERCISE = Exercise(
    id="7.2",
    title="Newton without the saddles",
    solution=saddle_free_step,
    cases=_cases,
    hints=(
        "values, vectors = torch.linalg.eigh(hessian): the eigenvectors are the columns.",
        "The components of g along them are vectors.T @ gradient. Divide each by its |λ| + μ.",
        "Back to the old axes: −vectors @ (…).",
    ),
    analysis="g·step = −Σ gᵢ²/(|λᵢ| + μ) is never positive: the step leads downhill whatever the curvatures. Newton's, "
    "without the absolute value, climbs along every way down.",
    mistakes=(
        Mistake(
            "Newton's step",
            lambda gradient, hessian, damping: _step(gradient, hessian, lambda values: values + damping),
            "That is Newton's step: where λ < 0 it climbs. Take the eigenvalues' absolute values.",
        ),
        Mistake(
            "the damping first",
            lambda gradient, hessian, damping: _step(gradient, hessian, lambda values: (values + damping).abs()),
            "You added μ before taking the absolute value. Damping must make every curvature larger.",
        ),
        Mistake(
            "no damping",
            lambda gradient, hessian, damping: _step(gradient, hessian, lambda values: values.abs()),
            "You left out the damping μ.",
        ),
        Mistake(
            "uphill",
            lambda gradient, hessian, damping: -saddle_free_step(gradient, hessian, damping),
            "The sign is wrong: the step leads against the gradient.",
        ),
        Mistake(
            "rows for columns",
            _transposed,
            "The eigenvectors are the columns of the matrix that eigh returns: the components of g are vectors.T @ g.",
        ),
        Mistake(
            "entry by entry",
            lambda gradient, hessian, damping: (
                -torch.linalg.pinv(hessian.abs() + damping * torch.eye(len(gradient)).double()) @ gradient
            ),
            "|H| is not the matrix of the entries' absolute values: take those of the eigenvalues.",
        ),
    ),
)
