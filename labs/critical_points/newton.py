"""Newton's method, its saddle-free cousin, and how long gradient descent stays near a saddle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from labs.critical_points.classification import square
from labs.critical_points.derivatives import derivatives
from labs.inputs import finite, integer, number, positive

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["escape_steps", "newton_step", "run_newton", "saddle_free_step"]

FLAT = 1e-9
"""Absolute curvatures below this are taken for it, so that a flat direction gives a finite step."""

FAR = 1e9
"""A path that has come this far from the origin has diverged."""


def newton_step(gradient: Float[Tensor, "*batch n"], hessian: Float[Tensor, "*batch n n"]) -> Float[Tensor, "*batch n"]:
    """−H⁻¹g, the way to the critical point of the quadratic model, be it a minimum, a saddle or a maximum.

    Along an eigenvector of H the step is −gᵢ/λᵢ. Where λᵢ < 0 it leads up, against the slope: a saddle attracts
    Newton's method as strongly as a minimum does. Eigenvalues below 1e-9 in size are taken for ±1e-9.

    Args:
        gradient: g, ``(…, n)``.
        hessian: H, ``(…, n, n)``, symmetric.

    Raises:
        ValueError: when the shapes do not fit, H is not symmetric, or something is not finite.

    References:
        Nocedal and Wright (2006), section 3.3.

    Example:
        >>> newton_step(torch.tensor([1.0, 1.0]), torch.diag(torch.tensor([2.0, -4.0])))
        tensor([-0.5000,  0.2500])
    """
    values, vectors, slopes = _in_eigenvectors(gradient, hessian)
    floored = torch.where(values < 0, -1.0, 1.0) * values.abs().clamp(min=FLAT)
    return -(vectors @ (slopes / floored.unsqueeze(-1))).squeeze(-1)


def saddle_free_step(
    gradient: Float[Tensor, "*batch n"], hessian: Float[Tensor, "*batch n n"], damping: float = 0.0
) -> Float[Tensor, "*batch n"]:
    """−(|H| + μI)⁻¹g with the eigenvalues' absolute values: scaled by curvature, and always downhill.

    Along an eigenvector the step is −gᵢ/(|λᵢ| + μ): where λᵢ > 0 and μ = 0 it is Newton's, where λᵢ < 0 it is turned
    around, and leads away from the saddle. g·step = −Σ gᵢ²/(|λᵢ| + μ) ≤ 0.

    Args:
        gradient: g, ``(…, n)``.
        hessian: H, ``(…, n, n)``, symmetric.
        damping: μ ≥ 0.

    Raises:
        ValueError: when the shapes do not fit, H is not symmetric, something is not finite, or μ is negative.

    References:
        Dauphin et al. (2014), Identifying and attacking the saddle point problem, section 5.

    Example:
        >>> saddle_free_step(torch.tensor([1.0, 1.0]), torch.diag(torch.tensor([2.0, -4.0])))
        tensor([-0.5000, -0.2500])
    """
    number("damping", damping, at_least=0)
    values, vectors, slopes = _in_eigenvectors(gradient, hessian)
    sizes = (values.abs() + damping).clamp(min=FLAT)
    return -(vectors @ (slopes / sizes.unsqueeze(-1))).squeeze(-1)


def _in_eigenvectors(gradient: Tensor, hessian: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Eigenvalues and eigenvectors of H, and the components of g in them as columns."""
    if square("hessian", hessian).shape[:-1] != finite("gradient", gradient).shape:
        shapes = f"gradient {tuple(gradient.shape)} and hessian {tuple(hessian.shape)}"
        raise ValueError(f"{shapes} do not fit: give (…, n) and (…, n, n)")
    values, vectors = torch.linalg.eigh(hessian)
    return values, vectors, vectors.mT @ gradient.unsqueeze(-1)


