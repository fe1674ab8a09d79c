"""Functions that an exercise hands to the reader's function: they answer, they count, and they give nothing away."""

from __future__ import annotations

import copy
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch

__all__ = ["Oracle", "point"]

_inside: WeakKeyDictionary[Oracle, Any]


class Oracle:
    """A callable whose state cannot be read off it: it has no attributes. Judges get the state by ``Oracle.inside``.

    A subclass defines ``__call__`` and ``__str__``, and keeps what it knows and counts in its state.
    """

    __slots__ = ("__weakref__",)

    def __init__(self, state: Any) -> None:
        _inside[self] = state

    def __deepcopy__(self, memo: dict[int, Any]) -> Oracle:
        made = object.__new__(type(self))
        Oracle.__init__(made, copy.deepcopy(Oracle.inside(self), memo))
        return made

    def __reduce__(self) -> Any:
        raise TypeError("this function cannot be stored")

    @staticmethod
    def inside(oracle: Oracle) -> Any:
        """What the oracle knows and has counted."""
        return _inside[oracle]


_inside = WeakKeyDictionary()


def point(value: Any, size: int, name: str) -> torch.Tensor:
    """What a reader passes to an oracle, as a float64 vector of this size, cut off from any graph.

    Raises:
        ValueError: if it is no single vector of this size: one call answers for one point.
    """
    # By way of numpy, since no transformation of torch (vmap, forward mode) passes there: each call is counted.
    plain = value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
    if plain.shape != (size,):
        raise ValueError(f"{name} must have shape ({size},), got {plain.shape}")
    return torch.from_numpy(plain.astype(np.float64))
