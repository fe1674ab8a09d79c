"""The methods of the descent explorer in numpy, step for step those of ``numerics.js``.

The static pictures are drawn with these, and the tests compare the two languages with each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy import ndarray

    from labs.objectives import Surface

__all__ = ["METHODS", "descend"]

FLAT = 1e-9
"""Curvatures below this are taken for it, with their sign, so that a flat direction gives a finite step."""

FAR = 1e9
"""A path that has come this far from the origin has diverged and ends there."""

Derivative = Callable[[np.ndarray], np.ndarray]
Step = Callable[[Derivative, Derivative, np.ndarray, np.ndarray, float, float], np.ndarray]


def _curved(gradient: np.ndarray, hessian: np.ndarray, *, saddle_free: bool) -> np.ndarray:
    """−H⁻¹g, or −|H|⁻¹g with the eigenvalues' absolute values."""
    values, vectors = np.linalg.eigh(hessian)
    sizes = np.maximum(np.abs(values), FLAT)
    weights = sizes if saddle_free else np.where(values < 0, -sizes, sizes)
    return -vectors @ ((vectors.T @ gradient) / weights)


METHODS: dict[str, Step] = {
    "gradient_descent": lambda g, h, x, v, eta, beta: -eta * g(x),
    "momentum": lambda g, h, x, v, eta, beta: beta * v - eta * g(x),
    "nesterov": lambda g, h, x, v, eta, beta: beta * v - eta * g(x + beta * v),
    "newton": lambda g, h, x, v, eta, beta: _curved(g(x), h(x), saddle_free=False),
    "saddle_free_newton": lambda g, h, x, v, eta, beta: _curved(g(x), h(x), saddle_free=True),
    "sign_descent": lambda g, h, x, v, eta, beta: -eta * np.sign(g(x)),
}
"""Name → what one step adds to the point x, given gradient, Hessian, x, the last step v, η and β."""


def descend(
    surface: Surface,
    method: str,
    start: Sequence[float],
    *,
    learning_rate: float,
    momentum: float,
    num_steps: int,
) -> Float[ndarray, "T 2"]:
    """The points of ``method`` from ``start``: ``num_steps + 1`` of them, or fewer if it diverges."""

    def gradient(at: np.ndarray) -> np.ndarray:
        return surface.gradient(torch.from_numpy(at)).numpy()

    def hessian(at: np.ndarray) -> np.ndarray:
        return surface.hessian(torch.from_numpy(at)).numpy()

    point, last = np.array(start, dtype=float), np.zeros(2)
    points = [point]
    for _ in range(num_steps):
        last = METHODS[method](gradient, hessian, point, last, learning_rate, momentum)
        point = point + last
        if not np.all(np.abs(point) <= FAR):
            break
        points.append(point)
    return np.array(points)
