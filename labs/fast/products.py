r"""Hessian-vector products by differentiating both passes along v (Pearlmutter 1994).

Write ẇ for the derivative of a quantity w along v, with Ṽ the layer matrices of v. Forward,

    ż₁ = Ṽ₁ x̃,  ȧₗ = φ′ ∘ żₗ,  żₗ₊₁ = Ṽₗ₊₁ ãₗ + Wₗ₊₁ ȧₗ

and backward, from δ̇_L = (∂²L/∂f²) ḟ, which is p ∘ ḟ − p (pᵀḟ) for softmax cross-entropy and ḟ for the squared error,

    δ̇ₗ = φ′ ∘ (Wₗ₊₁ᵀ δ̇ₗ₊₁ + Vₗ₊₁ᵀ δₗ₊₁) + (φ″/φ′) ∘ (Wₗ₊₁ᵀ δₗ₊₁) ∘ ȧₗ
    (Hv)ₗ = Σᵢ δ̇ₗ ãₗ₋₁ᵀ + δₗ ȧₗ₋₁ᵀ   (the second term for the weights only: the 1 in ã is constant)

In the code δ and δ̇ carry the 1/N of the mean. Everything without a dot depends on θ alone and is kept from one product
to the next. With φ″/φ′, which is −2a for tanh and 1 − 2a for the sigmoid, żₗ is needed no longer once there is ȧₗ: that
takes its place in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from labs.fast.passes import Pass, blocks
from labs.losses import Risk

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["Product"]


class Product:
    """v ↦ H v at θ. A sample too large for one block is passed through again in each product instead of being kept."""

    def __init__(self, risk: Risk, theta: Float[Tensor, "*runs P"]) -> None:
        self._risk, self._theta = risk, theta
        self._blocks = list(blocks(risk, theta, 9 * sum(risk.model.sizes)))
        self._kept = self._pass(*self._blocks[0]) if len(self._blocks) == 1 else None

    def _pass(self, x: Tensor, y: Tensor) -> Pass:
        return Pass(self._risk, self._theta, x, y, scale=1 / self._risk.x.shape[-2])

    def __call__(self, v: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs P"]:
        model, result = self._risk.model, torch.zeros_like(v)
        for block in self._blocks:
            _accumulate(self._kept or self._pass(*block), model.matrices(v), model.matrices(result))
        return result.add_(v, alpha=self._risk.weight_decay) if self._risk.weight_decay else result


def _accumulate(p: Pass, v: tuple[Tensor, ...], result: tuple[Tensor, ...]) -> None:
    """Add the (Hv)ₗ of the examples in ``p`` to the layers of ``result``."""
    a_dots, f_dot = _forward(p, v)
    delta_dot = _output_curvature(p, f_dot).mT
    for layer in reversed(range(len(v))):
        add_product(result[layer], delta_dot.mT, p.inputs[layer])
        if layer == 0:
            return
        weight, a_dot, n_in = p.weights[layer], a_dots.pop(), p.weights[layer].shape[-1]
        add_product(result[layer][..., :n_in], p.deltas[layer].mT, a_dot)
        delta_dot = torch.matmul(delta_dot, weight, out=p.room[layer - 1][1])
        add_product(delta_dot, p.deltas[layer], v[layer][..., :n_in])
        delta_dot *= p.slopes[layer - 1]
        if (bend := p.relative_bends[layer - 1]) is not None:
            delta_dot.addcmul_(bend, a_dot)


def _forward(p: Pass, v: tuple[Tensor, ...]) -> tuple[list[Tensor], Tensor]:
    """ȧₗ of the hidden layers, and ḟ class by class."""
    a_dots: list[Tensor] = []
    for layer, room in enumerate(p.room):
        z_dot = torch.matmul(p.inputs[layer], v[layer].mT, out=room[0])
        if layer:
            add_product(z_dot, a_dots[-1], p.weights[layer].mT)
        a_dots.append(z_dot.mul_(p.slopes[layer]))
    f_dot = v[-1] @ p.inputs[-1].mT
    if a_dots:
        add_product(f_dot, p.weights[-1], a_dots[-1].mT)
    return a_dots, f_dot


def _output_curvature(p: Pass, f_dot: Tensor) -> Tensor:
    if p.probabilities is None:
        return f_dot.mul_(p.scale)
    weighted = f_dot.mul_(p.probabilities).mul_(p.scale)
    return weighted.addcmul_(p.probabilities, weighted.sum(-2, keepdim=True), value=-1)


def add_product(total: Tensor, left: Tensor, right: Tensor) -> None:
    """``total += left @ right`` without a temporary; with a leading dimension R, run by run."""
    if total.ndim == 2:
        total.addmm_(left, right)
    else:
        total.baddbmm_(left, right.expand(len(total), -1, -1))
