"""The plain recurrent network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from labs.inputs import chosen, integer
from labs.models.layout import ACTIVATIONS, Layered, as_gain, empty_parameters, normal_, placed, recurrent_

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["RNN"]


@dataclass(frozen=True)
class RNN(Layered):
    """A recurrent network h ← φ(W h + U x + b) from h = 0, read out once at the end as V h + c.

    θ holds [W | U | b] of shape ``(H, H + d + 1)``, then [V | c] of shape ``(C, H + 1)``, both row by row.

    Args:
        num_inputs: d, numbers a time step.
        num_units: H.
        num_outputs: C.
        activation: φ, one of ``"tanh"``, ``"relu"``, ``"sigmoid"``, ``"linear"``.

    Raises:
        ValueError: for a size below 1 or an unknown activation.

    Example:
        >>> model = RNN(num_inputs=4, num_units=16, num_outputs=10)
        >>> model.num_parameters, model(torch.zeros(506), torch.zeros(7, 20, 4)).shape
        (506, torch.Size([7, 10]))
    """

    num_inputs: int
    num_units: int
    num_outputs: int
    activation: str = "tanh"

    def __post_init__(self) -> None:
        for name in ("num_inputs", "num_units", "num_outputs"):
            integer(name, getattr(self, name))
        chosen("activation", self.activation, ACTIVATIONS)

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The shapes of [W | U | b] and [V | c]."""
        return (
            (self.num_units, self.num_units + self.num_inputs + 1),
            (self.num_outputs, self.num_units + 1),
        )

    def states(self, theta: Float[Tensor, "*runs P"], x: Float[Tensor, "*runs N T d"]) -> list[Tensor]:
        """The hidden states h₁ … h_T, each ``(*runs, N, H)``; with autograd on, gradients can be taken at each of them.

        Raises:
            ValueError: when ``theta`` or ``x`` have a wrong shape, or their dtypes differ.
        """
        recurrent = self.matrices(theta)[0]
        self._check(theta, x, ("T", self.num_inputs))
        phi, split = ACTIVATIONS[self.activation], self.num_units
        driven = x @ recurrent[..., split:-1].mT.unsqueeze(-3) + recurrent[..., -1][..., None, None, :]
        step = recurrent[..., :split].mT
        steps = driven.unbind(-2)
        states = [phi(steps[0])]
        for drive in steps[1:]:
            states.append(phi(states[-1] @ step + drive))
        return states

    def __call__(self, theta: Float[Tensor, "*runs P"], x: Float[Tensor, "*runs N T d"]) -> Float[Tensor, "*runs N C"]:
        """The outputs after the last time step of each sequence.

        Raises:
            ValueError: when ``theta`` or ``x`` have a wrong shape, or their dtypes differ.
        """
        return self.read_out(theta, self.states(theta, x)[-1])

    def read_out(
        self, theta: Float[Tensor, "*runs P"], state: Float[Tensor, "*runs N H"]
    ) -> Float[Tensor, "*runs N C"]:
        """The outputs V h + c at a hidden state."""
        matrix = self.matrices(theta)[1]
        return state @ matrix[..., :-1].mT + matrix[..., -1].unsqueeze(-2)

    def init(
        self,
        generator: torch.Generator,
        num_runs: int | None = None,
        *,
        recurrent: str = "gaussian",
        gain: float | Float[Tensor, " R"] = 1.0,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> Float[Tensor, "*runs P"]:
        """A random θ: W as below × ``gain``, U ~ N(0, 1/d), V ~ N(0, 1/H), biases 0.

        Args:
            generator: Source of the draw, e.g. ``labs.device.generator("init")``.
            num_runs: R for an ensemble of shape ``(R, P)``; ``None`` for one θ of shape ``(P,)``.
            recurrent: W: ``"gaussian"`` N(0, 1/H), whose spectral radius tends to 1 with H; ``"orthogonal"`` uniform
                over rotations and reflections; ``"identity"`` (Le, Jaitly and Hinton 2015).
            gain: Factor on W, one for all runs or one a run.
            dtype: Of the result. The draw itself is in float64, so that precisions agree.
            device: Where the result lives; ``None`` takes the course's device.

        Raises:
            ValueError: for an unknown kind of W, a negative gain, or a number of runs below 1.
        """
        theta, factor = empty_parameters(self.num_parameters, num_runs), as_gain(gain, num_runs)
        first, read_out = self.matrices(theta)
        step, size = first[..., : self.num_units], self.num_units
        recurrent_(step, recurrent, generator)
        step *= factor
        normal_(first[..., size:-1], 1 / self.num_inputs, generator)
        normal_(read_out[..., :-1], 1 / size, generator)
        return placed(theta, dtype, device)
