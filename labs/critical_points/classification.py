"""What kind of critical point it is: the signs of the Hessian's eigenvalues, and which of many points are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from labs.inputs import finite, number, positive

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

__all__ = ["Curvatures", "curvatures", "distinct", "square"]


class Curvatures(NamedTuple):
    """How many eigenvalues of each Hessian are negative (its index), zero and positive, ``(*batch)`` each."""

    negative: Int[Tensor, "*batch"]
    zero: Int[Tensor, "*batch"]
    positive: Int[Tensor, "*batch"]

    @property
    def is_minimum(self) -> Bool[Tensor, "*batch"]:
        """No eigenvalue is negative, and none is zero: a strict local minimum."""
        return (self.negative == 0) & (self.zero == 0)

    @property
    def is_saddle(self) -> Bool[Tensor, "*batch"]:
        """Eigenvalues of both signs: there are ways down and ways up."""
        return (self.negative > 0) & (self.positive > 0)

    @property
    def is_maximum(self) -> Bool[Tensor, "*batch"]:
        """Only negative eigenvalues: a strict local maximum."""
        return (self.positive == 0) & (self.zero == 0)


def curvatures(hessian: Float[Tensor, "*batch n n"], tolerance: float = 1e-8) -> Curvatures:
    """The numbers of negative, zero and positive eigenvalues of symmetric matrices.

    An eigenvalue counts as zero within ``tolerance`` times the largest absolute one of its matrix: a symmetric
    eigensolver errs by about that times the rounding unit, 2e-16 in float64. A point with zero eigenvalues and no
    negative one may be a minimum or not; the second derivatives do not tell.

    Args:
        hessian: ``(…, n, n)``, symmetric.
        tolerance: From 0 to below 1; in float32 take 1e-5 or more.

    Raises:
        ValueError: when ``hessian`` is not made of finite symmetric matrices, or the tolerance is out of its range.

    Example:
        >>> curvatures(torch.diag(torch.tensor([-2.0, 0.0, 1.0, 3.0])))
        Curvatures(negative=tensor(1), zero=tensor(1), positive=tensor(2))
    """
    number("tolerance", tolerance, at_least=0, at_most=0.999)
    values = torch.linalg.eigvalsh(square("hessian", hessian))
    size = tolerance * values.abs().amax(-1, keepdim=True)
    return Curvatures((values < -size).sum(-1), (values.abs() <= size).sum(-1), (values > size).sum(-1))


def distinct(points: Float[Tensor, "*batch S n"], tolerance: float = 1e-6) -> Bool[Tensor, "*batch S"]:
    """Which points lie farther than ``tolerance`` from all points before them, in each batch.

    A search from many starts finds a critical point many times; this keeps the first. Points that hold NaN are kept,
    since they equal nothing: sort out what did not converge before.

    Args:
        points: ``(…, S, n)``, S points in each batch.
        tolerance: The distance within which two points are one, above 0.

    Raises:
        ValueError: when ``points`` has fewer than two dimensions or the tolerance is not positive.

    Example:
        >>> distinct(torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1e-9]]))
        tensor([ True,  True, False])
    """
    positive("tolerance", tolerance)
    if not points.is_floating_point() or points.ndim < 2:
        raise ValueError(f"points must be floating-point (…, S, n), got {points.dtype} {tuple(points.shape)}")
    distances = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    return ~(distances <= tolerance).tril(-1).any(-1)


def square(name: str, matrices: Tensor) -> Tensor:
    """``matrices``, which must be finite, symmetric to a thousandfold rounding and of shape ``(…, n, n)``."""
    if finite(name, matrices).ndim < 2 or matrices.shape[-1] != matrices.shape[-2]:
        raise ValueError(f"{name} must have shape (…, n, n), got {tuple(matrices.shape)}")
    allowed = 1000 * torch.finfo(matrices.dtype).eps * float(matrices.detach().abs().max())
    if (gap := float((matrices - matrices.mT).detach().abs().max())) > allowed:
        raise ValueError(f"{name} must be symmetric, but differs from its transpose by {gap:.3g}; take (H + Hᵀ)/2")
    return matrices
