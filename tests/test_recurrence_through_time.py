"""Gradients through time against autograd, finite differences and loops over the Jacobians."""

from __future__ import annotations

import pytest
import torch

from labs.losses import LOSSES
from labs.models import GRU, LSTM, MLP, RNN
from labs.recurrence import gradient_norms, lyapunov_exponents, state_jacobians, stretch

R, N, T, D, H, C = 3, 4, 6, 2, 5, 3


def problem(model, runs: int | None = R, own: bool = False, dtype: torch.dtype = torch.float64):
    source = torch.Generator().manual_seed(0)
    theta = model.init(source, runs, dtype=dtype, device="cpu")
    theta = theta + 0.1 * torch.randn(theta.shape, generator=source, dtype=torch.float64).to(dtype)
    lead = (R,) if own else ()
    x = torch.randn(*lead, N, T, D, generator=source, dtype=torch.float64).to(dtype)
    return theta, x, torch.randint(C, (*lead, N), generator=source)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
@pytest.mark.parametrize("own", [False, True])
def test_jacobians_are_those_of_autograd(activation, own):
    model = RNN(D, H, C, activation)
    theta, x, _ = problem(model, own=own)
    found = state_jacobians(model, theta, x)
    assert found.shape == (T, R, N, H, H)
    for run in range(R):
        recurrent = model.matrices(theta[run])[0]
        rows = x[run] if own else x
        states = [torch.zeros(N, H, dtype=torch.float64), *model.states(theta[run], rows)]
        phi = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "linear": lambda z: z}[activation]
        for t in (0, 1, T - 1):
            for i in (0, N - 1):
                drive = recurrent[:, H:-1] @ rows[i, t] + recurrent[:, -1]
                step = lambda h, w=recurrent[:, :H], d=drive, phi=phi: phi(w @ h + d)  # noqa: E731
                expected = torch.autograd.functional.jacobian(step, states[t][i])
                torch.testing.assert_close(found[t, run, i], expected, rtol=1e-10, atol=1e-12)


def test_norms_are_those_of_the_gradient_carried_back_through_the_jacobians():
    model = RNN(D, H, C)
    theta, x, y = problem(model)
    jacobians, norms = state_jacobians(model, theta, x), gradient_norms(model, theta, x, y)
    assert norms.shape == (T, R, N)
    outputs = model(theta, x)
    read_out = model.matrices(theta)[1][..., :-1]
    delta = (outputs.softmax(-1) - torch.nn.functional.one_hot(y, C)) @ read_out
    for t in reversed(range(T)):
        torch.testing.assert_close(norms[t], delta.norm(dim=-1), rtol=1e-10, atol=1e-14)
        delta = (jacobians[t].mT @ delta.unsqueeze(-1)).squeeze(-1)


@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
@pytest.mark.parametrize("loss", ["cross_entropy", lambda f, y: f.square().sum(-1)])
def test_norms_are_finite_differences_by_a_state(kind, loss):
    """The state after step t is displaced, and the rest of the sequence run from there."""
    model = kind(D, H, C)
    theta, x, y = problem(model, None)
    norms = gradient_norms(model, theta, x, y, loss)
    matrix, states = model.matrices(theta)[0], model.states(theta, x)
    of = LOSSES[loss] if isinstance(loss, str) else loss

    def ahead(state: torch.Tensor, t: int) -> torch.Tensor:
        for s in range(t + 1, T):
            drive = x[:, s] @ matrix[:, H:-1].T + matrix[:, -1]
            if kind is RNN:
                state = torch.tanh(state @ matrix[:, :H].T + drive)
            else:
                state = model._step(state, drive, matrix[:, :H].T)
        return of(model.read_out(theta, state), y)

    for t in (0, T - 1):
        grads = []
        for k in range(states[t].shape[-1]):
            step = torch.zeros_like(states[t])
            step[:, k] = 1e-6
            grads.append((ahead(states[t] + step, t) - ahead(states[t] - step, t)) / 2e-6)
        torch.testing.assert_close(norms[t], torch.stack(grads, -1).norm(dim=-1), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
@pytest.mark.parametrize("own", [False, True])
def test_an_ensemble_is_its_runs(kind, own):
    model = kind(D, H, C)
    theta, x, y = problem(model, own=own)
    together = gradient_norms(model, theta, x, y)
    for run in range(R):
        alone = gradient_norms(model, theta[run], x[run] if own else x, y[run] if own else y)
        torch.testing.assert_close(together[:, run], alone, rtol=1e-10, atol=1e-14)


def test_single_precision():
    model = RNN(D, H, C)
    single, double = (problem(model, dtype=dtype) for dtype in (torch.float32, torch.float64))
    for function in (lambda *a: state_jacobians(model, *a[:2]), lambda *a: gradient_norms(model, *a)):
        found = function(*single)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found.double(), function(*double), rtol=1e-3, atol=1e-5)


def test_stretch_is_the_mean_over_directions():
    source = torch.Generator().manual_seed(2)
    jacobian = torch.randn(2, 6, 6, generator=source, dtype=torch.float64)
    u = torch.randn(2, 6, 20000, generator=source, dtype=torch.float64)
    u = u / u.norm(dim=1, keepdim=True)
    squares = (jacobian @ u).square().sum(1)
    error = squares.std(-1) / 20000**0.5
    assert ((squares.mean(-1) - (2 * stretch(jacobian)).exp()).abs() < 5 * error).all()
    torch.testing.assert_close(stretch(jacobian.mT), stretch(jacobian))


def test_the_slope_is_predicted_in_a_contracting_network():
    """Gain 0.7, 64 units: ln of the norm falls by what the Jacobians say, within a tenth of it."""
    model = RNN(1, 64, 10)
    source = torch.Generator().manual_seed(4)
    theta = model.init(source, 4, gain=0.7, dtype=torch.float64, device="cpu")
    x = torch.randn(8, 40, 1, generator=source, dtype=torch.float64)
    logs = gradient_norms(model, theta, x, torch.zeros(8, dtype=torch.int64)).log().mean((1, 2))
    slope = ((logs[-1] - logs[9]) / 30).item()
    jacobians = state_jacobians(model, theta, x)
    assert slope == pytest.approx(-stretch(jacobians)[10:].mean().item(), rel=0.1)
    exponent = lyapunov_exponents(jacobians.flip(0).mT, 1).mean().item()
    assert slope == pytest.approx(-exponent, rel=0.15)


def test_bad_input():
    theta, x, y = problem(RNN(D, H, C), None)
    with pytest.raises(ValueError, match=r"model must be a labs\.models\.RNN"):
        state_jacobians(LSTM(D, H, C), theta, x)
    with pytest.raises(ValueError, match="model must have states"):
        gradient_norms(MLP((2, 3)), theta, x, y)
    with pytest.raises(ValueError, match="unknown loss 'huber'; choose one of"):
        gradient_norms(RNN(D, H, C), theta, x, y, "huber")
    with pytest.raises(ValueError, match="x must have shape"):
        gradient_norms(RNN(D, H, C), theta, x[0], y)
    with pytest.raises(ValueError, match=r"jacobians must be floating-point of shape \(…, n, n\)"):
        stretch(torch.zeros(2, 3))
