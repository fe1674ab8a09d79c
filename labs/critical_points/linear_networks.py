"""Plateaus in closed form: how a linear network with a hidden layer learns one mode after the other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from labs.inputs import finite, positive
from labs.models import MLP

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["aligned_start", "mode_strength", "plateau_time"]


def mode_strength(time: Float[Tensor, " T"], target: Float[Tensor, " K"], start: float) -> Float[Tensor, "T K"]:
    """How strong each mode of a linear network with a hidden layer is after gradient flow for some time.

    With whitened inputs and ½ squared error the product of the two weights of a mode follows du/dt = 2u(s − u), where
    s is a singular value of E[yxᵀ]. So u(t) = s/(1 + (s/u₀ − 1)e^{−2st}): nothing seems to happen, then it rises in a
    time of about 2/s, the strong modes first. Descent with rate η follows it at t = η · step.

    Args:
        time: t ≥ 0.
        target: s > 0 of each mode.
        start: u₀ > 0, the strength at t = 0 of every mode.

    Returns:
        ``(T, K)``.

    Raises:
        ValueError: when something is not positive and finite.

    References:
        Saxe, McClelland and Ganguli (2014), Exact solutions to the nonlinear dynamics of learning in deep linear neural
        networks, with their τ = 1; the equation above is theirs, and its solution is checked by putting it in.

    Example:
        >>> mode_strength(torch.tensor([0.0, 100.0]), torch.tensor([1.0]), 0.01).flatten()
        tensor([0.0100, 1.0000])
    """
    _positive_entries("target", target)
    if bool((finite("time", time) < 0).any()):
        raise ValueError(f"time must be at least 0, got {float(time.min())}")
    behind = target / positive("start", start) - 1
    return target / (1 + behind * torch.exp(-2 * target * time.unsqueeze(-1)))


def plateau_time(target: Float[Tensor, " K"], start: float, share: float = 0.5) -> Float[Tensor, " K"]:
    """When a mode has learned this share of its target: log((s/u₀ − 1) · share/(1 − share))/(2s).

    The wait grows with log(1/u₀), as every escape from a saddle does, and with 1/s: weak modes wait long.

    Args:
        target: s > 0 of each mode.
        start: u₀, between 0 and share · s.
        share: Between 0 and 1.

    Raises:
        ValueError: when something is out of its range.

    References:
        Saxe, McClelland and Ganguli (2014): ``mode_strength`` solved for t.

    Example:
        >>> plateau_time(torch.tensor([1.0, 0.5]), 0.25, 0.75)
        tensor([1.0986, 1.0986])
    """
    _positive_entries("target", target)
    if not 0 < positive("share", share) < 1:
        raise ValueError(f"share must lie between 0 and 1, got {share}")
    if positive("start", start) >= share * float(target.min()):
        raise ValueError(f"start must be below {share} of the smallest target, {float(target.min())}, got {start}")
    return ((target / start - 1) * (share / (1 - share))).log() / (2 * target)


def aligned_start(model: MLP, correlation: Float[Tensor, "C d"], start: float) -> Float[Tensor, " P"]:
    """θ of a linear network whose modes are those of E[yxᵀ] = U S Vᵀ, balanced, all of strength u₀.

    W₁ = √u₀ (V…)ᵀ and W₂ = √u₀ (U…), with as many modes as there are hidden units, the strongest first: each mode then
    has a hidden unit of its own, and they never mix.

    Args:
        model: ``MLP((d, k, C), "linear", bias=False)``.
        correlation: E[yxᵀ], ``(C, d)``.
        start: u₀ > 0.

    Raises:
        ValueError: when the model is another, or the sizes do not fit.

    Example:
        >>> theta = aligned_start(MLP((2, 1, 1), "linear", bias=False), torch.tensor([[3.0, 0.0]]), 0.25)
        >>> theta.abs()
        tensor([0.5000, 0.0000, 0.5000])
    """
    if not isinstance(model, MLP) or len(model.sizes) != 3 or model.activation != "linear" or model.bias:
        raise ValueError(f'model must be MLP((d, k, C), "linear", bias=False), got {model!r}')
    d, k, num_outputs = model.sizes
    if finite("correlation", correlation).shape != (num_outputs, d) or k > min(d, num_outputs):
        raise ValueError(f"correlation must be ({num_outputs}, {d}) and k ≤ both, got {tuple(correlation.shape)}, {k}")
    u, _, v = torch.linalg.svd(correlation, full_matrices=False)
    scale = math.sqrt(positive("start", start))
    return scale * torch.cat((v[:k].flatten(), u[:, :k].flatten()))


def _positive_entries(name: str, tensor: Tensor) -> None:
    if bool((finite(name, tensor) <= 0).any()):
        raise ValueError(f"{name} must be above 0 everywhere, got {tensor.tolist()}")
