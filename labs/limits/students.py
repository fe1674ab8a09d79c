"""Sums of ReLU units that learn from another such sum, on Gaussian inputs, with the risk in closed form."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["relu_overlaps", "student_gradient", "student_risk"]


def relu_overlaps(a: Float[Tensor, "*runs p d"], b: Float[Tensor, "*runs q d"]) -> Float[Tensor, "*runs p q"]:
    """E[max(0, aᵢ·x) max(0, bⱼ·x)] for x from N(0, I): ‖a‖‖b‖(sin θ + (π − θ) cos θ)/2π, θ the angle between them.

    Raises:
        ValueError: when the last dimensions differ or the tensors are not floating-point.

    References:
        Cho and Saul (2009), Kernel methods for deep learning, n = 1.

    Example:
        >>> import torch
        >>> relu_overlaps(torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 0.0], [-1.0, 0.0]]))
        tensor([[1., 0.]])
    """
    _checked(a, b)
    lengths, cosine, sine, angle = _angles(a, b)
    return lengths * (sine + (math.pi - angle) * cosine) / (2 * math.pi)


def student_risk(student: Float[Tensor, "*runs w d"], teacher: Float[Tensor, "k d"]) -> Float[Tensor, "*runs"]:
    """½ E(Σᵢ max(0, wᵢ·x) − Σⱼ max(0, vⱼ·x))² for x from N(0, I): the risk itself, of each student.

    Where it is near 0 it is a difference of large numbers: in float32 it is off by about 1e-6. It has a gradient
    everywhere, ``student_gradient``; automatic differentiation fails at the angle 0 of each unit with itself.

    Args:
        student: w units wᵢ in d dimensions, any number of students.
        teacher: k units vⱼ, shared by all.

    Raises:
        ValueError: as ``relu_overlaps``.

    References:
        Safran and Shamir (2018), Spurious local minima are common in two-layer ReLU neural networks.

    Example:
        >>> import torch
        >>> student_risk(torch.eye(2), torch.eye(2)).abs().item() < 1e-6
        True
    """
    own, cross, theirs = (
        relu_overlaps(one, other).sum((-1, -2))
        for one, other in ((student, student), (student, teacher), (teacher, teacher))
    )
    return 0.5 * own - cross + 0.5 * theirs


def student_gradient(student: Float[Tensor, "*runs w d"], teacher: Float[Tensor, "k d"]) -> Float[Tensor, "*runs w d"]:
    """The gradient of ``student_risk``: for each unit Σ (‖b‖ sin θ ŵ + (π − θ) b)/2π over the students' units b, less
    the same over the teacher's.

    Raises:
        ValueError: as ``relu_overlaps``.

    Example:
        >>> import torch
        >>> student_gradient(torch.eye(3), torch.eye(3)).abs().max().item() < 1e-6
        True
    """
    _checked(student, teacher)
    return _pull(student, student) - _pull(student, teacher)


def _pull(units: Tensor, others: Tensor) -> Tensor:
    _, _, sine, angle = _angles(units, others)
    direction = units / units.norm(dim=-1, keepdim=True)
    along = (sine * others.norm(dim=-1).unsqueeze(-2)).sum(-1, keepdim=True)
    return (along * direction + (math.pi - angle) @ others) / (2 * math.pi)


def _angles(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """‖aᵢ‖‖bⱼ‖, and cosine, sine and size of the angle between them, (…, p, q) each."""
    lengths = a.norm(dim=-1).unsqueeze(-1) * b.norm(dim=-1).unsqueeze(-2)
    cosine = (a @ b.mT / lengths).clamp(-1, 1)
    return lengths, cosine, (1 - cosine.square()).sqrt(), cosine.acos()


def _checked(a: Tensor, b: Tensor) -> None:
    if not (a.is_floating_point() and b.is_floating_point()) or a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-1]:
        raise ValueError(
            f"units must be floating-point (…, number, d) with the same d, got {tuple(a.shape)} and {tuple(b.shape)}"
        )
