"""The state of an ensemble between two steps: θ, the velocities, and how an update changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from labs.training.gradient import EnsembleRisk, of_runs
from labs.training.mlp_rules import Layers, MLPRisk
from labs.training.updates import Update, clip

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

__all__ = ["Bounds", "FlatRuns", "LayeredRuns", "Runs"]

Bounds = tuple[Tensor | None, Tensor | None]
"""The largest norm and the largest component of a gradient, (R, 1) each."""


class Runs(Protocol):
    """What the loop needs of an ensemble.

    Attributes:
        needs_grad: Whether an update takes ∇J as a whole, or else goes its own way unless ∇J is known already.
    """

    needs_grad: bool

    @property
    def theta(self) -> Float[Tensor, "R P"]:
        """The present parameters."""

    def advance(self, x: Tensor, y: Tensor, rate: Float[Tensor, "R 1"], grad: Tensor | None) -> None:
        """One update from these examples; ``grad`` is ∇J there if it is known already."""

    def halt(self, runs: Bool[Tensor, " R"]) -> None:
        """Takes the velocity of some runs away: at learning rate 0 they then stand still."""


class FlatRuns:
    """θ as one matrix (R, P): any model, any update rule, clipping."""

    needs_grad = True

    def __init__(self, theta: Float[Tensor, "R P"], risk: EnsembleRisk, update: Update, bounds: Bounds) -> None:
        self.theta, self.risk, self.update, self.bounds = theta, risk, update, bounds

    def advance(self, x: Tensor, y: Tensor, rate: Float[Tensor, "R 1"], grad: Tensor | None) -> None:
        if grad is None:
            grad = self.risk.gradient(self.theta, x, y)[1]
        self.update(self.theta, clip(grad, *self.bounds), rate)

    def halt(self, runs: Bool[Tensor, " R"]) -> None:
        self.update.halt(runs)


class LayeredRuns:
    """The weights of MLPs layer by layer: plain or heavy-ball descent with the update inside the backward pass."""

    needs_grad = False

    def __init__(self, theta: Float[Tensor, "R P"], risk: MLPRisk, momentum: Float[Tensor, "R 1"]) -> None:
        self.layers, self.risk, self.momentum = Layers(risk.model, theta), risk, momentum
        # the gradient goes straight into the weights unless something else must join it at the old θ
        together = momentum.any() or risk.decays
        self.velocity = Layers(risk.model, torch.zeros_like(theta)) if together else None
        self._rate, self._scales = theta.new_empty(0), dict[int, Tensor]()

    @property
    def theta(self) -> Float[Tensor, "R P"]:
        """A copy in the usual form."""
        return self.layers.theta()

    def advance(self, x: Tensor, y: Tensor, rate: Float[Tensor, "R 1"], grad: Tensor | None) -> None:
        target = self.layers if self.velocity is None else self.velocity
        if self.velocity is not None:
            self.velocity.mul_(self.momentum)
        if grad is not None:
            target.addcmul_(Layers(self.risk.model, grad), -rate)
        else:
            if self.risk.decays:
                target.addcmul_(self.layers, -rate * self.risk.weight_decay)
            self._descend(target, x, y, self._scale(rate, x.shape[1]))
        if self.velocity is not None:
            self.layers.add_(self.velocity)

    def _descend(self, target: Layers, x: Tensor, y: Tensor, scale: Float[Tensor, "R 1 1"]) -> None:
        blocks = self.risk.blocks(self.momentum, x, y)
        if len(blocks) == 1:
            self.risk.add_gradient_(target.pairs, self.layers.pairs, x, y, scale)
            return
        for runs in blocks:
            x_rows, y_rows = of_runs(runs, x, y)
            self.risk.add_gradient_(target.rows(runs), self.layers.rows(runs), x_rows, y_rows, scale[runs])

    def _scale(self, rate: Float[Tensor, "R 1"], batch_size: int) -> Float[Tensor, "R 1 1"]:
        """−η / B, kept while the rate stays: in a short step even the smallest operation counts."""
        if rate is not self._rate:
            self._rate, self._scales = rate, {}
        if batch_size not in self._scales:
            self._scales[batch_size] = rate[:, :, None] / -batch_size
        return self._scales[batch_size]

    def halt(self, runs: Bool[Tensor, " R"]) -> None:
        self.momentum = self.momentum.masked_fill(runs[:, None], 0.0)
        if self.velocity is not None:
            self.velocity.mul_((~runs[:, None]).to(self.momentum))
