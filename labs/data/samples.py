"""A sample of inputs and targets, its splits, and noise in its labels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

import torch

from labs.inputs import integer, number

if TYPE_CHECKING:
    from jaxtyping import Int
    from torch import Tensor

__all__ = ["Dataset", "split", "with_label_noise"]


class Dataset(NamedTuple):
    """Inputs and targets of N examples, or of R samples of N examples, one for each run of an ensemble.

    Attributes:
        x: Inputs, ``(N, d)`` or ``(R, N, d)``.
        y: Targets, class numbers ``(N,)`` or ``(R, N)``, or vectors ``(N, C)`` or ``(R, N, C)``.
    """

    x: Tensor
    y: Tensor


def split(
    dataset: Dataset, sizes: Sequence[int], generator: torch.Generator, num_runs: int | None = None
) -> tuple[Dataset, ...]:
    """Disjoint random samples of the given sizes, drawn without replacement; examples left over are not used.

    Args:
        dataset: N examples, ``x`` of shape ``(N, d)``.
        sizes: Examples a part, e.g. ``(200, 300)`` for training and validation; their sum is at most N.
        generator: Source of the order, e.g. ``labs.device.generator("split")``.
        num_runs: R to draw an independent split for each of R runs: parts are then ``(R, size, d)``.

    Raises:
        ValueError: when x and y differ in length, a size is not a positive integer, or their sum exceeds N.

    Example:
        >>> data = Dataset(torch.arange(6.0).unsqueeze(-1), torch.arange(6))
        >>> [len(part.y) for part in split(data, (3, 2), torch.Generator().manual_seed(0))]
        [3, 2]
    """
    x, y = dataset
    if x.ndim < 2 or len(x) != len(y):
        raise ValueError(f"x and y must be (N, d) and (N, …), got {tuple(x.shape)} and {tuple(y.shape)}")
    ends = (0, *accumulate(integer("sizes", size) for size in sizes))
    if len(ends) < 2 or ends[-1] > len(x):
        raise ValueError(f"sizes {tuple(sizes)} need {ends[-1]} of {len(x)} examples; give one or more, smaller sizes")
    lead = () if num_runs is None else (integer("num_runs", num_runs),)
    order = torch.rand(*lead, len(x), generator=generator, dtype=torch.float64).argsort(-1).to(x.device)
    return tuple(Dataset(x[order[..., a:b]], y[order[..., a:b]]) for a, b in pairwise(ends))


def with_label_noise(
    y: Int[Tensor, "*runs N"], share: float, num_classes: int, generator: torch.Generator
) -> Int[Tensor, "*runs N"]:
    """A copy of ``y`` in which exactly round(share · N) labels of each run are wrong.

    Each of them is replaced by one of the other C − 1 classes, all equally likely. (Labels that carry no information at
    all, as in Zhang et al. 2017, are ``torch.randint(C, y.shape)`` instead: one in C of those is right by chance.)

    Args:
        y: Class numbers from 0 to C − 1.
        share: From 0 to 1.
        num_classes: C, at least 2.
        generator: Source of the noise, e.g. ``labs.device.generator("label noise")``.

    Raises:
        ValueError: when ``y`` is not integer or out of range, ``share`` outside [0, 1], or C below 2.

    Example:
        >>> y = torch.zeros(10, dtype=torch.int64)
        >>> int((with_label_noise(y, 0.3, 10, torch.Generator().manual_seed(0)) != y).sum())
        3
    """
    share, num_classes = number("share", share, at_least=0, at_most=1), integer("num_classes", num_classes, at_least=2)
    if y.dtype != torch.int64:
        raise ValueError(f"y must hold class numbers as int64, got {y.dtype}; convert it with y.long()")
    if y.numel() == 0 or y.min() < 0 or y.max() >= num_classes:
        raise ValueError(f"y must hold class numbers from 0 to {num_classes - 1}, got {y.unique().tolist()}")
    rank = torch.rand(y.shape, generator=generator, dtype=torch.float64).argsort(-1).argsort(-1)
    shift = torch.randint(1, num_classes, y.shape, generator=generator)
    shift = torch.where(rank < round(share * y.shape[-1]), shift, 0)
    return (y + shift.to(y.device)) % num_classes
