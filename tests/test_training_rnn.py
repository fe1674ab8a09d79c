"""The rule for ensembles of plain recurrent networks against automatic differentiation, torch.nn.RNN and float64."""

import pytest
import torch
from torch import nn

from labs import device
from labs.losses import LOSSES, cross_entropy, zero_one
from labs.models import RNN, ModuleModel
from labs.training import train
from labs.training.ensemble import ensemble_risk
from labs.training.gradient import EnsembleRisk
from labs.training.rnn_rules import RNNRisk

R, B, T, D, H, C = 4, 6, 9, 2, 5, 3
MODEL = RNN(D, H, C)


def starts(model: RNN = MODEL, runs: int = R, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return model.init(device.generator("test start"), runs, dtype=dtype, device="cpu") + 0.1


def data(*lead: int, steps: int = T, loss: str = "cross_entropy") -> tuple[torch.Tensor, torch.Tensor]:
    """Sequences and targets in float64; ``lead`` is (N,) or (R, N)."""
    x = torch.randn(*lead, steps, D, generator=device.generator("test x"), dtype=torch.float64)
    y = torch.randint(C, lead, generator=device.generator("test y"))
    return x, y if loss == "cross_entropy" else nn.functional.one_hot(y, C).double()


def huber(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """A loss that takes one run alone."""
    assert outputs.ndim == 2
    return nn.functional.huber_loss(outputs, targets, reduction="none").sum(-1)


def close(got: torch.Tensor, expected: torch.Tensor) -> None:
    """Relative to the size of the whole, as far as the dtype of ``got`` allows."""
    bound = 1e-5 if got.dtype == torch.float32 else 1e-10
    assert (got.double() - expected).norm() <= bound * expected.norm()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error", huber])
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
@pytest.mark.parametrize("own", [True, False], ids=["own data", "shared data"])
@pytest.mark.parametrize("steps", [1, T])
def test_gradients_and_losses_agree_with_automatic_differentiation(
    steps: int, own: bool, activation: str, loss: str, dtype: torch.dtype
) -> None:
    model = RNN(D, H, C, activation)
    theta, decay = starts(model, dtype=dtype), torch.tensor([[0.0], [0.1], [0.2], [0.3]])
    x, y = data(R if own else 1, B, steps=steps, loss=loss)
    fast, general = ensemble_risk(model, loss, decay.to(dtype)), EnsembleRisk(model, loss, decay.to(dtype).double())
    assert isinstance(fast, RNNRisk)
    rounded = x.to(dtype), y.to(dtype) if y.is_floating_point() else y
    exact = x.to(dtype).double(), y
    for got, expected in zip(fast.gradient(theta, *rounded), general.gradient(theta.double(), *exact), strict=True):
        close(got, expected)
    close(fast.per_example(theta, *rounded), general.per_example(theta.double(), *exact))


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_gradients_agree_with_torch_nn_rnn(activation: str) -> None:
    model, (x, y) = RNN(D, H, C, activation), data(1, B)
    theta = starts(model, 1)
    (grad,) = ensemble_risk(model, "cross_entropy", torch.zeros(1, 1)).gradient(theta, x, y)[1]
    recurrent, read_out = model.matrices(theta[0])
    cell = nn.RNN(D, H, nonlinearity=activation, batch_first=True, bias=True).double()
    with torch.no_grad():
        cell.weight_hh_l0.copy_(recurrent[:, :H])
        cell.weight_ih_l0.copy_(recurrent[:, H:-1])
        cell.bias_ih_l0.copy_(recurrent[:, -1])
        cell.bias_hh_l0.zero_()
    last = nn.Linear(H, C).double()
    last.weight.data, last.bias.data = read_out[:, :-1].clone(), read_out[:, -1].clone()
    nn.functional.cross_entropy(last(cell(x[0])[0][:, -1]), y[0]).backward()
    first = torch.cat((cell.weight_hh_l0.grad, cell.weight_ih_l0.grad, cell.bias_ih_l0.grad[:, None]), dim=1)
    second = torch.cat((last.weight.grad, last.bias.grad[:, None]), dim=1)
    close(grad, torch.cat((first.flatten(), second.flatten())))


@pytest.mark.parametrize("loss", [zero_one, lambda f, y: f.amax(-1)])
def test_another_loss_may_be_asked_for(loss: object) -> None:
    for lead in ((R, B), (1, B)):
        x, y = data(*lead)
        fast, general = (kind(MODEL, "cross_entropy", torch.zeros(R, 1)) for kind in (ensemble_risk, EnsembleRisk))
        torch.testing.assert_close(
            fast.per_example(starts(), x, y, loss), general.per_example(starts(), x, y, loss), rtol=1e-10, atol=1e-12
        )


def test_the_rule_is_taken_for_every_loss_but_for_plain_networks_only() -> None:
    class Echo(RNN):
        """A kind of its own, which may compute anything."""

    decay = torch.zeros(1, 1)
    for loss in (*LOSSES, cross_entropy, huber):
        assert type(ensemble_risk(MODEL, loss, decay)) is RNNRisk
    for model in (Echo(D, H, C), ModuleModel(nn.Linear(D, C)), lambda theta, x: MODEL(theta, x)):
        assert type(ensemble_risk(model, "cross_entropy", decay)) is EnsembleRisk


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 5},
        {"momentum": 0.9, "clip_norm": 0.5},
        {"optimizer": "adam", "clip_norm": 1.0, "batch_size": 5, "weight_decay": 0.1},
    ],
    ids=lambda options: "-".join(options),
)
def test_training_gives_the_numbers_of_the_general_path_and_of_the_run_alone(options: dict) -> None:
    rates = torch.tensor([0.02, 0.05, 0.1, 0.03])
    common = {"num_steps": 12, "monitors": ["train_loss", "grad_norm", "gHg"], "record_every": 3, **options}
    fast = train(MODEL, starts(), data(14), learning_rate=rates, **common)
    general = train(lambda theta, x: MODEL(theta, x), starts(), data(14), learning_rate=rates, **common)
    close(fast.theta, general.theta)
    for name in fast:
        close(fast[name], general[name])
    for run in range(R):
        alone = train(MODEL, starts()[run], data(14), learning_rate=rates[run].item(), run_ids=[run], **common)
        close(fast.theta[run], alone.theta[0])


