"""Backpropagation through time, cut short: what each time step adds to the gradient, and the last steps alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from labs.inputs import chosen, integer
from labs.losses import LOSSES
from labs.models import RNN
from labs.models.layout import ACTIVATIONS
from labs.recurrence.through_time import SLOPES

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["gradients_by_step", "truncated_gradient"]


def gradients_by_step(
    model: RNN,
    theta: Float[Tensor, "*runs P"],
    x: Float[Tensor, "*runs N T d"],
    y: Tensor,
    loss: str | Callable = "cross_entropy",
) -> Float[Tensor, "T *runs P"]:
    """What each time step adds to ∇J: the derivative by the copy of the weights that is used at step t alone.

    With zₜ the pre-activations of step t, it is Σ_examples (∂J/∂zₜ)(hₜ₋₁, xₜ, 1)ᵀ. The sum over t is ∇J, and that over
    the last k steps is the gradient that backpropagation through time gives when it is cut after k steps. The weights
    of the read-out are used at the last step only.

    Args:
        model: A ``labs.models.RNN``.
        theta: ``(P,)``, or ``(R, P)`` for R networks at once.
        x: Sequences ``(N, T, d)``, or ``(R, N, T, d)`` where each network has its own.
        y: Targets of the last outputs, ``(N, …)``, or ``(R, N, …)``.
        loss: A name in ``labs.losses.LOSSES`` or a function (outputs, targets) -> loss of each example.

    Returns:
        ``(T, *runs, P)``: T · R · P numbers.

    Raises:
        ValueError: when the model is another one, the loss is unknown, or something does not fit.

    References:
        Williams and Peng (1990), An efficient gradient-based algorithm for on-line training of recurrent network
        trajectories.

    Example:
        >>> model, theta = RNN(1, 1, 1, "linear"), torch.tensor([0.5, 1.0, 0.0, 1.0, 0.0])
        >>> gradients_by_step(model, theta, torch.ones(1, 2, 1), torch.zeros(1, 1), "squared_error")
        tensor([[0.0000, 0.7500, 0.7500, 0.0000, 0.0000],
                [1.5000, 1.5000, 1.5000, 2.2500, 1.5000]])
    """
    _checked(model)
    with torch.enable_grad():
        leaf = theta.detach().requires_grad_()
        states = model.states(leaf, x)
        total = _mean_loss(model.read_out(leaf, states[-1]), y, loss).sum()
        *by_state, direct = torch.autograd.grad(total, [*states, leaf])
    states, split = [state.detach() for state in states], model.shapes[0][0] * model.shapes[0][1]
    inputs = x if x.ndim == states[0].ndim + 1 else x.expand(*states[0].shape[:-2], *x.shape)
    parts, before = [], torch.zeros_like(states[0])
    for t, (state, by_this) in enumerate(zip(states, by_state, strict=True)):
        delta = by_this * SLOPES[model.activation](state)
        fed = torch.cat([before, inputs[..., t, :], torch.ones_like(state[..., :1])], -1)
        parts.append(torch.nn.functional.pad((delta.mT @ fed).flatten(-2), (0, model.num_parameters - split)))
        before = state
    parts[-1][..., split:] = direct[..., split:]
    return torch.stack(parts)


def truncated_gradient(
    model: RNN,
    theta: Float[Tensor, "*runs P"],
    x: Float[Tensor, "*runs N T d"],
    y: Tensor,
    num_steps: int,
    loss: str | Callable = "cross_entropy",
) -> Float[Tensor, "*runs P"]:
    """The gradient by the last ``num_steps`` time steps: the state before them counts as given.

    It costs the backward pass of so many steps only, and keeps no states of earlier ones. With ``num_steps`` = T it is
    ∇J.

    Args:
        model: A ``labs.models.RNN``.
        theta: ``(P,)``, or ``(R, P)`` for R networks at once.
        x: Sequences ``(N, T, d)``, or ``(R, N, T, d)`` where each network has its own.
        y: Targets of the last outputs.
        num_steps: k, from 1 to T.
        loss: As in ``gradients_by_step``.

    Raises:
        ValueError: as there, and for k outside 1 … T.

    Example:
        >>> model, theta = RNN(1, 1, 1, "linear"), torch.tensor([0.5, 1.0, 0.0, 1.0, 0.0])
        >>> truncated_gradient(model, theta, torch.ones(1, 2, 1), torch.zeros(1, 1), 1, "squared_error")
        tensor([1.5000, 1.5000, 1.5000, 2.2500, 1.5000])
    """
    _checked(model)
    length = x.shape[-2]
    if integer("num_steps", num_steps) > length:
        raise ValueError(f"num_steps must be at most {length}, the length of the sequences, got {num_steps}")
    first = length - num_steps
    with torch.no_grad():
        state = model.states(theta, x[..., :first, :])[-1] if first else None
    with torch.enable_grad():
        leaf = theta.detach().requires_grad_()
        outputs = model.read_out(leaf, _continued(model, leaf, x[..., first:, :], state))
        return torch.autograd.grad(_mean_loss(outputs, y, loss).sum(), leaf)[0]


def _continued(model: RNN, theta: Tensor, x: Tensor, state: Tensor | None) -> Tensor:
    """The last state from ``state`` on, or from the beginning."""
    if state is None:
        return model.states(theta, x)[-1]
    recurrent, units = model.matrices(theta)[0], model.num_units
    model._check(theta, x, ("T", model.num_inputs))
    driven = x @ recurrent[..., units:-1].mT.unsqueeze(-3) + recurrent[..., -1][..., None, None, :]
    for drive in driven.unbind(-2):
        state = ACTIVATIONS[model.activation](state @ recurrent[..., :units].mT + drive)
    return state


def _mean_loss(outputs: Tensor, y: Tensor, loss: str | Callable) -> Float[Tensor, "*runs"]:
    """J of each run."""
    if isinstance(loss, str):
        loss = LOSSES[chosen("loss", loss, LOSSES)]
    own = y.ndim > 0 and outputs.ndim == 3 and y.shape[:2] == outputs.shape[:2]
    return loss(outputs, y if own or outputs.ndim == 2 else y.expand(len(outputs), *y.shape)).mean(-1)


def _checked(model: RNN) -> None:
    if not isinstance(model, RNN):
        raise ValueError(f"model must be a labs.models.RNN, whose steps can be told apart, got {model!r}")
