"""Models against torch.nn with the same weights, and their first draws against the variances they promise."""

from __future__ import annotations

import math

import pytest
import torch

from labs.models import ACTIVATIONS, INITIALISATIONS, MLP, RNN, ModuleModel

MODULES = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid, "linear": torch.nn.Identity}
F64 = torch.float64


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(shape, generator=stream(seed), dtype=F64)


def as_module(model: MLP, theta: torch.Tensor) -> torch.nn.Sequential:
    """The same network in torch.nn, its weights read from θ by position, not through the model."""
    parts, at = [], 0
    for n_in, n_out in zip(model.sizes[:-1], model.sizes[1:], strict=True):
        columns = n_in + model.bias
        block = theta[at : at + n_out * columns].reshape(n_out, columns)
        linear = torch.nn.Linear(n_in, n_out, bias=model.bias, dtype=theta.dtype)
        linear.weight.data = block[:, :n_in].clone()
        if model.bias:
            linear.bias.data = block[:, n_in].clone()
        parts += [linear, MODULES[model.activation]()]
        at += n_out * columns
    assert at == len(theta)
    return torch.nn.Sequential(*parts[:-1])


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", [(3, 2), (5, 4, 3), (4, 7, 6, 2)])
def test_mlp_equals_torch_nn(activation, bias, sizes):
    model = MLP(sizes, activation, bias)
    theta, x = normal(model.num_parameters), normal(11, sizes[0], seed=2)
    torch.testing.assert_close(model(theta, x), as_module(model, theta)(x), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("model", [MLP((5, 4, 3)), MLP((5, 3), bias=False), RNN(5, 6, 3, "tanh"), RNN(5, 1, 3, "relu")])
def test_an_ensemble_gives_each_run_the_outputs_it_has_alone(model):
    shape = (9, 5) if isinstance(model, MLP) else (9, 4, 5)
    theta = normal(3, model.num_parameters)
    shared, own = normal(*shape), normal(3, *shape)
    for x, row in ((shared, lambda r: shared), (own, lambda r: own[r])):
        outputs = model(theta, x)
        assert outputs.shape == (3, 9, 3)
        for r in range(3):
            torch.testing.assert_close(outputs[r], model(theta[r], row(r)), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_rnn_equals_torch_nn(activation):
    model = RNN(num_inputs=3, num_units=5, num_outputs=2, activation=activation)
    theta, x = 0.5 * normal(model.num_parameters), normal(4, 7, 3, seed=2)
    reference = torch.nn.RNN(3, 5, nonlinearity=activation, batch_first=True, dtype=F64)
    first, last = theta[: 5 * 9].reshape(5, 9), theta[5 * 9 :].reshape(2, 6)
    reference.weight_hh_l0.data, reference.weight_ih_l0.data = first[:, :5].clone(), first[:, 5:8].clone()
    reference.bias_ih_l0.data, reference.bias_hh_l0.data = first[:, 8].clone(), torch.zeros(5, dtype=F64)
    states = reference(x)[0]
    torch.testing.assert_close(torch.stack(model.states(theta, x), 1), states, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(model(theta, x), states[:, -1] @ last[:, :5].mT + last[:, 5], rtol=1e-12, atol=1e-12)


def test_gradients_can_be_taken_at_every_hidden_state():
    model = RNN(2, 3, 1)
    theta = normal(model.num_parameters).requires_grad_()
    states = model.states(theta, normal(1, 6, 2))
    grads = torch.autograd.grad(states[-1].sum(), states)
    assert all(g.shape == (1, 3) and g.norm() > 0 for g in grads)


def test_matrices_are_views_of_theta():
    model = MLP((2, 3, 1))
    theta = torch.zeros(model.num_parameters)
    model.matrices(theta)[1][0, -1] = 7.0
    assert theta.nonzero().tolist() == [[12]]


def test_mlp_works_under_vmap_and_has_exact_derivatives():
    model, x = MLP((3, 4, 2)), normal(5, 3)
    theta = normal(2, model.num_parameters)
    torch.testing.assert_close(torch.func.vmap(lambda t: model(t, x))(theta), model(theta, x), rtol=1e-13, atol=1e-13)
    assert torch.autograd.gradcheck(lambda t: model(t, x), theta.requires_grad_())
    assert torch.autograd.gradgradcheck(lambda t: model(t, x), theta)


def within(sample: torch.Tensor, variance: float) -> bool:
    """Whether the mean square of normal draws is within 5 standard errors, √(2/n), of ``variance``."""
    return abs(sample.square().mean().item() / variance - 1) < 5 * math.sqrt(2 / sample.numel())


@pytest.mark.parametrize(
    ("scheme", "hidden", "last"),
    [("he", 2 / 30, 1 / 20), ("lecun", 1 / 30, 1 / 20), ("glorot", 2 / 50, 2 / 30), ("unit", 1, 1)],
)
def test_mlp_draws_have_the_variance_of_their_scheme(scheme, hidden, last):
    model = MLP((30, 20, 10))
    theta = model.init(stream(), 40, scheme=scheme, gain=2.0, bias_sd=0.5, dtype=F64, device="cpu")
    assert scheme in INITIALISATIONS
    first, second = model.matrices(theta)
    assert within(first[..., :-1], 4 * hidden)
    assert within(second[..., :-1], 4 * last)
    assert within(torch.cat([first[..., -1], second[..., -1]], -1), 0.25)


def test_biases_start_at_zero_and_gain_may_differ_by_run():
    model = MLP((6, 5, 4))
    plain = model.init(stream(), 3, dtype=F64, device="cpu")
    scaled = model.init(stream(), 3, gain=torch.tensor([0.0, 1.0, 2.0]), dtype=F64, device="cpu")
    assert (model.matrices(plain)[0][..., -1] == 0).all()
    assert torch.equal(scaled, plain * torch.tensor([[0.0], [1.0], [2.0]], dtype=F64))


@pytest.mark.parametrize("model", [MLP((6, 5, 4)), RNN(3, 4, 2)])
def test_a_draw_is_the_same_in_both_precisions_and_from_the_same_stream(model):
    double, single = (model.init(stream(), dtype=dtype, device="cpu") for dtype in (F64, torch.float32))
    assert torch.equal(double.float(), single)
    assert single.shape == (model.num_parameters,)


@pytest.mark.parametrize("num_runs", [None, 3])
def test_recurrent_matrices_are_what_they_are_called(num_runs):
    model, eye = RNN(4, 30, 2), torch.eye(30, dtype=F64)

    def step(kind: str, gain: float) -> torch.Tensor:
        theta = model.init(stream(), num_runs, recurrent=kind, gain=gain, dtype=F64, device="cpu")
        return model.matrices(theta)[0][..., :30]

    orthogonal = step("orthogonal", 1.5)
    torch.testing.assert_close(orthogonal @ orthogonal.mT, 2.25 * eye.expand_as(orthogonal))
    assert torch.equal(step("identity", 0.5), 0.5 * eye.expand_as(orthogonal))
    assert within(step("gaussian", 1.4), 1.96 / 30)


def test_orthogonal_matrices_are_uniform():
    model = RNN(1, 5, 1)
    theta = model.init(stream(), 2_000, recurrent="orthogonal", dtype=F64, device="cpu")
    trace = model.matrices(theta)[0][..., :5].diagonal(dim1=-2, dim2=-1).sum(-1)
    # Over the uniform distribution a trace has mean 0 and variance 1 (Diaconis and Shahshahani 1994).
    assert abs(trace.mean().item()) < 5 / math.sqrt(2_000)
    assert abs(trace.square().mean().item() - 1) < 5 * math.sqrt(2 / 2_000)


def test_the_rest_of_a_recurrent_network_starts_at_scale_one():
    model = RNN(num_inputs=20, num_units=30, num_outputs=10)
    first, read_out = model.matrices(model.init(stream(), 20, gain=3.0, dtype=F64, device="cpu"))
    assert within(first[..., 30:-1], 1 / 20)
    assert within(read_out[..., :-1], 1 / 30)
    assert not first[..., -1].any()
    assert not read_out[..., -1].any()


def test_module_model_equals_the_module_and_leaves_it_alone():
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.LayerNorm(4), torch.nn.Tanh(), torch.nn.Linear(4, 2)
    ).double()
    model, x = ModuleModel(module), normal(5, 3)
    before = model.theta()
    torch.testing.assert_close(model(before, x), module(x), rtol=0, atol=0)
    other = before + 1
    moved = model(other, x)
    assert torch.equal(model.theta(), before)
    torch.nn.utils.vector_to_parameters(other, module.parameters())
    torch.testing.assert_close(moved, module(x), rtol=0, atol=0)
    batched = torch.func.vmap(lambda t: model(t, x))(torch.stack([before, other]))
    torch.testing.assert_close(batched[1], moved)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: MLP((64,)), r"sizes must be two or more positive integers such as \(64, 32, 10\), got \(64,\)"),
        (lambda: MLP(64), "sizes must be two or more positive integers .* got 64"),
        (lambda: MLP((64, 0, 10)), "sizes must be a whole number of at least 1, got 0"),
        (lambda: MLP((64, 2.5)), "sizes must be a whole number of at least 1, got 2.5"),
        (lambda: MLP((2, 1), "gelu"), "unknown activation 'gelu'; choose one of tanh, relu, sigmoid, linear"),
        (lambda: RNN(0, 2, 3), "num_inputs must be a whole number of at least 1, got 0"),
        (lambda: RNN(1, 2, 3, "gelu"), "unknown activation 'gelu'"),
        (lambda: ModuleModel(torch.nn.Tanh()), r"module must be a torch.nn.Module with parameters, got Tanh\(\)"),
        (lambda: ModuleModel(abs), "module must be a torch.nn.Module with parameters, got <built-in function abs>"),
    ],
)
def test_impossible_models_are_refused(make, complaint):
    with pytest.raises(ValueError, match=complaint):
        make()


