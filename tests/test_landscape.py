"""Slices against the risk itself, evaluated point by point in float64."""

import pytest
import torch

from labs.fast import covers, passes
from labs.landscape import line, plane
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
