"""GRU and LSTM against torch.nn, run by run; what is drawn, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from labs.models import GRU, LSTM

D, H, C, N, T = 2, 5, 3, 4, 7
KINDS = {GRU: nn.GRU, LSTM: nn.LSTM}


def start(model: Any, runs: int | None = None, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    source = torch.Generator().manual_seed(0)
    theta = model.init(source, runs, dtype=dtype, device="cpu")
    return theta + 0.1 * torch.randn(theta.shape, generator=source, dtype=torch.float64).to(dtype)


def sequences(*lead: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*lead, T, D, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(dtype)


def torch_cell(model: Any, theta: torch.Tensor) -> nn.Module:
    matrix = model.matrices(theta)[0]
    cell = KINDS[type(model)](D, H, batch_first=True).to(theta.dtype)
    with torch.no_grad():
        cell.weight_hh_l0.copy_(matrix[:, :H])
        cell.weight_ih_l0.copy_(matrix[:, H:-1])
        cell.bias_ih_l0.copy_(matrix[:, -1])
        cell.bias_hh_l0.zero_()
    return cell


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-12), (torch.float32, 1e-4)])
def test_states_and_outputs_are_torchs(kind: Any, dtype: torch.dtype, rtol: float) -> None:
    model = kind(D, H, C)
    theta, x = start(model, dtype=dtype), sequences(N, dtype=dtype)
    with torch.no_grad():
        hidden, last = torch_cell(model, theta)(x)
    states = model.states(theta, x)
    torch.testing.assert_close(torch.stack(states, 1)[..., :H], hidden, rtol=rtol, atol=rtol)
    if kind is LSTM:
        torch.testing.assert_close(states[-1][:, H:], last[1][0], rtol=rtol, atol=rtol)
    read_out = model.matrices(theta)[1]
    expected = hidden[:, -1] @ read_out[:, :-1].T + read_out[:, -1]
    torch.testing.assert_close(model(theta, x), expected, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("own", [False, True])
def test_an_ensemble_is_its_runs(kind: Any, own: bool) -> None:
    model = kind(D, H, C)
    theta, x = start(model, 3), sequences(3, N) if own else sequences(N)
    together = model(theta, x)
    for run in range(3):
        torch.testing.assert_close(together[run], model(theta[run], x[run] if own else x), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_drawn(kind: Any) -> None:
    model = kind(4, 64, 10)
    gains = torch.tensor([1.0, 2.0])
    theta = model.init(torch.Generator().manual_seed(0), 2, recurrent="orthogonal", gain=gains, dtype=torch.float64)
    matrix, read_out = model.matrices(theta.cpu())
    for block in matrix[..., :64].split(64, -2):
        expected = gains[:, None, None].double().square() * torch.eye(64).double()
        torch.testing.assert_close(block @ block.mT, expected, rtol=0, atol=1e-12)
    for part, variance in ((matrix[..., 64:-1], 1 / 4), (read_out[..., :-1], 1 / 64)):
        assert abs(part.var() / variance - 1) < 5 * (2 / part.numel()) ** 0.5
    assert (read_out[..., -1] == 0).all()


def test_biases_stand_where_they_are_said_to() -> None:
    lstm, gru = LSTM(D, H, C), GRU(D, H, C)
    bias = lstm.matrices(lstm.init(torch.Generator(), forget_bias=3.0))[0][:, -1]
    assert bias.tolist() == [0.0] * H + [3.0] * H + [0.0] * 2 * H
    bias = gru.matrices(gru.init(torch.Generator(), update_bias=2.0))[0][:, -1]
    assert bias.tolist() == [0.0] * H + [2.0] * H + [0.0] * H


@pytest.mark.parametrize(("kind", "name"), [(LSTM, "forget_bias"), (GRU, "update_bias")])
def test_a_large_bias_keeps_the_state(kind: Any, name: str) -> None:
    """Without weights, the share of the state that a step keeps is σ(b); here the first step has filled it."""
    model = kind(1, 1, 1)
    theta = torch.zeros(model.num_parameters, dtype=torch.float64)
    matrix = model.matrices(theta)[0]
    matrix[2, 1] = 1.0  # the candidate takes the input
    matrix[1, -1] = 1.5
    x = torch.zeros(1, 6, 1, dtype=torch.float64)
    x[0, 0] = 1.0
    kept = torch.stack(model.states(theta, x))[:, 0, -1]
    ratio = torch.sigmoid(torch.tensor(1.5, dtype=torch.float64))
    torch.testing.assert_close(kept[1:] / kept[:-1], ratio.expand(5), rtol=1e-12, atol=0)
    with pytest.raises(ValueError, match=f"{name} must be a finite number"):
        model.init(torch.Generator(), **{name: float("inf")})


@pytest.mark.parametrize("kind", KINDS)
def test_bad_input(kind: Any) -> None:
    with pytest.raises(ValueError, match="num_units must be a whole number of at least 1, got 0"):
        kind(2, 0, 1)
    model = kind(D, H, C)
    with pytest.raises(ValueError, match=r"x must have shape \(N, T, 2\)"):
        model(start(model), sequences(N)[..., :1])
    with pytest.raises(ValueError, match="theta must be floating-point of shape"):
        model(start(model)[:-1], sequences(N))
    with pytest.raises(ValueError, match="choose one of gaussian, orthogonal, identity"):
        model.init(torch.Generator(), recurrent="glorot")
    with pytest.raises(ValueError, match="gain"):
        model.init(torch.Generator(), gain=-1.0)
