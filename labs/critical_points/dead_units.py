"""Critical points of a network made of those of a smaller one: dead units, and the ways down that they open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from labs.inputs import integer
from labs.losses import Risk
from labs.models import MLP

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = ["dead_unit_pulls", "embed", "predicted_index"]

THROUGH_ZERO = ("tanh", "linear")
"""Activations with φ(0) = 0 and φ′(0) = 1, smooth there."""


def embed(model: MLP, theta: Float[Tensor, "*runs P"], num_units: int) -> Float[Tensor, "*runs Q"]:
    """θ of the network with more hidden units, all of whose weights, in and out, are 0 for the new ones.

    A dead unit says 0 and hears nothing: the function, the loss and the decay are those of the smaller network. With
    φ(0) = 0 the derivative by its outgoing weights vanishes, with outgoing weights 0 that by its incoming ones does: a
    critical point of the smaller network is one of the larger.

    Args:
        model: The smaller network, with one hidden layer of tanh or linear units.
        theta: Its parameters, ``(…, P)``.
        num_units: Hidden units of the larger one, at least as many.

    Returns:
        Parameters for ``MLP((d, num_units, C), …)``.

    Raises:
        ValueError: when the network has not one hidden layer, φ(0) ≠ 0, φ has a kink at 0, or there are fewer units.

    References:
        Fukumizu and Amari (2000), Local minima and plateaus in hierarchical structures of multilayer perceptrons.

    Example:
        >>> embed(MLP((1, 1, 1), bias=False), torch.tensor([2.0, 3.0]), 2)
        tensor([2., 0., 3., 0.])
    """
    d, k, num_outputs = _sizes(model)
    if integer("num_units", num_units) < k:
        raise ValueError(f"num_units must be at least the {k} there are, got {num_units}")
    inward, outward = model.matrices(theta)
    rows = theta.new_zeros(*theta.shape[:-1], num_units - k, d + model.bias)
    columns = theta.new_zeros(*theta.shape[:-1], num_outputs, num_units - k)
    inward = torch.cat((inward, rows), -2)
    outward = torch.cat((outward[..., :k], columns, outward[..., k:]), -1)
    return torch.cat((inward.flatten(-2), outward.flatten(-2)), -1)


def dead_unit_pulls(risk: Risk, theta: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs min_C_d"]:
    """The singular values of M = E[r x̃ᵀ], falling: how strongly a dead unit is pulled into life.

    r = ∂L/∂f is the error signal of an example and x̃ its input with the bias's 1. Expanded around a dead unit the risk
    is λ/2(‖w_in‖² + ‖w_out‖²) + w_outᵀ M w_in, with nothing that mixes it and the other units. So the Hessian there
    has the eigenvalues λ ± σᵢ, and λ for the remaining directions: a way down for each σᵢ > λ.

    Args:
        risk: Of a network with one hidden layer of tanh or linear units; its weight decay is not used here.
        theta: ``(…, P)``.

    Raises:
        ValueError: when the network has not one hidden layer, or φ does not go smoothly through 0.

    Example:
        >>> x, y = torch.tensor([[1.0], [-1.0]]), torch.tensor([[3.0], [-3.0]])
        >>> dead_unit_pulls(Risk(MLP((1, 1, 1), bias=False), x, y, "squared_error"), torch.zeros(2))
        tensor([3.])
    """
    _sizes(risk.model)
    outputs = risk.model(theta.detach(), risk.x).requires_grad_()
    losses = Risk(lambda _, x: outputs, risk.x, risk.y, risk.loss).per_example(theta)
    (signals,) = torch.autograd.grad(losses.sum(), outputs)
    x = risk.x
    if risk.model.bias:
        x = torch.cat((x, torch.ones_like(x[..., :1])), -1)
    return torch.linalg.svdvals(signals.mT @ x / x.shape[-2])


def predicted_index(risk: Risk, theta: Float[Tensor, "*runs P"], num_units: int) -> Int[Tensor, "*runs"]:
    """The index of a minimum of a smaller network as a point of the larger one: (n − k)·#{σᵢ > λ}.

    Each of the n − k dead units opens a way down for each pull σᵢ (``dead_unit_pulls``) above the weight decay λ.

    Args:
        risk: Of the smaller network, with k hidden units.
        theta: A minimum of it, ``(…, P)``; that it is one is not checked.
        num_units: n ≥ k.

    Raises:
        ValueError: as ``embed`` and ``dead_unit_pulls``.

    Example:
        >>> x, y = torch.tensor([[1.0], [-1.0]]), torch.tensor([[3.0], [-3.0]])
        >>> risk = Risk(MLP((1, 1, 1), bias=False), x, y, "squared_error", weight_decay=5.0)
        >>> predicted_index(risk, torch.zeros(2), 4)
        tensor(0)
    """
    _, k, _ = _sizes(risk.model)
    if integer("num_units", num_units) < k:
        raise ValueError(f"num_units must be at least the {k} there are, got {num_units}")
    return (num_units - k) * (dead_unit_pulls(risk, theta) > risk.weight_decay).sum(-1)


def _sizes(model: MLP) -> tuple[int, int, int]:
    if not isinstance(model, MLP) or len(model.sizes) != 3:
        raise ValueError(f"model must be a labs.models.MLP with one hidden layer, such as (16, 3, 5), got {model!r}")
    if model.activation not in THROUGH_ZERO:
        raise ValueError(f"units must go smoothly through 0, such as tanh, got {model}; others have no dead unit")
    d, k, num_outputs = model.sizes
    return d, k, num_outputs
