"""One computation for many runs or examples at once, for any model: together where torch can, else one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["FirstThatWorks", "one_by_one", "taken_apart"]


class FirstThatWorks:
    """The first of several ways to compute the same that torch can go.

    ``torch.func.vmap`` refuses models whose course depends on their numbers, writing into tensors that it has not
    batched, and some operators. A way that ends in a RuntimeError is left for good; what the last one raises is raised.

    Example:
        >>> def refused(x):
        ...     raise RuntimeError("no batching rule")
        >>> FirstThatWorks(refused, lambda x: x + 1)(1)
        2
    """

    def __init__(self, *ways: Callable) -> None:
        self._ways = list(ways)

    def __call__(self, *arguments: Any) -> Any:
        while len(self._ways) > 1:
            try:
                return self._ways[0](*arguments)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError:
                del self._ways[0]
        return self._ways[0](*arguments)


def taken_apart(fn: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The same function, every operator in the parts it has when it is differentiated by its first argument.

    Some operators, such as those of ``torch.nn.RNN`` and ``torch.nn.GRU``, can be batched only so.
    """
    return lambda first, *rest: torch.func.vjp(lambda first: fn(first, *rest), first)[0]


def one_by_one(fn: Callable[..., Tensor], in_dims: tuple[int | None, ...]) -> Callable[..., Tensor]:
    """``vmap(fn, in_dims)`` by a loop, for tensors batched along their first dimension (0) or not at all (None).

    Example:
        >>> one_by_one(lambda x, y: x * y, (0, None))(torch.tensor([1.0, 2.0]), torch.tensor(3.0))
        tensor([3., 6.])
    """

    def over_all(*tensors: Tensor) -> Tensor:
        count = next(len(t) for t, dim in zip(tensors, in_dims, strict=True) if dim == 0)
        columns = [t if dim == 0 else [t] * count for t, dim in zip(tensors, in_dims, strict=True)]
        return torch.stack([fn(*row) for row in zip(*columns, strict=True)])

    return over_all
