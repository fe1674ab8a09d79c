"""Recurrent networks with gates: GRU and LSTM."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch

from labs.inputs import integer, number
from labs.models.layout import Layered, as_gain, empty_parameters, normal_, placed, recurrent_

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["GRU", "LSTM", "Gated"]


@dataclass(frozen=True)
class Gated(Layered):
    """What GRU and LSTM share: θ holds [W | U | b] of all gates, ``(gates · H, H + d + 1)``, then [V | c].

    The gates stand one above the other in the order of PyTorch. Each has one bias, PyTorch's ``bias_ih``.

    Args:
        num_inputs: d, numbers a time step.
        num_units: H.
        num_outputs: C.

    Raises:
        ValueError: for a size below 1.
    """

    num_inputs: int
    num_units: int
    num_outputs: int

    gates: ClassVar[int]
    parts: ClassVar[int]
    """How many vectors of H numbers make a state; the first is h."""

    def __post_init__(self) -> None:
        for name in ("num_inputs", "num_units", "num_outputs"):
            integer(name, getattr(self, name))

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The shapes of [W | U | b] and [V | c]."""
        return (
            (self.gates * self.num_units, self.num_units + self.num_inputs + 1),
            (self.num_outputs, self.num_units + 1),
        )

    def states(self, theta: Float[Tensor, "*runs P"], x: Float[Tensor, "*runs N T d"]) -> list[Tensor]:
        """The states after steps 1 … T, each ``(*runs, N, H)`` for a GRU and ``(*runs, N, 2H)``, h then c, for an LSTM.

        The start is 0. With autograd on, gradients can be taken at each of them.

        Raises:
            ValueError: when ``theta`` or ``x`` have a wrong shape, or their dtypes differ.
        """
        matrix, units = self.matrices(theta)[0], self.num_units
        self._check(theta, x, ("T", self.num_inputs))
        driven = x @ matrix[..., units:-1].mT.unsqueeze(-3) + matrix[..., -1][..., None, None, :]
        weight, states = matrix[..., :units].mT, []
        lead = torch.broadcast_shapes(driven.shape[:-3], weight.shape[:-2])
        state = driven.new_zeros(*lead, x.shape[-3], self.parts * units)
        for drive in driven.unbind(-2):
            state = self._step(state, drive, weight)
            states.append(state)
        return states

    @abstractmethod
    def _step(self, state: Tensor, drive: Tensor, weight: Tensor) -> Tensor:
        """The next state; ``drive`` is Ux + b of all gates, ``weight`` is Wᵀ."""

    def __call__(self, theta: Float[Tensor, "*runs P"], x: Float[Tensor, "*runs N T d"]) -> Float[Tensor, "*runs N C"]:
        """The outputs V h + c after the last time step of each sequence.

        Raises:
            ValueError: when ``theta`` or ``x`` have a wrong shape, or their dtypes differ.
        """
        return self.read_out(theta, self.states(theta, x)[-1])

    def read_out(
        self, theta: Float[Tensor, "*runs P"], state: Float[Tensor, "*runs N S"]
    ) -> Float[Tensor, "*runs N C"]:
        """The outputs V h + c at a state."""
        matrix = self.matrices(theta)[1]
        return state[..., : self.num_units] @ matrix[..., :-1].mT + matrix[..., -1].unsqueeze(-2)

    def _init(
        self,
        generator: torch.Generator,
        num_runs: int | None,
        recurrent: str,
        gain: float | Tensor,
        bias: tuple[str, float],
        dtype: torch.dtype,
        device: torch.device | str | None,
    ) -> Tensor:
        """W of each gate × gain, U ~ N(0, 1/d), V ~ N(0, 1/H), biases 0 but for that of the second gate."""
        theta, factor = empty_parameters(self.num_parameters, num_runs), as_gain(gain, num_runs)
        first, read_out = self.matrices(theta)
        for gate in first.split(self.num_units, dim=-2):
            recurrent_(gate[..., : self.num_units], recurrent, generator)
        first[..., : self.num_units] *= factor
        normal_(first[..., self.num_units : -1], 1 / self.num_inputs, generator)
        normal_(read_out[..., :-1], 1 / self.num_units, generator)
        first[..., self.num_units : 2 * self.num_units, -1] = number(*bias)
        return placed(theta, dtype, device)


