"""Linear classifiers that no gradient leads to: the one with the fewest errors, and the one with the widest margin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice, product
from math import comb
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from scipy.optimize import nnls

from labs.inputs import finite, integer

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

__all__ = [
    "Separator",
    "Widest",
    "best_separator",
    "num_separable_labellings",
    "separable_labellings",
    "widest_separator",
]

_BLOCK = 2**22  # signed distances held at a time
_ON_PLANE = 1e-12  # as a share of the points' size: nearer to a plane than this, a point counts as lying on it


@dataclass(frozen=True)
class Separator:
    """The hyperplane wᵀx + b = 0 with the fewest errors on a sample; x is put in class 1 where wᵀx + b > 0.

    Attributes:
        weight: w, shape ``(d,)``, float64 on the CPU.
        bias: b, shape ``()``.
        errors: How many of the m points it puts on the wrong side.
        num_planes: How many hyperplanes were tried.
        num_tests: How often a point was held against a hyperplane.
    """

    weight: Float[Tensor, " d"]
    bias: Float[Tensor, ""]
    errors: int
    num_planes: int
    num_tests: int


class Widest(NamedTuple):
    """The direction w, ‖w‖ = 1, and its margin min ±wᵀx, as ``widest_separator`` finds them."""

    direction: Float[Tensor, " d"]
    margin: float


def best_separator(x: Float[Tensor, "m d"], y: Int[Tensor, " m"]) -> Separator:
    """The linear classifier with the fewest errors on m points in general position in d dimensions, exactly.

    Any separating hyperplane can be moved, without a point changing sides, until d of the points lie on it. So it is
    enough to try the C(m, d) hyperplanes through d points, with both orientations. The d points on it cost nothing:
    a nudge puts each of them on whichever side is its own. That makes m·C(m, d), about mᵈ⁺¹/d!, tests: polynomial in
    m, exponential in d.

    Args:
        x: Points with m > d, no d + 1 of them in one hyperplane; the search computes in float64.
        y: Classes 0 and 1.

    Raises:
        ValueError: when the points are not in general position, or the shapes or classes are others.

    References:
        Marcotte and Savard (1992), Novel approaches to the discrimination problem.

    Example:
        >>> x = torch.tensor([[0.0, 0.0], [1.0, 0.1], [0.1, 1.0], [1.0, 1.0]])  # XOR: one point must be given up
        >>> best_separator(x, torch.tensor([0, 1, 1, 0])).errors
        1
    """
    points, wrong_sign = _checked(x), 1 - 2 * _classes(y, len(x))
    m, d = points.shape
    fewest, best, num_planes = m + 1, None, 0
    for through, planes, distances in _planes(points):
        num_planes += len(planes)
        against = ((wrong_sign * distances) > 0).sum(-1)  # errors when class 1 lies where the distance is positive
        errors = torch.stack([against, m - d - against])
        least = int(errors.min())
        if least < fewest:
            side, row = divmod(int(errors.argmin()), len(planes))
            fewest, best = least, (through[row], (1 - 2 * side) * planes[row], (1 - 2 * side) * distances[row])
    assert best is not None
    weight, bias = _nudged(points, -wrong_sign, *best)
    return Separator(weight, bias, fewest, num_planes, num_planes * m)


def separable_labellings(x: Float[Tensor, "m d"]) -> Bool[Tensor, "n m"]:
    """Every labelling of m points in general position that some hyperplane makes, one a row, each once.

    From the same hyperplanes as in ``best_separator``: each gives 2ᵈ⁺¹ labellings, one for every choice of a side by
    the d points on it and both orientations.

    Raises:
        ValueError: as ``best_separator``.

    Example:
        >>> len(separable_labellings(torch.tensor([[0.0], [1.0], [2.0]])))  # on a line: where to cut, and which way
        6
    """
    points = _checked(x)
    found: set[tuple[bool, ...]] = set()
    choices = torch.tensor(list(product([False, True], repeat=points.shape[1])))
    for through, _, distances in _planes(points):
        for on_plane, row in zip(through, distances > 0, strict=True):
            labels = row.repeat(len(choices), 1)
            labels[:, on_plane] = choices
            found.update(map(tuple, torch.cat([labels, ~labels]).tolist()))
    return torch.tensor(sorted(found))


def num_separable_labellings(num_points: int, dimension: int) -> int:
    """How many labellings of m points in general position in d dimensions a hyperplane can make, 2 Σ_{k≤d} C(m − 1, k).

    In the plane this is m² − m + 2.

    Raises:
        ValueError: when one of the two is not a positive integer.

    References:
        Cover (1965), Geometrical and statistical properties of systems of linear inequalities.

    Example:
        >>> num_separable_labellings(4, 2), 2**4  # all but XOR and its opposite
        (14, 16)
    """
    m, d = integer("num_points", num_points), integer("dimension", dimension)
    return 2 * sum(comb(m - 1, k) for k in range(d + 1))


def widest_separator(x: Float[Tensor, "m d"], y: Int[Tensor, " m"]) -> Widest:
    """The hyperplane through the origin with the widest margin on separable points: the hard-margin direction.

    It is the shortest w with ±wᵀx ≥ 1 at every point: a least-distance problem, solved exactly as non-negative least
    squares. With Z the rows ±x, E = [Zᵀ; 1ᵀ] and u ≥ 0 nearest to solving Eu = (0, …, 0, 1), the residual
    r = Eu − (0, …, 0, 1) holds it as −(r₁, …, r_d)/r_{d+1}; where r = 0 there is none.

    Args:
        x: Points that some hyperplane through the origin separates.
        y: Classes 0 and 1, both present.

    Raises:
        ValueError: when the points cannot be separated through the origin, or the classes are others.

    References:
        Lawson and Hanson (1974), Solving least squares problems, chapter 23.

    Example:
        >>> x = torch.tensor([[2.0, 1.0], [2.0, -1.0], [-3.0, 0.0]])
        >>> round(widest_separator(x, torch.tensor([1, 1, 0])).margin, 6)
        2.0
    """
    finite("x", x)
    points, sign = x.detach().cpu().double(), 2 * _classes(y, len(x)) - 1
    signed = sign[:, None] * points
    target = np.append(np.zeros(points.shape[1]), 1.0)
    system = np.vstack([signed.T.numpy(), np.ones(len(points))])
    residual = system @ nnls(system, target)[0] - target
    w = torch.from_numpy(residual[:-1])
    margin = float((signed @ w).min() / w.norm()) if residual[-1] < -1e-12 else 0.0
    if not margin > 0:
        raise ValueError("no hyperplane through the origin separates these points; move or remove some of them")
    return Widest(w / w.norm(), margin)


def _planes(points: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """All hyperplanes through d points, in blocks: numbers (n, d) of these points, [w, b] (n, d + 1), distances (n, m).

    The distances of the d points themselves are 0 to the last bit.
    """
    m, d = points.shape
    extended = torch.cat([points, points.new_ones(m, 1)], -1)
    subsets = combinations(range(m), d)
    while chosen := list(islice(subsets, max(1, _BLOCK // m))):
        through = torch.tensor(chosen, device=points.device)
        planes = _normals(extended[through])
        distances = planes @ extended.T
        distances.scatter_(-1, through, torch.nan)
        rounding = _ON_PLANE * extended.norm(dim=-1).max() * planes.norm(dim=-1, keepdim=True)
        if not (distances.nan_to_num(torch.inf).abs() > rounding).all():
            raise ValueError(f"{d + 1} of the points lie in one hyperplane; move them apart by a little noise first")
        yield through, planes, distances.nan_to_num(0.0)


def _normals(rows: Float[Tensor, "n d d_plus_1"]) -> Float[Tensor, "n d_plus_1"]:
    """A vector at right angles to the d rows of each matrix: its minors with alternating signs (Cramer)."""
    size = rows.shape[-1]
    columns = [[j for j in range(size) if j != k] for k in range(size)]
    return torch.stack([(-1) ** k * torch.linalg.det(rows[..., kept]) for k, kept in enumerate(columns)], -1)


def _nudged(points: Tensor, sign: Tensor, through: Tensor, plane: Tensor, distances: Tensor) -> tuple[Tensor, Tensor]:
    """The hyperplane moved so little that only the points on it take sides, each the one its class asks for."""
    extended = torch.cat([points, points.new_ones(len(points), 1)], -1)
    move = torch.linalg.lstsq(extended[through], sign[through].to(points)).solution
    others = distances != 0
    room = (distances[others].abs() / (extended[others] @ move).abs().clamp(min=1e-300)).min() if others.any() else 1.0
    plane = plane + 0.5 * room * move
    return plane[:-1], plane[-1]


def _checked(x: Tensor) -> Tensor:
    finite("x", x)
    if x.ndim != 2 or len(x) <= x.shape[1]:
        raise ValueError(f"x must be (m, d) with more points than dimensions, got {tuple(x.shape)}")
    return x.detach().cpu().double()


def _classes(y: Tensor, num_points: int) -> Tensor:
    if y.shape != (num_points,) or y.dtype != torch.int64 or ((y != 0) & (y != 1)).any():
        raise ValueError(
            f"y must hold the classes 0 and 1 of {num_points} points as int64, got {y.dtype} {tuple(y.shape)}"
        )
    return y.cpu()
