"""One course seed, a stream of its own for each purpose, and the start of a notebook."""

from __future__ import annotations

import functools
import hashlib
import os
import random
import sys
from typing import Any

import numpy as np
import torch

from labs.device.place import DEVICE

__all__ = ["BASE_SEED", "SeedError", "course_seed", "generator", "numpy_generator", "start"]

BASE_SEED = 2016
"""The course's own seed; the environment variable LABS_SEED is added to it."""


class SeedError(ValueError):
    """LABS_SEED is not a whole number. Notebooks and scripts show its one sentence without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@functools.cache
def _show_seed_errors_in_one_sentence() -> None:
    """Make a script that ends in a SeedError print the sentence alone (IPython asks ``_render_traceback_`` instead)."""
    previous = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, traceback: Any) -> None:
        if isinstance(error, SeedError):
            print(error, file=sys.stderr)
        else:
            previous(kind, error, traceback)

    sys.excepthook = hook


def course_seed() -> int:
    """``BASE_SEED`` plus the environment variable LABS_SEED (0 when unset or empty).

    Raises:
        SeedError: when LABS_SEED is not a whole number.
    """
    shift = os.environ.get("LABS_SEED", "") or "0"
    try:
        return BASE_SEED + int(shift)
    except ValueError:
        _show_seed_errors_in_one_sentence()
        message = f"LABS_SEED must be a whole number such as 3, got {shift!r}: set it to one or unset it."
        raise SeedError(message) from None


def _seed_for(purpose: str) -> int:
    if not isinstance(purpose, str) or not purpose:
        raise ValueError(f'purpose must be a non-empty text such as "init", got {purpose!r}')
    digest = hashlib.sha256(f"{course_seed()}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(purpose: str) -> torch.Generator:
    """A fresh CPU generator whose stream depends on ``purpose`` and the course seed only.

    One stream per purpose keeps results apart: one more draw of initial weights leaves the shuffling as it was. Draws
    are made on the CPU and moved, so that a GPU sees the same numbers.

    Raises:
        ValueError: when ``purpose`` is empty or no text.

    Example:
        >>> a, b = generator("init"), generator("init")
        >>> bool((torch.rand(3, generator=a) == torch.rand(3, generator=b)).all())
        True
    """
    return torch.Generator().manual_seed(_seed_for(purpose))


def numpy_generator(purpose: str) -> np.random.Generator:
    """The same as ``generator`` for numpy and scipy.

    Raises:
        ValueError: when ``purpose`` is empty or no text.
    """
    return np.random.default_rng(_seed_for(purpose))


def start() -> None:
    """Seed the global streams, make CPU arithmetic deterministic, and let progress bars vanish when they are done.

    Raises:
        SeedError: when LABS_SEED is not a whole number.
    """
    seed = course_seed()
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - for library code that draws from the global stream
    if DEVICE.type == "cpu":
        torch.use_deterministic_algorithms(True)
        settings: Any = torch.utils.deterministic
        settings.fill_uninitialized_memory = False  # nothing here reads empty memory, and filling it costs time
    _calm_progress_bars()


def _calm_progress_bars() -> None:
    from tqdm.auto import tqdm

    if not isinstance(tqdm.__dict__.get("__init__"), functools.partialmethod):
        tqdm.__init__ = functools.partialmethod(tqdm.__init__, leave=False, delay=1)
