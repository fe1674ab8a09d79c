"""G1 to G12 networks for which labs has no rules, beside the same done by hand: G1–G6 a CNN, G7–G12 torch.nn.RNN.

Nothing is to be gained here; labs must not cost more than a tenth.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from benchmarks.networks import CNN, RNN, Network
from benchmarks.task import Contender, Task
from benchmarks.tasks.products import relative
from benchmarks.work import random_like
from labs import curvature, gradients
from labs.models import ModuleModel
from labs.training import train

TOLERANCE, NUM_PROBES, NUM_STEPS = 1e-3, 5, 20
RUNS, BATCH, UPDATES, RATE = 16, 32, 20, 0.1


def _task(
    network: Network, name: str, title: str, contenders: list[Contender], error: Callable, **options: Any
) -> Task:
    options = {"allowed_error": 1e-5, "at_least": 0.9, "aim": 0.9, "repeats": 20, **options}
    return Task(name, f"{title} of {network.name}", contenders, error, **options)


def flat(tensors: tuple[Tensor, ...]) -> Tensor:
    """One vector in the order of ``parameters()``, which is that of θ in a ``ModuleModel``."""
    return torch.cat([tensor.flatten() for tensor in tensors])


def kept_graph(network: Network, dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    """v ↦ Hv by a second backward pass over the kept graph of the gradient."""
    module, (x, y) = network.module(dtype), network.data(dtype)
    parameters = list(module.parameters())
    gradient = torch.autograd.grad(nn.functional.cross_entropy(module(x), y), parameters, create_graph=True)
    lengths = [p.numel() for p in parameters]

    def product(v: Tensor) -> Tensor:
        split = [part.view_as(p) for part, p in zip(v.split(lengths), parameters, strict=True)]
        return flat(torch.autograd.grad(gradient, parameters, split, retain_graph=True))

    return product


def _gradient(network: Network, name: str, dtype: torch.dtype) -> Task:
    risk, theta = network.risk(dtype), network.theta(dtype)
    reference = network.risk(torch.float64).grad(theta.double())

    def by_hand() -> Callable[[], tuple[Tensor, ...]]:
        module, (x, y) = network.module(dtype), network.data(dtype)
        parameters = list(module.parameters())
        return lambda: torch.autograd.grad(nn.functional.cross_entropy(module(x), y), parameters)

    contenders = [
        Contender("labs", lambda: lambda: risk.grad(theta)),
        Contender("torch, one backward pass", by_hand, flat, "torch"),
    ]
    return _task(network, name, "gradient", contenders, lambda answer: relative(answer, reference), repeats=60)


def _product(network: Network, name: str, dtype: torch.dtype) -> Task:
    risk, theta = network.risk(dtype), network.theta(dtype)
    v = random_like(theta, 1)
    reference = kept_graph(network, torch.float64)(v.double())

    def labs() -> Callable[[], Tensor]:
        operator = curvature.HessianOperator(risk, theta)
        return lambda: operator @ v

    def by_hand() -> Callable[[], Tensor]:
        product = kept_graph(network, dtype)
        return lambda: product(v)

    contenders = [
        Contender("labs", labs),
        Contender("torch, double backward over a kept graph", by_hand, package="torch"),
    ]
    return _task(
        network, name, "Hessian-vector product", contenders, lambda answer: relative(answer, reference), repeats=30
    )


def _eigenpair(network: Network, name: str, dtype: torch.dtype) -> Task:
    risk, theta = network.risk(dtype), network.theta(dtype)
    exact = kept_graph(network, torch.float64)

    def error(answer: tuple[Tensor, Tensor]) -> float:
        """The true residual ‖Hv − λv‖/λ in float64."""
        value, vector = (part.double().flatten() for part in answer)
        return float((exact(vector) - value * vector).norm() / value)

    def scipy() -> Callable[[], tuple[np.ndarray, np.ndarray]]:
        from scipy.sparse.linalg import LinearOperator, eigsh

        def run() -> tuple[np.ndarray, np.ndarray]:
            product, start = kept_graph(network, dtype), random_like(theta, 3).numpy()
            operator = LinearOperator(
                (len(theta),) * 2, lambda v: product(torch.from_numpy(v.ravel())).numpy(), dtype=start.dtype
            )
            return eigsh(operator, 1, which="LA", tol=TOLERANCE, v0=start)

        return run

    contenders = [
        Contender("labs", lambda: lambda: curvature.eigenpairs(risk, theta), lambda pairs: pairs[:2]),
        Contender("scipy eigsh over a kept graph", scipy, lambda pair: map(torch.from_numpy, pair), "scipy"),
    ]
    return _task(network, name, "top eigenpair", contenders, error, allowed_error=1.05 * TOLERANCE, repeats=7)


def lanczos(product: Callable[[Tensor], Tensor], start: Tensor) -> Tensor:
    """The eigenvalues of the tridiagonal matrix after ``NUM_STEPS`` steps, each made orthogonal to all before."""
    basis, alphas, betas = [start / start.norm()], [], []
    for _ in range(NUM_STEPS):
        w = product(basis[-1])
        alphas.append(basis[-1] @ w)
        earlier = torch.stack(basis)
        for _ in range(2):
            w = w - earlier.T @ (earlier @ w)
        betas.append(w.norm())
        basis.append(w / betas[-1])
    off = torch.diag(torch.stack(betas[:-1]), 1)
    return torch.linalg.eigvalsh(torch.diag(torch.stack(alphas)) + off + off.T)


def _density(network: Network, name: str, dtype: torch.dtype) -> Task:
    risk, theta = network.risk(dtype), network.theta(dtype)

    def labs() -> curvature.SpectralDensity:
        source = torch.Generator().manual_seed(5)
        return curvature.spectral_density(risk, theta, NUM_PROBES, NUM_STEPS, generator=source)

    def by_hand(dtype: torch.dtype) -> Callable[[], Tensor]:
        def run() -> Tensor:
            product, source = kept_graph(network, dtype), torch.Generator().manual_seed(5)
            probes = torch.randn(NUM_PROBES, len(theta), generator=source, dtype=torch.float64).to(dtype)
            return torch.stack([lanczos(product, probe) for probe in probes])

        return run

    reference = by_hand(torch.float64)()
    contenders = [
        Contender("labs", lambda: labs, lambda density: density.nodes),
        Contender("torch, Lanczos over a kept graph, probe by probe", lambda: by_hand(dtype), package="torch"),
    ]
    return _task(
        network, name, f"spectral density ({NUM_PROBES} probes × {NUM_STEPS} steps)", contenders,
        lambda nodes: relative(nodes[:, -1], reference[:, -1]), repeats=3,
    )  # fmt: skip


def _noise(network: Network, name: str, dtype: torch.dtype) -> Task:
    risk, theta = network.risk(dtype), network.theta(dtype)

    def by_hand(dtype: torch.dtype, own: bool) -> Callable[[], Tensor]:
        module, (x, y) = network.module(dtype), network.data(dtype)
        parameters = {name: p.detach() for name, p in module.named_parameters()}
        if own:
            parameters = {name: p.expand(len(x), *p.shape) for name, p in parameters.items()}

        def one(values: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
            return nn.functional.cross_entropy(functional_call(module, values, (x[None],)), y[None])

        per_example = vmap(grad(one), in_dims=(0 if own else None, 0, 0))

        def run() -> Tensor:
            parts = per_example(parameters, x, y).values()
            return sum((part - part.mean(0)).square().sum() for part in parts) / len(x)

        return run

    reference = by_hand(torch.float64, True)()
    contenders = [
        Contender("labs", lambda: lambda: gradients.noise_trace(risk, theta)),
        Contender("torch.func, vmap of grad", lambda: by_hand(dtype, False), package="torch"),
        Contender("torch.func, vmap of grad, expanded parameters", lambda: by_hand(dtype, True), package="torch"),
    ]
    title = "trace of the per-example gradient covariance"
    return _task(network, name, title, contenders, lambda answer: float(abs(answer / reference - 1)), repeats=15)


def _ensemble(network: Network, name: str, dtype: torch.dtype) -> Task:
    modules = [network.module(dtype, seed) for seed in range(RUNS)]
    thetas = torch.stack([ModuleModel(module).theta() for module in modules])
    x, y = (t[: RUNS * BATCH].unflatten(0, (RUNS, BATCH)) for t in network.data(dtype))

    def labs() -> Tensor:
        options: dict[str, Any] = {"learning_rate": RATE, "num_steps": UPDATES, "record_every": [UPDATES]}
        return train(ModuleModel(modules[0]), thetas, (x, y), **options).theta

    def by_hand(dtype: torch.dtype) -> Callable[[], Tensor]:
        copies, inputs = [network.module(dtype, seed) for seed in range(RUNS)], x.to(dtype)

        def risk(parameters: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
            return nn.functional.cross_entropy(functional_call(copies[0], parameters, (x,)), y)

        gradient = vmap(grad(risk))

        def run() -> Tensor:
            parameters = {name: p.detach().clone() for name, p in stack_module_state(copies)[0].items()}
            for _ in range(UPDATES):
                for name, g in gradient(parameters, inputs, y).items():
                    parameters[name].sub_(g, alpha=RATE)
            gradient(parameters, inputs, y)  # labs reads the loss and the gradient once more at the end
            return torch.cat([p.flatten(1) for p in parameters.values()], dim=1)

        return run

    reference = by_hand(torch.float64)()
    contenders = [
        Contender("labs", lambda: labs),
        Contender("torch.func, stacked vmap(grad)", lambda: by_hand(dtype), package="torch"),
    ]
    title = f"{UPDATES} steps of {RUNS} copies, batch {BATCH},"
    return _task(network, name, title, contenders, lambda answer: relative(answer, reference), repeats=7)


KINDS = (_gradient, _product, _eigenpair, _density, _noise, _ensemble)
TASKS = {
    f"G{number}": partial(kind, network, f"G{number}")
    for number, (network, kind) in enumerate([(network, kind) for network in (CNN, RNN) for kind in KINDS], start=1)
}
