"""Classification, searches, dead units and the linear autoencoder, against differences and dense Hessians."""

import math

import pytest
import torch

from labs.critical_points import (
    autoencoder_points,
    curvatures,
    dead_unit_pulls,
    distinct,
    embed,
    levenberg_marquardt,
    predicted_index,
)
from labs.curvature import hessian
from labs.losses import Risk
from labs.models import MLP
from labs.objectives import four_valleys, himmelblau, saddle


def source(seed=0):
    return torch.Generator().manual_seed(seed)


def spectrum(values, seed=0):
    """A symmetric matrix with these eigenvalues in random axes."""
    values = torch.tensor(values, dtype=torch.float64)
    axes = torch.linalg.qr(torch.randn(len(values), len(values), generator=source(seed), dtype=torch.float64))[0]
    matrix = axes * values @ axes.T
    return (matrix + matrix.T) / 2


def digits_like(num_units, decay, *, seed=0, sizes=(4, 3)):
    """A small classification problem, float64."""
    d, num_classes = sizes
    x = torch.randn(60, d, generator=source(seed), dtype=torch.float64)
    y = (x @ torch.randn(d, num_classes, generator=source(seed + 1), dtype=torch.float64)).argmax(-1)
    return Risk(MLP((d, num_units, num_classes)), x, y, weight_decay=decay)


# ---- kinds


@pytest.mark.parametrize(
    ("values", "counts", "kind"),
    [
        ([1.0, 2.0, 3.0], (0, 0, 3), "is_minimum"),
        ([-1.0, 2.0, 3.0], (1, 0, 2), "is_saddle"),
        ([-1.0, 0.0, 3.0], (1, 1, 1), "is_saddle"),
        ([-1.0, -2.0, -3.0], (3, 0, 0), "is_maximum"),
        ([0.0, 2.0, 3.0], (0, 1, 2), None),
        ([0.0, 0.0, -3.0], (1, 2, 0), None),
        ([0.0, 0.0, 0.0], (0, 3, 0), None),
    ],
)
def test_eigenvalues_are_counted_and_points_named(values, counts, kind):
    found = curvatures(torch.stack([spectrum(values), 1e6 * spectrum(values, 1)]))
    assert [count.tolist() for count in found] == [[count] * 2 for count in counts]
    for name in ("is_minimum", "is_saddle", "is_maximum"):
        assert getattr(found, name).tolist() == [name == kind] * 2


def test_the_tolerance_decides_what_is_zero():
    matrix = torch.diag(torch.tensor([-1e-5, 1.0]))
    assert curvatures(matrix, 1e-4).zero == 1
    assert curvatures(matrix, 1e-6).negative == 1
    assert curvatures(torch.diag(torch.tensor([-1e-300, 1.0], dtype=torch.float64)), 0).negative == 1


def test_distinct_keeps_the_first_of_each():
    points = torch.randn(3, 5, 4, generator=source(), dtype=torch.float64)
    twice = torch.cat((points, points + 1e-9, points.flip(-2)), -2)
    assert distinct(twice).tolist() == [[True] * 5 + [False] * 10] * 3
    assert distinct(points * math.nan).all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: curvatures(torch.ones(2, 3)), r"\(…, n, n\), got \(2, 3\)"),
        (lambda: curvatures(torch.tensor([[0.0, 1.0], [0.0, 0.0]])), r"take \(H \+ Hᵀ\)/2"),
        (lambda: curvatures(torch.eye(2) * math.nan), "holds nan"),
        (lambda: curvatures(torch.eye(2), 1.0), "tolerance"),
        (lambda: distinct(torch.zeros(3)), r"\(…, S, n\)"),
        (lambda: distinct(torch.zeros(3, 2), 0.0), "tolerance must be a finite number above 0"),
    ],
)
def test_kinds_refuse_bad_input(call, says):
    with pytest.raises(ValueError, match=says):
        call()


# ---- Levenberg and Marquardt


