r"""The risk on a plane θ(α, β) = c + α u + β v: the first layer, once for all points.

The pre-activations of the first layer are linear in θ, hence in the coordinates:

    z₁(α, β) = W̃₁(c) x̃ + α W̃₁(u) x̃ + β W̃₁(v) x̃

Three products cover the plane; a point then begins at z₁ with one addition. Weight decay is the quadratic form
½λ (1, α, β) G (1, α, β)ᵀ with G the scalar products of c, u, v.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from labs.bars import tqdm
from labs.fast.passes import activate, columns, hidden
from labs.losses import Risk
from labs.models import MLP

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["risk_on_plane"]


@torch.no_grad()
def risk_on_plane(
    risk: Risk, axes: Float[Tensor, "3 P"], alphas: Float[Tensor, " A"], betas: Float[Tensor, " B"]
) -> Float[Tensor, "A B"]:
    """J(c + α u + β v) for all α and β; the rows of ``axes`` are c, u, v."""
    total = torch.zeros(len(alphas), len(betas), dtype=torch.float64)
    for x, y in columns(risk, axes[0], 6 * sum(risk.model.sizes)):
        total += _summed_losses(risk, axes, alphas, betas, x, y)
    return (total / len(risk.x) + _decay(risk, axes, alphas, betas)).to(axes)


def _summed_losses(risk: Risk, axes: Tensor, alphas: Tensor, betas: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Σᵢ L at all points, for the examples (x̃, y)."""
    model, (first, *later) = risk.model, risk.model.matrices(axes)
    z_c, z_u, z_v = first @ x
    buffers = [x.new_empty(n + model.bias, x.shape[-1]) for n in model.sizes[1:-1]]
    table = x.new_empty(len(alphas), len(betas))
    for i, alpha in enumerate(tqdm(alphas.tolist(), desc="landscape", delay=1, leave=False)):
        z_row, row = z_c + alpha * z_u, [m[0] + alpha * m[1] for m in later]
        for j, beta in enumerate(betas.tolist()):
            matrices = [m.add(n[2], alpha=beta) for m, n in zip(row, later, strict=True)]
            table[i, j] = _loss(risk, _outputs(risk.model, z_row, beta, z_v, matrices, buffers), y)
    return table.double().cpu()


def _outputs(model: MLP, z: Tensor, beta: float, z_v: Tensor, matrices: list[Tensor], buffers: list[Tensor]) -> Tensor:
    """f for z₁ = z + β z_v and the later layers' W̃; the hidden layers are written into ``buffers``."""
    if not matrices:
        return z.add(z_v, alpha=beta)
    torch.add(z, z_v, alpha=beta, out=buffers[0][: len(z)])
    a = activate(model, buffers[0])
    for matrix, buffer in zip(matrices[:-1], buffers[1:], strict=True):
        a = hidden(model, matrix, a, out=buffer)
    return matrices[-1] @ a


def _loss(risk: Risk, f: Tensor, y: Tensor) -> Tensor:
    """Σᵢ L."""
    if risk.loss == "squared_error":
        return 0.5 * (f - y).square().sum()
    largest = f.amax(0)
    log_sums = (f - largest).exp_().sum(0).log_() + largest
    return (log_sums - f.gather(0, y.unsqueeze(0)).squeeze(0)).sum()


def _decay(risk: Risk, axes: Tensor, alphas: Tensor, betas: Tensor) -> Tensor:
    gram = axes.double() @ axes.double().mT
    one = torch.ones(len(alphas), len(betas), dtype=torch.float64)
    point = torch.stack((one, alphas.double().cpu()[:, None] * one, betas.double().cpu() * one), dim=-1)
    return 0.5 * risk.weight_decay * ((point @ gram.cpu()) * point).sum(-1)
