"""Losses per example, and the risk: their mean over a sample as a function of θ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = ["LOSSES", "Risk", "cross_entropy", "squared_error", "zero_one"]


def cross_entropy(
    outputs: Float[Tensor, "*runs N C"], targets: Int[Tensor, "*runs N"]
) -> Float[Tensor, "*runs N"]:
    """The negative log-likelihood −log softmax(f)_y of each example, in nats."""
    picked = outputs.gather(-1, targets.expand(outputs.shape[:-1]).unsqueeze(-1)).squeeze(-1)
    return outputs.logsumexp(-1) - picked


def squared_error(
    outputs: Float[Tensor, "*runs N C"], targets: Float[Tensor, "*runs N C"]
) -> Float[Tensor, "*runs N"]:
    """½‖f − y‖² of each example."""
    return 0.5 * (outputs - targets).square().sum(-1)


def zero_one(outputs: Float[Tensor, "*runs N C"], targets: Int[Tensor, "*runs N"]) -> Float[Tensor, "*runs N"]:
    """1 where the largest output is not the target's, else 0; its mean is the error rate, 1 − accuracy."""
    return (outputs.argmax(-1) != targets).to(outputs.dtype)


LOSSES: dict[str, Callable] = {"cross_entropy": cross_entropy, "squared_error": squared_error, "zero_one": zero_one}


@dataclass(frozen=True)
class Risk:
    """The empirical risk J(θ) = (1/N) Σᵢ L(f(xᵢ; θ), yᵢ) + (λ/2)‖θ‖² as a function of θ.

    Call it with θ of shape ``(P,)`` for a number, ``(R, P)`` for R numbers.

    Args:
        model: ``model(theta, x) -> outputs``, e.g. ``labs.models.MLP``.
        x: Inputs, ``(N, d)``, or ``(R, N, d)`` with a sample for each run.
        y: Targets: class numbers ``(N,)`` or vectors ``(N, C)``, with a leading R where ``x`` has one.
        loss: A name in ``LOSSES`` or a function (outputs, targets) -> loss of each example.
        weight_decay: λ ≥ 0.
    """

    model: Any
    x: Tensor
    y: Tensor
    loss: str | Callable = "cross_entropy"
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.loss, str) and self.loss not in LOSSES:
            raise ValueError(f"unknown loss {self.loss!r}; choose one of {', '.join(LOSSES)} or pass a function")
        if self.weight_decay < 0:
            raise ValueError(f"weight_decay must be ≥ 0, got {self.weight_decay}")
        if self.x.isnan().any():
            raise ValueError("x contains NaN; remove or impute those rows first")

    def per_example(self, theta: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs N"]:
        """The loss of each example, without weight decay."""
        loss = LOSSES[self.loss] if isinstance(self.loss, str) else self.loss
        return loss(self.model(theta, self.x), self.y)

    def __call__(self, theta: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs"]:
        risk = self.per_example(theta).mean(-1)
        return risk + 0.5 * self.weight_decay * theta.square().sum(-1) if self.weight_decay else risk

    def grad(self, theta: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs P"]:
        """∇J(θ), for all runs at once."""
        theta = theta.detach().requires_grad_()
        return torch.autograd.grad(self(theta).sum(), theta)[0]
