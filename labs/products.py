"""Products with the Hessian of a risk: what every matrix-free method in ``labs.curvature`` is made of.

A product Hv is the derivative of ∇J along v, and costs about as much as a gradient or two (Pearlmutter 1994); H itself
is never formed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from labs.device import beside
from labs.fast import covers
from labs.fast.products import Product
from labs.inputs import finite

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    RiskFunction = Callable[[Float[Tensor, "*runs P"]], Float[Tensor, "*runs"]]

__all__ = ["HessianOperator", "hvp"]


class HessianOperator:
    """The Hessian of ``risk`` at θ as something to multiply with: ``operator @ v``.

    Whatever does not depend on v is computed once, here: make one operator for many products at the same θ. It works in
    memory of its own, so two threads need two operators.

    Args:
        risk: ``risk(theta) -> J``; for an ensemble it must return one J a run, each of its own row of θ alone.
        theta: ``(P,)``, or ``(R, P)`` for an ensemble: H is then one P × P matrix a run.

    Raises:
        ValueError: when θ is not a finite floating-point tensor of one or two dimensions, or ``risk(theta)`` is not
            one number a run.

    Example:
        >>> operator = HessianOperator(lambda theta: theta.prod(), torch.tensor([2.0, 3.0]))
        >>> operator @ torch.tensor([1.0, 0.0])
        tensor([0., 1.])
    """

    def __init__(self, risk: RiskFunction, theta: Float[Tensor, "*runs P"]) -> None:
        if finite("theta", theta).ndim not in (1, 2):
            raise ValueError(f"theta must have shape (P,) or (R, P), got {tuple(theta.shape)}")
        self.theta = theta.detach()
        self._product = Product(risk, self.theta) if covers(risk, self.theta) else _kept_graph(risk, self.theta)

    def __matmul__(self, v: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs P"]:
        if v.shape != self.theta.shape:
            raise ValueError(f"v must have the shape of theta, {tuple(self.theta.shape)}, got {tuple(v.shape)}")
        return self._product(beside(v.detach(), self.theta))

    def rows(self, vs: Float[Tensor, "K P"]) -> Float[Tensor, "K P"]:
        """H v for each row v: of the one Hessian when θ is ``(P,)``, of each run's own when θ is ``(R, P)``."""
        if self.theta.ndim == 2:
            return self @ vs
        return torch.stack([self @ v for v in vs]) if len(vs) > 1 else (self @ vs[0]).unsqueeze(0)


def _kept_graph(risk: RiskFunction, theta: Tensor) -> Callable[[Tensor], Tensor]:
    """v ↦ ∇(∇J·v) by a second backward pass through the graph of ∇J, which is kept."""
    with torch.enable_grad():
        leaf = theta.clone().requires_grad_()
        value = risk(leaf)
        if value.shape != theta.shape[:-1]:
            raise ValueError(
                f"risk(theta) must return one number a run, shape {tuple(theta.shape[:-1])}, got {tuple(value.shape)}"
            )
        (gradient,) = torch.autograd.grad(value.sum(), leaf, create_graph=True, materialize_grads=True)
    if not gradient.requires_grad:  # an affine risk
        return torch.zeros_like
    return lambda v: torch.autograd.grad(gradient, leaf, v, retain_graph=True, materialize_grads=True)[0]


def hvp(risk: RiskFunction, theta: Float[Tensor, "*runs P"], v: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs P"]:
    """H v, the Hessian of ``risk`` at θ times v; for several products at one θ keep a ``HessianOperator``.

    Args:
        risk: ``risk(theta) -> J``, one number a run.
        theta: ``(P,)`` or ``(R, P)``.
        v: The same shape.

    Raises:
        ValueError: as ``HessianOperator``, or when the shapes differ.

    Example:
        >>> hvp(lambda theta: (theta**3).sum(), torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1.0]))
        tensor([ 6., 12.])
    """
    return HessianOperator(risk, theta) @ v
