"""Learning-rate schedules: functions step -> factor on the learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["Schedule", "constant", "cosine", "step_decay", "warmup"]

Schedule = Callable[[int], float]


def constant(step: int) -> float:
    """The factor 1."""
    return 1.0


def cosine(num_steps: int) -> Schedule:
    """½(1 + cos(π t / T)): from 1 at step 0 down to 0 at step T = ``num_steps``.

    Example:
        >>> [round(cosine(4)(t), 3) for t in (0, 2, 4)]
        [1.0, 0.5, 0.0]
    """
    _positive("num_steps", num_steps)
    return lambda step: 0.5 * (1 + math.cos(math.pi * min(step / num_steps, 1.0)))


def step_decay(every: int, factor: float = 0.1) -> Schedule:
    """``factor`` to the number of full periods of ``every`` steps.

    Example:
        >>> [step_decay(10, 0.5)(t) for t in (0, 9, 10, 20)]
        [1.0, 1.0, 0.5, 0.25]
    """
    _positive("every", every)
    _positive("factor", factor)
    return lambda step: float(factor) ** (step // every)


def warmup(num_steps: int, then: Schedule = constant) -> Schedule:
    """A rise in equal steps to 1 during the first ``num_steps`` updates, then ``then``, counted from there.

    Example:
        >>> [warmup(4)(t) for t in (0, 1, 3, 4)]
        [0.25, 0.5, 1.0, 1.0]
    """
    _positive("num_steps", num_steps)
    return lambda step: (step + 1) / num_steps if step < num_steps else then(step - num_steps)


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} must be positive, got {value!r}")
