"""First-order methods on Nesterov's worst function, and students of a known network: against independent oracles."""

from __future__ import annotations

import math

import pytest
import torch

from labs.limits import (
    FIRST_ORDER_METHODS,
    first_order_path,
    least_excess,
    nesterov_bound,
    relu_overlaps,
    student_gradient,
    student_risk,
    worst_curvatures,
)
from labs.objectives import nesterov_worst, quadratic_form, rosenbrock


def _excess(k: int, method: str, num_steps: int, smoothness: float = 1.0) -> torch.Tensor:
    surface = nesterov_worst(k, smoothness)
    start = torch.zeros(surface.dimension, dtype=torch.float64)
    low, high = worst_curvatures(k, smoothness)
    path = first_order_path(surface, method, start, num_steps, smoothness=high, strong_convexity=low)
    return surface(path) - surface(surface.minima[0])


@pytest.mark.parametrize("method", FIRST_ORDER_METHODS)
@pytest.mark.parametrize("k", [1, 4, 25])
def test_no_method_gets_below_what_can_be_reached(k: int, method: str) -> None:
    excess = _excess(k, method, 2 * k + 1)
    least = torch.tensor([least_excess(t, k) for t in range(2 * k + 2)], dtype=torch.float64)
    assert (excess > least - 1e-12).all()
    squared = nesterov_worst(k).minima[0].square().sum().item()
    assert excess[k] > nesterov_bound(k, 1.0, squared)


@pytest.mark.parametrize("smoothness", [1.0, 7.0])
@pytest.mark.parametrize("k", [1, 4, 25])
def test_conjugate_gradients_reach_the_least_at_every_step(k: int, smoothness: float) -> None:
    least = torch.tensor([least_excess(t, k, smoothness) for t in range(2 * k + 2)], dtype=torch.float64)
    torch.testing.assert_close(
        _excess(k, "conjugate_gradients", 2 * k + 1, smoothness), least, rtol=1e-9, atol=1e-13 * smoothness
    )
    bound = nesterov_bound(k, smoothness, nesterov_worst(k).minima[0].square().sum().item())
    factor = 8 * (k + 1) ** 2 / ((2 * k + 1) * (4 * k + 3))
    assert least[k].item() == pytest.approx(factor * bound, rel=1e-12)


def test_curvatures_are_the_eigenvalues() -> None:
    values = torch.linalg.eigvalsh(nesterov_worst(6, 3.0).hessian(torch.zeros(13, dtype=torch.float64)))
    assert worst_curvatures(6, 3.0) == pytest.approx((values[0].item(), values[-1].item()))


def test_steps_are_those_of_the_formulas() -> None:
    surface = quadratic_form(torch.diag(torch.tensor([1.0, 9.0], dtype=torch.float64)))
    start = torch.tensor([[1.0, 1.0], [2.0, -1.0]], dtype=torch.float64)  # two runs at once
    settings = {"smoothness": 9.0, "strong_convexity": 1.0}
    path = {m: first_order_path(surface, m, start, 3, **settings) for m in FIRST_ORDER_METHODS}
    curvatures = torch.tensor([1.0, 9.0], dtype=torch.float64)
    assert torch.allclose(path["gradient_descent"][3], start * (1 - curvatures / 9) ** 3)
    optimizer_start = torch.nn.Parameter(start.clone())
    torch_ball = torch.optim.SGD([optimizer_start], lr=4 / 16, momentum=0.25)  # (√9 ± √1)² and their ratio
    for point in path["heavy_ball"][1:]:
        torch_ball.zero_grad()
        surface(optimizer_start).sum().backward()
        torch_ball.step()
        assert torch.allclose(optimizer_start.detach(), point)
    t1 = (1 + math.sqrt(5)) / 2
    t2 = (1 + math.sqrt(1 + 4 * t1**2)) / 2
    shrink, push = 1 - curvatures / 9, (t1 - 1) / t2
    x1 = shrink * start
    x2 = shrink * x1  # t = 1 gives no push at first
    assert torch.allclose(path["accelerated"][2], x2)
    assert torch.allclose(path["accelerated"][3], shrink * (x2 + push * (x2 - x1)))
    assert path["conjugate_gradients"][2:].abs().max() < 1e-14  # two curvatures, two steps; then it stays


@pytest.mark.parametrize("method", FIRST_ORDER_METHODS)
def test_float32_does_as_float64_and_no_step_is_the_start(method: str) -> None:
    surface = nesterov_worst(5)
    low, high = worst_curvatures(5)
    paths = [
        first_order_path(surface, method, torch.zeros(11, dtype=dtype), 11, smoothness=high, strong_convexity=low)
        for dtype in (torch.float32, torch.float64)
    ]
    assert paths[0].dtype == torch.float32
    assert torch.allclose(paths[0].double(), paths[1], atol=1e-4)
    assert first_order_path(surface, method, torch.ones(11), 0, smoothness=1.0).shape == (1, 11)


