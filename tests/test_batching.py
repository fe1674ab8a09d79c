"""labs.batching, and the models that need it: torch's own recurrent layers, and one that looks at its numbers."""

import pytest
import torch
from torch import Tensor, nn
from torch.func import vmap

from labs import curvature, device, gradients
from labs.batching import FirstThatWorks, one_by_one, taken_apart
from labs.losses import Risk, cross_entropy
from labs.models import ModuleModel
from labs.training import train

N, STEPS, D, H, C = 10, 4, 3, 5, 3


class Last(nn.Module):
    """A recurrent layer, read out at the end."""

    def __init__(self, kind: type) -> None:
        super().__init__()
        self.recurrent, self.read_out = kind(D, H, batch_first=True), nn.Linear(H, C)

    def forward(self, x: Tensor) -> Tensor:
        return self.read_out(self.recurrent(x)[0][:, -1])


class Undecided(nn.Module):
    """A network whose course depends on its numbers, which no batching can follow."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(STEPS * D, C), nn.Linear(STEPS * D, C)

    def forward(self, x: Tensor) -> Tensor:
        layer = self.one if (x.sum() + self.one.bias.sum()) > 0 else self.other
        return layer(x.flatten(1)).tanh()


class Tied(nn.Module):
    """One matrix under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Linear(D, D), nn.Linear(D, D), nn.Linear(D, C)
        self.second.weight = self.first.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.second(self.first(x[:, -1]).tanh()).tanh())


KINDS = {
    "RNN": lambda: Last(nn.RNN),
    "GRU": lambda: Last(nn.GRU),
    "undecided": Undecided,
    "tied": Tied,
}


@pytest.fixture(params=KINDS)
def module(request: pytest.FixtureRequest) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return KINDS[request.param]().double()


def data(*lead: int) -> tuple[Tensor, Tensor]:
    x = torch.randn(*lead, STEPS, D, generator=device.generator("test x"), dtype=torch.float64)
    return x, torch.randint(C, lead, generator=device.generator("test y"))


def mean_loss(model: ModuleModel, x: Tensor, y: Tensor):
    return lambda theta: cross_entropy(model(theta, x), y).mean()


def slope(fn, theta: Tensor) -> Tensor:
    leaf = theta.detach().clone().requires_grad_()
    return torch.autograd.grad(fn(leaf), leaf)[0]


def several(model: ModuleModel, runs: int) -> Tensor:
    theta = model.theta()
    return theta + 0.1 * torch.randn(runs, len(theta), generator=device.generator("test theta"), dtype=torch.float64)


@pytest.mark.parametrize("lead", [(N,), (3, N)], ids=["shared data", "own data"])
def test_every_module_trains_in_an_ensemble_as_it_does_alone(module: nn.Module, lead: tuple[int, ...]) -> None:
    model = ModuleModel(module)
    theta, (x, y) = several(model, 3), data(*lead)
    trace = train(
        model, theta, (x, y), learning_rate=0.2, num_steps=3, monitors=["train_loss", "train_error", "gHg", "sharpness"]
    )
    for run, point in enumerate(theta):
        J = mean_loss(model, *((x, y) if len(lead) == 1 else (x[run], y[run])))
        g = slope(J, point)
        hessian = torch.autograd.functional.hessian(J, point)
        torch.testing.assert_close(trace["train_loss"][0, run], J(point).detach(), rtol=1e-10, atol=0)
        torch.testing.assert_close(trace["gHg"][0, run], g @ hessian @ g, rtol=1e-8, atol=1e-12)
        torch.testing.assert_close(trace["sharpness"][0, run], torch.linalg.eigvalsh(hessian)[-1], rtol=1e-3, atol=0)
        for _ in range(3):
            point = point - 0.2 * slope(J, point)
        torch.testing.assert_close(trace.theta[run], point, rtol=1e-10, atol=1e-12)


def test_every_module_has_gradients_example_by_example(module: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    model, (x, y) = ModuleModel(module), data(N)
    theta, risk = model.theta(), Risk(model, x, y, weight_decay=0.1)
    rows = [slope(mean_loss(model, x[i : i + 1], y[i : i + 1]), theta) + 0.1 * theta for i in range(N)]
    expected = torch.stack(rows)
    monkeypatch.setattr(gradients, "BLOCK_NUMBERS", 4 * len(theta))
    torch.testing.assert_close(gradients.per_example(risk, theta), expected, rtol=1e-10, atol=1e-12)
    mean, square = gradients.moments(risk, theta)
    torch.testing.assert_close(mean, expected.mean(0), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(square, expected.square().sum(1).mean(), rtol=1e-10, atol=0)


def test_every_module_has_curvature(module: nn.Module) -> None:
    model, (x, y) = ModuleModel(module), data(N)
    theta, J = model.theta(), mean_loss(model, x, y)
    expected = torch.autograd.functional.hessian(J, theta)
    torch.testing.assert_close(curvature.hessian(Risk(model, x, y), theta), expected, rtol=1e-9, atol=1e-11)


def test_vmap_alone_does_not_reach_them_all() -> None:
    """What the other ways are for; when torch has learnt it, they can go."""
    x, y = data(N)
    for kind in ("RNN", "GRU", "undecided"):
        model = ModuleModel(KINDS[kind]().double())
        with torch.no_grad(), pytest.raises(RuntimeError):
            vmap(lambda theta, model=model: mean_loss(model, x, y)(theta))(several(model, 2))


def test_a_way_that_fails_is_left_for_good_and_the_last_one_speaks() -> None:
    calls = []

    def way(name: str, error: Exception | None) -> object:
        def go(x: int) -> int:
            calls.append(name)
            if error:
                raise error
            return x

        return go

    works = FirstThatWorks(way("a", RuntimeError("no")), way("b", None), way("c", None))
    assert [works(1), works(2)] == [1, 2]
    assert calls == ["a", "b", "b"]
    with pytest.raises(RuntimeError, match="second"):
        FirstThatWorks(way("a", RuntimeError("first")), way("b", RuntimeError("second")))(1)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("full"), ValueError("wrong shape")])
def test_other_errors_are_not_taken_for_a_missing_rule(error: Exception) -> None:
    def fails(x: int) -> int:
        raise error

    with pytest.raises(type(error), match=str(error)):
        FirstThatWorks(fails, lambda x: x)(1)


def test_one_by_one_is_vmap() -> None:
    a, b = torch.randn(4, 3), torch.randn(3)
    for fn, in_dims, tensors in (
        (torch.dot, (0, None), (a, b)),
        (torch.dot, (None, 0), (b, a)),
        (torch.dot, (0, 0), (a, a)),
    ):
        torch.testing.assert_close(one_by_one(fn, in_dims)(*tensors), vmap(fn, in_dims)(*tensors))


def test_taken_apart_is_the_same_function() -> None:
    x = torch.randn(4)
    assert torch.equal(taken_apart(lambda x, y: x.sin() * y)(x, 2.0), x.sin() * 2.0)
