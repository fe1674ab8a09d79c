"""One run of a notebook at one seed, cell by cell in a fresh process, and which of its claims held by how much.

The process is forked from one that has imported what every chapter needs, and draws no figure: a run costs what the
chapter's own computation costs. A claim that fails does not keep the next one from being tried.
"""

import ast
import multiprocessing
import os
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from notebooks import CLAIM, code_cells, read, tags

__all__ = ["Checked", "Trial", "trials"]

# Imported once, before the processes of the runs are forked.
WARM = ["torch", "numpy", "scipy.stats", "sklearn.datasets", "matplotlib.pyplot", "ipywidgets", "labs", "trial"]


@dataclass(frozen=True)
class Checked:
    """A claim in one run: its sentence, whether it held, and how far inside its bound it was (negative: outside)."""

    sentence: str
    held: bool
    margin: float | None
    unit: str


@dataclass(frozen=True)
class Trial:
    """What came of a notebook at a seed: its claims in order, other errors, and the seconds that it took."""

    notebook: str
    seed: int
    claims: tuple[Checked, ...] = ()
    errors: tuple[str, ...] = ()
    seconds: float = 0.0


def trials(runs: Sequence[tuple[Path, int]], *, workers: int) -> Iterator[Trial]:
    """Yields the result of each run as it ends, at most ``workers`` of them under way at a time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(WARM)
    with ProcessPoolExecutor(workers, mp_context=context, max_tasks_per_child=1) as pool:
        started = {pool.submit(_run, path, seed): (path, seed) for path, seed in runs}
        try:
            for ended in as_completed(started):
                yield _outcome(ended, *started[ended])
        finally:  # nobody waits for what is under way when the caller stops early
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.kill()


def _outcome(ended: Future[Trial], path: Path, seed: int) -> Trial:
    """The trial, or what ended its process."""
    try:
        return ended.result()
    except Exception as error:
        return Trial(path.stem, seed, errors=(f"{type(error).__name__}: {error}",))


def _run(path: Path, seed: int) -> Trial:
    """Runs the whole notebook in this process, which then ends."""
    os.environ |= {"LABS_SEED": str(seed), "LABS_PROGRESS": ":memory:"}
    os.chdir(path.parent)
    plt.switch_backend("agg")
    warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive")
    shell, start = InteractiveShell.instance(), time.perf_counter()
    claims: list[Checked] = []
    errors: list[str] = []
    for cell in code_cells(read(path)):
        found = list(_cell(shell, cell.source))
        claims += [one for one in found if isinstance(one, Checked)]
        if "raises-exception" not in tags(cell):
            errors += [one for one in found if isinstance(one, str)]
    return Trial(path.stem, seed, tuple(claims), tuple(errors), time.perf_counter() - start)


def _cell(shell: InteractiveShell, source: str) -> Iterator[Checked | str]:
    """Runs a cell and yields its claims and errors; after a failed claim the rest of the cell is run all the same."""
    with capture_output() as captured:
        result = shell.run_cell(source, store_history=True)
        plt.close("all")
    for output in captured.outputs:
        if CLAIM in output.data:
            yield _checked(output.data[CLAIM], held=True)
    error = result.error_before_exec or result.error_in_exec
    if error is None:
        return
    if type(error).__name__ != "ClaimFailed":
        yield f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        return
    yield _checked(error.evidence, held=False)
    if rest := _after(source, error, shell):
        yield from _cell(shell, rest)


def _checked(evidence: dict[str, Any], *, held: bool) -> Checked:
    return Checked(evidence["sentence"], held, evidence.get("margin"), evidence.get("margin_unit", ""))


def _after(source: str, error: BaseException, shell: InteractiveShell) -> str:
    """The statements of a cell behind the one that raised."""
    frames = traceback.walk_tb(error.__traceback__)
    own = [line for frame, line in frames if frame.f_globals is shell.user_ns and frame.f_code.co_name == "<module>"]
    rest = [statement for statement in ast.parse(source).body if own and statement.lineno > own[-1]]
    return "\n".join(source.splitlines()[rest[0].lineno - 1 :]) if rest else ""
