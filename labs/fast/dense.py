r"""The whole Hessian from Khatri–Rao products.

For one example, with Hₗ = ∂²L/∂zₗ² as in ``traces`` and Jₗₘ = ∂zₗ/∂zₘ for m < ℓ, the blocks of H are

    ∂²L/∂W̃ₗ∂W̃ₗ = Hₗ ⊗ ãₗ₋₁ ãₗ₋₁ᵀ
    ∂²L/∂W̃ₗ∂W̃ₘ = (Hₗ Jₗₘ) ⊗ ãₗ₋₁ x̃ᵀ + δₗ ⊗ (∂ãₗ₋₁/∂zₘ) ⊗ x̃ᵀ,   x̃ = ãₘ₋₁

the second because ∂L/∂W̃ₗ = δₗ ãₗ₋₁ᵀ depends on zₘ through δₗ and through ãₗ₋₁. Summed over examples, each term is one
matrix product between columnwise Kronecker (Khatri–Rao) products: entry ((k, j), (l, m)) of the first is Σᵢ hₖₗ aⱼ aₘ,
the product of the N columns h with the N columns a ⊗ a. Both are symmetric, so only k ≤ l and j ≤ m are multiplied: a
quarter of the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from labs.fast.passes import Pass, blocks, runs
from labs.losses import Risk

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["dense_hessian"]


def dense_hessian(risk: Risk, theta: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs P P"]:
    """H, one matrix a run."""
    if theta.ndim == 2:
        return torch.stack([dense_hessian(*run) for run in runs(risk, theta)])
    result = theta.new_zeros(theta.numel(), theta.numel())
    for x, y in blocks(risk, theta, _numbers(risk.model.sizes)):
        _accumulate(Pass(risk, theta, x, y), result)
    _mirror(result, [n_out * n_in for n_out, n_in in risk.model.shapes])
    result /= len(risk.x)
    result.diagonal().add_(risk.weight_decay)
    return result


def _mirror(result: Tensor, lengths: list[int]) -> None:
    """Copy the blocks below the diagonal to their places above it."""
    start = 0
    for length in lengths:
        end = start + length
        result[start:end, end:] = result[end:, start:end].mT
        start = end


def _numbers(sizes: tuple[int, ...]) -> int:
    """Numbers an example needs: pairs of the widest layer's units, and triples where two layers lie apart."""
    widths = sorted((size + 1 for size in sizes), reverse=True)
    return 4 * widths[0] ** 2 + (2 * widths[0] * widths[1] * widths[2] if len(sizes) > 3 else 0)


def _accumulate(p: Pass, result: Tensor) -> None:
    """Add Σᵢ of the examples in ``p``, from the last layer to the first; matrices of an example are ``(…, …, N)``."""
    inputs, deltas, slopes = (_as_columns(kept) for kept in (p.inputs, p.deltas, p.slopes))
    hessian, views = _output_hessian(p), _block_views(p, result)
    for layer in reversed(range(len(deltas))):
        _add_own(views[layer][layer], hessian, inputs[layer])
        mixed, step = hessian, None  # (Hₗ Jₗₘ)ᵀ and (∂aₗ₋₁/∂zₘ)ᵀ for m = ℓ − 1, ℓ − 2, …
        for lower in reversed(range(layer)):
            weight, phi_prime = p.weights[lower + 1], slopes[lower]
            mixed = _pushed(weight, mixed, phi_prime)
            step = phi_prime if step is None else _pushed(weight, _as_matrix(step), phi_prime)
            _add_mixed(views[layer][lower], mixed, inputs[layer], inputs[lower])
            _add_step(views[layer][lower], deltas[layer], step, inputs[lower])
        if layer:
            half = _pushed(p.weights[layer], hessian, slopes[layer - 1])
            hessian = _pushed(p.weights[layer], half.transpose(0, 1), slopes[layer - 1])
            if (bend := p.bends[layer - 1]) is not None:
                hessian.diagonal().add_(bend)


def _as_columns(tensors: list[Tensor]) -> list[Tensor]:
    """The same with examples last, for work with matrices of each example."""
    return [tensor.mT.contiguous() for tensor in tensors]