@pytest.mark.parametrize("model", [MLP((4, 3)), RNN(4, 2, 1)])
@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"num_runs": 0}, "num_runs must be a whole number of at least 1, got 0"),
        ({"gain": -1.0}, "gain must be a finite number ≥ 0, got -1.0"),
        ({"gain": math.nan}, "gain must be a finite number ≥ 0, got nan"),
        (
            {"num_runs": 2, "gain": torch.ones(3)},
            r"gain must be one number, or one a run of shape \(2,\), got shape \(3,\)",
        ),
        ({"dtype": torch.int64}, "dtype must be floating-point such as torch.float32, got torch.int64"),
    ],
)
def test_impossible_draws_are_refused(model, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        model.init(stream(), **options)


def test_unknown_schemes_and_spreads_are_refused():
    with pytest.raises(ValueError, match="unknown scheme 'xavier'; choose one of he, lecun, glorot, unit"):
        MLP((4, 3)).init(stream(), scheme="xavier")
    with pytest.raises(ValueError, match="bias_sd must be a finite number ≥ 0, got -1"):
        MLP((4, 3)).init(stream(), bias_sd=-1)
    with pytest.raises(ValueError, match="unknown recurrent 'diagonal'; choose one of gaussian, orthogonal, identity"):
        RNN(4, 3, 2).init(stream(), recurrent="diagonal")


@pytest.mark.parametrize(
    ("model", "theta", "x", "complaint"),
    [
        (MLP((4, 3)), torch.zeros(14), torch.zeros(2, 4), r"theta must be floating-point of shape \(…, 15\) for MLP"),
        (MLP((4, 3)), torch.zeros(15).long(), torch.zeros(2, 4), r"got torch.int64 of shape \(15,\)"),
        (MLP((4, 3)), torch.zeros(15), torch.zeros(2, 5), r"x must have shape \(N, 4\), or .* got \(2, 5\)"),
        (MLP((4, 3)), torch.zeros(15), torch.zeros(4), r"x must have shape \(N, 4\), .* got \(4,\)"),
        (MLP((4, 3)), torch.zeros(15), torch.zeros(2, 6, 4), r"x must have shape .* got \(2, 6, 4\)"),
        (MLP((4, 3)), torch.zeros(3, 15), torch.zeros(2, 6, 4), r"x has runs \(2,\), but theta has runs \(3,\)"),
        (MLP((4, 3)), torch.zeros(15), torch.zeros(2, 4).double(), "x is torch.float64 but theta is torch.float32"),
        (RNN(4, 2, 1), torch.zeros(17), torch.zeros(2, 5, 3), r"x must have shape \(N, T, 4\), .* got \(2, 5, 3\)"),
        (
            RNN(4, 2, 1),
            torch.zeros(16),
            torch.zeros(2, 5, 4),
            r"theta must be floating-point of shape \(…, 17\) for RNN",
        ),
        (ModuleModel(torch.nn.Linear(4, 3)), torch.zeros(2, 15), torch.zeros(2, 4), r"theta must have shape \(15,\)"),
    ],
)
def test_input_that_does_not_fit_is_refused(model, theta, x, complaint):
    with pytest.raises(ValueError, match=complaint):
        model(theta, x)
