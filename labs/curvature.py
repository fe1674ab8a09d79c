"""Curvature of a risk J at θ: Hessian-vector products, extreme eigenpairs, spectral density, trace, dense Hessian.

Each function takes any twice differentiable ``risk(theta) -> J`` and never forms H = ∇²J(θ) unless asked to. A product
Hv is the derivative of ∇J along v, and costs about as much as a gradient or two (Pearlmutter 1994).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import torch

from labs.bars import tqdm
from labs.device import generator as stream
from labs.fast import covers
from labs.fast.dense import dense_hessian
from labs.fast.traces import exact_trace
from labs.inputs import chosen, finite, integer, positive
from labs.lanczos import Lanczos
from labs.products import HessianOperator, hvp

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    RiskFunction = Callable[[Float[Tensor, "*runs P"]], Float[Tensor, "*runs"]]

__all__ = [  # noqa: RUF022 - grouped by use
    # products
    "HessianOperator",
    "hvp",
    # eigenvalues
    "Eigenpairs",
    "eigenpairs",
    "sharpness",
    # the whole spectrum
    "SpectralDensity",
    "spectral_density",
    "trace",
    "hessian",
]


class Eigenpairs(NamedTuple):
    """Eigenvalues ``(*runs, k)``, unit vectors in rows ``(*runs, k, P)`` and residuals ‖Hv − λv‖ ``(*runs, k)``."""

    values: Float[Tensor, "*runs k"]
    vectors: Float[Tensor, "*runs k P"]
    residuals: Float[Tensor, "*runs k"]


def eigenpairs(
    risk: RiskFunction,
    theta: Float[Tensor, "*runs P"],
    k: int = 1,
    which: Literal["largest", "smallest"] = "largest",
    *,
    tolerance: float = 1e-3,
    generator: torch.Generator | None = None,
    start: Float[Tensor, "*runs P"] | None = None,
    max_steps: int | None = None,
) -> Eigenpairs:
    """The k largest (falling) or smallest (rising) eigenvalues of H, by sign, with eigenvectors and residuals.

    Lanczos tests for convergence at each step and stops when all k residuals are ≤ ``tolerance``·|λ| (or at rounding,
    for λ = 0). A residual r proves an eigenvalue within r of λ, and within r²/gap of it once the others are apart. Of
    an exactly multiple eigenvalue a single start sees one copy.

    Args:
        risk: ``risk(theta) -> J``, one number a run.
        theta: ``(P,)`` or ``(R, P)``; all runs of an ensemble advance together.
        k: How many.
        which: The end of the spectrum.
        tolerance: Bound on ‖Hv − λv‖/|λ|.
        generator: Of the random start; ``None`` takes the course's stream "lanczos".
        start: Used instead of a random start, e.g. the eigenvector at an earlier θ.
        max_steps: Limit on products; ``None`` allows 200 + 20k. Memory is two vectors a step.

    Raises:
        ValueError: for a bad argument; k must not exceed P.

    Warns:
        RuntimeWarning: when ``max_steps`` was not enough; ``residuals`` tell how far it got.

    Example:
        >>> pairs = eigenpairs(lambda theta: theta[0] ** 2 + 3 * theta[1] ** 2, torch.zeros(2), k=2)
        >>> pairs.values.round(decimals=4)
        tensor([6., 2.])
    """
    chosen("which", which, ("largest", "smallest"))
    positive("tolerance", tolerance)
    if integer("k", k) > theta.shape[-1]:
        raise ValueError(f"k must not exceed the number of parameters, {theta.shape[-1]}, got {k}")
    operator = HessianOperator(risk, theta)
    first = _random_like(theta, generator) if start is None else finite("start", start).to(theta)
    if first.shape != theta.shape or not bool(first.norm(dim=-1).all()):
        raise ValueError(
            f"start must be nonzero and of the shape of theta, {tuple(theta.shape)}, got {tuple(first.shape)}"
        )
    process = Lanczos(operator.rows, first.reshape(-1, theta.shape[-1]), keep_products=True)
    limit = 200 + 20 * k if max_steps is None else max(k, integer("max_steps", max_steps))
    values, small = _converge(process, k, which, tolerance, limit)
    shape = (*theta.shape[:-1], k)
    return Eigenpairs(
        torch.as_tensor(values).to(theta).reshape(shape),
        torch.nn.functional.normalize(process.vectors(small), dim=-1).reshape(*shape, -1),
        process.residuals(values, small).reshape(shape),
    )


def _random_like(theta: Tensor, generator: torch.Generator | None, num: int | None = None) -> Tensor:
    """Gaussian vectors drawn in float64 on the CPU, so that precisions and devices agree."""
    shape = theta.shape if num is None else (num, *theta.shape)
    source = stream("lanczos") if generator is None else generator
    return torch.randn(shape, generator=source, dtype=torch.float64).to(theta)


def _converge(process: Lanczos, k: int, which: str, tolerance: float, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Iterate until the k pairs at one end have small residuals; returns their values and coefficients."""
    end = slice(None, -k - 1, -1) if which == "largest" else slice(0, k)
    rounding = 16 * torch.finfo(process.basis.dtype).eps
    for step in tqdm(process.steps(limit), total=limit, desc="Lanczos", delay=1, leave=False):
        if step < k:
            continue
        values, small, residuals = process.ritz()
        allowed = np.maximum(tolerance * np.abs(values), rounding * np.abs(values).max(-1, keepdims=True))
        converged = (residuals <= allowed)[:, end]
        if converged.all():
            break
    else:
        if step < process.basis.shape[-1]:
            worst = (residuals / np.abs(values))[:, end].max()
            reached = f"Lanczos stopped after {step} steps with a relative residual of {worst:.1e}"
            warnings.warn(f"{reached}: raise max_steps or tolerance", RuntimeWarning, stacklevel=3)
    return values[:, end].copy(), small[:, :, end].copy()  # torch takes no negative strides


