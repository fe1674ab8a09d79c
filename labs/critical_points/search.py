"""Searching critical points of a risk, of any index: Levenberg and Marquardt's method on ½‖∇J‖²."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from labs.critical_points.derivatives import derivatives
from labs.inputs import finite, integer, number

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = ["Found", "levenberg_marquardt"]

CALM, BOLD = 4.0, 1 / 3
"""What the damping is multiplied by after a step that failed, and after one that succeeded."""

HOPELESS = 1e12
"""A search whose relative damping comes to this has stopped moving, and ends."""


class Found(NamedTuple):
    """Where the searches ended, the length of the gradient there, and how many steps each took.

    ``theta`` is ``(R, P)``; ``gradient_norm`` and ``num_steps`` are ``(R,)``. Whether a point is critical is for the
    caller to say, by ``gradient_norm``.
    """

    theta: Float[Tensor, "R P"]
    gradient_norm: Float[Tensor, " R"]
    num_steps: Int[Tensor, " R"]


def levenberg_marquardt(
    risk: Any,
    theta: Float[Tensor, "R P"],
    *,
    max_steps: int = 200,
    tolerance: float = 1e-12,
    damping: float = 1e-3,
) -> Found:
    """Critical points of a risk near the starts, minima and saddles alike, by minimizing ½‖∇J‖² from all at once.

    The gradient of ½‖g‖² is Hg, its Gauss–Newton matrix H², so the step is −(H² + μI)⁻¹Hg, which along an eigenvector
    of H is −λg/(λ² + μ). With small μ that is Newton's step, with large μ a short one down the slope of ½‖g‖². A step
    that lowers ‖g‖ is taken and μ divided by 3, else μ is multiplied by 4, for each run by itself; μ is measured in
    units of the largest λ². ½‖g‖² has minima of its own where Hg = 0 and g ≠ 0: there a search ends without success.

    Args:
        risk: A ``labs.losses.Risk`` whose data all runs share, a ``labs.objectives.Surface``, or any twice
            differentiable function that returns one number for each row of θ.
        theta: Starts, ``(R, P)``; take float64.
        max_steps: Limit for each run; a dense Hessian is computed in each.
        tolerance: A run is done when ‖g‖ is at most this.
        damping: The first μ, in units of the largest λ².

    Raises:
        ValueError: when ``theta`` is not a finite ``(R, P)`` or a number is out of its range.

    References:
        Nocedal and Wright (2006), section 10.3; for critical points of networks Frye et al. (2019), who call it
        minimizing the gradient norm.

    Example:
        >>> found = levenberg_marquardt(lambda p: p.prod(-1), torch.tensor([[1.0, 0.5]], dtype=torch.float64))
        >>> bool(found.theta.abs().max() < 1e-10)
        True
    """
    if finite("theta", theta).ndim != 2:
        raise ValueError(f"theta must have shape (R, P), got {tuple(theta.shape)}; use theta[None] for one start")
    if getattr(getattr(risk, "x", None), "ndim", 2) > 2:
        raise ValueError(f"all runs must share their data, got x {tuple(risk.x.shape)}; search the runs one by one")
    number("tolerance", tolerance, at_least=0), number("damping", damping, at_least=1e-15)
    theta = theta.detach().clone()
    both = derivatives(risk)
    slope, curved = (part.detach() for part in both(theta))
    relative, steps = torch.full_like(theta[:, 0], damping), torch.zeros(len(theta), dtype=torch.long)
    steps = steps.to(theta.device)
    for _ in range(integer("max_steps", max_steps)):
        (active,) = ((slope.norm(dim=-1) > tolerance) & (relative < HOPELESS)).nonzero(as_tuple=True)
        if not len(active):
            break
        trial = theta[active] + _step(slope[active], curved[active], relative[active])
        new_slope, new_curved = (part.detach() for part in both(trial))
        better = new_slope.norm(dim=-1) < slope[active].norm(dim=-1)
        kept = active[better]
        theta[kept], slope[kept], curved[kept] = trial[better], new_slope[better], new_curved[better]
        relative[active] *= torch.where(better, BOLD, CALM).to(relative)
        steps[active] += 1
    return Found(theta, slope.norm(dim=-1), steps)


def _step(slope: Tensor, curved: Tensor, relative: Tensor) -> Tensor:
    """−(H² + μI)⁻¹Hg in the eigenvectors of H, where nothing is squared that was small already."""
    values, vectors = torch.linalg.eigh(curved)
    largest = values.abs().amax(-1, keepdim=True).clamp(min=torch.finfo(values.dtype).tiny ** 0.5)
    scaled = values / largest
    weights = scaled / (scaled.square() + relative.unsqueeze(-1)) / largest
    return -(vectors @ (weights.unsqueeze(-1) * (vectors.mT @ slope.unsqueeze(-1)))).squeeze(-1)
