"""Starts the processes, waits for them, ends them. It loads nothing heavy: they are the ones that need PyTorch."""

from __future__ import annotations

import argparse
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["TIME_LIMIT_SECONDS", "launch", "main"]

TIME_LIMIT_SECONDS = 120.0


def launch(shards: Sequence[int] = (96, 32), *, time_limit_seconds: float = TIME_LIMIT_SECONDS) -> dict[str, float]:
    """Starts one process a shard, waits for them, and returns what the first one reports.

    Args:
        shards: Examples of each process.
        time_limit_seconds: After this, all processes are ended.

    Returns:
        What was compared → the largest difference; see ``labs.data_parallel.worker.compare``.

    Raises:
        ValueError: for fewer than two shards or an empty one, or a time limit that is not positive.
        TimeoutError: when the processes have not finished in time.
        RuntimeError: when one of them fails, with the last line it wrote.
    """
    if len(shards) < 2 or min(shards) < 1:
        raise ValueError(f"shards must be the sizes of two shards or more, each at least 1, got {list(shards)}")
    if not 0 < time_limit_seconds < math.inf:
        raise ValueError(f"the time limit must be a positive number of seconds, got {time_limit_seconds}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, workers = Path(name), []
        try:
            for rank in range(len(shards)):
                workers.append(_start(rank, shards, folder, time_limit_seconds))
            _wait(workers, folder, time_limit_seconds)
        finally:
            for worker in workers:
                worker.kill()  # does nothing to one that has ended
                worker.wait()
        lines = (folder / "report").read_text("utf-8").splitlines()
    return {name: float(value) for name, value in (line.rsplit(maxsplit=1) for line in lines)}


def _start(rank: int, shards: Sequence[int], folder: Path, time_limit_seconds: float) -> subprocess.Popen:
    command = [sys.executable, "-m", "labs.data_parallel.worker", str(rank), str(folder), str(time_limit_seconds)]
    with (folder / f"said by {rank}").open("wb") as said:
        return subprocess.Popen([*command, *map(str, shards)], stdout=said, stderr=said, env=_environment())


def _environment() -> dict[str, str]:
    """This process's environment, with gloo bound to the machine itself: a host name need not resolve to an address."""
    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), None)
    found = {} if loopback is None else {"GLOO_SOCKET_IFNAME": loopback}
    return {"OMP_NUM_THREADS": "1"} | found | os.environ


def _wait(workers: list[subprocess.Popen], folder: Path, time_limit_seconds: float) -> None:
    """Returns when all have ended well; raises as soon as one has failed, or when the time is over."""
    deadline = time.monotonic() + time_limit_seconds
    while (codes := [worker.poll() for worker in workers]) != [0] * len(workers):
        for rank, code in enumerate(codes):
            if code not in (None, 0):
                said = (folder / f"said by {rank}").read_text("utf-8", "replace").strip().splitlines()
                raise RuntimeError(f"process {rank} failed with exit status {code}: {said[-1] if said else 'no word'}")
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"the {len(workers)} processes did not finish within {time_limit_seconds:g} s and were ended; "
                f"on a busy machine give them longer, such as --time-limit {10 * time_limit_seconds:g}"
            )
        time.sleep(0.02)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m labs.data_parallel",
        description="Compares the gradient that several processes share with that of one.",
    )
    parser.add_argument("--shards", nargs="+", type=int, default=[96, 32], help="examples of each process")
    parser.add_argument("--time-limit", type=float, default=TIME_LIMIT_SECONDS, help="in seconds")
    options = parser.parse_args(arguments)
    try:
        report = launch(options.shards, time_limit_seconds=options.time_limit)
    except (ValueError, RuntimeError, TimeoutError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    for name, value in report.items():
        print(name, f"{value:.2g}")
    return 0
