"""Descent on a bowl by gradients with noise and a bias, number for number that of ``wandering.js``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from labs.explore.sampling import uniform

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy import ndarray

__all__ = ["moments", "normal", "rates", "walk"]


def normal(seed: int) -> Iterator[float]:
    """Standard normal random numbers, those of ``normal`` in ``numerics.js`` (Box and Muller's pairs)."""
    draw = uniform(seed)
    while True:
        radius = math.sqrt(-2 * math.log(1 - next(draw)))
        angle = 2 * math.pi * next(draw)
        yield radius * math.cos(angle)
        yield radius * math.sin(angle)


def rates(learning_rate: float, curvatures: Sequence[float], num_steps: int, decay: bool) -> list[float]:
    """ηₜ = η, or with ``decay`` η/(1 + ηλt) with the smallest λ: c/t with c = 1/λ, begun where it is η."""
    slow = learning_rate * min(curvatures) if decay else 0.0
    return [learning_rate / (1 + slow * step) for step in range(num_steps)]


def walk(
    start: Sequence[float],
    curvatures: Sequence[float],
    steps: Sequence[float],
    *,
    noise: float,
    bias: float,
    seed: int,
    num_walkers: int,
) -> Float[ndarray, "walkers steps 2"]:
    """The ways of all walkers, one after the other from one stream; the bias has length ``bias`` along (1, 1)."""
    draw, pull = normal(seed), bias / math.sqrt(2)
    paths = np.empty((num_walkers, len(steps) + 1, 2))
    for path in paths:
        x, y = start
        path[0] = x, y
        for step, rate in enumerate(steps, 1):
            x -= rate * (curvatures[0] * x + pull + noise * next(draw))
            y -= rate * (curvatures[1] * y + pull + noise * next(draw))
            path[step] = x, y
    return paths


def moments(
    start: Sequence[float], curvatures: Sequence[float], steps: Sequence[float], *, noise: float, bias: float
) -> tuple[list[float], list[float]]:
    """The exact means and variances of the two coordinates after all steps."""
    pull, means, variances = bias / math.sqrt(2), list(start), [0.0, 0.0]
    for rate in steps:
        for axis, curvature in enumerate(curvatures):
            keep = 1 - rate * curvature
            means[axis] = keep * means[axis] - rate * pull
            variances[axis] = keep * keep * variances[axis] + rate * rate * noise * noise
    return means, variances
