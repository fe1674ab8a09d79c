"""What public functions accept: each check returns its value, or raises a ValueError with the value and the remedy.

Only sizes, rates and data are checked for their values. Shapes are checked wherever a tensor comes in, but NaN is not
looked for inside losses, models and surfaces: a diverging run must be able to reach infinity and be measured there.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from numbers import Integral, Real
from typing import TypeGuard, TypeVar

import torch

__all__ = ["all_finite", "chosen", "finite", "finite_rows", "integer", "number", "positive"]

T = TypeVar("T")


def _is_finite_number(value: object) -> TypeGuard[float]:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def integer(name: str, value: object, *, at_least: int = 1) -> int:
    """``value`` as an int of at least ``at_least``.

    Raises:
        ValueError: when it is not a whole number (a bool is none) or too small.

    Example:
        >>> integer("num_steps", 0)
        Traceback (most recent call last):
        ...
        ValueError: num_steps must be a whole number of at least 1, got 0
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < at_least:
        raise ValueError(f"{name} must be a whole number of at least {at_least}, got {value!r}")
    return int(value)


def number(name: str, value: object, *, at_least: float = -math.inf, at_most: float = math.inf) -> float:
    """``value`` as a finite float within [``at_least``, ``at_most``].

    Raises:
        ValueError: when it is no number, NaN, infinite, or outside.

    Example:
        >>> number("share", 1.5, at_least=0, at_most=1)
        Traceback (most recent call last):
        ...
        ValueError: share must be a finite number from 0 to 1, got 1.5
    """
    if not _is_finite_number(value) or not at_least <= value <= at_most:
        low, high = not math.isinf(at_least), not math.isinf(at_most)
        both = f" from {at_least} to {at_most}" if low and high else ""
        bounds = both or (f" ≥ {at_least}" if low else f" ≤ {at_most}" if high else "")
        raise ValueError(f"{name} must be a finite number{bounds}, got {value!r}")
    return float(value)


def positive(name: str, value: object) -> float:
    """``value`` as a finite float above 0: a rate, a scale, a width.

    Raises:
        ValueError: when it is no number, NaN, infinite, zero or negative.

    Example:
        >>> positive("learning_rate", -0.1)
        Traceback (most recent call last):
        ...
        ValueError: learning_rate must be a finite number above 0, got -0.1
    """
    if not _is_finite_number(value) or value <= 0:
        raise ValueError(f"{name} must be a finite number above 0, got {value!r}")
    return float(value)


def chosen(name: str, value: T, options: Collection[T]) -> T:
    """``value``, which must be one of ``options``.

    Raises:
        ValueError: when it is not; the message lists the options.

    Example:
        >>> chosen("loss", "hing", ["hinge", "logistic"])
        Traceback (most recent call last):
        ...
        ValueError: unknown loss 'hing'; choose one of hinge, logistic
    """
    if value not in options:
        raise ValueError(f"unknown {name} {value!r}; choose one of {', '.join(map(str, options))}")
    return value


def all_finite(tensor: torch.Tensor) -> bool:
    """Whether there is neither NaN nor infinity in it.

    A sum is finite only if all its terms are, and is several times faster than looking at each of them.

    Example:
        >>> all_finite(torch.tensor([0.0, float("inf")]))
        False
    """
    return math.isfinite(tensor.detach().sum()) or bool(tensor.isfinite().all())  # a sum can also overflow


def finite_rows(tensor: torch.Tensor) -> torch.Tensor:
    """The same for each row, along the last dimension.

    Example:
        >>> finite_rows(torch.tensor([[0.0, float("inf")], [1.0, 2.0]]))
        tensor([False,  True])
    """
    sums = tensor.sum(-1).isfinite()
    return sums if sums.all() else tensor.isfinite().all(-1)


def finite(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """``tensor``, which must be floating-point and hold neither NaN nor infinity.

    Raises:
        ValueError: otherwise; the message shows the dtype or the first offending entry.

    Example:
        >>> finite("x", torch.tensor([0.0, float("nan")]))
        Traceback (most recent call last):
        ...
        ValueError: x holds nan at index (1,); remove or impute such entries first
    """
    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
        kind = tensor.dtype if isinstance(tensor, torch.Tensor) else type(tensor).__name__
        raise ValueError(
            f"{name} must be a floating-point tensor, got {kind}; convert it, e.g. with torch.as_tensor(…).float()"
        )
    if not all_finite(tensor):
        where = tuple((~tensor.isfinite()).nonzero()[0].tolist())
        raise ValueError(f"{name} holds {tensor[where].item()} at index {where}; remove or impute such entries first")
    return tensor
