"""A sweep from start to end: what is on disk is read, what is missing is computed, what is lost is computed again."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import TYPE_CHECKING, Any

from labs.bars import tqdm
from labs.device import BASE_SEED, course_seed
from labs.inputs import integer
from labs.sweeps.grid import Grid, Part
from labs.sweeps.pool import MakesExecutor, Pool, failure, worker_lost
from labs.sweeps.results import Results, assemble
from labs.sweeps.store import Store
from labs.sweeps.work import compute, one_thread, unpack

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["sweep"]

Experiment = Callable[..., Mapping[str, Any]]


def sweep(
    experiment: Experiment,
    axes: Mapping[str, Sequence] | Grid,
    *,
    fixed: Sequence[str] = (),
    ensemble_size: int = 128,
    executor: Executor | MakesExecutor | None = None,
    path: str | os.PathLike | None = None,
    retries: int = 3,
) -> Results:
    """The values of ``experiment`` on a whole grid, computed ensemble by ensemble wherever the executor has room.

    Each part is computed with one thread, since sums that are divided among threads differ in their last bits; workers
    are what makes a sweep parallel. The result is then the same to the bit on every executor of the same kind of
    machine.

    Args:
        experiment: ``experiment(**settings) -> {name: values (R, …)}`` trains one ensemble of R runs. Settings named in
            ``fixed`` come as one value, all others as a tuple with one value a run. Processes must be able to import
            it (Dask can also send functions that were defined in a notebook). Random streams should be named by a
            run's own settings, as ``run_ids=seed`` in ``labs.training.train``.
        axes: Values by name; all their combinations are run.
        fixed: Axes with one value an ensemble.
        ensemble_size: Most runs in an ensemble.
        executor: Any executor; or a function that makes one, such as ``processes(4)``, which can then be replaced when
            its workers are killed and is shut down at the end; ``None`` computes here.
        path: Folder for finished parts. A sweep that was broken off goes on from them.
        retries: How often a part may lose its worker.

    Raises:
        ValueError: for an empty axis, an unknown one, or values that do not have one entry a run.
        RuntimeError: when a part lost its worker more than ``retries`` times.

    Example:
        >>> import torch
        >>> def experiment(width, learning_rate):
        ...     return {"product": torch.tensor([width * rate for rate in learning_rate])}
        >>> results = sweep(experiment, {"width": (1, 2), "learning_rate": (0.5, 1.0, 1.5)}, fixed=("width",))
        >>> results["product"]
        tensor([[0.5000, 1.0000, 1.5000],
                [1.0000, 2.0000, 3.0000]])
    """
    integer("retries", retries, at_least=0)
    grid = axes if isinstance(axes, Grid) else Grid(axes)
    parts, store = grid.parts(fixed, ensemble_size), Store(path, experiment)
    done = {index: values for index, part in enumerate(parts) if (values := store.load(part)) is not None}
    with one_thread(), tqdm(total=grid.num_runs, desc="sweep", unit="run", leave=False, delay=1) as bar:
        bar.update(sum(parts[index].num_runs for index in done))
        left = {index: part for index, part in enumerate(parts) if index not in done}
        for index, values in _computed(experiment, left, executor, retries):
            store.save(parts[index], values)
            done[index] = values
            bar.update(parts[index].num_runs)
    return assemble(grid, parts, [done[index] for index in range(len(parts))])


def _computed(
    experiment: Experiment, parts: dict[int, Part], executor: Executor | MakesExecutor | None, retries: int
) -> Iterator[tuple[int, dict[str, Tensor]]]:
    """The values of each part, as they come. A part whose worker dies is submitted again."""
    waiting, losses = deque(parts), Counter[int]()
    running: dict[Future, int] = {}
    pool = Pool(executor)
    try:
        while waiting or running:
            while waiting and len(running) < pool.capacity:
                index = waiting.popleft()
                running[pool.submit(compute, experiment, parts[index], course_seed() - BASE_SEED)] = index
            finished = wait(running, return_when=FIRST_COMPLETED).done
            for future in sorted(finished, key=lambda future: failure(future) is not None):  # first what is to be kept
                index = running.pop(future)
                error = failure(future)
                if error is None:
                    yield index, unpack(future.result())
                    continue
                if not worker_lost(error):
                    error.add_note(f"in the part {parts[index]} of the sweep")
                    raise error
                losses[index] += 1
                if losses[index] > retries:
                    raise RuntimeError(
                        f"the part {parts[index]} lost its worker {losses[index]} times, perhaps for want of memory; "
                        "finished parts are kept if path= is given; try a smaller ensemble_size"
                    ) from error
                waiting.appendleft(index)
    finally:
        pool.close(running)
