"""The gradient step by step against autograd with a copy of the weights for each step."""

from __future__ import annotations

import pytest
import torch

from labs.losses import LOSSES
from labs.models import LSTM, RNN
from labs.recurrence import gradients_by_step, truncated_gradient

R, N, T, D, H, C = 3, 4, 5, 2, 4, 3


def problem(model: RNN, runs: int | None = R, own: bool = False, dtype: torch.dtype = torch.float64):
    source = torch.Generator().manual_seed(0)
    theta = model.init(source, runs, dtype=dtype, device="cpu")
    theta = theta + 0.1 * torch.randn(theta.shape, generator=source, dtype=torch.float64).to(dtype)
    lead = (R,) if own else ()
    x = torch.randn(*lead, N, T, D, generator=source, dtype=torch.float64).to(dtype)
    return theta, x, torch.randint(C, (*lead, N), generator=source)


def by_copies(model: RNN, theta: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Every step has a leaf of its own."""
    phi = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "linear": lambda z: z}[model.activation]
    copies, h = [theta.clone().requires_grad_() for _ in range(T)], torch.zeros(N, H, dtype=theta.dtype)
    for t, copy in enumerate(copies):
        recurrent = model.matrices(copy)[0]
        h = phi(h @ recurrent[:, :H].T + x[:, t] @ recurrent[:, H:-1].T + recurrent[:, -1])
    loss = LOSSES["cross_entropy"](model.read_out(copies[-1], h), y).mean()
    return torch.stack(torch.autograd.grad(loss, copies))


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
@pytest.mark.parametrize("own", [False, True])
def test_each_step_is_that_of_its_own_copy(activation, own):
    model = RNN(D, H, C, activation)
    theta, x, y = problem(model, own=own)
    found = gradients_by_step(model, theta, x, y)
    assert found.shape == (T, R, model.num_parameters)
    for run in range(R):
        expected = by_copies(model, theta[run], *((x[run], y[run]) if own else (x, y)))
        torch.testing.assert_close(found[:, run], expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("num_steps", [1, 2, T])
def test_the_last_steps_add_up_to_the_truncated_gradient(own, num_steps):
    model = RNN(D, H, C)
    theta, x, y = problem(model, own=own)
    found = truncated_gradient(model, theta, x, y, num_steps)
    torch.testing.assert_close(found, gradients_by_step(model, theta, x, y)[-num_steps:].sum(0))
    assert not theta.requires_grad


def test_one_network_alone_any_loss_and_single_precision():
    model = RNN(D, H, C)
    theta, x, _ = problem(model, runs=None, dtype=torch.float32)
    loss, y = lambda f, t: (f - t).square().sum(-1), torch.zeros(N, C)
    parts = gradients_by_step(model, theta, x, y, loss)
    leaf = theta.clone().requires_grad_()
    whole = torch.autograd.grad(loss(model(leaf, x), y).mean(), leaf)[0]
    assert parts.dtype == torch.float32
    torch.testing.assert_close(parts.sum(0), whole)
    torch.testing.assert_close(truncated_gradient(model, theta, x, y, T, loss), whole)


def test_what_does_not_fit_is_refused():
    model = RNN(D, H, C)
    theta, x, y = problem(model)
    for wrong in (0, T + 1, 1.5):
        with pytest.raises(ValueError, match=f"num_steps must be .*got {wrong}"):
            truncated_gradient(model, theta, x, y, wrong)
    gated = LSTM(D, H, C)
    for function in (gradients_by_step, lambda *a: truncated_gradient(*a, 2)):
        with pytest.raises(ValueError, match=r"must be a labs\.models\.RNN"):
            function(gated, theta, x, y)
        with pytest.raises(ValueError, match="x must have shape"):
            function(model, theta, x[..., :1], y)
    with pytest.raises(ValueError, match="unknown loss 'hing'"):
        gradients_by_step(model, theta, x, y, "hing")
