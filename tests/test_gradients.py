"""Per-example gradients against one backward pass an example in float64; minibatch errors against real minibatches."""

import itertools
import math

import pytest
import torch

from labs import gradients
from labs.fast import covers, passes
from labs.losses import Risk
from labs.models import MLP, RNN, ModuleModel

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


def problem(
    sizes=(5, 6, 3), activation="tanh", bias=True, loss="cross_entropy", dtype=torch.float64, lead=(), runs=None
):
    source = torch.Generator().manual_seed(0)
    model = MLP(sizes, activation, bias)
    x = torch.randn(*lead, 20, sizes[0], generator=source, dtype=torch.float64).to(dtype)
    y = torch.randn(*lead, 20, sizes[-1], generator=source, dtype=torch.float64).to(dtype)
    shape = (model.num_parameters,) if runs is None else (runs, model.num_parameters)
    theta = (0.5 * torch.randn(shape, generator=source, dtype=torch.float64)).to(dtype)
    return Risk(model, x, y if loss == "squared_error" else y.argmax(-1), loss, 0.1), theta


def one_by_one(risk: Risk, theta: torch.Tensor) -> torch.Tensor:
    """gᵢ in float64: the gradient of a risk with that single example."""
    y = risk.y.double() if risk.y.is_floating_point() else risk.y
    single = [
        Risk(risk.model, x[None], t[None], risk.loss, risk.weight_decay)
        for x, t in zip(risk.x.double(), y, strict=True)
    ]
    return torch.stack([one.grad(theta.double()) for one in single])


def distance(a: torch.Tensor, reference: torch.Tensor) -> float:
    return float((a.double() - reference).norm() / reference.norm())


def covariance_trace(g: torch.Tensor) -> torch.Tensor:
    return (g - g.mean(0)).square().sum() / len(g)


@pytest.mark.parametrize("block", [None, 300], ids=["whole", "blocks"])
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize(
    ("sizes", "activation", "bias"),
    [((5, 3), "tanh", True), ((5, 6, 3), "relu", True), ((5, 6, 4, 3), "sigmoid", False), ((5, 4, 3), "linear", True)],
)
def test_network(sizes, activation, bias, loss, dtype, block, monkeypatch):
    if block:
        monkeypatch.setattr(passes, "BLOCK_NUMBERS", block)
    risk, theta = problem(sizes, activation, bias, loss, dtype)
    assert covers(risk, theta)
    g = one_by_one(risk, theta)
    assert distance(gradients.per_example(risk, theta), g) < TOLERANCE[dtype]
    mean, square = gradients.moments(risk, theta)
    assert distance(mean, g.mean(0)) < TOLERANCE[dtype]
    assert distance(square, g.square().sum(1).mean()) < TOLERANCE[dtype]
    assert distance(gradients.noise_trace(risk, theta), covariance_trace(g)) < TOLERANCE[dtype]
    expected = covariance_trace(g) / g.mean(0).square().sum()
    assert distance(gradients.noise_scale(risk, theta), expected) < TOLERANCE[dtype]


@pytest.mark.parametrize("known", [True, False], ids=["network", "any module"])
@pytest.mark.parametrize("lead", [(), (3,)], ids=["shared sample", "own samples"])
def test_ensemble_gives_the_numbers_of_each_run_alone(lead, known):
    risk, theta = problem(lead=lead, runs=3)
    if not known:
        model = risk.model
        risk = Risk(lambda t, x: model(t, x), risk.x, risk.y, weight_decay=0.1)
    assert covers(risk, theta) == known
    noise = gradients.noise_trace(risk, theta)
    for r in range(3):
        alone = Risk(risk.model, risk.x[r], risk.y[r], weight_decay=0.1) if lead else risk
        assert distance(noise[r], covariance_trace(one_by_one(alone, theta[r]))) < 1e-10


def test_any_module_in_blocks(monkeypatch):
    monkeypatch.setattr(gradients, "BLOCK_NUMBERS", 100)
    module = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.GELU(), torch.nn.Linear(4, 3)).double()
    risk, _ = problem()
    risk = Risk(ModuleModel(module), risk.x, risk.y, weight_decay=0.1)
    theta = risk.model.theta()
    g = one_by_one(risk, theta)
    assert distance(gradients.per_example(risk, theta), g) < 1e-10
    assert distance(gradients.noise_trace(risk, theta), covariance_trace(g)) < 1e-10
    assert distance(gradients.moments(risk, theta).mean, risk.grad(theta)) < 1e-10


class _Odd(torch.nn.Module):
    """Parameters of no dimension, unused, of one gradient together, tied and frozen."""

    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Linear(5, 3), torch.nn.Linear(5, 3)
        self.second.weight = self.first.weight
        self.second.bias.requires_grad_(False)
        self.scale, self.unused = torch.nn.Parameter(torch.tensor(1.5)), torch.nn.Parameter(torch.ones(2))
        self.a, self.b = torch.nn.Parameter(torch.ones(3)), torch.nn.Parameter(torch.zeros(3))

    def forward(self, x):
        return self.first(x) * self.scale + torch.tanh(self.second(x)) + (self.a + self.b)


