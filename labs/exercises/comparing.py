"""Compares what a function returned with what was expected, and says in words how they differ."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np
import torch

from labs.cards import number

__all__ = ["alike", "difference", "shown"]


def alike(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two answers, right or wrong, are the same: also two NaN are, and a number and a tensor that holds it."""
    if isinstance(one, (tuple, list)) and isinstance(other, (tuple, list)):
        return len(one) == len(other) and all(alike(a, b, tolerance) for a, b in zip(one, other, strict=True))
    try:
        a, b = (np.asarray(x.detach().cpu() if isinstance(x, torch.Tensor) else x, dtype=float) for x in (one, other))
    except (TypeError, ValueError):
        return one is other
    scale = float(np.abs(b[np.isfinite(b)]).max(initial=0.0))
    return a.shape == b.shape and np.allclose(a, b, rtol=0, atol=tolerance * scale, equal_nan=True)


def difference(got: Any, expected: Any, tolerance: float) -> str:
    """How ``got`` differs from ``expected``, in one sentence, or ""."""
    if got is None and expected is not None:
        return "Your function returned None; is the return statement missing?"
    if isinstance(expected, tuple):
        return _tuple_difference(got, expected, tolerance)
    if isinstance(expected, numbers.Real):
        return _number_difference(got, float(expected), tolerance)
    return _tensor_difference(got, expected, tolerance)


def _tuple_difference(got: Any, expected: tuple, tolerance: float) -> str:
    if not isinstance(got, (tuple, list)) or len(got) != len(expected):
        return f"Return a tuple of {len(expected)} values."
    names = getattr(expected, "_fields", [f"value {i + 1} of the tuple" for i in range(len(expected))])
    for name, one, other in zip(names, got, expected, strict=True):
        if found := difference(one, other, tolerance):
            return f"{name}: {found[0].lower()}{found[1:]}"
    return ""


def _number_difference(got: Any, expected: float, tolerance: float) -> str:
    if isinstance(got, (bool, np.bool_)):
        return "Return the number itself, not a truth value."
    if isinstance(got, (torch.Tensor, np.ndarray)):
        if tuple(got.shape) != ():
            return f"One number is expected; yours has shape {tuple(got.shape)}. Is a sum or an index missing?"
        got = got.item()
    if not isinstance(got, numbers.Real):
        return f"A number is expected; yours is of type {type(got).__name__}."
    return _value_difference(np.array(float(got)), np.array(expected), tolerance)


def _tensor_difference(got: Any, expected: torch.Tensor, tolerance: float) -> str:
    if not isinstance(got, torch.Tensor):
        return f"A torch tensor is expected; yours is of type {type(got).__name__}."
    if got.shape != expected.shape:
        return _shape_difference(tuple(got.shape), tuple(expected.shape))
    if got.dtype != expected.dtype:
        return (
            f"The values have dtype {got.dtype} and should have {expected.dtype}, that of the input: "
            "create new tensors with dtype=x.dtype, or with torch.zeros_like and its relatives."
        )
    return _value_difference(got.detach().double().cpu().numpy(), expected.detach().double().cpu().numpy(), tolerance)


def _shape_difference(got: tuple[int, ...], expected: tuple[int, ...]) -> str:
    said = f"The shape is {got} and should be {expected}."
    if len(expected) == 1 and got in {(expected[0], 1), (1, expected[0])}:
        return f"{said} A vector is not a matrix with one column or row: flatten it, or index with [:, 0]."
    if len(expected) == 1 and got == expected * 2:
        return f"{said} A column (n, 1) combined with a vector (n,) broadcasts to (n, n)."
    if got == expected[::-1]:
        return f"{said} It is transposed."
    if not got:
        return f"{said} A sum or mean runs over too many dimensions; give it dim=…"
    return said


def _value_difference(got: np.ndarray, expected: np.ndarray, tolerance: float) -> str:
    if np.isnan(got).any():
        return "The result is NaN: look for 0/0, ∞ − ∞ or the root of a negative number."
    finite = np.isfinite(expected)
    scale = float(np.abs(expected[finite]).max(initial=0.0))
    with np.errstate(invalid="ignore"):
        close = np.where(finite, np.abs(got - expected) <= tolerance * (scale or 1.0), got == expected)
    if close.all():
        return ""
    return _pattern(got, expected, tolerance) or "The values differ."


def _pattern(got: np.ndarray, expected: np.ndarray, tolerance: float) -> str:
    """What a whole result has to do with the expected one, if that is simple: its negative, or a multiple of it."""
    if not (np.isfinite(got).all() and np.isfinite(expected).all()) or not np.abs(expected).max(initial=0.0):
        return ""
    factor = float((got * expected).sum() / (expected * expected).sum())
    loose = max(tolerance, 1e-6)
    if factor == 0 or np.abs(got - factor * expected).max() > loose * abs(factor) * np.abs(expected).max():
        return ""
    if math.isclose(factor, -1, rel_tol=loose):
        return "The sign is wrong."
    # A single number is a multiple of any other: only simple factors say something there.
    simple = [2.0, 0.5, 4.0, 0.25, -2.0, -0.5]
    if expected.size == 1 and not any(math.isclose(factor, s, rel_tol=loose) for s in simple):
        return ""
    return f"Your result is {number(factor)} times the expected one."


def shown(value: Any) -> str:
    """``value`` in few characters: numbers to four digits, large tensors by their shape and first entries."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        if value.ndim == 0:
            return shown(value.item())
        flat = ", ".join(shown(v) for v in value.flatten()[:6].tolist())
        if value.numel() > 12:
            return f"tensor of shape {tuple(value.shape)}: {flat}, …"
        rows = value.tolist()
        return f"tensor({_nested(rows)})"
    if isinstance(value, (bool, np.bool_)) or value is None:
        return str(value)
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        return number(float(value))
    if isinstance(value, (tuple, list)):
        return f"({', '.join(shown(v) for v in value)})"
    if callable(value):
        return getattr(value, "__name__", None) or str(value)
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]} …"


def _nested(rows: Any) -> str:
    return f"[{', '.join(_nested(r) for r in rows)}]" if isinstance(rows, list) else shown(rows)