def _output_hessian(p: Pass) -> Tensor:
    """∂²L/∂f²: diag(p) − p pᵀ for softmax cross-entropy, I for the squared error."""
    if p.probabilities is None:
        return torch.diag_embed(torch.ones_like(p.deltas[-1])).permute(1, 2, 0)
    hessian = -p.probabilities.unsqueeze(0) * p.probabilities.unsqueeze(1)
    hessian.diagonal().add_(p.probabilities.mT)
    return hessian


def _block_views(p: Pass, result: Tensor) -> list[list[Tensor]]:
    """Block (ℓ, m) of the result with indices (k, j, l, m'): W̃ₗ has the entry (k, j), W̃ₘ the entry (l, m')."""
    shapes = p.model.shapes
    rows = result.split([k * j for k, j in shapes])
    return [
        [b.unflatten(1, m).unflatten(0, n) for b, m in zip(r.split([k * j for k, j in shapes], 1), shapes, strict=True)]
        for r, n in zip(rows, shapes, strict=True)
    ]


def _pushed(weight: Tensor, factor: Float[Tensor, "m r N"], phi_prime: Float[Tensor, "n N"]) -> Tensor:
    """D Wᵀ F of each example, ``(n, r, N)``, all of them in one matrix product."""
    product = (weight.mT @ factor.flatten(1)).unflatten(1, factor.shape[1:])
    return product.mul_(phi_prime.unsqueeze(1))


def _as_matrix(step: Tensor) -> Tensor:
    """A diagonal ``(n, N)`` as the matrices ``(n, n, N)``."""
    return torch.diag_embed(step.mT).permute(1, 2, 0) if step.ndim == 2 else step


def _add_own(block: Tensor, hessian: Tensor, a: Tensor) -> None:
    """Hₗ ⊗ ã ãᵀ, multiplied for k ≤ l and j ≤ m only."""
    rows, columns_ = torch.triu_indices(len(hessian), len(hessian), device=a.device)
    half = hessian[rows, columns_] @ _products_of_pairs(a).mT
    to_pair_of_a, to_row = _position_of_pair(a), _position_of_pair(hessian)
    full = half.index_select(1, to_pair_of_a.flatten()).index_select(0, to_row.flatten())
    block += full.view(*to_row.shape, *to_pair_of_a.shape).transpose(1, 2)


def _products_of_pairs(a: Float[Tensor, "n N"]) -> Float[Tensor, "pairs N"]:
    """aⱼ aₘ for j ≤ m, in the order of ``torch.triu_indices``; views beat gathering rows by their numbers."""
    parts = a.new_empty(len(a) * (len(a) + 1) // 2, a.shape[1])
    for j, part in enumerate(parts.split(list(range(len(a), 0, -1)))):
        torch.mul(a[j:], a[j], out=part)
    return parts


def _position_of_pair(a: Tensor) -> Tensor:
    """For each (j, m), in either order, where its pair stands among those with j ≤ m: ``(n, n)``."""
    rows, columns_ = torch.triu_indices(len(a), len(a), device=a.device)
    position = rows.new_empty(len(a), len(a))
    position[rows, columns_] = position[columns_, rows] = torch.arange(len(rows), device=a.device)
    return position


def _add_mixed(block: Tensor, mixed: Tensor, a: Tensor, x: Tensor) -> None:
    """(Hₗ Jₗₘ) ⊗ ãₗ₋₁ x̃ᵀ."""
    product = mixed.flatten(0, 1) @ _khatri_rao(a, x).mT
    block += product.view(*mixed.shape[:2], len(a), len(x)).permute(1, 2, 0, 3)


def _add_step(block: Tensor, delta: Tensor, step: Tensor, x: Tensor) -> None:
    """δₗ ⊗ (∂ãₗ₋₁/∂zₘ) ⊗ x̃ᵀ; the derivative is diagonal for neighbouring layers, and 0 for the 1 in ã."""
    product = (_khatri_rao(step.flatten(0, -2), delta) @ x.mT).view(*step.shape[:-1], len(delta), len(x))
    if step.ndim == 2:
        block[:, : len(step)].diagonal(dim1=1, dim2=2).add_(product.permute(1, 2, 0))
    else:
        block[:, : step.shape[1]] += product.permute(2, 1, 0, 3)


def _khatri_rao(a: Float[Tensor, "m N"], b: Float[Tensor, "n N"]) -> Float[Tensor, "mn N"]:
    """The Kronecker product a ⊗ b of each pair of columns."""
    return (a.unsqueeze(1) * b).flatten(0, 1)
