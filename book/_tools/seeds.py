"""Runs the notebooks at ten seeds and tells which claim fails at which: `python book/_tools/seeds.py NOTEBOOK …`.

The notebooks themselves stay untouched. A claim that holds for one lucky seed only is wrong as it stands in the text.
"""

import argparse
import asyncio
import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from execution import Job, Outcome, kernel_environment, outcomes
from nbformat import NotebookNode
from notebooks import CLAIM, chapters, code_cells, named, read, tags

# Which seeds something failed at, by the notebook's name and the words of what failed.
Failures = Mapping[tuple[str, str], set[int]]


def failures_of(notebook: NotebookNode) -> list[str]:
    """What failed in a notebook that was run to its end in spite of errors: the claims' sentences, other errors."""
    errors = [
        output
        for cell in code_cells(notebook)
        if "raises-exception" not in tags(cell)
        for output in cell.outputs
        if output.output_type == "error"
    ]
    return [
        error.evalue.split(": measured")[0] if error.ename == "ClaimFailed" else f"{error.ename}: {error.evalue}"
        for error in errors
    ]


def claims_of(notebook: NotebookNode) -> int:
    """How many claims held."""
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    return sum(CLAIM in output.get("data", {}) for output in outputs)


def table(failures: Failures, seeds: Sequence[int]) -> str:
    """One line for each claim that failed somewhere, one column for each seed."""
    lines = ["  ".join(f"{seed}" for seed in seeds) + "  what fails"]
    for (name, words), failed in sorted(failures.items()):
        marks = "  ".join(("✗" if seed in failed else "·").rjust(len(str(seed))) for seed in seeds)
        lines.append(f"{marks}  {name}: {words}")
    return "\n".join(lines)


async def collect(jobs: Sequence[Job], *, workers: int) -> tuple[int, Failures]:
    """How many claims held in all runs together, and what failed where."""
    held, failures = 0, defaultdict(set)
    async for outcome in outcomes(jobs, workers=workers):
        held += claims_of(outcome.job.notebook)
        for words in _all_failures(outcome):
            failures[outcome.job.path.stem, words].add(int(outcome.job.environment["LABS_SEED"]))
    return held, failures


def _all_failures(outcome: Outcome) -> list[str]:
    """Failed cells, and what stopped the run itself, such as a cell that took too long."""
    return failures_of(outcome.job.notebook) + outcome.error.splitlines()[:1]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="all chapters where none is named")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="notebooks run at a time")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)), help="values of LABS_SEED")
    options = parser.parse_args(arguments)
    jobs = [
        Job(path, read(path), kernel_environment(seed=seed), go_on_after_errors=True)
        for path in named(options.notebooks) or chapters()
        for seed in options.seeds
    ]
    held, failures = asyncio.run(collect(jobs, workers=max(1, options.jobs)))
    if failures:
        print(table(failures, options.seeds))
        return 1
    print(f"All claims hold at every seed: {held} checks in {len(jobs)} runs.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
