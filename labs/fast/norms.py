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

from labs.fast.passes import BLOCK_NUMBERS, TIMES_SLOPE, UNITS, Pass, columns
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
    for x, y in _blocks(risk, theta):
        for layer, delta, a in _from_the_top(risk, theta, x, y):
            n, target = a.shape[-1], targets[layer]
            add_product(target[..., :n], delta.mT, a)
            if bias:
                target[..., n:] += delta.sum(-2).unsqueeze(-1)
            square += (_squares(delta) * (_squares(a) + bias)).sum(-1)
    count = risk.x.shape[-2]
    mean, square = mean / count, square / count
    if decay:
        square += 2 * decay * (theta * mean).sum(-1) + decay**2 * theta.square().sum(-1)
        mean += decay * theta
    return mean, square


def _blocks(risk: Risk, theta: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """The sample, as it stands, in blocks within BLOCK_NUMBERS."""
    num_runs, example = (len(theta) if theta.ndim == 2 else 1), risk.x.ndim - 2
    block = max(1, BLOCK_NUMBERS // (num_runs * 3 * sum(risk.model.sizes)))
    return zip(risk.x.split(block, example), risk.y.split(block, example), strict=True)


def _from_the_top(risk: Risk, theta: Tensor, x: Tensor, y: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
    """The layer, its δ ``(*runs, N, n)`` and its inputs a ``(*runs, N, n_in)``, from the outputs downwards.

    Examples are rows here, since lengths are sums over units: over rows they run along memory. Only the outputs are
    laid out class by class, for softmax.
    """
    model: MLP = risk.model
    matrices = zip(model.matrices(theta), model.sizes, strict=False)
    weights, biases = zip(*(matrix.tensor_split([n], dim=-1) for matrix, n in matrices), strict=True)
    inputs = [x]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        z = inputs[-1] @ weight.mT
        inputs.append(UNITS[model.activation](z.add_(bias.mT.contiguous()) if model.bias else z))
    outputs = weights[-1] @ inputs[-1].mT
    delta = _output_delta(risk, outputs.add_(biases[-1]) if model.bias else outputs, y)
    spare = None  # the memory of activations that are needed no longer; fresh memory costs as much as a product
    for layer in reversed(range(len(weights))):
        a = inputs.pop()
        yield layer, delta, a
        if layer:
            out = spare if spare is not None and spare.shape == a.shape else None
            delta, spare = TIMES_SLOPE[model.activation](torch.matmul(delta, weights[layer], out=out), a), a


def _output_delta(risk: Risk, outputs: Float[Tensor, "*runs C N"], y: Tensor) -> Float[Tensor, "*runs N C"]:
    """∂L/∂f: softmax(f) − e_y for cross-entropy, f − y for the squared error."""
    if risk.loss == "squared_error":
        return outputs.mT - y
    index = y.expand(*outputs.shape[:-2], -1).unsqueeze(-2)
    return torch.softmax(outputs, -2).scatter_add_(-2, index, outputs.new_full(index.shape, -1.0)).mT


def _squares(rows: Float[Tensor, "*runs N n"]) -> Float[Tensor, "*runs N"]:
    """‖·‖² of each row; the norm reads once what a product and a sum would read twice, but wants whole rows."""
    if rows.stride(-1) == 1:
        return torch.linalg.vector_norm(rows, dim=-1).square_()
    return (rows.mT * rows.mT).sum(-2)


def outer_products(risk: Risk, theta: Float[Tensor, " P"]) -> Float[Tensor, "N P"]:
    """gᵢ, one row an example."""
    result, done = theta.new_empty(len(risk.x), theta.numel()), 0
    for x, y in columns(risk, theta, 6 * sum(risk.model.sizes)):
        p, rows = Pass(risk, theta, x, y), result[done : done + x.shape[-1]]
        for layer, delta, a in zip(risk.model.matrices(rows), p.deltas, p.inputs, strict=True):
            torch.mul(delta.mT.unsqueeze(-1), a.mT.unsqueeze(-2), out=layer)
        done += len(rows)
    return result.add_(theta, alpha=risk.weight_decay)
