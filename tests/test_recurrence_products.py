"""Products of random matrices: the closed form against simulation and against numerical integration."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import integrate, stats

from labs.recurrence import (
    critical_scale,
    growth_of_product,
    growth_variance,
    lyapunov_exponent,
    lyapunov_exponents,
)


def source(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 64])
@pytest.mark.parametrize("scale", [1.0, 1.7])
def test_exponent_and_variance_are_moments_of_the_logarithm_of_a_chi_square(n, scale):
    def moment(function):
        return integrate.quad(lambda u: function(u) * stats.chi2.pdf(math.exp(u), n) * math.exp(u), -60, 12, limit=400)[
            0
        ]

    mean = moment(lambda u: 0.5 * u)
    assert lyapunov_exponent(n, scale) == pytest.approx(mean + 0.5 * math.log(scale**2 / n), abs=1e-7)
    assert growth_variance(n) == pytest.approx(moment(lambda u: 0.25 * u * u) - mean**2, rel=1e-6)


@pytest.mark.parametrize(("n", "scale"), [(1, 1.0), (8, 1.0), (32, 1.3)])
def test_simulated_growth_is_within_five_standard_errors(n, scale):
    depth, runs = 200, 20
    logs = growth_of_product(source(), n, depth, runs, scale=scale)
    assert logs.shape == (depth + 1, runs)
    assert (logs[0] == 0).all()
    error = math.sqrt(growth_variance(n) / (depth * runs))
    assert abs(logs[-1].mean().item() / depth - lyapunov_exponent(n, scale)) < 5 * error


def test_growth_is_that_of_the_product_multiplied_out():
    n, depth = 4, 6
    logs = growth_of_product(source(), n, depth, 3, scale=1.4)
    draws = source()
    v = torch.randn(3, n, 1, generator=draws, dtype=torch.float64)
    start = v.norm(dim=1)
    for d in range(1, depth + 1):
        v = 1.4 / math.sqrt(n) * torch.randn(3, n, n, generator=draws, dtype=torch.float64) @ v
        torch.testing.assert_close(logs[d], (v.norm(dim=1) / start).log().squeeze(-1), rtol=1e-10, atol=1e-12)


def test_orthogonal_factors_keep_the_length():
    logs = growth_of_product(source(), 6, 50, 4, kind="orthogonal")
    assert logs.abs().max() < 1e-12
    logs = growth_of_product(source(), 6, 50, 4, kind="orthogonal", scale=0.5)
    torch.testing.assert_close(logs[-1], torch.full((4,), 50 * math.log(0.5)).double(), rtol=1e-5, atol=0)


def test_the_critical_scale_keeps_a_thousand_layers_alive_and_one_does_not():
    alive = growth_of_product(source(), 8, 1000, 16, scale=critical_scale(8))[-1]
    error = math.sqrt(growth_variance(8) * 1000 / 16)
    assert abs(alive.mean().item()) < 5 * error
    faded = growth_of_product(source(), 8, 1000, 16)[-1]
    assert abs(faded.mean().item() - 1000 * lyapunov_exponent(8)) < 5 * error
    assert faded.max() < -30  # 1000 · −.064, give or take √(1000 · .066)
    assert critical_scale(8, 0.2) == pytest.approx(critical_scale(8) * math.exp(0.2))


def test_the_whole_spectrum_is_newmans():
    n, depth, runs = 5, 2000, 6
    factors = torch.randn(depth, runs, n, n, generator=source(3), dtype=torch.float64) / math.sqrt(n)
    found = lyapunov_exponents(factors).mean(0)
    for i in range(1, n + 1):
        # ln r_ii is half the logarithm of a χ² of n − i + 1 degrees of freedom, a fresh one each factor
        error = math.sqrt(growth_variance(n - i + 1) / (depth * runs))
        assert abs(found[i - 1].item() - lyapunov_exponent(n, index=i)) < 5 * error


def test_exponents_are_logarithms_of_singular_values():
    """Of a product that repeats W = A diag(λ) A⁻¹ they are ln|λ|; their sum is the mean of ln|det| for any factors."""
    factors = torch.randn(40, 3, 4, 4, generator=source(1), dtype=torch.float64)
    exponents = lyapunov_exponents(factors)
    torch.testing.assert_close(exponents.sum(-1), torch.linalg.slogdet(factors)[1].mean(0), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(lyapunov_exponents(factors, 2), exponents[..., :2])
    values = torch.tensor([3.0, 1.5, -0.8, 0.2], dtype=torch.float64)
    a = torch.randn(4, 4, generator=source(2), dtype=torch.float64)
    w = a @ torch.diag(values) @ torch.linalg.inv(a)
    torch.testing.assert_close(lyapunov_exponents(w.expand(3000, 4, 4)), values.abs().log(), rtol=0, atol=5e-3)


def test_dtypes():
    assert growth_of_product(source(), 4, 3, 2, dtype=torch.float32).dtype == torch.float32
    torch.testing.assert_close(
        growth_of_product(source(), 4, 30, 2, dtype=torch.float32, device="cpu").double(),
        growth_of_product(source(), 4, 30, 2, device="cpu"), rtol=1e-4, atol=1e-4,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"size": 0}, "size must be a whole number of at least 1, got 0"),
        ({"num_factors": 0}, "num_factors"),
        ({"num_runs": 1.5}, "num_runs"),
        ({"scale": 0.0}, "scale must be a finite number above 0"),
        ({"kind": "uniform"}, "choose one of gaussian, orthogonal"),
        ({"dtype": torch.int64}, "dtype must be floating-point"),
    ],
)
def test_bad_products(change, says):
    with pytest.raises(ValueError, match=says):
        growth_of_product(source(), **{"size": 2, "num_factors": 2, "num_runs": 2} | change)


def test_bad_numbers():
    with pytest.raises(ValueError, match="index must be from 1 to the size 3, got 4"):
        lyapunov_exponent(3, index=4)
    with pytest.raises(ValueError, match="exponent must be a finite number"):
        critical_scale(3, math.inf)
    for wrong in (torch.zeros(2, 2), torch.zeros(3, 2, 3), torch.zeros(0, 2, 2)):
        with pytest.raises(ValueError, match="factors must have shape"):
            lyapunov_exponents(wrong)
    with pytest.raises(ValueError, match="num_exponents must be from 1 to n = 2, got 3"):
        lyapunov_exponents(torch.eye(2).expand(3, 2, 2), 3)
