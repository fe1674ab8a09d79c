"""Which examples each run sees at each step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch

from labs import device

if TYPE_CHECKING:
    from jaxtyping import Int
    from torch import Tensor

__all__ = ["ORDERS", "batches", "indices"]

ORDERS = ("shuffle", "replacement", "sequential")
_DRAWN_AT_ONCE = 64  # batches a generator is asked for at a time: one call costs as much as the numbers it returns


def indices(
    num_examples: int, batch_size: int, order: str, purpose: str, run_ids: Sequence[int]
) -> Iterator[Int[Tensor, "R B"]]:
    """The rows of each run's next minibatch, without end.

    Every run has a random stream of its own, named by ``purpose`` and the run's identity. What a run sees is therefore
    the same whatever stands beside it in the ensemble.

    Args:
        num_examples: N.
        batch_size: B. A pass through shuffled or sequential data ends with the N mod B examples left over.
        order: ``"shuffle"`` (a new permutation for each pass), ``"replacement"`` (independent draws) or
            ``"sequential"`` (rows 0, 1, … as they stand, in every pass).
        purpose: Names the streams.
        run_ids: One integer a run.
    """
    streams = [device.generator(f"{purpose}/run {run}") for run in run_ids]
    while True:
        if order == "replacement":
            shape = (_DRAWN_AT_ONCE, batch_size)
            draws = torch.stack([torch.randint(num_examples, shape, generator=stream) for stream in streams], dim=1)
            yield from draws
        else:
            rows = torch.arange(num_examples).repeat(len(streams), 1)
            if order == "shuffle":
                for row, stream in zip(rows, streams, strict=True):
                    torch.randperm(num_examples, generator=stream, out=row)
            whole = num_examples // batch_size * batch_size
            # all batches of the pass are laid out at once, each in one piece
            yield from rows[:, :whole].unflatten(1, (-1, batch_size)).transpose(0, 1).contiguous()
            if whole < num_examples:
                yield rows[:, whole:].contiguous()


def batches(x: Tensor, y: Tensor, rows: Iterator[Int[Tensor, "R B"]], num_runs: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The minibatches ``x (R, B, …)`` and ``y (R, B, …)`` for the given rows.

    ``x`` and ``y`` are ``(R, N, …)`` or, if shared by the runs, ``(1, N, …)``.
    """
    x_rows, y_rows = (t.flatten(0, 1) for t in (x, y))
    first = torch.arange(num_runs)[:, None] * x.shape[1]
    for index in rows:
        flat = index.reshape(-1).to(x.device)
        own = flat if len(x_rows) == len(y_rows) == x.shape[1] else (index + first).reshape(-1).to(x.device)
        yield (
            _take(x_rows, own if x.shape[0] > 1 else flat, index.shape),
            _take(y_rows, own if y.shape[0] > 1 else flat, index.shape),
        )


def _take(table: Tensor, index: Int[Tensor, " RB"], shape: torch.Size) -> Tensor:
    """Rows of a table; ``index_select`` copies whole rows, several times faster than indexing."""
    return table.index_select(0, index).view(*shape, *table.shape[1:])
