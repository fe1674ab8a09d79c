"""The risk and its gradient for every run of an ensemble, within a stated amount of memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch.func import grad_and_value, vmap

from labs.losses import LOSSES

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["MEMORY_LIMIT_BYTES", "EnsembleRisk"]

MEMORY_LIMIT_BYTES = 256 * 2**20  # for what one gradient evaluation keeps between its forward and its backward pass


class EnsembleRisk:
    """J_r(θ_r) = mean loss of run r on its examples + (λ_r/2)‖θ_r‖², for all r at once.

    Inputs are ``x (R, B, …)`` and targets ``y (R, B, …)``, with a leading 1 where all runs share them. Runs are
    independent, so an ensemble too large for the memory limit is evaluated in blocks of runs with the same result.

    Args:
        model: ``model(theta, x)``.
        loss: A name in ``labs.losses.LOSSES`` or a function (outputs, targets) -> loss of each example.
        weight_decay: λ, ``(R, 1)``.
        memory_limit_bytes: How much one evaluation may keep.
    """

    def __init__(
        self,
        model: Any,
        loss: str | Callable,
        weight_decay: Float[Tensor, "R 1"],
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
    ) -> None:
        self.model, self.loss = model, LOSSES[loss] if isinstance(loss, str) else loss
        self.weight_decay, self.memory_limit_bytes = weight_decay, memory_limit_bytes
        self._runs_at_once: dict[tuple, int] = {}

    def gradient(self, theta: Float[Tensor, "R P"], x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The mean loss of each run ``(R,)``, without decay, and the gradient of J ``(R, P)``, with it."""
        loss, grad = self._in_blocks(grad_and_value(self._mean_loss), theta, x, y)[::-1]
        if self.weight_decay.any():
            grad = grad.addcmul(theta, self.weight_decay)
        return loss, grad

    def per_example(self, theta: Float[Tensor, "R P"], x: Tensor, y: Tensor, loss: Callable | None = None) -> Tensor:
        """The loss of each example ``(R, B)``; another ``loss``, such as ``zero_one``, may be asked for."""
        loss = loss or self.loss
        with torch.no_grad():
            return self._in_blocks(lambda theta, x, y: (loss(self.model(theta, x), y),), theta, x, y)[0]

    def _mean_loss(self, theta: Float[Tensor, " P"], x: Tensor, y: Tensor) -> Tensor:
        return self.loss(self.model(theta, x), y).mean()

    def _in_blocks(self, of_one_run: Callable, theta: Tensor, x: Tensor, y: Tensor) -> list[Tensor]:
        """Applies a function of one run (θ, x, y) to all, as many at a time as the memory limit allows."""
        shared = [t.shape[0] == 1 for t in (x, y)]
        batched = vmap(of_one_run, in_dims=(0, *(None if s else 0 for s in shared)))
        parts = []
        for runs in torch.arange(len(theta)).split(self._block(theta, x, y)):
            rows = slice(int(runs[0]), int(runs[-1]) + 1)
            inputs = (t[0] if s else t[rows] for t, s in zip((x, y), shared, strict=True))
            parts.append(batched(theta[rows], *inputs))
        return list(parts[0]) if len(parts) == 1 else [torch.cat(part) for part in zip(*parts, strict=True)]

    def _block(self, theta: Tensor, x: Tensor, y: Tensor) -> int:
        """How many runs fit, from the tensors that autograd keeps for the first run."""
        if x.shape not in self._runs_at_once:
            kept = [theta.shape[-1] * theta.element_size()]

            def count(tensor: Tensor) -> Tensor:
                kept.append(tensor.numel() * tensor.element_size())
                return tensor

            with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
                self._mean_loss(theta[0].detach().requires_grad_(), x[0], y[0])
            self._runs_at_once[x.shape] = max(1, self.memory_limit_bytes // sum(kept))
        return self._runs_at_once[x.shape]
