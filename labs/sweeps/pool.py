"""The executor of a sweep, and what is to be done when its workers die."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from typing import Any

from labs.inputs import integer

__all__ = ["MakesExecutor", "Pool", "failure", "processes", "worker_lost"]

MakesExecutor = Callable[[], Executor]

_IN_FLIGHT = 256  # parts handed to an executor at a time
_WORKER_LOST = ("KilledWorker", "CommClosedError", "CancelledError")  # how dask says it, which need not be installed


def processes(num_workers: int | None = None) -> MakesExecutor:
    """A function that makes an executor of fresh processes on this machine, as many as processors unless given."""
    if num_workers is not None:
        integer("num_workers", num_workers)
    # spawn: a forked child would inherit torch's threads in an unknown state
    return lambda: ProcessPoolExecutor(num_workers, mp_context=multiprocessing.get_context("spawn"))


class Pool:
    """The executor in use, replaced when it breaks if we know how to make one."""

    def __init__(self, executor: Executor | MakesExecutor | None) -> None:
        self.capacity = 1 if executor is None else _IN_FLIGHT
        self._make: MakesExecutor | None = None
        if isinstance(executor, Executor):
            self._executor = executor
        elif executor is None or callable(executor):
            self._make = executor or Here
            self._executor = self._make()
        else:
            raise ValueError(f"executor must be an Executor or a function that makes one, got {executor!r}")

    def submit(self, function: Callable, *arguments: Any) -> Future:
        try:
            return self._executor.submit(function, *arguments)
        except BrokenExecutor as error:
            if self._make is None:
                raise RuntimeError(
                    "the executor is broken because its workers were killed (with path= finished parts are kept); "
                    "give a function that makes executors, such as labs.sweeps.processes(2), to have it replaced"
                ) from error
            self._executor.shutdown(wait=False)
            self._executor = self._make()
            return self._executor.submit(function, *arguments)

    def close(self, running: Mapping[Future, int]) -> None:
        """Takes back what has not begun; shuts an executor of our own down."""
        for future in running:
            future.cancel()
        if self._make is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)


class Here(Executor):
    """Computes at once, in this process."""

    def submit(self, fn: Callable, /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def failure(future: Future) -> BaseException | None:
    """What went wrong; being cancelled is one of those things."""
    try:
        return future.exception()
    except BaseException as error:
        return error


def worker_lost(error: BaseException) -> bool:
    """Whether the worker failed rather than the work."""
    return isinstance(error, BrokenExecutor) or type(error).__name__ in _WORKER_LOST
