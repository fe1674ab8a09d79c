"""Clipping and Adam in the layers' own layout: against the flat path, torch.optim, and each run alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from labs import device
from labs.data import Dataset
from labs.models import MLP
from labs.training import EarlyStopping, train, updates
from labs.training.ensemble import ensemble_risk
from labs.training.loop import _runs
from labs.training.mlp_rules import Layers, MLPRisk
from labs.training.runs import BufferedRuns, FlatRuns, LayeredRuns

N, D, C, R = 24, 5, 3, 3
MODEL = MLP((D, 7, 4, C))
PER_RUN = {"clip_norm": torch.tensor([0.1, 0.5, 5.0]), "clip_value": torch.tensor([0.01, 0.1, 1.0])}


def data(dtype: torch.dtype = torch.float64) -> Dataset:
    x = torch.randn(N, D, generator=device.generator("test x"), dtype=torch.float64)
    return Dataset(x.to(dtype), torch.randint(C, (N,), generator=device.generator("test y")))


def starts(model: MLP = MODEL, runs: int = R, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return model.init(device.generator("test start"), runs, bias_sd=0.3, dtype=dtype, device="cpu")


OPTIONS: list[dict[str, Any]] = [
    {"clip_norm": 0.3},
    {"clip_value": 0.05},
    {**PER_RUN},
    {"clip_norm": PER_RUN["clip_norm"], "momentum": torch.tensor([0.0, 0.5, 0.9]), "weight_decay": 0.1},
    {"optimizer": "adam"},
    {"optimizer": "adam", **PER_RUN, "weight_decay": 0.1},
    {"optimizer": "adam", "clip_norm": 0.3, "schedule": "cosine"},
    {"clip_norm": 0.3, "memory_limit_bytes": 1},
    {
        "clip_norm": 0.3,
        "early_stopping": EarlyStopping("train_loss", patience=2, min_improvement=0.02),
        "momentum": 0.5,
    },
    {"optimizer": "adam", "early_stopping": EarlyStopping("train_loss", patience=2, min_improvement=0.02)},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options))
@pytest.mark.parametrize("rates", [0.1, torch.tensor([0.03, 0.1, 0.3])], ids=["one rate", "own rates"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("record_every", [1, 5], ids=["known gradients", "own gradients"])
def test_it_is_the_flat_path(options: dict, rates: Any, bias: bool, record_every: int) -> None:
    model = MLP(MODEL.sizes, "tanh", bias)
    theta = MLP.init(model, device.generator("test start"), R, dtype=torch.float64, device="cpu")
    common = {"learning_rate": rates, "num_steps": 25, "batch_size": 7, "record_every": record_every, **options}
    common["monitors"] = ["train_loss", "grad_norm"]
    fast = train(model, theta, data(), **common)
    flat = train(lambda theta, x: model(theta, x), theta, data(), **common)
    torch.testing.assert_close(fast.theta, flat.theta, rtol=1e-8, atol=1e-10)
    for name in fast:
        torch.testing.assert_close(fast[name], flat[name], rtol=1e-8, atol=1e-10)


def test_which_layout_is_taken() -> None:
    theta, none = starts(), torch.zeros(R, 1, dtype=torch.float64)
    risk, bound = ensemble_risk(MODEL, "cross_entropy", none), none + 1
    general = ensemble_risk(lambda theta, x: MODEL(theta, x), "cross_entropy", none)
    assert type(_runs(theta, risk, "sgd", none, (None, None))) is LayeredRuns
    for optimizer, bounds in (("sgd", (bound, None)), ("sgd", (None, bound)), ("adam", (None, None))):
        assert type(_runs(theta, risk, optimizer, none, bounds)) is BufferedRuns
        assert type(_runs(theta, general, optimizer, none, bounds)) is FlatRuns


@pytest.mark.parametrize("sizes", [(D, C), (D, 7, C), (D, 3, 4, C)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("runs", [1, R])
def test_layers_do_what_the_flat_vector_does(sizes: tuple, bias: bool, runs: int) -> None:
    model = MLP(sizes, "tanh", bias)
    theta, other = starts(model, runs), starts(model, runs).flip(1)
    factor, layers = torch.rand(runs, 1, generator=device.generator("f"), dtype=torch.float64), Layers(model, theta)
    torch.testing.assert_close(layers.lengths(), theta.norm(dim=1, keepdim=True), rtol=1e-12, atol=0)
    layers.addcmul_(Layers(model, other), factor, value=-1)
    expected = theta - factor * other
    torch.testing.assert_close(layers.theta(), expected, rtol=1e-12, atol=1e-15)
    layers.clamp_(factor)
    expected = torch.maximum(torch.minimum(expected, factor), -factor)
    torch.testing.assert_close(layers.theta(), expected, rtol=1e-12, atol=1e-15)
    layers.mul_(factor)
    layers.add_(Layers(model, other))
    torch.testing.assert_close(layers.theta(), expected * factor + other, rtol=1e-12, atol=1e-15)
    assert torch.equal(layers.like(layers.flat.clone()).theta(), layers.theta())
    assert all(piece.is_contiguous() for piece in layers.pieces)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rule", [updates.fused, updates.in_passes])
def test_both_forms_of_adam_are_torchs(rule: Any, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    if rule is updates.fused and not updates.FUSED_ON:
        pytest.skip("this torch has no fused form")
    monkeypatch.setattr(updates, "FUSED_ON", ("cpu",) if rule is updates.fused else ())
    source = torch.Generator().manual_seed(0)
    grads = torch.randn(30, 4, 9, generator=source, dtype=torch.float64).to(dtype)
    start = torch.randn(4, 9, generator=source, dtype=torch.float64).to(dtype)
    rates = torch.tensor([[0.1], [0.01], [0.3], [0.0]], dtype=dtype)
    for rate in (rates, torch.full_like(rates, 0.05)):
        adam, theta = updates.Adam(), start.clone()
        for grad in grads:
            adam(theta, grad, rate)
        for run in range(4):
            parameter = nn.Parameter(start[run].clone())
            optimizer = torch.optim.Adam([parameter], lr=rate[run].item(), foreach=False, fused=False)
            for grad in grads:
                parameter.grad = grad[run].clone()
                optimizer.step()
            tolerance = 1e-10 if dtype == torch.float64 else 1e-4
            torch.testing.assert_close(theta[run], parameter.detach(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("options", [{"clip_norm": 0.5}, {"clip_value": 0.1}, {"optimizer": "adam", "clip_norm": 0.5}])
def test_a_run_that_overflows_leaves_the_others_as_they_were(options: dict) -> None:
    model, (x, _) = MLP((D, 7, C), "relu"), data()
    y = nn.functional.one_hot(data().y, C).double()
    common = {"loss": "squared_error", "num_steps": 10, "batch_size": 8, "learning_rate": 0.02, **options}
    theta = starts(model)
    wild = theta.clone()
    wild[1] *= 1e200
    one, other = train(model, theta, (x, y), **common), train(model, wild, (x, y), **common)
    assert other.diverged.tolist() == [False, True, False]
    assert torch.equal(one.theta[[0, 2]], other.theta[[0, 2]])


def test_a_gradient_of_zero_is_not_divided_by() -> None:
    model = MLP((2, 2), bias=False)
    x, y = torch.zeros(4, 2), torch.zeros(4, dtype=torch.int64)
    trace = train(model, torch.ones(1, 4), (x, y), learning_rate=1.0, num_steps=3, clip_norm=1.0)
    assert torch.equal(trace.theta, torch.ones(1, 4))
    assert isinstance(ensemble_risk(model, "cross_entropy", torch.zeros(1, 1)), MLPRisk)
