"""The linear autoencoder: a risk that is not convex, all of whose critical points are known."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import torch

from labs.critical_points.classification import square
from labs.inputs import integer

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = ["AutoencoderPoints", "autoencoder_points"]

MAX_POINTS = 2**16


class AutoencoderPoints(NamedTuple):
    """The critical points of a linear autoencoder, one for each choice of at most p eigenvectors.

    ``subsets`` has for each the numbers of its eigenvectors, 0 for that of the largest eigenvalue; ``theta`` is
    ``(K, P)`` for ``labs.models.MLP((n, p, n), "linear", bias=False)``; ``losses`` and ``indices`` are ``(K,)``.
    """

    subsets: tuple[tuple[int, ...], ...]
    theta: Float[Tensor, "K P"]
    losses: Float[Tensor, " K"]
    indices: Int[Tensor, " K"]


def autoencoder_points(covariance: Float[Tensor, "n n"], num_units: int) -> AutoencoderPoints:
    """All critical points of ½E‖x − ABx‖², up to A → AC, B → C⁻¹B, with their losses and indices in closed form.

    At each, AB projects onto the span of some r ≤ p eigenvectors uᵢ of Σ = E[xxᵀ], i ∈ I. The loss is half the sum of
    the left-out eigenvalues. A way down turns a chosen uᵢ towards a left-out uⱼ with a larger eigenvalue; and where
    units are free, each of the p − r can take up any of the n − r left-out directions:
    index = #{(i, j): i ∈ I, j ∉ I, λⱼ > λᵢ} + (p − r)(n − r).
    It is 0 for the first p eigenvectors alone: no bad minima, many saddles. The points given have A = (uᵢ…, 0) and
    B = Aᵀ.

    Args:
        covariance: Σ, ``(n, n)``, with distinct positive eigenvalues.
        num_units: p < n.

    Returns:
        The points, the smallest subsets first.

    Raises:
        ValueError: when Σ is not symmetric with distinct positive eigenvalues, p is not from 1 to n − 1, or there are
            more than 65 536 points.

    References:
        Baldi and Hornik (1989), Neural networks and principal component analysis: learning from examples without local
        minima; for fewer than p eigenvectors the index follows from the Hessian at free units.

    Example:
        >>> points = autoencoder_points(torch.diag(torch.tensor([3.0, 2.0, 1.0])), 1)
        >>> points.subsets, points.losses, points.indices
        (((), (0,), (1,), (2,)), tensor([3.0000, 1.5000, 2.0000, 2.5000]), tensor([3, 0, 1, 2]))
    """
    values, vectors = (part.flip(-1) for part in torch.linalg.eigh(square("covariance", covariance)))
    n, smallest = len(values), float(values[-1])
    gap = float((values[:-1] - values[1:]).min()) if n > 1 else 0.0
    rounding = 100 * torch.finfo(values.dtype).eps * float(values[0])
    if covariance.ndim != 2 or smallest <= rounding or gap <= rounding:
        raise ValueError(
            f"covariance must be (n, n) with distinct positive eigenvalues, got {values.tolist()}; "
            "drop constant or repeated features, or add a little noise"
        )
    if not integer("num_units", num_units) < n:
        raise ValueError(f"num_units must be below n = {n}, got {num_units}: with n units nothing is left out")
    if (count := sum(math.comb(n, r) for r in range(num_units + 1))) > MAX_POINTS:
        raise ValueError(f"{count} points are more than {MAX_POINTS}; take a smaller n or p")
    subsets = tuple(chosen for r in range(num_units + 1) for chosen in combinations(range(n), r))
    member = torch.zeros(len(subsets), n, dtype=values.dtype)
    decoder = torch.zeros(len(subsets), n, num_units, dtype=values.dtype, device=values.device)
    for k, chosen in enumerate(subsets):
        member[k, list(chosen)] = 1
        decoder[k, :, : len(chosen)] = vectors[:, list(chosen)]
    theta = torch.cat((decoder.mT.flatten(-2), decoder.flatten(-2)), -1)
    return AutoencoderPoints(subsets, theta, 0.5 * (1 - member).to(values) @ values, _index(member, num_units))


def _index(member: Tensor, num_units: int) -> Tensor:
    """Inverted pairs and free units, from which eigenvectors belong to each subset, ``(K, n)``."""
    left_out_before = (1 - member).cumsum(-1)  # eigenvalues fall, so these are the larger ones
    pairs = (member * left_out_before).sum(-1)
    size = member.sum(-1)
    return (pairs + (num_units - size) * (member.shape[-1] - size)).long()
