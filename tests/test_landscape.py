"""Slices against the risk itself, point by point in float64; symmetries against what the network then computes."""

import itertools
import math

import pytest
import torch

from labs.fast import covers, passes
from labs.landscape import (
    barrier,
    equivalents,
    imbalance,
    line,
    match_units,
    num_equivalents,
    permute,
    plane,
    rescale,
)
from labs.losses import Risk
from labs.models import MLP, ModuleModel

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
ALPHAS, BETAS = [-1.0, 0.0, 0.7], [0.0, 2.0]


def problem(sizes, activation, bias, loss, dtype):
    source = torch.Generator().manual_seed(0)
    model = MLP(sizes, activation, bias)
    x = torch.randn(20, sizes[0], generator=source, dtype=torch.float64).to(dtype)
    y = torch.randn(20, sizes[-1], generator=source, dtype=torch.float64).to(dtype)
    axes = 0.5 * torch.randn(3, model.num_parameters, generator=source, dtype=torch.float64)
    return Risk(model, x, y if loss == "squared_error" else y.argmax(-1), loss, 0.1), axes.to(dtype)


def point_by_point(risk, axes):
    """J at each point in float64."""
    y = risk.y.double() if risk.y.is_floating_point() else risk.y
    risk, (c, u, v) = Risk(risk.model, risk.x.double(), y, risk.loss, risk.weight_decay), axes.double()
    return torch.stack([torch.stack([risk(c + alpha * u + beta * v) for beta in BETAS]) for alpha in ALPHAS])


@pytest.mark.parametrize("block", [None, 200], ids=["whole", "blocks"])
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize(
    ("sizes", "activation", "bias"),
    [((5, 3), "tanh", True), ((5, 6, 3), "relu", True), ((5, 6, 4, 3), "sigmoid", False), ((5, 4, 3), "linear", True)],
)
def test_network(sizes, activation, bias, loss, dtype, block, monkeypatch):
    if block:
        monkeypatch.setattr(passes, "BLOCK_NUMBERS", block)
        monkeypatch.setattr(passes, "CACHE_NUMBERS", 1)
    risk, axes = problem(sizes, activation, bias, loss, dtype)
    assert covers(risk, axes[0])
    values = plane(risk, *axes, ALPHAS, BETAS)
    assert values.dtype == dtype
    torch.testing.assert_close(values.double(), point_by_point(risk, axes), rtol=TOLERANCE[dtype], atol=0)


def test_large_logits_do_not_overflow():
    risk, (c, u, v) = problem((5, 6, 3), "relu", True, "cross_entropy", torch.float32)
    values = plane(risk, c, 100 * u, v, ALPHAS, BETAS)
    expected = point_by_point(risk, torch.stack((c, 100 * u, v)))
    assert float(expected.max()) > 1e3
    torch.testing.assert_close(values.double(), expected, rtol=1e-5, atol=0)


