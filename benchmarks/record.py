"""The record of a run as JSON: what it holds, what its file is called, and how it gets onto the disk whole."""

from __future__ import annotations

import json
import math
import os
import platform
import re
import tempfile
from argparse import Namespace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from benchmarks.measure import Row, fastest_peer, ratios
from benchmarks.task import Task
from benchmarks.work import reference_risk

__all__ = ["RESULTS", "environment", "file_name", "make_record", "store"]

RESULTS = Path(__file__).parent / "results"
DIGITS = 4


def make_record(measured: list[tuple[Task, list[Row]]], options: Namespace) -> dict[str, Any]:
    """What is stored of a run: when, on what, with which versions, and each task with each of its contenders."""
    packages = {c.package for task, _ in measured for c in task.contenders if c.package} | {"numpy", "scipy"}
    return {
        **environment(packages),
        "threads": options.threads,
        "dtype": options.dtype,
        "only": options.only,
        "repeats": options.repeats,
        "tasks": [_task_record(task, rows, options.repeats) for task, rows in measured],
    }


def environment(packages: set[str]) -> dict[str, Any]:
    """When, on what, and with which versions.

    Nothing in it tells one machine from another of the same make: no host, no user, no path.
    """
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": _device(),
        "machine": _machine(),
        "versions": _versions(packages),
    }


def file_name(record: dict[str, Any]) -> str:
    """Device, threads, dtype and date; then what was left out, so that a part never takes the place of the whole.

    Example:
        >>> whole = {"device": "cpu", "threads": 2, "dtype": "float32", "date": "2026-05-04T10:00:00+00:00"}
        >>> file_name({**whole, "only": [], "repeats": None})
        'cpu-2-threads-float32-2026-05-04.json'
        >>> file_name({**whole, "only": ["T1"], "repeats": 3})
        'cpu-2-threads-float32-2026-05-04-only-T1-3-repeats.json'
    """
    device = re.sub(r"[^a-z0-9]+", "-", record["device"].lower()).strip("-")
    parts = [device, f"{record['threads']}-threads", record["dtype"], record["date"][:10]]
    parts += ["only", *record["only"]] if record["only"] else []
    parts += [f"{record['repeats']}-repeats"] if record["repeats"] else []
    return "-".join(parts) + ".json"


def store(record: dict[str, Any], folder: Path = RESULTS, name: str | None = None) -> Path:
    """Writes to a file beside the final one, then renames it: an interruption leaves the old state."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (name or file_name(record))
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    handle, unfinished = tempfile.mkstemp(dir=folder, prefix=".unfinished-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(unfinished, 0o644)  # mkstemp's own files are for their owner alone
        os.replace(unfinished, path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
    return path


def _task_record(task: Task, rows: list[Row], repeats: int | None) -> dict[str, Any]:
    peer, reached = fastest_peer(rows), ratios(rows)
    return {
        "name": task.name,
        "title": task.title,
        "at_least": task.at_least,
        "aim": task.aim,
        "allowed_error": task.allowed_error,
        "repeats": repeats or task.repeats,
        "fastest_peer": peer.contender if peer else None,
        "ratio_of_minima": _rounded(reached.of_minima) if reached else None,
        "ratio_of_medians": _rounded(reached.of_medians) if reached else None,
        "peak_memory_mib": _rounded(task.peak_memory_mib()) if task.peak_memory_mib else None,
        "rows": [{key: _rounded(value) for key, value in row.as_dict().items() if key != "task"} for row in rows],
    }


def _rounded(value: Any) -> Any:
    """Floats with four significant digits; None for those that JSON has no words for."""
    if not isinstance(value, float):
        return value
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def _device() -> str:
    """Where the reference work lies: ``"cpu"``, or the name of the GPU."""
    device = reference_risk().x.device
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _machine() -> str:
    """The processor's model and the operating system."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{model}, {platform.system()}"


def _versions(packages: set[str]) -> dict[str, str]:
    """Of Python, torch, CUDA where torch was built for it, and every package among the contenders that is installed."""
    found = {"python": platform.python_version(), "torch": torch.__version__}
    if torch.version.cuda:
        found["cuda"] = torch.version.cuda
    for package in sorted(packages - {"torch"}):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue  # its row says that it failed
    return found
