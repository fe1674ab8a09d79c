"""Numbers with few digits: rounding to the nearest one and stochastic rounding, and the updates that it loses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from labs.inputs import integer

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["bfloat16", "fixed_point", "lost_share"]

LOW_BITS = 16
"""A bfloat16 is the upper half of a float32: it has the same exponent, and 7 of its 23 binary digits."""


def fixed_point(
    x: Float[Tensor, "*shape"], num_bits: int, generator: torch.Generator | None = None
) -> Float[Tensor, "*shape"]:
    """x rounded to multiples of u = 2^(−num_bits), without bounds on its size.

    Without a generator to the nearest, ties to the even multiple. With one, stochastically: up with the probability
    (x − ⌊x⌋)/u, where ⌊x⌋ is the multiple below, and down otherwise. The mean is then x and the variance p(1 − p)u²,
    at most u²/4.

    Args:
        x: Floating-point, on any device; the result has its dtype.
        num_bits: Binary digits behind the point, from 0.
        generator: A CPU generator for stochastic rounding.

    Raises:
        ValueError: when x is not floating-point or ``num_bits`` is no whole number from 0.

    References:
        Gupta, Agrawal, Gopalakrishnan and Narayanan (2015), Deep learning with limited numerical precision.

    Example:
        >>> fixed_point(torch.tensor([0.3, -0.3]), num_bits=2)
        tensor([ 0.2500, -0.2500])
    """
    wide, spacing = _wide(x), 2.0 ** -integer("num_bits", num_bits, at_least=0)
    scaled = wide / spacing  # exact, like all that follows: a power of two
    if generator is None:
        return (scaled.round() * spacing).to(x.dtype)
    below = scaled.floor()
    draw = torch.rand(x.shape, generator=generator, dtype=wide.dtype).to(x.device)
    return ((below + (draw < scaled - below)) * spacing).to(x.dtype)


def bfloat16(x: Float[Tensor, "*shape"], generator: torch.Generator | None = None) -> Float[Tensor, "*shape"]:
    """x rounded to the numbers that bfloat16 has, in the dtype of x.

    Without a generator to the nearest. With one, stochastically: a random number of 16 bits is added to the float32
    behind x, and the lower 16 bits are cut off. The carry makes it round away from zero with a probability equal to the
    share of the way to the next number, so that the mean is x. Float64 is rounded to float32 first.

    Args:
        x: Floating-point, on any device.
        generator: A CPU generator for stochastic rounding.

    Raises:
        ValueError: when x is not floating-point.

    Example:
        >>> bfloat16(torch.tensor([1.0, 1.003, 1.005]))
        tensor([1.0000, 1.0000, 1.0078])
    """
    wide = _wide(x).float()
    if generator is None:
        return wide.bfloat16().to(x.dtype)
    bits = wide.contiguous().view(torch.int32)
    draw = torch.randint(2**LOW_BITS, x.shape, generator=generator, dtype=torch.int32).to(x.device)
    rounded = ((bits + draw) >> LOW_BITS << LOW_BITS).view(torch.float32)
    return torch.where(wide.isfinite(), rounded, wide).to(x.dtype)


def lost_share(
    theta: Float[Tensor, "*runs P"], update: Float[Tensor, "*runs P"], store: Callable[[Tensor], Tensor]
) -> Float[Tensor, "*runs"]:
    """The share of the updates other than zero that are lost: θ + update is stored as θ. 0 where nothing was to do.

    Args:
        theta: Parameters as they are stored, in a dtype that can hold θ + update.
        update: What is to be added.
        store: How numbers are stored, such as ``bfloat16``.

    Returns:
        One share a run, in the dtype of θ.

    Raises:
        ValueError: when the two do not fit, or θ is not what the store would make of it.

    Example:
        >>> lost_share(torch.tensor([1.0, 1.0, 1.0]), torch.tensor([0.1, 0.001, 0.0]), bfloat16)
        tensor(0.5000)
    """
    _wide(theta), _wide(update)
    if theta.shape != update.shape or theta.ndim < 1:
        raise ValueError(f"theta {tuple(theta.shape)} and update {tuple(update.shape)} must have one shape (…, P)")
    if not torch.equal(store(theta), theta):
        raise ValueError("theta holds numbers that the store has not; give what it stores, theta = store(theta)")
    asked = update != 0
    lost = asked & (store(theta + update) == theta)
    return (lost.sum(-1) / asked.sum(-1).clamp_min(1)).to(theta.dtype)


def _wide(x: Tensor) -> Tensor:
    """x in a precision in which a place between two stored numbers can be told: half precisions as float32."""
    if not isinstance(x, torch.Tensor) or not x.is_floating_point():
        shown = x.dtype if isinstance(x, torch.Tensor) else type(x).__name__
        raise ValueError(f"x must be a floating-point tensor, got {shown}; convert it, e.g. with torch.as_tensor(…)")
    return x if x.dtype in (torch.float32, torch.float64) else x.float()
