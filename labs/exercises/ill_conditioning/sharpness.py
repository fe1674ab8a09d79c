"""Exercise 5.5: the largest eigenvalue from products alone."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.drawing import rotated
from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.oracle import Oracle, point


def sharpness(product, dimension: int) -> float:
    """The largest eigenvalue of a symmetric H, to one part in a thousand.

    ``product(v)`` returns H v for v of shape (dimension,), in float64.
    H may have negative eigenvalues.
    """

    def dominant(multiply) -> float:
        v = torch.randn(dimension, dtype=torch.float64)
        for _ in range(500):
            v = multiply(v / v.norm())
        v = v / v.norm()
        return (v @ multiply(v)).item()

    largest_size = dominant(product)
    if largest_size >= 0:
        return largest_size
    return dominant(lambda v: product(v) - largest_size * v) + largest_size


class Products(Oracle):
    """v ↦ H v for a matrix that is not shown, with a name for the reader."""

    __slots__ = ()

    def __init__(self, matrix: torch.Tensor, said: str) -> None:
        super().__init__({"matrix": matrix, "said": said})

    def __call__(self, v) -> torch.Tensor:
        matrix = Oracle.inside(self)["matrix"]
        return matrix @ point(v, len(matrix), "v")

    def __str__(self) -> str:
        return f"products with {Oracle.inside(self)['said']}"


def _without(direction: torch.Tensor, eigenvalues: list[float], generator: torch.Generator) -> torch.Tensor:
    """A matrix with these eigenvalues; the eigenvector of the last is at right angles to ``direction``."""
    n = len(eigenvalues)
    columns = torch.randn(n, n, generator=generator, dtype=torch.float64)
    columns[:, 0] = direction
    basis, _ = torch.linalg.qr(columns)
    basis[:, :-1] = basis[:, :-1] @ torch.linalg.qr(torch.randn(n - 1, n - 1, generator=generator).double())[0]
    matrix = basis @ torch.diag(torch.tensor(eigenvalues, dtype=torch.float64)) @ basis.mT
    return (matrix + matrix.mT) / 2


def _sharpness_cases(generator: torch.Generator) -> Iterator[Case]:
    any_size = 0.5 + 20 * float(torch.rand((), generator=generator))
    for eigenvalues, note in (
        ([1.0, 3.0], ""),
        ([0.1, 0.2, 1.0, 5.0, 20.0], ""),
        ([1e-6, 2e-6, 5e-6], "every eigenvalue is tiny"),
        ([2e60, 1e60, 0.0], "a power of H overflows unless v is normalised"),
        ([-9.0, -1.0, 2.0, 4.0], "the eigenvalue of largest size is negative, and it is not the one asked for"),
        ([-6.0, -3.0, -1.0], "every eigenvalue is negative"),
        ([-0.4 * any_size, 0.3 * any_size, any_size], ""),
    ):
        said = "eigenvalues " + ", ".join(f"{value:g}" for value in eigenvalues)
        yield Case((Products(rotated(eigenvalues, generator), said), len(eigenvalues)), note, max(eigenvalues))
    for sign, note in ((1, "the largest two eigenvalues are close"), (-1, "a large negative eigenvalue as well")):
        n = 200
        bulk = torch.linspace(-3, 3, n - 3, dtype=torch.float64).tolist()
        eigenvalues = [sign * 5.0, 4.6, *bulk, 4.8] if sign > 0 else [-8.0, -7.5, *bulk, 5.0]
        top = max(eigenvalues)
        eigenvalues = [value for value in eigenvalues if value != top] + [top]
        matrix = _without(torch.ones(n, dtype=torch.float64), eigenvalues, generator)
        said = f"{n} eigenvalues from {min(eigenvalues):g} to {top:g}"
        yield Case((Products(matrix, said), n), f"{note}, and (1, …, 1) has no part in the direction of λmax", top)


def _power_iteration(product, dimension, num_steps=500, normalise=True, quotient=True, start=torch.randn):
    v = start(dimension, dtype=torch.float64)
    for _ in range(num_steps):
        v = product(v / v.norm() if normalise else v)
    return (v @ product(v) / (v @ v)).item() if quotient else product(v / v.norm()).norm().item()


EXERCISE = Exercise(
    id="5.5",
    title="Sharpness by power iteration",
    solution=sharpness,
    cases=_sharpness_cases,
    hints=(
        "Multiply a random vector by H again and again: the component along the eigenvalue of largest size outgrows "
        "the others. Normalise v every time. At the end vᵀHv / vᵀv is the eigenvalue.",
        "That finds the eigenvalue of largest |λ|. If it is positive it is λmax. If it is negative, λmax is still to"
        " find.",
        "With μ < 0 the eigenvalue of largest size, H − μI has only eigenvalues ≥ 0, and its largest is λmax − μ.",
    ),
    analysis="Power iteration converges like |λ₂/λ₁|ᵗ, so it is slow where two eigenvalues are close; Lanczos, which"
    " keeps all the products instead of the last, needs about the square root of the steps and finds both "
    "ends at once. labs.curvature.eigenpairs does that. On a network a few dozen products give λmax to a "
    "percent, enough to see whether η is past 2/λmax.",
    mistakes=(
        Mistake(
            "v is never normalised",
            lambda product, dimension: _power_iteration(product, dimension, normalise=False),
            "Normalise v in every step: Hᵗv grows like λᵗ and overflows, or underflows to 0.",
        ),
        Mistake(
            "the eigenvalue of largest size",
            _power_iteration,
            "You found the eigenvalue of largest size, which is negative here. Shift: power iteration on H − μI, "
            "with μ that eigenvalue, finds λmax − μ.",
        ),
        Mistake(
            "‖Hv‖ instead of vᵀHv",
            lambda product, dimension: _power_iteration(product, dimension, quotient=False),
            "‖Hv‖ is the size of an eigenvalue and has lost its sign: use vᵀHv / vᵀv.",
        ),
        Mistake(
            "too few steps",
            lambda product, dimension: _power_iteration(product, dimension, num_steps=30),
            "That is too few steps. Where eigenvalues are close, the product must be repeated hundreds of times.",
        ),
        Mistake(
            "always from (1, …, 1)",
            lambda product, dimension: _power_iteration(product, dimension, start=torch.ones),
            "Your start has no part in the direction of λmax, and no product brings it in: begin at random.",
        ),
        Mistake(
            "the largest on the diagonal",
            lambda product, dimension: max(
                product(row)[k].item() for k, row in enumerate(torch.eye(dimension, dtype=torch.float64))
            ),
            "That is the largest entry on the diagonal of H. λmax is at least that, and usually more.",
        ),
        Mistake(
            "a single step",
            lambda product, dimension: _power_iteration(product, dimension, num_steps=1),
            "One multiplication does not separate the eigenvalues: repeat it until vᵀHv no longer changes.",
        ),
    ),
    tolerance=1e-3,
)
