"""The hand-made gradients of GRU and LSTM ensembles against automatic differentiation and central differences."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from labs.data import Latching
from labs.losses import cross_entropy
from labs.models import GRU, LSTM
from labs.training.ensemble import ensemble_risk
from labs.training.gated_rules import RULES
from labs.training.gradient import EnsembleRisk

KINDS = pytest.mark.parametrize("kind", [GRU, LSTM])
R, N, T, H, D, C = 3, 5, 6, 4, 2, 3


def problem(kind: Any, own: bool = True, dtype: torch.dtype = torch.float64) -> tuple[Any, ...]:
    source, model = torch.Generator().manual_seed(0), kind(D, H, C)
    theta = model.init(source, R, gain=1.5, dtype=torch.float64, device="cpu")
    theta += 0.3 * torch.randn(theta.shape, generator=source, dtype=torch.float64)
    runs = R if own else 1
    x = torch.randn(runs, N, T, D, generator=source, dtype=torch.float64)
    y = torch.randint(C, (runs, N), generator=source)
    return model, theta.to(dtype), x.to(dtype), y


def risk(model: Any, loss: Any = "cross_entropy", decay: float = 0.0, **options: Any) -> Any:
    return ensemble_risk(model, loss, torch.full((R, 1), decay, dtype=torch.float64), **options)


@KINDS
@pytest.mark.parametrize("own", [True, False])
def test_gradients_are_those_of_automatic_differentiation(kind: Any, own: bool) -> None:
    model, theta, x, y = problem(kind, own)
    hand = risk(model, decay=0.1)
    assert type(hand) is RULES[kind]
    slow = EnsembleRisk(model, "cross_entropy", hand.weight_decay)
    for found, expected in zip(hand.gradient(theta, x, y), slow.gradient(theta, x, y), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(hand.per_example(theta, x, y), slow.per_example(theta, x, y), rtol=1e-12, atol=1e-14)


@KINDS
def test_gradients_are_central_differences(kind: Any) -> None:
    model, theta, x, y = problem(kind)
    hand, step = risk(model), 1e-5
    grad = hand.gradient(theta, x, y)[1]
    for place in range(model.num_parameters):
        shift = torch.zeros_like(theta)
        shift[:, place] = step
        ahead, behind = (hand.per_example(theta + sign * shift, x, y).mean(-1) for sign in (1, -1))
        torch.testing.assert_close(grad[:, place], (ahead - behind) / (2 * step), rtol=1e-6, atol=1e-9)


@KINDS
def test_any_loss_and_blocks_of_runs(kind: Any) -> None:
    model, theta, x, y = problem(kind)

    def doubled(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return 2 * cross_entropy(outputs, targets)

    whole, own, blocks = risk(model), risk(model, doubled), risk(model, memory_limit_bytes=1)
    expected = whole.gradient(theta, x, y)
    assert len(blocks.blocks(theta, x, y)) == R
    for found, wanted in zip(blocks.gradient(theta, x, y), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(own.gradient(theta, x, y)[1], 2 * expected[1], rtol=1e-12, atol=1e-14)


@KINDS
def test_long_sequences_in_single_precision(kind: Any) -> None:
    model = kind(1, 8, 2)
    theta = model.init(torch.Generator().manual_seed(1), R, dtype=torch.float32, device="cpu")
    x, y = Latching(60).sample(4, torch.Generator().manual_seed(2), R, dtype=torch.float32)
    found = risk(model).gradient(theta, x, y)[1]
    expected = risk(model).gradient(theta.double(), x.double(), y)[1]
    assert (found - expected).norm() < 1e-5 * expected.norm()