def sharpness(
    risk: RiskFunction,
    theta: Float[Tensor, "*runs P"],
    *,
    tolerance: float = 1e-3,
    generator: torch.Generator | None = None,
    start: Float[Tensor, "*runs P"] | None = None,
) -> Float[Tensor, "*runs"]:
    """λmax, the largest eigenvalue of H, one a run: gradient descent is stable on the quadratic model while η < 2/λmax.

    Args and errors are those of ``eigenpairs``.

    Example:
        >>> sharpness(lambda theta: 2 * theta.square().sum(-1), torch.zeros(3, 5)).round(decimals=4)
        tensor([4., 4., 4.])
    """
    return eigenpairs(risk, theta, 1, tolerance=tolerance, generator=generator, start=start).values[..., 0]


@dataclass(frozen=True)
class SpectralDensity:
    """A quadrature for the eigenvalue density of H: ∫ f(λ) dμ ≈ the mean over probes of Σⱼ weightsⱼ f(nodesⱼ).

    Attributes:
        nodes: Eigenvalues of each probe's tridiagonal matrix, ``(num_probes, num_steps)``.
        weights: Their shares, which sum to 1 for each probe, the same shape.
    """

    nodes: Float[Tensor, "K m"]
    weights: Float[Tensor, "K m"]

    def moment(self, power: int) -> float:
        """The estimate of tr(Hᵖ)/P, with p the ``power``."""
        return float((self.weights * self.nodes**power).sum(-1).mean())

    def density(self, grid: Float[Tensor, " G"], width: float | None = None) -> Float[Tensor, " G"]:
        """The density at the points of ``grid``, each node smeared into a Gaussian of standard deviation ``width``.

        Args:
            grid: Points λ.
            width: > 0; ``None`` takes 1 % of the range of the nodes.
        """
        if width is None:
            width = max(0.01 * float(self.nodes.max() - self.nodes.min()), 1e-12)
        positive("width", width)
        distances = (grid.to(self.nodes)[:, None] - self.nodes.flatten()) / width
        kernel = torch.exp(-0.5 * distances.square()) / (width * (2 * torch.pi) ** 0.5)
        return kernel @ self.weights.flatten() / len(self.nodes)