def test_any_module():
    module = torch.nn.Sequential(torch.nn.Linear(5, 3)).double()
    risk, _ = problem((5, 3), "tanh", True, "cross_entropy", torch.float64)
    risk = Risk(ModuleModel(module), risk.x, risk.y)
    axes = torch.randn(3, 18, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    torch.testing.assert_close(plane(risk, *axes, ALPHAS, BETAS), point_by_point(risk, axes))


def test_rows_follow_the_first_direction():
    e = torch.eye(3)
    values = plane(
        lambda theta: theta[0] + 10 * theta[1] + 100 * theta[2], e[2], e[0], e[1], [0.0, 1.0, 2.0], [0.0, 1.0]
    )
    assert values.tolist() == [[100, 110], [101, 111], [102, 112]]


def test_one_list_of_coordinates_serves_both_axes():
    e = torch.eye(2)
    assert plane(lambda theta: theta.sum(), e[0], e[0], e[1], torch.linspace(0, 1, 4)).shape == (4, 4)


def test_line_joins_its_ends():
    risk, (a, b, _) = problem((5, 6, 3), "tanh", True, "cross_entropy", torch.float64)
    values = line(risk, a, b, [0.0, 0.25, 1.0, 1.5])
    expected = [risk(a), risk(0.75 * a + 0.25 * b), risk(b), risk(1.5 * b - 0.5 * a)]
    torch.testing.assert_close(values, torch.stack(expected))
    assert not values.requires_grad


class TestBadInput:
    def test_directions(self):
        zero = torch.zeros(2)
        with pytest.raises(ValueError, match=r"v must have shape \(P,\) like center, \(2,\), got \(3,\)"):
            plane(torch.sum, zero, zero, torch.zeros(3), [0.0])
        with pytest.raises(ValueError, match="u holds inf"):
            plane(torch.sum, zero, zero + torch.inf, zero, [0.0])
        with pytest.raises(ValueError, match="center must have shape"):
            plane(torch.sum, torch.zeros(1, 2), torch.zeros(1, 2), torch.zeros(1, 2), [0.0])

    def test_coordinates(self):
        zero = torch.zeros(2)
        for wrong in ([], [[0.0]], 1.0):
            with pytest.raises(ValueError, match="coords must be a non-empty list"):
                line(torch.sum, zero, zero, wrong)
        with pytest.raises(ValueError, match="coords holds nan"):
            line(torch.sum, zero, zero, [float("nan")])


def network(sizes, activation, num_runs=None, seed=0, bias=True, dtype=torch.float64):
    model = MLP(sizes, activation, bias)
    theta = model.init(torch.Generator().manual_seed(seed), num_runs, bias_sd=0.5, dtype=dtype, device="cpu")
    return model, theta, torch.randn(7, sizes[0], generator=torch.Generator().manual_seed(9), dtype=dtype)


def drawn_orders(hidden, num_runs, seed=3):
    source = torch.Generator().manual_seed(seed)
    return [torch.rand(num_runs, n, generator=source).argsort(-1) for n in hidden]


def drawn_signs(hidden, num_runs, seed=4):
    source = torch.Generator().manual_seed(seed)
    return [torch.randint(0, 2, (num_runs, n), generator=source) * 2.0 - 1 for n in hidden]


class TestLines:
    def test_many_at_once_are_the_single_ones(self):
        risk, _ = problem((5, 6, 3), "tanh", True, "cross_entropy", torch.float64)
        a, b = torch.randn(2, 4, risk.model.num_parameters, generator=torch.Generator().manual_seed(2)).double()
        ts = [0.0, 0.3, 1.0]
        single = torch.stack([line(risk, one, other, ts) for one, other in zip(a, b, strict=True)], 1)
        together = line(risk, a, b, ts)
        torch.testing.assert_close(together, single)
        assert not together.requires_grad
        heights = torch.stack([barrier(risk, one, other) for one, other in zip(a, b, strict=True)])
        torch.testing.assert_close(barrier(risk, a, b), heights)

    def test_the_barrier_is_measured_from_the_line_through_the_ends(self):
        tilt = 0.4  # (x² − 1)² + tilt·x between −1 and 1: what the tilt adds lies on the line
        wells = lambda theta: (theta.square() - 1).square().sum(-1) + tilt * theta.sum(-1)  # noqa: E731
        ends = torch.tensor([[-1.0]], dtype=torch.float64), torch.tensor([[1.0]], dtype=torch.float64)
        assert barrier(wells, *ends).item() == pytest.approx(1.0)
        assert barrier(wells, ends[1], ends[0]).item() == pytest.approx(1.0)

    def test_a_convex_risk_has_none(self):
        risk, (a, b, _) = problem((5, 3), "tanh", True, "cross_entropy", torch.float64)
        assert barrier(risk, a, 20 * b).item() == 0


class TestSymmetries:
    @pytest.mark.parametrize(
        ("sizes", "activation", "count"),
        [
            ((2, 4, 1), "tanh", 24 * 16),
            ((2, 3, 2, 2), "tanh", 6 * 8 * 2 * 4),
            ((3, 4, 2), "relu", 24),
            ((3, 3, 3, 1), "sigmoid", 36),
            ((2, 3, 1), "linear", 48),
        ],
    )
    @pytest.mark.parametrize("bias", [True, False])
    def test_all_equivalents_compute_the_same_and_no_two_are_the_same(self, sizes, activation, count, bias):
        model, theta, x = network(sizes, activation, bias=bias)
        all_of_them = equivalents(model, theta)
        assert len(all_of_them) == num_equivalents(model) == count
        assert len(all_of_them.unique(dim=0)) == count
        assert torch.equal(all_of_them[0], theta)
        torch.testing.assert_close(model(all_of_them, x), model(theta, x).expand(count, -1, -1), rtol=0, atol=1e-12)

    def test_layers_of_equal_width_multiply(self):
        for n, m in itertools.product((1, 2, 5), (1, 2, 3)):
            assert num_equivalents(MLP((3, *[n] * m, 2), "tanh")) == (math.factorial(n) * 2**n) ** m

    def test_exchanging_is_a_product_with_permutation_matrices(self):
        model, theta, _ = network((3, 4, 5, 2), "tanh", 6)
        orders, signs = drawn_orders((4, 5), 6), drawn_signs((4, 5), 6)
        changed = model.matrices(permute(model, theta, orders, signs))
        for run, old in enumerate(zip(*model.matrices(theta), strict=True)):
            left = [torch.diag(s[run]).double() @ torch.eye(len(s[run])).double()[o[run]]
                    for o, s in zip(orders, signs, strict=True)]  # fmt: skip
            first, second, third = (matrix[:, :-1] for matrix in old)
            expected = left[0] @ first, left[1] @ second @ left[0].T, third @ left[1].T
            for new, weights in zip(changed, expected, strict=True):
                torch.testing.assert_close(new[run, :, :-1], weights)
            torch.testing.assert_close(changed[1][run, :, -1], left[1] @ old[1][:, -1])

    def test_one_network_and_many_orders_broadcast(self):
        model, theta, x = network((3, 4, 2), "relu")
        changed = permute(model, theta, drawn_orders((4,), 5))
        assert changed.shape == (5, model.num_parameters)
        torch.testing.assert_close(model(changed, x), model(theta, x).expand(5, -1, -1))

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
    def test_any_precision(self, dtype):
        model, theta, _ = network((3, 4, 2), "tanh", 5, dtype=dtype)
        changed = permute(model, theta, drawn_orders((4,), 5), drawn_signs((4,), 5))
        assert changed.dtype == dtype
        assert torch.equal(changed.abs().sort(-1).values, theta.abs().sort(-1).values)

    @pytest.mark.parametrize("sizes", [(3, 4, 2), (3, 4, 5, 2)])
    def test_scale_leaves_a_relu_unit_on_its_other_side(self, sizes):
        model, theta, x = network(sizes, "relu", 3)
        source = torch.Generator().manual_seed(5)
        factors = [torch.exp(torch.randn(3, n, generator=source)).double() for n in sizes[1:-1]]
        changed = rescale(model, theta, factors)
        torch.testing.assert_close(model(changed, x), model(theta, x), rtol=1e-12, atol=1e-12)
        back = rescale(model, changed, [1 / factor for factor in factors])
        torch.testing.assert_close(back, theta, rtol=1e-12, atol=0)

    def test_imbalance_by_hand_and_what_rescaling_makes_of_it(self):
        model, theta, _ = network((3, 4, 2), "relu", 3)
        inward, outward = model.matrices(theta)
        first, second = inward.norm(dim=-1) ** 2, outward[..., :-1].norm(dim=-2) ** 2
        torch.testing.assert_close(imbalance(model, theta)[0], first - second)
        alpha = (second / first) ** 0.25
        torch.testing.assert_close(
            imbalance(model, rescale(model, theta, [alpha]))[0], torch.zeros(3, 4).double(), rtol=0, atol=1e-12
        )

    def test_the_loss_pulls_both_sides_of_a_relu_unit_alike(self):
        """w_in·∇ = w_out·∇, the reason why gradient flow keeps the imbalance."""
        model, theta, x = network((3, 4, 5, 2), "relu", 3)
        risk = Risk(model, x, torch.tensor([0, 1, 1, 0, 0, 1, 0]))
        pull = model.matrices(theta * risk.grad(theta))
        for layer, n in enumerate((4, 5)):
            torch.testing.assert_close(pull[layer].sum(-1), pull[layer + 1][..., :n].sum(-2), rtol=1e-9, atol=1e-12)


class TestMatching:
    @pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
    def test_a_shuffled_network_is_found_again(self, activation):
        model, theta, _ = network((5, 12, 3), activation, 4)
        odd = activation == "tanh"
        orders, signs = drawn_orders((12,), 4), drawn_signs((12,), 4)
        shuffled = permute(model, theta, orders, signs if odd else None)
        matched = match_units(model, theta, shuffled)
        assert torch.equal(matched.theta, theta)
        assert torch.equal(orders[0].take_along_dim(matched.orders[0], -1), torch.arange(12).expand(4, 12))
        assert torch.equal(permute(model, shuffled, matched.orders, matched.signs if odd else None), theta)
        assert bool((matched.signs[0] == 1).all()) is not odd

    @pytest.mark.parametrize("activation", ["tanh", "relu"])
    def test_no_equivalent_lies_closer(self, activation):
        """Against all n!·2ⁿ of them."""
        model, a, _ = network((3, 4, 2), activation, 6)
        _, b, _ = network((3, 4, 2), activation, 6, seed=1)
        matched = match_units(model, a, b)
        for one, other, found in zip(a, b, matched.theta, strict=True):
            nearest = (equivalents(model, other) - one).norm(dim=-1).min()
            torch.testing.assert_close((found - one).norm(), nearest)

    def test_of_two_layers_neither_alone_can_be_improved(self):
        sizes = (4, 3, 3, 2)
        model, a, x = network(sizes, "tanh", 5)
        _, b, _ = network(sizes, "tanh", 5, seed=1)
        found = match_units(model, a, b).theta
        torch.testing.assert_close(model(found, x), model(b, x), rtol=0, atol=1e-12)
        assert bool(((found * a).sum(-1) >= (b * a).sum(-1)).all())
        same = torch.arange(3), torch.ones(3)
        for layer, order, sign in itertools.product(
            (0, 1), itertools.permutations(range(3)), itertools.product((1.0, -1.0), repeat=3)
        ):
            change = torch.tensor(order), torch.tensor(sign)
            orders, signs = zip(*[change if at == layer else same for at in (0, 1)], strict=True)
            other = permute(model, found, orders, signs)
            assert bool(((other * a).sum(-1) <= (found * a).sum(-1) + 1e-12).all())

    def test_one_pair_is_the_first_of_many(self):
        model, a, _ = network((5, 6, 3), "tanh", 3, dtype=torch.float32)
        _, b, _ = network((5, 6, 3), "tanh", 3, seed=1, dtype=torch.float32)
        assert torch.equal(match_units(model, a[0], b[0]).theta, match_units(model, a, b).theta[0])
        assert match_units(model, a[0], b[0]).theta.dtype == torch.float32


class TestBadSymmetries:
    def test_models(self):
        for wrong in (MLP((3, 2)), lambda theta, x: x):
            with pytest.raises(ValueError, match="MLP with a hidden layer"):
                num_equivalents(wrong)
        with pytest.raises(ValueError, match=r"only relu and linear units can be rescaled, got MLP"):
            rescale(MLP((1, 2, 1), "tanh"), torch.zeros(7), [torch.ones(2)])
        with pytest.raises(ValueError, match=r"signs can be turned where .* leave signs out"):
            permute(MLP((1, 2, 1), "relu"), torch.zeros(7), [torch.arange(2)], [torch.ones(2)])

    def test_too_many(self):
        model = MLP((2, 12, 1))
        with pytest.raises(ValueError, match=r"1961990553600 vectors of 49 numbers, over 67108864"):
            equivalents(model, torch.zeros(model.num_parameters))
        with pytest.raises(ValueError, match=r"one vector of shape \(P,\), got \(2, 7\)"):
            equivalents(MLP((1, 2, 1)), torch.zeros(2, 7))

    def test_orders_signs_and_factors(self):
        model, theta = MLP((1, 2, 1)), torch.zeros(7)
        for wrong in ([0, 0], [1, 2], [0.0, 1.0], [0, 1, 2]):
            with pytest.raises(ValueError, match=r"permutation of 0 … 1, whole numbers, got \["):
                permute(model, theta, [torch.tensor(wrong)])
        for wrong in (torch.arange(2), [], [torch.arange(2)] * 2):
            with pytest.raises(ValueError, match="a list with one order for each of 1 hidden layers"):
                permute(model, theta, wrong)
        with pytest.raises(ValueError, match=r"signs must be 1 or −1, one for each of 2 units, got \[1.0, 0.5\]"):
            permute(model, theta, [torch.arange(2)], [torch.tensor([1.0, 0.5])])
        with pytest.raises(ValueError, match=r"factors must be positive, one for each of 2 units, got \[1.0, 0.0\]"):
            rescale(MLP((1, 2, 1), "relu"), theta, [torch.tensor([1.0, 0.0])])
        with pytest.raises(ValueError, match="theta must be floating-point of shape"):
            permute(model, torch.zeros(6), [torch.arange(2)])

    def test_pairs(self):
        with pytest.raises(ValueError, match="must have one shape"):
            match_units(MLP((1, 2, 1)), torch.zeros(7), torch.zeros(2, 7))
        with pytest.raises(ValueError, match="theta_b holds nan"):
            match_units(MLP((1, 2, 1)), torch.zeros(7), torch.full((7,), torch.nan))
        with pytest.raises(ValueError, match="must have one shape"):
            barrier(torch.sum, torch.zeros(2, 7), torch.zeros(3, 7))
        with pytest.raises(ValueError, match="num_points must be a whole number of at least 3, got 2"):
            barrier(torch.sum, torch.zeros(7), torch.zeros(7), 2)
