"""Set splitting: give each of n points one of two sides so that no triple lies on one side, or say that none does."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import torch

from labs.inputs import integer

if TYPE_CHECKING:
    from jaxtyping import Bool, Int
    from torch import Tensor

__all__ = ["FANO_PLANE", "Backtracking", "backtrack", "random_triples", "splits"]

FANO_PLANE = torch.tensor([[i, (i + 1) % 7, (i + 3) % 7] for i in range(7)])
"""The seven lines of the smallest projective plane, three of seven points each, ``(7, 3)``: no two sides split it."""

MOST_POINTS = 20


class Backtracking(NamedTuple):
    """What a search for a splitting has found and what it cost, for each of K instances.

    Attributes:
        splittable: Whether there is a splitting, ``(K,)``.
        sides: The first one found, ``(K, n)``, point 0 on side False; all False where there is none.
        num_visited: Partial splittings that the search has stood at, ``(K,)``.
    """

    splittable: Bool[Tensor, " K"]
    sides: Bool[Tensor, "K n"]
    num_visited: Int[Tensor, " K"]


def random_triples(
    num_points: int, num_triples: int, num_instances: int, generator: torch.Generator
) -> Int[Tensor, "K m 3"]:
    """K instances of m different triples of n points, all such sets equally likely; on the CPU.

    Raises:
        ValueError: when there are fewer than m different triples, n is below 3, or a number is not positive.

    Example:
        >>> random_triples(3, 1, 2, torch.Generator().manual_seed(0)).tolist()
        [[[0, 1, 2]], [[0, 1, 2]]]
    """
    n, m = integer("num_points", num_points, at_least=3), integer("num_triples", num_triples)
    every = torch.tensor(list(combinations(range(n), 3)))
    if m > len(every):
        raise ValueError(f"num_triples must be at most {len(every)}, all triples of {n} points, got {m}")
    keys = torch.rand(integer("num_instances", num_instances), len(every), generator=generator)
    return every[keys.topk(m, dim=-1).indices]


def splits(triples: Int[Tensor, "*K m 3"], sides: Bool[Tensor, "*K n"]) -> Bool[Tensor, "*K"]:
    """Whether each assignment of sides leaves no triple on one side; leading dimensions are broadcast.

    Raises:
        ValueError: when ``triples`` are not whole numbers ``(…, m, 3)`` below n.

    Example:
        >>> splits(torch.tensor([[0, 1, 2]]), torch.tensor([[True, True, False], [True, True, True]]))
        tensor([ True, False])
    """
    triples = _checked(triples, sides.shape[-1])
    lead = torch.broadcast_shapes(triples.shape[:-2], sides.shape[:-1])
    where = triples.flatten(-2).expand(*lead, -1)
    counts = sides.expand(*lead, -1).gather(-1, where).unflatten(-1, (-1, 3)).sum(-1)
    return ((counts > 0) & (counts < 3)).all(-1)


def backtrack(triples: Int[Tensor, "K m 3"], num_points: int) -> Backtracking:
    """A depth-first search for a splitting, of K instances at once, and the number of places where it has been.

    Points are given sides in the order 0, 1, …, first False, then True, point 0 only False (the mirror image splits
    as well); where a triple has come to lie on one side the search turns back; it ends at the first splitting, or when
    nothing is left to try. Of the 2ᵈ⁻¹ prefixes of d sides those are visited that break no triple and do not come
    after the splitting found; so they are all listed, and counted, level by level.

    Args:
        triples: As from ``random_triples``, on any device.
        num_points: n, from 3 to 20: the list of all assignments is held in memory.

    Raises:
        ValueError: when n is outside 3 … 20 or the triples do not fit it.

    Example:
        >>> found = backtrack(FANO_PLANE[None], 7)
        >>> found.splittable.item(), found.num_visited.item()
        (False, 31)
    """
    if integer("num_points", num_points, at_least=3) > MOST_POINTS:
        raise ValueError(f"num_points must be from 3 to {MOST_POINTS}, got {num_points}: 2ⁿ⁻¹ assignments are listed")
    triples = _checked(triples, num_points).sort(-1).values
    if triples.ndim != 3:
        raise ValueError(f"triples must have shape (K, m, 3), got {tuple(triples.shape)}; use triples[None] for one")
    alive = torch.ones(len(triples), 1, dtype=torch.bool, device=triples.device)
    levels = [alive]
    for point in range(1, num_points):
        alive = torch.stack([alive & ~_forbidden(triples, point, side) for side in (0, 1)], -1).flatten(1)
        levels.append(alive)
    splittable, last = alive.any(-1), alive.shape[-1] - 1
    first = torch.where(splittable, alive.int().argmax(-1), last)
    visited = sum(_up_to(level, first >> (num_points - 1 - d)) for d, level in enumerate(levels))
    sides = _bits(first, num_points) & splittable[:, None]
    return Backtracking(splittable, sides, torch.as_tensor(visited))


def _up_to(level: Tensor, last: Tensor) -> Tensor:
    """How many of the living prefixes of each instance come no later than its ``last``."""
    return (level & (torch.arange(level.shape[-1], device=level.device) <= last[:, None])).sum(-1)


def _forbidden(triples: Tensor, point: int, side: int) -> Tensor:
    """(K, 2^(point − 1)): where the sides of the points before leave this one no room on ``side``."""
    prefixes = _bits(torch.arange(2 ** (point - 1), device=triples.device), point) == bool(side)
    ends_here = triples[..., 2] == point
    pairs = torch.zeros(len(triples), point * point, device=triples.device)
    index = torch.where(ends_here, triples[..., 0] * point + triples[..., 1], 0)
    pairs.scatter_add_(-1, index, ends_here.to(pairs))
    together = (prefixes[:, :, None] & prefixes[:, None, :]).flatten(1).to(pairs)
    return pairs @ together.mT > 0


def _bits(numbers: Tensor, width: int) -> Tensor:
    """The binary digits of each number, the highest first, as truth values (…, width)."""
    return (numbers[..., None] >> torch.arange(width - 1, -1, -1, device=numbers.device)) & 1 > 0


def _checked(triples: Tensor, num_points: int) -> Tensor:
    if triples.is_floating_point() or triples.ndim < 2 or triples.shape[-1] != 3 or not triples.numel():
        raise ValueError(f"triples must be whole numbers (…, m, 3), got {triples.dtype} {tuple(triples.shape)}")
    if triples.min() < 0 or triples.max() >= num_points:
        top = int(triples.abs().max())
        raise ValueError(f"triples must name points from 0 to {num_points - 1}, got {top}; count the points from 0")
    ordered = triples.sort(-1).values
    if (ordered[..., 1:] == ordered[..., :-1]).any():
        raise ValueError("each triple must name three different points; drop the triples that repeat one")
    return triples
