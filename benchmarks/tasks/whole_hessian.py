"""T4 the trace of the Hessian, T5 the dense Hessian."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.memory import peak_mib
from benchmarks.task import Contender, Task
from benchmarks.tasks.products import eigenthings_operator, from_module_order, kept_graph, pyhessian_operator, relative
from benchmarks.work import REFERENCE, SMALL, reference_risk, theta
from labs import curvature

NUM_PROBES = 100


def _trace(dtype: torch.dtype) -> Task:
    risk, point = reference_risk(REFERENCE, dtype), theta(REFERENCE, dtype)
    reference = exact_trace()

    def hutchinson() -> Callable[[], Tensor]:
        def run() -> Tensor:
            product, source = kept_graph(REFERENCE, dtype), torch.Generator().manual_seed(0)
            signs = (torch.randint(2, point.shape, generator=source).to(point) * 2 - 1 for _ in range(NUM_PROBES))
            return torch.stack([v @ product(v) for v in signs]).mean()

        return run

    def pyhessian() -> Callable[[], list[float]]:
        return lambda: pyhessian_operator(dtype).trace(maxIter=NUM_PROBES, tol=0)

    def eigenthings() -> Callable[[], object]:
        from hessian_eigenthings import trace

        return lambda: trace(eigenthings_operator(dtype), num_matvecs=NUM_PROBES, method="hutch++", seed=0)

    def error(answer: float) -> float:
        return abs(answer / reference - 1)

    return Task(
        "T4",
        "trace of the Hessian: exact, against 100 products",
        [
            Contender("labs, exact", lambda: lambda: curvature.trace(risk, point), float),
            Contender("Hutchinson over a kept graph", hutchinson, float, "torch"),
            Contender("PyHessian", pyhessian, lambda samples: sum(samples) / len(samples), "pyhessian"),
            Contender("hessian-eigenthings, Hutch++", eigenthings, lambda r: r.estimate, "hessian-eigenthings"),
        ],
        error,
        allowed_error=0.1,  # an estimate from 100 products cannot do much better; labs' own error is in the table
        at_least=30,
        aim=50,
        repeats=5,
    )


def exact_trace() -> float:
    """Σⱼ Hⱼⱼ in float64, from the course's own exact rule and confirmed by the tests against dense Hessians."""
    return float(curvature.trace(reference_risk(REFERENCE, torch.float64), theta(REFERENCE, torch.float64)))


def _dense(dtype: torch.dtype) -> Task:
    risk, point = reference_risk(SMALL, dtype), theta(SMALL, dtype)
    exact, exact_point = reference_risk(SMALL, torch.float64), theta(SMALL, torch.float64)
    reference = curvature.hessian(lambda p: exact(p), exact_point)

    def reordered(hessian: Tensor) -> Tensor:
        order = from_module_order(torch.arange(len(point)), SMALL)
        return hessian[order][:, order]

    def rows() -> Callable[[], Tensor]:
        def run() -> Tensor:
            product = kept_graph(SMALL, dtype)
            return torch.stack([product(v) for v in torch.eye(len(point), dtype=dtype)])

        return run

    def functional() -> Callable[[], Tensor]:
        backward = torch.func.jacrev(torch.func.grad(risk), chunk_size=64)
        return lambda: backward(point)

    return Task(
        "T5",
        "dense Hessian of 64-20-10 (1 510 parameters)",
        [
            Contender("labs", lambda: lambda: curvature.hessian(risk, point)),
            Contender("torch, one backward a row", rows, reordered, "torch"),
            Contender("torch.func, jacrev of grad, 64 rows at a time", functional, package="torch"),
        ],
        lambda answer: relative(answer, reference),
        allowed_error=1e-5,
        at_least=15,
        aim=40,
        repeats=5,
        peak_memory_mib=lambda: peak_mib("dense_hessian"),
    )


TASKS = {"T4": _trace, "T5": _dense}
