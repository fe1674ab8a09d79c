"""labs.training against torch.optim, against automatic differentiation, and against each run alone."""

import copy
import math
from collections.abc import Callable
from itertools import islice

import pytest
import torch
from torch import nn

from labs import device, objectives
from labs.data import Dataset
from labs.losses import cross_entropy, zero_one
from labs.models import MLP, ModuleModel
from labs.training import (
    EarlyStopping,
    Trace,
    angle_to,
    cosine,
    descend,
    error_on,
    every,
    loss_on,
    step_decay,
    train,
    warmup,
)
from labs.training.batches import indices
from labs.training.ensemble import ensemble_risk
from labs.training.gradient import EnsembleRisk
from labs.training.mlp_rules import MLPRisk

N, D, C = 24, 5, 3
MODEL = MLP((D, 7, C))


def data(dtype: torch.dtype = torch.float64) -> Dataset:
    x = torch.randn(N, D, generator=device.generator("test x"), dtype=torch.float64)
    y = torch.randint(C, (N,), generator=device.generator("test y"))
    return Dataset(x.to(dtype), y)


def starts(runs: int | None, model: MLP = MODEL, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return model.init(device.generator("test start"), runs, dtype=dtype, device="cpu")


def module() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(D, 7), nn.Tanh(), nn.Linear(7, C)).double()


def by_torch(
    net: nn.Module,
    make: Callable,
    steps: int,
    clip: Callable = lambda parameters: None,
    factor: Callable[[int], float] = lambda step: 1.0,
) -> torch.Tensor:
    """θ after full-batch training by torch.optim, in the order of ``ModuleModel.theta``."""
    x, y = data()
    net = copy.deepcopy(net)
    optimizer = make(net.parameters())
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        clip(net.parameters())
        optimizer.step()
        schedule.step()
    return ModuleModel(net).theta()


def as_mlp(theta: torch.Tensor) -> torch.Tensor:
    """The parameters of ``module()`` in the order of ``MODEL``, [W | b] row by row."""
    w1, b1, w2, b2 = theta.split([7 * D, 7, C * 7, C])
    pairs = ((w1.view(7, D), b1), (w2.view(C, 7), b2))
    return torch.cat([torch.cat([w, b[:, None]], 1).flatten() for w, b in pairs])


