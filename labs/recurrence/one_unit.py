"""One recurrent unit h ← tanh(wh + b), unrolled: its states, their derivatives, its cliff; and how far a slope is true.

``labs.objectives.cliff`` is the surface (h_T − t)² over (w, b) with gradient and Hessian; here is what happens inside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import torch

from labs.inputs import integer, number, positive

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["Unrolled", "cliff_bias", "taylor_radius", "unroll"]

BISECTIONS = 40
"""Each halves the interval that holds the radius: far below what its factor-of-two grid leaves open."""


class Unrolled(NamedTuple):
    """A unit unrolled over T steps, for each pair (w, b).

    Attributes:
        states: h₀ … h_T, ``(T + 1, …)``.
        factors: ∂hₜ/∂hₜ₋₁ = w(1 − hₜ²) for t = 1 … T, ``(T, …)``; their product is ∂h_T/∂h₀.
        by_w: ∂h_T/∂w, ``(…)``.
        by_b: ∂h_T/∂b, ``(…)``.
    """

    states: Tensor
    factors: Tensor
    by_w: Tensor
    by_b: Tensor


def unroll(w: Float[Tensor, "*batch"], b: Float[Tensor, "*batch"], num_steps: int = 50, start: float = 0.1) -> Unrolled:
    """The states and derivatives of hₜ = tanh(w hₜ₋₁ + b).

    The derivatives are carried forward with the states: with z = wh + b, ∂h′/∂w = (1 − h′²)(h + w ∂h/∂w) and
    ∂h′/∂b = (1 − h′²)(1 + w ∂h/∂b). A loss L(h_T) has the gradient L′(h_T)·(∂h_T/∂w, ∂h_T/∂b).

    Args:
        w: Weights, any shape, floating-point; take float64 at a cliff.
        b: Biases; the shapes broadcast.
        num_steps: T.
        start: h₀, from −1 to 1.

    Raises:
        ValueError: when w or b is not floating-point, their dtypes differ, T is below 1, or h₀ is out of range.

    Example:
        >>> unroll(torch.tensor(2.0), torch.tensor(0.0), num_steps=3, start=0.0).factors
        tensor([2., 2., 2.])
    """
    w, b = _pair(w, b)
    steps, h = integer("num_steps", num_steps), torch.full_like(w, number("start", start, at_least=-1, at_most=1))
    by_w, by_b = torch.zeros_like(w), torch.zeros_like(w)
    states, factors = [h], []
    for _ in range(steps):
        by_w, by_b = h + w * by_w, 1 + w * by_b
        h = torch.tanh(w * h + b)
        slope = 1 - h * h
        by_w, by_b = slope * by_w, slope * by_b
        states.append(h)
        factors.append(w * slope)
    return Unrolled(torch.stack(states), torch.stack(factors), by_w, by_b)


def cliff_bias(w: Float[Tensor, "*batch"], start: float = 0.1) -> Float[Tensor, "*batch"]:
    """The bias b = artanh(h₀) − w h₀ at which the start is a fixed point of the unit.

    Where moreover λ = w(1 − h₀²) > 1, the fixed point is unstable: a little to one side of it the unit runs off to its
    upper resting state, a little to the other side to its lower one. That is the cliff. On it, hₜ = h₀ for all t and

        ∂h_T/∂b = (1 − h₀²)(λᵀ − 1)/(λ − 1),    ∂h_T/∂w = h₀ ∂h_T/∂b,

    so that its steepness grows geometrically with T, and its width shrinks as fast.

    Args:
        w: Weights, any shape.
        start: h₀, strictly between −1 and 1.

    Raises:
        ValueError: when w is not floating-point, or |h₀| is not below 1.

    References:
        Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural networks, section 2.2.

    Example:
        >>> cliff_bias(torch.tensor([1.0, 4.0]), start=0.0)
        tensor([0., 0.])
    """
    w, _ = _pair(w, w)
    if abs(number("start", start)) >= 1:
        raise ValueError(f"start must lie strictly between −1 and 1, where tanh takes its values, got {start!r}")
    return torch.atanh(torch.tensor(start, dtype=torch.float64)).to(w) - w * start


def taylor_radius(
    f: Callable[[Float[Tensor, "*batch n"]], Float[Tensor, "*batch"]],
    gradient: Callable[[Float[Tensor, "*batch n"]], Float[Tensor, "*batch n"]],
    point: Float[Tensor, "*batch n"],
    direction: Float[Tensor, "*batch n"] | None = None,
    *,
    tolerance: float = 0.5,
    smallest: float = 1e-12,
    largest: float = 1e3,
) -> Float[Tensor, "*batch"]:
    """How far the slope can be trusted: the length up to which f changes as its gradient says.

    Along the unit vector u of ``direction`` it is the largest r such that for all lengths s ≤ r

        |f(x + su) − f(x) − s ∇f·u| ≤ tolerance · s |∇f·u|.

    Lengths are tried in steps of a factor of two and the first one that fails is then bisected, so a narrower lapse
    that is healed at the next length can be missed. What rounding alone could explain does not count as failing. Where
    f is quadratic, r = 2 · tolerance · |∇f·u| / |uᵀHu|.

    Args:
        f: Points ``(…, n)`` -> values ``(…)``, as a ``labs.objectives.Surface``.
        gradient: Points ``(…, n)`` -> ∇f ``(…, n)``.
        point: x.
        direction: Any non-zero vector; −∇f(x) by default.
        tolerance: The share of the predicted change that may be missing or too much.
        smallest: The first length tried; a radius below it is given as 0.
        largest: A radius above it is given as infinite.

    Returns:
        r, ``(…)``. 0 where the slope along u is zero and f is not constant.

    Raises:
        ValueError: when a direction is zero or not finite, shapes differ, or a bound is out of order.

    Example:
        >>> taylor_radius(lambda x: x.square().sum(-1), lambda x: 2 * x, torch.tensor([3.0]))
        tensor(3.0000)
    """
    tolerance = positive("tolerance", tolerance)
    if not positive("smallest", smallest) < positive("largest", largest):
        raise ValueError(f"smallest must be below largest, got {smallest!r} and {largest!r}")
    slope = gradient(point)
    unit = _unit(-slope if direction is None else direction, point)
    value, rise = f(point), (slope * unit).sum(-1)
    rounding = 16 * torch.finfo(point.dtype).eps * value.abs().clamp(min=torch.finfo(point.dtype).tiny)

    def fails(length: Tensor) -> Tensor:
        missed = f(point + length.unsqueeze(-1) * unit) - value - length * rise
        return ~(missed.abs() <= tolerance * length * rise.abs() + rounding)

    good, bad = torch.zeros_like(rise), torch.full_like(rise, torch.inf)
    length = torch.full_like(rise, smallest)
    while float(length.max()) <= largest:
        wrong = fails(length)
        bad = torch.where(wrong & bad.isinf(), length, bad)
        good = torch.where(bad.isinf(), length, good)
        length = 2 * length
    found = bad.isfinite()
    for _ in range(BISECTIONS):
        middle = torch.where(found, (good + bad) / 2, 0.0)
        wrong = fails(middle)
        good, bad = torch.where(found & ~wrong, middle, good), torch.where(found & wrong, middle, bad)
    return torch.where(found, torch.where(good < smallest, 0.0, good), torch.inf)


def _pair(w: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    for name, value in (("w", w), ("b", b)):
        if not isinstance(value, torch.Tensor) or not value.is_floating_point():
            kind = value.dtype if isinstance(value, torch.Tensor) else type(value).__name__
            raise ValueError(
                f"{name} must be a floating-point tensor, got {kind}; use torch.tensor(…, dtype=torch.float64)"
            )
    if w.dtype != b.dtype:
        raise ValueError(f"w is {w.dtype} but b is {b.dtype}; convert one, e.g. b.to(w.dtype)")
    w, b = torch.broadcast_tensors(w, b)
    return w, b


def _unit(direction: Tensor, point: Tensor) -> Tensor:
    if direction.shape != point.shape:
        raise ValueError(f"direction {tuple(direction.shape)} must have the shape of point, {tuple(point.shape)}")
    length = torch.linalg.vector_norm(direction, dim=-1, keepdim=True)
    if not bool(((length > 0) & length.isfinite()).all()):
        where = tuple((~((length > 0) & length.isfinite())).nonzero()[0, :-1].tolist())
        raise ValueError(
            f"the direction at index {where} has length {length[where].item():g}; it needs a finite one above 0 "
            "(at a critical point give a direction of your own)"
        )
    return direction / length
