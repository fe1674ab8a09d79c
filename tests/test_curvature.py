"""Every rule against a dense float64 Hessian from ``torch.func``, which shares no code with labs."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from labs import curvature
from labs.fast import covers, passes
from labs.lanczos import Lanczos
from labs.losses import Risk
from labs.models import MLP, ModuleModel

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
DTYPES = tuple(TOLERANCE)
NETWORKS = [
    ((5, 3), "tanh", True),
    ((5, 6, 3), "tanh", True),
    ((5, 6, 3), "relu", False),
    ((5, 7, 6, 3), "sigmoid", True),
    ((5, 7, 6, 4, 3), "tanh", False),
    ((5, 7, 6, 4, 3), "relu", True),
    ((5, 4, 6, 3), "linear", True),
]
LOSSES = ("cross_entropy", "squared_error")


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def problem(network, loss="cross_entropy", dtype=torch.float64, lead=(), num_runs=None):
    """A risk with weight decay on 20 examples, and a θ away from the origin; the numbers are the same in each dtype."""
    sizes, activation, bias = network
    model, source = MLP(sizes, activation, bias), stream()
    x = torch.randn(*lead, 20, sizes[0], generator=source, dtype=torch.float64).to(dtype)
    if loss == "cross_entropy":
        y = torch.randint(sizes[-1], (*lead, 20), generator=source)
    else:
        y = torch.randn(*lead, 20, sizes[-1], generator=source, dtype=torch.float64).to(dtype)
    shape = (model.num_parameters,) if num_runs is None else (num_runs, model.num_parameters)
    theta = (0.5 * torch.randn(shape, generator=source, dtype=torch.float64)).to(dtype)
    return Risk(model, x, y, loss, weight_decay=0.1), theta


def in_float64(risk: Risk) -> Risk:
    y = risk.y.double() if risk.y.is_floating_point() else risk.y
    return Risk(risk.model, risk.x.double(), y, risk.loss, risk.weight_decay)


def dense(risk: Risk, theta: torch.Tensor) -> torch.Tensor:
    """H in float64, by torch.func alone."""
    return torch.func.jacrev(torch.func.jacrev(in_float64(risk)))(theta.double())


def distance(a: torch.Tensor, reference: torch.Tensor) -> float:
    return float((a.double() - reference).norm() / reference.norm())


def quadratic(eigenvalues: list[float], dtype=torch.float64):
    """½ θᵀAθ with the given eigenvalues in a random basis, and A."""
    n = len(eigenvalues)
    basis = torch.linalg.qr(torch.randn(n, n, generator=stream(1), dtype=torch.float64)).Q.to(dtype)
    matrix = basis @ torch.diag(torch.tensor(eigenvalues, dtype=dtype)) @ basis.mT
    return lambda theta: 0.5 * (theta * (theta @ matrix)).sum(-1), matrix


class TestFastRulesAgreeWithDenseHessian:
    @pytest.fixture(params=[None, 2000], ids=["whole", "blocks"], autouse=True)
    def block(self, request, monkeypatch):
        """Once with all examples at a time, once in small blocks."""
        if request.param:
            monkeypatch.setattr(passes, "BLOCK_NUMBERS", request.param)
            monkeypatch.setattr(passes, "CACHE_NUMBERS", request.param // 10)

    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    @pytest.mark.parametrize("loss", LOSSES)
    @pytest.mark.parametrize("network", NETWORKS, ids=str)
    def test_product_trace_and_matrix(self, network, loss, dtype):
        risk, theta = problem(network, loss, dtype)
        assert covers(risk, theta)
        reference, v = dense(risk, theta), torch.randn(theta.shape, generator=stream(2), dtype=torch.float64).to(dtype)
        assert distance(curvature.hvp(risk, theta, v), reference @ v.double()) < TOLERANCE[dtype]
        assert distance(curvature.trace(risk, theta), reference.trace()) < TOLERANCE[dtype]
        hessian = curvature.hessian(risk, theta)
        assert hessian.dtype == dtype
        assert distance(hessian, reference) < TOLERANCE[dtype]
        assert torch.equal(hessian, hessian.mT)

    @pytest.mark.parametrize("loss", LOSSES)
    @pytest.mark.parametrize("lead", [(), (3,)], ids=["shared sample", "own samples"])
    def test_ensemble_gives_the_numbers_of_each_run_alone(self, lead, loss):
        risk, theta = problem(NETWORKS[3], loss, lead=lead, num_runs=3)
        v = torch.randn(theta.shape, generator=stream(2), dtype=torch.float64)
        product, hessian, trace = (
            curvature.hvp(risk, theta, v),
            curvature.hessian(risk, theta),
            curvature.trace(risk, theta),
        )
        for r in range(3):
            alone = Risk(risk.model, risk.x[r], risk.y[r], loss, 0.1) if lead else risk
            reference = dense(alone, theta[r])
            assert distance(product[r], reference @ v[r]) < 1e-10
            assert distance(hessian[r], reference) < 1e-10
            assert distance(trace[r], reference.trace()) < 1e-10


@dataclass
class _Focal:
    """A loss of one's own, compared by value and so without a hash."""

    power: float = 2.0

    def __call__(self, outputs, y):
        logarithms = outputs.log_softmax(-1).gather(-1, y.unsqueeze(-1)).squeeze(-1)
        return -((1 - logarithms.exp()) ** self.power) * logarithms


