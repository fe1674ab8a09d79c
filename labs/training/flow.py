"""Gradient flow, the limit of gradient descent for small steps, followed over many decades of time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.integrate import solve_ivp

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["gradient_flow"]

MAX_GRADIENTS = 50_000


def gradient_flow(
    gradient: Callable[[Tensor], Tensor],
    start: Float[Tensor, " n"],
    times: Sequence[float],
    *,
    tolerance: float = 1e-8,
) -> Float[Tensor, "K n"]:
    """θ at each of ``times`` on the solution of dθ/dt = −∇f(θ) from θ(0) = ``start``.

    The equation is solved in s = log t, where it reads dθ/ds = −eˢ ∇f(θ): a flow that slows down as its gradient
    vanishes then moves at an even pace, and ten decades cost little more than one. Up to a thousandth of the first of
    ``times`` one Euler step is taken. The method is LSODA, which changes to an implicit rule where the flow is stiff.

    Args:
        gradient: θ ``(n,)`` in float64 -> ∇f(θ).
        start: θ at t = 0.
        times: Positive and ascending.
        tolerance: Relative error allowed a step; the absolute one is a hundredth of it.

    Raises:
        ValueError: when the times are not positive and ascending, or the flow cannot be followed to the last of them.

    References:
        Hindmarsh (1983), ODEPACK.

    Example:
        >>> gradient_flow(lambda theta: theta, torch.tensor([1.0]), [1.0, 2.0]).log().round(decimals=5)
        tensor([[-1.],
                [-2.]], dtype=torch.float64)
    """
    t = np.asarray(times, dtype=float)
    if t.ndim != 1 or not t.size or not t[0] > 0 or not np.all(np.diff(t) > 0):
        raise ValueError(f"times must be positive and ascending, got {times!r}")
    theta, first = start.detach().cpu().double(), 1e-3 * t[0]
    theta = theta - first * gradient(theta)

    calls = count()

    def velocity(s: float, values: np.ndarray) -> np.ndarray:
        if next(calls) >= MAX_GRADIENTS:
            reached = f"t = {np.exp(s):.6g} of {t[-1]:g}"
            raise ValueError(f"the flow is only at {reached} after {MAX_GRADIENTS} gradients; does it blow up there?")
        return -np.exp(s) * gradient(torch.from_numpy(values)).detach().numpy()

    span = float(np.log(first)), float(np.log(t[-1]))
    solved = solve_ivp(
        velocity, span, theta.numpy(), method="LSODA", t_eval=np.log(t).clip(*span), rtol=tolerance,
        atol=1e-2 * tolerance,
    )  # fmt: skip
    if not solved.success:
        raise ValueError(f"the flow could not be followed to t = {t[-1]:g}: {solved.message}")
    return torch.from_numpy(solved.y.T.copy())
