"""Shared machinery of the course: batched numerics, checked claims, exercises, figures and explorables.

The names of everyday use are reached from here, loaded at first use, so that the lower layers stay light to import.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labs.claims import claim, mean_interval
    from labs.exercises import check, failing, hint, progress, solution

__all__ = ["check", "claim", "failing", "hint", "mean_interval", "progress", "solution", "start"]

_HOMES = {
    "claim": "labs.claims",
    "mean_interval": "labs.claims",
    "check": "labs.exercises",
    "failing": "labs.exercises",
    "hint": "labs.exercises",
    "progress": "labs.exercises",
    "solution": "labs.exercises",
}

_PACKAGES = ("critical_points", "inexact", "recurrence", "sweeps")
"""Packages that a few chapters use: `labs.recurrence` works without an import of its own."""


def start() -> None:
    """Prepare a notebook: seeds, deterministic arithmetic on the CPU, the figure style, explorables on Colab.

    Raises:
        labs.device.SeedError: when the environment variable LABS_SEED is not a whole number.
    """
    from labs import device, figures

    device.start()
    figures.use()
    if "google.colab" in sys.modules:  # from the start in Colab's kernels, nowhere else
        _allow_explorables_on_colab()


def _allow_explorables_on_colab() -> None:
    """Colab shows widgets of packages that it does not bring only where the notebook asks for it."""
    allow = getattr(import_module("google.colab.output"), "enable_custom_widget_manager", None)
    if allow is not None:
        allow()


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _PACKAGES:
        return import_module(f"labs.{name}")
    raise AttributeError(f"module 'labs' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_PACKAGES})