class TestAnyRisk:
    """Risks the fast rules do not know go through automatic differentiation."""

    def test_a_loss_of_ones_own_that_cannot_be_hashed(self):
        risk, theta = problem(NETWORKS[1], "cross_entropy")
        risk = Risk(risk.model, risk.x, risk.y, _Focal())
        assert not covers(risk, theta)
        v = torch.ones_like(theta)
        assert distance(curvature.hvp(risk, theta, v), dense(risk, theta) @ v) < 1e-10

    def test_inputs_that_take_gradients(self):
        risk, theta = problem(NETWORKS[1], "cross_entropy")
        leaf, v = Risk(risk.model, risk.x.clone().requires_grad_(), risk.y, weight_decay=0.1), torch.ones_like(theta)
        assert not covers(leaf, theta)
        assert distance(curvature.hvp(leaf, theta, v).detach(), dense(risk, theta) @ v) < 1e-10

    def test_module_with_any_loss(self):
        module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.GELU(), torch.nn.Linear(3, 1)).double()
        x = torch.randn(12, 4, generator=stream(), dtype=torch.float64)
        risk = Risk(ModuleModel(module), x, x[:, 0], lambda f, y: (f[:, 0] - y).abs().exp())
        theta = risk.model.theta()
        assert not covers(risk, theta)
        reference = torch.func.jacrev(torch.func.jacrev(risk))(theta)
        assert distance(curvature.hessian(risk, theta), reference) < 1e-10
        assert distance(curvature.trace(risk, theta), reference.trace()) < 1e-10

    def test_function_of_an_ensemble(self):
        theta = torch.randn(3, 4, generator=stream(), dtype=torch.float64)
        hessian = curvature.hessian(lambda t: (t**3).sum(-1) / 6, theta)
        torch.testing.assert_close(hessian, torch.diag_embed(theta))

    def test_affine_risk_has_no_curvature(self):
        theta = torch.ones(3)
        assert torch.equal(curvature.hessian(lambda t: 2 * t.sum(), theta), torch.zeros(3, 3))
        assert float(curvature.sharpness(lambda t: 2 * t.sum(), theta)) == 0

    def test_products_work_where_gradients_are_switched_off(self):
        with torch.no_grad():
            assert torch.equal(curvature.hvp(lambda t: (t**2).sum(), torch.ones(2), torch.ones(2)), 2 * torch.ones(2))

    def test_covers_refuses_what_the_rules_do_not_hold_for(self):
        risk, theta = problem(NETWORKS[1])
        assert not covers(lambda t: t.sum(), theta)
        assert not covers(Risk(risk.model, risk.x, risk.y, lambda f, y: f.sum(-1)), theta)
        assert not covers(Risk(lambda t, x: risk.model(t, x), risk.x, risk.y), theta)
        assert not covers(risk, theta.float())
        assert not covers(risk, theta[:-1])


