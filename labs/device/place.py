"""Where the course computes, and problem sizes that fit the place."""

from __future__ import annotations

import torch

from labs.inputs import integer

__all__ = ["DEVICE", "device_for", "scaled", "synchronize"]


def _best_device() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


DEVICE = _best_device()
"""Where the course computes: cuda, else mps (Apple), else cpu."""


def device_for(dtype: torch.dtype) -> torch.device:
    """The device for tensors of ``dtype``: ``DEVICE``, except that float64 stays on the CPU under mps, which lacks it.

    Example:
        >>> device_for(torch.float32) == DEVICE
        True
    """
    return torch.device("cpu") if DEVICE.type == "mps" and dtype == torch.float64 else DEVICE


def scaled(*, cpu: int, gpu: int) -> int:
    """The problem size for this device: ``gpu`` on CUDA, ``cpu`` everywhere else (a laptop's mps included).

    Raises:
        ValueError: when a size is not a positive whole number.

    Example:
        >>> scaled(cpu=32, gpu=32)
        32
    """
    sizes = integer("cpu", cpu), integer("gpu", gpu)
    return sizes[DEVICE.type == "cuda"]


def synchronize() -> None:
    """Wait until the device has finished: launches on a GPU return before the work is done."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    elif DEVICE.type == "mps":
        torch.mps.synchronize()
