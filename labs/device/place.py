"""Where the course computes, and problem sizes that fit the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from labs.inputs import integer

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["DEVICE", "beside", "device_for", "scaled", "synchronize"]


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


def beside(value: object, like: Tensor) -> Tensor:
    """``value`` in the type of ``like`` and where ``like`` is: the first tensor of a call decides, others are moved.

    It is narrowed before it goes to the device and widened after it has left, since mps holds no float64; and a Python
    number is read in the type wanted, not in float32.

    Example:
        >>> beside(0.1, torch.zeros(2, dtype=torch.float64))
        tensor(0.1000, dtype=torch.float64)
    """
    tensor = value if isinstance(value, torch.Tensor) else torch.as_tensor(value, dtype=like.dtype)
    if like.device.type == "cpu":
        return tensor.cpu().to(like.dtype)
    return tensor.to(like.dtype if tensor.device.type == "cpu" else tensor.dtype).to(like.device).to(like.dtype)


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
