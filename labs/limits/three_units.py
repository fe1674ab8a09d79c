"""Blum and Rivest's network: two threshold units whose AND is the output, trained exactly by linear programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.optimize import linprog

from labs.inputs import finite, integer

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = ["ThreeUnitSearch", "exact_three_units", "three_unit_examples"]

MOST_NEGATIVES = 20


@dataclass(frozen=True)
class ThreeUnitSearch:
    """What the exact search has found: weights that are right on all examples, or the certainty that there are none.

    Attributes:
        weight: Rows of the two units, ``(2, d)``, float64 on the CPU; ``None`` where no weights are right.
        bias: Their biases, ``(2,)``, or ``None``. An example is in class 1 where both wᵀx + b > 0.
        num_partitions: In how many ways the examples of class 0 were dealt out to the two units.
        num_programs: How many linear programs were solved for that.
    """

    weight: Float[Tensor, "2 d"] | None
    bias: Float[Tensor, " 2"] | None
    num_partitions: int
    num_programs: int


def three_unit_examples(
    triples: Int[Tensor, "*K m 3"], num_points: int
) -> tuple[Float[Tensor, "*K N n"], Int[Tensor, " N"]]:
    """Blum and Rivest's training set for a set-splitting instance: N = 1 + n + m points of the cube, and classes.

    The origin is in class 1, each unit vector in class 0, and the sum of the three unit vectors of each triple in
    class 1. Two threshold units with an AND on top can be right on all of them just if the triples can be split: the
    points that unit 1 rejects are one side. For if it rejected all three of a triple, wᵀeᵢ + b ≤ 0 with b > 0, then by
    addition also their sum; and a side S is rejected by wᵢ = −1 in S, 2 outside, and b = ½.

    Args:
        triples: Points are counted from 0; leading dimensions are instances.
        num_points: n.

    Raises:
        ValueError: when ``triples`` are not whole numbers ``(…, m, 3)`` below n.

    References:
        Blum and Rivest (1992), Training a 3-node neural network is NP-complete.

    Example:
        >>> x, y = three_unit_examples(torch.tensor([[0, 1, 2]]), 3)
        >>> x.int().tolist(), y.tolist()
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], [1, 0, 0, 0, 1])
    """
    n = integer("num_points", num_points, at_least=3)
    if triples.is_floating_point() or triples.shape[-1:] != (3,) or triples.min() < 0 or triples.max() >= n:
        raise ValueError(f"triples must be whole numbers (…, m, 3) from 0 to {n - 1}, got {tuple(triples.shape)}")
    eye = torch.eye(n, device=triples.device)
    corners = torch.cat([torch.zeros_like(eye[:1]), eye]).expand(*triples.shape[:-2], -1, -1)
    sums = eye[triples].sum(-2)
    classes = torch.ones(1 + n + triples.shape[-2], dtype=torch.int64, device=triples.device)
    classes[1 : n + 1] = 0
    return torch.cat([corners, sums], -2), classes


def exact_three_units(x: Float[Tensor, "N d"], y: Int[Tensor, " N"]) -> ThreeUnitSearch:
    """Weights of two threshold units whose AND is right on every example, or the certainty that there are none.

    Each example of class 0 must be rejected by one of the units, all of class 1 accepted by both. So all ways are tried
    to deal out the M examples of class 0, the first to unit 1: 2ᴹ⁻¹ of them. For each, two linear programs say whether
    a unit can reject its share. The search ends with the first success.

    Args:
        x: Examples; the programs are solved in float64 on the CPU.
        y: Classes 0 and 1; at most 20 examples of class 0, and at least one.

    Raises:
        ValueError: when the shapes or classes are others, or there are too many examples of class 0.

    Example:
        >>> x, y = three_unit_examples(torch.tensor([[0, 1, 2]]), 3)
        >>> search = exact_three_units(x, y)
        >>> both = (x.double() @ search.weight.T + search.bias > 0).all(-1)
        >>> both.int().tolist(), search.num_partitions
        ([1, 0, 0, 0, 1], 2)
    """
    if x.ndim != 2 or y.shape != x.shape[:1] or y.is_floating_point() or ((y != 0) & (y != 1)).any():
        raise ValueError(f"x must be (N, d) and y hold N classes 0 and 1, got {tuple(x.shape)} and {tuple(y.shape)}")
    points = finite("x", x).detach().cpu().double().numpy()
    rows = np.hstack([points, np.ones((len(points), 1))])
    accepted, rejected = rows[y.cpu().numpy() == 1], rows[y.cpu().numpy() == 0]
    count = len(rejected)
    if not 1 <= count <= MOST_NEGATIVES:
        raise ValueError(f"there must be 1 to {MOST_NEGATIVES} examples of class 0, got {count}: 2ᴹ⁻¹ ways are tried")
    programs = 0
    for dealt in range(2 ** (count - 1)):
        to_second = (dealt >> np.arange(count - 1, -1, -1)) & 1 == 1
        units: list[np.ndarray] = []
        for share in (~to_second, to_second):
            programs += 1
            unit = _unit(accepted, rejected[share])
            if unit is None:
                break
            units.append(unit)
        if len(units) == 2:
            found = torch.from_numpy(np.stack(units))
            return ThreeUnitSearch(found[:, :-1], found[:, -1], dealt + 1, programs)
    return ThreeUnitSearch(None, None, 2 ** (count - 1), programs)


def _unit(accepted: np.ndarray, rejected: np.ndarray) -> np.ndarray | None:
    """(w, b) with wᵀx + b ≥ 1 where accepted and ≤ −1 where rejected, if there is one."""
    system = np.vstack([-accepted, rejected])
    solved = linprog(np.zeros(system.shape[1]), system, -np.ones(len(system)), bounds=(None, None), method="highs")
    if solved.status not in (0, 2):  # neither solved nor infeasible
        raise ValueError(f"a linear program failed: {solved.message}; scale the examples to sizes near 1")
    return solved.x if solved.status == 0 else None