@torch.no_grad()
def run_newton(
    f: Any,
    start: Float[Tensor, "*runs n"],
    num_steps: int,
    *,
    saddle_free: bool = False,
    damping: float = 0.0,
    max_length: float | None = None,
) -> Float[Tensor, "num_steps_plus_1 *runs n"]:
    """The paths of Newton's method, or of the saddle-free one, from all starts at once, the starts included.

    A path that comes farther than 1e9 from the origin holds NaN from there on; the others are not affected.

    Args:
        f: A ``labs.objectives.Surface``, a ``labs.losses.Risk``, or any twice differentiable function of θ that
            returns one number a run.
        start: ``(n,)`` or ``(R, n)``.
        num_steps: Number of steps.
        saddle_free: Whether curvatures are taken by their absolute values.
        damping: μ ≥ 0, added to them; for the saddle-free method only.
        max_length: Longer steps are shortened to this length; ``None`` leaves them.

    Raises:
        ValueError: when a number is out of its range, the start is not finite, or damping is given to Newton's method.

    References:
        Dauphin et al. (2014), algorithm 1, with the whole Hessian instead of a Krylov subspace.

    Example:
        >>> from labs.objectives import saddle
        >>> run_newton(saddle(), torch.tensor([1.0, 0.5]), 1)[-1].abs()
        tensor([0., 0.])
        >>> run_newton(saddle(), torch.tensor([1.0, 0.5]), 1, saddle_free=True)[-1]
        tensor([0., 1.])
    """
    if finite("start", start).ndim not in (1, 2):
        raise ValueError(f"start must have shape (n,) or (R, n), got {tuple(start.shape)}")
    if number("damping", damping, at_least=0) and not saddle_free:
        raise ValueError(f"damping {damping} is for the saddle-free method: give saddle_free=True or leave it out")
    limit = float("inf") if max_length is None else positive("max_length", max_length)
    both, point = derivatives(f), start.detach().reshape(-1, start.shape[-1])
    path = [point]
    for _ in range(integer("num_steps", num_steps, at_least=0)):
        near = (point.abs() <= FAR).all(-1)
        if near.any():
            with torch.enable_grad():
                slope, curved = (part.detach() for part in both(point.where(near[:, None], 0)))
            step = saddle_free_step(slope, curved, damping) if saddle_free else newton_step(slope, curved)
            step = step * (limit / step.norm(dim=-1, keepdim=True).clamp(min=1e-30)).clamp(max=1)
            point = point + step
        point = torch.where(near[:, None], point, float("nan"))
        path.append(point)
    return torch.stack(path).reshape(-1, *start.shape)


def escape_steps(
    distance: Float[Tensor, "*batch"] | float, curvature: float, learning_rate: float, radius: float = 1.0
) -> Float[Tensor, "*batch"]:
    """log(r/δ)/log(1 + η|λ|): how many steps gradient descent needs to come from δ to r along the way down.

    Along the eigenvector of λ < 0 each step multiplies the distance from a saddle by 1 + η|λ|. So the time grows with
    the logarithm of how near the start was, and is infinite from the saddle's own stable set, δ = 0.

    Args:
        distance: |δ|, the start's component along that eigenvector, from 0 on.
        curvature: λ < 0.
        learning_rate: η > 0.
        radius: r > 0; a start beyond it has escaped after 0 steps.

    Raises:
        ValueError: when a number is out of its range.

    Example:
        >>> escape_steps(torch.tensor([0.25, 1e-3, 0.0]), -1.0, 1.0)
        tensor([2.0000, 9.9658,    inf])
    """
    if number("curvature", curvature) >= 0:
        raise ValueError(f"curvature must be negative, got {curvature}: along the others nothing escapes")
    distance = torch.as_tensor(distance)
    if bool((finite("distance", distance) < 0).any()):
        raise ValueError(f"distance must be at least 0, got {float(distance.min())}; take its absolute value")
    growth = torch.log1p(distance.new_tensor(-positive("learning_rate", learning_rate) * curvature))
    return ((positive("radius", radius) / distance).log() / growth).clamp(min=0)
