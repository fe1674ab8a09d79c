"""Obstacles: saddles, several wells, plateaus, a hill to be on the wrong side of, and a cliff.

Each factory returns a ``Surface`` and raises ValueError for a parameter outside the range it states. In every one the
derivatives stand beside the formula they belong to, so that the calculus can be checked by eye.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from labs.inputs import integer, number, positive
from labs.objectives.surface import Surface, plane_surface

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["cliff", "four_valleys", "hill", "plateau", "saddle", "two_valleys"]


def saddle(curvature: float = 1.0) -> Surface:
    """f = ½(x² − cy²): up along x, down along y without end; saddle (0, 0).

    Args:
        curvature: c > 0, the size of the negative eigenvalue.

    Example:
        >>> saddle(2.0)(torch.tensor([1.0, 1.0])).item()
        -0.5
    """
    c = positive("curvature", curvature)

    def f(x: Tensor, y: Tensor) -> Tensor:
        return 0.5 * (x * x - c * y * y)

    def gradient(x: Tensor, y: Tensor) -> tuple:
        return x, -c * y

    def hessian(x: Tensor, y: Tensor) -> tuple:
        return 1.0, 0.0, -c

    box = ((-2.0, 2.0), (-2.0, 2.0))
    return plane_surface("saddle", f, gradient, hessian, domain=box, start=(1.8, 0.01), saddles=[(0, 0)], curvature=c)


def two_valleys(tilt: float = 0.1) -> Surface:
    """f = (x² − 1)²/4 + tx + y²/2: two wells with a pass between them; the tilt t makes one of them deeper.

    On y = 0 the slope is x³ − x + t, whose roots are (2/√3) cos(⅓ arccos(−3√3 t/2) − 2πk/3).

    Args:
        tilt: |t| ≤ 0.38; from 2/(3√3) ≈ 0.3849 on only one well is left.

    Example:
        >>> two_valleys(tilt=0.0)(torch.tensor([0.0, 1.0])).item()
        0.75
    """
    t = number("tilt", tilt, at_least=-0.38, at_most=0.38)

    def f(x: Tensor, y: Tensor) -> Tensor:
        return 0.25 * (x * x - 1) ** 2 + t * x + 0.5 * y * y

    def gradient(x: Tensor, y: Tensor) -> tuple:
        return x * (x * x - 1) + t, y

    def hessian(x: Tensor, y: Tensor) -> tuple:
        return 3 * x * x - 1, 0.0, 1.0

    third = math.acos(-1.5 * math.sqrt(3) * t) / 3
    right, left, middle = (2 / math.sqrt(3) * math.cos(third - 2 * math.pi * k / 3) for k in (0, 2, 1))
    minima = [(left, 0), (right, 0)] if t >= 0 else [(right, 0), (left, 0)]
    box = ((-2.0, 2.0), (-2.0, 2.0))
    return plane_surface(
        "two_valleys", f, gradient, hessian, domain=box, start=(1.6, 1.4), minima=minima, saddles=[(middle, 0)], tilt=t
    )


def four_valleys(coupling: float = 0.3) -> Surface:
    """f = (x² − 1)²/4 + (y² − 1)²/4 + cxy: nine critical points, all in closed form.

    From x³ − x + cy = 0 and y³ − y + cx = 0, added and subtracted: minima ±√(1 + c)·(1, −1) (global) and
    ±√(1 − c)·(1, 1); four saddles where x² + y² = 1 and xy = c; a maximum at (0, 0).

    Args:
        coupling: c from 0 to 0.49; at 1/2 the saddles meet the minima.

    Example:
        >>> surface = four_valleys(0.0)
        >>> len(surface.minima), len(surface.saddles), len(surface.maxima)
        (4, 4, 1)
    """
    c = number("coupling", coupling, at_least=0, at_most=0.49)

    def f(x: Tensor, y: Tensor) -> Tensor:
        return 0.25 * (x * x - 1) ** 2 + 0.25 * (y * y - 1) ** 2 + c * x * y

    def gradient(x: Tensor, y: Tensor) -> tuple:
        return x * (x * x - 1) + c * y, y * (y * y - 1) + c * x

    def hessian(x: Tensor, y: Tensor) -> tuple:
        return 3 * x * x - 1, c, 3 * y * y - 1

    far, near = math.sqrt(1 + c), math.sqrt(1 - c)
    plus, minus = math.sqrt(1 + 2 * c), math.sqrt(1 - 2 * c)  # x + y and x − y at the saddles
    a, b = (plus + minus) / 2, (plus - minus) / 2
    minima = [(far, -far), (-far, far), (near, near), (-near, -near)]
    saddles = [(a, b), (b, a), (-a, -b), (-b, -a)]
    box = ((-2.0, 2.0), (-2.0, 2.0))
    return plane_surface(
        "four_valleys",
        f,
        gradient,
        hessian,
        domain=box,
        start=(0.1, 0.05),
        minima=minima,
        saddles=saddles,
        maxima=[(0, 0)],
        coupling=c,
    )


def hill() -> Surface:
    """f = (p² − 1)² + q² with p = (x + eʸ)/2, q = (x − eʸ)/2; its only critical point is the global minimum (1, 0).

    (p, q) has an invertible Jacobian in (x, y), so a critical point needs q = 0 and p(p² − 1) = 0; then x = eʸ = p > 0
    and so p = 1. Yet where descent lands on the side of p = −1, it follows a valley to (−√2, −∞) with f falling to ¾.

    Example:
        >>> hill()(torch.tensor([1.0, 0.0])).item()
        0.0
    """

    def f(x: Tensor, y: Tensor) -> Tensor:
        p, q = 0.5 * (x + torch.exp(y)), 0.5 * (x - torch.exp(y))
        return (p * p - 1) ** 2 + q * q

    def gradient(x: Tensor, y: Tensor) -> tuple:
        e = torch.exp(y)
        p, q = 0.5 * (x + e), 0.5 * (x - e)
        fp, fq = 4 * p * (p * p - 1), 2 * q
        return 0.5 * (fp + fq), 0.5 * e * (fp - fq)

    def hessian(x: Tensor, y: Tensor) -> tuple:
        e = torch.exp(y)
        p, q = 0.5 * (x + e), 0.5 * (x - e)
        fp, fq, fpp = 4 * p * (p * p - 1), 2 * q, 12 * p * p - 4
        return 0.25 * (fpp + 2), 0.25 * e * (fpp - 2), 0.25 * e * e * (fpp + 2) + 0.5 * e * (fp - fq)

    box = ((-3.0, 2.0), (-2.0, 1.0))
    return plane_surface("hill", f, gradient, hessian, domain=box, start=(-2.0, 0.5), minima=[(1, 0)])


def plateau(width: float = 0.7) -> Surface:
    """f = 1 − e with e = exp(−(x² + y²)/(2w²)): a hole in a plain that grows ever flatter outwards; minimum (0, 0).

    Args:
        width: w > 0; outside the circle of this radius one curvature is negative.

    Example:
        >>> plateau()(torch.tensor([0.0, 0.0])).item()
        0.0
    """
    w = positive("width", width)
    k = 1 / (w * w)

    def f(x: Tensor, y: Tensor) -> Tensor:
        return 1 - torch.exp(-0.5 * k * (x * x + y * y))

    def gradient(x: Tensor, y: Tensor) -> tuple:
        e = torch.exp(-0.5 * k * (x * x + y * y))
        return k * x * e, k * y * e

    def hessian(x: Tensor, y: Tensor) -> tuple:
        e = torch.exp(-0.5 * k * (x * x + y * y))
        return k * (1 - k * x * x) * e, -k * k * x * y * e, k * (1 - k * y * y) * e

    box = ((-3.0, 3.0), (-3.0, 3.0))
    return plane_surface("plateau", f, gradient, hessian, domain=box, start=(2.0, 1.0), minima=[(0, 0)], width=w)


def cliff(num_steps: int = 50, target: float = 0.7) -> Surface:
    """f = (h_T − t)² for the one-unit recurrent network h ← tanh(wh + b), h₀ = 0.1, as a function of (w, b).

    The derivatives are carried forward with h: z = wh + b gives z_w = h + wh_w, z_b = 1 + wh_b, then h' = tanh z gives
    h'_i = (1 − h'²)z_i and h'_ij = (1 − h'²)z_ij − 2h'h'_i z_j. The minima form a curve, so ``minima`` is empty.

    Args:
        num_steps: T ≥ 1.
        target: t, from −1 to 1.

    References:
        Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural networks.
    """
    steps, t = integer("num_steps", num_steps), number("target", target, at_least=-1, at_most=1)

    def f(w: Tensor, b: Tensor) -> Tensor:
        h = torch.full_like(w, 0.1)
        for _ in range(steps):
            h = torch.tanh(w * h + b)
        return (h - t) ** 2

    def derivatives(w: Tensor, b: Tensor) -> tuple:
        h, zero = torch.full_like(w, 0.1), torch.zeros_like(w)
        hw, hb, hww, hwb, hbb = zero, zero, zero, zero, zero
        for _ in range(steps):
            zw, zb, zww, zwb, zbb = h + w * hw, 1 + w * hb, 2 * hw + w * hww, hb + w * hwb, w * hbb
            h = torch.tanh(w * h + b)
            d = 1 - h * h
            hw, hb = d * zw, d * zb
            hww, hwb, hbb = d * zww - 2 * h * hw * zw, d * zwb - 2 * h * hw * zb, d * zbb - 2 * h * hb * zb
        return h, hw, hb, hww, hwb, hbb

    def gradient(w: Tensor, b: Tensor) -> tuple:
        h, hw, hb, *_ = derivatives(w, b)
        return 2 * (h - t) * hw, 2 * (h - t) * hb

    def hessian(w: Tensor, b: Tensor) -> tuple:
        h, hw, hb, hww, hwb, hbb = derivatives(w, b)
        return 2 * (hw * hw + (h - t) * hww), 2 * (hw * hb + (h - t) * hwb), 2 * (hb * hb + (h - t) * hbb)

    box = ((1.0, 4.0), (-0.5, 0.5))
    return plane_surface("cliff", f, gradient, hessian, domain=box, start=(3.0, -0.3), num_steps=steps, target=t)
