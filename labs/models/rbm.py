"""The restricted Boltzmann machine, small enough that all its states can be listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import logsigmoid, softplus

from labs.inputs import chosen, integer, number
from labs.models.layout import Layered, empty_parameters, placed

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["RBM"]

MOST_UNITS = 16
"""All states of one layer are listed: 65 536 of them at most."""


@dataclass(frozen=True)
class RBM(Layered):
    """p(v, h) = exp(vᵀWh + b·v + c·h)/Z over binary units, V visible and H hidden ones.

    Given one layer, the units of the other are independent, p(hⱼ = 1 | v) = σ(vᵀW + c)ⱼ. Summed over h,
    p(v) = exp(−F(v))/Z with the free energy F. θ holds W of shape ``(V, H)`` row by row, then b, then c.

    Args:
        num_visible: V, from 1 to 16.
        num_hidden: H, from 1 to 16.

    Raises:
        ValueError: for a size out of its range.

    References:
        Smolensky (1986), Information processing in dynamical systems: foundations of harmony theory.

    Example:
        >>> model = RBM(6, 4)
        >>> model.num_parameters, model.log_likelihood(torch.zeros(34), torch.zeros(1, 6)).exp() * 64
        (34, tensor([1.]))
    """

    num_visible: int
    num_hidden: int

    def __post_init__(self) -> None:
        for name in ("num_visible", "num_hidden"):
            if integer(name, getattr(self, name)) > MOST_UNITS:
                raise ValueError(
                    f"{name} must be at most {MOST_UNITS}, since all its states are listed, got {getattr(self, name)}"
                )

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The shapes of W, b and c."""
        return (self.num_visible, self.num_hidden), (1, self.num_visible), (1, self.num_hidden)

    def states(self, layer: str = "visible") -> Float[Tensor, "states units"]:
        """All states of the ``"visible"`` or ``"hidden"`` layer, float64, counted in binary, the first unit slowest.

        Raises:
            ValueError: for another layer.
        """
        sizes = {"visible": self.num_visible, "hidden": self.num_hidden}
        size = sizes[chosen("layer", layer, sizes)]
        return torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * size).reshape(-1, size)

    def free_energy(self, theta: Float[Tensor, "*runs P"], v: Float[Tensor, "*runs N V"]) -> Float[Tensor, "*runs N"]:
        """F(v) = −b·v − Σⱼ log(1 + exp(vᵀW + c)ⱼ).

        Raises:
            ValueError: when ``theta`` or ``v`` have a wrong shape, or their dtypes differ.
        """
        weight, visible, hidden = self.matrices(theta)
        self._check(theta, v, (self.num_visible,))
        return -(v @ visible.mT).squeeze(-1) - softplus(v @ weight + hidden).sum(-1)

    def hidden_probabilities(self, theta: Float[Tensor, "*runs P"], v: Float[Tensor, "*runs N V"]) -> Tensor:
        """p(hⱼ = 1 | v), ``(*runs, N, H)``."""
        weight, _, hidden = self.matrices(theta)
        self._check(theta, v, (self.num_visible,))
        return torch.sigmoid(v @ weight + hidden)

    def visible_probabilities(self, theta: Float[Tensor, "*runs P"], h: Float[Tensor, "*runs N H"]) -> Tensor:
        """p(vᵢ = 1 | h), ``(*runs, N, V)``."""
        weight, visible, _ = self.matrices(theta)
        self._check(theta, h, (self.num_hidden,))
        return torch.sigmoid(h @ weight.mT + visible)

    def log_partition(self, theta: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs"]:
        """log Z, by the sum over all 2^V visible states."""
        return torch.logsumexp(-self.free_energy(theta, self.states().to(theta)), -1)

    def log_likelihood(
        self, theta: Float[Tensor, "*runs P"], v: Float[Tensor, "*runs N V"]
    ) -> Float[Tensor, "*runs N"]:
        """log p(v) of each example, in nats. Its cost doubles with every visible unit."""
        return -self.free_energy(theta, v) - self.log_partition(theta).unsqueeze(-1)

    def pseudo_log_likelihood(
        self, theta: Float[Tensor, "*runs P"], v: Float[Tensor, "*runs N V"]
    ) -> Float[Tensor, "*runs N"]:
        """Σᵢ log p(vᵢ | the other visible units) of each example: V + 1 free energies, and no Z.

        References:
            Besag (1975), Statistical analysis of non-lattice data.
        """
        own = self.free_energy(theta, v)
        total = torch.zeros_like(own)
        for unit in range(self.num_visible):
            flipped = v.clone()
            flipped[..., unit] = 1 - flipped[..., unit]
            total = total + logsigmoid(self.free_energy(theta, flipped) - own)
        return total

    def init(
        self,
        generator: torch.Generator,
        num_runs: int | None = None,
        *,
        weight_sd: float = 0.1,
        bias_sd: float = 0.0,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> Float[Tensor, "*runs P"]:
        """A random θ: W ~ N(0, weight_sd²), b and c ~ N(0, bias_sd²).

        Raises:
            ValueError: for a negative spread or a number of runs below 1.
        """
        theta = empty_parameters(self.num_parameters, num_runs)
        spreads = number("weight_sd", weight_sd, at_least=0), *[number("bias_sd", bias_sd, at_least=0)] * 2
        for part, spread in zip(self.matrices(theta), spreads, strict=True):
            part.copy_(spread * torch.randn(part.shape, generator=generator, dtype=torch.float64))
        return placed(theta, dtype, device)
