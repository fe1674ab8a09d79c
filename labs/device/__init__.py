"""The device, the seeds, sizes that fit the device, honest timing, and what to do when memory runs out."""

from __future__ import annotations

from labs.device.memory import in_blocks
from labs.device.place import DEVICE, beside, device_for, scaled, synchronize
from labs.device.seeds import BASE_SEED, SeedError, course_seed, generator, numpy_generator, start
from labs.device.timing import Comparison, Ratio, Timing, interleaved, timed

__all__ = [  # noqa: RUF022 - grouped by use
    # where
    "DEVICE",
    "device_for",
    "beside",
    "scaled",
    "synchronize",
    # seeds
    "BASE_SEED",
    "SeedError",
    "course_seed",
    "generator",
    "numpy_generator",
    "start",
    # time
    "Comparison",
    "Ratio",
    "Timing",
    "interleaved",
    "timed",
    # memory
    "in_blocks",
]
