r"""The exact trace of the Hessian: each example's pre-activation Hessians pushed backwards as low rank plus diagonal.

Let Hₗ = ∂²L/∂zₗ² for one example, all later layers included. As zₗ = W̃ₗ ãₗ₋₁ is linear in W̃ₗ, the block of H that
belongs to layer ℓ is Hₗ ⊗ ãₗ₋₁ ãₗ₋₁ᵀ, whose trace is ‖ãₗ₋₁‖² tr Hₗ. Only such blocks meet the diagonal, so

    tr H = (1/N) Σᵢ Σₗ ‖ãₗ₋₁‖² tr Hₗ  (+ λP for weight decay)

and the chain rule carries Hₗ one layer down, with D = diag φ′(zₗ₋₁):

    Hₗ₋₁ = D Wₗᵀ Hₗ Wₗ D + diag(φ″(zₗ₋₁) ∘ Wₗᵀ δₗ)

At the output softmax has H_L = diag(p) − p pᵀ, of rank C − 1. Its Cholesky factor B is known in closed form (Tanabe and
Sagae 1992, J. Roy. Statist. Soc. B 54): with the tails tⱼ = Σ_{i>j} pᵢ and rⱼ = √(pⱼ / (pⱼ + tⱼ)),

    Bⱼⱼ = √tⱼ rⱼ,    Bᵢⱼ = −pᵢ rⱼ / √tⱼ for i > j,    0 above

and the squared error has B = I. So Hₗ is a sum of terms F diag(s) Fᵀ, where F has few columns, plus a diagonal diag(d).
Going down, F becomes D Wᵀ F. Of the diagonal only the trace Σₙ φ′ₙ² Σⱼ dⱼ Wⱼₙ² is needed one layer down; below that it
is one more term, with F = D Wᵀ and s = d. No n × n matrix of an example is ever formed, and there is no sampling error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from labs.fast.passes import Pass, at_once, blocks, runs, squares
from labs.losses import Risk

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["exact_trace"]


class Term(NamedTuple):
    """F diag(s) Fᵀ of each example: F is ``(r, N, n)``, its columns in rows; s is ``(r, N)``, or None for ones."""

    factor: Tensor
    scales: Tensor | None


def exact_trace(risk: Risk, theta: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs"]:
    """tr H, one number a run."""
    if theta.ndim == 2:
        return torch.stack([exact_trace(*run) for run in runs(risk, theta)])
    total, sizes = torch.zeros_like(theta[0]), risk.model.sizes
    for x, y in blocks(risk, theta, 9 * sum(sizes) + 2 * sizes[-1] ** 2):
        total += _sum_over_examples(Pass(risk, theta, x, y), at_once(theta, _numbers(sizes)))
    return total / len(risk.x) + risk.weight_decay * theta.numel()


def _numbers(sizes: tuple[int, ...]) -> int:
    """Numbers that an example's terms need: the widest layer times all columns that may reach it, twice."""
    return 2 * max(sizes[1:]) * (sizes[-1] + sum(sizes[3:-1]))


def _sum_over_examples(p: Pass, block: int) -> Tensor:
    """Σᵢ Σₗ ‖ãₗ₋₁‖² tr Hₗ: the part of the diagonals, and that of the terms, ``block`` examples at a time."""
    lengths, factor = [squares(a) for a in p.inputs], _output_factor(p)
    total = (lengths[-1] * (factor * factor).sum((0, 1))).sum() + _sum_of_diagonals(p, lengths)
    room: dict[tuple[int, int], Tensor] = {}  # for all blocks: fresh memory costs as much as a product
    for first in range(0, len(lengths[0]), block):
        total += _sum_of_terms(p, factor, lengths, slice(first, first + block), room)
    return total


def _sum_of_diagonals(p: Pass, lengths: list[Tensor]) -> Tensor:
    """The part of each layer's diag(d) in its own layer, and after one step down, where it is no diagonal any more."""
    total = lengths[0].new_zeros(())
    for layer, bend in enumerate(p.bends):
        if bend is None:
            continue
        total += (lengths[layer] * bend.sum(-1)).sum()
        if layer > 0:
            weight, phi_prime = p.weights[layer], p.slopes[layer - 1]
            total += (lengths[layer - 1] * (phi_prime * phi_prime * (bend @ (weight * weight))).sum(-1)).sum()
    return total


def _sum_of_terms(p: Pass, factor: Tensor, lengths: list[Tensor], rows: slice, room: dict) -> Tensor:
    """The part of the terms, from the last hidden layer to the first; a diagonal joins them two layers down."""
    terms, total = [Term(factor[..., rows].permute(1, 2, 0), None)], factor.new_zeros(())
    for layer in reversed(range(len(p.slopes))):
        weight, phi_prime = p.weights[layer + 1], p.slopes[layer][rows]
        terms = [_pushed(weight, term, phi_prime, room, (layer, k)) for k, term in enumerate(terms)]
        total += (lengths[layer][rows] * _trace(terms)).sum()
        above = p.bends[layer + 1] if layer + 1 < len(p.bends) else None
        if above is not None and layer > 0:
            terms.append(Term(weight.unsqueeze(1) * phi_prime, above[rows].mT))
    return total


def _output_factor(p: Pass) -> Float[Tensor, "C r N"]:
    """B of each example, with B Bᵀ = ∂²L/∂f²."""
    count, classes = p.deltas[-1].shape
    if p.probabilities is None:
        return torch.eye(classes).to(p.deltas[-1]).unsqueeze(-1).expand(-1, -1, count)
    below = torch.ones(classes, classes - 1).tril(-1).to(p.probabilities)
    tiny = torch.finfo(below.dtype).tiny  # a tail may underflow: then so does all that is divided by its root
    tails = below.mT @ p.probabilities
    ratios = (p.probabilities[:-1] / (p.probabilities[:-1] + tails).clamp_min(tiny)).sqrt_()
    roots = tails.clamp_min(tiny).sqrt_()
    factor = below.unsqueeze(-1) * -p.probabilities.unsqueeze(1) * (ratios / roots)
    factor.diagonal().copy_((ratios * roots).mT)
    return factor


def _pushed(weight: Tensor, term: Term, phi_prime: Tensor, room: dict, place: tuple[int, int]) -> Term:
    """The same with D Wᵀ F for F, all examples in one matrix product, written to its place in ``room``."""
    rows = term.factor.flatten(0, 1)
    if place not in room:
        room[place] = rows.new_empty(len(rows), weight.shape[1])
    product = torch.mm(rows, weight, out=room[place][: len(rows)])
    return Term(product.view(len(term.factor), *phi_prime.shape).mul_(phi_prime), term.scales)


def _trace(terms: list[Term]) -> Float[Tensor, " N"]:
    """Σ s F² over rows and columns of F, for each example."""
    sums = [(squares(term.factor), term.scales) for term in terms]
    return torch.stack([(s if scales is None else s * scales).sum(0) for s, scales in sums]).sum(0)
