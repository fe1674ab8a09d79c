"""Runs notebooks again, in place: `python book/_tools/refresh.py [--jobs N] [--changed] NOTEBOOK …`.

A notebook that runs through is written at once and whole; one that fails, or is stopped with Ctrl-C, stays as it was.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import checks
import figures
from execution import Job, kernel_environment, outcomes
from notebooks import everything, is_current, named, place_kernel, place_setup, read, seal, write
from tqdm import tqdm


async def refresh(jobs: Sequence[Job], *, workers: int) -> int:
    """Runs the notebooks and writes those that run through; returns how many did not."""
    failures = 0
    async for outcome in outcomes(jobs, workers=workers):
        if outcome.error:
            failures += 1
            tqdm.write(f"{outcome.job.path}: not refreshed.\n{outcome.error}", file=sys.stderr)
        else:
            seal(outcome.job.notebook)
            write(outcome.job.notebook, outcome.job.path)
    return failures


def prepare(path: Path) -> Job:
    """The notebook, its set-up cell, folded checks and numbers of figures as they should be.

    It is to be run for the course's own seed, whatever LABS_SEED is here.
    """
    notebook = read(path)
    place_setup(notebook)
    place_kernel(notebook)
    checks.mark(notebook)
    figures.place_numbers(notebook, path)
    return Job(path, notebook, kernel_environment())


def _is_ready(job: Job) -> bool:
    """Whether a notebook need not be run; what its text or marks lack is stored at once."""
    if not is_current(job.notebook):
        return False
    if job.notebook != read(job.path):
        write(job.notebook, job.path)
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="all of them where none is named")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="notebooks run at a time")
    parser.add_argument("--changed", action="store_true", help="only those whose code changed since they were run")
    options = parser.parse_args(arguments)
    jobs = [prepare(path) for path in named(options.notebooks) or everything()]
    if options.changed:
        jobs = [job for job in jobs if not _is_ready(job)]
    try:
        failures = asyncio.run(refresh(jobs, workers=max(1, options.jobs)))
    except KeyboardInterrupt:
        print("\nStopped: the notebooks that had not run through are as they were.", file=sys.stderr)
        return 130
    print(f"{len(jobs) - failures} of {len(jobs)} notebooks refreshed.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
