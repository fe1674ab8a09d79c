"""Gradient descent on functions of a few coordinates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from labs.device import beside

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["descend"]


def descend(
    f: Any,
    start: Float[Tensor, "*runs n"],
    learning_rate: float | Tensor,
    num_steps: int,
    momentum: float | Tensor = 0.0,
) -> Float[Tensor, "num_steps_plus_1 *runs n"]:
    """The path of v ← m v − η ∇f(θ), θ ← θ + v from ``start``, the start included.

    A path that diverges ends in inf or NaN; the others are not affected.

    Args:
        f: A ``labs.objectives.Surface``, or any function of points ``(*runs, n)`` -> values ``(*runs)``.
        start: Where to start, one point or many, in float32 or float64.
        learning_rate: η > 0, a number or one per run.
        num_steps: Number of updates.
        momentum: m in [0, 1), a number or one per run.

    Example:
        >>> descend(lambda p: p.square().sum(-1) / 2, torch.tensor([8.0]), learning_rate=0.5, num_steps=3).flatten()
        tensor([8., 4., 2., 1.])
    """
    start = torch.as_tensor(start)
    start = start if start.is_floating_point() else start.to(torch.get_default_dtype())
    rate, momentum = (beside(number, start) for number in (learning_rate, momentum))
    if not (rate > 0).all():
        raise ValueError(f"learning_rate must be positive, got {learning_rate!r}")
    if num_steps < 0:
        raise ValueError(f"num_steps must be 0 or more, got {num_steps}")
    rate, momentum = (number.unsqueeze(-1) if number.ndim else number for number in (rate, momentum))
    gradient = _gradient_of(f)
    path, velocity = [start], torch.zeros_like(start)
    for _ in range(num_steps):
        velocity = momentum * velocity - rate * gradient(path[-1])
        path.append(path[-1] + velocity)
    return torch.stack(path)


def _gradient_of(f: Any) -> Callable[[Tensor], Tensor]:
    if hasattr(f, "gradient"):
        return f.gradient

    def gradient(point: Tensor) -> Tensor:
        point = point.detach().requires_grad_()
        return torch.autograd.grad(f(point).sum(), point)[0]

    return gradient
