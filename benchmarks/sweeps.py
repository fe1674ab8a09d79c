"""How the cost of a sweep grows with runs and workers: ``python -m benchmarks sweeps --runs 32 128 --repeats 3``.

The sweep trains MLPs 64-32-10 on the digits for five passes, each with a learning rate and a seed of its own, in
ensembles of 32. It is timed whole: the start and the end of an executor count. The numbers must be the same to the bit.

The record is stored in ``benchmarks/results``, a file ``sweeps-….json`` with these fields:

* ``date``, ``device``, ``machine`` and ``versions``, as for the other benchmarks;
* ``experiment``: what one run does, in words; ``ensemble_size``: most runs in a part; ``repeats``: sweeps timed;
* ``sweeps``: a list of measurements, each with ``executor`` (``"this process"``, ``"processes"``, ``"Dask"``),
  ``workers``, ``runs``, ``minimum_seconds`` and ``median_seconds``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor

from benchmarks.record import RESULTS, environment, store
from benchmarks.work import reference_risk
from labs.device import generator
from labs.models import MLP
from labs.sweeps import processes, sweep
from labs.training import train

__all__ = ["experiment", "main", "measured"]

SIZES, BATCH, PASSES, ENSEMBLE_SIZE = (64, 32, 10), 32, 5, 32
RATES = (0.05, 0.1, 0.2, 0.4)
EXPERIMENT = f"an MLP {'-'.join(map(str, SIZES))} on the digits, {PASSES} passes in minibatches of {BATCH}"

Start = Callable[[], AbstractContextManager[Any]]


def experiment(learning_rate: Sequence[float], seed: Sequence[int]) -> dict[str, Tensor]:
    """The last minibatch loss and ‖θ‖ of each run after its passes through the digits."""
    model, risk = MLP(SIZES), reference_risk(SIZES)
    theta = torch.stack([model.init(generator(f"sweeps/{s}"), device="cpu") for s in seed])
    steps = PASSES * -(-len(risk.x) // BATCH)
    trace = train(
        model, theta, (risk.x, risk.y), learning_rate=torch.tensor(learning_rate), batch_size=BATCH, num_steps=steps,
        record_every=[steps], purpose="sweeps", run_ids=seed,
    )  # fmt: skip
    return {"loss": trace["loss"][-1], "norm": trace.theta.norm(dim=-1)}


@contextmanager
def _dask(workers: int) -> Iterator[Any]:
    """Worker processes on this machine, of one thread each, and the executor of a client that is connected to them.

    Dask has its workers give memory back at once (``MALLOC_TRIM_THRESHOLD_``), which makes them slower, and leaves that
    in the environment: it is taken out again, so that it slows nobody else.
    """
    from distributed import Client, LocalCluster

    with (
        patch.dict(os.environ),
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client.get_executor()


def executors(workers: Sequence[int]) -> dict[tuple[str, int], Start]:
    """What a sweep can run on here, by name and number of workers; Dask only where it is installed."""
    offered: dict[tuple[str, int], Start] = {("this process", 1): lambda: nullcontext(None)}
    for count in workers:
        offered["processes", count] = lambda count=count: nullcontext(processes(count))
    if find_spec("distributed"):
        for count in workers:
            offered["Dask", count] = lambda count=count: _dask(count)
    return offered


def _seconds(start: Start, runs: int) -> tuple[float, dict[str, Tensor]]:
    axes = {"learning_rate": RATES, "seed": range(runs // len(RATES))}
    begin = time.perf_counter()
    with start() as executor:
        values = sweep(experiment, axes, ensemble_size=ENSEMBLE_SIZE, executor=executor).values
    return time.perf_counter() - begin, values


def measured(runs: Sequence[int], workers: Sequence[int], repeats: int) -> list[dict[str, Any]]:
    """Wall times of whole sweeps, the executors taken in turn.

    Raises:
        ValueError: when an executor gives other numbers than this process.
    """
    offered, points = executors(workers), []
    for number in runs:
        times: dict[tuple[str, int], list[float]] = {name: [] for name in offered}
        expected: dict[str, Tensor] | None = None
        for _ in range(repeats):
            for name, start in offered.items():
                seconds, values = _seconds(start, number)
                expected = expected or values
                if not all(torch.equal(values[key], expected[key]) for key in expected):
                    raise ValueError(f"{name[0]} with {name[1]} workers gave other numbers for {number} runs")
                times[name].append(seconds)
        for (executor, count), seconds_taken in times.items():
            points.append(_point(executor, count, number, seconds_taken))
            print("{executor:>14}, {workers} workers, {runs:6} runs: {minimum_seconds:8.2f} s".format(**points[-1]))
    return points


def _point(executor: str, workers: int, runs: int, seconds: list[float]) -> dict[str, Any]:
    minimum, median = (round(function(seconds), 4) for function in (min, statistics.median))
    return {
        "executor": executor, "workers": workers, "runs": runs, "minimum_seconds": minimum, "median_seconds": median
    }  # fmt: skip


def main(arguments: list[str], folder: Path = RESULTS) -> None:
    """Measures what ``arguments`` ask for and stores it; stopped with Ctrl-C it stores nothing."""
    options = _options(arguments)
    try:
        points = measured(options.runs, options.workers, options.repeats)
    except KeyboardInterrupt:
        print("\nStopped; nothing was stored.", file=sys.stderr)
        raise SystemExit(130) from None
    described = {"experiment": EXPERIMENT, "ensemble_size": ENSEMBLE_SIZE, "repeats": options.repeats}
    record = {**environment({"distributed"}), **described, "sweeps": points}
    path = store(record, folder, f"sweeps-cpu-{record['date'][:10]}.json")
    print(f"\nstored as {path.name}")


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks sweeps", allow_abbrev=False)
    runs = f"sizes of the sweep, multiples of {len(RATES)}"
    parser.add_argument("--runs", type=int, nargs="+", default=[32, 128, 512, 2048], help=runs)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="numbers of workers")
    parser.add_argument("--repeats", type=int, default=3, help="sweeps a measurement")
    options = parser.parse_args(arguments)
    if wrong := [n for n in options.runs if n < 1 or n % len(RATES)]:
        parser.error(f"--runs: {wrong[0]} is not a positive multiple of {len(RATES)}, the number of learning rates")
    if min(options.workers) < 1 or options.repeats < 1:
        parser.error("--workers and --repeats are numbers from 1")
    return options
