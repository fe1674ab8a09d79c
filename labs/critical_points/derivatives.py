"""First and second derivatives of whatever the searches are given: a surface, a risk, or any function of θ."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from labs.curvature import hessian
from labs.objectives import Surface

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Derivatives", "derivatives"]

Derivatives = Callable[["Tensor"], tuple["Tensor", "Tensor"]]


def derivatives(f: Any) -> Derivatives:
    """θ ↦ (∇f, ∇²f) of shapes ``(R, n)`` and ``(R, n, n)`` for θ of shape ``(R, n)``.

    A surface brings both; a risk its gradient, and the course's networks the dense Hessian by a rule of their own.
    """
    if isinstance(f, Surface):
        return lambda theta: (f.gradient(theta), f.hessian(theta))
    slope = getattr(f, "grad", None) or (lambda theta: _gradient(f, theta))
    return lambda theta: (slope(theta), hessian(f, theta))


def _gradient(f: Callable[[Tensor], Tensor], theta: Tensor) -> Tensor:
    leaf = theta.detach().requires_grad_()
    return torch.autograd.grad(f(leaf).sum(), leaf)[0]
