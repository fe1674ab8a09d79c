r"""Per-example gradients and their lengths, without a backward pass an example.

The gradient of example i in layer ℓ is the outer product δₗ ãₗ₋₁ᵀ, and the norm of an outer product is the product of
the norms:

    ‖gᵢ‖² = Σₗ ‖δₗ‖² ‖ãₗ₋₁‖²

so Σᵢ ‖gᵢ‖² needs no gᵢ, and ḡ = (1/N) Σᵢ gᵢ is one matrix product a layer (Goodfellow 2015, arXiv 1510.01799). Weight
decay adds λθ to each gᵢ: the square then has 2λ θᵀḡ + λ²‖θ‖² besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from labs.fast.heads import HEADS
from labs.fast.passes import TIMES_SLOPE, UNITS, Pass, affine, blocks, layers, squares, top
from labs.fast.products import add_product
from labs.losses import Risk
from labs.models import MLP

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["mean_and_square", "outer_products"]


def mean_and_square(risk: Risk, theta: Float[Tensor, "*runs P"]) -> tuple[Tensor, Tensor]:
    """ḡ ``(*runs, P)`` and (1/N) Σᵢ ‖gᵢ‖² ``(*runs,)``."""
    mean, square, decay = torch.zeros_like(theta), torch.zeros_like(theta[..., 0]), risk.weight_decay
    targets, bias = risk.model.matrices(mean), risk.model.bias
    for x, y in blocks(risk, theta, 3 * sum(risk.model.sizes)):
        for layer, delta, a in _from_the_top(risk, theta, x, y):
            n, target = a.shape[-1], targets[layer]
            add_product(target[..., :n], delta.mT, a)
            if bias:
                target[..., n:] += delta.sum(-2).unsqueeze(-1)
            square += (squares(delta) * (squares(a) + bias)).sum(-1)
    count = risk.x.shape[-2]
    mean, square = mean / count, square / count
    if decay:
        square += 2 * decay * (theta * mean).sum(-1) + decay**2 * theta.square().sum(-1)
        mean += decay * theta
    return mean, square


def _from_the_top(risk: Risk, theta: Tensor, x: Tensor, y: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
    """The layer, its δ ``(*runs, N, n)`` and its inputs a ``(*runs, N, n_in)``, from the outputs downwards.

    Do not keep them: a later δ takes the memory of an earlier a.
    """
    model: MLP = risk.model
    pairs, inputs = layers(model, theta), [x]
    for pair in pairs[:-1]:
        inputs.append(UNITS[model.activation](affine(inputs[-1], pair)))
    delta = HEADS[risk.loss](top(inputs[-1], pairs[-1]), y)[1].mT
    spare = None  # the memory of activations that are needed no longer; fresh memory costs as much as a product
    for layer, (weight, *_) in reversed(list(enumerate(pairs))):
        a = inputs.pop()
        yield layer, delta, a
        if layer:
            out = spare if spare is not None and spare.shape == a.shape else None
            delta, spare = TIMES_SLOPE[model.activation](torch.matmul(delta, weight, out=out), a), a


def outer_products(risk: Risk, theta: Float[Tensor, " P"]) -> Float[Tensor, "N P"]:
    """gᵢ, one row an example."""
    result, done = theta.new_empty(len(risk.x), theta.numel()), 0
    for x, y in blocks(risk, theta, 6 * sum(risk.model.sizes)):
        p, rows = Pass(risk, theta, x, y), result[done : done + len(x)]
        for layer, delta, a in zip(risk.model.matrices(rows), p.deltas, p.inputs, strict=True):
            torch.mul(delta.unsqueeze(-1), a.unsqueeze(-2), out=layer)
        done += len(rows)
    return result.add_(theta, alpha=risk.weight_decay)
