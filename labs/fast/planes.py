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
from labs.fast.passes import UNITS, affine, at_once, blocks, layers, top
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
    for x, y in blocks(risk, axes[0], 6 * sum(risk.model.sizes)):
        total += _summed_losses(risk, axes, alphas, betas, x, y)
    return (total / len(risk.x) + _decay(risk, axes, alphas, betas)).to(axes)


def _summed_losses(risk: Risk, axes: Tensor, alphas: Tensor, betas: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Σᵢ L at all points, for the examples (x, y)."""
    model, table = risk.model, x.new_empty(len(alphas), len(betas))
    z_c, z_u, z_v = (affine(x, layers(model, axis)[0]) for axis in axes)
    room = [x.new_empty(len(x), n) for n in model.sizes[1:-1]]
    points = at_once(axes, model.num_parameters + 3 * model.sizes[-1] * len(x))
    for i, alpha in enumerate(tqdm(alphas.tolist(), desc="landscape", delay=1, leave=False)):
        z_row, row = z_c + alpha * z_u, axes[0] + alpha * axes[1]
        for some, losses in zip(betas.split(points), table[i].split(points), strict=True):
            later = layers(model, torch.addcmul(row, some[:, None], axes[2]))[1:]
            outputs = x.new_empty(model.sizes[-1], len(some), len(x))
            for j, beta in enumerate(some.tolist()):
                here = [[part[j] for part in layer] for layer in later]
                _forward(model, z_row, beta, z_v, here, [*room, outputs[:, j]])
            losses.copy_(_losses(risk, outputs, y).sum(-1))
    return table.cpu().double()


def _forward(model: MLP, z: Tensor, beta: float, z_v: Tensor, later: list, room: list[Tensor]) -> None:
    """From z₁ = z + β z_v through the later layers' (W, b): all hidden layers and the outputs f go into ``room``."""
    if not later:
        torch.add(z.mT, z_v.mT, alpha=beta, out=room[0])
        return
    phi = UNITS[model.activation]
    a = phi(torch.add(z, z_v, alpha=beta, out=room[0]))
    for layer, out in zip(later[:-1], room[1:-1], strict=True):
        a = phi(affine(a, layer, out))
    top(a, later[-1], room[-1])


def _losses(risk: Risk, f: Float[Tensor, "C points N"], y: Tensor) -> Float[Tensor, "points N"]:
    if risk.loss == "squared_error":
        return 0.5 * (f - y.mT.unsqueeze(1)).square().sum(0)
    return -f.log_softmax(0).gather(0, y.expand(1, *f.shape[1:])).squeeze(0)


def _decay(risk: Risk, axes: Tensor, alphas: Tensor, betas: Tensor) -> Tensor:
    axes, alphas, betas = (part.cpu().double() for part in (axes, alphas, betas))
    gram = axes @ axes.mT
    one = torch.ones(len(alphas), len(betas), dtype=torch.float64)
    point = torch.stack((one, alphas[:, None] * one, betas * one), dim=-1)
    return 0.5 * risk.weight_decay * ((point @ gram) * point).sum(-1)
