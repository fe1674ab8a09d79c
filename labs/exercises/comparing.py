"""Compares what a function returned with what was expected, and says in words how they differ: values before types."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np
import torch

from labs.exercises.reading import Read, Refused, listed, read
from labs.exercises.showing import number

__all__ = ["alike", "difference", "remark"]

SINGLE = float(torch.finfo(torch.float32).eps)


def alike(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two answers, right or wrong, are the same: also two NaN are, and a list and a tensor of the same."""
    if isinstance(one, (tuple, list)) and isinstance(other, (tuple, list)):
        return len(one) == len(other) and all(alike(a, b, tolerance) for a, b in zip(one, other, strict=True))
    try:
        a, b = read(one).values, read(other).values
    except Refused:
        return type(one) is type(other) and _both_equal(one, other)
    scale = float(np.abs(b[np.isfinite(b)]).max(initial=0.0))
    return a.shape == b.shape and np.allclose(a, b, rtol=0, atol=tolerance * scale, equal_nan=True)


def _both_equal(one: Any, other: Any) -> bool:
    try:
        return one is other or bool(one == other)
    except Exception:  # a reader's own class, or tensors of several entries
        return False


def difference(got: Any, expected: Any, tolerance: float, *, rowwise: bool = False) -> str:
    """How ``got`` differs from ``expected``, in one sentence, or "".

    Args:
        got: What the reader's function returned.
        expected: A number, a tensor, or a tuple of them.
        tolerance: The allowed deviation, as a share of the largest expected entry.
        rowwise: Whether the entries along the first dimension are different quantities, each with its own scale.
    """
    try:
        if isinstance(expected, tuple):
            return _tuple_difference(got, expected, tolerance)
        found = read(got)
        if isinstance(expected, numbers.Real):
            return _number_difference(found, expected, tolerance)
        return _tensor_difference(found, expected, tolerance, rowwise)
    except Refused as refused:
        return str(refused)


def remark(got: Any, expected: Any) -> str:
    """What a reader may like to know about the type of a right result, or ""."""
    if not (isinstance(got, torch.Tensor) and isinstance(expected, torch.Tensor)) or got.dtype == expected.dtype:
        return ""
    return f"By the way: your result has dtype {got.dtype}, the model answer {expected.dtype}, that of the input."


def _tuple_difference(got: Any, expected: tuple, tolerance: float) -> str:
    parts = listed(got, len(expected))
    names = getattr(expected, "_fields", [f"value {i + 1} of the tuple" for i in range(len(expected))])
    for name, one, other in zip(names, parts, expected, strict=True):
        if found := difference(one, other, tolerance):
            return f"{name[0].upper()}{name[1:]}: {found[0].lower()}{found[1:]}"
    return ""


def _number_difference(got: Read, expected: numbers.Real, tolerance: float) -> str:
    if got.values.shape != ():
        return f"One number is expected; yours has shape {got.values.shape}. Is a sum or an index missing?"
    value = float(got.values)
    if not isinstance(expected, numbers.Integral):
        return _value_difference(got, np.array(float(expected)), np.array(abs(float(expected))), tolerance)
    if value == expected:
        return ""
    if math.isfinite(value) and value != int(value):
        return f"A whole number is expected; yours is {number(value)}."
    return _value_difference(got, np.array(float(expected)), np.array(0.0), 0.0)


def _tensor_difference(got: Read, expected: torch.Tensor, tolerance: float, rowwise: bool) -> str:
    shape = tuple(expected.shape)
    if got.values.shape != shape:
        return _shape_difference(got.values.shape, shape)
    wanted = expected.detach().cpu().double().numpy()
    sizes = np.where(np.isfinite(wanted), np.abs(wanted), 0.0)
    along = tuple(range(1 if rowwise else 0, sizes.ndim))
    return _value_difference(got, wanted, sizes.max(axis=along, keepdims=True, initial=0.0), tolerance)


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


def _value_difference(found: Read, expected: np.ndarray, scale: np.ndarray, tolerance: float) -> str:
    """How values differ, by more than ``tolerance`` times ``scale``; where the scale is 0, by more than that itself."""
    got = found.values
    if np.isnan(got[~np.isnan(expected)]).any():
        return "The result is NaN: look for 0/0, inf − inf or the root of a negative number."
    finite = np.isfinite(expected)
    scale = np.where(scale > 0, scale, 1.0)
    with np.errstate(invalid="ignore"):
        away = np.where(finite, np.abs(got - expected), 0.0) / scale
        same = np.where(finite, away <= tolerance, (got == expected) | (np.isnan(got) & np.isnan(expected)))
    if same.all():
        return ""
    if not np.isfinite(got[finite]).all():
        return "The result is infinite where a finite number is expected: look for a division by 0 or an overflow."
    if tolerance and finite.all() and (words := _rounded(found, expected, float(away.max()))):
        return words
    return _pattern(got, expected, tolerance) or "The values differ."


def _rounded(found: Read, expected: np.ndarray, away: float) -> str:
    """What rounding has to do with the difference, if it has."""
    lost = np.abs(found.values - expected)
    if found.step == 0 and found.dtype and lost.max() < 1 and (found.values == np.trunc(found.values)).all():
        return f"Your result has dtype {found.dtype}, whole numbers only: what comes behind the point is lost."
    if found.step > SINGLE and away < 8 * found.step:
        return (
            f"The values are right as far as {found.dtype} can hold them, which is not far enough: use float32 or more."
        )
    if away < 2e-3:
        return (
            f"The values agree to about {round(-math.log10(away))} digits only. Is the method an approximation, or "
            "something computed in too few digits?"
        )
    return ""


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
