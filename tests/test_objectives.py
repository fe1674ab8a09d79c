"""Every surface against autograd, and its critical points against what makes them critical."""

from __future__ import annotations

import math
import pickle

import pytest
import torch

from labs import objectives
from labs.objectives import SURFACES, Surface, nesterov_worst, quadratic_form, surface

MEMBERS = [factory() for factory in SURFACES.values()] + [
    surface("quadratic", kappa=300.0, angle=0.7),
    surface("rosenbrock", steepness=3.0),
    surface("rastrigin", amplitude=10.0),
    surface("saddle", curvature=0.2),
    surface("two_valleys", tilt=-0.3),
    surface("four_valleys", coupling=0.0),
    surface("plateau", width=2.0),
    surface("cliff", num_steps=7, target=-0.2),
    quadratic_form(torch.tensor([[2.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, 1.0]]), torch.tensor([1.0, -1.0, 2.0])),
    nesterov_worst(3, smoothness=5.0),
]
BY_NAME = pytest.mark.parametrize("member", MEMBERS, ids=lambda s: f"{s.name}{tuple(s.parameters.values())[:2]}"[:40])


def random_points(member: Surface, *lead: int) -> torch.Tensor:
    low, high = torch.tensor(member.domain, dtype=torch.float64).T
    unit = torch.rand(*lead, member.dimension, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return low + (high - low) * unit


@BY_NAME
def test_gradient_and_hessian_are_those_of_autograd(member):
    points = random_points(member, 3, 50)
    leaf = points.clone().requires_grad_()
    gradient = torch.autograd.grad(member.f(leaf).sum(), leaf, create_graph=True)[0]
    torch.testing.assert_close(member.gradient(points), gradient.detach(), rtol=1e-9, atol=1e-9)
    rows = [
        torch.autograd.grad(g.sum(), leaf, retain_graph=True, materialize_grads=True)[0] for g in gradient.unbind(-1)
    ]
    torch.testing.assert_close(member.hessian(points), torch.stack(rows, -2), rtol=1e-8, atol=1e-8)


@BY_NAME
def test_critical_points_have_zero_gradient_and_the_right_signs(member):
    for kind, points in (("minima", member.minima), ("saddles", member.saddles), ("maxima", member.maxima)):
        assert points.shape == (len(points), member.dimension)
        assert points.dtype == torch.float64
        torch.testing.assert_close(member.gradient(points), torch.zeros_like(points), rtol=0, atol=1e-11)
        values = torch.linalg.eigvalsh(member.hessian(points))
        negative = (values < 0).sum(-1)
        assert (values.abs() > 1e-6).all()
        expected = {"minima": negative == 0, "maxima": negative == member.dimension}
        assert expected.get(kind, (negative > 0) & (negative < member.dimension)).all()


@BY_NAME
def test_no_random_point_lies_below_the_first_minimum(member):
    if len(member.minima):
        assert (member(random_points(member, 5_000)) >= member(member.minima[0]) - 1e-12).all()


def test_saddle_and_cliff_declare_no_isolated_minimum():
    assert [member.name for member in (f() for f in SURFACES.values()) if not len(member.minima)] == ["saddle", "cliff"]


@BY_NAME
def test_any_leading_shape_and_float32_are_accepted(member):
    points = random_points(member, 4, 1, 2)
    assert member(points).shape == (4, 1, 2)
    assert member.gradient(points).shape == points.shape
    assert member.hessian(points).shape == (*points.shape, member.dimension)
    assert member(points[0, 0, 0]).shape == ()
    single = points.float()
    assert {member(single).dtype, member.gradient(single).dtype, member.hessian(single).dtype} == {torch.float32}


@BY_NAME
def test_start_lies_in_the_domain_and_is_not_critical(member):
    start = torch.tensor(member.start, dtype=torch.float64)
    assert all(low <= s <= high for s, (low, high) in zip(member.start, member.domain, strict=True))
    assert member.gradient(start).norm() > 1e-6


def test_quadratic_has_the_condition_number_and_the_axis_it_says():
    member = surface("quadratic", kappa=50.0, angle=0.4)
    values, vectors = torch.linalg.eigh(member.hessian(torch.zeros(2, dtype=torch.float64)))
    assert values.tolist() == pytest.approx([1.0, 50.0])
    assert abs(vectors[:, 0] @ torch.tensor([math.cos(0.4), math.sin(0.4)], dtype=torch.float64)) == pytest.approx(1.0)


def test_rastrigin_finds_every_minimum_of_a_fine_grid():
    for amplitude in (0.06, 0.5, 1.0, 3.0):
        member = surface("rastrigin", amplitude=amplitude)
        x = torch.linspace(-12, 12, 2_400_001, dtype=torch.float64)
        values = member(torch.stack([x, torch.zeros_like(x)], -1))
        inner = (values[1:-1] < values[:-2]) & (values[1:-1] < values[2:])
        found = member.minima[member.minima[:, 1] == 0, 0].sort().values
        torch.testing.assert_close(found, x[1:-1][inner], rtol=0, atol=2e-5)


def test_wells_have_the_count_that_topology_asks_for_and_no_minimum_besides():
    """Poincaré and Hopf: minima − saddles + maxima = 1; and what descent finds from everywhere are these minima."""
    member = surface("wells")
    assert len(member.minima) - len(member.saddles) + len(member.maxima) == 1
    assert (member(member.minima).diff() > 0).all()
    points = random_points(member, 2_000)
    for _ in range(1_000):
        points = points - 0.05 * member.gradient(points)
    distance, nearest = (points[:, None] - member.minima).norm(dim=-1).min(-1)
    assert distance.max() < 1e-6
    assert len(nearest.unique()) == 7


def test_one_neuron_is_the_risk_of_that_neuron_and_fails_one_example_in_its_bad_minimum():
    member = surface("one_neuron")
    x = torch.tensor([[1.0, 1.0], [-1.0, 1.0], [-6.0, 7.0]], dtype=torch.float64)
    y = torch.tensor([0.9, 0.1, 0.9], dtype=torch.float64)
    points = random_points(member, 100)
    output = 1 / (1 + torch.exp(-(x @ points.T)))
    torch.testing.assert_close(member(points), ((output - y[:, None]) ** 2).sum(0))
    right = ((x @ member.minima.T > 0) == (y[:, None] > 0.5)).sum(0)
    assert right.tolist() == [3, 2]
    torch.testing.assert_close(member(member.minima), torch.tensor([0.01, 0.81]).double(), rtol=1e-3, atol=0)
    expected = 0.0324 * torch.eye(2, dtype=torch.float64)
    torch.testing.assert_close(member.hessian(member.minima[1]), expected, rtol=0, atol=3.24e-4)


def test_hill_drifts_to_three_quarters():
    far = torch.tensor([-math.sqrt(2.0), -30.0], dtype=torch.float64)
    assert objectives.hill()(far).item() == pytest.approx(0.75, abs=1e-9)


def test_cliff_throws_a_step_sixteen_far():
    point = torch.tensor([1.101036, -0.01], dtype=torch.float64)
    assert 0.01 * objectives.cliff().gradient(point).norm().item() == pytest.approx(16, abs=0.5)


@pytest.mark.parametrize("k", [1, 4, 20])
def test_nesterov_optimum_bound_and_smoothness(k):
    member = nesterov_worst(k, smoothness=2.0)
    n = 2 * k + 1
    assert member.dimension == n
    optimum = member(member.minima[0]).item()
    assert optimum == pytest.approx(-2.0 / 8 * (1 - 1 / (n + 1)))
    assert torch.linalg.eigvalsh(member.hessian(member.minima[0])).max() < 2.0
    # Conjugate gradients minimise over the span of the first k coordinates: solve there, compare with the known factor.
    origin = torch.zeros(n, dtype=torch.float64)
    matrix, linear = member.hessian(origin), -member.gradient(origin)
    best = torch.zeros(n, dtype=torch.float64)
    best[:k] = torch.linalg.solve(matrix[:k, :k], linear[:k])
    bound = 3 * 2.0 * member.minima[0].square().sum().item() / (32 * (k + 1) ** 2)
    factor = 8 * (k + 1) ** 2 / ((2 * k + 1) * (4 * k + 3))
    assert (member(best).item() - optimum) / bound == pytest.approx(factor, rel=1e-9)


def test_quadratic_form_tells_minimum_saddle_maximum_and_singular_apart():
    def kinds(*eigenvalues):
        member = quadratic_form(torch.diag(torch.tensor(eigenvalues)))
        return len(member.minima), len(member.saddles), len(member.maxima)

    assert kinds(1.0, 2.0) == (1, 0, 0)
    assert kinds(1.0, -2.0) == (0, 1, 0)
    assert kinds(-1.0, -2.0) == (0, 0, 1)
    assert kinds(1.0, 0.0) == (0, 0, 0)


@BY_NAME
def test_a_surface_survives_pickling(member):
    points = random_points(member, 3)
    assert torch.equal(pickle.loads(pickle.dumps(member))(points), member(points))


@pytest.mark.parametrize(
    ("name", "parameters", "complaint"),
    [
        ("bowl", {}, "unknown surface 'bowl'; choose one of quadratic, rosenbrock"),
        ("quadratic", {"kapa": 3}, "quadratic has no parameter kapa; it has kappa, angle"),
        ("hill", {"height": 3}, "hill has no parameter height; it has none"),
        ("quadratic", {"kappa": 0.5}, "kappa must be a finite number ≥ 1, got 0.5"),
        ("quadratic", {"angle": math.nan}, "angle must be a finite number, got nan"),
        ("rosenbrock", {"steepness": 0}, "steepness must be a finite number above 0, got 0"),
        ("rastrigin", {"amplitude": -1}, "amplitude must be a finite number ≥ 0, got -1"),
        ("saddle", {"curvature": -1}, "curvature must be a finite number above 0, got -1"),
        ("two_valleys", {"tilt": 0.5}, "tilt must be a finite number from -0.38 to 0.38, got 0.5"),
        ("four_valleys", {"coupling": 0.5}, "coupling must be a finite number from 0 to 0.49, got 0.5"),
        ("plateau", {"width": math.inf}, "width must be a finite number above 0, got inf"),
        ("cliff", {"num_steps": 0}, "num_steps must be a whole number of at least 1, got 0"),
        ("cliff", {"target": 2}, "target must be a finite number from -1 to 1, got 2"),
    ],
)
def test_unknown_names_and_bad_parameters_are_refused(name, parameters, complaint):
    with pytest.raises(ValueError, match="^" + complaint.replace("(", r"\(")):
        surface(name, **parameters)


def test_wrong_points_are_refused():
    member = objectives.rosenbrock()
    for fn in (member, member.gradient, member.hessian, nesterov_worst(1), nesterov_worst(1).hessian):
        with pytest.raises(ValueError, match=r"point must have shape \(…, [23]\), got \(4,\)"):
            fn(torch.zeros(4))
        with pytest.raises(ValueError, match=r"must be a floating-point tensor, got torch.int64"):
            fn(torch.zeros(2, dtype=torch.int64))
        with pytest.raises(ValueError, match=r"must be a floating-point tensor, got list"):
            fn([1.0, 2.0])


@pytest.mark.parametrize(
    ("matrix", "linear", "complaint"),
    [
        (torch.zeros(2, 3), None, r"matrix must be square \(n, n\), got \(2, 3\)"),
        (torch.tensor([[1.0, 2.0], [0.0, 1.0]]), None, "matrix must be symmetric"),
        (torch.tensor([[math.nan]]), None, "matrix holds nan at index"),
        (torch.eye(2), torch.zeros(3), r"linear must have shape \(2,\), got \(3,\)"),
    ],
)
def test_quadratic_form_refuses_what_is_no_quadratic(matrix, linear, complaint):
    with pytest.raises(ValueError, match=complaint):
        quadratic_form(matrix, linear)


def test_nesterov_refuses_bad_parameters():
    with pytest.raises(ValueError, match="k must be a whole number of at least 1, got 0"):
        nesterov_worst(0)
    with pytest.raises(ValueError, match="smoothness must be a finite number above 0, got -1"):
        nesterov_worst(1, smoothness=-1)
