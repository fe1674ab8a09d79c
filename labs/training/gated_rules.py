"""Gradients of ensembles of LSTMs and GRUs by hand, in batched products.

With examples as columns and ãₜ₋₁ = (hₜ₋₁; xₜ; 1), one product a step makes the pre-activations of all gates. Writing
i, f, g, o for the gates after their σ or tanh, and s for the cell, an LSTM's step and its reverse are

    sₜ = f ⊙ sₜ₋₁ + i ⊙ g,    hₜ = o ⊙ tanh sₜ,

    σₜ = f ⊙ σₜ₊₁ + δₜ ⊙ o(1 − tanh² sₜ)    with f of step t + 1,
    ζ_i = σₜ ⊙ g i(1 − i),    ζ_f = σₜ ⊙ sₜ₋₁ f(1 − f),    ζ_g = σₜ ⊙ i(1 − g²),    ζ_o = δₜ ⊙ tanh(sₜ) o(1 − o),

with δ = ∂J/∂h, σ = ∂J/∂s and ζ = ∂J by the pre-activations; then δₜ₋₁ = Wᵀζ and ∂J/∂[W | U | b] = Σ ζ ãₜ₋₁ᵀ. In a
GRU, h ← n + z ⊙ (hₜ₋₁ − n) with n = tanh(r ⊙ m + v), m = W_n hₜ₋₁ and v = U_n xₜ + b_n. So its last gate is given two
blocks of rows, [W_n | 0] for m and [0 | U_n b_n] for v, and then

    ζ_v = δ ⊙ (1 − z)(1 − n²),    ζ_m = ζ_v ⊙ r,    ζ_r = ζ_v ⊙ m r(1 − r),    ζ_z = δ ⊙ (hₜ₋₁ − n) z(1 − z),

    δₜ₋₁ = z ⊙ δₜ + Wᵀζ.

Everything but δ and σ is known after the forward pass: the factors are made for all steps at once, in the place of the
gates, and a step backward is three or four passes and two products.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from labs.models import GRU, LSTM
from labs.training.rnn_rules import RNNRisk

if TYPE_CHECKING:
    from jaxtyping import Float

__all__ = ["RULES", "GRURisk", "LSTMRisk"]


class Passed(NamedTuple):
    """What a forward pass leaves behind.

    Attributes:
        inputs: ã₀ … ã_T, ``(T + 1, R, H + d + 1, B)``; the last begins with (h_T; 1).
        gates: After their σ or tanh, in four blocks of H rows, ``(T, R, 4, H, B)``.
        inner: s₀ … s_T of an LSTM, ``(T + 1, R, H, B)``, and n₁ … n_T of a GRU, ``(T, R, H, B)``.
    """

    inputs: Tensor
    gates: Tensor
    inner: Tensor


class _GatedRisk(RNNRisk):
    """What both share: four blocks of rows, the buffers, and the loop over time."""

    def _states(self, recurrent: Tensor, x: Float[Tensor, "R B T d"]) -> Passed:
        units, (_, batch, steps, _) = self.model.num_units, x.shape
        matrix = self._in_four(recurrent)
        runs, _, rows = matrix.shape
        inputs = x.new_empty(steps + 1, runs, rows, batch)
        inputs[:-1, :, units:-1] = x.permute(2, 0, 3, 1)
        inputs[:-1, :, -1] = inputs[-1, :, units] = 1
        inputs[0, :, :units] = 0
        gates = x.new_empty(steps, runs, 4, units, batch)
        inner = x.new_zeros(steps + 1, runs, units, batch)
        for t in range(steps):
            torch.bmm(matrix, inputs[t], out=gates[t].view(runs, 4 * units, batch))
            self._step(t, inputs[t, :, :units], gates[t], inner, inputs[t + 1, :, :units])
        return Passed(inputs, gates, inner)

    def _last(self, states: Passed) -> Float[Tensor, "R H_plus_1 B"]:
        return super()._last(states.inputs)

    def _through_time(self, recurrent: Tensor, states: Passed, delta: Float[Tensor, "R H B"]) -> Tensor:
        """Σₜ ãₜ₋₁ ζₜᵀ, from ∂J/∂h_T, which is overwritten."""
        units, matrix = self.model.num_units, self._in_four(recurrent)
        weight, total = matrix[..., :units].mT, delta.new_zeros(matrix.mT.shape)
        factors, carry = self._factors(states), torch.zeros_like(delta)
        zetas = factors[0]
        for t in reversed(range(len(zetas))):
            self._step_back(t, delta, carry, factors)
            zeta = zetas[t].view(len(delta), 4 * units, -1)
            total.baddbmm_(states.inputs[t], zeta.mT)
            if t:
                torch.baddbmm(delta, weight, zeta, beta=self.keeps, out=delta)
        return self._from_four(total.mT).mT

    keeps: int
    """Whether δₜ₋₁ has, besides Wᵀζ, what the step back has left in δ."""

    def _in_four(self, recurrent: Tensor) -> Tensor:
        return recurrent

    def _from_four(self, grad: Tensor) -> Tensor:
        return grad

    @abstractmethod
    def _step(self, t: int, state: Tensor, gates: Tensor, inner: Tensor, following: Tensor) -> None:
        """From the pre-activations in ``gates`` to the gates, ``inner`` and the ``following`` state."""

    @abstractmethod
    def _factors(self, states: Passed) -> tuple[Tensor, ...]:
        """What δ and σ are multiplied by at every step; the first, ``(T, R, 4, H, B)``, becomes ζ."""

    @abstractmethod
    def _step_back(self, t: int, delta: Tensor, carry: Tensor, factors: tuple[Tensor, ...]) -> None:
        """Makes ζₜ of the first factors, in place, and changes δ and what is carried on."""

    def _bytes_per_run(self, theta: Tensor, x: Tensor, y: Tensor) -> int:
        """ã, the gates, what is inside, three factors, δ and the outputs with what their loss keeps, the gradient."""
        (_, batch, steps, inputs), units, outputs = x.shape, self.model.num_units, self.model.num_outputs
        an_example = (steps + 1) * (units + inputs + 1) + 8 * (steps + 1) * units + 3 * units + 6 * outputs
        return (batch * an_example + 3 * theta.shape[-1]) * theta.element_size()


class LSTMRisk(_GatedRisk):
    """The same as its parent for an ensemble of ``labs.models.LSTM``, with any loss."""

    keeps = 0

    def _step(self, t: int, state: Tensor, gates: Tensor, inner: Tensor, following: Tensor) -> None:
        torch.sigmoid_(gates[:, :2]), torch.tanh_(gates[:, 2]), torch.sigmoid_(gates[:, 3])
        i, f, g, o = gates.unbind(1)
        torch.mul(f, inner[t], out=inner[t + 1]).addcmul_(i, g)
        torch.tanh(inner[t + 1], out=following).mul_(o)

    def _factors(self, states: Passed) -> tuple[Tensor, ...]:
        gates, cells = states.gates, states.inner
        i, f, g, o = (gates[:, :, k].clone() for k in range(4))
        squashed = cells[1:].tanh()
        opened = o * (1 - squashed * squashed)
        gates[:, :, 0] = g * (i * (1 - i))
        gates[:, :, 1] = cells[:-1] * (f * (1 - f))
        gates[:, :, 2] = i * (1 - g * g)
        gates[:, :, 3] = squashed * (o * (1 - o))
        return gates, opened, f

    def _step_back(self, t: int, delta: Tensor, carry: Tensor, factors: tuple[Tensor, ...]) -> None:
        zetas, opened, forget = factors
        carry.addcmul_(delta, opened[t])
        zetas[t, :, :3].mul_(carry.unsqueeze(1))
        zetas[t, :, 3].mul_(delta)
        carry.mul_(forget[t])


class GRURisk(_GatedRisk):
    """The same as its parent for an ensemble of ``labs.models.GRU``, with any loss."""

    keeps = 1

    def _in_four(self, recurrent: Tensor) -> Tensor:
        """[W | U | b] of r and z as they are, then [W_n | 0] and [0 | U_n b_n]."""
        units = self.model.num_units
        matrix = torch.nn.functional.pad(recurrent, (0, 0, 0, units))
        matrix[..., 3 * units :, units:] = matrix[..., 2 * units : 3 * units, units:]
        matrix[..., 2 * units : 3 * units, units:] = 0
        return matrix

    def _from_four(self, grad: Tensor) -> Tensor:
        units = self.model.num_units
        own = grad[..., : 3 * units, :].clone()
        own[..., 2 * units :, units:] = grad[..., 3 * units :, units:]
        return own

    def _step(self, t: int, state: Tensor, gates: Tensor, inner: Tensor, following: Tensor) -> None:
        torch.sigmoid_(gates[:, :2])
        r, z, m, v = gates.unbind(1)
        n = torch.addcmul(v, r, m, out=inner[t]).tanh_()
        torch.lerp(n, state, z, out=following)

    def _factors(self, states: Passed) -> tuple[Tensor, ...]:
        gates, n = states.gates, states.inner[:-1]
        r, z, m = (gates[:, :, k].clone() for k in range(3))
        before = states.inputs[:-1, :, : self.model.num_units]
        by_v = (1 - z) * (1 - n * n)
        gates[:, :, 0] = by_v * m * (r * (1 - r))
        gates[:, :, 1] = (before - n) * (z * (1 - z))
        gates[:, :, 2] = by_v * r
        gates[:, :, 3] = by_v
        return gates, z

    def _step_back(self, t: int, delta: Tensor, carry: Tensor, factors: tuple[Tensor, ...]) -> None:
        zetas, keep = factors
        zetas[t].mul_(delta.unsqueeze(1))
        delta.mul_(keep[t])


RULES: dict[type, type[RNNRisk]] = {LSTM: LSTMRisk, GRU: GRURisk}
"""The rule of each gated model."""
