"""Contrastive divergence held against the exact gradient, on Boltzmann machines whose states can be listed.

The gradient of the mean log-likelihood is E_data[s] − E_model[s] with s(v) = −∂F/∂θ. CD-k puts in place of the model's
distribution π what k steps of Gibbs sampling make of the data's, p₀Tᵏ. Here that is a product of matrices, so that what
is measured is CD's bias alone, without the noise of its samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from labs.inputs import integer
from labs.models import RBM

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["contrastive_divergence", "divergence_bound", "gibbs_matrix", "likelihood_gradient", "second_eigenvalue"]


def gibbs_matrix(model: RBM, theta: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs S S"]:
    """T, with T[v, v′] = Σₕ p(h | v) p(v′ | h) for all S = 2^V visible states: one step of Gibbs sampling.

    Its rows sum to 1, and π T = π for the model's distribution π.

    Raises:
        ValueError: when the model is another one or ``theta`` does not fit.

    Example:
        >>> gibbs_matrix(RBM(1, 1), torch.zeros(3))
        tensor([[0.5000, 0.5000],
                [0.5000, 0.5000]])
    """
    if not isinstance(model, RBM):
        raise ValueError(f"model must be a labs.models.RBM, whose states can be listed, got {model!r}")
    visible, hidden = model.states().to(theta), model.states("hidden").to(theta)
    up = _product(model.hidden_probabilities(theta, visible), hidden)
    down = _product(model.visible_probabilities(theta, hidden), visible)
    return up @ down


def _product(on: Float[Tensor, "*runs N units"], states: Float[Tensor, "S units"]) -> Float[Tensor, "*runs N S"]:
    """The probability of each state of independent units that are on with these probabilities."""
    on, states = on.unsqueeze(-2), states.expand(*on.shape[:-1], *states.shape)
    return torch.where(states > 0, on, 1 - on).prod(-1)


def second_eigenvalue(model: RBM, theta: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs"]:
    """λ₂, the largest eigenvalue of the Gibbs chain but 1: by this factor, in the end, k + 1 steps are better than k.

    T is reversible: with D = diag π, D^½ T D^(−½) is symmetric, and has no negative eigenvalue, for it is A Aᵀ with
    A[v, h] = √(p(h | v) p(v | h)). Computed in float64 on the CPU; the result is like θ.

    Raises:
        ValueError: when ``theta`` does not fit.

    Example:
        >>> round(second_eigenvalue(RBM(1, 1), torch.zeros(3)).item(), 6)
        0.0
    """
    wide = theta.detach().cpu().double()
    chain, root = gibbs_matrix(model, wide), _equilibrium(model, wide).sqrt()
    symmetric = root.unsqueeze(-1) * chain / root.unsqueeze(-2)
    return torch.linalg.eigvalsh((symmetric + symmetric.mT) / 2)[..., -2].clamp_min(0).to(theta)


def likelihood_gradient(
    model: RBM, theta: Float[Tensor, "*runs P"], v: Float[Tensor, "N V"]
) -> Float[Tensor, "*runs P"]:
    """The gradient of the mean log-likelihood of the examples, exactly: E_data[s] − E_π[s].

    Raises:
        ValueError: when ``theta`` does not fit, or the examples are not rows of zeros and ones.
    """
    return _expected(model, theta, _data_distribution(model, theta, v) - _equilibrium(model, theta))


def contrastive_divergence(
    model: RBM, theta: Float[Tensor, "*runs P"], v: Float[Tensor, "N V"], num_steps: int
) -> Float[Tensor, "*runs P"]:
    """The expectation of the CD-k estimate of that gradient: E_data[s] − E_{p₀Tᵏ}[s].

    Args:
        model: The machine.
        theta: ``(P,)``, or ``(R, P)`` for R machines at once.
        v: Examples, zeros and ones, the same for all machines.
        num_steps: k ≥ 1.

    Raises:
        ValueError: as ``likelihood_gradient``, and for k below 1.

    References:
        Hinton (2002), Training products of experts by minimizing contrastive divergence.
    """
    data, chain = _data_distribution(model, theta, v), gibbs_matrix(model, theta)
    moved = data.expand(*theta.shape[:-1], 1, data.shape[-1])
    for _ in range(integer("num_steps", num_steps)):
        moved = moved @ chain
    return _expected(model, theta, data - moved.squeeze(-2))


def divergence_bound(
    model: RBM, theta: Float[Tensor, "*runs P"], v: Float[Tensor, "N V"], num_steps: int
) -> Float[Tensor, "*runs P"]:
    """A bound on the bias of each component of CD-k: λ₂ᵏ χ sd_π(s), χ² = Σ_v p₀(v)²/π(v) − 1.

    The bias is Σ_v π(v) (p₀Tᵏ/π − 1)(v) (s − E_π s)(v). By Cauchy and Schwarz it is at most the product of the two
    lengths in L²(π); and T, reversible, shrinks p₀/π − 1, which is orthogonal to the constants, by λ₂ at least.

    Returns:
        ``(*runs, P)``, computed in float64 on the CPU, like θ.

    Raises:
        ValueError: as ``contrastive_divergence``.

    References:
        Levin and Peres (2017), Markov Chains and Mixing Times, chapter 12. Fischer and Igel (2011) bound the bias
        without an eigenvalue.
    """
    wide = theta.detach().cpu().double()
    data, pi = _data_distribution(model, wide, v.detach().cpu().double()), _equilibrium(model, wide)
    chi = ((data.square() / pi).sum(-1) - 1).clamp_min(0).sqrt()
    values = _statistics(model, wide)
    mean = (pi.unsqueeze(-2) @ values).squeeze(-2)
    sd = (pi.unsqueeze(-2) @ (values - mean.unsqueeze(-2)).square()).squeeze(-2).sqrt()
    factor = second_eigenvalue(model, wide) ** integer("num_steps", num_steps)
    return ((factor * chi).unsqueeze(-1) * sd).to(theta)


def _statistics(model: RBM, theta: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs S P"]:
    """s(v) = −∂F/∂θ = (v pᵀ, v, p) with p = p(h = 1 | v), for all visible states."""
    on = model.hidden_probabilities(theta, model.states().to(theta))
    visible = model.states().to(theta).expand(*on.shape[:-1], model.num_visible)
    return torch.cat([(visible.unsqueeze(-1) * on.unsqueeze(-2)).flatten(-2), visible, on], -1)


def _expected(model: RBM, theta: Tensor, weights: Float[Tensor, "*runs S"]) -> Float[Tensor, "*runs P"]:
    return (weights.unsqueeze(-2) @ _statistics(model, theta)).squeeze(-2)


def _equilibrium(model: RBM, theta: Tensor) -> Float[Tensor, "*runs S"]:
    """π, the model's own distribution over its visible states."""
    return torch.softmax(-model.free_energy(theta, model.states().to(theta)), -1)


def _data_distribution(model: RBM, theta: Tensor, v: Tensor) -> Float[Tensor, " S"]:
    """p₀, the share of each visible state among the examples."""
    if v.ndim != 2 or v.shape[-1] != model.num_visible or not len(v) or not ((v == 0) | (v == 1)).all():
        raise ValueError(
            f"v must be examples of shape (N, {model.num_visible}) of zeros and ones, got {tuple(v.shape)}; "
            "binarise them, e.g. with (x > 0.5).to(x.dtype)"
        )
    powers = 2 ** torch.arange(model.num_visible - 1, -1, -1)
    places = (v.detach().cpu().long() * powers).sum(-1)
    return (torch.bincount(places, minlength=2**model.num_visible).double() / len(v)).to(theta.dtype).to(theta.device)
