"""What can be read off an ensemble while it trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

from labs.curvature import hvp, sharpness
from labs.device import beside, generator
from labs.losses import zero_one
from labs.training.arguments import data_per_run
from labs.training.gradient import EnsembleRisk

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["BUILT_IN", "Monitor", "State", "angle_to", "as_monitors", "error_on", "every", "loss_on"]


@dataclass
class State:
    """An ensemble at one step. What several monitors need is computed once, and what none needs is not."""

    step: int
    theta: Float[Tensor, "R P"]
    start: Float[Tensor, "R P"]
    risk: EnsembleRisk
    data: tuple[Tensor, Tensor]
    batch: tuple[Tensor, Tensor]
    full_batch: bool
    grad_is_needed: bool = False

    @cached_property
    def loss_and_grad(self) -> tuple[Float[Tensor, " R"], Float[Tensor, "R P"]]:
        """The mean loss on the batch in use, and ∇J there."""
        return self.risk.gradient(self.theta, *self.batch)

    @property
    def batch_grad(self) -> Float[Tensor, "R P"]:
        """∇J on the batch in use."""
        return self.loss_and_grad[1]

    @property
    def known_grad(self) -> Float[Tensor, "R P"] | None:
        """``batch_grad`` if anything has asked for it."""
        return self.batch_grad if "loss_and_grad" in self.__dict__ else None

    @cached_property
    def batch_loss(self) -> Float[Tensor, " R"]:
        """The mean loss on the batch in use."""
        with_grad = self.grad_is_needed or self.known_grad is not None
        return self.loss_and_grad[0] if with_grad else self.risk.per_example(self.theta, *self.batch).mean(-1)

    @cached_property
    def grad(self) -> Float[Tensor, "R P"]:
        """∇J on all training data."""
        return self.batch_grad if self.full_batch else self.risk.gradient(self.theta, *self.data)[1]

    @cached_property
    def train_loss(self) -> Float[Tensor, " R"]:
        """The mean loss on all training data."""
        return self.batch_loss if self.full_batch else self.risk.per_example(self.theta, *self.data).mean(-1)


@dataclass(frozen=True)
class Monitor:
    """A quantity read at every recorded step that is a multiple of ``period``."""

    read: Callable[[State], Tensor]
    period: int = 1


BUILT_IN: dict[str, Callable[[State], Tensor]] = {
    "train_loss": lambda state: state.train_loss,
    "train_error": lambda state: state.risk.per_example(state.theta, *state.data, loss=zero_one).mean(-1),
    "grad_norm": lambda state: state.grad.norm(dim=-1),
    "batch_grad_norm": lambda state: state.batch_grad.norm(dim=-1),
    "theta_norm": lambda state: state.theta.norm(dim=-1),
    "gHg": lambda state: _along_gradient(state),
    "sharpness": lambda state: _sharpness(state),
    "distance": lambda state: (state.theta - state.start).norm(dim=-1),
}


def _along_gradient(state: State) -> Float[Tensor, " R"]:
    """gᵀHg of J on all training data."""
    decay = state.risk.weight_decay.squeeze(-1) * state.grad.square().sum(-1)
    return decay + state.risk.curvature(
        lambda risk, theta, g: (g * hvp(risk, theta, g)).sum(-1), state.theta, *state.data, state.grad
    )


def _sharpness(state: State) -> Float[Tensor, " R"]:
    """λmax of the Hessian of J on all training data, from the same start in every run and at every step."""
    first = torch.randn(state.theta.shape[-1], generator=generator("sharpness"), dtype=torch.float64).to(state.theta)
    largest = state.risk.curvature(
        lambda risk, theta: sharpness(risk, theta, start=first.expand_as(theta)), state.theta, *state.data
    )
    return largest + state.risk.weight_decay.squeeze(-1)


def loss_on(dataset: tuple[Tensor, Tensor], loss: Callable | None = None) -> Monitor:
    """The mean loss on another data set ``(x, y)``, shared or one a run; by the loss that is trained or another one."""

    def read(state: State) -> Tensor:
        x, y = data_per_run(dataset, state.theta)
        return state.risk.per_example(state.theta, state.risk.inputs(x), y, loss).mean(-1)

    return Monitor(read)


def error_on(dataset: tuple[Tensor, Tensor]) -> Monitor:
    """The share of wrongly classified examples of another data set ``(x, y)``."""
    return loss_on(dataset, zero_one)


def angle_to(target: Float[Tensor, "*runs P"]) -> Monitor:
    """The angle in radians between −∇J and the way from θ to ``target``, one point or one a run."""

    def read(state: State) -> Tensor:
        cosine = torch.nn.functional.cosine_similarity(-state.grad, beside(target, state.theta) - state.theta, dim=-1)
        return cosine.clamp(-1, 1).arccos()

    return Monitor(read)


def every(period: int, monitor: Any) -> Monitor:
    """Reads a costly ``monitor`` only at recorded steps that are multiples of ``period``; NaN at the others."""
    if period < 1:
        raise ValueError(f"period must be at least 1 step, got {period}")
    return replace(_as_monitor("", monitor), period=period)


def as_monitors(monitors: Mapping[str, Any] | Sequence[str] | None) -> dict[str, Monitor]:
    """Names of built-in monitors, or a mapping name -> monitor, data set, built-in name or function(theta, step)."""
    if monitors is None:
        return {}
    if isinstance(monitors, str):
        monitors = [monitors]
    named = monitors if isinstance(monitors, Mapping) else {name: name for name in monitors}
    return {name: _as_monitor(name, monitor) for name, monitor in named.items()}


def _as_monitor(name: str, monitor: Any) -> Monitor:
    if isinstance(monitor, Monitor):
        return monitor
    if isinstance(monitor, str):
        if monitor not in BUILT_IN:
            raise ValueError(f"unknown monitor {monitor!r}; the built-in ones are {', '.join(BUILT_IN)}")
        return Monitor(BUILT_IN[monitor])
    if isinstance(monitor, tuple) and len(monitor) == 2:
        return loss_on(monitor)
    if callable(monitor):
        return Monitor(lambda state: torch.as_tensor(monitor(state.theta, state.step)))
    raise ValueError(
        f"monitor {name!r} is {monitor!r}; give a built-in name, a data set (x, y) or a function (theta, step) -> (R,)"
    )
