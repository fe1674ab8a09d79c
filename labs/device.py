"""The device, the seeds, sizes that fit the device, and honest timing."""

from __future__ import annotations

import torch

__all__ = ["DEVICE"]

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
