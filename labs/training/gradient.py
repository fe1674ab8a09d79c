"""The risk and its gradient for every run of an ensemble, within a stated amount of memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch.func import vmap

from labs.batching import FirstThatWorks, one_by_one, taken_apart
from labs.losses import LOSSES

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["MEMORY_LIMIT_BYTES", "EnsembleRisk"]

MEMORY_LIMIT_BYTES = 256 * 2**20  # for what one gradient evaluation keeps between its forward and its backward pass


CURVATURE_KEEPS = 6
"""Products with the Hessian keep both passes and their derivatives, and Lanczos some vectors, of a gradient's size."""


class EnsembleRisk:
    """J_r(θ_r) = mean loss of run r on its examples + (λ_r/2)‖θ_r‖², for all r at once, by automatic differentiation.

    Inputs are ``x (R, B, …)`` and targets ``y (R, B, …)``, with a leading 1 where all runs share them, and x as
    ``inputs`` returns it. Runs are independent, so an ensemble too large for the memory limit is evaluated in blocks
    of runs with the same result.

    Args:
        model: ``model(theta, x)`` for one run.
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
        self.weight_decay, self.decays = weight_decay, bool(weight_decay.any())
        self.memory_limit_bytes = memory_limit_bytes
        self._runs_at_once: dict[tuple, int] = {}
        self._of_all = FirstThatWorks(
            lambda fn, in_dims, *data: vmap(fn, in_dims)(*data),
            lambda fn, in_dims, *data: vmap(taken_apart(fn), in_dims)(*data),
            lambda fn, in_dims, *data: one_by_one(fn, in_dims)(*data),
        )

    @torch.no_grad()
    def check(self, theta: Float[Tensor, "R P"], x: Tensor, y: Tensor) -> None:
        """Lets model and loss complain about parameters, inputs and targets, before anything is computed."""
        outputs = self.model(theta[0], x[0])
        self._check_classes(outputs, y)
        with torch.enable_grad():
            losses = self.loss(outputs.detach().requires_grad_(), y[0])
        if not losses.requires_grad:
            name = next((repr(name) for name, loss in LOSSES.items() if loss is self.loss), repr(self.loss))
            raise ValueError(
                f"loss {name} is flat wherever it does not jump: no gradient leads downhill; descend a surrogate "
                "such as 'cross_entropy' and watch the error with monitors=['train_error']"
            )
        if losses.shape != y.shape[1:2]:
            raise ValueError(
                f"loss must return one number for each of the {y.shape[1]} examples, got shape {tuple(losses.shape)}"
            )

    def _check_classes(self, outputs: Tensor, y: Tensor) -> None:
        """Class numbers of all runs; indexing by one that does not exist would end in an obscure message."""
        if self.loss in (LOSSES["cross_entropy"], LOSSES["zero_one"]) and not y.is_floating_point():
            lowest, highest = int(y.min()), int(y.max())
            if lowest < 0 or highest >= outputs.shape[-1]:
                raise ValueError(
                    f"targets run from {lowest} to {highest}, but the model has {outputs.shape[-1]} outputs; "
                    "number the classes from 0"
                )

    def inputs(self, x: Tensor) -> Tensor:
        """x in the form in which the other methods take it."""
        return x

    def gradient(self, theta: Float[Tensor, "R P"], x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The mean loss of each run ``(R,)``, without decay, and the gradient of J ``(R, P)``, with it."""
        loss, grad = theta.new_empty(len(theta)), torch.empty_like(theta)
        for runs in self.blocks(theta, x, y):
            with torch.enable_grad():
                leaf = theta[runs].detach().requires_grad_()
                losses = self.on(*of_runs(runs, x, y))(leaf)
                (grad[runs],) = torch.autograd.grad(losses.sum(), leaf)
            loss[runs] = losses.detach()
        return loss, grad.addcmul_(theta, self.weight_decay) if self.decays else grad

    @torch.no_grad()
    def per_example(self, theta: Float[Tensor, "R P"], x: Tensor, y: Tensor, loss: Callable | None = None) -> Tensor:
        """The loss of each example ``(R, B)``; another ``loss``, such as ``zero_one``, may be asked for."""
        loss = loss or self.loss
        blocks = []
        for runs in self.blocks(theta, x, y):
            rows = of_runs(runs, x, y)
            blocks.append(self._over_runs(lambda theta, x, y: loss(self.model(theta, x), y), *rows)(theta[runs]))
        return torch.cat(blocks)

    def on(self, x: Tensor, y: Tensor) -> Callable[[Float[Tensor, "R P"]], Float[Tensor, " R"]]:
        """The mean loss on these examples as a function of θ alone, to be differentiated."""
        return self._over_runs(lambda theta, x, y: self.loss(self.model(theta, x), y).mean(), x, y)

    def _over_runs(self, of_one_run: Callable, x: Tensor, y: Tensor) -> Callable[[Tensor], Tensor]:
        shared = [t.shape[0] == 1 for t in (x, y)]
        in_dims = (0, *(None if s else 0 for s in shared))
        x, y = (t[0] if s else t for t, s in zip((x, y), shared, strict=True))
        return lambda theta: self._of_all(of_one_run, in_dims, theta, x, y)

    def curvature(self, measure: Callable, theta: Float[Tensor, "R P"], x: Tensor, y: Tensor, *more: Tensor) -> Tensor:
        """``measure(risk, theta, *more)`` -> ``(R,)``, where risk is ``on(x, y)``; NaN where θ has left the numbers."""
        result = theta.new_full((len(theta),), torch.nan)
        finite = theta.isfinite().all(-1)
        for t in more:
            finite &= t.isfinite().all(-1)
        for block in self.blocks(theta, x, y, times=CURVATURE_KEEPS):
            runs = torch.arange(len(theta), device=theta.device)[block][finite[block]]
            if len(runs):
                result[runs] = measure(self.on(*of_runs(runs, x, y)), theta[runs], *(t[runs] for t in more))
        return result

    def blocks(self, theta: Float[Tensor, "R P"], x: Tensor, y: Tensor, times: int = 1) -> list[slice]:
        """Consecutive runs, as many at a time as the memory limit allows for ``times`` what a gradient keeps."""
        if x.shape not in self._runs_at_once:
            self._runs_at_once[x.shape] = self.memory_limit_bytes // self._bytes_per_run(theta, x, y)
        at_once = max(1, self._runs_at_once[x.shape] // times)
        return [slice(first, first + at_once) for first in range(0, theta.shape[0], at_once)]

    def _bytes_per_run(self, theta: Tensor, x: Tensor, y: Tensor) -> int:
        """The size of the tensors that autograd keeps for the first run."""
        kept = [theta.shape[-1] * theta.element_size()]

        def count(tensor: Tensor) -> Tensor:
            kept.append(tensor.numel() * tensor.element_size())
            return tensor

        with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            self.loss(self.model(theta[0].detach().requires_grad_(), x[0]), y[0]).mean()
        return sum(kept)


def of_runs(runs: slice | Tensor, *tensors: Tensor) -> list[Tensor]:
    """The rows of these runs, of each tensor that is not shared by all."""
    return [t if t.shape[0] == 1 else t[runs] for t in tensors]
