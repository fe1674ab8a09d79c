"""Descent on a parabola by gradients with noise and a bias: in closed form, step by step, and run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch

from labs.inputs import finite, number, positive

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["Wander", "noisy_descent", "stationary_variance", "wander"]


class Wander(NamedTuple):
    """The mean and the variance of θ at each step, the start included, ``(T + 1,)`` each."""

    mean: Float[Tensor, " steps"]
    variance: Float[Tensor, " steps"]

    @property
    def mean_square(self) -> Float[Tensor, " steps"]:
        """E[θ²], the mean squared distance from the minimum."""
        return self.mean.square() + self.variance


def stationary_variance(learning_rate: float, curvature: float, noise_sd: float) -> float:
    """ησ²/(λ(2 − ηλ)): the variance of θ ← θ − η(λθ + σξ) after many steps; infinite from ηλ = 2 on.

    A step multiplies the variance by (1 − ηλ)² and adds η²σ²; it stands still where the two balance. A bias of the
    gradient moves the mean, and leaves the variance as it is.

    Args:
        learning_rate: η > 0.
        curvature: λ > 0.
        noise_sd: σ ≥ 0, of one gradient.

    Raises:
        ValueError: for a number out of its range.

    Example:
        >>> stationary_variance(0.5, 2.0, 1.0), stationary_variance(1.0, 2.0, 1.0)
        (0.25, inf)
    """
    rate, curve = positive("learning_rate", learning_rate), positive("curvature", curvature)
    spread = number("noise_sd", noise_sd, at_least=0)
    if rate * curve >= 2:
        return float("inf")
    return rate * spread**2 / (curve * (2 - rate * curve))


def wander(
    rates: Float[Tensor, " T"], curvature: float, noise_sd: float, *, bias: float = 0.0, start: float = 0.0
) -> Wander:
    """The exact mean and variance of θ ← θ − ηₜ(λθ + b + σξ) at each step, from a fixed start.

    m ← (1 − ηₜλ) m − ηₜ b,  s ← (1 − ηₜλ)² s + ηₜ² σ², for independent ξ of mean 0 and variance 1, normal or not.
    With ηₜ = c/t, t E[θ²] tends to c²σ²/(2cλ − 1) where cλ > ½ and b = 0; else E[θ²] falls as t^(−2cλ) only.

    Args:
        rates: The learning rates η₁ … η_T ≥ 0, ``(T,)``.
        curvature: λ > 0.
        noise_sd: σ ≥ 0.
        bias: b.
        start: θ at step 0.

    Returns:
        Float64 on the CPU, ``(T + 1,)`` each.

    Raises:
        ValueError: for rates that are no finite vector without negative numbers, or a number out of its range.

    References:
        Robbins and Monro (1951); Chung (1954), On a stochastic approximation method, for the rates.

    Example:
        >>> wander(torch.tensor([1.0, 0.5]), 1.0, 2.0, start=3.0).mean_square
        tensor([9., 4., 2.], dtype=torch.float64)
    """
    steps = _rates(rates).detach().cpu().double()
    curve, spread = positive("curvature", curvature), number("noise_sd", noise_sd, at_least=0)
    offset, mean, variance = number("bias", bias), number("start", start), 0.0
    means, variances = [mean], [variance]
    for rate in steps.tolist():
        mean = (1 - rate * curve) * mean - rate * offset
        variance = (1 - rate * curve) ** 2 * variance + (rate * spread) ** 2
        means.append(mean)
        variances.append(variance)
    return Wander(torch.tensor(means, dtype=torch.float64), torch.tensor(variances, dtype=torch.float64))


def noisy_descent(
    rates: Float[Tensor, " T"],
    start: Float[Tensor, "*runs"],
    curvature: float,
    noise_sd: float,
    generator: torch.Generator,
    *,
    bias: float = 0.0,
    record: Sequence[int] | None = None,
) -> Float[Tensor, "records ..."]:
    """θ of many runs of θ ← θ − ηₜ(λθ + b + σξ), ξ ~ N(0, 1), each with noise of its own.

    Args:
        rates: η₁ … η_T, ``(T,)``.
        start: θ at step 0, one a run; its dtype and device are those of the computation.
        curvature: λ > 0.
        noise_sd: σ ≥ 0.
        generator: A CPU generator.
        bias: b.
        record: The steps, from 0 to T in ascending order, at which θ is kept; all by default.

    Returns:
        ``(records, *runs)``.

    Raises:
        ValueError: as ``wander``, and for steps that do not exist.

    Example:
        >>> path = noisy_descent(torch.full((2,), 0.5), torch.ones(1), 1.0, 0.0, torch.Generator())
        >>> path.flatten()
        tensor([1.0000, 0.5000, 0.2500])
    """
    steps, theta = _rates(rates).tolist(), finite("start", start).clone()
    curve, spread = positive("curvature", curvature), number("noise_sd", noise_sd, at_least=0)
    offset, kept = number("bias", bias), _recorded(record, len(steps))
    found = [theta.clone()] if 0 in kept else []
    for step, rate in enumerate(steps, 1):
        noise = torch.randn(theta.shape, generator=generator, dtype=theta.dtype).to(theta.device)
        theta = theta - rate * (curve * theta + offset + spread * noise)
        if step in kept:
            found.append(theta)
    return torch.stack(found)


def _rates(rates: Tensor) -> Tensor:
    if finite("rates", rates).ndim != 1 or not len(rates) or (rates < 0).any():
        raise ValueError(f"rates must be a vector of numbers ≥ 0, one a step, got {rates}; give torch.full((T,), η)")
    return rates


def _recorded(record: Sequence[int] | None, num_steps: int) -> set[int]:
    if record is None:
        return set(range(num_steps + 1))
    wrong = [step for step in record if not 0 <= step <= num_steps]
    if wrong or not len(record):
        raise ValueError(f"record lists steps from 0 to {num_steps}, the number of rates; got {wrong or 'none'}")
    return {int(step) for step in record}
