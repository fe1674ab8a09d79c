"""Finished parts of a sweep on disk: each file is either whole or not there."""

from __future__ import annotations

import hashlib
import inspect
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from labs.device import course_seed
from labs.sweeps.grid import Part

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Store"]


class Store:
    """A folder with one file for each finished part.

    A file's name is a digest of everything the part's values depend on: the experiment's source text, the part's
    settings, the course seed. A changed experiment therefore computes anew. (Functions that it calls are not looked
    at: after changing one of those, give another folder.)

    Args:
        folder: Created if need be; ``None`` keeps nothing.
        experiment: The function that is swept.
    """

    def __init__(self, folder: str | os.PathLike | None, experiment: Callable) -> None:
        self.folder = None if folder is None else Path(folder)
        self._experiment = _identity(experiment)
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)

    def load(self, part: Part) -> dict[str, Tensor] | None:
        """The part's values if it is finished. A file that cannot be read counts as not there, with a warning."""
        path = self._path(part)
        if path is None or not path.exists():
            return None
        try:
            return torch.load(path, weights_only=True)
        except Exception as error:
            warnings.warn(f"{path} cannot be read ({error}); this part is computed again", RuntimeWarning, stacklevel=3)
            return None

    def save(self, part: Part, values: dict[str, Tensor]) -> None:
        """Writes to a file beside the final one, then renames it: a crash in between leaves the old state."""
        path = self._path(part)
        if path is None:
            return
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".unfinished-")
        try:
            with os.fdopen(handle, "wb") as file:
                torch.save(values, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _path(self, part: Part) -> Path | None:
        if self.folder is None:
            return None
        text = f"{self._experiment}\n{course_seed()}\n{part.fixed!r}\n{part.varied!r}"
        return self.folder / f"part-{hashlib.sha256(text.encode()).hexdigest()[:24]}.pt"


def _identity(experiment: Callable) -> str:
    name = f"{getattr(experiment, '__module__', '')}.{getattr(experiment, '__qualname__', repr(experiment))}"
    try:
        return f"{name}\n{inspect.getsource(experiment)}"
    except (OSError, TypeError):
        return name
