"""Losses of each example from a network's outputs and the targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = ["LOSSES", "cross_entropy", "squared_error", "zero_one"]


def cross_entropy(outputs: Float[Tensor, "*runs N C"], targets: Int[Tensor, "*runs N"]) -> Float[Tensor, "*runs N"]:
    """The negative log-likelihood −log softmax(f)_y of each example, in nats.

    log Σ exp f is computed after the largest f is subtracted, so that nothing overflows; the result does not depend on
    that constant, and so neither do its derivatives.

    Args:
        outputs: Logits f, ``(…, N, C)``.
        targets: Class numbers y, int64, ``(…, N)``, or ``(N,)`` for all runs.

    Raises:
        ValueError: when ``targets`` are not int64 or do not fit ``outputs``.

    Example:
        >>> cross_entropy(torch.tensor([[0.0, 0.0], [1000.0, 0.0]]), torch.tensor([0, 1]))
        tensor([6.9315e-01, 1.0000e+03])
    """
    shifted = outputs - outputs.detach().amax(-1, keepdim=True)
    picked = shifted.gather(-1, classes(outputs, targets).unsqueeze(-1)).squeeze(-1)
    return shifted.exp().sum(-1).log() - picked


def squared_error(outputs: Float[Tensor, "*runs N C"], targets: Float[Tensor, "*runs N C"]) -> Float[Tensor, "*runs N"]:
    """½‖f − y‖² of each example.

    Args:
        outputs: f, ``(…, N, C)``.
        targets: y, of the same dtype, ``(…, N, C)``, or ``(N, C)`` for all runs.

    Raises:
        ValueError: when ``targets`` are not floating-point vectors that fit ``outputs``.

    Example:
        >>> squared_error(torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 0.0]]))
        tensor([12.5000])
    """
    if not targets.is_floating_point() or targets.ndim < 2 or targets.shape != outputs.shape[-targets.ndim :]:
        raise ValueError(
            f"targets must be floating-point and fit the outputs {tuple(outputs.shape)}, got {targets.dtype} of shape "
            f"{tuple(targets.shape)}; turn class numbers into vectors with torch.nn.functional.one_hot(y, C).float()"
        )
    return 0.5 * (outputs - targets).square().sum(-1)


def zero_one(outputs: Float[Tensor, "*runs N C"], targets: Int[Tensor, "*runs N"]) -> Float[Tensor, "*runs N"]:
    """1 where the first largest output is not the target's, else 0; its mean is the error rate, 1 − accuracy.

    A row with NaN counts as wrong: a diverged network has answered nothing.

    Args:
        outputs: Logits f, ``(…, N, C)``.
        targets: Class numbers y, int64, ``(…, N)``, or ``(N,)`` for all runs.

    Raises:
        ValueError: when ``targets`` are not int64 or do not fit ``outputs``.

    Example:
        >>> zero_one(torch.tensor([[0.1, 0.9], [0.9, 0.1]]), torch.tensor([1, 1]))
        tensor([0., 1.])
    """
    wrong = outputs.argmax(-1) != classes(outputs, targets)
    return (wrong | outputs.isnan().any(-1)).to(outputs.dtype)


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cross_entropy": cross_entropy,
    "squared_error": squared_error,
    "zero_one": zero_one,
}


def classes(outputs: Tensor, targets: Tensor) -> Tensor:
    """``targets`` expanded to the shape of ``outputs`` without its last dimension, checked."""
    if targets.dtype != torch.int64:
        raise ValueError(f"targets must be class numbers, int64, got {targets.dtype}; convert them with y.long()")
    lead = outputs.shape[:-1]
    if not 1 <= targets.ndim <= len(lead) or targets.shape != lead[-targets.ndim :]:
        raise ValueError(
            f"targets {tuple(targets.shape)} do not fit outputs {tuple(outputs.shape)}: give {tuple(lead)}"
        )
    return targets.expand(lead)
