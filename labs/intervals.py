"""Intervals for what is measured on random draws: a mean, a share, a slope, each plus and minus k standard errors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Interval", "mean_interval", "proportion_interval", "slope_interval"]


class Interval(NamedTuple):
    """An estimate and the range in which the truth is expected."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.4g} ({self.low:.4g} to {self.high:.4g})"


def mean_interval(samples: ArrayLike, num_standard_errors: float = 4) -> Interval:
    """The mean of independent samples ± k standard errors s/√n.

    Four standard errors leave out the truth once in 16 000 times if the mean is normal, so a course with hundreds of
    claims passes for nearly every seed.

    Args:
        samples: One figure a run, shape ``(n,)`` with n ≥ 2; an array or tensor.
        num_standard_errors: k.

    Raises:
        ValueError: for fewer than two samples, another shape, or k ≤ 0.

    Example:
        >>> print(mean_interval([1.0, 2.0, 3.0, 2.0], num_standard_errors=2))
        2 (1.184 to 2.816)
    """
    x = _vector("samples", samples, minimum=2)
    mean, error = float(x.mean()), float(x.std(ddof=1)) / math.sqrt(x.size)
    return _around(mean, error, num_standard_errors)


def proportion_interval(successes: int, trials: int, num_standard_errors: float = 4) -> Interval:
    """The share of successes with Wilson's interval, which is right also near 0 and 1.

    It holds the p for which |successes/trials − p| ≤ k √(p(1 − p)/trials).

    References:
        Wilson (1927).

    Example:
        >>> print(proportion_interval(0, 100, num_standard_errors=2))
        0 (0 to 0.03846)
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"0 ≤ successes ≤ trials and trials ≥ 1 are needed, got {successes} of {trials}")
    share, k2 = successes / trials, _positive(num_standard_errors) ** 2
    center = (share + k2 / (2 * trials)) / (1 + k2 / trials)
    half = math.sqrt(k2 * (share * (1 - share) / trials + k2 / (4 * trials**2))) / (1 + k2 / trials)
    return Interval(share, max(0.0, min(share, center - half)), min(1.0, max(share, center + half)))


def slope_interval(
    x: ArrayLike, y: ArrayLike, num_standard_errors: float = 4, *, log_x: bool = True, log_y: bool = True
) -> Interval:
    """The slope of the least-squares line through (log x, log y) ± k standard errors: the power in y ∝ xᵖ.

    Its standard error is √(Σr² / (n − 2) / Σ(x − x̄)²), r the residuals, for independent points.

    Args:
        x: Shape ``(n,)``, n ≥ 3.
        y: Shape ``(n,)``.
        num_standard_errors: k.
        log_x: Whether to take the logarithm of x; without it and with ``log_y`` the slope is a rate of decay.
        log_y: Whether to take the logarithm of y.

    Example:
        >>> print(slope_interval([1, 10, 100], [5.0, 50.0, 500.0]))
        1 (1 to 1)
    """
    a, b = _vector("x", x, minimum=3), _vector("y", y, minimum=3)
    if a.shape != b.shape:
        raise ValueError(f"x and y must have the same length, got {a.size} and {b.size}")
    for name, values, take_log in (("x", a, log_x), ("y", b, log_y)):
        if take_log and (values <= 0).any():
            least = values.min()
            raise ValueError(f"{name} must be positive for its logarithm, least is {least}; or give log_{name}=False")
    a, b = np.log(a) if log_x else a, np.log(b) if log_y else b
    spread = float(((a - a.mean()) ** 2).sum())
    if spread == 0:
        raise ValueError("x has one value only; a slope needs at least two different ones")
    slope = float(((a - a.mean()) * (b - b.mean())).sum()) / spread
    residuals = b - b.mean() - slope * (a - a.mean())
    return _around(slope, math.sqrt(float((residuals**2).sum()) / (a.size - 2) / spread), num_standard_errors)


def _around(mean: float, error: float, num_standard_errors: float) -> Interval:
    half = _positive(num_standard_errors) * error
    return Interval(mean, mean - half, mean + half)


def _positive(num_standard_errors: float) -> float:
    if not num_standard_errors > 0:
        raise ValueError(f"num_standard_errors must be positive, got {num_standard_errors}; 4 is the course's choice")
    return num_standard_errors


def _vector(name: str, samples: Any, minimum: int) -> np.ndarray:
    if hasattr(samples, "detach"):
        samples = samples.detach().cpu().double()
    elif isinstance(samples, (list, tuple)):
        samples = [sample.detach().cpu().tolist() if hasattr(sample, "detach") else sample for sample in samples]
    x = np.asarray(samples, dtype=float)
    if x.ndim != 1 or x.size < minimum:
        raise ValueError(f"{name} must be a vector of at least {minimum} numbers, got shape {x.shape}")
    return x