SGD, NORM, VALUE = torch.optim.SGD, nn.utils.clip_grad_norm_, nn.utils.clip_grad_value_
CASES = {
    "plain": ({}, lambda p: SGD(p, 0.3), {}),
    "momentum": ({"momentum": 0.8}, lambda p: SGD(p, 0.3, momentum=0.8), {}),
    "decay": ({"weight_decay": 0.1}, lambda p: SGD(p, 0.3, weight_decay=0.1), {}),
    "both": (
        {"momentum": 0.8, "weight_decay": 0.1},
        lambda p: SGD(p, 0.3, momentum=0.8, weight_decay=0.1),
        {},
    ),
    "norm": ({"clip_norm": 0.2}, lambda p: SGD(p, 0.3), {"clip": lambda p: NORM(p, 0.2)}),
    "value": ({"clip_value": 0.03}, lambda p: SGD(p, 0.3), {"clip": lambda p: VALUE(p, 0.03)}),
    "step": ({"schedule": step_decay(5, 0.5)}, lambda p: SGD(p, 0.3), {"factor": lambda t: 0.5 ** (t // 5)}),
    "adam": ({"optimizer": "adam"}, lambda p: torch.optim.Adam(p, 0.3), {}),
    "adam decay": (
        {"optimizer": "adam", "weight_decay": 0.1, "schedule": "cosine"},
        lambda p: torch.optim.Adam(p, 0.3, weight_decay=0.1),
        {"factor": lambda t: 0.5 * (1 + math.cos(math.pi * t / 20))},
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("record_every", [1, 20])
def test_every_option_is_that_of_torch_optim(name: str, record_every: int) -> None:
    options, make, more = CASES[name]
    net = module()
    expected = by_torch(net, make, 20, **more)
    tolerance = {"rtol": 1e-5, "atol": 1e-6} if name == "norm" else {"rtol": 1e-9, "atol": 1e-12}  # torch adds 1e-6
    common = {"learning_rate": 0.3, "num_steps": 20, "record_every": record_every, **options}
    general = train(ModuleModel(net), ModuleModel(net).theta(), data(), **common)
    torch.testing.assert_close(general.theta[0], expected, **tolerance)
    fast = train(MODEL, as_mlp(ModuleModel(net).theta()), data(), **common)
    torch.testing.assert_close(fast.theta[0], as_mlp(expected), **tolerance)


def test_momentum_with_a_schedule_keeps_the_velocity_in_units_of_theta() -> None:
    theta, (x, y) = starts(1), data()
    risk, velocity, expected = ensemble_risk(MODEL, "cross_entropy", torch.zeros(1, 1)), torch.zeros_like(theta), theta
    for step in range(6):
        grad = risk.gradient(expected, risk.inputs(x[None]), y[None])[1]
        velocity = 0.9 * velocity - 0.3 * cosine(6)(step) * grad
        expected = expected + velocity
    trace = train(MODEL, theta, (x, y), learning_rate=0.3, momentum=0.9, schedule="cosine", num_steps=6, record_every=6)
    torch.testing.assert_close(trace.theta, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
@pytest.mark.parametrize("sizes", [(D, C), (D, 7, C), (D, 4, 6, 1, C)])
def test_hand_written_gradients_agree_with_autograd(
    sizes: tuple, activation: str, loss: str, dtype: torch.dtype
) -> None:
    for bias in (True, False):
        model = MLP(sizes, activation, bias)
        theta = starts(4, model, dtype) + 0.1
        decay = torch.tensor([[0.0], [0.1], [0.2], [0.3]], dtype=dtype)
        for own in (True, False):
            shape = (4 if own else 1, 6)
            x = torch.randn(*shape, D, generator=device.generator("x"), dtype=dtype)
            y = torch.randint(C, shape, generator=device.generator("y"))
            y = y if loss == "cross_entropy" else nn.functional.one_hot(y, C).to(dtype)
            fast, general = ensemble_risk(model, loss, decay), EnsembleRisk(model, loss, decay.double())
            assert isinstance(fast, MLPRisk)
            exact = theta.double(), x.double(), y.double() if loss == "squared_error" else y
            tolerance = {"rtol": 1e-5, "atol": 1e-6} if dtype == torch.float32 else {"rtol": 1e-10, "atol": 1e-12}
            for got, expected in zip(fast.gradient(theta, fast.inputs(x), y), general.gradient(*exact), strict=True):
                torch.testing.assert_close(got.double(), expected, **tolerance)
            got = fast.per_example(theta, fast.inputs(x), y)
            torch.testing.assert_close(got.double(), general.per_example(*exact), **tolerance)


def test_the_rules_are_taken_for_the_named_loss_or_its_function_and_an_mlp_only() -> None:
    decay = torch.zeros(1, 1)
    assert isinstance(ensemble_risk(MODEL, cross_entropy, decay), MLPRisk)
    assert not isinstance(ensemble_risk(MODEL, "zero_one", decay), MLPRisk)
    assert not isinstance(ensemble_risk(MODEL, lambda f, y: cross_entropy(f, y), decay), MLPRisk)
    assert not isinstance(ensemble_risk(ModuleModel(module()), "cross_entropy", decay), MLPRisk)


OPTIONS = [
    {},
    {"batch_size": 7},
    {"batch_size": 7, "order": "replacement", "momentum": torch.tensor([0.0, 0.5, 0.9])},
    {"batch_size": 7, "order": "sequential", "weight_decay": torch.tensor([0.0, 0.1, 0.0])},
    {"batch_size": 7, "clip_norm": torch.tensor([0.1, 1.0, 0.2]), "schedule": warmup(4, cosine(6))},
    {"batch_size": 7, "clip_value": torch.tensor([0.1, 1.0, 0.02])},
    {"batch_size": 7, "optimizer": "adam"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options) or "full")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("fast", [True, False])
def test_a_run_among_others_is_the_run_alone(options: dict, dtype: torch.dtype, fast: bool) -> None:
    model = MODEL if fast else lambda theta, x: MODEL(theta, x)
    theta, rates = starts(3, dtype=dtype), torch.tensor([0.1, 0.4, 0.2])
    common = {"num_steps": 12, "monitors": ["train_loss", "grad_norm"], "record_every": 3}
    together = train(model, theta, data(), learning_rate=rates, **common, **options)
    for run in range(3):
        own = {name: n[run].item() if isinstance(n, torch.Tensor) else n for name, n in options.items()}
        alone = train(model, theta[run], data(), learning_rate=rates[run].item(), run_ids=[run], **common, **own)
        torch.testing.assert_close(together.theta[run], alone.theta[0], rtol=1e-5, atol=1e-6)
        for name in together:
            torch.testing.assert_close(together[name][:, run], alone[name][:, 0], rtol=1e-5, atol=1e-6)


def test_a_run_that_diverges_is_reported_and_leaves_the_others_as_they_were() -> None:
    model, (x, _) = MLP((D, 7, C), "relu"), data(torch.float32)
    y = nn.functional.one_hot(data().y, C).float()
    common = {"loss": "squared_error", "num_steps": 40, "batch_size": 8, "monitors": ["train_loss", "sharpness"]}
    common |= {"record_every": 10}
    theta = starts(3, model, torch.float32)
    calm = train(model, theta, (x, y), learning_rate=torch.tensor([0.02, 0.02, 0.03]), **common)
    wild = train(model, theta, (x, y), learning_rate=torch.tensor([0.02, 50.0, 0.03]), **common)
    assert wild.diverged.tolist() == [False, True, False]
    assert wild.diverged_at[0] == -1
    assert 0 < wild.diverged_at[1] <= 40
    assert not wild.theta[1].isfinite().all()
    for run in (0, 2):
        assert torch.equal(calm.theta[run], wild.theta[run])
        torch.testing.assert_close(calm["sharpness"][:, run], wild["sharpness"][:, run], rtol=1e-3, atol=0)
    assert wild["sharpness"][-1, 1].isnan()
    assert "1 diverged" in repr(wild)


def test_data_of_their_own_for_each_run() -> None:
    (x, y), theta = data(), starts(3)
    labels = torch.stack([y, y.roll(1), y.roll(2)])
    inputs = torch.stack([x, 2 * x, -x])
    for pair in ((x, labels), (inputs, y), (inputs, labels)):
        together = train(MODEL, theta, pair, learning_rate=0.2, num_steps=8, batch_size=5, monitors=["train_error"])
        for run in range(3):
            own = tuple(t if t is x or t is y else t[run] for t in pair)
            alone = train(MODEL, theta[run], own, learning_rate=0.2, num_steps=8, batch_size=5, run_ids=[run])
            torch.testing.assert_close(together.theta[run], alone.theta[0])
            error = zero_one(MODEL(together.theta[run], own[0]), own[1]).mean()
            torch.testing.assert_close(together["train_error"][-1, run], error)


def test_one_start_serves_as_many_runs_as_there_are_rates() -> None:
    theta = starts(None)
    trace = train(MODEL, theta, data(), learning_rate=[0.1, 0.2, 0.3], num_steps=2)
    assert trace.theta.shape == (3, MODEL.num_parameters)
    assert trace["loss"].shape == (3, 3)
    assert trace["loss"][0].unique().numel() == 1
    assert torch.equal(theta, starts(None))  # never written to


def test_shuffled_passes_show_each_example_once_and_differ() -> None:
    stream = indices(10, 4, "shuffle", "test", [0, 1])
    passes = [torch.cat([next(stream) for _ in range(3)], dim=1) for _ in range(2)]
    for one in passes:
        assert torch.equal(one.sort(dim=1).values, torch.arange(10).expand(2, 10))
    assert not torch.equal(passes[0], passes[1])
    assert not torch.equal(passes[0][0], passes[0][1])


def test_a_stream_belongs_to_the_identity_of_the_run() -> None:
    for order in ("shuffle", "replacement"):
        first, second = indices(10, 4, order, "test", [5, 6, 7]), indices(10, 4, order, "test", [7])
        for a, b in islice(zip(first, second, strict=False), 80):
            assert torch.equal(a[2], b[0])
        other = next(indices(10, 10, order, "another purpose", [7]))
        assert not torch.equal(other, next(indices(10, 10, order, "test", [7])))


def test_replacement_draws_uniformly() -> None:
    draws = torch.cat([next(indices(8, 1000, "replacement", "test", [run])) for run in range(20)], dim=1)
    share = draws.flatten().bincount(minlength=8) / draws.numel()
    standard_error = math.sqrt(1 / 8 * 7 / 8 / draws.numel())
    assert (share - 1 / 8).abs().max() < 5 * standard_error


def test_sequential_order_is_the_order_of_the_data() -> None:
    rows = torch.cat(list(islice(indices(5, 2, "sequential", "test", [3]), 4)), dim=1)
    assert rows.tolist() == [[0, 1, 2, 3, 4, 0, 1]]


def test_monitors_are_what_they_say() -> None:
    train_set, theta = data(), starts(2)
    validation = Dataset(train_set.x.flip(0) * 0.5, train_set.y)
    target, decay = theta + torch.linspace(-1, 1, theta.shape[1]).double(), 0.05
    trace = train(
        MODEL, theta, train_set, learning_rate=0.2, num_steps=4, batch_size=6, weight_decay=decay, snapshots=2,
        record_every=2,
        monitors={
            **{name: name for name in ("train_loss", "train_error", "grad_norm", "gHg", "sharpness", "distance")},
            "theta_norm": "theta_norm",
            "validation": validation,
            "margin": loss_on(validation, lambda f, y: f.amax(-1)),
            "error": error_on(validation),
            "angle": angle_to(target),
            "rare": every(4, "distance"),
            "mine": lambda theta, step: theta[:, 0] * step,
        },
    )  # fmt: skip
    assert trace.steps.tolist() == [0, 2, 4]
    assert sorted(trace.snapshots) == [0, 2, 4]
    for k, step in enumerate(trace.steps.tolist()):
        for run, point in enumerate(trace.snapshots[step]):

            def risk(t: torch.Tensor) -> torch.Tensor:
                return cross_entropy(MODEL(t, train_set.x), train_set.y).mean() + decay / 2 * t.square().sum()

            leaf = point.clone().requires_grad_()
            (g,) = torch.autograd.grad(risk(leaf), leaf)
            hessian = torch.autograd.functional.hessian(risk, point)
            outputs, way = MODEL(point, validation.x), target[run] - point
            expected = {
                "train_loss": cross_entropy(MODEL(point, train_set.x), train_set.y).mean(),
                "train_error": zero_one(MODEL(point, train_set.x), train_set.y).mean(),
                "grad_norm": g.norm(),
                "gHg": g @ hessian @ g,
                "distance": (point - theta[run]).norm(),
                "theta_norm": point.norm(),
                "validation": cross_entropy(outputs, validation.y).mean(),
                "margin": outputs.amax(-1).mean(),
                "error": zero_one(outputs, validation.y).mean(),
                "angle": torch.arccos(-g @ way / g.norm() / way.norm()),
                "mine": point[0] * step,
            }
            for name, value in expected.items():
                torch.testing.assert_close(
                    trace[name][k, run], value, rtol=1e-8, atol=1e-10, msg=lambda m, n=name: n + m
                )
            largest = torch.linalg.eigvalsh(hessian)[-1]
            torch.testing.assert_close(trace["sharpness"][k, run], largest, rtol=1e-3, atol=0)
    assert trace["rare"][1].isnan().all()
    steps, values = trace.readings("rare")
    assert steps.tolist() == [0, 4]
    assert torch.equal(values, trace["distance"][[0, 2]])


def test_curvature_monitors_work_for_any_model() -> None:
    general = lambda theta, x: MODEL(theta, x)  # noqa: E731
    common = {"learning_rate": 0.2, "num_steps": 2, "monitors": ["gHg", "sharpness", "batch_grad_norm"]}
    one, other = (train(model, starts(2), data(), **common) for model in (general, MODEL))
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=1e-4, atol=0)


def test_curvature_monitors_of_targets_that_each_run_has_to_itself() -> None:
    x, y = data()
    own = torch.stack((y, y.roll(1)))
    common = {"learning_rate": 0.2, "num_steps": 2, "monitors": ["gHg", "sharpness"]}
    together = train(MODEL, starts(2), (x, own), **common)
    for run in range(2):
        alone = train(MODEL, starts(2)[run : run + 1], (x, own[run]), **common)
        for name in together:
            torch.testing.assert_close(together[name][:, run], alone[name][:, 0], rtol=1e-4, atol=0)


def test_full_batch_readings_are_those_of_the_step() -> None:
    trace = train(MODEL, starts(2), data(), learning_rate=0.2, num_steps=3, monitors=["train_loss", "grad_norm"])
    assert torch.equal(trace["loss"], trace["train_loss"])
    assert (trace["grad_norm"][:-1] > 0).all()
    assert torch.allclose(trace["loss"][1:], trace["loss"][:-1] - 0.2 * trace["grad_norm"][:-1] ** 2, rtol=0.05)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"clip_norm": 1.0, "momentum": 0.5}, {"optimizer": "adam"}])
def test_early_stopping_freezes_single_runs(options: dict) -> None:
    valley = torch.tensor([[0.5], [5.0]], dtype=torch.float64)
    script = torch.tensor([5, 4, 3, 4, 5, 2, 2, 2, 2, 2, 1.0]).double()

    def scripted(theta: torch.Tensor, step: int) -> torch.Tensor:
        return torch.stack([script[step], torch.tensor(10.0 - step).double()])

    line = lambda theta, x: x * theta  # noqa: E731
    x, y = torch.ones(4, 1).double(), torch.zeros(4, 1).double()
    common = {
        "loss": "squared_error",
        "learning_rate": 0.1,
        "num_steps": 10,
        "monitors": {"score": scripted},
        **options,
    }
    stopped = train(line, valley, (x, y), early_stopping=EarlyStopping("score", patience=2), **common)
    free = train(line, valley, (x, y), snapshots=1, **common)
    assert stopped.stopped_at.tolist() == [4, -1]
    assert stopped.best_step.tolist() == [2, 10]
    assert torch.equal(stopped.theta[0], free.snapshots[4][0])
    assert torch.equal(stopped.best_theta[0], free.snapshots[2][0])
    torch.testing.assert_close(stopped.theta[1], free.theta[1])
    assert "1 stopped early" in repr(stopped)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_early_stopping_holds_on_the_fast_path(momentum: float) -> None:
    common = {"learning_rate": 0.2, "num_steps": 30, "batch_size": 6, "momentum": momentum, "record_every": 3}
    score = {"score": lambda theta, step: torch.tensor([step, -step])}
    stopped = train(
        MODEL, starts(2), data(), monitors=score, early_stopping=EarlyStopping("score", patience=9), **common
    )
    free = train(MODEL, starts(2), data(), snapshots=9, **common)
    assert stopped.stopped_at.tolist() == [9, -1]
    torch.testing.assert_close(stopped.theta[0], free.snapshots[9][0], rtol=1e-12, atol=0)
    torch.testing.assert_close(stopped.theta[1], free.theta[1], rtol=1e-12, atol=0)


def test_the_loop_ends_when_all_have_stopped() -> None:
    steps = []
    trace = train(
        MODEL, starts(2), data(), learning_rate=0.1, num_steps=50,
        monitors={"up": lambda theta, step: steps.append(step) or torch.full((2,), float(step))},
        early_stopping=EarlyStopping("up", patience=4),
    )  # fmt: skip
    assert steps == [0, 1, 2, 3, 4]
    assert trace.steps.tolist() == steps
    assert trace.stopped_at.tolist() == [4, 4]


def test_the_best_iterate_is_kept_without_stopping() -> None:
    dip = {"dip": lambda theta, step: torch.full((2,), abs(step - 3.0))}
    trace = train(
        MODEL, starts(2), data(), learning_rate=0.1, num_steps=6, monitors=dip, keep_best="dip", snapshots=[3]
    )
    assert trace.best_step.tolist() == [3, 3]
    assert torch.equal(trace.best_theta, trace.snapshots[3])
    assert train(MODEL, starts(2), data(), learning_rate=0.1, num_steps=1).best_theta is None


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("own", [True, False])
def test_blocks_of_runs_change_nothing(fast: bool, own: bool) -> None:
    model = MODEL if fast else lambda theta, x: MODEL(theta, x)
    x, y = data()
    x, y = (torch.stack([x] * 5), torch.stack([y] * 5)) if own else (x, y)
    common = {"learning_rate": 0.3, "num_steps": 5, "monitors": ["train_loss", "gHg"], "record_every": 2}
    for batch_size in (None, 6):
        whole = train(model, starts(5), (x, y), batch_size=batch_size, **common)
        cut = train(model, starts(5), (x, y), batch_size=batch_size, memory_limit_bytes=1, **common)
        torch.testing.assert_close(whole.theta, cut.theta)
        torch.testing.assert_close(whole["gHg"], cut["gHg"])


def test_blocks_keep_to_the_memory_limit() -> None:
    risk, (x, y) = EnsembleRisk(lambda theta, x: MODEL(theta, x), "cross_entropy", torch.zeros(8, 1)), data()
    whole = risk._bytes_per_run(starts(8), x[None], y[None])
    assert whole >= N * (D + 7 + C) * 8
    risk.memory_limit_bytes = 3 * whole
    assert [runs.stop - runs.start for runs in risk.blocks(starts(8), x[None], y[None])] == [3, 3, 3]


def test_a_convolutional_network_trains_as_in_torch() -> None:
    torch.manual_seed(1)
    net = nn.Sequential(nn.Unflatten(1, (1, 1, D)), nn.Flatten(2), nn.Conv1d(1, 2, 3), nn.ReLU(), nn.Flatten(1))
    net.append(nn.Linear(2 * (D - 2), C)).double()
    trace = train(ModuleModel(net), ModuleModel(net).theta(), data(), learning_rate=0.3, num_steps=10)
    torch.testing.assert_close(trace.theta[0], by_torch(net, lambda p: SGD(p, 0.3), 10))


def test_schedules() -> None:
    assert [round(warmup(2, cosine(2))(t), 6) for t in range(5)] == [0.5, 1.0, 1.0, 0.5, 0.0]
    per_run = train(
        MODEL, starts(2), data(), learning_rate=0.1, num_steps=1, schedule=lambda t: torch.tensor([[0.0], [1.0]])
    )
    assert torch.equal(per_run.theta[0], starts(2)[0])
    assert not torch.equal(per_run.theta[1], starts(2)[1])
    for bad in (lambda: cosine(0), lambda: step_decay(0), lambda: step_decay(3, -1.0), lambda: warmup(-1)):
        with pytest.raises(ValueError, match="must be positive, got"):
            bad()


def test_a_trace_explains_itself() -> None:
    trace = train(MODEL, starts(2), data(), learning_rate=0.1, num_steps=3, monitors=["distance"])
    assert isinstance(trace, Trace)
    assert "loss" in trace
    assert list(trace) == ["loss", "distance"]
    assert repr(trace).startswith("Trace of 2 runs, 4 readings from step 0 to 3\n  loss ")
    with pytest.raises(KeyError, match="'los' was not recorded; this trace has loss, distance"):
        trace["los"]


def test_no_steps_and_listed_steps() -> None:
    assert torch.equal(train(MODEL, starts(2), data(), learning_rate=0.1, num_steps=0).theta, starts(2))
    trace = train(MODEL, starts(2), data(), learning_rate=0.1, num_steps=9, record_every=[0, 4], snapshots=[7])
    assert trace.steps.tolist() == [0, 4]
    assert list(trace.snapshots) == [7]


GOOD = {"learning_rate": 0.1, "num_steps": 2}
Y = data().y


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate must be finite and > 0, got 0.0"),
        ({"learning_rate": float("nan")}, "learning_rate must be finite and > 0, got nan"),
        (
            {"learning_rate": [0.1, 0.2, 0.3]},
            r"learning_rate has shape \(3,\); give one number or one for each of 2 runs",
        ),
        ({"momentum": -0.1}, "momentum must be finite and ≥ 0, got -0.1"),
        ({"weight_decay": -1.0}, "weight_decay must be finite and ≥ 0"),
        ({"clip_norm": 0.0}, "clip_norm must be finite and > 0"),
        ({"clip_value": -1.0}, "clip_value must be finite and > 0"),
        ({"num_steps": -1}, "num_steps must be a whole number of at least 0, got -1"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, got 0"),
        ({"batch_size": N + 1}, f"batch_size is {N + 1}, but there are {N} examples"),
        ({"order": "random"}, "unknown order 'random'; choose one of shuffle"),
        ({"optimizer": "lion"}, "unknown optimizer 'lion'"),
        ({"optimizer": "adam", "momentum": 0.9}, "momentum belongs to optimizer='sgd'"),
        ({"schedule": "linear"}, "unknown schedule 'linear'; choose one of cosine"),
        ({"loss": "hing"}, "unknown loss 'hing'"),
        ({"loss": "zero_one"}, "loss 'zero_one' is flat .* descend a surrogate such as 'cross_entropy'"),
        ({"loss": zero_one}, "loss 'zero_one' is flat"),
        ({"loss": lambda f, y: (f.argmax(-1) == y).double()}, r"loss <function <lambda> .*> is flat"),
        ({"loss": lambda f, y: f}, "loss must return one number for each of the 24 examples, got shape \\(24, 3\\)"),
        ({"monitors": ["sharpnes"]}, "unknown monitor 'sharpnes'; the built-in ones are train_loss"),
        ({"monitors": {"a": 3}}, "monitor 'a' is 3; give a built-in name"),
        ({"monitors": {"a": lambda theta, step: theta.sum()}}, r"monitor 'a' returned shape \(\); it must return one"),
        ({"record_every": 0}, "record_every must be at least 1 step, got 0"),
        ({"record_every": [3]}, r"record_every lists steps from 0 to num_steps = 2, got \[3\]"),
        ({"keep_best": "val"}, "'val' is not recorded; add it to monitors, which has loss"),
        (
            {"keep_best": "loss", "early_stopping": EarlyStopping("distance", 3)},
            "early stopping watches 'distance'; name one",
        ),
        ({"run_ids": [1]}, "run_ids names 1 runs, but theta0 has 2"),
        ({"data": (data().x, Y[:-1])}, r"x \(24, 5\) and y \(23,\) do not fit together"),
        ({"data": 3}, r"data must be a pair \(x, y\)"),
        ({"data": (data().x / 0, Y)}, "not finite"),
        ({"data": (data().x[:, :3], Y)}, r"x must have shape \(N, 5\)"),
        ({"data": (data().x, Y + 1)}, "targets run from 1 to 3, but the model has 3 outputs"),
        ({"data": (data().x, torch.stack([Y, Y - 1]))}, "targets run from -1 to 2"),
        ({"theta0": torch.zeros(2, 3)}, r"theta must be .* \(…, 66\)"),
        ({"theta0": torch.zeros(1, 2, 3)}, r"\(R, P\), got \(1, 2, 3\)"),
        ({"theta0": torch.zeros(0, 66)}, "at least one run"),
        ({"theta0": torch.full((66,), math.inf)}, "theta0 holds values that are not finite"),
        ({"theta0": torch.zeros(66), "learning_rate": [0.1, 0.2], "momentum": [0.0] * 3}, "number of runs differs"),
    ],
)
def test_bad_arguments_are_named(change: dict, message: str) -> None:
    arguments = {"theta0": starts(2), "data": data(), **GOOD, **change}
    with pytest.raises(ValueError, match=message):
        train(MODEL, batch_size=arguments.pop("batch_size", 8), **arguments)


def test_other_bad_values_are_named() -> None:
    with pytest.raises(ValueError, match="patience must be at least 1 step, got 0"):
        EarlyStopping("loss", 0)
    with pytest.raises(ValueError, match="min_improvement must be ≥ 0, got -1"):
        EarlyStopping("loss", 1, -1)
    with pytest.raises(ValueError, match="period must be at least 1 step, got 0"):
        every(0, "distance")


def test_descent_on_a_quadratic_is_known_in_closed_form() -> None:
    scale = torch.tensor([1.0, 10.0]).double()
    begin = torch.tensor([[3.0, 2.0], [-1.0, 1.0]]).double()
    path = descend(lambda p: 0.5 * (scale * p.square()).sum(-1), begin, learning_rate=0.05, num_steps=30)
    powers = (1 - 0.05 * scale) ** torch.arange(31).double()[:, None, None]
    torch.testing.assert_close(path, begin * powers)


def test_momentum_on_a_line_solves_its_recurrence() -> None:
    path = descend(lambda p: 0.5 * p.square().sum(-1), torch.tensor([1.0]).double(), 0.3, 20, momentum=0.5).flatten()
    expected = [1.0, 0.7]
    for _ in range(19):
        expected.append(1.5 * expected[-1] - 0.5 * expected[-2] - 0.3 * expected[-1])
    torch.testing.assert_close(path, torch.tensor(expected).double())


def test_descent_on_a_surface_uses_its_gradient_and_many_rates() -> None:
    surface = objectives.surface("saddle")
    begin = torch.tensor([[0.5, 0.1]] * 3).double()
    rates = torch.tensor([0.01, 0.1, 0.2])
    path = descend(surface, begin, rates, 5, momentum=torch.tensor([0.0, 0.5, 0.9]))
    assert path.shape == (6, 3, 2)
    torch.testing.assert_close(path[1], begin - rates[:, None].double() * surface.gradient(begin))
    by_value = descend(lambda p: surface(p), begin, rates, 5, momentum=torch.tensor([0.0, 0.5, 0.9]))
    torch.testing.assert_close(path, by_value)


def test_a_diverging_path_leaves_the_other_alone() -> None:
    path = descend(lambda p: p.square().sum(-1), torch.tensor([[1.0], [1.0]]), torch.tensor([0.25, 1e30]), 10)
    assert path[-1, 0].item() == 0.5**10
    assert not path[-1, 1].isfinite().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.zeros(2), 0.0, 3), "learning_rate must be positive, got 0.0"),
        ((torch.zeros(2), 0.1, -1), "num_steps must be 0 or more, got -1"),
    ],
)
def test_descend_names_bad_arguments(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        descend(lambda p: p.sum(-1), *arguments)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_the_gpu_agrees_with_the_cpu() -> None:
    common = {"learning_rate": 0.2, "num_steps": 20, "batch_size": 6, "momentum": 0.5, "monitors": ["train_loss"]}
    cpu = train(MODEL, starts(3), data(), **common)
    gpu = train(MODEL, starts(3).cuda(), data(), **common)
    torch.testing.assert_close(gpu.theta.cpu(), cpu.theta, rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(gpu["train_loss"].cpu(), cpu["train_loss"], rtol=1e-8, atol=1e-10)
