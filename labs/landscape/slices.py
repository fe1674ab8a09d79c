"""Slices of a risk: its values along a line and on a plane through parameter space, and the barrier on a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

from labs.bars import tqdm
from labs.device import beside
from labs.fast import covers
from labs.fast.planes import risk_on_plane
from labs.inputs import finite, integer

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    RiskFunction = Callable[[Float[Tensor, "*runs P"]], Float[Tensor, "*runs"]]

__all__ = ["barrier", "line", "plane"]


def line(
    risk: RiskFunction,
    theta_a: Float[Tensor, "*runs P"],
    theta_b: Float[Tensor, "*runs P"],
    ts: Float[Tensor, " T"] | Sequence[float],
) -> Float[Tensor, " T *runs"]:
    """J at θ(t) = θ_a + t (θ_b − θ_a) for each t: 0 is θ_a, 1 is θ_b (Goodfellow, Vinyals & Saxe 2015).

    Args:
        risk: ``risk(theta) -> J``, one number a run.
        theta_a: ``(P,)``, or ``(R, P)`` for R lines at once.
        theta_b: Of the same shape.
        ts: Positions t, any finite numbers.

    Raises:
        ValueError: when shapes differ or something is not finite.

    Example:
        >>> line(lambda theta: theta.square().sum(), torch.zeros(2), torch.ones(2), [0.0, 0.5, 1.0])
        tensor([0.0000, 0.5000, 2.0000])
    """
    theta_b = beside(theta_b, theta_a)
    if theta_a.ndim == 1:
        return plane(risk, theta_a, theta_b - theta_a, torch.zeros_like(theta_a), ts, [0.0])[:, 0]
    if finite("theta_a", theta_a).shape != finite("theta_b", theta_b).shape:
        raise ValueError(f"theta_a {tuple(theta_a.shape)} and theta_b {tuple(theta_b.shape)} must have one shape")
    return _all_lines(risk, theta_a, theta_b - theta_a, _coordinates(ts, theta_a))


def barrier(
    risk: RiskFunction, theta_a: Float[Tensor, "*runs P"], theta_b: Float[Tensor, "*runs P"], num_points: int = 25
) -> Float[Tensor, "*runs"]:
    """The height of the hill on the straight line: the largest J(θ(t)) − [(1 − t) J(θ_a) + t J(θ_b)], t from 0 to 1.

    What is subtracted is the line through the losses of the ends, so that two ends of unlike loss have no barrier
    merely for that. t takes ``num_points`` equally spaced values; the ends are among them, so it is never negative. A
    convex risk has none.

    Args:
        risk: ``risk(theta) -> J``, one number a run.
        theta_a: ``(P,)``, or ``(R, P)`` for R pairs at once.
        theta_b: Of the same shape.
        num_points: At least 3.

    Raises:
        ValueError: when shapes differ, something is not finite or there are too few points.

    References:
        Entezari, Sedghi, Saukh and Neyshabur (2022), definition 2.1.

    Example:
        >>> two_wells = lambda theta: (theta.square() - 1).square().sum(-1)
        >>> barrier(two_wells, torch.tensor([-1.0]), torch.tensor([1.0]))
        tensor(1.)
    """
    ts = torch.linspace(0, 1, integer("num_points", num_points, at_least=3), dtype=theta_a.dtype, device=theta_a.device)
    values = line(risk, theta_a, theta_b, ts)
    share = ts.reshape(-1, *[1] * (values.ndim - 1))
    return (values - torch.lerp(values[0], values[-1], share)).amax(0).clamp(min=0)


def plane(
    risk: RiskFunction,
    center: Float[Tensor, " P"],
    u: Float[Tensor, " P"],
    v: Float[Tensor, " P"],
    coords: Float[Tensor, " A"] | Sequence[float],
    coords_v: Float[Tensor, " B"] | Sequence[float] | None = None,
) -> Float[Tensor, "A B"]:
    """J at center + α u + β v: entry [i, j] belongs to α = ``coords[i]`` and β = ``coords_v[j]``.

    For matplotlib's ``contour(alphas, betas, z)`` with α to the right, z is the transpose.

    Args:
        risk: ``risk(theta) -> J``.
        center: ``(P,)``.
        u: Direction of the first coordinate, ``(P,)``, taken as it is (not normalised).
        v: Direction of the second.
        coords: Values of α.
        coords_v: Values of β; ``None`` takes those of α.

    Raises:
        ValueError: when shapes differ or something is not finite.

    Example:
        >>> e = torch.eye(2)
        >>> plane(lambda theta: theta[0] + 10 * theta[1], torch.zeros(2), e[0], e[1], [0.0, 1.0])
        tensor([[ 0., 10.],
                [ 1., 11.]])
    """
    for name, direction in (("center", center), ("u", u), ("v", v)):
        if finite(name, direction).shape != center.shape or center.ndim != 1:
            raise ValueError(
                f"{name} must have shape (P,) like center, {tuple(center.shape)}, got {tuple(direction.shape)}"
            )
    u, v = beside(u, center), beside(v, center)
    alphas, betas = (_coordinates(c, center) for c in (coords, coords if coords_v is None else coords_v))
    if covers(risk, center):
        return risk_on_plane(risk, torch.stack((center, u, v)).detach(), alphas, betas)
    return _point_by_point(risk, center, u, v, torch.cartesian_prod(alphas, betas)).unflatten(0, (len(alphas), -1))


def _coordinates(values: Tensor | Sequence[float], like: Tensor) -> Tensor:
    values = finite("coords", beside(values, like))
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"coords must be a non-empty list of numbers, got shape {tuple(values.shape)}")
    return values


@torch.no_grad()
def _point_by_point(risk: RiskFunction, center: Tensor, u: Tensor, v: Tensor, points: Tensor) -> Tensor:
    bar = tqdm(points.tolist(), desc="landscape", delay=1, leave=False)
    return torch.stack([risk(center + alpha * u + beta * v) for alpha, beta in bar])


@torch.no_grad()
def _all_lines(risk: RiskFunction, start: Tensor, way: Tensor, ts: Tensor) -> Tensor:
    return torch.stack([risk(start + t * way) for t in tqdm(ts.tolist(), desc="landscape", delay=1, leave=False)])
