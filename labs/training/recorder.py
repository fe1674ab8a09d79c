"""Takes the readings during training and makes the trace of them."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

import torch

from labs.inputs import finite_rows
from labs.training.gradient import EnsembleRisk
from labs.training.monitors import Monitor, State
from labs.training.stopping import Best, EarlyStopping
from labs.training.trace import Trace

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["Recorder"]


class Recorder:
    """Reads all monitors at the steps asked for, and watches every step for runs that diverge."""

    def __init__(
        self,
        start: Float[Tensor, "R P"],
        risk: EnsembleRisk,
        data: tuple[Tensor, Tensor],
        monitors: dict[str, Monitor],
        steps: Set[int],
        snapshot_steps: Set[int],
        early_stopping: EarlyStopping | None,
        keep_best: str | None,
        full_batch: bool,
    ) -> None:
        self.start, self.risk, self.data, self.full_batch = start.clone(), risk, data, full_batch
        self.monitors = {"loss": Monitor(lambda state: state.batch_loss)} | monitors
        self.steps, self.snapshot_steps = steps, snapshot_steps
        self.watched = keep_best or (early_stopping.monitor if early_stopping else None)
        if early_stopping and self.watched != early_stopping.monitor:
            raise ValueError(
                f"keep_best is {keep_best!r}, but early stopping watches {early_stopping.monitor!r}; name one"
            )
        if self.watched is not None and self.watched not in self.monitors:
            raise ValueError(
                f"{self.watched!r} is not recorded; add it to monitors, which has {', '.join(self.monitors)}"
            )
        self.best = Best(start, early_stopping)
        self.diverged_at = torch.full((len(start),), -1, device=start.device)
        self.taken: list[int] = []
        self.readings: dict[str, list[Tensor]] = {name: [] for name in self.monitors}
        self.snapshots: dict[int, Tensor] = {}

    def is_due(self, step: int) -> bool:
        """Whether anything is to be noted at this step."""
        return step in self.steps or step in self.snapshot_steps

    def __call__(self, step: int, theta: Tensor, batch: tuple[Tensor, Tensor], grad_is_needed: bool) -> Tensor | None:
        """Notes all that is to be noted about θ before the update of this step; returns ∇J if it became known."""
        state = State(step, theta, self.start, self.risk, self.data, batch, self.full_batch, grad_is_needed)
        if step in self.snapshot_steps:
            self.snapshots[step] = theta.clone()
        if step in self.steps:
            self.taken.append(step)
            for name in sorted(self.monitors, key=lambda name: name == "loss"):  # last: a gradient may bring it along
                self._read(name, self.monitors[name], state)
        lost = ~(state.batch_loss.isfinite() & finite_rows(theta)) & (self.diverged_at < 0)
        self.diverged_at = torch.where(lost, step, self.diverged_at)
        return state.known_grad

    @property
    def any_stopped(self) -> bool:
        """Whether early stopping has frozen a run."""
        return self.best.rule is not None and bool(self.best.stopped.any())

    @property
    def all_stopped(self) -> bool:
        """Whether early stopping has frozen them all."""
        return self.best.rule is not None and bool(self.best.stopped.all())

    @property
    def moving(self) -> Tensor | float:
        """0 for frozen runs, 1 for the others, ``(R, 1)``."""
        return 1.0 if self.best.rule is None else (~self.best.stopped[:, None]).to(self.start.dtype)

    def _read(self, name: str, monitor: Monitor, state: State) -> None:
        if state.step % monitor.period:
            first = self.readings[name][0] if self.readings[name] else self.start[:, 0]
            self.readings[name].append(torch.full_like(first, torch.nan))
            return
        reading = monitor.read(state).detach()
        if reading.ndim == 0 or len(reading) != len(state.theta):
            raise ValueError(
                f"monitor {name!r} returned shape {tuple(reading.shape)}; it must return one value for each of the "
                f"{len(state.theta)} runs, shape ({len(state.theta)},)"
            )
        self.readings[name].append(reading.clone())
        if name == self.watched:
            self.best.look(state.step, state.theta, reading)

    def trace(self, theta: Float[Tensor, "R P"]) -> Trace:
        """The finished record."""
        lost = ~finite_rows(theta) & (self.diverged_at < 0)
        return Trace(
            steps=torch.tensor(self.taken),
            theta=theta,
            values={name: torch.stack(readings) for name, readings in self.readings.items()},
            diverged_at=torch.where(lost, self.taken[-1] if self.taken else 0, self.diverged_at),
            stopped_at=self.best.stopped_at,
            best_theta=self.best.theta if self.watched else None,
            best_step=self.best.step if self.watched else None,
            snapshots=self.snapshots,
        )
