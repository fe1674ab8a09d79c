"""Minibatch gradient descent on least squares in two parameters, number for number that of ``sampling.js``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy import ndarray
    from numpy.typing import ArrayLike

__all__ = ["LeastSquares", "minibatch_path", "permutation", "uniform"]

LOST = 1e9
"""A path that has come this far from the origin has diverged and ends there."""

_WORD = 0xFFFFFFFF


class LeastSquares:
    """J(θ) = mean of ½(θ·x − y)² over N examples with two features.

    Args:
        x: Inputs, ``(N, 2)``.
        y: Targets, ``(N,)``.
    """

    def __init__(self, x: ArrayLike, y: ArrayLike) -> None:
        self.x, self.y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        self.hessian = self.x.T @ self.x / len(self.y)
        self.minimum = np.linalg.solve(self.hessian, self.x.T @ self.y / len(self.y))
        self.minima = (self.minimum,)  # where a contour map puts its star

    def __call__(self, theta: Any) -> Any:
        """J at points ``(..., 2)``, arrays or tensors."""
        theta = np.asarray(theta, dtype=float)
        return self.excess(theta) + 0.5 * np.mean((self.x @ self.minimum - self.y) ** 2)

    def excess(self, theta: ArrayLike) -> ndarray:
        """J − min J at points ``(..., 2)``."""
        away = np.asarray(theta, dtype=float) - self.minimum
        return 0.5 * np.einsum("...i,ij,...j->...", away, self.hessian, away)

    def moments(self, theta: ArrayLike) -> tuple[ndarray, float]:
        """∇J ``(2,)`` and tr Σ, the total variance of the gradient of one random example."""
        gradients = (self.x @ np.asarray(theta, dtype=float) - self.y)[:, None] * self.x
        mean = gradients.mean(axis=0)
        return mean, max(0.0, float((gradients**2).sum(axis=1).mean() - mean @ mean))

    def standard_error(self, theta: ArrayLike, batch_size: int) -> float:
        """√E‖g_B − ∇J‖² for B examples drawn without replacement."""
        count = len(self.y)
        return math.sqrt(self.moments(theta)[1] / batch_size * (count - batch_size) / max(1, count - 1))


def uniform(seed: int) -> Iterator[float]:
    """Uniform random numbers in [0, 1), those of ``uniform`` in ``numerics.js`` (mulberry32)."""
    state = seed & _WORD
    while True:
        state = (state + 0x6D2B79F5) & _WORD
        bits = (state ^ (state >> 15)) * (state | 1) & _WORD
        bits ^= (bits + ((bits ^ (bits >> 7)) * (bits | 61) & _WORD)) & _WORD
        yield (bits ^ (bits >> 14)) / 2**32


def permutation(n: int, draw: Iterator[float]) -> list[int]:
    """A random order of 0 … n − 1 (Fisher and Yates)."""
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        j = math.floor(next(draw) * (i + 1))
        order[i], order[j] = order[j], order[i]
    return order


def minibatch_path(
    problem: LeastSquares, start: Sequence[float], learning_rate: float, batch_size: int, num_passes: int, seed: int = 1
) -> tuple[ndarray, ndarray]:
    """Points ``(T + 1, 2)`` of minibatch gradient descent over shuffled passes, and the examples seen at each.

    It is shorter where the path diverges. The last batch of a pass holds what is left over.
    """
    draw, theta, count = uniform(seed), np.asarray(start, dtype=float), len(problem.y)
    path, seen = [theta], [0]
    for done in range(0, num_passes * count, count):
        order = permutation(count, draw)
        for first in range(0, count, batch_size):
            rows = order[first : first + batch_size]
            x = problem.x[rows]
            theta = theta - learning_rate * (x.T @ (x @ theta - problem.y[rows])) / len(rows)
            if not (np.abs(theta) <= LOST).all():
                return np.array(path), np.array(seen)
            path.append(theta)
            seen.append(done + first + len(rows))
    return np.array(path), np.array(seen)
