"""Random matrices and the three-spin model, against closed forms, de Bruijn's Pfaffian and autograd on the sphere."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import gammaincc, gammaln

from labs.critical_points import (
    ENERGY_THRESHOLD,
    SphericalSpins,
    chance_all_positive,
    chances_all_positive,
    curvatures,
    distinct,
    goe,
    index_fraction,
    tridiagonal_goe,
)


def source(seed=0):
    return torch.Generator().manual_seed(seed)


def pfaffian_chance(n):
    """P(all eigenvalues > 0) for even n by de Bruijn's formula, normalised by Mehta's integral."""

    def upper(j, x):
        """∫ₓ^∞ yʲ e^(−y²/4) dy"""
        return 2**j * math.gamma((j + 1) / 2) * gammaincc((j + 1) / 2, x * x / 4)

    def entry(i, j):
        return quad(lambda x: x**i * math.exp(-x * x / 4) * (2 * upper(j, x) - upper(j, 0)), 0, 40, epsabs=0)[0]

    entries = np.zeros((n, n))
    for i, j in itertools.combinations(range(n), 2):
        entries[i, j] = entry(i, j)
    log_half = 0.5 * np.linalg.slogdet(entries - entries.T)[1]
    log_all = n / 2 * math.log(4 * math.pi) + n * (n - 1) / 4 * math.log(2) - gammaln(n + 1)
    log_all += sum(gammaln(1 + j / 2) - gammaln(1.5) for j in range(1, n + 1))
    return math.exp(log_half - log_all)


def test_the_ensemble_has_its_variances_and_the_same_spectrum_in_any_axes():
    matrices = goe(4, 40_000, source(), dtype=torch.float64)
    assert torch.equal(matrices, matrices.mT)
    squares = matrices.square().mean(0)
    expected = torch.ones(4, 4, dtype=torch.float64) + torch.eye(4, dtype=torch.float64)
    assert ((squares / expected - 1).abs() < 5 * math.sqrt(2 / 40_000)).all()


def test_the_tridiagonal_form_has_the_eigenvalues_of_the_full_one():
    n, count = 6, 40_000
    diagonal, below = tridiagonal_goe(n, count, source(1))
    tridiagonal = torch.diag_embed(diagonal) + torch.diag_embed(below, 1) + torch.diag_embed(below, -1)
    full = goe(n, count, source(2), dtype=torch.float64)
    for power in (1, 2, 3, 4, 6):
        traces = [torch.linalg.eigvalsh(m).pow(power).sum(-1) for m in (tridiagonal, full)]
        error = math.sqrt(sum(float(t.var()) for t in traces) / count)
        assert abs(float(traces[0].mean() - traces[1].mean())) < 5 * error
    assert float(tridiagonal.square().sum((-2, -1)).mean()) == pytest.approx(n * (n + 1), rel=0.02)
    assert tridiagonal_goe(1, 3, source())[1].shape == (3, 0)


def test_the_chance_of_a_minimum_is_that_of_the_formulas_and_of_brute_force():
    chains = chances_all_positive(12, 4_000, 24, source(3))
    assert chains.shape == (24, 12)
    mean, error = chains.mean(0), chains.std(0) / math.sqrt(24)
    known = {n: chance_all_positive(n) for n in (1, 2, 3)} | {n: pfaffian_chance(n) for n in (2, 4, 6, 8)}
    assert known[2] == pytest.approx(chance_all_positive(2))
    for n, chance in known.items():
        assert abs(float(mean[n - 1]) - chance) <= 5 * float(error[n - 1]) + 1e-12
    drawn = torch.linalg.eigvalsh(goe(4, 200_000, source(4), dtype=torch.float64))
    share = float((drawn > 0).all(-1).double().mean())
    assert abs(share - known[4]) < 5 * math.sqrt(known[4] / 200_000)


def test_the_exponent_is_quadratic():
    logs = chances_all_positive(10, 4_000, 8, source(5)).mean(0).log().numpy()
    n = np.arange(3, 11)
    leading = np.polyfit(n, logs[2:], 2)[0]
    assert leading == pytest.approx(-math.log(3) / 4, abs=0.02)
    assert (logs[1:] < -math.log(2) * np.arange(2, 11)).all()  # rarer than fair coins


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: goe(0, 3, source()), "n must be a whole number of at least 1, got 0"),
        (lambda: goe(2, 3, source(), dtype=torch.int64), "dtype must be floating-point"),
        (lambda: tridiagonal_goe(2, 0, source()), "num_matrices"),
        (lambda: chance_all_positive(4), "got 4; chances_all_positive"),
        (lambda: chances_all_positive(3, 0, 1, source()), "num_particles"),
        (lambda: SphericalSpins(torch.zeros(2, 3, 3)), r"\(…, N, N, N\), got \(2, 3, 3\)"),
        (lambda: SphericalSpins(torch.full((2, 2, 2), math.nan)), "holds nan"),
        (lambda: SphericalSpins(torch.zeros(3, 3, 3)).energy(torch.zeros(3)), r"shape \(S, 3\), got \(3,\)"),
        (lambda: SphericalSpins(torch.zeros(5, 3, 3, 3)).energy(torch.zeros(4, 2, 3)), r"\(5, S, 3\)"),
    ],
)
def test_bad_input_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


# ---- the three-spin model


def written_out(couplings, spins):
    """H by its definition, one point."""
    return torch.einsum("ijk,i,j,k->", couplings, spins, spins, spins) / len(spins)


@pytest.mark.parametrize("n", [2, 5])
def test_derivatives_along_the_sphere_are_those_of_geodesics(n):
    couplings = torch.randn(3, n, n, n, generator=source(n), dtype=torch.float64)
    model = SphericalSpins(couplings)
    spins = model.starts(2, source(7))
    assert spins.shape == (3, 2, n)
    torch.testing.assert_close(spins.square().sum(-1), torch.full((3, 2), float(n), dtype=torch.float64))
    one, at = couplings[1], spins[1, 0]
    assert float(model.energy(spins)[1, 0]) == pytest.approx(float(written_out(one, at)) / n)
    slope, curved = model.gradient(spins)[1, 0], model.hessian(spins)[1, 0]
    assert abs(float(slope @ at)) < 1e-12
    values = torch.linalg.eigvalsh(curved)

    def along(direction):
        """First and second derivative of H along the geodesic by differences."""
        t, radius = 1e-4, math.sqrt(n)
        way = [at * math.cos(s / radius) + radius * direction * math.sin(s / radius) for s in (-t, 0.0, t)]
        low, mid, high = (written_out(one, point) for point in way)
        return float((high - low) / (2 * t)), float((high - 2 * mid + low) / t**2)

    tangents = torch.linalg.qr(torch.cat((at[:, None], torch.eye(n, dtype=torch.float64)), 1))[0][:, 1:n].T
    first, second = zip(*(along(direction) for direction in tangents), strict=True)
    assert first == pytest.approx((tangents @ slope).tolist(), abs=1e-6)
    assert sum(second) == pytest.approx(float(values.sum()), abs=1e-5)


def test_energies_have_the_covariance_of_the_model():
    n, count = 4, 20_000
    model = SphericalSpins.draw(n, count, source(11))
    spins = SphericalSpins(torch.zeros(n, n, n, dtype=torch.float64)).starts(2, source(12)).expand(count, 2, n)
    energies = n * model.energy(spins)
    overlap = float(spins[0, 0] @ spins[0, 1]) / n
    covariance = float((energies[:, 0] * energies[:, 1]).mean())
    assert float(energies.square().mean()) == pytest.approx(n, abs=5 * n * math.sqrt(1 / count))
    assert covariance == pytest.approx(n * overlap**3, abs=5 * n / math.sqrt(count))


def test_all_critical_points_of_small_models_are_found_and_obey_topology():
    """The signs (−1)^index sum to the sphere's Euler number; there are at most 2(2ᴺ − 1) (Cartwright, Sturmfels)."""
    for n in (2, 3):
        model = SphericalSpins.draw(n, 20, source(13))
        points = model.newton(model.starts(400, source(14)), 40)
        converged = model.gradient(points).norm(dim=-1) < 1e-10
        kind = curvatures(model.hessian(points))
        for disorder in range(20):
            here = points[disorder][converged[disorder]]
            first = distinct(here)
            index = kind.negative[disorder][converged[disorder]][first]
            assert int((1 - 2 * (index % 2)).sum()) == (2 if n == 3 else 0)
            assert 2 <= len(index) <= 2 * (2**n - 1)


