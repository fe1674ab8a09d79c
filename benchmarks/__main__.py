"""Run the tasks, print the table, store the figures: ``python -m benchmarks --only T1 T4 --dtype float64``."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

import benchmarks.tasks
from benchmarks.measure import Row, measure, ratio
from benchmarks.task import Task

RESULTS = Path(__file__).parent / "results"


def all_tasks() -> dict[str, Callable[[torch.dtype], Task]]:
    """What every module in ``benchmarks/tasks`` offers as ``TASKS``, by name."""
    names = [module.name for module in pkgutil.iter_modules(benchmarks.tasks.__path__)]
    offered = [importlib.import_module(f"benchmarks.tasks.{name}").TASKS for name in names]
    return dict(sorted((name, make) for tasks in offered for name, make in tasks.items()))


def main() -> None:
    options = _options()
    os.environ.setdefault("TQDM_DISABLE", "1")
    torch.set_num_threads(options.threads)
    measured = []
    for name, make in all_tasks().items():
        if not options.only or name in options.only:
            task = make(getattr(torch, options.dtype))
            rows = measure(task, options.repeats)
            _show(task, rows)
            measured.append((task, rows))
    if not measured:
        sys.exit(f"no task is called {' or '.join(options.only)}")
    if not options.dry:
        print(f"\nstored in {_store(measured, options)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="TASK", default=[], help="names such as T1 T4; all by default")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of torch (default 2)")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--repeats", type=int, help="rounds, instead of each task's own number")
    parser.add_argument("--dry", action="store_true", help="store nothing")
    return parser.parse_args()


def _show(task: Task, rows: list[Row]) -> None:
    print(f"\n{task.name}  {task.title}")
    fastest = rows[0].minimum_seconds
    for row in rows:
        name = f"  {row.contender} {row.version or ''}".ljust(46)
        if row.failure:
            print(f"{name} failed: {row.failure}")
            continue
        times = f"{row.minimum_seconds * 1e3:10.2f} ms minimum {row.median_seconds * 1e3:10.2f} ms median"
        times += f" {row.minimum_seconds / fastest:8.2f}×" if fastest else ""
        print(f"{name} {times}   error {row.error:.1e}{'' if row.right else '  WRONG'}")
    reached = ratio(rows)
    said = "no right peer to compare with" if reached is None else f"{reached:.2f}× the fastest right peer"
    print(f"  → {said}; at least {task.at_least}×, aim {task.aim}×", flush=True)


def _store(measured: list[tuple[Task, list[Row]]], options: argparse.Namespace) -> Path:
    """One file a run, named by its date and device; written at the end, in one piece."""
    now = datetime.now(UTC)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    record = {"date": now.isoformat(timespec="seconds"), "device": device, "machine": _machine(), **_versions()}
    record |= {"threads": options.threads, "dtype": options.dtype, "tasks": [_task_record(*pair) for pair in measured]}
    path = RESULTS / f"{now:%Y-%m-%d-%H%M%S}-{device.lower().replace(' ', '-')}-{options.dtype}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _task_record(task: Task, rows: list[Row]) -> dict[str, Any]:
    described = {"name": task.name, "title": task.title, "at_least": task.at_least, "aim": task.aim}
    return {**described, "reached": ratio(rows), "rows": [row.as_dict() for row in rows]}


def _versions() -> dict[str, str]:
    return {"torch": torch.__version__, "python": platform.python_version()}


def _machine() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{model}, {platform.system()}"


if __name__ == "__main__":
    main()
