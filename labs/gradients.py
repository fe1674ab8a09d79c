"""Gradients example by example and what they say about minibatches: noise trace, standard error, noise scale.

With gᵢ the gradient of example i and ḡ = (1/N) Σᵢ gᵢ, the covariance of the gradient of one example drawn at random is
Σ = (1/N) Σᵢ (gᵢ − ḡ)(gᵢ − ḡ)ᵀ. The sample is the whole population here, hence N and not N − 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.func import grad, vmap

from labs.batching import FirstThatWorks, one_by_one, taken_apart
from labs.fast.norms import mean_and_square, outer_products
from labs.fast.passes import covers, runs
from labs.inputs import finite, integer
from labs.losses import LOSSES, Risk
from labs.models import ModuleModel

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["Moments", "moments", "noise_scale", "noise_trace", "per_example", "standard_error"]

BLOCK_NUMBERS = 2**22
"""Per-example gradients are made in blocks of at most this many numbers (16 MiB in float32, still near a CPU)."""


class Moments(NamedTuple):
    """The mean gradient ḡ ``(*runs, P)`` and the mean squared length (1/N) Σᵢ ‖gᵢ‖² ``(*runs,)``."""

    mean: Float[Tensor, "*runs P"]
    square: Float[Tensor, "*runs"]


def per_example(risk: Risk, theta: Float[Tensor, " P"]) -> Float[Tensor, "N P"]:
    """gᵢ = ∇L(f(xᵢ; θ), yᵢ) + λθ, one row an example: their mean is ∇J(θ). Holds N·P numbers.

    Args:
        risk: A ``labs.losses.Risk``; its model must treat examples apart (no batch normalisation).
        theta: ``(P,)``.

    Raises:
        TypeError: when ``risk`` is not a ``Risk``: an arbitrary function has no examples.
        ValueError: when θ is not a finite vector.
    """
    theta = _checked(risk, theta, (1,))
    return outer_products(risk, theta) if covers(risk, theta) else _rows(risk, theta)


def _rows(risk: Risk, theta: Tensor) -> Float[Tensor, "N P"]:
    """All per-example gradients, by automatic differentiation."""
    result, done = theta.new_empty(len(risk.x), theta.numel()), 0
    for block in _blocks(risk, theta):
        torch.cat(block, dim=1, out=result[done : done + len(block[0])])
        done += len(block[0])
    return result


def _checked(risk: Risk, theta: Tensor, dimensions: tuple[int, ...]) -> Tensor:
    if not isinstance(risk, Risk):
        raise TypeError(f"risk must be a labs.losses.Risk, which knows its examples, got {type(risk).__name__}")
    if finite("theta", theta).ndim not in dimensions:
        raise ValueError(
            f"theta must have shape {'(P,) or (R, P)' if 2 in dimensions else '(P,)'}, got {tuple(theta.shape)}"
        )
    return theta.detach()


def _blocks(risk: Risk, theta: Tensor) -> Iterator[list[Tensor]]:
    """Per-example gradients, a block of examples at a time, in parts ``(n, p)`` that follow one another in θ."""
    loss = LOSSES[risk.loss] if isinstance(risk.loss, str) else risk.loss
    model = risk.model
    parts, on_parts = (
        (model.parts(theta), model.on_parts)  # to lay them end to end would cost as much again
        if type(model) is ModuleModel
        else ((theta,), lambda parts, x: model(*parts, x))
    )

    def in_parts(parts: tuple[Tensor, ...], x: Tensor, y: Tensor) -> Tensor:
        return loss(on_parts(parts, x.unsqueeze(0)), y.unsqueeze(0)).squeeze(0)

    def whole(theta: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return loss(model(theta, x.unsqueeze(0)), y.unsqueeze(0)).squeeze(0)

    @torch.enable_grad()
    def each_its_own(x: Tensor, y: Tensor) -> tuple[Tensor, ...]:  # which torch.nn.RNN needs, as it writes in place
        own = theta.expand(len(x), -1).requires_grad_()
        return torch.autograd.grad(vmap(taken_apart(whole))(own, x, y).sum(), own)

    in_dims = (None, 0, 0)
    gradients = FirstThatWorks(
        lambda x, y: vmap(grad(in_parts), in_dims)(parts, x, y),
        each_its_own,
        lambda x, y: (one_by_one(grad(whole), in_dims)(theta, x, y),),
    )
    rows = max(1, BLOCK_NUMBERS // theta.numel())
    for x, y in zip(risk.x.split(rows), risk.y.split(rows), strict=True):
        block = [part.reshape(len(x), -1) for part in gradients(x, y)]
        yield _decayed(block, theta, risk.weight_decay) if risk.weight_decay else block


def _decayed(block: list[Tensor], theta: Tensor, weight_decay: float) -> list[Tensor]:
    """The gradients with that of weight decay; not in place, as two parts may be one tensor."""
    values = theta.split([part.shape[1] for part in block])
    return [torch.add(part, value, alpha=weight_decay) for part, value in zip(block, values, strict=True)]


def moments(risk: Risk, theta: Float[Tensor, "*runs P"]) -> Moments:
    """ḡ and (1/N) Σᵢ ‖gᵢ‖², in blocks: no more than 16 MiB (in float32) of per-example gradients are held at a time.

    Args:
        risk: A ``labs.losses.Risk``.
        theta: ``(P,)`` or ``(R, P)``.

    Raises:
        TypeError: when ``risk`` is not a ``Risk``.
    """
    theta = _checked(risk, theta, (1, 2))
    if covers(risk, theta):
        return Moments(*mean_and_square(risk, theta))
    if theta.ndim == 2:
        means, lengths = zip(*(moments(*run) for run in runs(risk, theta)), strict=True)
        return Moments(torch.stack(means), torch.stack(lengths))
    total, squares = torch.zeros_like(theta), theta.new_zeros(())
    for block in _blocks(risk, theta):
        total += torch.cat([part.sum(0) for part in block])
        squares += sum(torch.linalg.vector_norm(part, dim=-1).square().sum() for part in block)
    return Moments(total / len(risk.x), squares / len(risk.x))


def noise_trace(risk: Risk, theta: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs"]:
    """tr Σ = (1/N) Σᵢ ‖gᵢ‖² − ‖ḡ‖², the total variance of the gradient of one random example.

    Args and errors are those of ``moments``.
    """
    mean, square = moments(risk, theta)
    return (square - torch.linalg.vecdot(mean, mean)).clamp_min(0)


def standard_error(
    risk: Risk, theta: Float[Tensor, "*runs P"], batch_size: int, *, replacement: bool = True
) -> Float[Tensor, "*runs"]:
    """√E‖g_B − ḡ‖², the total standard error of a minibatch gradient.

    It is √(tr Σ / B) for examples drawn with replacement, times √((N − B)/(N − 1)) without.

    Args:
        risk: A ``labs.losses.Risk``.
        theta: ``(P,)`` or ``(R, P)``.
        batch_size: B, at most N without replacement.
        replacement: How the minibatch is drawn.

    Raises:
        ValueError: when ``batch_size`` is not positive, or above N without replacement.
    """
    error = (noise_trace(risk, theta) / integer("batch_size", batch_size)).sqrt()
    if replacement:
        return error
    count = risk.num_examples(theta)
    if batch_size > count:
        raise ValueError(
            f"batch_size must not exceed the {count} examples when drawn without replacement, got {batch_size}"
        )
    return error * math.sqrt((count - batch_size) / max(count - 1, 1))


def noise_scale(risk: Risk, theta: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs"]:
    """tr Σ / ‖ḡ‖², in examples: near this batch size, noise and signal weigh the same (McCandlish et al. 2018).

    Args and errors are those of ``moments``.
    """
    mean, square = moments(risk, theta)
    signal = torch.linalg.vecdot(mean, mean)
    return (square - signal).clamp_min(0) / signal