def test_a_run_that_overflows_leaves_the_others_as_they_were() -> None:
    risk, (x, y) = ensemble_risk(RNN(D, H, C, "linear"), "cross_entropy", torch.zeros(R, 1)), data(R, B)
    theta = starts()
    calm, calm_grad = risk.gradient(theta, x, y)
    theta[2] *= 1e200
    wild, wild_grad = risk.gradient(theta, x, y)
    others = torch.tensor([0, 1, 3])
    assert not wild[2].isfinite()
    assert torch.equal(calm[others], wild[others])
    assert torch.equal(calm_grad[others], wild_grad[others])


def test_blocks_of_runs_change_nothing_and_keep_to_the_memory_limit() -> None:
    for lead in ((5, B), (1, B)):
        x, y = data(*lead)
        theta = starts(runs=5)
        whole = ensemble_risk(MODEL, "cross_entropy", torch.zeros(5, 1))
        two_runs = 2 * whole._bytes_per_run(theta, x, y)
        cut = ensemble_risk(MODEL, "cross_entropy", torch.zeros(5, 1), two_runs)
        assert [runs.stop - runs.start for runs in cut.blocks(theta, x, y)] == [2, 2, 2]
        for a, b in zip(whole.gradient(theta, x, y), cut.gradient(theta, x, y), strict=True):
            close(a, b)
        close(whole.per_example(theta, x, y), cut.per_example(theta, x, y))


def test_the_stated_bytes_hold_what_is_allocated() -> None:
    """A block may not need more than was reckoned: torch's profiler sums what the gradient of one run allocates."""
    model = RNN(1, 16, 10)
    x, y = torch.randn(1, 32, 40, 1), torch.randint(10, (1, 32))
    risk, theta = ensemble_risk(model, "cross_entropy", torch.zeros(1, 1)), torch.randn(1, model.num_parameters)
    states = 41 * 18 * 32 * 4
    with torch.profiler.profile(profile_memory=True, acc_events=True) as profile:
        risk.gradient(theta, x, y)
    peak, held = 0, 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    assert states < peak <= risk._bytes_per_run(theta, x, y)


def test_inputs_that_do_not_fit_are_named() -> None:
    x, y = data(B)
    with pytest.raises(ValueError, match=r"x must have shape \(N, T, 2\)"):
        train(MODEL, starts(), (x[..., :1], y), learning_rate=0.1, num_steps=1)
    with pytest.raises(ValueError, match="but the model has 3 outputs"):
        train(MODEL, starts(), (x, y + 3), learning_rate=0.1, num_steps=1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_the_gpu_agrees_with_the_cpu() -> None:
    x, y = data(R, B)
    cpu = ensemble_risk(MODEL, "cross_entropy", torch.zeros(R, 1)).gradient(starts(), x, y)
    gpu = ensemble_risk(MODEL, "cross_entropy", torch.zeros(R, 1).cuda()).gradient(starts().cuda(), x.cuda(), y.cuda())
    for a, b in zip(gpu, cpu, strict=True):
        close(a.cpu(), b)
