"""Architectures as pure functions of one parameter vector θ.

Every model of the course is called as ``model(theta, x)``. ``theta`` is the vector θ of the text, of shape ``(P,)``
for one network or ``(R, P)`` for an ensemble of R independent ones; nothing is stored inside the model. Gradient
descent is then literally ``theta - learning_rate * grad``, and distances, angles and Hessians need no bookkeeping.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch.func import functional_call

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["ACTIVATIONS", "MLP", "ModuleModel"]

ACTIVATIONS: dict[str, Callable] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "linear": lambda z: z,
}


@dataclass(frozen=True)
class MLP:
    """A multilayer perceptron, a ← φ(W a + b) per hidden layer and W a + b at the end.

    Layer ℓ is stored in θ as the matrix [W | b] of shape ``(n_out, n_in + 1)``, row by row, the bias its last column
    (no such column with ``bias=False``), because [W | b] applied to (a, 1) is one matrix product.

    Args:
        sizes: Units per layer, input first, e.g. ``(64, 128, 10)``.
        activation: φ, one of ``"tanh"``, ``"relu"``, ``"sigmoid"``, ``"linear"``.
        bias: Whether layers have biases.

    Raises:
        ValueError: for fewer than two sizes, a size below 1, or an unknown activation.

    Example:
        >>> model = MLP((64, 128, 128, 10))
        >>> model.num_parameters
        26122
    """

    sizes: tuple[int, ...]
    activation: str = "tanh"
    bias: bool = True

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or any(not isinstance(n, int) or n < 1 for n in self.sizes):
            raise ValueError(f"sizes must be two or more positive integers such as (64, 32, 10), got {self.sizes!r}")
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"unknown activation {self.activation!r}; choose one of {', '.join(ACTIVATIONS)}")
        object.__setattr__(self, "sizes", tuple(self.sizes))

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The shapes (n_out, n_in + 1) of the layer matrices [W | b]."""
        return tuple((n_out, n_in + self.bias) for n_in, n_out in pairwise(self.sizes))

    @property
    def num_parameters(self) -> int:
        """P, the length of θ."""
        return sum(rows * columns for rows, columns in self.shapes)

    def matrices(self, theta: Float[Tensor, "*runs P"]) -> tuple[Float[Tensor, "*runs n_out n_in_plus_1"], ...]:
        """The layer matrices [W | b] as views into ``theta``: writing to one writes to θ."""
        if theta.shape[-1] != self.num_parameters:
            raise ValueError(
                f"theta has {theta.shape[-1]} parameters, but an MLP with sizes {self.sizes} has {self.num_parameters}; "
                "draw one with model.init(generator)"
            )
        parts = theta.split([rows * columns for rows, columns in self.shapes], dim=-1)
        return tuple(part.unflatten(-1, shape) for part, shape in zip(parts, self.shapes, strict=True))

    def __call__(self, theta: Float[Tensor, "*runs P"], x: Float[Tensor, "*runs N d"]) -> Float[Tensor, "*runs N C"]:
        """The outputs (logits, for classifiers) on the rows of ``x``, which is shared by all runs or has one set a run."""
        if x.shape[-1] != self.sizes[0]:
            raise ValueError(f"x has {x.shape[-1]} features a row, but the model takes {self.sizes[0]}")
        phi, matrices = ACTIVATIONS[self.activation], self.matrices(theta)
        for layer, matrix in enumerate(matrices):
            weight = matrix[..., : self.sizes[layer]]
            x = x @ weight.mT
            if self.bias:
                x = x + matrix[..., -1].unsqueeze(-2)
            if layer < len(matrices) - 1:
                x = phi(x)
        return x

    def init(
        self,
        generator: torch.Generator,
        num_runs: int | None = None,
        *,
        gain: float | Float[Tensor, " R"] = 1.0,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> Float[Tensor, "*runs P"]:
        """A random θ: hidden weights N(0, 2/n_in) (He et al. 2015), last layer N(0, 1/n_in), biases 0, all × ``gain``.

        Args:
            generator: Source of the draw, e.g. ``labs.device.generator("init")``.
            num_runs: R for an ensemble of shape ``(R, P)``; ``None`` for one θ of shape ``(P,)``.
            gain: Factor on every weight, one for all runs or one a run.
            dtype: Of the result. The draw itself is in float64, so that precisions agree.
            device: Where the result lives; ``None`` takes ``labs.device.DEVICE``.
        """
        from labs.device import DEVICE

        if num_runs is not None and num_runs < 1:
            raise ValueError(f"num_runs must be at least 1, got {num_runs}; leave it out for a single network")
        lead = () if num_runs is None else (num_runs,)
        theta = torch.zeros(*lead, self.num_parameters, dtype=torch.float64)
        for layer, matrix in enumerate(self.matrices(theta)):
            n_in = self.sizes[layer]
            variance = (2.0 if layer < len(self.shapes) - 1 else 1.0) / n_in
            weight = matrix[..., :n_in]
            weight.copy_(torch.randn(weight.shape, generator=generator, dtype=torch.float64) * math.sqrt(variance))
        gains = torch.as_tensor(gain, dtype=torch.float64)
        theta = theta * (gains[:, None] if gains.ndim else gains)
        return theta.to(dtype=dtype, device=DEVICE if device is None else device)


@dataclass(frozen=True)
class ModuleModel:
    """Any ``torch.nn.Module`` as a pure function of its flattened parameters.

    Example:
        >>> module = torch.nn.Linear(3, 2)
        >>> model = ModuleModel(module)
        >>> model(model.theta(), torch.zeros(5, 3)).shape
        torch.Size([5, 2])
    """

    module: torch.nn.Module

    @property
    def num_parameters(self) -> int:
        """P, the number of trainable parameters."""
        return sum(p.numel() for p in self.module.parameters())

    def theta(self) -> Float[Tensor, " P"]:
        """A copy of the module's present parameters, flattened in the order of ``named_parameters``."""
        return torch.cat([p.detach().flatten() for p in self.module.parameters()])

    def __call__(self, theta: Float[Tensor, " P"], x: Tensor) -> Tensor:
        """The module's output on ``x`` with θ in place of its own parameters (batch over runs with ``torch.func.vmap``)."""
        named = dict(self.module.named_parameters())
        if theta.shape != (self.num_parameters,):
            raise ValueError(f"theta must have shape ({self.num_parameters},), got {tuple(theta.shape)}")
        parts = theta.split([p.numel() for p in named.values()])
        values = {name: part.view_as(p) for (name, p), part in zip(named.items(), parts, strict=True)}
        return functional_call(self.module, values, (x,))
