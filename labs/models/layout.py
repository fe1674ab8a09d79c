"""How layers lie in the one vector θ, and how they are first drawn."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

from labs.device import beside, device_for
from labs.inputs import chosen, integer, number

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["ACTIVATIONS", "Layered"]

ACTIVATIONS: dict[str, Callable] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "linear": lambda z: z,
}


class Layered(ABC):
    """A model whose parameters are matrices, laid into θ one after the other, each row by row."""

    @property
    @abstractmethod
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The shapes of the layer matrices."""

    @property
    def num_parameters(self) -> int:
        """P, the length of θ."""
        return sum(rows * columns for rows, columns in self.shapes)

    def matrices(self, theta: Float[Tensor, "*runs P"]) -> tuple[Float[Tensor, "*runs rows columns"], ...]:
        """The layer matrices as views into ``theta``: writing to one writes to θ.

        Raises:
            ValueError: when ``theta`` is not floating-point or its last dimension is not P.
        """
        if not theta.is_floating_point() or theta.shape[-1:] != (self.num_parameters,):
            raise ValueError(
                f"theta must be floating-point of shape (…, {self.num_parameters}) for {self}, "
                f"got {theta.dtype} of shape {tuple(theta.shape)}; draw one with model.init(generator)"
            )
        parts = theta.split([rows * columns for rows, columns in self.shapes], dim=-1)
        return tuple(part.unflatten(-1, shape) for part, shape in zip(parts, self.shapes, strict=True))

    def _check(self, theta: Tensor, x: Tensor, row: Sequence[str | int]) -> None:
        """Refuse an ``x`` whose rows are not as in ``row`` (names for free sizes), or which does not fit ``theta``."""
        shape = tuple(x.shape)
        free = len(row) + 1
        if x.ndim not in (free, theta.ndim - 1 + free) or shape[-1] != row[-1]:
            wanted = ", ".join(map(str, ("N", *row)))
            raise ValueError(f"x must have shape ({wanted}), or (R, {wanted}) with theta (R, P); got {shape}")
        if x.ndim > free and x.shape[: theta.ndim - 1] != theta.shape[:-1]:
            raise ValueError(f"x has runs {shape[: x.ndim - free]}, but theta has runs {tuple(theta.shape[:-1])}")
        if x.dtype != theta.dtype:
            raise ValueError(f"x is {x.dtype} but theta is {theta.dtype}; convert one, e.g. x.to(theta.dtype)")


def empty_parameters(num_parameters: int, num_runs: int | None) -> Tensor:
    """Zeros of shape ``(P,)``, or ``(R, P)``, in float64 on the CPU, where all draws are made."""
    lead = () if num_runs is None else (integer("num_runs", num_runs),)
    return torch.zeros(*lead, num_parameters, dtype=torch.float64)


def normal_(target: Tensor, variance: float, generator: torch.Generator) -> None:
    """Fill ``target`` with draws from N(0, variance)."""
    target.copy_(torch.randn(target.shape, generator=generator, dtype=torch.float64) * math.sqrt(variance))


def recurrent_(target: Float[Tensor, "*runs H H"], kind: str, generator: torch.Generator) -> None:
    """Fill ``target`` with recurrent weights: Gaussian N(0, 1/H), uniformly orthogonal, or the identity."""
    chosen("recurrent", kind, ("gaussian", "orthogonal", "identity"))
    size = target.shape[-1]
    if kind == "identity":
        target.copy_(torch.eye(size, dtype=torch.float64).expand_as(target))
        return
    normal_(target, 1 / size, generator)
    if kind == "orthogonal":
        q, r = torch.linalg.qr(target)
        signs = r.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2)
        target.copy_(q * signs)  # these signs make q uniform (Mezzadri 2007)


def as_gain(gain: float | Tensor, num_runs: int | None) -> Tensor:
    """``gain`` as a float64 tensor that multiplies ``(*runs, rows, columns)``.

    Raises:
        ValueError: when a gain is negative or not finite, or there is not one for all or one a run.
    """
    gains = beside(gain, torch.empty(0, dtype=torch.float64))
    if gains.ndim and gains.shape != (num_runs,):
        raise ValueError(
            f"gain must be one number, or one a run of shape ({num_runs},), got shape {tuple(gains.shape)}"
        )
    for value in gains.flatten().tolist():
        number("gain", value, at_least=0)
    return gains.reshape(*gains.shape, 1, 1) if gains.ndim else gains


def placed(theta: Tensor, dtype: torch.dtype, device: torch.device | str | None) -> Tensor:
    """``theta`` in its final precision and place."""
    if not dtype.is_floating_point:
        raise ValueError(f"dtype must be floating-point such as torch.float32, got {dtype}")
    return theta.to(dtype).to(device_for(dtype) if device is None else device)
