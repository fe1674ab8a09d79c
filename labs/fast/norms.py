r"""Per-example gradients and their lengths, without a backward pass an example.

The gradient of example i in layer ℓ is the outer product δₗ ãₗ₋₁ᵀ, and the norm of an outer product is the product of
the norms:

    ‖gᵢ‖² = Σₗ ‖δₗ‖² ‖ãₗ₋₁‖²

so Σᵢ ‖gᵢ‖² needs no gᵢ, and ḡ = (1/N) Σᵢ gᵢ is one matrix product a layer (Goodfellow 2015, arXiv 1510.01799). Weight
decay adds λθ to each gᵢ: the square then has 2λ θᵀḡ + λ²‖θ‖² besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.linalg import vecdot

from labs.fast.passes import CACHE_NUMBERS, Pass, columns
from labs.fast.products import add_product
from labs.losses import Risk

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["mean_and_square", "outer_products"]


def mean_and_square(risk: Risk, theta: Float[Tensor, "*runs P"]) -> tuple[Tensor, Tensor]:
    """ḡ ``(*runs, P)`` and (1/N) Σᵢ ‖gᵢ‖² ``(*runs,)``."""
    mean, square, decay = torch.zeros_like(theta), torch.zeros_like(theta[..., 0]), risk.weight_decay
    for x, y in columns(risk, theta, 6 * sum(risk.model.sizes), CACHE_NUMBERS):
        p = Pass(risk, theta, x, y)
        for layer, delta, a in zip(risk.model.matrices(mean), p.deltas, p.inputs, strict=True):
            add_product(layer, delta, a.mT)
            square += (vecdot(delta, delta, dim=-2) * vecdot(a, a, dim=-2)).sum(-1)
    count = risk.x.shape[-2]
    mean, square = mean / count, square / count
    if decay:
        square += 2 * decay * (theta * mean).sum(-1) + decay**2 * theta.square().sum(-1)
        mean += decay * theta
    return mean, square


def outer_products(risk: Risk, theta: Float[Tensor, " P"]) -> Float[Tensor, "N P"]:
    """gᵢ, one row an example."""
    result, done = theta.new_empty(len(risk.x), theta.numel()), 0
    for x, y in columns(risk, theta, 6 * sum(risk.model.sizes)):
        p, rows = Pass(risk, theta, x, y), result[done : done + x.shape[-1]]
        for layer, delta, a in zip(risk.model.matrices(rows), p.deltas, p.inputs, strict=True):
            torch.mul(delta.mT.unsqueeze(-1), a.mT.unsqueeze(-2), out=layer)
        done += len(rows)
    return result.add_(theta, alpha=risk.weight_decay)
