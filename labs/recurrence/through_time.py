"""Gradients through time: the Jacobians of a recurrent network's steps, and the gradient's size by distance."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from labs.inputs import chosen
from labs.losses import LOSSES
from labs.models import RNN

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["gradient_norms", "state_jacobians", "stretch"]

SLOPES: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": lambda h: 1 - h * h,
    "relu": lambda h: (h > 0).to(h.dtype),
    "sigmoid": lambda h: h * (1 - h),
    "linear": torch.ones_like,
}
"""φ′ as a function of the state h = φ(z)."""


def state_jacobians(
    model: RNN, theta: Float[Tensor, "*runs P"], x: Float[Tensor, "*runs N T d"]
) -> Float[Tensor, "T *runs N H H"]:
    """Jₜ = ∂hₜ/∂hₜ₋₁ = diag(φ′(hₜ)) W for t = 1 … T, along the states that the inputs lead through.

    The gradient goes backward through their transposes: ∂L/∂hₜ = Jₜ₊₁ᵀ ⋯ J_Tᵀ ∂L/∂h_T.

    Args:
        model: A ``labs.models.RNN``.
        theta: ``(P,)``, or ``(R, P)`` for R networks at once.
        x: Sequences ``(N, T, d)``, or ``(R, N, T, d)`` where each network has its own.

    Returns:
        ``(T, *runs, N, H, H)``: T · R · N · H² numbers.

    Raises:
        ValueError: when the model is another one, or ``theta`` or ``x`` does not fit.

    Example:
        >>> model = RNN(1, 1, 1, "linear")
        >>> state_jacobians(model, torch.tensor([0.5, 1.0, 0.0, 1.0, 0.0]), torch.ones(1, 2, 1)).flatten()
        tensor([0.5000, 0.5000])
    """
    if not isinstance(model, RNN):
        raise ValueError(f"model must be a labs.models.RNN, whose Jacobians are diag(φ′)W, got {model!r}")
    with torch.no_grad():
        states = torch.stack(model.states(theta, x))
        weight = model.matrices(theta)[0][..., : model.num_units]
        return SLOPES[model.activation](states).unsqueeze(-1) * weight.unsqueeze(-3)


def gradient_norms(
    model: Any,
    theta: Float[Tensor, "*runs P"],
    x: Float[Tensor, "*runs N T d"],
    y: Tensor,
    loss: str | Callable = "cross_entropy",
) -> Float[Tensor, "T *runs N"]:
    """‖∂Lᵢ/∂hₜ‖ for t = 1 … T and each example i: how much of the gradient arrives T − t steps before the end.

    This, and not the gradient by a step's weights, is what fades or grows: the latter is its product with the state,
    which may do the opposite.

    Args:
        model: A recurrent model: ``model.states(theta, x)`` returns its states h₁ … h_T, each a function of the one
            before, and ``model.read_out(theta, h_T)`` its outputs, as those of ``labs.models``.
        theta: ``(P,)``, or ``(R, P)`` for R networks at once.
        x: Sequences ``(N, T, d)``, or ``(R, N, T, d)``.
        y: Targets of the last outputs, ``(N, …)``, or ``(R, N, …)``.
        loss: A name in ``labs.losses.LOSSES`` or a function (outputs, targets) -> loss of each example.

    Raises:
        ValueError: when the model has no states, the loss is unknown, or something does not fit.

    Example:
        >>> model, theta = RNN(1, 1, 1, "linear"), torch.tensor([0.5, 1.0, 0.0, 1.0, 0.0])
        >>> gradient_norms(model, theta, torch.ones(1, 3, 1), torch.zeros(1, 1), "squared_error").flatten()
        tensor([0.4375, 0.8750, 1.7500])
    """
    if not hasattr(model, "states") or not hasattr(model, "read_out"):
        raise ValueError(
            f"model must have states(theta, x) and read_out(theta, state), as labs.models.RNN; got {model!r}"
        )
    if isinstance(loss, str):
        loss = LOSSES[chosen("loss", loss, LOSSES)]
    with torch.enable_grad():
        leaf = theta.detach().requires_grad_()
        states = model.states(leaf, x)
        outputs = model.read_out(leaf, states[-1])
        own = y.ndim > 0 and outputs.ndim == 3 and y.shape[:2] == outputs.shape[:2]
        targets = y if own or outputs.ndim == 2 else y.expand(len(outputs), *y.shape)
        grads = torch.autograd.grad(loss(outputs, targets).sum(), states)
    return torch.stack([grad.norm(dim=-1) for grad in grads])


def stretch(jacobians: Float[Tensor, "*batch n n"]) -> Float[Tensor, "*batch"]:
    """½ ln(‖J‖_F²/n): the logarithm of the root mean square factor by which J stretches a vector of random direction.

    For u uniform on the sphere, E‖Ju‖² = ‖J‖_F²/n, and the same for Jᵀ. Its mean over the steps of a sequence is the
    slope to expect of ln‖∂L/∂hₜ‖ against distance, as long as the gradient has no preferred direction: right for
    Gaussian weights and many units, wrong where one direction outlives the others.

    Raises:
        ValueError: when the matrices are not square and floating-point.

    References:
        Poole, Lahiri, Raghu, Sohl-Dickstein and Ganguli (2016), Exponential expressivity in deep neural networks
        through transient chaos: for J = diag(φ′)W with Gaussian W it is ½ ln χ₁ of their mean field theory.

    Example:
        >>> stretch(3 * torch.eye(4)).exp()
        tensor(3.)
    """
    if not jacobians.is_floating_point() or jacobians.ndim < 2 or jacobians.shape[-1] != jacobians.shape[-2]:
        raise ValueError(
            f"jacobians must be floating-point of shape (…, n, n), got {jacobians.dtype} of {tuple(jacobians.shape)}"
        )
    return torch.linalg.matrix_norm(jacobians).div(jacobians.shape[-1] ** 0.5).log()
