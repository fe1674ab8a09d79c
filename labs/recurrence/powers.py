"""Powers of one matrix: eigenvalues, the power method, and growth that eigenvalues do not show.

Eigenvalues are found in double precision on the CPU, which every machine has, whatever the matrix came in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch

from labs.inputs import finite, integer

if TYPE_CHECKING:
    from jaxtyping import Complex, Float
    from torch import Tensor

__all__ = [
    "Eigen",
    "PowerMethod",
    "decompose",
    "departure_from_normality",
    "norms_of_powers",
    "power",
    "power_method",
    "power_rate",
]

MOST_CONDITION = 1e10
"""Beyond it V⁻¹ has fewer than six right digits in double precision: the matrix counts as not diagonalisable."""


class Eigen(NamedTuple):
    """W = V diag(λ) V⁻¹ in complex double precision on the CPU, the largest |λ| first.

    Attributes:
        values: λ, ``(…, n)``.
        vectors: V, unit eigenvectors in its columns, ``(…, n, n)``.
        condition: ‖V‖‖V⁻¹‖, ``(…)``: 1 for a normal matrix, infinite where there are too few eigenvectors.
    """

    values: Tensor
    vectors: Tensor
    condition: Tensor


def decompose(matrix: Float[Tensor, "*batch n n"]) -> Eigen:
    """The eigenvalues and eigenvectors of W, by falling |λ|.

    Every matrix has eigenvalues, but not every one has n independent eigenvectors: [[1, 1], [0, 1]] has one. Such a
    matrix shows in ``condition``, which rounding leaves large instead of infinite.

    Raises:
        ValueError: when W is not square, floating-point and finite.

    Example:
        >>> decompose(torch.tensor([[2.0, 1.0], [0.0, 4.0]])).values.real
        tensor([4., 2.], dtype=torch.float64)
    """
    values, vectors = torch.linalg.eig(_square(matrix).detach().cpu().double())
    order = values.abs().argsort(dim=-1, descending=True, stable=True)
    vectors = vectors.take_along_dim(order.unsqueeze(-2), -1)
    singular = torch.linalg.svdvals(vectors)
    return Eigen(values.gather(-1, order), vectors, singular[..., 0] / singular[..., -1])


def power(
    matrix: Float[Tensor, "*batch n n"], exponents: Sequence[int] | int
) -> Float[Tensor, "T *batch n n"] | Float[Tensor, "*batch n n"]:
    """Wᵗ = V diag(λ)ᵗ V⁻¹ for each exponent t: each eigencomponent is multiplied by λᵗ and so grows as |λ|ᵗ.

    Args:
        matrix: W.
        exponents: Whole numbers t ≥ 0, or one of them.

    Returns:
        ``(T, …, n, n)`` for a list, ``(…, n, n)`` for one exponent, in the dtype and place of ``matrix``.

    Raises:
        ValueError: when W is not square and finite, an exponent is negative, or W has no n independent eigenvectors to
            working precision (‖V‖‖V⁻¹‖ over 10¹⁰): then there is no such decomposition.

    Example:
        >>> power(torch.tensor([[2.0, 0.0], [0.0, 0.5]]), 3)
        tensor([[8.0000, 0.0000],
                [0.0000, 0.1250]])
    """
    given = [exponents] if isinstance(exponents, int) else list(exponents)
    steps = [integer("exponents", t, at_least=0) for t in given]
    values, vectors, condition = decompose(matrix)
    if not bool((condition <= MOST_CONDITION).all()):
        raise ValueError(
            f"the eigenvectors have condition number {float(condition.max()):.2g}, so W = VΛV⁻¹ does not hold to "
            "working precision; the matrix is (nearly) not diagonalisable, take torch.linalg.matrix_power(W, t)"
        )
    t = torch.tensor(steps, dtype=torch.float64).reshape(-1, *[1] * values.ndim)
    powers = torch.where(t == 0, torch.ones_like(values), values.pow(t))  # 0⁰ = 1
    # (V Λᵗ) V⁻¹ = B is solved as Vᵀ Bᵀ = (V Λᵗ)ᵀ, without an inverse
    solved = torch.linalg.solve(vectors.mT, (vectors * powers.unsqueeze(-2)).mT).mT.real
    result = solved.to(matrix.dtype).to(matrix.device)
    return result[0] if isinstance(exponents, int) else result


def power_rate(matrix: Float[Tensor, "*batch n n"]) -> Float[Tensor, "*batch"]:
    """|λ₂/λ₁|, the factor a step by which the power method throws the rest away, ``(…)``.

    It is 1 where λ₁ is one of a complex pair, as in more than half of all random real matrices of some size: then
    the iterate turns in a plane for ever.

    Raises:
        ValueError: when W is not square and finite, or smaller than 2 × 2.

    Example:
        >>> power_rate(torch.diag(torch.tensor([4.0, -1.0, 0.5])))
        tensor(0.2500)
    """
    if _square(matrix).shape[-1] < 2:
        raise ValueError("matrix must be at least 2 × 2 to have a second eigenvalue, got 1 × 1")
    sizes = decompose(matrix).values.abs()
    return (sizes[..., 1] / sizes[..., 0]).to(matrix.dtype).to(matrix.device)


class PowerMethod(NamedTuple):
    """What repeated multiplication makes of a vector.

    Attributes:
        vectors: Wᵗv/‖Wᵗv‖ for t = 0 … T, ``(T + 1, …, n)``.
        log_norms: ln(‖Wᵗv‖/‖v‖), ``(T + 1, …)``.
        quotients: The Rayleigh quotients uᵀWu of these unit vectors, ``(T + 1, …)``; they tend to λ₁ where it is real
            and alone in size.
    """

    vectors: Tensor
    log_norms: Tensor
    quotients: Tensor


def power_method(matrix: Float[Tensor, "*batch n n"], start: Float[Tensor, "*batch n"], num_steps: int) -> PowerMethod:
    """The power method, u ← Wu/‖Wu‖, with the growth of what it would be without the division.

    Args:
        matrix: W.
        start: v, not zero.
        num_steps: T.

    Raises:
        ValueError: when W is not square and finite, v does not fit or is zero, or T is below 0.

    Example:
        >>> power_method(torch.diag(torch.tensor([2.0, 1.0])), torch.tensor([1.0, 1.0]), 30).quotients[-1]
        tensor(2.)
    """
    steps, length = (
        integer("num_steps", num_steps, at_least=0),
        torch.linalg.vector_norm(finite("start", start), dim=-1),
    )
    if start.shape != _square(matrix).shape[:-1] or start.dtype != matrix.dtype:
        raise ValueError(
            f"start must be {matrix.dtype} of shape {tuple(matrix.shape[:-1])} for this matrix, "
            f"got {start.dtype} of shape {tuple(start.shape)}"
        )
    if not bool((length > 0).all()):
        raise ValueError("start holds a zero vector, which no matrix moves; draw it at random")
    unit = start / length.unsqueeze(-1)
    vectors, quotients, logs = [unit], [], [torch.zeros_like(length)]
    for _ in range(steps + 1):
        image = (matrix @ unit.unsqueeze(-1)).squeeze(-1)
        quotients.append((unit * image).sum(-1))
        length = torch.linalg.vector_norm(image, dim=-1)
        unit = image / length.unsqueeze(-1)
        vectors.append(unit)
        logs.append(logs[-1] + length.log())
    return PowerMethod(*(torch.stack(part) for part in (vectors[:-1], logs[:-1], quotients)))


def norms_of_powers(matrix: Float[Tensor, "*batch n n"], num_steps: int) -> Float[Tensor, " steps *batch"]:
    """‖Wᵗ‖₂ for t = 0 … T: the most that t steps can do to any vector.

    For a normal matrix it is |λ₁|ᵗ. For others it can grow first although all |λ| < 1, and only in the end fall as
    |λ₁|ᵗ.

    Raises:
        ValueError: when W is not square and finite, or T is below 0.

    References:
        Trefethen and Embree (2005), Spectra and Pseudospectra, chapter 14.

    Example:
        >>> norms_of_powers(torch.tensor([[0.5, 8.0], [0.0, 0.0]]), 2).round(decimals=2)
        tensor([1.0000, 8.0200, 4.0100])
    """
    steps, current = integer("num_steps", num_steps, at_least=0), torch.eye(_square(matrix).shape[-1]).to(matrix)
    current = current.expand_as(matrix)
    powers = [current]
    for _ in range(steps):
        current = matrix @ current
        powers.append(current)
    norms = torch.linalg.svdvals(torch.stack(powers).detach().cpu().double())[..., 0]
    return norms.to(matrix.dtype).to(matrix.device)


def departure_from_normality(matrix: Float[Tensor, "*batch n n"]) -> Float[Tensor, "*batch"]:
    """√(‖W‖_F² − Σ|λ|²), ``(…)``: 0 for a normal matrix (WWᵀ = WᵀW), and only for one.

    It is the size of what stands above the diagonal in Schur's form W = Q(Λ + N)Qᴴ.

    Raises:
        ValueError: when W is not square and finite.

    References:
        Henrici (1962), Bounds for iterates, inverses, spectral variation and fields of values of non-normal matrices.

    Example:
        >>> departure_from_normality(torch.tensor([[0.5, 8.0], [0.0, 0.0]]))
        tensor(8.)
    """
    values: Complex[Tensor, "*batch n"] = torch.linalg.eigvals(_square(matrix).detach().cpu().double())
    whole = matrix.detach().cpu().double().square().sum((-2, -1))
    return (whole - values.abs().square().sum(-1)).clamp(min=0).sqrt().to(matrix.dtype).to(matrix.device)


def _square(matrix: Tensor) -> Tensor:
    if finite("matrix", matrix).ndim < 2 or matrix.shape[-1] != matrix.shape[-2] or matrix.shape[-1] == 0:
        raise ValueError(f"matrix must have shape (…, n, n), got {tuple(matrix.shape)}")
    return matrix