class _Half(ModuleModel):
    def __call__(self, theta, x):
        return 0.5 * super().__call__(theta, x)


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize("kind", [ModuleModel, _Half])
def test_modules_with_odd_parameters_and_models_of_ones_own(kind, weight_decay):
    risk, _ = problem()
    risk = Risk(kind(_Odd().double()), risk.x, risk.y, weight_decay=weight_decay)
    theta = risk.model.theta()
    g = one_by_one(risk, theta)
    assert distance(gradients.per_example(risk, theta), g) < 1e-10
    assert distance(gradients.moments(risk, theta).mean, g.mean(0)) < 1e-10
    assert distance(gradients.moments(risk, theta).square, g.square().sum(1).mean()) < 1e-10


def test_identical_examples_make_no_noise():
    risk, theta = problem(dtype=torch.float32)
    same = Risk(risk.model, risk.x[:1].repeat(50, 1), risk.y[:1].repeat(50))
    mean, _ = gradients.moments(same, theta)
    assert 0 <= float(gradients.noise_trace(same, theta)) < 1e-5 * float(mean.square().sum())


@pytest.mark.parametrize("replacement", [True, False])
def test_standard_error_is_that_of_real_minibatches(replacement):
    """‖g_B − ḡ‖² averaged over 4 000 draws, within four of its standard errors."""
    risk, theta = problem()
    g = gradients.per_example(risk, theta)
    source, batch_size, draws = torch.Generator().manual_seed(1), 7, 4000
    if replacement:
        index = torch.randint(20, (draws, batch_size), generator=source)
    else:
        index = torch.rand(draws, 20, generator=source).argsort(-1)[:, :batch_size]
    squares = (g[index].mean(1) - g.mean(0)).square().sum(-1)
    error = gradients.standard_error(risk, theta, batch_size, replacement=replacement)
    assert abs(float(error**2 - squares.mean())) < 4 * float(squares.std()) / math.sqrt(draws)


def test_the_whole_sample_without_replacement_has_no_error():
    risk, theta = problem()
    assert float(gradients.standard_error(risk, theta, 20, replacement=False)) == 0


def images_through_a_convolution():
    layers = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Tanh(), torch.nn.Flatten(), torch.nn.Linear(8, 3))
    model = ModuleModel(layers.double())
    return model, torch.randn(5, 1, 4, 4, generator=torch.Generator().manual_seed(1)).double(), model.theta()


def sequences_through_an_rnn():
    model, source = RNN(2, 3, 3), torch.Generator().manual_seed(2)
    return model, torch.randn(5, 4, 2, generator=source).double(), model.init(source, dtype=torch.float64, device="cpu")


def sequences_of_four_runs():
    """As many runs as steps: still one sample for all."""
    model, source = RNN(2, 3, 3), torch.Generator().manual_seed(2)
    theta = model.init(source, 4, dtype=torch.float64, device="cpu")
    return model, torch.randn(5, 4, 2, generator=source).double(), theta


@pytest.mark.parametrize(
    "made", [images_through_a_convolution, sequences_through_an_rnn, sequences_of_four_runs], ids=lambda f: f.__name__
)
def test_without_replacement_all_batches_of_two_have_that_error_on_average(made):
    model, x, theta = made()
    y = torch.tensor([0, 1, 2, 1, 0])
    risk = Risk(model, x, y)
    pairs = [list(pair) for pair in itertools.combinations(range(5), 2)]
    whole = torch.stack([Risk(model, x[pair], y[pair]).grad(theta) for pair in pairs])
    error = (whole - risk.grad(theta)).square().sum(-1).mean(0).sqrt()
    torch.testing.assert_close(gradients.standard_error(risk, theta, 2, replacement=False), error)


class TestBadInput:
    def test_a_function_has_no_examples(self):
        with pytest.raises(TypeError, match=r"risk must be a labs\.losses\.Risk.*got function"):
            gradients.noise_trace(lambda theta: theta.sum(), torch.zeros(2))

    def test_theta(self):
        risk, theta = problem()
        with pytest.raises(ValueError, match=r"theta must have shape \(P,\), got \(2, 57\)"):
            gradients.per_example(risk, theta.repeat(2, 1))
        with pytest.raises(ValueError, match=r"\(P,\) or \(R, P\), got \(1, 1, 57\)"):
            gradients.moments(risk, theta[None, None])
        with pytest.raises(ValueError, match="theta holds nan"):
            gradients.noise_scale(risk, theta / 0 * 0)

    def test_batch_size(self):
        risk, theta = problem()
        with pytest.raises(ValueError, match="batch_size must be a whole number of at least 1, got 0"):
            gradients.standard_error(risk, theta, 0)
        with pytest.raises(ValueError, match="must not exceed the 20 examples"):
            gradients.standard_error(risk, theta, 21, replacement=False)
