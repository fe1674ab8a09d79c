"""Early stopping, run by run, and the best iterate on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from labs.device import beside

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

__all__ = ["Best", "EarlyStopping"]


@dataclass(frozen=True)
class EarlyStopping:
    """Freezes a run once ``monitor`` has not improved for ``patience`` steps.

    Args:
        monitor: Name of a recorded quantity, the smaller the better.
        patience: Steps without improvement that a run is allowed; looked at whenever the monitor is read.
        min_improvement: What counts as one.
    """

    monitor: str
    patience: int
    min_improvement: float = 0.0

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise ValueError(f"patience must be at least 1 step, got {self.patience}")
        if self.min_improvement < 0:
            raise ValueError(f"min_improvement must be ≥ 0, got {self.min_improvement}")


class Best:
    """Each run's best reading so far, and θ there; tells which runs have lost patience."""

    def __init__(self, theta: Float[Tensor, "R P"], rule: EarlyStopping | None) -> None:
        self.rule = rule
        self.value = theta.new_full((len(theta),), torch.inf)
        self.step = torch.zeros(len(theta), dtype=torch.long, device=theta.device)
        self.theta = theta.clone()
        self.stopped_at = torch.full_like(self.step, -1)

    def look(self, step: int, theta: Float[Tensor, "R P"], reading: Float[Tensor, " R"]) -> None:
        """Takes a reading into account. NaN never improves."""
        reading = beside(reading, self.value)
        margin = self.rule.min_improvement if self.rule else 0.0
        better = (reading < self.value - margin) & (self.stopped_at < 0)
        self.value = torch.where(better, reading, self.value)
        self.step = torch.where(better, step, self.step)
        self.theta[better] = theta[better]
        if self.rule:
            now = (step - self.step >= self.rule.patience) & (self.stopped_at < 0)
            self.stopped_at = torch.where(now, step, self.stopped_at)

    @property
    def stopped(self) -> Bool[Tensor, " R"]:
        """Which runs have been frozen."""
        return self.stopped_at >= 0