class GRU(Gated):
    """A gated recurrent unit, read out once at the end as V h + c (Cho et al. 2014), in PyTorch's form.

    From h = 0, with the logistic function σ and the product ⊙ of components,

        r = σ(W_r h + U_r x + b_r),    z = σ(W_z h + U_z x + b_z),
        n = tanh(r ⊙ W_n h + U_n x + b_n),    h ← (1 − z) ⊙ n + z ⊙ h.

    The gates stand in θ in the order r, z, n. It is ``torch.nn.GRU`` with ``bias_hh`` 0.

    Example:
        >>> model = GRU(num_inputs=4, num_units=16, num_outputs=10)
        >>> model.num_parameters, model(torch.zeros(1178), torch.zeros(7, 20, 4)).shape
        (1178, torch.Size([7, 10]))
    """

    gates, parts = 3, 1

    def _step(self, state: Tensor, drive: Tensor, weight: Tensor) -> Tensor:
        units, inner = self.num_units, state @ weight
        r, z = torch.sigmoid(inner[..., : 2 * units] + drive[..., : 2 * units]).chunk(2, -1)
        n = torch.tanh(r * inner[..., 2 * units :] + drive[..., 2 * units :])
        return n + z * (state - n)

    def init(
        self,
        generator: torch.Generator,
        num_runs: int | None = None,
        *,
        recurrent: str = "gaussian",
        gain: float | Float[Tensor, " R"] = 1.0,
        update_bias: float = 0.0,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> Float[Tensor, "*runs P"]:
        """A random θ: each W as below × ``gain``, U ~ N(0, 1/d), V ~ N(0, 1/H), biases 0 but for ``update_bias``.

        Args:
            generator: Source of the draw, e.g. ``labs.device.generator("init")``.
            num_runs: R for an ensemble of shape ``(R, P)``; ``None`` for one θ of shape ``(P,)``.
            recurrent: Each gate's W: ``"gaussian"`` N(0, 1/H), ``"orthogonal"`` or ``"identity"``, as for ``RNN``.
            gain: Factor on W, one for all runs or one a run.
            update_bias: b_z; a large one keeps z near 1 and so the state.
            dtype: Of the result. The draw itself is in float64, so that precisions agree.
            device: Where the result lives; ``None`` takes the course's device.

        Raises:
            ValueError: for an unknown kind of W, a negative gain, a bias that is not finite, or too few runs.
        """
        return self._init(generator, num_runs, recurrent, gain, ("update_bias", update_bias), dtype, device)


class LSTM(Gated):
    """Long short-term memory, read out once at the end as V h + c (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    From h = s = 0, with the logistic function σ and the product ⊙ of components,

        i, f, o = σ(W h + U x + b), each its own,    g = tanh(W_g h + U_g x + b_g),
        s ← f ⊙ s + i ⊙ g,    h ← o ⊙ tanh(s).

    The gates stand in θ in the order i, f, g, o. It is ``torch.nn.LSTM`` with ``bias_hh`` 0.

    Example:
        >>> model = LSTM(num_inputs=4, num_units=16, num_outputs=10)
        >>> model.num_parameters, model.states(torch.zeros(1514), torch.zeros(7, 20, 4))[-1].shape
        (1514, torch.Size([7, 32]))
    """

    gates, parts = 4, 2

    def _step(self, state: Tensor, drive: Tensor, weight: Tensor) -> Tensor:
        h, cell = state.chunk(2, -1)
        i, f, g, o = (h @ weight + drive).chunk(4, -1)
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        return torch.cat((torch.sigmoid(o) * torch.tanh(cell), cell), -1)

    def init(
        self,
        generator: torch.Generator,
        num_runs: int | None = None,
        *,
        recurrent: str = "gaussian",
        gain: float | Float[Tensor, " R"] = 1.0,
        forget_bias: float = 1.0,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> Float[Tensor, "*runs P"]:
        """A random θ: each W as below × ``gain``, U ~ N(0, 1/d), V ~ N(0, 1/H), biases 0 but for ``forget_bias``.

        Args:
            generator: Source of the draw, e.g. ``labs.device.generator("init")``.
            num_runs: R for an ensemble of shape ``(R, P)``; ``None`` for one θ of shape ``(P,)``.
            recurrent: Each gate's W: ``"gaussian"`` N(0, 1/H), ``"orthogonal"`` or ``"identity"``, as for ``RNN``.
            gain: Factor on W, one for all runs or one a run.
            forget_bias: b_f: where nothing else speaks, s keeps the share σ(b_f) a step (Jozefowicz et al. 2015).
            dtype: Of the result. The draw itself is in float64, so that precisions agree.
            device: Where the result lives; ``None`` takes the course's device.

        Raises:
            ValueError: for an unknown kind of W, a negative gain, a bias that is not finite, or too few runs.
        """
        return self._init(generator, num_runs, recurrent, gain, ("forget_bias", forget_bias), dtype, device)