@pytest.mark.parametrize("surface", [four_valleys(), himmelblau()], ids=lambda surface: surface.name)
def test_all_critical_points_of_a_surface_are_found(surface):
    low, high = (torch.tensor(ends, dtype=torch.float64) for ends in zip(*surface.domain, strict=True))
    starts = low + (high - low) * torch.rand(300, 2, generator=source(), dtype=torch.float64)
    found = levenberg_marquardt(surface, starts)
    points = found.theta[found.gradient_norm < 1e-10]
    points = points[distinct(points)]
    known = torch.cat((surface.minima, surface.saddles, surface.maxima))
    assert len(points) == len(known)
    assert torch.cdist(known, points).amin(-1).max() < 1e-6
    kinds = curvatures(surface.hessian(points))
    assert [int(kind.sum()) for kind in (kinds.is_minimum, kinds.is_saddle, kinds.is_maximum)] == [
        len(part) for part in (surface.minima, surface.saddles, surface.maxima)
    ]


def test_points_of_a_network_are_critical_by_differences_and_searches_do_not_meet():
    risk = digits_like(2, 0.02)
    starts = risk.model.init(source(3), 12, dtype=torch.float64, device="cpu")
    found = levenberg_marquardt(risk, starts, max_steps=300)
    done = found.gradient_norm < 1e-10
    assert done.sum() >= 3
    for theta in found.theta[done][:2]:
        for direction in torch.eye(len(theta), dtype=torch.float64)[::3]:
            slope = (risk(theta + 1e-5 * direction) - risk(theta - 1e-5 * direction)) / 2e-5
            assert abs(float(slope)) < 1e-9
    alone = levenberg_marquardt(risk, starts[4:5], max_steps=300)
    torch.testing.assert_close(alone.theta[0], found.theta[4], rtol=1e-6, atol=1e-6)
    assert alone.num_steps[0] == found.num_steps[4]
    torch.testing.assert_close(risk.grad(found.theta).norm(dim=-1), found.gradient_norm, rtol=1e-6, atol=1e-13)


def test_the_gradient_never_grows_and_a_search_without_success_ends():
    flat = levenberg_marquardt(lambda p: (p + p**3 / 3).sum(-1), torch.tensor([[2.0], [-0.5]]).double())
    assert flat.gradient_norm == pytest.approx(1.0, abs=1e-6)  # g = 1 + p² is never 0
    start = torch.tensor([[2.0, 1.0]], dtype=torch.float64)
    lengths = [
        float(levenberg_marquardt(himmelblau(), start, max_steps=steps).gradient_norm[0]) for steps in range(1, 9)
    ]
    assert lengths == sorted(lengths, reverse=True)


def test_the_search_refuses_bad_input():
    with pytest.raises(ValueError, match=r"\(R, P\), got \(2,\)"):
        levenberg_marquardt(saddle(), torch.zeros(2))
    with pytest.raises(ValueError, match="share their data"):
        levenberg_marquardt(
            Risk(MLP((2, 1)), torch.ones(3, 4, 2), torch.ones(3, 4, 1), "squared_error"), torch.zeros(3, 3)
        )
    with pytest.raises(ValueError, match="max_steps"):
        levenberg_marquardt(saddle(), torch.zeros(1, 2), max_steps=0)
    with pytest.raises(ValueError, match="damping"):
        levenberg_marquardt(saddle(), torch.zeros(1, 2), damping=0.0)


# ---- dead units


@pytest.mark.parametrize("bias", [True, False])
def test_an_embedded_network_computes_the_same_and_stays_critical(bias):
    small, large = MLP((4, 2, 3), bias=bias), MLP((4, 5, 3), bias=bias)
    theta = small.init(source(1), 6, dtype=torch.float64, device="cpu", bias_sd=1.0)
    x = torch.randn(7, 4, generator=source(2), dtype=torch.float64)
    wide = embed(small, theta, 5)
    torch.testing.assert_close(large(wide, x), small(theta, x))
    assert torch.equal(embed(small, theta, 2), theta)
    risk = digits_like(2, 0.05)
    found = levenberg_marquardt(risk, risk.model.init(source(3), 8, dtype=torch.float64, device="cpu"))
    points = found.theta[found.gradient_norm < 1e-10]
    wider = Risk(MLP((4, 5, 3)), risk.x, risk.y, weight_decay=0.05)
    assert len(points) > 0
    assert wider.grad(embed(risk.model, points, 5)).abs().max() < 1e-10