class TestEigenpairs:
    @pytest.mark.parametrize("which", ["largest", "smallest"])
    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    def test_network(self, which, dtype):
        risk, theta = problem(NETWORKS[2], dtype=dtype)
        reference = torch.linalg.eigvalsh(dense(risk, theta))
        expected = reference.flip(0)[:3] if which == "largest" else reference[:3]
        values, vectors, residuals = curvature.eigenpairs(risk, theta, 3, which, tolerance=1e-4)
        assert distance(values, expected) < 1e-5
        assert bool((residuals <= 1e-4 * values.abs()).all())
        images = vectors.double() @ dense(risk, theta)
        true = (images - values.double()[:, None] * vectors.double()).norm(dim=-1)
        torch.testing.assert_close(residuals.double(), true, rtol=1e-2, atol=1e-5 * float(expected.abs().max()))
        torch.testing.assert_close(vectors @ vectors.mT, torch.eye(3, dtype=dtype), rtol=0, atol=1e-5)

    def test_ensemble_equals_runs_alone(self):
        risk, theta = problem(NETWORKS[3], num_runs=4)
        together = curvature.eigenpairs(risk, theta, 2, tolerance=1e-8).values
        alone = torch.stack([torch.linalg.eigvalsh(dense(risk, row)).flip(0)[:2] for row in theta])
        assert distance(together, alone) < 1e-10

    @pytest.mark.parametrize("values", [[3.0], [5.0, 1.0], [2.0, 2.0, 2.0], [1.0, 0.0, 0.0, -4.0], [0.0, 0.0]], ids=str)
    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    def test_all_eigenvalues_though_the_krylov_space_is_exhausted_early(self, values, dtype):
        risk, _ = quadratic(values, dtype)
        found = curvature.eigenpairs(risk, torch.zeros(len(values), dtype=dtype), len(values), tolerance=1e-6).values
        torch.testing.assert_close(found, torch.tensor(values, dtype=dtype), rtol=0, atol=1e-5)

    def test_sharpness_is_the_largest_eigenvalue_of_each_run(self):
        risk, theta = problem(NETWORKS[1], num_runs=2)
        expected = torch.stack([torch.linalg.eigvalsh(dense(risk, row))[-1] for row in theta])
        assert distance(curvature.sharpness(risk, theta, tolerance=1e-6), expected) < 1e-10

    def test_a_good_start_saves_products(self, monkeypatch):
        products, rows = [], curvature.HessianOperator.rows
        monkeypatch.setattr(curvature.HessianOperator, "rows", lambda self, v: products.append(v) or rows(self, v))
        risk, matrix = quadratic([float(k) for k in range(1, 60)])
        theta = torch.zeros(59, dtype=torch.float64)
        pairs = curvature.eigenpairs(risk, theta, start=torch.linalg.eigh(matrix).eigenvectors[:, -1])
        assert float(pairs.residuals) < 1e-10
        assert len(products) == 1

    def test_says_when_it_did_not_converge(self):
        risk, _ = quadratic([1 + k / 1000 for k in range(200)])
        with pytest.warns(RuntimeWarning, match="after 5 steps .* raise max_steps or tolerance"):
            curvature.eigenpairs(risk, torch.zeros(200, dtype=torch.float64), tolerance=1e-8, max_steps=5)

    def test_repeats_itself(self):
        risk, theta = problem(NETWORKS[3], dtype=torch.float32)
        assert torch.equal(curvature.eigenpairs(risk, theta, 2).vectors, curvature.eigenpairs(risk, theta, 2).vectors)


class TestLanczos:
    def test_basis_stays_orthonormal_long_after_convergence(self):
        matrix = torch.diag(torch.cat((torch.tensor([1000.0, 300.0, 100.0]), torch.linspace(0, 1, 300))))
        process = Lanczos(lambda v: v @ matrix, torch.randn(2, 303, generator=stream()))
        for _ in process.steps(120):
            pass
        gram = process.basis @ process.basis.mT
        assert float((gram - torch.eye(120)).abs().max()) < 1e-4
        assert process.tridiagonal.shape == (2, 120, 120)
        np.testing.assert_allclose(process.ritz()[0][:, -3:], [[100, 300, 1000]] * 2, rtol=1e-5)

    def test_estimated_residuals_are_the_measured_ones(self):
        matrix = torch.diag(torch.linspace(0, 1, 50, dtype=torch.float64))
        start = torch.randn(1, 50, generator=stream(), dtype=torch.float64)
        process = Lanczos(lambda v: v @ matrix, start, keep_products=True)
        for _ in process.steps(12):
            pass
        values, small, estimated = process.ritz()
        np.testing.assert_allclose(process.residuals(values, small), estimated, atol=1e-12)

    def test_residuals_need_the_products(self):
        process = Lanczos(lambda v: v, torch.ones(1, 2))
        list(process.steps(1))
        with pytest.raises(ValueError, match="keep_products=True"):
            process.residuals(*process.ritz()[:2])


