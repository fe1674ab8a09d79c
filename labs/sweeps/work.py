"""What a worker does: one part, the same to the bit wherever it is done."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from labs.device import BASE_SEED, course_seed
from labs.sweeps.grid import Part

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["compute", "one_thread", "unpack"]


def compute(experiment: Callable[..., Mapping[str, Any]], part: Part, seed: int) -> bytes:
    """The values of one part, wherever this happens to run: with one thread and the sender's course seed.

    They come pickled (:func:`unpack`). Between processes, torch passes a tensor as a handle to memory that the sender
    must still be alive to hand over; a worker that is killed in its next part would take this part's values along.
    """
    with one_thread(), _course_seed(seed):
        returned = experiment(**part.fixed, **part.varied)
    if not isinstance(returned, Mapping) or not returned:
        raise ValueError(f"experiment must return a mapping from names to values, got {type(returned).__name__}")
    values = {str(name): torch.as_tensor(value).detach().cpu().clone() for name, value in returned.items()}
    for name, value in values.items():
        if value.ndim == 0 or len(value) != part.num_runs:
            raise ValueError(
                f"experiment returned {name!r} with shape {tuple(value.shape)}; "
                f"its first dimension must be the {part.num_runs} runs of the ensemble"
            )
    return pickle.dumps(values)


def unpack(values: bytes) -> dict[str, Tensor]:
    """What :func:`compute` packed."""
    return pickle.loads(values)


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums that are divided among threads differ in their last bits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _course_seed(shift: int) -> Iterator[None]:
    before = os.environ.get("LABS_SEED")
    if course_seed() == BASE_SEED + shift:
        yield
        return
    os.environ["LABS_SEED"] = str(shift)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("LABS_SEED", None)
        else:
            os.environ["LABS_SEED"] = before
