"""Rounding against exact fractions, torch's own bfloat16, and the neighbours of a number."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch

from labs.inexact import bfloat16, fixed_point, lost_share


def numbers(count: int = 400, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    source = torch.Generator().manual_seed(0)
    size = 10 ** (6 * torch.rand(count, generator=source, dtype=torch.float64) - 4)
    return (size * torch.randn(count, generator=source, dtype=torch.float64).sign()).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("num_bits", [0, 3, 12])
def test_fixed_point_is_that_of_whole_fractions(dtype, num_bits):
    x = numbers(dtype=dtype)
    expected = [float(Fraction(round(Fraction(one) * 2**num_bits), 2**num_bits)) for one in x.tolist()]
    assert fixed_point(x, num_bits).tolist() == torch.tensor(expected, dtype=dtype).tolist()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_nearest_bfloat16_is_torchs(dtype):
    x = numbers(dtype=torch.float32).clamp(-6e4, 6e4).to(dtype)
    assert torch.equal(bfloat16(x), x.float().bfloat16().to(dtype))
    assert bfloat16(x).dtype == fixed_point(x, 4).dtype == dtype


def neighbours(x: float) -> tuple[float, float]:
    """The two bfloat16 numbers about x, from its exponent."""
    spacing = 2.0 ** (math.frexp(x)[1] - 8)
    return math.floor(x / spacing) * spacing, math.ceil(x / spacing) * spacing


@pytest.mark.parametrize("kind", ["bfloat16", "fixed point"])
def test_stochastic_rounding_goes_to_a_neighbour_and_is_right_on_average(kind):
    source = torch.Generator().manual_seed(3)
    for one in (0.3, -0.3, 1.2345, -77.7, 3.1e-5):
        x = torch.full((20_000,), one)
        exact = float(x[0])
        if kind == "bfloat16":
            found, (low, high) = bfloat16(x, source), neighbours(exact)
        else:
            found = fixed_point(x, 6, source)
            low, high = math.floor(exact * 64) / 64, math.ceil(exact * 64) / 64
        assert set(found.unique().tolist()) <= {low, high}
        share = (exact - low) / (high - low)
        error = (high - low) * math.sqrt(share * (1 - share) / 20_000)
        assert abs(float(found.double().mean()) - exact) <= 5 * error


def test_what_is_stored_stays_as_it_is():
    kept = bfloat16(numbers())
    assert torch.equal(bfloat16(kept, torch.Generator().manual_seed(0)), kept)
    grid = fixed_point(numbers(), 5)
    assert torch.equal(fixed_point(grid, 5, torch.Generator().manual_seed(0)), grid)
    odd = torch.tensor([0.0, float("inf"), -float("inf")])
    assert torch.equal(bfloat16(odd, torch.Generator().manual_seed(0)), odd)
    assert bfloat16(torch.tensor([float("nan")]), torch.Generator().manual_seed(0)).isnan().all()


def test_the_last_number_before_a_power_of_two_rounds_across_it():
    x = torch.full((2000,), 1.998)
    assert bfloat16(x, torch.Generator().manual_seed(0)).unique().tolist() == [1.9921875, 2.0]


def test_an_update_is_lost_below_half_a_spacing():
    """In [1, 2) bfloat16 has numbers 2⁻⁷ apart; from 1 downwards half as far."""
    theta = torch.ones(2, 5)
    half = 2.0**-8
    update = torch.tensor([[half * 0.99, half * 1.01, -half * 0.49, -half * 0.51, 0.0], [0.0] * 5])
    assert lost_share(theta, update, bfloat16).tolist() == [0.5, 0.0]
    assert lost_share(theta, update, lambda x: fixed_point(x, 7)).tolist() == [0.75, 0.0]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: fixed_point(torch.tensor([1]), 2), "floating-point tensor, got torch.int64"),
        (lambda: fixed_point(torch.ones(1), -1), "num_bits must be a whole number of at least 0, got -1"),
        (lambda: fixed_point(torch.ones(1), 1.5), "num_bits must be a whole number"),
        (lambda: bfloat16([1.0]), "floating-point tensor, got list"),
        (lambda: lost_share(torch.ones(2), torch.ones(3), bfloat16), "must have one shape"),
        (lambda: lost_share(torch.tensor([1.001]), torch.ones(1), bfloat16), "give what it stores"),
    ],
)
def test_what_cannot_be_rounded_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