class TestSpectralDensity:
    def test_quadrature_is_exact_for_low_moments(self):
        """Each probe's rule has the moments vᵀHᵖv up to p = 2m − 1, v being its probe."""
        risk, theta = problem(NETWORKS[3])
        hessian = dense(risk, theta)
        density = curvature.spectral_density(risk, theta, num_probes=3, num_steps=4, generator=stream(5))
        probes = torch.randn(3, len(theta), generator=stream(5), dtype=torch.float64)
        probes /= probes.norm(dim=-1, keepdim=True)
        for power in range(8):
            expected = ((probes @ torch.linalg.matrix_power(hessian, power)) * probes).sum(-1).mean()
            assert density.moment(power) == pytest.approx(float(expected), rel=1e-9)

    def test_full_number_of_steps_finds_every_eigenvalue(self):
        risk, _ = quadratic([1.0, 2.0, 4.0, 7.0])
        density = curvature.spectral_density(risk, torch.zeros(4, dtype=torch.float64), num_probes=2, num_steps=9)
        expected = torch.tensor([[1.0, 2.0, 4.0, 7.0]] * 2, dtype=torch.float64)
        torch.testing.assert_close(density.nodes, expected)
        torch.testing.assert_close(density.weights.sum(-1), torch.ones(2, dtype=torch.float64))

    def test_mean_eigenvalue_within_its_standard_error(self):
        """vᵀHv of a uniform unit v has variance 2 (tr H²/P − (tr H/P)²)/(P + 2); four standard errors of 200 probes."""
        risk, theta = problem(NETWORKS[1])
        hessian = dense(risk, theta)
        size = len(theta)
        mean, square = float(hessian.trace()) / size, float(hessian.square().sum()) / size
        error = (2 * (square - mean**2) / (size + 2) / 200) ** 0.5
        density = curvature.spectral_density(risk, theta, num_probes=200, num_steps=3, generator=stream(7))
        assert abs(density.moment(1) - mean) < 4 * error

    def test_density_integrates_to_one(self):
        density = curvature.spectral_density(*problem(NETWORKS[1]), num_probes=4, num_steps=10)
        grid = torch.linspace(-5, 8, 20_001, dtype=torch.float64)
        for width in (None, 0.05):
            assert float(torch.trapezoid(density.density(grid, width), grid)) == pytest.approx(1, abs=1e-6)


class TestTrace:
    @pytest.mark.parametrize("known", [True, False], ids=["network", "any function"])
    def test_hutchinson_within_its_standard_error(self, known):
        """The variance of one probe is 2 Σᵢ≠ⱼ Hᵢⱼ²; four standard errors of 400 probes."""
        risk, theta = problem(NETWORKS[1])
        hessian = dense(risk, theta)
        off_diagonal = hessian - torch.diag(hessian.diagonal())
        error = float((2 * off_diagonal.square().sum() / 400).sqrt())
        estimate = curvature.trace(risk if known else lambda t: risk(t), theta, 400, generator=stream(3))
        assert 0 < abs(float(estimate - hessian.trace())) < 4 * error


class TestBadInput:
    @pytest.fixture
    def risk(self):
        return lambda theta: theta.square().sum(-1)

    def test_theta(self, risk):
        with pytest.raises(ValueError, match=r"theta holds nan at index \(1,\)"):
            curvature.hvp(risk, torch.tensor([0.0, float("nan")]), torch.zeros(2))
        with pytest.raises(ValueError, match=r"shape \(P,\) or \(R, P\), got \(1, 1, 1\)"):
            curvature.HessianOperator(risk, torch.zeros(1, 1, 1))
        with pytest.raises(ValueError, match=r"got torch\.int64"):
            curvature.trace(risk, torch.zeros(2, dtype=torch.int64))
        with pytest.raises(ValueError, match="take the runs one by one"):
            curvature.spectral_density(risk, torch.zeros(2, 2))

    def test_direction(self, risk):
        with pytest.raises(ValueError, match=r"shape of theta, \(2,\), got \(3,\)"):
            curvature.hvp(risk, torch.zeros(2), torch.zeros(3))
        with pytest.raises(ValueError, match=r"start must be nonzero .* \(2,\)"):
            curvature.eigenpairs(risk, torch.zeros(2), start=torch.zeros(2))

    def test_risk_that_mixes_runs(self):
        with pytest.raises(ValueError, match=r"one number a run, shape \(\), got \(2,\)"):
            curvature.hvp(lambda theta: theta, torch.zeros(2), torch.zeros(2))

    def test_numbers(self, risk):
        theta = torch.zeros(2)
        with pytest.raises(ValueError, match="must not exceed the number of parameters, 2, got 3"):
            curvature.eigenpairs(risk, theta, 3)
        with pytest.raises(ValueError, match="k must be a whole number"):
            curvature.eigenpairs(risk, theta, 0)
        with pytest.raises(ValueError, match="choose one of largest, smallest"):
            curvature.eigenpairs(risk, theta, which="LA")
        with pytest.raises(ValueError, match="tolerance must be"):
            curvature.eigenpairs(risk, theta, tolerance=0)
        with pytest.raises(ValueError, match="num_probes must be"):
            curvature.trace(risk, theta, 0)
        with pytest.raises(ValueError, match="num_steps must be"):
            curvature.spectral_density(risk, theta, num_steps=0)
        with pytest.raises(ValueError, match="width must be"):
            curvature.spectral_density(risk, theta, 1, 1).density(theta, 0)
