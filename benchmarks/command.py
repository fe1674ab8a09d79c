"""Run the tasks, print the table, store the figures: ``python -m benchmarks --only T1 T4 --dtype float64``."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import torch

import benchmarks.tasks
from benchmarks.measure import Row, fastest_peer, measure, ratios
from benchmarks.record import RESULTS, make_record, store
from benchmarks.task import Task


def all_tasks() -> dict[str, Callable[[torch.dtype], Task]]:
    """What every module in ``benchmarks/tasks`` offers as ``TASKS``: the targets T before G, T2 before T10."""
    names = [module.name for module in pkgutil.iter_modules(benchmarks.tasks.__path__)]
    offered = [importlib.import_module(f"benchmarks.tasks.{name}").TASKS for name in names]
    made = {name: make for tasks in offered for name, make in tasks.items()}
    return {name: made[name] for name in sorted(made, key=lambda name: (not name.startswith("T"), len(name), name))}


def main(arguments: list[str] | None = None, folder: Path = RESULTS) -> None:
    """Runs what ``arguments`` ask for; stopped with Ctrl-C it stores nothing."""
    tasks = all_tasks()
    options = _options(arguments, list(tasks))
    torch.set_num_threads(options.threads)
    measured = []
    try:
        for name in options.only or tasks:
            task = tasks[name](getattr(torch, options.dtype))
            rows = measure(task, options.repeats)
            _show(task, rows)
            measured.append((task, rows))
    except KeyboardInterrupt:
        print("\nStopped; nothing was stored.", file=sys.stderr)
        raise SystemExit(130) from None
    _summarize(measured)
    if not options.dry:
        print(f"\nstored in {_from_here(store(make_record(measured, options), folder))}")


class _Parser(argparse.ArgumentParser):
    """One that says what is wrong in one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def _options(arguments: list[str] | None, tasks: list[str]) -> argparse.Namespace:
    parser = _Parser(prog="python -m benchmarks", description=__doc__, allow_abbrev=False)
    parser.add_argument("--only", nargs="+", metavar="TASK", default=[], help="names such as T1 T4; all by default")
    parser.add_argument("--threads", type=_count, default=2, help="CPU threads of torch (default 2)")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--repeats", type=_count, help="rounds, instead of each task's own number")
    parser.add_argument("--dry", action="store_true", help="store nothing")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.only if name not in tasks]:
        parser.error(f"no task is called {' or '.join(unknown)}: choose from {', '.join(tasks)}")
    options.only = [name for name in tasks if name in options.only]
    return options


def _count(text: str) -> int:
    if not re.fullmatch("0*[1-9][0-9]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def _show(task: Task, rows: list[Row]) -> None:
    print(f"\n{task.name}  {task.title}")
    fastest = rows[0].minimum_seconds
    for row in rows:
        name = f"  {row.contender} {row.version or ''}".ljust(60)
        if row.failure:
            print(f"{name} failed: {row.failure}")
            continue
        times = f"{row.minimum_seconds * 1e3:10.2f} ms minimum {row.median_seconds * 1e3:10.2f} ms median"
        times += f" {row.minimum_seconds / fastest:8.2f}×" if fastest else ""
        print(f"{name} {times}   error {row.error:.1e}{'' if row.right else '  WRONG'}")
    print(f"  → {_verdict(task, rows)}", flush=True)


def _verdict(task: Task, rows: list[Row]) -> str:
    """The task's outcome in words: a ratio below 1 is called slower, a bound that is not reached missed."""
    reached, peer = ratios(rows), fastest_peer(rows)
    if reached is None or peer is None:
        return "no ratio: labs failed or was wrong" if not rows[0].right else "no right peer to compare with"
    speed = reached.of_minima
    said = f"{speed:.2f}× the speed of" if speed >= 1 else f"slower, {speed:.2f}× the speed of"
    bounds = [("at least", task.at_least), ("aim", task.aim)]
    held = "; ".join(f"{name} {bound}×: {'reached' if speed >= bound else 'missed'}" for name, bound in bounds)
    return f"{said} {peer.contender}; {held}"


def _summarize(measured: list[tuple[Task, list[Row]]]) -> None:
    print()
    for task, rows in measured:
        print(f"{task.name:4s} {_verdict(task, rows)}")


def _from_here(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
