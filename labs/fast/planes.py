r"""The risk on a plane θ(α, β) = c + α u + β v: the first layer, once for all points.

The pre-activations of the first layer are linear in θ, hence in the coordinates:

    z₁(α, β) = W̃₁(c) x̃ + α W̃₁(u) x̃ + β W̃₁(v) x̃

Three products cover the plane; a point then begins at z₁ with one addition. Weight decay is the quadratic form
½λ (1, α, β) G (1, α, β)ᵀ with G the scalar products of c, u, v.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from tqdm.auto import tqdm

from labs.fast.passes import columns, with_ones
from labs.losses import Risk
from labs.models import ACTIVATIONS

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
    first, *later = risk.model.matrices(axes)
    z_c, z_u, z_v = first @ x
    rows = []
    for alpha in tqdm(alphas.tolist(), desc="landscape", delay=1, leave=False):
        z, matrices = z_c + alpha * z_u, [m[0] + alpha * m[1] for m in later]
        points = [
            (z.add(z_v, alpha=b), [m.add(n[2], alpha=b) for m, n in zip(matrices, later, strict=True)])
            for b in betas.tolist()
        ]
        rows.append(torch.stack([_summed_loss(risk, *point, y) for point in points]))
    return torch.stack(rows).double().cpu()


def _summed_loss(risk: Risk, z: Tensor, matrices: list[Tensor], y: Tensor) -> Tensor:
    """Σᵢ L from the first pre-activations on; overwrites z."""
    phi = ACTIVATIONS[risk.model.activation]
    for matrix in matrices:
        z = matrix @ with_ones(phi(z), risk.model.bias)
    if risk.loss == "squared_error":
        return 0.5 * (z - y).square().sum()
    largest = z.amax(0)
    log_sums = (z - largest).exp_().sum(0).log_() + largest
    return (log_sums - z.gather(0, y.unsqueeze(0)).squeeze(0)).sum()


def _decay(risk: Risk, axes: Tensor, alphas: Tensor, betas: Tensor) -> Tensor:
    gram = axes.double() @ axes.double().mT
    one = torch.ones(len(alphas), len(betas), dtype=torch.float64)
    point = torch.stack((one, alphas.double().cpu()[:, None] * one, betas.double().cpu() * one), dim=-1)
    return 0.5 * risk.weight_decay * ((point @ gram.cpu()) * point).sum(-1)
