"""T8 the trace of the per-example gradient covariance."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from benchmarks.task import Contender, Task
from benchmarks.work import REFERENCE, module, reference_risk, theta
from labs import gradients


def _noise(dtype: torch.dtype) -> Task:
    risk, point = reference_risk(REFERENCE, dtype), theta(REFERENCE, dtype)
    reference = exact_noise()

    def backpack() -> Callable[[], Tensor]:
        from backpack import backpack, extend
        from backpack.extensions import BatchL2Grad

        net, criterion = extend(module(REFERENCE, point)), extend(nn.CrossEntropyLoss())

        def run() -> Tensor:
            net.zero_grad()
            with backpack(BatchL2Grad()):
                criterion(net(risk.x), risk.y).backward()
            squares = (
                sum(p.batch_l2 for p in net.parameters()) * len(risk.x) ** 2
            )  # its losses carry the 1/N of the mean
            return squares.mean() - mean_square(net)

        return run

    def opacus() -> Callable[[], Tensor]:
        from opacus.grad_sample import GradSampleModuleFastGradientClipping

        net = module(REFERENCE, point)
        wrapped = GradSampleModuleFastGradientClipping(net, loss_reduction="mean", use_ghost_clipping=True)

        def run() -> Tensor:
            wrapped.zero_grad()
            nn.functional.cross_entropy(wrapped(risk.x), risk.y).backward()
            return wrapped.get_norm_sample().square().mean() - mean_square(net)

        return run

    def functional() -> Callable[[], Tensor]:
        net = module(REFERENCE, point)
        parameters = {name: p.detach() for name, p in net.named_parameters()}

        def one(values: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
            return nn.functional.cross_entropy(functional_call(net, values, (x[None],)), y[None])

        per_example = vmap(grad(one), in_dims=(None, 0, 0))

        def run() -> Tensor:
            parts = per_example(parameters, risk.x, risk.y).values()
            return sum((part - part.mean(0)).square().sum() for part in parts) / len(risk.x)

        return run

    return Task(
        "T8",
        "trace of the per-example gradient covariance",
        [
            Contender("labs", lambda: lambda: gradients.noise_trace(risk, point), float),
            Contender("Opacus, ghost norms", opacus, float, "opacus"),
            Contender("BackPACK, BatchL2Grad", backpack, float, "backpack-for-pytorch"),
            Contender("torch.func, vmap of grad", functional, float, "torch"),
        ],
        lambda answer: abs(answer / reference - 1),
        allowed_error=1e-5,
        at_least=1.8,
        aim=2.5,
        repeats=40,
    )


def mean_square(net: nn.Module) -> Tensor:
    """‖ḡ‖² from the gradients that a backward pass has left behind."""
    return sum(p.grad.square().sum() for p in net.parameters())


def exact_noise() -> float:
    """In float64, from all per-example gradients, by automatic differentiation."""
    risk, point = reference_risk(REFERENCE, torch.float64), theta(REFERENCE, torch.float64)

    def one(p: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return nn.functional.cross_entropy(risk.model(p, x[None]), y[None])

    per_example = vmap(grad(one), in_dims=(None, 0, 0))
    blocks = [per_example(point, x, y) for x, y in zip(risk.x.split(256), risk.y.split(256), strict=True)]
    mean = sum(block.sum(0) for block in blocks) / len(risk.x)
    return float(sum((block - mean).square().sum() for block in blocks)) / len(risk.x)


TASKS = {"T8": _noise}
