"""Gradient flow against closed forms and against gradient descent with small steps."""

from __future__ import annotations

import math

import pytest
import torch

from labs.training import descend, gradient_flow

F64 = torch.float64


def test_on_a_quadratic_each_coordinate_decays_at_its_own_rate() -> None:
    curvature = torch.tensor([0.1, 1.0, 30.0], dtype=F64)
    times = [0.01, 0.1, 1.0, 10.0]
    found = gradient_flow(lambda theta: curvature * theta, torch.ones(3), times)
    torch.testing.assert_close(
        found, torch.exp(-torch.tensor(times, dtype=F64)[:, None] * curvature), rtol=1e-5, atol=1e-8
    )


def test_ten_decades_of_a_flow_that_grows_as_the_logarithm() -> None:
    """dθ/dt = e^−θ from 0 is log(1 + t)."""
    times = [10.0**k for k in range(-2, 13)]
    found = gradient_flow(lambda theta: -torch.exp(-theta), torch.zeros(1), times)
    torch.testing.assert_close(found[:, 0], torch.tensor(times, dtype=F64).log1p(), rtol=1e-5, atol=1e-7)


def test_it_is_the_limit_of_gradient_descent() -> None:
    def f(theta: torch.Tensor) -> torch.Tensor:
        return (theta**4).sum(-1) / 4 + theta[..., 0] * theta[..., 1]

    def gradient(theta: torch.Tensor) -> torch.Tensor:
        return theta**3 + theta.flip(-1)

    start = torch.tensor([1.0, 0.5], dtype=F64)
    small = descend(f, start, 1e-4, 10_000)[-1]
    torch.testing.assert_close(gradient_flow(gradient, start, [1.0])[0], small, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("times", [[], [0.0, 1.0], [2.0, 1.0], [[1.0, 2.0]], [math.nan]])
def test_times_must_ascend_from_above_zero(times: list) -> None:
    with pytest.raises(ValueError, match="times must be positive and ascending"):
        gradient_flow(lambda theta: theta, torch.ones(1), times)


def test_a_flow_that_blows_up_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """dθ/dt = θ² from 1 is infinite at t = 1."""
    monkeypatch.setattr("labs.training.flow.MAX_GRADIENTS", 2000)
    with pytest.raises(ValueError, match=r"only at t = 1(\.0\d*)? of 2 after 2000 gradients"):
        gradient_flow(lambda theta: -(theta**2), torch.ones(1), [0.5, 2.0])