def test_accelerated_descends_on_what_is_no_quadratic() -> None:
    surface = rosenbrock(steepness=1.0)
    path = first_order_path(surface, "accelerated", torch.tensor([0.5, 0.5]), 400, smoothness=50.0)
    assert surface(path[-1]) < 0.01 * surface(path[0])


def test_methods_refuse_what_cannot_be() -> None:
    surface, start = nesterov_worst(1), torch.zeros(3)
    with pytest.raises(ValueError, match="unknown method 'adam'; choose one of gradient_descent, heavy_ball"):
        first_order_path(surface, "adam", start, 1, smoothness=1.0)
    with pytest.raises(ValueError, match="num_steps must be a whole number of at least 0, got -1"):
        first_order_path(surface, "accelerated", start, -1, smoothness=1.0)
    with pytest.raises(ValueError, match="smoothness must be a finite number above 0, got 0"):
        first_order_path(surface, "accelerated", start, 1, smoothness=0.0)
    with pytest.raises(ValueError, match=r"strong_convexity must be a finite number from 0 to 1.0, got 2.0"):
        first_order_path(surface, "heavy_ball", start, 1, smoothness=1.0, strong_convexity=2.0)
    with pytest.raises(ValueError, match=r"step must be at most n = 2k \+ 1 = 3, got 4"):
        least_excess(4, 1)
    with pytest.raises(ValueError, match="squared_distance must be a finite number above 0"):
        nesterov_bound(1, 1.0, 0.0)
    with pytest.raises(ValueError, match="k must be a whole number of at least 1, got 0"):
        worst_curvatures(0)


# ---- students


def _units(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_overlaps_are_the_means_over_many_inputs() -> None:
    a, b = _units(3, 4), _units(2, 4, seed=1)
    x = _units(400_000, 4, seed=2)
    products = (x @ a.T).relu()[:, :, None] * (x @ b.T).relu()[:, None, :]
    error = products.std(0) / math.sqrt(len(x))
    assert ((relu_overlaps(a, b) - products.mean(0)).abs() < 5 * error).all()


def test_overlaps_where_they_are_known() -> None:
    e = torch.eye(2, dtype=torch.float64)
    known = torch.tensor([[0.5, 1 / (2 * math.pi)], [1 / (2 * math.pi), 0.5]], dtype=torch.float64)
    torch.testing.assert_close(relu_overlaps(e, e), known)
    assert relu_overlaps(e[:1], -3 * e[:1]).abs().item() < 1e-12


def test_the_risk_is_that_of_a_sample_and_its_gradient_is_its_slope() -> None:
    students, teacher = _units(5, 3, 4), _units(2, 4, seed=1)
    x = _units(200_000, 4, seed=3)
    for student, risk in zip(students, student_risk(students, teacher), strict=True):
        half = 0.5 * ((x @ student.T).relu().sum(-1) - (x @ teacher.T).relu().sum(-1)).square()
        assert abs(half.mean() - risk) < 5 * half.std() / math.sqrt(len(x))
    step = 1e-5 * torch.eye(12, dtype=torch.float64).unflatten(1, (3, 4))
    there, back = (student_risk(students[:, None] + side * step, teacher) for side in (1, -1))
    torch.testing.assert_close(
        student_gradient(students, teacher).flatten(1), (there - back) / 2e-5, rtol=1e-6, atol=1e-8
    )


def test_a_student_that_knows_all_has_no_risk_in_any_order_or_precision() -> None:
    teacher = torch.eye(5)
    student = teacher[[3, 1, 4, 0, 2]]
    assert student_risk(student.double(), teacher.double()).abs() < 1e-14
    assert student_risk(student, teacher).abs() < 1e-5
    assert student_gradient(student, teacher).dtype == torch.float32
    assert student_gradient(student, teacher).abs().max() < 1e-5


def test_students_refuse_other_shapes() -> None:
    with pytest.raises(ValueError, match=r"with the same d, got \(2, 3\) and \(2, 4\)"):
        student_risk(torch.zeros(2, 3), torch.zeros(2, 4))
    with pytest.raises(ValueError, match=r"floating-point \(…, number, d\)"):
        student_gradient(torch.zeros(2, 3, dtype=torch.int64), torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"got \(3,\)"):
        relu_overlaps(torch.zeros(3), torch.zeros(1, 3))
