"""Runs several notebooks side by side, each in a kernel of its own, with one progress bar over all their cells."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from notebooks import code_cells
from tqdm import tqdm

CELL_TIMEOUT_SECONDS = 600


def kernel_environment(*, seed: int | None = None) -> dict[str, str]:
    """The environment a notebook is run in: the course's own seed or one beside it, the reader's progress kept out."""
    own = {"LABS_PROGRESS": ":memory:"} | ({} if seed is None else {"LABS_SEED": str(seed)})
    return {name: value for name, value in os.environ.items() if name != "LABS_SEED"} | own


@dataclass(frozen=True)
class Job:
    """A notebook to run as if it lay at `path`, the environment of its kernel, and where its kernel is if not here."""

    path: Path
    notebook: NotebookNode
    environment: Mapping[str, str]
    go_on_after_errors: bool = False
    kernels: Path | None = None  # a folder that has the kernel "python3"


@dataclass(frozen=True)
class Outcome:
    """What came of a job, whose notebook has its outputs now: what stopped it, empty where nothing did."""

    job: Job
    error: str = ""


async def run(job: Job, on_cell: Callable[..., object]) -> Outcome:
    """Runs the notebook in place, and calls `on_cell` after each of its cells."""
    client = NotebookClient(
        job.notebook,
        timeout=CELL_TIMEOUT_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(job.path.parent)}},
        allow_errors=job.go_on_after_errors,
        extra_arguments=["--log-level=ERROR"],
        record_timing=False,
        store_widget_state=False,
        on_cell_executed=lambda **_: on_cell(),
    )
    if job.kernels:
        client.create_kernel_manager().kernel_spec_manager = KernelSpecManager(kernel_dirs=[str(job.kernels)])
    try:
        await client.async_execute(env=dict(job.environment))
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        return Outcome(job, str(error))
    return Outcome(job)


def leave_interrupts_alone() -> None:
    """Each client would take Ctrl-C for itself and end its own kernel only; asyncio.run ends all of them."""
    asyncio.get_running_loop().add_signal_handler = lambda *_: None  # type: ignore[method-assign]


async def outcomes(jobs: Sequence[Job], *, workers: int) -> AsyncIterator[Outcome]:
    """Yields the outcome of each job as it ends, at most `workers` of them under way at a time."""
    leave_interrupts_alone()
    room = asyncio.Semaphore(workers)
    with tqdm(total=sum(len(code_cells(job.notebook)) for job in jobs), unit="cell", desc="Running") as bar:

        async def one(job: Job) -> Outcome:
            async with room:
                return await run(job, bar.update)

        tasks = [asyncio.create_task(one(job)) for job in jobs]
        try:
            for task in asyncio.as_completed(tasks):
                yield await task
        finally:
            for unfinished in tasks:
                unfinished.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
