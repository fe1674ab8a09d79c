"""Products of different random matrices: how fast they grow, and the exponent that says so in closed form."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from scipy import special

from labs.device import device_for
from labs.inputs import chosen, finite, integer, number, positive

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["critical_scale", "growth_of_product", "growth_variance", "lyapunov_exponent", "lyapunov_exponents"]


def growth_of_product(
    generator: torch.Generator,
    size: int,
    num_factors: int,
    num_runs: int,
    *,
    scale: float = 1.0,
    kind: str = "gaussian",
    dtype: torch.dtype = torch.float64,
    device: torch.device | str | None = None,
) -> Float[Tensor, "D_plus_1 R"]:
    """ln ‖W_d ⋯ W₁ v‖ for d = 0 … D of R independent products, from a random unit vector v each.

    Every factor is drawn anew. The vector is brought back to length 1 after each factor and the logarithms are added,
    so that no depth over- or underflows.

    Args:
        generator: Source of all draws, e.g. ``labs.device.generator("products")``.
        size: n.
        num_factors: D.
        num_runs: R.
        scale: g, a factor on every matrix.
        kind: ``"gaussian"``: entries N(0, g²/n); ``"orthogonal"``: g times a uniformly random rotation or reflection.
        dtype: Of the computation; the draws are in float64.
        device: Where it takes place; ``None`` takes the course's device.

    Returns:
        Logarithms to base e, ``(D + 1, R)``; divided by d they tend to ``lyapunov_exponent(n, g)`` or to ln g.

    Raises:
        ValueError: for a size or number below 1, a scale not above 0, an unknown kind, or a dtype without fractions.

    Example:
        >>> growth_of_product(torch.Generator().manual_seed(0), 3, 4, 2, scale=2.0, kind="orthogonal")[-1] / math.log(2)
        tensor([4.0000, 4.0000], dtype=torch.float64)
    """
    n, depth, runs = integer("size", size), integer("num_factors", num_factors), integer("num_runs", num_runs)
    g, _ = positive("scale", scale), chosen("kind", kind, ("gaussian", "orthogonal"))
    if not dtype.is_floating_point:
        raise ValueError(f"dtype must be floating-point such as torch.float32, got {dtype}")
    place = device_for(dtype) if device is None else device
    v = torch.randn(runs, n, 1, generator=generator, dtype=torch.float64).to(dtype).to(place)
    v = v / torch.linalg.vector_norm(v, dim=1, keepdim=True)
    logs = [v.new_zeros(runs)]
    for _ in range(depth):
        matrix = torch.randn(runs, n, n, generator=generator, dtype=torch.float64)
        matrix = matrix * (g / math.sqrt(n)) if kind == "gaussian" else g * _uniform(matrix)
        v = matrix.to(dtype).to(place) @ v
        length = torch.linalg.vector_norm(v, dim=1, keepdim=True)
        v = v / length
        logs.append(logs[-1] + length.log().reshape(runs))
    return torch.stack(logs)


def lyapunov_exponent(size: int, scale: float = 1.0, index: int = 1) -> float:
    """What each of many different Gaussian factors adds to ln‖·‖, exactly: ½(ln 2 + ψ(n/2)) + ln(g/√n).

    A matrix of entries N(0, g²/n) makes of any unit vector one of N(0, g²/n · I), whatever came before: its squared
    length is g²/n times a χ² of n degrees of freedom, and E ln χ²ₙ = ln 2 + ψ(n/2), with the digamma function ψ. It is
    about ln g − 1/(2n): with g = 1 the product fades. The ``index``-th exponent of the product, that of what the first
    i − 1 directions leave over, is ½(ln 2 + ψ((n − i + 1)/2)) + ln(g/√n).

    Args:
        size: n.
        scale: g.
        index: i, from 1 for the largest to n.

    Raises:
        ValueError: for a size below 1, a scale not above 0, or an index outside 1 … n.

    References:
        Newman (1986), The distribution of Lyapunov exponents: exact results for random matrices. Sussillo and Abbott
        (2014), Random walk initialization for training very deep feedforward networks.

    Example:
        >>> round(lyapunov_exponent(2), 6)  # ½(ln 2 − γ) − ½ ln 2
        -0.288608
    """
    n, g, i = integer("size", size), positive("scale", scale), integer("index", index)
    if i > n:
        raise ValueError(f"index must be from 1 to the size {n}, got {i}")
    return 0.5 * (math.log(2) + float(special.digamma((n - i + 1) / 2))) + math.log(g / math.sqrt(n))


def growth_variance(size: int) -> float:
    """The variance of ln‖Wv‖ for one Gaussian factor, ψ′(n/2)/4, about 1/(2n), whatever its scale.

    Factors are independent, so the mean growth a factor over D factors and R products has the standard error
    √(ψ′(n/2)/(4DR)).

    Raises:
        ValueError: for a size below 1.

    Example:
        >>> round(growth_variance(2), 6), round(math.pi**2 / 24, 6)
        (0.411234, 0.411234)
    """
    return float(special.polygamma(1, integer("size", size) / 2)) / 4


def critical_scale(size: int, exponent: float = 0.0) -> float:
    """The scale g at which a product of Gaussian matrices grows by ``exponent`` a factor; at 0 it stays alive.

    g = √n · exp(exponent − ½(ln 2 + ψ(n/2))), about 1 + 1/(2n).

    Raises:
        ValueError: for a size below 1 or an exponent that is not finite.

    Example:
        >>> abs(lyapunov_exponent(64, critical_scale(64))) < 1e-12
        True
    """
    return math.exp(number("exponent", exponent) - lyapunov_exponent(size))


def lyapunov_exponents(
    factors: Float[Tensor, "D *batch n n"], num_exponents: int | None = None
) -> Float[Tensor, "*batch k"]:
    """The mean growth a factor of the product W_D ⋯ W₁ in its k fastest directions, (1/D) Σ ln |r_ii|.

    An orthonormal frame is carried along, and after each factor W Q = Q′R is factored anew: R's diagonal says by how
    much each direction grew beside those before it. The logarithms of the singular values of a long product, divided by
    D, tend to the same numbers, but cannot be computed once the product has overflowed.

    Args:
        factors: W₁ … W_D, the first to act first. For gradients, which go backward, give ``jacobians.flip(0).mT``.
        num_exponents: k; all n by default.

    Returns:
        Exponents to base e, ``(…, k)``, from the frame's first direction on; for long products in falling order.

    Raises:
        ValueError: when the factors are not square, floating-point and finite, there is none, or k is not 1 … n.

    References:
        Benettin, Galgani, Giorgilli and Strelcyn (1980), Lyapunov characteristic exponents for smooth dynamical
        systems.

    Example:
        >>> lyapunov_exponents(torch.diag(torch.tensor([1.0, 0.5])).expand(7, 2, 2)).exp()
        tensor([1.0000, 0.5000])
    """
    if finite("factors", factors).ndim < 3 or factors.shape[-1] != factors.shape[-2] or factors.shape[0] == 0:
        raise ValueError(f"factors must have shape (D, …, n, n) with D ≥ 1, got {tuple(factors.shape)}")
    n = factors.shape[-1]
    k = n if num_exponents is None else integer("num_exponents", num_exponents)
    if k > n:
        raise ValueError(f"num_exponents must be from 1 to n = {n}, got {k}")
    frame = torch.eye(n, k).to(factors).expand(*factors.shape[1:-1], k)
    total = factors.new_zeros(*factors.shape[1:-2], k)
    for factor in factors:
        frame, r = torch.linalg.qr(factor @ frame)
        total = total + r.diagonal(dim1=-2, dim2=-1).abs().log()
    return total / len(factors)


def _uniform(gaussian: Float[Tensor, "R n n"]) -> Float[Tensor, "R n n"]:
    """Orthogonal matrices, uniform over all of them: Q with the signs of R's diagonal (Mezzadri 2007)."""
    q, r = torch.linalg.qr(gaussian)
    return q * r.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2)
