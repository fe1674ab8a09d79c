"""T1 Hessian-vector products, T2 eigenpairs, T3 spectral density."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.task import Contender, Task
from benchmarks.work import REFERENCE, as_theta, module, random_like, reference_risk, theta
from labs import curvature
from labs.models import MLP

NUM_EIGENPAIRS, TOLERANCE = 5, 1e-3
IN_A_ROW = 10
NUM_PROBES, NUM_STEPS = 10, 50


def kept_graph(sizes: tuple[int, ...], dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    """v ↦ Hv by a second backward pass over the kept graph of the gradient, both in the order of ``parameters()``."""
    net, risk = module(sizes, theta(sizes, dtype)), reference_risk(sizes, dtype)
    parameters = list(net.parameters())
    loss = nn.functional.cross_entropy(net(risk.x), risk.y)
    gradient = torch.autograd.grad(loss, parameters, create_graph=True)
    lengths = [p.numel() for p in parameters]

    def product(v: Tensor) -> Tensor:
        split = [part.view_as(p) for part, p in zip(v.split(lengths), parameters, strict=True)]
        parts = torch.autograd.grad(gradient, parameters, split, retain_graph=True)
        return torch.cat([part.flatten() for part in parts])

    return product


@cache
def reference_operator() -> curvature.HessianOperator:
    """H in float64 by automatic differentiation: a plain function around the risk hides it from the fast rules."""
    risk, point = reference_risk(REFERENCE, torch.float64), theta(REFERENCE, torch.float64)
    return curvature.HessianOperator(lambda p: risk(p), point)


def relative(answer: Tensor, reference: Tensor) -> float:
    return float((answer.double() - reference).norm() / reference.norm())


def _product(dtype: torch.dtype) -> Task:
    """Ten in a row, as in an eigenvalue solver: what is kept for fixed parameters is used again and again."""
    risk, point = reference_risk(REFERENCE, dtype), theta(REFERENCE, dtype)
    v = random_like(point, 1)
    reference = reference_operator() @ v.double()

    def gradient() -> Callable[[], Tensor]:
        net = module(REFERENCE, point)
        parameters = list(net.parameters())
        return in_a_row(lambda: torch.autograd.grad(nn.functional.cross_entropy(net(risk.x), risk.y), parameters))

    def labs() -> Callable[[], Tensor]:
        operator = curvature.HessianOperator(risk, point)
        return in_a_row(lambda: operator @ v)

    def general() -> Callable[[], Tensor]:
        operator = curvature.HessianOperator(lambda p: risk(p), point)
        return in_a_row(lambda: operator @ v)

    def kept() -> Callable[[], Tensor]:
        product, split = kept_graph(REFERENCE, dtype), module_order(v)
        return in_a_row(lambda: product(split))

    def functional() -> Callable[[], Tensor]:
        return in_a_row(lambda: torch.func.jvp(torch.func.grad(risk), (point,), (v,))[1])

    def eigenthings() -> Callable[[], Tensor]:
        operator, split = eigenthings_operator(dtype), module_order(v)
        return in_a_row(lambda: operator.matvec(split))

    def curvlinops() -> Callable[[], Tensor]:
        operator, split = curvlinops_operator(dtype), module_order(v)
        return in_a_row(lambda: operator @ split)

    return Task(
        "T1",
        f"{IN_A_ROW} Hessian-vector products in a row, at fixed parameters",
        [
            Contender("labs", labs),
            Contender("torch, double backward over a kept graph", kept, from_module_order, "torch"),
            Contender("torch.func, forward over reverse", functional, package="torch"),
            Contender("hessian-eigenthings", eigenthings, from_module_order, "hessian-eigenthings"),
            Contender("curvlinops", curvlinops, from_module_order, "curvlinops-for-pytorch"),
            Contender("labs on an arbitrary function", general, counts=False),
            Contender(f"({IN_A_ROW} gradients, for scale)", gradient, lambda _: reference, "torch", counts=False),
        ],
        lambda answer: relative(answer, reference),
        allowed_error=1e-5,
        at_least=1.3,
        aim=1.5,
        repeats=20,
    )


def in_a_row(function: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """The last of ``IN_A_ROW`` calls."""

    def run() -> Tensor:
        for _ in range(IN_A_ROW):
            result = function()
        return result

    return run


def module_order(v: Tensor, sizes: tuple[int, ...] = REFERENCE) -> Tensor:
    """A vector in the order of ``module.parameters()``: weights, then biases, layer by layer."""
    matrices = MLP(sizes).matrices(v)
    return torch.cat([part.flatten() for m in matrices for part in (m[:, :-1], m[:, -1])])


def from_module_order(v: Tensor, sizes: tuple[int, ...] = REFERENCE) -> Tensor:
    """The inverse."""
    shapes = [shape for n_out, n_in in MLP(sizes).shapes for shape in ((n_out, n_in - 1), (n_out,))]
    parts = v.flatten().split([math.prod(shape) for shape in shapes])
    return as_theta([part.view(shape) for part, shape in zip(parts, shapes, strict=True)])


def eigenthings_operator(dtype: torch.dtype):
    from hessian_eigenthings import HessianOperator, supervised_loss

    risk = reference_risk(REFERENCE, dtype)
    loss = supervised_loss(nn.functional.cross_entropy)
    return HessianOperator(module(REFERENCE, theta(REFERENCE, dtype)), [(risk.x, risk.y)], loss)


def curvlinops_operator(dtype: torch.dtype):
    from curvlinops import HessianLinearOperator

    net, risk = module(REFERENCE, theta(REFERENCE, dtype)), reference_risk(REFERENCE, dtype)
    data = [(risk.x, risk.y)]
    return HessianLinearOperator(net, nn.CrossEntropyLoss(), list(net.parameters()), data, check_deterministic=False)


def pyhessian_operator(dtype: torch.dtype):
    from pyhessian import hessian

    net, risk = module(REFERENCE, theta(REFERENCE, dtype)), reference_risk(REFERENCE, dtype)
    return hessian(net, nn.CrossEntropyLoss(), data=(risk.x, risk.y), cuda=False)


def _eigenpairs(dtype: torch.dtype) -> Task:
    risk, point = reference_risk(REFERENCE, dtype), theta(REFERENCE, dtype)
    exact = curvature.eigenpairs(
        lambda p: reference_risk(REFERENCE, torch.float64)(p), point.double(), 5, tolerance=1e-8
    )

    def error(answer: tuple[Tensor, Tensor]) -> float:
        """The largest true residual ‖Hv − λv‖/λ in float64, or the largest error of an eigenvalue if that is larger."""
        values, vectors = (part.double() for part in answer)
        images = torch.stack([reference_operator() @ v for v in vectors])
        residuals = (images - values[:, None] * vectors).norm(dim=-1) / values
        return float(torch.maximum(residuals, (values / exact.values - 1).abs()).max())

    def scipy() -> Callable[[], tuple[np.ndarray, np.ndarray]]:
        from scipy.sparse.linalg import LinearOperator, eigsh

        def run():
            product, numpy_dtype = kept_graph(REFERENCE, dtype), np.dtype(str(dtype).split(".")[1])
            start = random_like(point, 3).numpy()
            operator = LinearOperator(
                (len(point),) * 2, lambda v: product(torch.from_numpy(v.ravel())).numpy(), dtype=numpy_dtype
            )
            return eigsh(operator, NUM_EIGENPAIRS, which="LA", tol=TOLERANCE, v0=start)

        return run

    def eigenthings():
        from hessian_eigenthings import lanczos

        def run():
            return lanczos(
                eigenthings_operator(dtype), k=NUM_EIGENPAIRS, max_iter=30, tol=TOLERANCE, which="LA", seed=0
            )

        return run

    def pyhessian():
        return lambda: pyhessian_operator(dtype).eigenvalues(top_n=NUM_EIGENPAIRS)

    def own(result: curvature.Eigenpairs) -> tuple[Tensor, Tensor]:
        return result.values, result.vectors

    return Task(
        "T2",
        "top five eigenpairs, true residual ≤ 1e-3 λ",
        [
            Contender("labs", lambda: lambda: curvature.eigenpairs(risk, point, NUM_EIGENPAIRS), own),
            Contender("scipy eigsh over a kept graph", scipy, _from_scipy, "scipy"),
            Contender("hessian-eigenthings lanczos, 30 steps", eigenthings, _from_eigenthings, "hessian-eigenthings"),
            Contender("PyHessian, default tolerance", pyhessian, _from_pyhessian, "pyhessian"),
        ],
        error,
        allowed_error=1.05 * TOLERANCE,
        at_least=1.8,
        aim=3,
        repeats=15,
    )


def _from_scipy(result: tuple[np.ndarray, np.ndarray]) -> tuple[Tensor, Tensor]:
    values, vectors = result
    return torch.from_numpy(values[::-1].copy()), torch.stack(
        [from_module_order(v) for v in torch.from_numpy(vectors.T[::-1].copy())]
    )


def _from_eigenthings(result) -> tuple[Tensor, Tensor]:
    order = result.eigenvalues.argsort(descending=True)
    vectors = result.eigenvectors if result.eigenvectors.shape[0] == len(order) else result.eigenvectors.T
    return result.eigenvalues[order], torch.stack([from_module_order(v) for v in vectors[order]])


def _from_pyhessian(result) -> tuple[Tensor, Tensor]:
    values, vectors = result
    return torch.tensor(values), torch.stack([as_theta([part.detach() for part in v]) for v in vectors])


def _density(dtype: torch.dtype) -> Task:
    risk, point = reference_risk(REFERENCE, dtype), theta(REFERENCE, dtype)
    operator = reference_operator()
    top = float(curvature.eigenpairs(lambda p: reference_risk(REFERENCE, torch.float64)(p), point.double()).values)
    probes = torch.nn.functional.normalize(random_like(point.double(), 5, NUM_PROBES), dim=-1)
    means = torch.stack([(v * (operator @ v)).sum() for v in probes])
    mean, spread = float(means.mean()), float(means.std())

    def error(answer: tuple[float, float]) -> float:
        """The largest node against λmax, relative; infinite for a mean four standard errors off."""
        found_mean, largest = answer
        bound = 4 * spread * (2 / NUM_PROBES) ** 0.5
        return abs(largest / top - 1) if abs(found_mean - mean) <= bound else float("inf")

    def eigenthings():
        from hessian_eigenthings import spectral_density

        def run():
            return spectral_density(eigenthings_operator(dtype), num_runs=NUM_PROBES, lanczos_steps=NUM_STEPS, seed=0)

        return run

    def pyhessian():
        return lambda: pyhessian_operator(dtype).density(iter=NUM_STEPS, n_v=NUM_PROBES)

    def from_pyhessian(result) -> tuple[float, float]:
        nodes, weights = (np.array(part) for part in result)
        return float((nodes * weights).sum(-1).mean()), float(nodes.max())

    def from_eigenthings(result) -> tuple[float, float]:
        nodes, weights = result.raw_eigenvalues, result.raw_weights
        return float((nodes * weights).sum(-1).mean()), float(nodes.max())

    def own(result: curvature.SpectralDensity) -> tuple[float, float]:
        return result.moment(1), float(result.nodes.max())

    return Task(
        "T3",
        "spectral density, 10 probes × 50 Lanczos steps, full reorthogonalisation",
        [
            Contender("labs", lambda: lambda: curvature.spectral_density(risk, point, NUM_PROBES, NUM_STEPS), own),
            Contender("hessian-eigenthings", eigenthings, from_eigenthings, "hessian-eigenthings"),
            Contender("PyHessian", pyhessian, from_pyhessian, "pyhessian"),
        ],
        error,
        allowed_error=1e-4,
        at_least=2,
        aim=3,
        repeats=3,
    )


TASKS = {"T1": _product, "T2": _eigenpairs, "T3": _density}
