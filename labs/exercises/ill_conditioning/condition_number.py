"""Exercise 5.1: κ of a symmetric matrix, singular ones included."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.drawing import rotated
from labs.exercises.exercise import Case, Exercise, Mistake


def condition_number(hessian: torch.Tensor) -> float:
    """κ = max|λ| / min|λ| of a symmetric (n, n); math.inf if singular.

    An eigenvalue counts as zero if rounding could have made it,
    |λ| ≤ n · eps · max|λ| with eps that of the dtype; so the zero matrix
    is singular, too.
    """
    sizes = torch.linalg.eigvalsh(hessian).abs()
    smallest, largest = sizes.min().item(), sizes.max().item()
    rounding = len(sizes) * torch.finfo(hessian.dtype).eps * largest
    return largest / smallest if smallest > rounding else math.inf


def _condition_cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((torch.diag(torch.tensor([1.0, 10.0], dtype=torch.float64)),))
    yield Case((rotated([1, 3, 5, 37], generator),))
    yield Case((rotated([-8, 1, 0.5], generator),), "the largest |λ| belongs to a negative eigenvalue")
    yield Case((1e-9 * rotated([2, 9], generator),), "every eigenvalue is tiny, and κ does not mind")
    yield Case((rotated([0, 2, 7], generator),), "the matrix is singular")
    yield Case((torch.tensor([[-4.0]], dtype=torch.float64),))
    yield Case((rotated([3e8, 5.0, 1.0], generator),), "κ is large and finite")
    yield Case((torch.zeros(3, 3, dtype=torch.float64),), "all entries are 0")
    yield Case((1e12 * rotated([-3, 0, 0, 5], generator),), "the matrix is singular, and its entries are large")
    eigenvalues = 0.1 + 9 * torch.rand(5, generator=generator)
    eigenvalues[0] *= -1
    yield Case((rotated(eigenvalues.tolist(), generator),), "eigenvalues of both signs")


def _signed_ratio(hessian):
    values = torch.linalg.eigvalsh(hessian)
    return (values[-1] / values[0]).item() if condition_number(hessian) < math.inf else math.inf


def _plain_ratio(hessian):
    sizes = torch.linalg.eigvalsh(hessian).abs()
    return (sizes.max() / sizes.min()).item() if sizes.max() > 0 else math.inf


def _coarse_threshold(hessian):
    sizes = torch.linalg.eigvalsh(hessian).abs()
    return (sizes.max() / sizes.min()).item() if sizes.min() > 1e-6 * sizes.max() else math.inf


def _of_the_diagonal(hessian):
    sizes = hessian.diagonal().abs()
    return (sizes.max() / sizes.min()).item() if sizes.min() > 0 else math.inf


def _of_positive(hessian):
    values = torch.linalg.eigvalsh(hessian)
    positive = values[values > 1e-12 * values.abs().max()]
    return (positive.max() / positive.min()).item() if len(positive) else math.inf


def _squared(hessian):
    return condition_number(hessian) ** 2


def _absolute_threshold(hessian):
    sizes = torch.linalg.eigvalsh(hessian).abs()
    return (sizes.max() / sizes.min()).item() if sizes.min() > 1e-6 else math.inf


EXERCISE = Exercise(
    id="5.1",
    title="The condition number of a Hessian",
    solution=condition_number,
    cases=_condition_cases,
    hints=(
        "torch.linalg.eigvalsh gives the eigenvalues of a symmetric matrix in ascending order. The sign of an "
        "eigenvalue does not matter here, its size does.",
        "In floating point the smallest eigenvalue of a singular matrix is not 0 but about 1e-17. How small is "
        "negligible? That depends on the largest eigenvalue, not on a fixed number.",
        "Call smallest zero when it is at most n · eps · largest, with eps = torch.finfo(hessian.dtype).eps; "
        "return math.inf then, largest / smallest otherwise.",
    ),
    analysis="A matrix has no scale of its own: 10⁻⁹ H is as well conditioned as H. So 'zero' has to be measured "
    "against the largest eigenvalue, in units of the rounding error, and not against a number such as 1e-6."
    " A network's Hessian has eigenvalues of both signs and many near 0, so its κ is huge or infinite; what"
    " limits the step is λmax alone.",
    mistakes=(
        Mistake(
            "the ratio keeps its sign",
            _signed_ratio,
            "You divided the largest eigenvalue by the smallest. κ compares sizes: take absolute values first, then "
            "the largest and the smallest of them.",
        ),
        Mistake(
            "upside down",
            lambda hessian: 1 / condition_number(hessian),
            "Your ratio is upside down: κ is the largest size over the smallest, so at least 1.",
        ),
        Mistake(
            "singular matrices are not recognised",
            _plain_ratio,
            "A singular matrix has κ = ∞. In floating point its smallest eigenvalue is not exactly 0 but of the size"
            " of the rounding error, n · eps · largest.",
        ),
        Mistake(
            "a coarse threshold",
            _coarse_threshold,
            "Your threshold for zero is too coarse: a κ of 3·10⁸ is large and finite. Rounding makes n · eps · max|λ|.",
        ),
        Mistake(
            "the diagonal",
            _of_the_diagonal,
            "You compared the entries on the diagonal. They are the eigenvalues of a diagonal matrix alone.",
        ),
        Mistake(
            "the positive ones alone",
            _of_positive,
            "You left out eigenvalues that are negative or zero. All of them count, by their size.",
        ),
        Mistake("squared", _squared, "That is κ squared, the condition number of HᵀH."),
        Mistake(
            "an absolute threshold",
            _absolute_threshold,
            "You compared with a fixed small number. Whether an eigenvalue is negligible depends on the largest one: "
            "10⁻⁹ H has the same κ as H.",
        ),
    ),
)
