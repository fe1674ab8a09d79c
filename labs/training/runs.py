"""The state of an ensemble between two steps: θ, the velocities, and how an update changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from labs.training.gradient import EnsembleRisk, of_runs
from labs.training.mlp_rules import Layers, MLPRisk
from labs.training.updates import Adam, HeavyBall, Update, clip, shortening

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

__all__ = ["Bounds", "BufferedRuns", "FlatRuns", "LayeredRuns", "Runs"]

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


class BufferedRuns:
    """The weights of MLPs layer by layer, with the gradient in a place of its own: clipping, and Adam.

    What clipping by norm does to a run's gradient is one factor; plain descent takes it into the rate.
    """

    needs_grad = False

    def __init__(self, theta: Float[Tensor, "R P"], risk: MLPRisk, update: HeavyBall | Adam, bounds: Bounds) -> None:
        self.risk, self.update, (self.norm, self.value) = risk, update, bounds
        same = self.value is not None and bool((self.value == self.value[0]).all())
        self.shared_value = float(self.value[0]) if self.value is not None and same else None
        self.layers, self.grad = Layers(risk.model, theta), Layers(risk.model, torch.zeros_like(theta))
        fresh = isinstance(update, HeavyBall) and not update.plain
        self.velocity = Layers(risk.model, torch.zeros_like(theta)) if fresh else None

    @property
    def theta(self) -> Float[Tensor, "R P"]:
        """A copy in the usual form."""
        return self.layers.theta()

    def advance(self, x: Tensor, y: Tensor, rate: Float[Tensor, "R 1"], grad: Tensor | None) -> None:
        self._find_gradient(x, y, grad)
        if self.shared_value is not None:
            self.grad.flat.clamp_(-self.shared_value, self.shared_value)
        elif self.value is not None:
            self.grad.clamp_(self.value)
        factor = None if self.norm is None else shortening(self.grad.lengths(), self.norm)
        if isinstance(self.update, Adam):
            self._adam(self.update, rate, factor)
        else:
            self._heavy_ball(self.update, rate if factor is None else rate * factor)

    def _find_gradient(self, x: Tensor, y: Tensor, known: Tensor | None) -> None:
        if known is not None:
            self.grad = Layers(self.risk.model, known)
            return
        self.grad.flat.zero_()
        for runs in self.risk.blocks(self.risk.weight_decay, x, y):
            x_rows, y_rows = of_runs(runs, x, y)
            self.risk.add_gradient_(self.grad.rows(runs), self.layers.rows(runs), x_rows, y_rows, 1.0 / x.shape[1])
        if self.risk.decays:
            self.grad.addcmul_(self.layers, self.risk.weight_decay)

    def _heavy_ball(self, update: HeavyBall, rate: Float[Tensor, "R 1"]) -> None:
        if self.velocity is None:
            self.layers.addcmul_(self.grad, rate, value=-1)
            return
        self.velocity.mul_(update.momentum)
        self.velocity.addcmul_(self.grad, rate, value=-1)
        self.layers.add_(self.velocity)

    def _adam(self, update: Adam, rate: Float[Tensor, "R 1"], factor: Tensor | None) -> None:
        if factor is not None:
            self.grad.mul_(factor)
        shared = update.shared(rate)
        if shared is not None:
            update.descend(self.layers.flat, self.grad.flat, shared)
        else:
            step = self.layers.like(update.unit_step(self.grad.flat))
            self.layers.addcmul_(step, rate)

    def halt(self, runs: Bool[Tensor, " R"]) -> None:
        self.update.halt(runs)
        if self.velocity is not None:
            self.velocity.mul_((~runs[:, None]).to(self.velocity.flat.dtype))
