"""Ensembles of GRUs and LSTMs trained at once, against loops over torch.nn.GRU and torch.nn.LSTM with torch.optim."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from labs.data import Latching
from labs.models import GRU, LSTM
from labs.training import train

H, R, STEPS = 4, 3, 6
CELLS = {GRU: nn.GRU, LSTM: nn.LSTM}


def problem(kind: Any) -> tuple[Any, torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
    source = torch.Generator().manual_seed(0)
    model = kind(1, H, 2)
    return model, model.init(source, R, dtype=torch.float64, device="cpu"), Latching(7).sample(10, source)


def by_torch(model: Any, theta: torch.Tensor, data: tuple, options: dict) -> torch.Tensor:
    recurrent, read_out = model.matrices(theta)
    cell, last = CELLS[type(model)](1, H, batch_first=True).double(), nn.Linear(H, 2).double()
    with torch.no_grad():
        cell.weight_hh_l0.copy_(recurrent[:, :H])
        cell.weight_ih_l0.copy_(recurrent[:, H:-1])
        cell.bias_ih_l0.copy_(recurrent[:, -1])
        cell.bias_hh_l0.zero_().requires_grad_(False)
        last.weight.copy_(read_out[:, :-1])
        last.bias.copy_(read_out[:, -1])
    parameters = [p for p in (*cell.parameters(), *last.parameters()) if p.requires_grad]
    make = torch.optim.Adam if options.get("optimizer") == "adam" else torch.optim.SGD
    optimizer = make(parameters, lr=0.05)
    for _ in range(STEPS):
        optimizer.zero_grad()
        nn.functional.cross_entropy(last(cell(data[0])[0][:, -1]), data[1]).backward()
        if "clip_norm" in options:
            nn.utils.clip_grad_norm_(parameters, options["clip_norm"])
        optimizer.step()
    first = torch.cat((cell.weight_hh_l0, cell.weight_ih_l0, cell.bias_ih_l0[:, None]), 1)
    return torch.cat((first.flatten(), torch.cat((last.weight, last.bias[:, None]), 1).flatten())).detach()


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("options", [{}, {"clip_norm": 0.05}, {"optimizer": "adam"}], ids=["plain", "clip", "adam"])
def test_training_is_torchs(kind: Any, options: dict) -> None:
    model, theta, data = problem(kind)
    trace = train(model, theta, data, learning_rate=0.05, num_steps=STEPS, **options)
    for run in range(R):
        expected = by_torch(model, theta[run], data, options)
        torch.testing.assert_close(trace.theta[run], expected, rtol=1e-4, atol=1e-6)  # torch's clipping adds 1e-6
        if "clip_norm" not in options:
            torch.testing.assert_close(trace.theta[run], expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", CELLS)
def test_a_run_among_others_is_the_run_alone(kind: Any) -> None:
    model, theta, data = problem(kind)
    rates = torch.tensor([0.02, 0.1, 0.05])
    common = {"num_steps": STEPS, "optimizer": "adam", "clip_norm": 1.0, "batch_size": 4, "monitors": ["train_error"]}
    together = train(model, theta, data, learning_rate=rates, **common)
    for run in range(R):
        alone = train(model, theta[run], data, learning_rate=rates[run].item(), run_ids=[run], **common)
        torch.testing.assert_close(together.theta[run], alone.theta[0], rtol=1e-10, atol=1e-12)
        assert torch.equal(together["train_error"][:, run], alone["train_error"][:, 0])
