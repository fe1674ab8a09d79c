"""The loss at the outputs and its derivative by them, ∂L/∂f.

Softmax cross-entropy has softmax(f) − onehot(y), the squared error f − y. Outputs are laid out class by class,
``(*runs, C, N)``: softmax over a short last axis is several times slower.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    Outputs = Float[Tensor, "*runs C N"]
    Losses = Float[Tensor, "*runs N"]

__all__ = ["HEADS"]


def _cross_entropy(
    outputs: Outputs, y: Tensor, scale: Tensor | float = 1.0, losses: bool = False
) -> tuple[Losses | None, Outputs]:
    label = y.unsqueeze(-2).expand(*outputs.shape[:-2], 1, -1)
    values = None
    if losses:
        logarithms = torch.log_softmax(outputs, dim=-2)
        values = logarithms.gather(-2, label).squeeze(-2).neg_()
        delta = logarithms.exp_()
    else:
        delta = torch.softmax(outputs, dim=-2)
    return values, delta.scatter_add_(-2, label, delta.new_full((), -1.0).expand_as(label)).mul_(scale)


def _squared_error(
    outputs: Outputs, y: Tensor, scale: Tensor | float = 1.0, losses: bool = False
) -> tuple[Losses | None, Outputs]:
    delta = outputs.sub_(y.mT)
    values = (delta * delta).sum(-2).mul_(0.5) if losses else None
    return values, delta.mul_(scale)


HEADS: dict[Any, Callable] = {
    "cross_entropy": _cross_entropy,
    "squared_error": _squared_error,
}
"""``head(outputs, y, scale, losses)``: the loss of each example, if asked for, and scale · ∂L/∂f.

It may overwrite ``outputs``; y is ``(*runs, N)`` or, for the squared error, ``(*runs, N, C)``, with or without runs.
"""
