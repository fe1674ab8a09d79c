"""T7 an ensemble of independent networks, each with its own shuffling and learning rate."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from benchmarks.task import Contender, Task
from benchmarks.tasks.products import relative
from benchmarks.work import module, reference_risk
from labs.device import generator
from labs.models import MLP
from labs.training import train

SIZES, RUNS, BATCH, EPOCHS = (64, 32, 10), 128, 32, 5


def _task(dtype: torch.dtype) -> Task:
    x, y = reference_risk(SIZES, dtype).x, reference_risk(SIZES).y
    steps = EPOCHS * -(-len(x) // BATCH)
    rates = torch.linspace(0.05, 0.5, RUNS, dtype=dtype)
    start = MLP(SIZES).init(torch.Generator().manual_seed(0), RUNS, dtype=torch.float32, device="cpu").to(dtype)

    def labs() -> Tensor:
        options = {"batch_size": BATCH, "num_steps": steps, "record_every": steps, "purpose": "T7"}
        return train(MLP(SIZES), start, (x, y), learning_rate=rates, **options).theta

    exact = _stacked(start.double(), x.double(), y, rates.double())()
    return Task(
        "T7",
        f"{RUNS} MLPs {'-'.join(map(str, SIZES))}, minibatch {BATCH}, {EPOCHS} epochs, shuffled and paced on their own",
        [
            Contender("labs", lambda: labs),
            Contender("torch.func, stacked vmap(grad)", lambda: _stacked(start, x, y, rates), package="torch"),
            Contender("torch, one network after the other", lambda: _one_by_one(start, x, y, rates), package="torch"),
        ],
        lambda answer: relative(answer, exact),
        allowed_error=1e-5 if dtype == torch.float32 else 1e-10,
        at_least=4.0,
        aim=6.0,
        repeats=3,
    )


def _rows(num_examples: int, runs: range) -> Iterator[Tensor]:
    """The rows of the runs' minibatches, from the streams that labs draws from, so that answers can be compared."""
    streams = [generator(f"T7/run {run}") for run in runs]
    for _ in range(EPOCHS):
        order = torch.stack([torch.randperm(num_examples, generator=stream) for stream in streams])
        yield from order.split(BATCH, dim=1)


def _stacked(start: Tensor, x: Tensor, y: Tensor, rates: Tensor) -> Callable[[], Tensor]:
    """All networks at once by torch.func, as its tutorial on ensembles does it."""
    modules = [module(SIZES, point) for point in start]

    def risk(parameters: dict[str, Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.cross_entropy(functional_call(modules[0], parameters, (inputs,)), targets)

    gradient = vmap(grad(risk))

    def run() -> Tensor:
        parameters = {name: p.detach().clone() for name, p in stack_module_state(modules)[0].items()}
        for rows in _rows(len(x), range(RUNS)):
            inputs = x.index_select(0, rows.flatten()).view(*rows.shape, -1)
            for name, g in gradient(parameters, inputs, y[rows]).items():
                parameters[name].sub_(g * rates.view(-1, *[1] * (g.ndim - 1)))
        w1, b1, w2, b2 = parameters.values()
        layers = torch.cat((w1, b1.unsqueeze(-1)), dim=2), torch.cat((w2, b2.unsqueeze(-1)), dim=2)
        return torch.cat([layer.flatten(1) for layer in layers], dim=1)

    return run


def _one_by_one(start: Tensor, x: Tensor, y: Tensor, rates: Tensor) -> Callable[[], Tensor]:
    """One network after the other, as an ordinary training script does it."""

    def run() -> Tensor:
        ends = []
        for run, point in enumerate(start):
            net = module(SIZES, point)
            optimizer = torch.optim.SGD(net.parameters(), lr=rates[run].item())
            for (rows,) in _rows(len(x), range(run, run + 1)):
                optimizer.zero_grad()
                nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
                optimizer.step()
            layers = (torch.cat((layer.weight, layer.bias[:, None]), dim=1) for layer in net[::2])
            ends.append(torch.cat([layer.detach().flatten() for layer in layers]))
        return torch.stack(ends)

    return run


TASKS = {"T7": _task}