def test_descent_falls_and_stays_on_the_sphere():
    model = SphericalSpins.draw(16, 2, source(15))
    start = model.starts(5, source(16))
    end = model.descend(start, 0.1, 60)
    assert (model.energy(end) < model.energy(start) - 0.5).all()
    torch.testing.assert_close(end.norm(dim=-1), torch.full((2, 5), 4.0, dtype=torch.float64))
    assert torch.equal(model.descend(start, 0.1, 0), start)


def test_the_index_follows_the_energy():
    model = SphericalSpins.draw(32, 2, source(17))
    start = model.starts(30, source(18))
    starts = torch.cat([model.descend(start, 0.1, steps) for steps in (0, 5, 20, 60)], 1)
    points = model.newton(starts)
    good = model.gradient(points).norm(dim=-1) < 1e-10
    assert good.double().mean() > 0.3
    share = curvatures(model.hessian(points)).negative[good] / 31
    predicted = index_fraction(model.energy(points)[good])
    assert float((share - predicted).square().mean().sqrt()) < 0.05


def test_shorter_steps_find_critical_points_where_whole_ones_do_not():
    model = SphericalSpins.draw(64, 1, source(21))
    start = model.descend(model.starts(12, source(22)), 0.1, 12)
    arrived = [model.gradient(model.newton(start, 40, c)).norm(dim=-1) < 1e-9 for c in (None, 2.0)]
    assert int(arrived[0].sum()) < int(arrived[1].sum())
    assert int(arrived[1].sum()) >= 3
    moved = model.newton(start, 1, 1e-3) - start
    torch.testing.assert_close(moved.norm(dim=-1), torch.full((1, 12), 1e-3, dtype=torch.float64), atol=1e-9, rtol=0)
    with pytest.raises(ValueError, match="max_length"):
        model.newton(start, 1, 0.0)


def test_the_formula_is_the_semicircles_share_below_zero():
    for energy in (-1.6, -0.7, 0.0, 0.4, 1.5):
        shift = 3 * energy
        radius = 3 * ENERGY_THRESHOLD
        part = quad(lambda v, r=radius: 2 / (math.pi * r * r) * math.sqrt(r * r - v * v), -radius, shift)[0]
        assert float(index_fraction(torch.tensor(energy, dtype=torch.float64))) == pytest.approx(part, abs=1e-7)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_precision_is_kept(dtype):
    model = SphericalSpins.draw(6, 2, source(19), dtype=dtype)
    points = model.newton(model.starts(3, source(20)), 3)
    for result in (points, model.energy(points), model.gradient(points), model.hessian(points)):
        assert result.dtype == dtype
    assert index_fraction(model.energy(points)).dtype == dtype
    assert goe(3, 2, source(), dtype=dtype).dtype == tridiagonal_goe(3, 2, source(), dtype=dtype)[1].dtype == dtype
