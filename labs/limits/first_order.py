"""First-order methods on a smooth convex function, and what none of them can do on Nesterov's worst one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch

from labs.inputs import chosen, integer, number, positive

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from labs.objectives import Surface

__all__ = ["FIRST_ORDER_METHODS", "first_order_path", "least_excess", "nesterov_bound", "worst_curvatures"]

Gradient = Callable[["Tensor"], "Tensor"]


def first_order_path(
    surface: Surface,
    method: str,
    start: Float[Tensor, "*runs n"],
    num_steps: int,
    *,
    smoothness: float,
    strong_convexity: float = 0.0,
) -> Float[Tensor, "num_steps_plus_1 *runs n"]:
    """The points that a first-order method visits, the start included.

    With L the largest and μ the smallest curvature, g = ∇f(x):

    * ``gradient_descent``: x ← x − g/L;
    * ``heavy_ball``: v ← βv − ηg, x ← x + v, with η = 4/(√L + √μ)² and β = ((√L − √μ)/(√L + √μ))²;
    * ``accelerated``: x ← y − ∇f(y)/L, y ← x + (t − 1)/t′ (x − the x before), t′ = (1 + √(1 + 4t²))/2;
    * ``conjugate_gradients``: the least value over the span of all gradients so far, for quadratic f.

    Args:
        surface: f; a quadratic for conjugate gradients, which is not checked.
        method: A name in ``FIRST_ORDER_METHODS``.
        start: Where to start, one point or many, in any floating dtype on any device.
        num_steps: Number of steps.
        smoothness: L > 0.
        strong_convexity: μ from 0 to L; only the heavy ball uses it.

    Raises:
        ValueError: for an unknown method, a negative number of steps, L ≤ 0, or μ outside [0, L].

    References:
        Polyak (1964); Nesterov (1983), with t′ as in Beck and Teboulle (2009); Hestenes and Stiefel (1952).

    Example:
        >>> from labs.objectives import nesterov_worst
        >>> path = first_order_path(nesterov_worst(1), "conjugate_gradients", torch.zeros(3), 3, smoothness=1.0)
        >>> [round(float(x), 4) for x in path[-1]]
        [0.75, 0.5, 0.25]
    """
    steps = _METHODS[chosen("method", method, FIRST_ORDER_METHODS)]
    count, top = integer("num_steps", num_steps, at_least=0), positive("smoothness", smoothness)
    low = number("strong_convexity", strong_convexity, at_least=0, at_most=top)
    visited = steps(surface.gradient, start, top, low)
    return torch.stack([start, *(next(visited) for _ in range(count))])


def nesterov_bound(k: int, smoothness: float, squared_distance: float) -> float:
    """3L‖x₀ − x*‖²/(32(k + 1)²): f − f* of no first-order method is below this after k steps on ``nesterov_worst(k)``.

    It holds for methods whose k-th point lies in x₀ plus the span of the gradients so far, and from x₀ = 0.

    Raises:
        ValueError: when k is below 1, or L or the distance is not positive.

    References:
        Nesterov (2004), Introductory Lectures on Convex Optimization, theorem 2.1.7.

    Example:
        >>> nesterov_bound(1, 1.0, 0.875)
        0.0205078125
    """
    top, distance = positive("smoothness", smoothness), positive("squared_distance", squared_distance)
    return 3 * top * distance / (32 * (integer("k", k) + 1) ** 2)


def least_excess(step: int, k: int, smoothness: float = 1.0) -> float:
    """The least f − f* that a first-order method can have after ``step`` steps on ``nesterov_worst(k)`` from 0.

    After t steps only the first t of the n = 2k + 1 coordinates can differ from 0, and the least value over them is
    −(L/8)(1 − 1/(t + 1)); so it is (L/8)(1/(t + 1) − 1/(n + 1)). Conjugate gradients reach it at every step.

    Raises:
        ValueError: when ``step`` is outside 0 … 2k + 1, k is below 1, or L is not positive.

    Example:
        >>> least_excess(0, 1), least_excess(3, 1)
        (0.09375, 0.0)
    """
    n = 2 * integer("k", k) + 1
    if integer("step", step, at_least=0) > n:
        raise ValueError(f"step must be at most n = 2k + 1 = {n}, got {step}: by then the minimum is reached")
    return positive("smoothness", smoothness) / 8 * (1 / (step + 1) - 1 / (n + 1))


def worst_curvatures(k: int, smoothness: float = 1.0) -> tuple[float, float]:
    """The smallest and the largest eigenvalue of the Hessian of ``nesterov_worst(k)``: L sin² and L cos² of π/(4k + 4).

    Raises:
        ValueError: when k is below 1 or L is not positive.

    Example:
        >>> [round(value, 6) for value in worst_curvatures(1)]
        [0.146447, 0.853553]
    """
    angle, top = math.pi / (4 * integer("k", k) + 4), positive("smoothness", smoothness)
    return top * math.sin(angle) ** 2, top * math.cos(angle) ** 2


def _gradient_descent(gradient: Gradient, x: Tensor, top: float, low: float) -> Iterator[Tensor]:
    while True:
        x = x - gradient(x) / top
        yield x


def _heavy_ball(gradient: Gradient, x: Tensor, top: float, low: float) -> Iterator[Tensor]:
    both, apart = math.sqrt(top) + math.sqrt(low), math.sqrt(top) - math.sqrt(low)
    v = torch.zeros_like(x)
    while True:
        v = (apart / both) ** 2 * v - 4 / both**2 * gradient(x)
        x = x + v
        yield x


def _accelerated(gradient: Gradient, x: Tensor, top: float, low: float) -> Iterator[Tensor]:
    y, t = x, 1.0
    while True:
        ahead, later = y - gradient(y) / top, (1 + math.sqrt(1 + 4 * t * t)) / 2
        x, y, t = ahead, ahead + (t - 1) / later * (ahead - x), later
        yield x


def _conjugate_gradients(gradient: Gradient, x: Tensor, top: float, low: float) -> Iterator[Tensor]:
    """A quadratic's Hessian times p is ∇f(p) − ∇f(0). Where nothing is left to do, the point stays."""
    at_zero = gradient(torch.zeros_like(x))
    residual = -gradient(x)
    p, size = residual, residual.square().sum(-1, keepdim=True)
    done = torch.finfo(x.dtype).eps ** 2 * size
    while True:
        product = gradient(p) - at_zero
        live = size > done
        alpha = torch.where(live, size / torch.where(live, (p * product).sum(-1, keepdim=True), 1.0), 0.0)
        x, residual = x + alpha * p, residual - alpha * product
        left = residual.square().sum(-1, keepdim=True)
        p, size = residual + torch.where(live, left / torch.where(live, size, 1.0), 0.0) * p, left
        yield x


_METHODS: dict[str, Callable[[Gradient, Tensor, float, float], Iterator[Tensor]]] = {
    "gradient_descent": _gradient_descent,
    "heavy_ball": _heavy_ball,
    "accelerated": _accelerated,
    "conjugate_gradients": _conjugate_gradients,
}

FIRST_ORDER_METHODS = tuple(_METHODS)
"""The names of the methods of ``first_order_path``."""