def spectral_density(
    risk: RiskFunction,
    theta: Float[Tensor, " P"],
    num_probes: int = 10,
    num_steps: int = 50,
    *,
    generator: torch.Generator | None = None,
) -> SpectralDensity:
    """The density of H's eigenvalues by stochastic Lanczos quadrature.

    For a random unit vector v, vᵀf(H)v has the mean tr f(H)/P, and vᵀf(H)v = Σᵢ (vᵀuᵢ)² f(λᵢ) is an integral for which
    m Lanczos steps from v give the Gauss quadrature: nodes are the eigenvalues of T, weights the squared first
    components of its eigenvectors. It is exact for polynomials f of degree up to 2m − 1.

    Args:
        risk: ``risk(theta) -> J``.
        theta: ``(P,)``.
        num_probes: Random vectors v; all run in lockstep.
        num_steps: m, at most P. Memory is ``num_probes · num_steps`` vectors.
        generator: Of the probes; ``None`` takes the course's stream "lanczos".

    References:
        Golub & Welsch (1969); Lin, Saad & Yang (2016); Ghorbani, Krishnan & Xiao (2019).
    """
    if theta.ndim != 1:
        raise ValueError(f"theta must have shape (P,), got {tuple(theta.shape)}: take the runs one by one")
    operator, num_steps = HessianOperator(risk, theta), integer("num_steps", num_steps)
    process = Lanczos(operator.rows, _random_like(theta, generator, integer("num_probes", num_probes)))
    for _ in tqdm(process.steps(num_steps), total=num_steps, desc="spectral density", delay=1, leave=False):
        pass
    nodes, vectors, _ = process.ritz()
    return SpectralDensity(torch.as_tensor(nodes).to(theta), torch.as_tensor(vectors[:, 0] ** 2).to(theta))


def trace(
    risk: RiskFunction,
    theta: Float[Tensor, "*runs P"],
    num_probes: int | None = None,
    *,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "*runs"]:
    """tr H, exact by default; with ``num_probes`` Hutchinson's estimate, the mean of vᵀHv over random signs v.

    E[vᵀHv] = Σᵢⱼ Hᵢⱼ E[vᵢvⱼ] = Σᵢ Hᵢᵢ; its variance is 2 Σᵢ≠ⱼ Hᵢⱼ² / num_probes (Hutchinson 1990). In general, exact
    means one product a parameter.

    Args:
        risk: ``risk(theta) -> J``, one number a run.
        theta: ``(P,)`` or ``(R, P)``.
        num_probes: ``None`` for the exact trace.
        generator: Of the signs; ``None`` takes the course's stream "lanczos".

    Example:
        >>> trace(lambda theta: theta[0] ** 2 + 3 * theta[1] ** 2, torch.zeros(2))
        tensor(8.)
    """
    if num_probes is None and covers(risk, finite("theta", theta)):
        return exact_trace(risk, theta.detach())
    operator = HessianOperator(risk, theta)
    if num_probes is None:
        return torch.stack([row[..., j] for j, row in enumerate(_rows(operator))]).sum(0)
    total = torch.zeros_like(theta[..., 0])
    source = stream("lanczos") if generator is None else generator
    for _ in tqdm(range(integer("num_probes", num_probes)), desc="trace", delay=1, leave=False):
        signs = torch.randint(2, theta.shape, generator=source).to(theta) * 2 - 1
        total += (signs * (operator @ signs)).sum(-1)
    return total / num_probes


def _rows(operator: HessianOperator) -> Iterator[Tensor]:
    """The rows H eⱼ, one after the other."""
    basis = torch.zeros_like(operator.theta)
    for j in tqdm(range(basis.shape[-1]), desc="Hessian", delay=1, leave=False):
        basis[..., j] = 1
        yield operator @ basis
        basis[..., j] = 0


def hessian(risk: RiskFunction, theta: Float[Tensor, "*runs P"]) -> Float[Tensor, "*runs P P"]:
    """H itself, symmetric to the bit. It holds P² numbers a run: for P = 1 510 in float32 that is 9 MB.

    Args:
        risk: ``risk(theta) -> J``, one number a run.
        theta: ``(P,)`` or ``(R, P)``.

    Example:
        >>> hessian(lambda theta: theta.prod(), torch.tensor([2.0, 3.0]))
        tensor([[0., 1.],
                [1., 0.]])
    """
    if covers(risk, finite("theta", theta)):
        return dense_hessian(risk, theta.detach())
    rows = torch.stack(list(_rows(HessianOperator(risk, theta))), dim=-2)
    return 0.5 * (rows + rows.mT)
