"""What an analytic surface is: a function with its gradient, its Hessian and its critical points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["Surface", "plane_surface"]


@dataclass(frozen=True)
class Surface:
    """A function f: ℝⁿ → ℝ that is known completely. Calling the surface calls f.

    All three functions take points of shape ``(…, n)``, floating-point, any leading dimensions, and can be
    differentiated further by autograd.

    Attributes:
        name: As in ``SURFACES``.
        f: Values, ``(…,)``.
        gradient: ∇f by hand, ``(…, n)``.
        hessian: ∇²f by hand, ``(…, n, n)``.
        minima: All local minima that are isolated points, global ones first, ``(K, n)``, float64.
        saddles: Saddle points, ``(K, n)``.
        maxima: Local maxima, ``(K, n)``.
        domain: For each coordinate the interval worth drawing.
        start: A point from which a descent shows what the surface is for.
        parameters: The numbers this member of the family was made with.
    """

    name: str
    f: Callable[[Tensor], Tensor]
    gradient: Callable[[Tensor], Tensor]
    hessian: Callable[[Tensor], Tensor]
    minima: Float[Tensor, "K n"]
    saddles: Float[Tensor, "K n"]
    maxima: Float[Tensor, "K n"]
    domain: tuple[tuple[float, float], ...]
    start: tuple[float, ...]
    parameters: dict[str, Any]

    def __call__(self, point: Float[Tensor, "*batch n"]) -> Float[Tensor, "*batch"]:
        """f at each point.

        Raises:
            ValueError: when ``point`` is no floating-point ``(…, n)``; ``gradient`` and ``hessian`` raise it too.
        """
        return self.f(point)

    @property
    def dimension(self) -> int:
        """n, the number of coordinates."""
        return len(self.domain)

    def __reduce__(self) -> tuple:
        """What pickle stores: the factory's name and the parameters, since the formulas are local functions."""
        return _made_again, (self.name, self.parameters)


def _made_again(name: str, parameters: dict[str, Any]) -> Surface:
    return getattr(import_module("labs.objectives"), name)(**parameters)


def checked(point: Tensor, dimension: int) -> Tensor:
    """``point``, which must be a floating-point tensor of shape ``(…, dimension)``."""
    if not isinstance(point, torch.Tensor) or not point.is_floating_point():
        kind = point.dtype if isinstance(point, torch.Tensor) else type(point).__name__
        raise ValueError(f"point must be a floating-point tensor, got {kind}; use torch.tensor(…, dtype=torch.float64)")
    if point.shape[-1:] != (dimension,):
        raise ValueError(f"point must have shape (…, {dimension}), got {tuple(point.shape)}")
    return point


def plane_surface(
    name: str,
    f: Callable[[Tensor, Tensor], Tensor],
    gradient: Callable[[Tensor, Tensor], tuple],
    hessian: Callable[[Tensor, Tensor], tuple],
    *,
    domain: tuple[tuple[float, float], tuple[float, float]],
    start: tuple[float, float],
    minima: Sequence[tuple[float, float]] = (),
    saddles: Sequence[tuple[float, float]] = (),
    maxima: Sequence[tuple[float, float]] = (),
    **parameters: float,
) -> Surface:
    """A surface over the plane from formulas in x and y.

    Args:
        name: As in ``SURFACES``.
        f: (x, y) -> f.
        gradient: (x, y) -> (∂f/∂x, ∂f/∂y).
        hessian: (x, y) -> (∂²f/∂x², ∂²f/∂x∂y, ∂²f/∂y²).
        domain: Intervals of x and y worth drawing.
        start: A point worth starting from.
        minima: All isolated local minima, the global ones first.
        saddles: Saddle points.
        maxima: Local maxima.
        **parameters: The parameters of the family.
    """

    def stacked(parts: tuple, x: Tensor) -> Tensor:
        return torch.stack([part if isinstance(part, torch.Tensor) else torch.full_like(x, part) for part in parts], -1)

    def f_at(point: Tensor) -> Tensor:
        return f(*checked(point, 2).unbind(-1))

    def gradient_at(point: Tensor) -> Tensor:
        x, y = checked(point, 2).unbind(-1)
        return stacked(gradient(x, y), x)

    def hessian_at(point: Tensor) -> Tensor:
        x, y = checked(point, 2).unbind(-1)
        fxx, fxy, fyy = hessian(x, y)
        return stacked((fxx, fxy, fxy, fyy), x).unflatten(-1, (2, 2))

    low, mixed, high = (torch.tensor(list(p), dtype=torch.float64).reshape(-1, 2) for p in (minima, saddles, maxima))
    return Surface(name, f_at, gradient_at, hessian_at, low, mixed, high, domain, start, parameters)
