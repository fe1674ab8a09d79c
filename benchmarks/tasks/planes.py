"""T6 the loss on a plane."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.task import Contender, Task
from benchmarks.tasks.products import relative
from benchmarks.work import REFERENCE, module, random_like, reference_risk, theta
from labs import landscape

STEPS = 41


def _plane(dtype: torch.dtype) -> Task:
    risk, point = reference_risk(REFERENCE, dtype), theta(REFERENCE, dtype)
    u, v = random_like(point, 7, 2) * point.norm() / len(point) ** 0.5
    coords = torch.arange(STEPS, dtype=torch.float64) / STEPS
    exact = reference_risk(REFERENCE, torch.float64)
    reference = landscape.plane(exact, point.double(), u.double(), v.double(), coords)
    spot = landscape.plane(lambda p: exact(p), point.double(), u.double(), v.double(), coords[::20])
    torch.testing.assert_close(reference[::20, ::20], spot, rtol=1e-10, atol=0)

    def loop() -> Callable[[], Tensor]:
        net = module(REFERENCE, point)
        criterion, matrices = nn.CrossEntropyLoss(), risk.model.matrices

        @torch.no_grad()
        def run() -> Tensor:
            values = torch.empty(STEPS, STEPS, dtype=dtype)
            for i, alpha in enumerate(coords.tolist()):
                for j, beta in enumerate(coords.tolist()):
                    for linear, matrix in zip(net[::2], matrices(point + alpha * u + beta * v), strict=True):
                        linear.weight.copy_(matrix[:, :-1])
                        linear.bias.copy_(matrix[:, -1])
                    values[i, j] = criterion(net(risk.x), risk.y)
            return values

        return run

    def loss_landscapes() -> Callable[[], np.ndarray]:
        import loss_landscapes
        from loss_landscapes.metrics import Loss

        ends = [module(REFERENCE, point + direction) for direction in (u, v)]
        metric, start = Loss(nn.CrossEntropyLoss(), risk.x, risk.y), module(REFERENCE, point)

        @torch.no_grad()
        def run() -> np.ndarray:
            return loss_landscapes.planar_interpolation(copy.deepcopy(start), *ends, metric, steps=STEPS)

        return run

    return Task(
        "T6",
        "loss on a 41 × 41 plane",
        [
            Contender("labs", lambda: lambda: landscape.plane(risk, point, u, v, coords.to(dtype))),
            Contender("torch, plain loop", loop, package="torch"),
            Contender("loss-landscapes", loss_landscapes, torch.as_tensor, "loss-landscapes"),
        ],
        lambda answer: relative(answer, reference),
        allowed_error=1e-5,
        at_least=1.3,
        aim=2.5,
        repeats=4,
    )


TASKS = {"T6": _plane}
