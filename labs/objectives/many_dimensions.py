"""Surfaces in n dimensions: any quadratic, and the hardest one there is for first-order methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from labs.inputs import finite, integer, positive
from labs.objectives.surface import Surface, checked

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["nesterov_worst", "quadratic_form"]


def quadratic_form(matrix: Float[Tensor, "n n"], linear: Float[Tensor, " n"] | None = None) -> Surface:
    """f = ½xᵀHx − bᵀx, gradient Hx − b, Hessian H; the minimum is H⁻¹b where H is positive definite.

    For n eigenvalues from 1 to κ take ``matrix=torch.diag(torch.logspace(0, log10(κ), n, dtype=torch.float64))``.

    Args:
        matrix: H, symmetric.
        linear: b; ``None`` is 0.

    Raises:
        ValueError: when H is not a finite symmetric floating-point matrix or b does not fit it.

    Example:
        >>> quadratic_form(torch.diag(torch.tensor([1.0, 4.0])), torch.tensor([1.0, 1.0])).minima
        tensor([[1.0000, 0.2500]], dtype=torch.float64)
    """
    finite("matrix", matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"matrix must be square (n, n), got {tuple(matrix.shape)}")
    if not torch.allclose(matrix, matrix.mT, rtol=1e-6, atol=0):
        raise ValueError(f"matrix must be symmetric, got {matrix.tolist()}; use (A + A.mT) / 2")
    b = torch.zeros_like(matrix[0]) if linear is None else finite("linear", linear)
    if b.shape != matrix.shape[:1]:
        raise ValueError(f"linear must have shape ({len(matrix)},), got {tuple(b.shape)}")
    return _quadratic_surface(
        "quadratic_form", matrix.cpu().double(), b.cpu().double(), {"matrix": matrix, "linear": b}
    )


def nesterov_worst(k: int, smoothness: float = 1.0) -> Surface:
    """Nesterov's worst function in n = 2k + 1 dimensions, (L/4)(½[x₁² + Σᵢ(xᵢ − xᵢ₊₁)² + xₙ²] − x₁).

    From x = 0, a step along past gradients reaches one new coordinate, so after k steps x_{k+1} … x_n are still 0 and

        f − f* ≥ 3L‖x₀ − x*‖²/(32(k + 1)²).

    The Hessian is L/4 times the matrix with 2 on the diagonal and −1 beside it, whose eigenvalues lie in (0, 4). The
    minimum is x*ᵢ = 1 − i/(n + 1), of value f* = −(L/8)(1 − 1/(n + 1)).

    Args:
        k: Number of steps the bound is for, at least 1.
        smoothness: L > 0, an upper bound of the Hessian's eigenvalues.

    Raises:
        ValueError: when ``k`` is not a positive integer or ``smoothness`` is not positive.

    References:
        Nesterov (2004), Introductory Lectures on Convex Optimization, section 2.1.2.

    Example:
        >>> nesterov_worst(1).minima
        tensor([[0.7500, 0.5000, 0.2500]], dtype=torch.float64)
    """
    n, scale = 2 * integer("k", k) + 1, positive("smoothness", smoothness) / 4
    off = torch.ones(n - 1, dtype=torch.float64)
    matrix = 2 * torch.eye(n, dtype=torch.float64) - torch.diag(off, 1) - torch.diag(off, -1)
    first = torch.eye(n, dtype=torch.float64)[0]
    parameters = {"k": k, "smoothness": smoothness}
    return _quadratic_surface("nesterov_worst", scale * matrix, scale * first, parameters)


def _quadratic_surface(name: str, matrix: Tensor, linear: Tensor, parameters: dict) -> Surface:
    n = len(matrix)

    def f(x: Tensor) -> Tensor:
        hx = checked(x, n) @ matrix.to(x)
        return (x * (0.5 * hx - linear.to(x))).sum(-1)

    def gradient(x: Tensor) -> Tensor:
        return checked(x, n) @ matrix.to(x) - linear.to(x)

    def hessian(x: Tensor) -> Tensor:
        batch = checked(x, n).shape[:-1]
        return matrix.to(x).expand(*batch, n, n)

    none = torch.zeros(0, n, dtype=torch.float64)
    values = torch.linalg.eigvalsh(matrix)
    tiny = 1e-12 * values.abs().max()
    point = torch.linalg.solve(matrix, linear)[None] if values.abs().min() > tiny else none
    minima, maxima = (point if bool(side) else none for side in ((values > tiny).all(), (values < -tiny).all()))
    saddles = none if len(minima) or len(maxima) else point
    domain = ((-2.0, 2.0),) * n
    return Surface(name, f, gradient, hessian, minima, saddles, maxima, domain, (0.0,) * n, parameters)
