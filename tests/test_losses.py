"""Losses against torch.nn.functional and their own derivatives; the risk against its definition."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from labs.losses import LOSSES, MARGIN_LOSSES, Risk, cross_entropy, margin, squared_error, zero_one
from labs.models import MLP

F64 = torch.float64


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("dtype", "tolerance"), [(F64, 1e-13), (torch.float32, 2e-6)])
@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_cross_entropy_equals_torch_with_its_gradient(dtype, tolerance, scale):
    outputs = (scale * torch.randn(200, 10, generator=stream(), dtype=F64)).to(dtype)
    targets = torch.randint(10, (200,), generator=stream(1))
    results = []
    for fn in (cross_entropy, lambda f, y: F.cross_entropy(f, y, reduction="none")):
        leaf = outputs.clone().requires_grad_()
        loss = fn(leaf, targets)
        results.append((loss.detach(), torch.autograd.grad(loss.sum(), leaf)[0]))
    for ours, reference in zip(*results, strict=True):
        torch.testing.assert_close(ours, reference, rtol=tolerance, atol=tolerance)


def test_cross_entropy_has_exact_first_and_second_derivatives():
    outputs = torch.randn(4, 3, generator=stream(), dtype=F64, requires_grad=True)
    targets = torch.tensor([0, 1, 2, 2])
    assert torch.autograd.gradcheck(lambda f: cross_entropy(f, targets), outputs)
    assert torch.autograd.gradgradcheck(lambda f: cross_entropy(f, targets), outputs)


@pytest.mark.parametrize("shift", [1e4, -1e4])
def test_cross_entropy_neither_overflows_nor_underflows(shift):
    outputs = torch.tensor([[0.0, 1.0, 2.0]]) + shift
    assert cross_entropy(outputs, torch.tensor([2])).item() == pytest.approx(
        math.log(1 + math.e**-1 + math.e**-2), rel=1e-3
    )


def test_squared_error_is_half_of_torchs_sum():
    outputs, targets = (torch.randn(5, 7, 3, generator=stream(k), dtype=F64) for k in (0, 1))
    expected = 0.5 * F.mse_loss(outputs, targets, reduction="none").sum(-1)
    torch.testing.assert_close(squared_error(outputs, targets), expected)
    torch.testing.assert_close(squared_error(outputs, targets[0])[2], squared_error(outputs[2], targets[0]))


def test_zero_one_counts_errors_and_nan_as_error():
    outputs = torch.tensor([[2.0, 1.0], [1.0, 2.0], [0.0, 0.0], [math.nan, 0.0], [0.0, math.nan]])
    assert zero_one(outputs, torch.tensor([0, 0, 0, 0, 1])).tolist() == [0, 1, 0, 1, 1]


@pytest.mark.parametrize("loss", [cross_entropy, zero_one, margin])
def test_targets_may_be_shared_by_runs_or_their_own(loss):
    outputs = torch.randn(3, 6, 4, generator=stream(), dtype=F64)
    own = torch.randint(4, (3, 6), generator=stream(1))
    for r in range(3):
        assert torch.equal(loss(outputs, own)[r], loss(outputs[r], own[r]))
        assert torch.equal(loss(outputs, own[0])[r], loss(outputs[r], own[0]))


@pytest.mark.parametrize("loss", [cross_entropy, zero_one, margin])
@pytest.mark.parametrize(
    ("targets", "complaint"),
    [
        (torch.zeros(5), r"targets must be class numbers, int64, got torch.float32; convert them with y.long\(\)"),
        (torch.zeros(4).long(), r"targets \(4,\) do not fit outputs \(5, 3\): give \(5,\)"),
        (torch.zeros(5, 3).long(), r"targets \(5, 3\) do not fit outputs \(5, 3\)"),
        (torch.tensor(1), r"targets \(\) do not fit outputs \(5, 3\)"),
    ],
)
def test_class_numbers_that_do_not_fit_are_refused(loss, targets, complaint):
    with pytest.raises(ValueError, match=complaint):
        loss(torch.zeros(5, 3), targets)


@pytest.mark.parametrize("targets", [torch.zeros(5), torch.zeros(5).long(), torch.zeros(5, 2), torch.zeros(4, 3)])
def test_squared_error_refuses_targets_that_would_broadcast(targets):
    with pytest.raises(ValueError, match=r"targets must be floating-point and fit the outputs \(5, 3\), got"):
        squared_error(torch.zeros(5, 3), targets)


def test_margin_is_positive_exactly_where_the_decision_is_right():
    outputs = torch.randn(500, 4, generator=stream(), dtype=F64)
    targets = torch.randint(4, (500,), generator=stream(1))
    m = margin(outputs, targets)
    assert torch.equal(m > 0, zero_one(outputs, targets) == 0)
    assert torch.equal(margin(outputs[:, :2], torch.zeros(500).long()), outputs[:, 0] - outputs[:, 1])
    with pytest.raises(ValueError, match=r"a margin needs at least two classes, got outputs of shape \(5, 1\)"):
        margin(torch.zeros(5, 1), torch.zeros(5).long())


@pytest.mark.parametrize("name", MARGIN_LOSSES)
def test_margin_losses_have_the_slope_beside_them(name):
    loss = MARGIN_LOSSES[name]
    m = 6 * torch.rand(200, generator=stream(), dtype=F64) - 3
    step = 1e-6
    assert ((m - 1).abs() > step).all()
    torch.testing.assert_close((loss(m + step) - loss(m - step)) / (2 * step), loss.slope(m), rtol=1e-7, atol=1e-8)


def test_slopes_at_kinks_are_those_from_the_right():
    kinks = {"perceptron": 0.0, "hinge": 1.0, "zero_one": 0.0}
    for name, at in kinks.items():
        slope = MARGIN_LOSSES[name].slope
        assert torch.equal(slope(torch.tensor([at])), slope(torch.tensor([at + 0.5])))


def test_margin_losses_equal_their_textbook_formulas():
    m = torch.linspace(-5, 5, 101, dtype=F64)
    ones = torch.ones_like(m)
    torch.testing.assert_close(MARGIN_LOSSES["logistic"](m), F.soft_margin_loss(m, ones, reduction="none"))
    torch.testing.assert_close(
        MARGIN_LOSSES["hinge"](m), F.hinge_embedding_loss(m, -ones, margin=1.0, reduction="none")
    )
    torch.testing.assert_close(MARGIN_LOSSES["squared"](m), F.mse_loss(m, ones, reduction="none"))
    torch.testing.assert_close(MARGIN_LOSSES["exponential"](m).log(), -m)
    torch.testing.assert_close(MARGIN_LOSSES["perceptron"](m), F.relu(-m))
    assert MARGIN_LOSSES["zero_one"](m).sum() == 51


def test_which_margin_losses_bound_zero_one_from_above():
    m = torch.linspace(-5, 5, 1001, dtype=F64)
    bounds = {name: bool((loss(m) >= MARGIN_LOSSES["zero_one"](m)).all()) for name, loss in MARGIN_LOSSES.items()}
    assert bounds == {
        "zero_one": True, "perceptron": False, "hinge": True, "logistic": False, "exponential": True, "squared": True
    }  # fmt: skip
    assert (MARGIN_LOSSES["logistic"](m) / math.log(2) >= MARGIN_LOSSES["zero_one"](m) - 1e-15).all()


def test_logistic_loss_survives_large_margins():
    m = torch.tensor([-1e4, 1e4], dtype=F64)
    assert MARGIN_LOSSES["logistic"](m).tolist() == [1e4, 0.0]
    assert MARGIN_LOSSES["logistic"].slope(m).tolist() == [-1.0, 0.0]


@pytest.mark.parametrize("bad", [torch.zeros(3).long(), [0.5], 0.5])
def test_margins_must_be_floating_point(bad):
    with pytest.raises(ValueError, match="margins must be a floating-point tensor, got"):
        MARGIN_LOSSES["hinge"](bad)


def a_risk(**options) -> tuple[Risk, torch.Tensor]:
    model = MLP((3, 5, 4))
    x = torch.randn(20, 3, generator=stream(), dtype=F64)
    y = torch.randint(4, (20,), generator=stream(1))
    theta = torch.randn(2, model.num_parameters, generator=stream(2), dtype=F64)
    return Risk(model, x, y, **options), theta


def test_risk_is_the_mean_loss_plus_weight_decay():
    risk, theta = a_risk(weight_decay=0.3)
    for t in theta:
        expected = F.cross_entropy(risk.model(t, risk.x), risk.y) + 0.15 * (t @ t)
        assert risk(t).item() == pytest.approx(expected.item(), rel=1e-13)
    assert risk(theta).tolist() == pytest.approx([risk(t).item() for t in theta], rel=1e-13)
    assert risk.per_example(theta).shape == (2, 20)


def test_risk_gradient_equals_functorch_for_every_run():
    risk, theta = a_risk(weight_decay=0.3)
    expected = torch.stack([torch.func.grad(risk)(t) for t in theta])
    torch.testing.assert_close(risk.grad(theta), expected, rtol=1e-12, atol=1e-13)
    assert not theta.requires_grad


def test_the_risk_of_zero_one_is_flat():
    risk, theta = a_risk(loss="zero_one")
    assert 0 < risk(theta[0]) < 1
    assert torch.equal(risk.grad(theta), torch.zeros_like(theta))


def test_risk_takes_any_loss_function_and_a_sample_for_each_run():
    risk, theta = a_risk(loss=lambda f, y: margin(f, y))
    assert risk(theta[0]).item() == pytest.approx(margin(risk.model(theta[0], risk.x), risk.y).mean().item())
    x, y = torch.stack([risk.x, 2 * risk.x]), torch.stack([risk.y, risk.y.flip(0)])
    both = Risk(risk.model, x, y)(theta)
    assert both.tolist() == pytest.approx([Risk(risk.model, x[r], y[r])(theta[r]).item() for r in range(2)], rel=1e-13)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"loss": "nll"}, "unknown loss 'nll'; choose one of cross_entropy, squared_error, zero_one"),
        ({"weight_decay": -1.0}, "weight_decay must be a finite number ≥ 0, got -1.0"),
        ({"weight_decay": math.nan}, "weight_decay must be a finite number ≥ 0, got nan"),
        (
            {"x": torch.tensor([[math.nan, 0, 0]])},
            r"x holds nan at index \(0, 0\); remove or impute such entries first",
        ),
        ({"x": torch.zeros(20, 3).long()}, "x must be a floating-point tensor, got torch.int64"),
        ({"y": torch.full((20, 4), math.inf)}, "y holds inf at index"),
        ({"y": torch.full((20,), -1)}, "class numbers must be at least 0, got -1 in y; count classes from 0"),
        ({"y": torch.zeros(19).long()}, r"y of the same length, got x \(20, 3\) and y \(19,\)"),
        ({"x": torch.zeros(20)}, r"x must be \(N, d\) .* got x \(20,\)"),
        ({"x": torch.zeros(0, 3), "y": torch.zeros(0).long()}, r"with N ≥ 1 .* got x \(0, 3\)"),
    ],
)
def test_a_risk_of_nothing_sensible_is_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        Risk(**({"model": MLP((3, 4)), "x": torch.zeros(20, 3), "y": torch.zeros(20).long()} | change))


def test_losses_by_name():
    assert {"cross_entropy": cross_entropy, "squared_error": squared_error, "zero_one": zero_one} == LOSSES
