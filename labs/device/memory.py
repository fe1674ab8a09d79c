"""What to do when memory runs out: smaller blocks, or one sentence that says what to reduce."""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Callable
from typing import Literal

import torch

from labs.device.place import DEVICE
from labs.inputs import chosen, integer

__all__ = ["in_blocks"]


def in_blocks(
    fn: Callable[..., torch.Tensor],
    *tensors: torch.Tensor,
    block: int | None = None,
    combine: Literal["cat", "sum"] = "cat",
) -> torch.Tensor:
    """``fn(*tensors)``, computed on blocks of rows; a block that does not fit into memory is halved, with a warning.

    Right for every ``fn`` that treats rows apart (``combine="cat"``) or adds over them (``combine="sum"``).

    Args:
        fn: Takes one block of rows of each tensor, returns one tensor.
        *tensors: Of the same length along dimension 0.
        block: Rows to begin with; ``None`` tries all at once.
        combine: Whether results are concatenated along dimension 0 or summed.

    Raises:
        ValueError: when the tensors' lengths differ or are 0, ``block`` is below 1 or ``combine`` is unknown.
        MemoryError: when a single row does not fit; the message says what to reduce, and by how much.

    Example:
        >>> in_blocks(lambda x: x.square(), torch.arange(5.0), block=2)
        tensor([ 0.,  1.,  4.,  9., 16.])
    """
    chosen("combine", combine, ("cat", "sum"))
    lengths = {len(t) for t in tensors}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"tensors must have one common length of at least 1, got {[tuple(t.shape) for t in tensors]}")
    length = lengths.pop()
    size = length if block is None else min(integer("block", block), length)
    results, done = [], 0
    while done < length:
        rows = [t[done : done + size] for t in tensors]
        result, complaint = _attempt(fn, rows)
        if result is None:
            size = _halved(size, rows, complaint)
        else:
            results.append(result)
            done += size
    return torch.cat(results) if combine == "cat" else functools.reduce(torch.add, results)


def _attempt(fn: Callable[..., torch.Tensor], rows: list[torch.Tensor]) -> tuple[torch.Tensor | None, str]:
    """The result, or None and the allocator's words. Leaving the handler frees what the failed call still holds."""
    try:
        return fn(*rows), ""
    except RuntimeError as error:
        complaint = str(error)
        known = ("out of memory", "can't allocate memory")
        if not isinstance(error, torch.OutOfMemoryError) and not any(words in complaint for words in known):
            raise
    if DEVICE.type == "cuda":
        torch.cuda.empty_cache()
    return None, complaint


_BYTES = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SIZE = r"([\d.]+) (bytes|KiB|MiB|GiB)"


def _halved(size: int, rows: list[torch.Tensor], complaint: str) -> int:
    if size > 1:
        warnings.warn(
            f"{size} rows at once do not fit into the memory of {DEVICE}: going on with blocks of {size // 2}",
            RuntimeWarning,
            stacklevel=3,
        )
        return size // 2
    wanted, free = re.search(f"Tried to allocate {_SIZE}", complaint), re.search(f"{_SIZE} is free", complaint)
    factor = 2
    if wanted and free and float(free[1]) > 0:
        need, have = (float(found[1]) * _BYTES[found[2]] for found in (wanted, free))
        factor = max(factor, int(-(-need // have)))
    shapes = ", ".join(str(tuple(r.shape[1:])) for r in rows)
    raise MemoryError(
        f"a single row (shape {shapes}) does not fit into the memory of {DEVICE}: "
        f"make rows at least {factor} times smaller, e.g. fewer examples or units a run"
    )
