"""Reads the numbers in an answer, whatever holds them: number, tuple, list, array or tensor, on any device.

This is the one rule for all exercises: what counts is the numbers and their shape, not what they come in.
"""

from __future__ import annotations

import inspect
import numbers
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

__all__ = ["Read", "Refused", "listed", "read", "vector"]


class Refused(Exception):
    """An answer that cannot be what is asked for, whatever its values; the text is the sentence for the reader."""


@dataclass(frozen=True)
class Read:
    """What an answer holds.

    ``values`` are in float64. ``dtype`` is the name of the least precise type in it, "" for Python's own numbers, and
    ``step`` the distance from 1 to the next number of that type, 0 for whole numbers.
    """

    values: np.ndarray
    dtype: str
    step: float


def read(answer: Any) -> Read:
    """The numbers in ``answer``.

    Raises:
        Refused: if it holds no numbers, or truth values, complex ones, or rows of different lengths.
    """
    if isinstance(answer, torch.Tensor):
        return _of_tensor(answer)
    if isinstance(answer, (np.ndarray, np.generic)) and answer.dtype != object:
        return _of_array(np.asarray(answer))
    if isinstance(answer, (bool, numbers.Complex)):
        return _of_number(answer)
    if isinstance(answer, (Sequence, np.ndarray)) and not isinstance(answer, (str, bytes)):
        return _of_rows(list(answer))
    raise Refused(_no_number(answer))


def listed(answer: Any, length: int) -> list[Any]:
    """The ``length`` parts of a tuple, list, array or tensor.

    Raises:
        Refused: if it has another length, or no parts.
    """
    if answer is None:
        raise Refused(_no_number(None))
    try:
        parts = list(answer) if len(answer) == length and not isinstance(answer, (str, bytes, dict, set)) else []
    except TypeError:  # a number, a 0-d tensor
        parts = []
    if len(parts) != length:
        raise Refused(f"Return a tuple of {length} values.")
    return parts


def vector(answer: Any, shape: Sequence[int], what: str, *, finite: bool = True) -> torch.Tensor:
    """``answer`` as a float64 tensor of this shape, for judges.

    Raises:
        Refused: if it is none; the sentence asks for ``what``, "the weights", say. So it is if the numbers must be
            ``finite`` and are not.
    """
    wanted = f"Return {what}, a tensor of shape {tuple(shape)}"
    if answer is None:
        raise Refused(_no_number(None))
    try:
        found = read(answer).values
    except Refused as refused:
        raise Refused(f"{wanted}. {refused}") from None
    if found.shape != tuple(shape):
        raise Refused(f"{wanted}; yours has shape {found.shape}." if found.shape else f"{wanted}, not one number.")
    if finite and not np.isfinite(found).all():
        raise Refused(f"{wanted}, of finite numbers: yours has NaN or infinity in it.")
    return torch.from_numpy(found)


def _of_tensor(tensor: torch.Tensor) -> Read:
    if tensor.is_meta:
        raise Refused("Your result is a tensor on the device meta, which has a shape and no numbers.")
    try:
        plain = tensor.detach()
        plain = (plain if plain.layout == torch.strided else plain.to_dense()).cpu().resolve_conj().resolve_neg()
        kept = plain.dtype
        plain = plain if kept in (torch.bool, torch.complex64, torch.complex128) else plain.double()
        array = plain.numpy()
    except (RuntimeError, TypeError, NotImplementedError, ValueError) as error:
        raise Refused(f"The numbers of your tensor cannot be read ({type(error).__name__}: {error}).") from None
    if kept in (torch.bool, torch.complex64, torch.complex128):
        return _of_array(array)
    return Read(array, str(kept), torch.finfo(kept).eps if kept.is_floating_point else 0.0)


def _of_array(array: np.ndarray) -> Read:
    kind = array.dtype.kind
    if kind == "b":
        raise Refused("Return the number itself, not a truth value." if array.ndim == 0 else _TRUTH)
    if kind == "c":
        raise Refused("Your result has complex numbers; the answer is real: take .real, or a real method.")
    if kind not in "iuf":
        raise Refused(f"Numbers are expected; yours are of dtype {array.dtype}.")
    step = float(np.finfo(array.dtype).eps) if kind == "f" else 0.0
    return Read(array.astype(np.float64), str(array.dtype), step)


def _of_number(value: Any) -> Read:
    if isinstance(value, bool):
        raise Refused("Return the number itself, not a truth value.")
    if not isinstance(value, numbers.Real):
        raise Refused("Your result is complex; the answer is real: take .real, or a real method.")
    try:
        return Read(np.array(float(value)), "", 0.0 if isinstance(value, numbers.Integral) else 2.0**-52)
    except OverflowError:
        return Read(np.array(np.inf if operator.gt(value, 0) else -np.inf), "", 0.0)


def _of_rows(rows: list[Any]) -> Read:
    if rows and all(type(row) in (int, float) for row in rows[:3]):  # a long list of plain numbers, quickly
        try:
            array = np.array(rows)
            if array.dtype.kind in "iuf" and array.ndim == 1:
                return Read(
                    array.astype(np.float64), "", float(np.finfo(float).eps) if array.dtype.kind == "f" else 0.0
                )
        except (ValueError, TypeError, OverflowError):
            pass
    if any(row is None for row in rows):
        raise Refused("Your result has None in it, where a number is expected.")
    parts = [read(row) for row in rows]
    if len({part.values.shape for part in parts}) > 1:
        raise Refused("The rows of your result have different lengths.")
    steps = [part for part in parts if part.step] or parts
    coarsest = max(steps, key=lambda part: part.step, default=Read(np.empty(0), "", 2.0**-52))
    return Read(np.array([part.values for part in parts], dtype=np.float64), coarsest.dtype, coarsest.step)


_TRUTH = "Your result has truth values; numbers are expected: .double() turns True into 1."


def _no_number(answer: Any) -> str:
    if answer is None:
        return "Your function returned None; is the return statement missing?"
    if inspect.isgenerator(answer) or inspect.iscoroutine(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        return (
            f"Your function returned a {type(answer).__name__}: write return instead of yield, and def without async."
        )
    return f"A number or numbers are expected; yours is of type {type(answer).__name__}."
