"""Latching sequences: the bit, the noise, and nothing else."""

from __future__ import annotations

import pytest
import torch

from labs.data import Latching


def test_the_first_step_tells_the_class_and_the_rest_is_noise() -> None:
    task = Latching(num_steps=30, noise_sd=0.4)
    x, y = task.sample(2000, torch.Generator().manual_seed(0))
    assert x.shape == (2000, 30, 1)
    assert torch.equal(x[:, 0, 0], 2.0 * y - 1)
    assert abs(y.double().mean() - 0.5) < 5 * 0.5 / 2000**0.5
    noise = x[:, 1:, 0]
    count = noise.numel()
    assert abs(noise.mean()) < 5 * 0.4 / count**0.5
    assert abs(noise.var() / 0.16 - 1) < 5 * (2 / count) ** 0.5
    correlation = (noise * x[:, :1, 0]).mean()  # with the bit: none
    assert abs(correlation) < 5 * 0.4 / count**0.5


def test_runs_have_samples_of_their_own_in_the_dtype_asked_for() -> None:
    x, y = Latching(5).sample(7, torch.Generator().manual_seed(0), num_runs=3, dtype=torch.float32)
    assert (x.shape, y.shape, x.dtype, y.dtype) == ((3, 7, 5, 1), (3, 7), torch.float32, torch.int64)
    assert not torch.equal(x[0], x[1])
    quiet, _ = Latching(5, noise_sd=0.0).sample(4, torch.Generator().manual_seed(0))
    assert (quiet[:, 1:] == 0).all()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"num_steps": 1}, "num_steps must be a whole number of at least 2, got 1"),
        ({"num_steps": 5, "noise_sd": -1.0}, "noise_sd must be a finite number ≥ 0, got -1.0"),
    ],
)
def test_bad_settings(settings: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Latching(**settings)


def test_bad_sizes() -> None:
    with pytest.raises(ValueError, match="num_examples"):
        Latching(5).sample(0, torch.Generator())
