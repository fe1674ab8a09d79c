"""Ways through parameter space: how long one is, how far it leaves the straight line, and a curve round a hill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from labs.bars import tqdm
from labs.inputs import finite, integer, positive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Float
    from torch import Tensor

    RiskFunction = Callable[[Float[Tensor, "*runs P"]], Float[Tensor, "*runs"]]

__all__ = ["along_and_aside", "bezier", "connect", "path_length"]


def path_length(points: Float[Tensor, "T *runs P"]) -> Float[Tensor, " T *runs"]:
    """The length of a way up to each of its points, Σ ‖θ_{k+1} − θ_k‖; 0 at the first.

    Args:
        points: θ_0 … θ_{T−1}, e.g. the snapshots of a run, of one run or of many.

    Raises:
        ValueError: for fewer than two points, or something that is not finite.

    Example:
        >>> path_length(torch.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 5.0]]))
        tensor([0., 5., 6.])
    """
    points = _way(points)
    steps = (points[1:] - points[:-1]).norm(dim=-1)
    return torch.cat([torch.zeros_like(steps[:1]), steps.cumsum(0)])


def along_and_aside(points: Float[Tensor, "T *runs P"]) -> tuple[Float[Tensor, " T *runs"], Float[Tensor, " T *runs"]]:
    """Where each point stands with respect to the straight line from the first to the last.

    With D = θ_{T−1} − θ_0, a point is θ_0 + αD + r with r ⟂ D. The first result is α, 0 at the first point and 1 at the
    last; the second is ‖r‖/‖D‖, how far the point lies off the line, as a share of the line's length. These are the
    coordinates of the trajectories in Goodfellow, Vinyals & Saxe (2015), section 6.

    Args:
        points: θ_0 … θ_{T−1}, of one run or of many.

    Raises:
        ValueError: for fewer than two points, something that is not finite, or a run that ends where it began.

    Example:
        >>> along, aside = along_and_aside(torch.tensor([[0.0, 0.0], [1.0, 3.0], [4.0, 0.0]]))
        >>> along.tolist(), aside.tolist()
        ([0.0, 0.25, 1.0], [0.0, 0.75, 0.0])
    """
    points = _way(points)
    line = points[-1] - points[0]
    square = line.square().sum(-1)
    if not (square > 0).all():
        raise ValueError("the last point is the first, so that no line joins them; give a way that ends elsewhere")
    away = points - points[0]
    along = (away * line).sum(-1) / square
    return along, (away - along[..., None] * line).norm(dim=-1) / square.sqrt()


def bezier(
    theta_a: Float[Tensor, "*runs P"],
    bend: Float[Tensor, "*runs P"],
    theta_b: Float[Tensor, "*runs P"],
    ts: Float[Tensor, " T"] | Sequence[float],
) -> Float[Tensor, "T *runs P"]:
    """Points on the quadratic Bézier curve (1 − t)² θ_a + 2t(1 − t) φ + t² θ_b, which φ bends: θ_a at 0, θ_b at 1.

    Args:
        theta_a: Where the curve begins.
        bend: φ. The middle of the straight line makes the curve that line, t being the position on it.
        theta_b: Where it ends.
        ts: Positions t, from 0 to 1.

    Raises:
        ValueError: when shapes differ, something is not finite, or a position is outside.

    References:
        Garipov, Izmailov, Podoprikhin, Vetrov and Wilson (2018), section 3.2.

    Example:
        >>> bezier(torch.zeros(1), torch.ones(1), torch.zeros(1), [0.0, 0.5, 1.0]).flatten()
        tensor([0.0000, 0.5000, 0.0000])
    """
    _alike(theta_a, bend=bend, theta_b=theta_b)
    ts = finite("ts", torch.as_tensor(ts, dtype=theta_a.dtype, device=theta_a.device))
    if ts.ndim != 1 or not len(ts) or ts.min() < 0 or ts.max() > 1:
        raise ValueError(f"ts must be a non-empty list of positions from 0 to 1, got {ts.tolist()}")
    return _on_curve(theta_a, bend, theta_b, ts.reshape(-1, *[1] * theta_a.ndim))


def connect(
    risk: RiskFunction,
    theta_a: Float[Tensor, "*runs P"],
    theta_b: Float[Tensor, "*runs P"],
    generator: torch.Generator,
    *,
    num_steps: int = 200,
    learning_rate: float = 0.05,
) -> Float[Tensor, "*runs P"]:
    """The bend φ of a Bézier curve of low loss between two points, for all pairs at once; see ``bezier``.

    Minimizes E J(θ(t)) over t uniform in [0, 1] by Adam from the straight line, with one t for each pair and step. Its
    gradient by φ is E 2t(1 − t) ∇J(θ(t)), so that the drawn one is unbiased.

    Args:
        risk: ``risk(theta) -> J``, one number a run, differentiable, e.g. ``labs.losses.Risk``.
        theta_a: ``(P,)``, or ``(R, P)`` for R pairs.
        theta_b: Of the same shape.
        generator: Source of the positions t, on the CPU.
        num_steps: Number of updates.
        learning_rate: Adam's.

    Raises:
        ValueError: when shapes differ, something is not finite, or a setting is out of range.

    References:
        Garipov, Izmailov, Podoprikhin, Vetrov and Wilson (2018), section 3.1.

    Example:
        >>> ring = lambda theta: (theta.square().sum(-1) - 1).square()
        >>> a, b = torch.tensor([-1.0, 0.1]), torch.tensor([1.0, 0.1])
        >>> bend = connect(ring, a, b, torch.Generator().manual_seed(0))
        >>> bool(ring(bezier(a, bend, b, [0.5])) < 0.1 * ring((a + b) / 2))
        True
    """
    _alike(theta_a, theta_b=theta_b)
    integer("num_steps", num_steps, at_least=0)
    bend = ((theta_a + theta_b) / 2).detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([bend], positive("learning_rate", learning_rate))
    for _ in tqdm(range(num_steps), desc="connecting", delay=1, leave=False):
        t = torch.rand(*theta_a.shape[:-1], 1, generator=generator).to(theta_a)
        optimizer.zero_grad()
        risk(_on_curve(theta_a.detach(), bend, theta_b.detach(), t)).sum().backward()
        optimizer.step()
    return bend.detach()


def _on_curve(theta_a: Tensor, bend: Tensor, theta_b: Tensor, t: Tensor) -> Tensor:
    return (1 - t) ** 2 * theta_a + 2 * t * (1 - t) * bend + t**2 * theta_b


def _way(points: Tensor) -> Tensor:
    """``points``, which must be a way: a floating-point ``(T, …, P)`` with T ≥ 2."""
    if finite("points", points).ndim < 2 or len(points) < 2:
        raise ValueError(f"points must have shape (T, …, P) with T ≥ 2, got {tuple(points.shape)}; stack the snapshots")
    return points


def _alike(theta_a: Tensor, **others: Tensor) -> None:
    finite("theta_a", theta_a)
    for name, other in others.items():
        if finite(name, other).shape != theta_a.shape:
            raise ValueError(f"{name} {tuple(other.shape)} must have the shape of theta_a, {tuple(theta_a.shape)}")
