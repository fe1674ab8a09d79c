"""What a training run leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = ["Trace"]


@dataclass(frozen=True, eq=False)
class Trace:
    """The record of an ensemble of R runs: K readings of each monitored quantity, and the final θ.

    ``trace["loss"]`` is the ``(K, R)`` tensor of losses at ``trace.steps``; a reading at step t belongs to θ_t, the
    parameters after t updates. Readings that were not taken (see ``labs.training.every``) are NaN.

    Attributes:
        steps: The K steps at which readings were taken.
        theta: θ at the end of each run.
        values: The readings by name.
        diverged_at: First recorded step at which a run's loss or θ was not finite, −1 for runs that stayed finite.
        stopped_at: Step at which early stopping froze a run, −1 for runs that went to the end.
        best_theta: θ at each run's best reading of the monitor named by ``keep_best`` or ``early_stopping``.
        best_step: The step of that reading.
        snapshots: θ of all runs at the steps asked for.
    """

    steps: Int[Tensor, " K"]
    theta: Float[Tensor, "R P"]
    values: dict[str, Float[Tensor, "K R"]]
    diverged_at: Int[Tensor, " R"]
    stopped_at: Int[Tensor, " R"]
    best_theta: Float[Tensor, "R P"] | None = None
    best_step: Int[Tensor, " R"] | None = None
    snapshots: dict[int, Float[Tensor, "R P"]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Float[Tensor, "K R"]:
        if name not in self.values:
            raise KeyError(f"{name!r} was not recorded; this trace has {', '.join(self.values)} (see monitors=)")
        return self.values[name]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def readings(self, name: str) -> tuple[Int[Tensor, " k"], Float[Tensor, "k R"]]:
        """The steps at which ``name`` was really read, and its values there."""
        values = self[name]
        taken = (~values.isnan().flatten(1).all(1)).cpu()
        return self.steps[taken], values[taken]

    @property
    def num_runs(self) -> int:
        """R."""
        return self.theta.shape[0]

    @property
    def diverged(self) -> torch.Tensor:
        """Which runs met a value that is not finite, ``(R,)`` of bool."""
        return self.diverged_at >= 0

    def __repr__(self) -> str:
        runs = "1 run" if self.num_runs == 1 else f"{self.num_runs} runs"
        lines = [f"Trace of {runs}, {len(self.steps)} readings from step {self.steps[0]} to {self.steps[-1]}"]
        for name in self.values:
            taken = self.readings(name)[1]
            if len(taken):
                first, last = (row.flatten().nanmedian().item() for row in (taken[0], taken[-1]))
                lines.append(f"  {name:<12} median over runs {first:.4g} → {last:.4g}")
        if self.diverged.any():
            lines.append(f"  {int(self.diverged.sum())} diverged")
        if (self.stopped_at >= 0).any():
            lines.append(f"  {int((self.stopped_at >= 0).sum())} stopped early")
        return "\n".join(lines)
