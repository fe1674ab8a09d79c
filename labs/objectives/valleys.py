"""Valleys and bowls: surfaces on which descent arrives, sooner or later.

Each factory returns a ``Surface`` and raises ValueError for a parameter outside the range it states. In every one the
derivatives stand beside the formula they belong to, so that the calculus can be checked by eye.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from scipy.optimize import brentq

from labs.inputs import number, positive
from labs.objectives.surface import Surface, plane_surface

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["himmelblau", "quadratic", "rastrigin", "rosenbrock"]


def quadratic(kappa: float = 10.0, angle: float = 0.0) -> Surface:
    """f = ½(u² + κv²) with u = x cos α + y sin α, v = −x sin α + y cos α; minimum (0, 0).

    The Hessian's eigenvalues are 1 (along u) and κ (along v), so κ is its condition number.

    Args:
        kappa: κ ≥ 1.
        angle: α in radians, the direction of the flat axis u.

    Example:
        >>> quadratic(kappa=4.0)(torch.tensor([1.0, 1.0])).item()
        2.5
    """
    kappa, angle = number("kappa", kappa, at_least=1), number("angle", angle)
    c, s = math.cos(angle), math.sin(angle)

    def f(x: Tensor, y: Tensor) -> Tensor:
        u, v = x * c + y * s, y * c - x * s
        return 0.5 * (u * u + kappa * v * v)

    def gradient(x: Tensor, y: Tensor) -> tuple:
        u, v = x * c + y * s, y * c - x * s
        return u * c - kappa * v * s, u * s + kappa * v * c

    def hessian(x: Tensor, y: Tensor) -> tuple:
        return c * c + kappa * s * s, (1 - kappa) * c * s, s * s + kappa * c * c

    box = ((-2.0, 2.0), (-2.0, 2.0))
    start = (1.8 * c - 0.6 * s, 1.8 * s + 0.6 * c)
    return plane_surface(
        "quadratic", f, gradient, hessian, domain=box, start=start, minima=[(0, 0)], kappa=kappa, angle=angle
    )


def rosenbrock(steepness: float = 100.0) -> Surface:
    """f = (1 − x)² + a(y − x²)²: a curved valley along y = x²; minimum (1, 1).

    Args:
        steepness: a > 0.

    References:
        Rosenbrock (1960), An automatic method for finding the greatest or least value of a function.

    Example:
        >>> rosenbrock()(torch.tensor([0.0, 0.0])).item()
        1.0
    """
    a = positive("steepness", steepness)

    def f(x: Tensor, y: Tensor) -> Tensor:
        return (1 - x) ** 2 + a * (y - x * x) ** 2

    def gradient(x: Tensor, y: Tensor) -> tuple:
        return -2 * (1 - x) - 4 * a * x * (y - x * x), 2 * a * (y - x * x)

    def hessian(x: Tensor, y: Tensor) -> tuple:
        return 2 - 4 * a * (y - 3 * x * x), -4 * a * x, 2 * a

    box = ((-2.0, 2.0), (-1.0, 3.0))
    return plane_surface(
        "rosenbrock", f, gradient, hessian, domain=box, start=(-1.2, 1.0), minima=[(1, 1)], steepness=a
    )


def himmelblau() -> Surface:
    """f = (x² + y − 11)² + (x + y² − 7)²: four minima of value 0, four saddles, one maximum.

    References:
        Himmelblau (1972), Applied Nonlinear Programming.

    Example:
        >>> himmelblau()(torch.tensor([3.0, 2.0])).item()
        0.0
    """

    def f(x: Tensor, y: Tensor) -> Tensor:
        return (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2

    def gradient(x: Tensor, y: Tensor) -> tuple:
        p, q = x * x + y - 11, x + y * y - 7
        return 4 * x * p + 2 * q, 2 * p + 4 * y * q

    def hessian(x: Tensor, y: Tensor) -> tuple:
        return 12 * x * x + 4 * y - 42, 4 * (x + y), 12 * y * y + 4 * x - 26

    minima = [
        (3.0, 2.0),
        (-2.805118086952745, 3.131312518250573),
        (-3.779310253377747, -3.2831859912861696),
        (3.5844283403304917, -1.8481265269644034),
    ]
    saddles = [
        (0.08667750455539634, 2.884254701174776),
        (3.385154183607021, 0.0738518798377493),
        (-3.0730257507643897, -0.0813530442879675),
        (-0.12796134673068008, -1.9537149802445766),
    ]
    maxima = [(-0.2708445906673476, -0.9230385564799813)]
    box = ((-6.0, 6.0), (-6.0, 6.0))
    return plane_surface(
        "himmelblau", f, gradient, hessian, domain=box, start=(0, 0), minima=minima, saddles=saddles, maxima=maxima
    )


def rastrigin(amplitude: float = 1.0) -> Surface:
    """f = x² + y² + a(2 − cos 2πx − cos 2πy): a bowl with ripples and many local minima; the global one is (0, 0).

    f is a sum of one function of x and the same of y, so its minima are the pairs of that function's minima: near each
    whole number k, the root of 2x + 2πa sin 2πx where the curvature 2 + 4π²a cos 2πx is positive.

    Args:
        amplitude: a ≥ 0; below 1/(2π²) the function is convex.

    References:
        Rastrigin (1974), Systems of Extremal Control, where a = 10.

    Example:
        >>> len(rastrigin(1.0).minima), len(rastrigin(0.05).minima)
        (49, 1)
    """
    a, tau = number("amplitude", amplitude, at_least=0), 2 * math.pi

    def f(x: Tensor, y: Tensor) -> Tensor:
        return x * x + y * y + a * (2 - torch.cos(tau * x) - torch.cos(tau * y))

    def gradient(x: Tensor, y: Tensor) -> tuple:
        return 2 * x + tau * a * torch.sin(tau * x), 2 * y + tau * a * torch.sin(tau * y)

    def hessian(x: Tensor, y: Tensor) -> tuple:
        return 2 + tau * tau * a * torch.cos(tau * x), 0.0, 2 + tau * tau * a * torch.cos(tau * y)

    lines = _rastrigin_minima(a)
    minima = sorted(((x, y) for x in lines for y in lines), key=lambda p: p[0] ** 2 + p[1] ** 2)
    box = ((-2.5, 2.5), (-2.5, 2.5))
    return plane_surface("rastrigin", f, gradient, hessian, domain=box, start=(1.7, 2.2), minima=minima, amplitude=a)


def _rastrigin_minima(a: float) -> list[float]:
    """The minima of x² + a(1 − cos 2πx) on the line, from −⌈πa⌉ to ⌈πa⌉: further out the slope never vanishes."""
    if 2 * math.pi**2 * a <= 1:
        return [0.0]
    reach = math.acos(-1 / (2 * math.pi**2 * a)) / (2 * math.pi)  # curvature is positive within k ± reach

    def slope(x: float) -> float:
        return 2 * x + 2 * math.pi * a * math.sin(2 * math.pi * x)

    ends = [(k - reach, float(k)) for k in range(1, math.ceil(math.pi * a) + 1)]
    positive_ones = [brentq(slope, low, high, xtol=1e-15) for low, high in ends if slope(low) < 0]
    return [0.0, *positive_ones, *(-x for x in positive_ones)]
