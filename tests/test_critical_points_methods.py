"""Newton's steps against solved systems, escape times against descent, deep linear networks against their flow."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from labs.critical_points import (
    aligned_start,
    curvatures,
    escape_steps,
    mode_strength,
    newton_step,
    plateau_time,
    run_newton,
    saddle_free_step,
)
from labs.losses import Risk
from labs.models import MLP
from labs.objectives import four_valleys, quadratic, rosenbrock, saddle


def source(seed=0):
    return torch.Generator().manual_seed(seed)


def systems(n=5, count=7):
    matrices = torch.randn(count, n, n, generator=source(), dtype=torch.float64)
    return torch.randn(count, n, generator=source(1), dtype=torch.float64), matrices + matrices.mT


def test_steps_solve_their_systems():
    slope, curved = systems()
    torch.testing.assert_close(newton_step(slope, curved), -torch.linalg.solve(curved, slope))
    squared = curved @ curved  # |H| is its positive square root
    values, vectors = torch.linalg.eigh(squared)
    size = vectors @ torch.diag_embed(values.sqrt()) @ vectors.mT + 0.3 * torch.eye(5, dtype=torch.float64)
    step = saddle_free_step(slope, curved, 0.3)
    torch.testing.assert_close(step, -torch.linalg.solve(size, slope))
    assert ((step * slope).sum(-1) < 0).all()
    assert (newton_step(slope, curved) * slope).sum(-1).max() > 0  # uphill somewhere
    torch.testing.assert_close(saddle_free_step(slope, squared), newton_step(slope, squared))


def test_flat_directions_give_finite_steps():
    flat = torch.zeros(2, 2, dtype=torch.float64)
    slope = torch.tensor([1e-9, 0.0], dtype=torch.float64)
    assert newton_step(slope, flat).tolist() == [-1.0, 0.0]
    assert saddle_free_step(slope, flat).tolist() == [-1.0, 0.0]


@pytest.mark.parametrize("saddle_free", [False, True])
def test_a_quadratic_is_solved_in_one_step_and_rosenbrock_in_few(saddle_free):
    bowl = quadratic(kappa=50.0, angle=0.7)
    path = run_newton(bowl, torch.tensor([[3.0, -2.0], [1.0, 1.0]]).double(), 2, saddle_free=saddle_free)
    assert path.shape == (3, 2, 2)
    assert path[1].abs().max() < 1e-12
    end = run_newton(rosenbrock(), torch.tensor([-1.2, 1.0]).double(), 60, saddle_free=saddle_free)[-1]
    torch.testing.assert_close(end, torch.ones(2).double())


def test_newton_ends_in_all_kinds_of_points_and_the_saddle_free_method_in_minima():
    surface = four_valleys()
    starts = 4 * torch.rand(400, 2, generator=source(2), dtype=torch.float64) - 2
    newton, free = (run_newton(surface, starts, 60, saddle_free=free)[-1] for free in (False, True))
    kinds = curvatures(surface.hessian(newton[surface.gradient(newton).norm(dim=-1) < 1e-9]))
    assert min(int(kind.sum()) for kind in (kinds.is_minimum, kinds.is_saddle, kinds.is_maximum)) > 0
    assert surface.gradient(free).norm(dim=-1).max() < 1e-9
    assert curvatures(surface.hessian(free)).is_minimum.all()


def test_runs_do_not_mix_and_one_that_flies_off_ends_alone():
    surface = four_valleys()
    starts = 4 * torch.rand(5, 2, generator=source(3), dtype=torch.float64) - 2
    together = run_newton(surface, starts, 8)
    for k, start in enumerate(starts):
        torch.testing.assert_close(run_newton(surface, start, 8), together[:, k], rtol=1e-9, atol=1e-12)
    away = run_newton(lambda p: -(-p.square()).exp().sum(-1), torch.tensor([[0.1], [5.0]]).double(), 3)
    assert away[-1, 0].abs() < 1e-6
    assert 5 < away[1, 1] < 6  # uphill, out of the dip
    steep = run_newton(lambda p: p.sum(-1), torch.tensor([[0.1], [5.0]]).double(), 3)
    assert steep.isnan().flatten().tolist() == [False] * 6 + [True] * 2


def test_a_risk_and_its_plain_function_go_the_same_way_and_lengths_are_bounded():
    x = torch.randn(20, 3, generator=source(4), dtype=torch.float64)
    risk = Risk(MLP((3, 2, 1)), x, x[:, :1].sin(), "squared_error", 0.01)
    start = risk.model.init(source(5), 4, dtype=torch.float64, device="cpu")
    paths = [run_newton(f, start, 3, saddle_free=True, damping=0.1, max_length=0.2) for f in (risk, lambda t: risk(t))]
    torch.testing.assert_close(*paths)
    lengths = (paths[0][1:] - paths[0][:-1]).norm(dim=-1)
    assert lengths.max() <= 0.2 + 1e-12
    assert lengths[0].max() == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: newton_step(torch.ones(3), torch.eye(2)), "do not fit"),
        (lambda: saddle_free_step(torch.ones(2), torch.eye(2), -1.0), "damping"),
        (lambda: newton_step(torch.tensor([math.inf, 0.0]), torch.eye(2)), "holds inf"),
        (lambda: run_newton(saddle(), torch.ones(2), -1), "num_steps"),
        (lambda: run_newton(saddle(), torch.ones(2), 3, damping=0.1), "saddle_free=True"),
        (lambda: run_newton(saddle(), torch.ones(2), 3, max_length=0.0), "max_length"),
        (lambda: run_newton(saddle(), torch.ones(2, 2, 2), 3), r"\(R, n\)"),
        (lambda: escape_steps(0.1, 1.0, 0.1), "curvature must be negative, got 1.0"),
        (lambda: escape_steps(-0.1, -1.0, 0.1), "at least 0"),
        (lambda: escape_steps(0.1, -1.0, 0.0), "learning_rate"),
        (lambda: mode_strength(torch.tensor([-1.0]), torch.ones(1), 0.1), "time must be at least 0"),
        (lambda: mode_strength(torch.zeros(1), torch.zeros(1), 0.1), "target must be above 0"),
        (lambda: plateau_time(torch.ones(1), 0.5), "start must be below 0.5"),
        (lambda: plateau_time(torch.ones(1), 0.1, 1.0), "share must lie between 0 and 1"),
        (lambda: aligned_start(MLP((2, 2, 2)), torch.eye(2), 0.1), '"linear", bias=False'),
        (lambda: aligned_start(MLP((2, 3, 2), "linear", bias=False), torch.eye(2), 0.1), "k ≤ both"),
    ],
)
def test_bad_input_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


# ---- escape


@pytest.mark.parametrize(("curvature", "rate"), [(1.0, 0.1), (0.2, 0.5), (3.0, 0.01)])
def test_descent_leaves_when_the_formula_says(curvature, rate):
    surface = saddle(curvature)
    for distance in (1e-2, 1e-6, 1e-12):
        point, steps = torch.tensor([1.0, distance]).double(), 0
        while abs(float(point[1])) < 1.0:
            point, steps = point - rate * surface.gradient(point), steps + 1
        assert steps == math.ceil(float(escape_steps(torch.tensor(distance).double(), -curvature, rate)))


def test_who_is_out_has_escaped_and_who_sits_on_the_ridge_never_does():
    assert escape_steps(2.0, -1.0, 0.1) == 0
    assert escape_steps(0.5, -1.0, 0.1, radius=0.5) == 0
    assert escape_steps(0.0, -1.0, 0.1) == math.inf


# ---- deep linear networks


def whitened(n=4, count=30):
    """Inputs with covariance I, and targets."""
    x = torch.randn(count, n, generator=source(6), dtype=torch.float64)
    x = math.sqrt(count) * torch.linalg.qr(x)[0]
    return x, x @ torch.randn(n, 3, generator=source(7), dtype=torch.float64)


def test_modes_follow_their_differential_equation():
    for target in (0.3, 2.0):
        solved = solve_ivp(
            lambda _, u, s=target: 2 * u * (s - u), (0, 8), [0.01], rtol=1e-10, atol=1e-12, dense_output=True
        )
        times = np.linspace(0, 8, 30)
        ours = mode_strength(torch.from_numpy(times), torch.tensor([target]).double(), 0.01)[:, 0]
        np.testing.assert_allclose(ours.numpy(), solved.sol(times)[0], rtol=1e-7)
        wait = plateau_time(torch.tensor([target]).double(), 0.01, 0.25)
        assert float(mode_strength(wait, torch.tensor([target]).double(), 0.01)[0, 0]) == pytest.approx(0.25 * target)


def test_a_network_from_the_aligned_start_follows_the_formula():
    x, y = whitened()
    model, correlation = MLP((4, 2, 3), "linear", bias=False), y.T @ x / len(x)
    risk = Risk(model, x, y, "squared_error")
    u, s, v = torch.linalg.svd(correlation, full_matrices=False)
    theta, rate, start = aligned_start(model, correlation, 0.01), 2e-3, 0.01
    strengths = []
    for step in range(1_001):
        if step % 125 == 0:
            first, second = model.matrices(theta)
            strengths.append(torch.diagonal(u.T @ second @ first @ v.T)[:2])
        theta = theta - rate * risk.grad(theta)
    expected = mode_strength(rate * torch.arange(0, 1_001, 125).double(), s[:2], start)
    assert (torch.stack(strengths) - expected).abs().max() < 0.01 * float(s[0])
    assert float(expected[-1, 0]) == pytest.approx(float(s[0]), rel=0.01)


def test_precision_is_kept():
    for dtype in (torch.float32, torch.float64):
        target = torch.tensor([1.0, 2.0], dtype=dtype)
        assert mode_strength(torch.zeros(3, dtype=dtype), target, 0.1).dtype == dtype
        assert plateau_time(target, 0.1).dtype == dtype
        assert run_newton(saddle(), torch.ones(2, dtype=dtype), 1).dtype == dtype
        assert escape_steps(target, -1.0, 0.1).dtype == dtype
        assert aligned_start(MLP((2, 2, 2), "linear", bias=False), torch.eye(2, dtype=dtype), 0.1).dtype == dtype
