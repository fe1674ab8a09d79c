"""The empirical risk as a function of θ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from labs.inputs import chosen, finite, number
from labs.losses.per_example import LOSSES

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["Risk"]


@dataclass(frozen=True, eq=False)
class Risk:
    """The empirical risk J(θ) = (1/N) Σᵢ L(f(xᵢ; θ), yᵢ) + (λ/2)‖θ‖² as a function of θ.

    Call it with θ of shape ``(P,)`` for a number, ``(R, P)`` for R numbers.

    Args:
        model: ``model(theta, x) -> outputs``, e.g. ``labs.models.MLP``.
        x: Inputs, ``(N, d)``, or ``(R, N, d)`` with a sample for each run.
        y: Targets: class numbers ``(N,)`` or vectors ``(N, C)``, with a leading R where ``x`` has one.
        loss: A name in ``LOSSES`` or a function (outputs, targets) -> loss of each example.
        weight_decay: λ ≥ 0.

    Raises:
        ValueError: for an unknown loss, a negative ``weight_decay``, inputs that are not finite floating-point rows,
            targets that are not finite, not as many as inputs, or class numbers below 0.

    Example:
        >>> risk = Risk(lambda theta, x: x * theta, torch.ones(2, 1), torch.zeros(2, 1), loss="squared_error")
        >>> risk(torch.tensor([3.0])).item(), risk.grad(torch.tensor([3.0])).item()
        (4.5, 3.0)
    """

    model: Any
    x: Tensor
    y: Tensor
    loss: str | Callable = "cross_entropy"
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.loss, str):
            chosen("loss", self.loss, LOSSES)
        number("weight_decay", self.weight_decay, at_least=0)
        finite("x", self.x)
        if self.y.is_floating_point():
            finite("y", self.y)
        elif self.y.numel() and self.y.min() < 0:
            raise ValueError(f"class numbers must be at least 0, got {self.y.min().item()} in y; count classes from 0")
        if self.x.ndim < 2 or not self.x.numel() or len(self.y) not in self.x.shape[:-1]:
            shapes = f"x {tuple(self.x.shape)} and y {tuple(self.y.shape)}"
            raise ValueError(f"x must be (N, d) or (R, N, d) with N ≥ 1 and y of the same length, got {shapes}")

    def has_own_samples(self, theta: Float[Tensor, "*runs P"]) -> bool:
        """Whether each run of θ ``(R, P)`` has a sample of its own: x and y both begin with R, then N."""
        own = self.x.shape[:2] == self.y.shape[:2] and self.x.ndim > 2
        return theta.ndim == 2 and own and len(self.x) == len(theta)

    def num_examples(self, theta: Float[Tensor, "*runs P"]) -> int:
        """N, in each run: the first dimension, behind that of the runs where each has a sample of its own."""
        return self.x.shape[1 if self.has_own_samples(theta) else 0]

    def per_example(self, theta: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs N"]:
        """The loss of each example, without weight decay."""
        loss = LOSSES[self.loss] if isinstance(self.loss, str) else self.loss
        return loss(self.model(theta, self.x), self.y)

    def __call__(self, theta: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs"]:
        """J(θ), for all runs at once."""
        risk = self.per_example(theta).mean(-1)
        return risk + 0.5 * self.weight_decay * theta.square().sum(-1) if self.weight_decay else risk

    def grad(self, theta: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs P"]:
        """∇J(θ), for all runs at once; zeros where the risk is made of steps, as with the 0-1 loss."""
        theta = theta.detach().requires_grad_()
        total = self(theta).sum()
        return torch.autograd.grad(total, theta)[0] if total.requires_grad else torch.zeros_like(theta)
