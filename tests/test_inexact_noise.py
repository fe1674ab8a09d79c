"""Noisy descent on a parabola against closed forms, sums over all noises, and a plain loop."""

from __future__ import annotations

import itertools

import pytest
import torch

from labs.inexact import noisy_descent, stationary_variance, wander


@pytest.mark.parametrize(("rate", "curvature"), [(0.1, 1.0), (0.5, 3.0), (1.9, 1.0)])
def test_the_stationary_variance_is_where_the_recursion_stands_still(rate, curvature):
    found = wander(torch.full((4000,), rate, dtype=torch.float64), curvature, 2.0, bias=0.3, start=5.0)
    assert float(found.variance[-1]) == pytest.approx(stationary_variance(rate, curvature, 2.0), rel=1e-9)
    assert float(found.mean[-1]) == pytest.approx(-0.3 / curvature, rel=1e-9)


def test_from_twice_the_inverse_curvature_on_there_is_none():
    assert stationary_variance(2.0, 1.0, 1.0) == stationary_variance(0.6, 4.0, 1.0) == float("inf")
    assert wander(torch.full((300,), 2.1, dtype=torch.float64), 1.0, 1.0).variance[-1] > 1e20


def test_mean_and_variance_are_those_of_all_tosses_of_a_coin():
    """Noise of ±1 has mean 0 and variance 1: the 2^T paths are listed."""
    rates, ends = [0.7, 0.2, 1.1, 0.4], []
    for tosses in itertools.product([-1.0, 1.0], repeat=4):
        theta = 1.5
        for rate, toss in zip(rates, tosses, strict=True):
            theta -= rate * (0.8 * theta + 0.25 + 1.3 * toss)
        ends.append(theta)
    ends = torch.tensor(ends, dtype=torch.float64)
    found = wander(torch.tensor(rates), 0.8, 1.3, bias=0.25, start=1.5)
    assert float(found.mean[-1]) == pytest.approx(float(ends.mean()), rel=1e-6)
    assert float(found.variance[-1]) == pytest.approx(float(ends.var(correction=0)), rel=1e-6)
    assert float(found.mean_square[-1]) == pytest.approx(float(ends.square().mean()), rel=1e-6)


@pytest.mark.parametrize(("c", "limit"), [(1.0, 1.0), (2.0, 4 / 3)])
def test_the_schedule_reaches_chungs_rate(c, limit):
    steps = torch.arange(1, 20_001, dtype=torch.float64)
    found = wander(c / steps, 1.0, 1.0, start=3.0)
    assert float(20_000 * found.mean_square[-1]) == pytest.approx(limit, rel=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_runs_have_the_moments_that_are_calculated(dtype):
    rates, source = torch.linspace(0.9, 0.1, 12), torch.Generator().manual_seed(0)
    paths = noisy_descent(rates, torch.full((20_000,), 2.0, dtype=dtype), 1.0, 1.5, source, bias=-0.4)
    found = wander(rates, 1.0, 1.5, bias=-0.4, start=2.0)
    assert paths.shape == (13, 20_000)
    assert paths.dtype == dtype
    error = found.variance.sqrt() / 20_000**0.5
    assert ((paths.double().mean(1) - found.mean).abs() <= 5 * error + 1e-6).all()
    assert (paths[1:].double().var(1) / found.variance[1:] - 1).abs().max() < 5 * (2 / 20_000) ** 0.5


def test_recorded_steps_are_those_of_the_whole_path():
    start = torch.zeros(3, 2)
    whole = noisy_descent(torch.full((6,), 0.3), start, 1.0, 1.0, torch.Generator().manual_seed(1))
    some = noisy_descent(torch.full((6,), 0.3), start, 1.0, 1.0, torch.Generator().manual_seed(1), record=[0, 2, 6])
    assert torch.equal(some, whole[[0, 2, 6]])
    assert (start == 0).all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: stationary_variance(0.0, 1.0, 1.0), "learning_rate must be a finite number above 0, got 0.0"),
        (lambda: stationary_variance(0.1, -1.0, 1.0), "curvature must be a finite number above 0, got -1.0"),
        (lambda: stationary_variance(0.1, 1.0, -1.0), "noise_sd must be a finite number ≥ 0, got -1.0"),
        (lambda: wander(torch.tensor(0.1), 1.0, 1.0), "rates must be a vector"),
        (lambda: wander(torch.tensor([-0.1]), 1.0, 1.0), "rates must be a vector of numbers ≥ 0"),
        (lambda: wander(torch.tensor([1]), 1.0, 1.0), "rates must be a floating-point tensor"),
        (lambda: wander(torch.ones(2), 1.0, 1.0, bias=float("nan")), "bias must be a finite number"),
        (lambda: noisy_descent(torch.ones(2), torch.ones(1), 1.0, 1.0, torch.Generator(), record=[3]), r"got \[3\]"),
        (lambda: noisy_descent(torch.ones(2), torch.ones(1), 1.0, 1.0, torch.Generator(), record=[]), "got none"),
        (lambda: noisy_descent(torch.ones(2), torch.tensor([float("inf")]), 1.0, 1.0, torch.Generator()), "start"),
    ],
)
def test_what_cannot_be_run_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
