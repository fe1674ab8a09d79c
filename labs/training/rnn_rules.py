"""Gradients of an ensemble of plain recurrent networks by hand: backpropagation through time in batched products.

With examples as columns, hidden states h₀ = 0 and hₜ = φ(W hₜ₋₁ + U xₜ + b), and outputs f = V h_T + c, let
ãₜ₋₁ = (hₜ₋₁; xₜ; 1), so that a step is one product, hₜ = φ([W | U | b] ãₜ₋₁). With δ_f = ∂J/∂f, and δₜ the derivative
of J by the pre-activations of step t,

    δ_T = Vᵀδ_f ⊙ φ′(h_T),    δₜ = Wᵀδₜ₊₁ ⊙ φ′(hₜ),    t = T − 1, …, 1,

    ∂J/∂[W | U | b] = Σₜ δₜ ãₜ₋₁ᵀ,    ∂J/∂[V | c] = δ_f (h_T; 1)ᵀ,

where φ′ is a function of the state itself: 1 − h² for tanh, h(1 − h) for the sigmoid, [h > 0] for ReLU.

Automatic differentiation does the same products, but writes each result into fresh memory and adds up T gradients of W.
Here all ãₜ lie in one buffer, step by step, each step in one contiguous piece for all runs; φ writes straight to its
place in the next one; δ alternates between two buffers; and the sum over t happens inside the product, as its transpose
Σₜ ãₜ₋₁ δₜᵀ, which is faster by a third. The derivative of the loss by the outputs is needed once, not T times, and may
therefore come from automatic differentiation: the rule holds for every loss.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from labs.fast.passes import TIMES_SLOPE
from labs.losses import LOSSES
from labs.models import RNN
from labs.training.gradient import EnsembleRisk, of_runs

if TYPE_CHECKING:
    from jaxtyping import Float

__all__ = ["RNNRisk"]

UNITS: dict[str, Callable[..., Tensor]] = {
    "tanh": torch.tanh,
    "relu": lambda z, out: torch.clamp_min(z, 0, out=out),
    "sigmoid": torch.sigmoid,
    "linear": lambda z, out: out.copy_(z),
}
"""φ into a given place."""


class RNNRisk(EnsembleRisk):
    """The same as its parent for an ensemble of ``labs.models.RNN``, with any loss."""

    model: RNN

    @torch.no_grad()
    def gradient(self, theta: Float[Tensor, "R P"], x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        grad, means = torch.empty_like(theta), []
        for runs in self.blocks(theta, x, y):
            means.append(self._gradient_of_block(theta[runs], grad[runs], *of_runs(runs, x, y)))
        return torch.cat(means), grad.addcmul_(theta, self.weight_decay) if self.decays else grad

    def _gradient_of_block(self, theta: Tensor, grad: Tensor, x: Tensor, y: Tensor) -> Float[Tensor, " R"]:
        """Writes the gradient without decay into ``grad`` and returns the mean losses."""
        recurrent, read_out = self.model.matrices(theta)
        states = self._states(recurrent, x)
        last = self._last(states)
        losses, delta = self._head(torch.bmm(read_out, last), y)
        recurrent_grad, read_out_grad = self.model.matrices(grad)
        read_out_grad.copy_(torch.bmm(delta, last.mT))
        delta = torch.bmm(read_out[..., :-1].mT, delta)
        recurrent_grad.copy_(self._through_time(recurrent, states, delta).mT)
        return losses.mean(-1)

    @torch.no_grad()
    def per_example(self, theta: Float[Tensor, "R P"], x: Tensor, y: Tensor, loss: Callable | None = None) -> Tensor:
        blocks = []
        for runs in self.blocks(theta, x, y):
            x_rows, y_rows = of_runs(runs, x, y)
            recurrent, read_out = self.model.matrices(theta[runs])
            outputs = torch.bmm(read_out, self._last(self._states(recurrent, x_rows)))
            blocks.append(_of_examples(loss or self.loss, outputs.mT, y_rows))
        return torch.cat(blocks)

    def _states(self, recurrent: Float[Tensor, "R H a"], x: Float[Tensor, "R B T d"]) -> Any:
        """ã₀ … ã_T as ``(T + 1, R, a, B)`` with a = H + d + 1; ã_T begins with (h_T; 1), the rest of it is not used.

        Other networks leave other things behind, and read them in ``_last`` and ``_through_time``.
        """
        (runs, units, rows), (_, batch, steps, _) = recurrent.shape, x.shape
        phi = UNITS[self.model.activation]
        states, z = x.new_empty(steps + 1, runs, rows, batch), x.new_empty(runs, units, batch)
        states[:-1, :, units:-1] = x.permute(2, 0, 3, 1)
        states[:-1, :, -1] = states[-1, :, units] = 1
        states[0, :, :units] = 0
        for state, following in pairwise(states):
            torch.bmm(recurrent, state, out=z)
            phi(z, out=following[:, :units])
        return states

    def _last(self, states: Any) -> Float[Tensor, "R H_plus_1 B"]:
        """(h_T; 1)."""
        return states[-1, :, : self.model.num_units + 1]

    def _head(self, outputs: Float[Tensor, "R C B"], y: Tensor) -> tuple[Float[Tensor, "R B"], Float[Tensor, "R C B"]]:
        """The loss of each example, and δ_f."""
        with torch.enable_grad():
            leaf = outputs.mT.requires_grad_()
            losses = _of_examples(self.loss, leaf, y)
            (delta,) = torch.autograd.grad(losses.sum(), leaf)
        return losses.detach(), delta.mT / y.shape[1]

    def _through_time(self, recurrent: Tensor, states: Any, delta: Float[Tensor, "R H B"]) -> Float[Tensor, "R a H"]:
        """Σₜ ãₜ₋₁ δₜᵀ, from ∂J/∂h_T, which is overwritten."""
        units, times_slope = self.model.num_units, TIMES_SLOPE[self.model.activation]
        total, spare = delta.new_zeros(recurrent.mT.shape), torch.empty_like(delta)
        weight = recurrent[..., :units].mT
        for t in reversed(range(len(states) - 1)):
            times_slope(delta, states[t + 1, :, :units])
            total.baddbmm_(states[t], delta.mT)
            if t:
                torch.bmm(weight, delta, out=spare)
                delta, spare = spare, delta
        return total

    def _bytes_per_run(self, theta: Tensor, x: Tensor, y: Tensor) -> int:
        """The states, z and the two buffers of δ, the outputs with what their loss keeps, and the gradient."""
        (_, batch, steps, inputs), units, outputs = x.shape, self.model.num_units, self.model.num_outputs
        an_example = (steps + 1) * (units + inputs + 1) + 3 * units + 6 * outputs
        return (batch * an_example + theta.shape[-1]) * theta.element_size()


def _of_examples(loss: Callable, outputs: Float[Tensor, "R B C"], y: Tensor) -> Float[Tensor, "R B"]:
    """The losses of labs.losses take an ensemble as it is; any other function is only asked for one run."""
    own = y.shape[0] > 1 or len(outputs) == 1
    y = y if own else y[0]
    if loss in LOSSES.values():
        return loss(outputs, y)
    return torch.vmap(loss, in_dims=(0, 0 if own else None))(outputs, y)