def test_the_index_of_embedded_minima_and_their_spectra_are_as_predicted():
    decay = 0.02
    wide = Risk(MLP((4, 4, 3)), *(digits_like(1, decay).x, digits_like(1, decay).y), weight_decay=decay)
    indices = []
    for num_units in (1, 2, 3):
        risk = digits_like(num_units, decay)
        starts = risk.model.init(source(num_units), 10, dtype=torch.float64, device="cpu")
        for _ in range(200):
            starts = starts - 0.5 * risk.grad(starts)
        found = levenberg_marquardt(risk, starts)
        minima = found.theta[(found.gradient_norm < 1e-10) & curvatures(hessian(risk, found.theta), 1e-6).is_minimum]
        assert len(minima) > 0
        full = hessian(wide, embed(risk.model, minima, 4))
        predicted = predicted_index(risk, minima, 4)
        assert predicted.tolist() == curvatures(full).negative.tolist()
        indices += predicted.tolist()
        pulls = dead_unit_pulls(risk, minima[0])
        values = torch.linalg.eigvalsh(full[0])
        for pull in (*(decay + pulls), *(decay - pulls)):
            assert ((values - pull).abs() < 1e-9).sum() >= 4 - num_units
    assert max(indices) > 0


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: embed(MLP((2, 3, 4, 1)), torch.zeros(30), 5), "one hidden layer"),
        (lambda: embed(MLP((2, 3, 1), "relu"), torch.zeros(13), 5), "smoothly through 0"),
        (lambda: embed(MLP((2, 3, 1), "sigmoid"), torch.zeros(13), 5), "smoothly through 0"),
        (lambda: embed(MLP((2, 3, 1)), torch.zeros(13), 2), "at least the 3 there are, got 2"),
        (lambda: predicted_index(digits_like(2, 0.1), torch.zeros(19, dtype=torch.float64), 1), "got 1"),
        (lambda: dead_unit_pulls(Risk(MLP((2, 1)), torch.ones(3, 2), torch.zeros(3).long()), torch.zeros(3)), "one"),
    ],
)
def test_dead_units_refuse_bad_input(call, says):
    with pytest.raises(ValueError, match=says):
        call()


# ---- the linear autoencoder


@pytest.mark.parametrize(("n", "p"), [(6, 3), (4, 1), (5, 4)])
def test_all_points_are_critical_with_the_loss_and_index_of_the_formula(n, p):
    x = torch.randn(40, n, generator=source(n), dtype=torch.float64) * torch.arange(1, n + 1)
    risk = Risk(MLP((n, p, n), "linear", bias=False), x, x, "squared_error")
    points = autoencoder_points(x.T @ x / len(x), p)
    assert len(points.subsets) == sum(math.comb(n, r) for r in range(p + 1)) == len(set(points.subsets))
    assert risk.grad(points.theta).abs().max() < 1e-10
    torch.testing.assert_close(risk(points.theta), points.losses)
    assert points.indices.tolist() == curvatures(hessian(risk, points.theta), 1e-9).negative.tolist()
    assert (points.indices == 0).sum() == 1
    assert points.subsets[int(points.indices.argmin())] == tuple(range(p))
    assert points.losses.argmin() == points.indices.argmin()


@pytest.mark.parametrize(
    ("covariance", "units", "says"),
    [
        (torch.eye(3), 1, "distinct positive eigenvalues"),
        (torch.diag(torch.tensor([2.0, 1.0, 0.0])), 1, "distinct positive"),
        (torch.diag(torch.tensor([2.0, 1.0])), 2, "below n = 2, got 2"),
        (torch.diag(torch.tensor([2.0, 1.0])), 0, "num_units"),
        (torch.ones(2, 3), 1, "shape"),
        (torch.diag(torch.arange(1.0, 31.0)), 15, "more than 65536"),
    ],
)
def test_the_autoencoder_refuses_bad_input(covariance, units, says):
    with pytest.raises(ValueError, match=says):
        autoencoder_points(covariance, units)
