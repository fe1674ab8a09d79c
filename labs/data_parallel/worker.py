"""What each of the processes does: the gradient of its own shard, combined with those of the others by gloo."""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist

from labs import data, device, losses, models

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["NUM_STEPS", "combined_gradient", "compare", "work"]

NUM_STEPS, LEARNING_RATE = 20, 0.5


def combined_gradient(risk: losses.Risk, theta: Float[Tensor, " P"], weight: float) -> Float[Tensor, " P"]:
    """Σ over all processes of weight · ∇J on the process's own shard, the same in each of them."""
    total = weight * risk.grad(theta)  # of this process's shard
    dist.all_reduce(total)  # now of all shards, in every process
    return total


def compare(rank: int, shards: Sequence[int]) -> dict[str, float]:
    """Combined gradients, and steps along them, against those of one process with all examples.

    Equal shards have ``sum(shards) // len(shards)`` examples each.
    """
    world, size = len(shards), sum(shards) // len(shards)
    sample = data.split(data.digits("pixel"), (sum(shards),), device.generator("shards"))[0]
    x, y = (t.cpu() for t in sample)
    model = models.MLP((64, 24, 10), "relu")
    theta = alone = model.init(device.generator("start"), device="cpu")

    def shard(first: int, last: int) -> losses.Risk:
        return losses.Risk(model, x[first:last], y[first:last])

    equal, even = shard(rank * size, (rank + 1) * size), shard(0, world * size)
    mine, whole = shard(sum(shards[:rank]), sum(shards[: rank + 1])), shard(0, sum(shards))
    share = shards[rank] / sum(shards)
    report = {
        "processes": float(world),
        "equal shards, mean": _difference(combined_gradient(equal, theta, 1 / world), even.grad(theta)),
        "unequal shards, mean": _difference(combined_gradient(mine, theta, 1 / world), whole.grad(theta)),
        "unequal shards, weighted": _difference(combined_gradient(mine, theta, share), whole.grad(theta)),
    }
    for _ in range(NUM_STEPS):
        theta = theta - LEARNING_RATE * combined_gradient(mine, theta, share)
        alone = alone - LEARNING_RATE * whole.grad(alone)
    return report | {f"parameters after {NUM_STEPS} steps": _difference(theta, alone)}


def _difference(one: Tensor, other: Tensor) -> float:
    return ((one - other).abs().max() / other.abs().max()).item()


def work(rank: int, folder: Path, time_limit_seconds: float, shards: Sequence[int]) -> None:
    """Joins the others, compares, leaves; the first process writes the report."""
    faulthandler.dump_traceback_later(time_limit_seconds, exit=True)  # rings even inside a call that never returns
    torch.set_num_threads(1)
    limit = timedelta(seconds=time_limit_seconds)
    # Not by init_method: torch does not decode what a file's address writes for a blank or a letter beyond ASCII.
    meeting = dist.FileStore(str(folder / "meeting"), len(shards))
    dist.init_process_group("gloo", store=meeting, rank=rank, world_size=len(shards), timeout=limit)
    try:
        report = compare(rank, shards)
        if rank == 0:
            text = "".join(f"{name} {value:.6g}\n" for name, value in report.items())
            (folder / "report").write_text(text, encoding="utf-8")
        dist.barrier()  # nobody leaves while another one may still need it
    finally:
        dist.destroy_process_group()
        faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    given_rank, given_folder, given_limit, *given_shards = sys.argv[1:]
    work(int(given_rank), Path(given_folder), float(given_limit), [int(size) for size in given_shards])
