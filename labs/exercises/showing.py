"""Shows arguments and results in few characters that can be typed again: ASCII numbers, long things shortened."""

from __future__ import annotations

import math
import numbers
import reprlib
from typing import Any

import numpy as np
import torch

__all__ = ["apart", "number", "shown"]

MANY, FIRST = 12, 6
"""More entries than the first are shown as the second."""

SHORT = reprlib.Repr()
SHORT.maxstring = SHORT.maxother = 200


def number(value: float, digits: int = 4) -> str:
    """``value`` to ``digits`` significant digits, as Python reads it; whole numbers below ten million in full.

    Example:
        >>> number(0.123456), number(10000), number(-2.5e-7), number(float("inf"))
        ('0.1235', '10000', '-2.5e-07', 'inf')
    """
    if math.isfinite(value) and value == int(value) and abs(value) < 1e7:
        return str(int(value))
    return f"{value:.{digits}g}"


def apart(one: Any, other: Any) -> tuple[str, str]:
    """Both, with as many digits as it takes to tell them apart."""
    for digits in (4, 7, 11, 17):
        texts = shown(one, digits), shown(other, digits)
        if texts[0] != texts[1]:
            break
    return texts


def shown(value: Any, digits: int = 4) -> str:
    """``value`` in few characters."""
    try:
        return _shown(value, digits)
    except Exception as error:  # a reader's own class may do anything
        return f"something of type {type(value).__name__} that cannot be shown ({type(error).__name__})"


def _shown(value: Any, digits: int) -> str:
    if isinstance(value, torch.Tensor):
        return _tensor(value, digits)
    if isinstance(value, np.ndarray):
        return _array(value, digits, "array")
    if isinstance(value, (bool, np.bool_)) or value is None:
        return str(value)
    if isinstance(value, numbers.Integral):
        return str(int(value)) if abs(int(value)) < 10**20 else number(float(value))
    if isinstance(value, numbers.Real):
        return number(float(value), digits)
    if isinstance(value, (tuple, list)):
        entries = [shown(v, digits) for v in value[: MANY if len(value) <= MANY else FIRST]]
        more = f", … ({len(value)} entries)" if len(value) > MANY else ""
        return f"({', '.join(entries)}{',' if len(value) == 1 else ''}{more})"
    if callable(value):
        return getattr(value, "__name__", None) or str(value)
    return SHORT.repr(value)


def _tensor(value: torch.Tensor, digits: int) -> str:
    if value.is_meta or value.layout != torch.strided:
        kind = "on the device meta" if value.is_meta else f"with layout {value.layout}"
        return f"tensor {kind} of shape {tuple(value.shape)}"
    few = value.detach() if value.numel() <= MANY else value.detach().flatten()[:FIRST]
    if few.is_conj() or few.is_neg():
        few = few.resolve_conj().resolve_neg()
    few = few.cpu()
    if few.ndim == 0:
        return shown(few.item(), digits)
    if value.numel() > MANY:
        return f"tensor of shape {tuple(value.shape)}: {', '.join(shown(v, digits) for v in few.tolist())}, …"
    return f"tensor({_nested(few.tolist(), digits)})"


def _array(value: np.ndarray, digits: int, name: str) -> str:
    if value.ndim == 0:
        return shown(value.item(), digits)
    if value.size > MANY:
        first = ", ".join(shown(v, digits) for v in value.flat[:FIRST].tolist())
        return f"{name} of shape {value.shape}: {first}, …"
    return f"{name}({_nested(value.tolist(), digits)})"


def _nested(rows: Any, digits: int) -> str:
    return f"[{', '.join(_nested(r, digits) for r in rows)}]" if isinstance(rows, list) else shown(rows, digits)
