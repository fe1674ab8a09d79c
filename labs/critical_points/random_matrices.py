"""Random symmetric matrices (GOE), and how rarely all of their eigenvalues are positive."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from labs.inputs import integer
from labs.models.layout import placed

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["chance_all_positive", "chances_all_positive", "goe", "tridiagonal_goe"]


def goe(
    n: int,
    num_matrices: int,
    generator: torch.Generator,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str | None = None,
) -> Float[Tensor, "K n n"]:
    """Matrices of the Gaussian orthogonal ensemble: symmetric, N(0, 1) off the diagonal and N(0, 2) on it.

    They are (G + Gᵀ)/√2 with G of independent N(0, 1). Turning the axes does not change their distribution, and for
    large n the eigenvalues fill the semicircle from −2√n to 2√n.

    Args:
        n: Rows of each matrix.
        num_matrices: K.
        generator: Source of the draw, which is made in float64 on the CPU.
        dtype: Of the result.
        device: Where it lives; ``None`` takes the course's device.

    Raises:
        ValueError: when a size is below 1 or ``dtype`` is not floating-point.

    Example:
        >>> goe(3, 5, torch.Generator().manual_seed(0)).shape
        torch.Size([5, 3, 3])
    """
    shape = (integer("num_matrices", num_matrices), integer("n", n), n)
    square = torch.randn(shape, generator=generator, dtype=torch.float64)
    return placed((square + square.mT) / math.sqrt(2), dtype, device)


def tridiagonal_goe(
    n: int, num_matrices: int, generator: torch.Generator, *, dtype: torch.dtype = torch.float64
) -> tuple[Float[Tensor, "K n"], Float[Tensor, "K n_minus_1"]]:
    """Diagonals and subdiagonals of tridiagonal matrices with the eigenvalues of GOE matrices, 2n − 1 numbers each.

    Reflections bring a GOE matrix into this form. The first replaces the n − 1 entries below a₁ by their length and
    leaves a GOE matrix of n − 1 rows behind; so aₖ is N(0, 2) and bₖ has the χ distribution with n − k degrees of
    freedom, all independent.

    Args:
        n: Rows of each matrix.
        num_matrices: K.
        generator: Source of the draw, on the CPU.
        dtype: Of the result, which lives on the CPU.

    Raises:
        ValueError: when a size is below 1.

    References:
        Dumitriu and Edelman (2002), Matrix models for beta ensembles, for β = 1.

    Example:
        >>> diagonal, below = tridiagonal_goe(4, 10, torch.Generator().manual_seed(0))
        >>> diagonal.shape, below.shape
        (torch.Size([10, 4]), torch.Size([10, 3]))
    """
    count, n = integer("num_matrices", num_matrices), integer("n", n)
    diagonal = math.sqrt(2) * torch.randn(count, n, generator=generator, dtype=torch.float64)
    below = [_chi_squared(n - k, (count,), generator).sqrt() for k in range(1, n)]
    return diagonal.to(dtype), (torch.stack(below, -1) if below else diagonal[:, :0]).to(dtype)


def chance_all_positive(n: int) -> float:
    """P(all eigenvalues > 0) of a GOE matrix with n ≤ 3 rows: 1/2, (2 − √2)/4, (π − 2√2)/(4π).

    For large n it is exp(−(ln 3/4) n² + …), far below the 2⁻ⁿ of n fair coins: eigenvalues repel each other, and to be
    on one side of 0 all of them must move.

    Raises:
        ValueError: for other n; ``chances_all_positive`` estimates those.

    References:
        Dean and Majumdar (2006), Large deviations of extreme eigenvalues of random matrices.

    Example:
        >>> [round(chance_all_positive(n), 6) for n in (1, 2, 3)]
        [0.5, 0.146447, 0.024921]
    """
    known = (1 / 2, (2 - math.sqrt(2)) / 4, (math.pi - 2 * math.sqrt(2)) / (4 * math.pi))
    if integer("n", n) > len(known):
        raise ValueError(f"n must be 1, 2 or 3 for the closed form, got {n}; chances_all_positive estimates more")
    return known[n - 1]


def chances_all_positive(
    max_n: int, num_particles: int, num_chains: int, generator: torch.Generator
) -> Float[Tensor, "chains max_n"]:
    """Independent unbiased estimates of P(all eigenvalues > 0) of GOE matrices for n = 1 … ``max_n``, a row each.

    A symmetric matrix is positive definite when all pivots of its elimination are. In the tridiagonal form, counted
    from the last row, they are a Markov chain: d₁ = a₁ and dₖ = aₖ − bₖ²/dₖ₋₁ with bₖ² of χ² with k − 1 degrees of
    freedom. So P(n)/P(n − 1) is the chance that the next pivot is positive too, given all before. For a drawn bₖ² it is
    Φ(−bₖ²/(dₖ₋₁√2)), exactly; the particles are drawn again in proportion to it, and aₖ from its normal distribution
    cut off at bₖ²/dₖ₋₁. The product of the mean chances has the right mean (Del Moral 2004); its
    logarithm has not, so take the mean over chains first.

    Args:
        max_n: The largest matrix; with 20 000 particles 12 is reached, later ones need more.
        num_particles: Matrices that are carried along in each chain.
        num_chains: Independent chains, whose spread gives the standard error.
        generator: Source of all draws, on the CPU.

    Returns:
        ``(num_chains, max_n)``, float64 on the CPU.

    Raises:
        ValueError: when a size is below 1.

    Example:
        >>> chances = chances_all_positive(3, 20_000, 4, torch.Generator().manual_seed(0)).mean(0)
        >>> [round(float(p) / chance_all_positive(n + 1), 1) for n, p in enumerate(chances)]
        [1.0, 1.0, 1.0]
    """
    shape = (integer("num_chains", num_chains), integer("num_particles", num_particles))
    pivots = _above(torch.zeros(shape, dtype=torch.float64), generator)
    ratios = [torch.full(shape[:1], 0.5, dtype=torch.float64)]
    for k in range(2, integer("max_n", max_n) + 1):
        bars = _chi_squared(k - 1, shape, generator) / pivots
        chances = torch.special.ndtr(-bars / math.sqrt(2))
        ratios.append(chances.mean(-1))
        chosen = torch.multinomial(chances, shape[1], replacement=True, generator=generator)
        pivots = _above(bars.take_along_dim(chosen, -1), generator)
    return torch.stack(ratios, -1).cumprod(-1)


def _above(bars: Tensor, generator: torch.Generator) -> Tensor:
    """a − t for a from N(0, 2) under the condition a > t: the tail's quantile at a uniform share of its mass."""
    share = 1 - torch.rand(bars.shape, generator=generator, dtype=torch.float64)  # in (0, 1]
    tail = share * torch.special.ndtr(-bars / math.sqrt(2))
    return (-math.sqrt(2) * torch.special.ndtri(tail) - bars).clamp(min=1e-300)


def _chi_squared(degrees: int, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """χ² draws: with an even number of degrees −2 times the log of a product of uniforms, and one square if odd."""
    uniform = torch.rand((degrees // 2, *shape), generator=generator, dtype=torch.float64)
    halves = -2 * torch.log1p(-uniform).sum(0)
    if degrees % 2:
        halves = halves + torch.randn(shape, generator=generator, dtype=torch.float64).square()
    return halves
