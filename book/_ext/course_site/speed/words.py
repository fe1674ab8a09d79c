"""Figures of a run in words and in HTML: times, errors, ratios, and what became of a task."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from course_site.speed.runs import Run, is_slower

__all__ = ["bounds", "error", "facts", "outcome", "package", "ratio", "seconds", "summary", "title", "versions"]


def seconds(value: float) -> str:
    """A time with three significant digits.

    Example:
        >>> seconds(0.0123), seconds(1.5), seconds(4.2e-5), seconds(1234.5)
        ('12.3 ms', '1.50 s', '42.0 µs', '1234 s')
    """
    unit, scale = next(((u, s) for u, s in (("s", 1), ("ms", 1e-3)) if value >= s), ("µs", 1e-6))
    return f"{_three_digits(value / scale)} {unit}"


def ratio(value: float) -> str:
    """A ratio with two decimals, or fewer where three digits say enough.

    Example:
        >>> ratio(1.2345), ratio(0.8), ratio(34.47), ratio(128.3)
        ('1.23×', '0.80×', '34.5×', '128×')
    """
    return f"{_three_digits(value)}×"


def _three_digits(value: float) -> str:
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}"


def error(value: float | None) -> str:
    """A relative error as HTML with one digit.

    Example:
        >>> error(2.3e-7), error(0.0), error(None), error(0.47)
        ('2·10<sup>−7</sup>', '0', 'not a number', '0.5')
    """
    if value is None:
        return "not a number"
    if value == 0 or value >= 0.1:
        return f"{value:.1g}"
    digits, exponent = f"{value:.0e}".split("e")
    return f"{digits}·10<sup>−{-int(exponent)}</sup>"


def package(row: dict[str, Any]) -> str:
    """A contender's package with its version; empty where it has none of its own."""
    return f"{row['package']} {row['version']}" if row["version"] else row["package"] or ""


def title(task: dict[str, Any]) -> str:
    """Name and title of a task as HTML; numbers of more than three digits stay in one piece.

    Example:
        >>> title({"name": "T5", "title": "1 510 parameters"})
        '<b>T5</b> 1\xa0510 parameters'
    """
    whole = re.sub(r"(?<=\d) (?=\d{3}\b)", "\xa0", task["title"])
    return f"<b>{escape(task['name'])}</b> {escape(whole)}"


def outcome(task: dict[str, Any]) -> str:
    """The ratio in words, or why there is none.

    Example:
        >>> outcome({"ratio_of_minima": 0.8, "fastest_peer": "torch", "rows": [{}]})
        'slower than torch: 0.80×, so that it takes 1.25 times as long'
    """
    reached, ours, peer = task["ratio_of_minima"], task["rows"][0], task["fastest_peer"]
    if reached is not None and is_slower(reached):
        return f"slower than {peer}: {ratio(reached)}, so that it takes {_three_digits(1 / reached)} times as long"
    if reached is not None:
        return f"{ratio(reached)} as fast as {peer}"
    if ours["failure"]:
        return f"no ratio: labs failed, {ours['failure']}"
    return "no ratio: no peer was right" if ours["right"] else "no ratio: labs was wrong"


def bounds(task: dict[str, Any]) -> list[str]:
    """The two bounds with what became of them."""
    reached = task["ratio_of_minima"]
    named = [("at least", task["at_least"]), ("aim", task["aim"])]
    return [f"{name} {bound:g}×: {_held(reached, bound)}" for name, bound in named]


def _held(reached: float | None, bound: float) -> str:
    return "missed" if reached is None or reached < bound else "reached"


def facts(run: Run) -> str:
    """Of one run: when, on what, with which torch."""
    place = f"{run['device']}, beside {run['machine']}" if run.on_gpu else run["machine"]
    return f"{run.day} · {place} · torch {run['versions'].get('torch', '?')}"


def versions(run: Run) -> str:
    """The versions of everything that took part."""
    return ", ".join(f"{name} {number}" for name, number in run["versions"].items())


def summary(run: Run) -> str:
    """How many tasks came out how, and what was left out of the run."""
    tasks = run["tasks"]
    reached = [task["ratio_of_minima"] or 0.0 for task in tasks]
    behind = [task["name"] for task, speed in zip(tasks, reached, strict=True) if speed and is_slower(speed)]
    without = [task["name"] for task in tasks if task["ratio_of_minima"] is None]
    least, aim = (sum(r >= task[key] for r, task in zip(reached, tasks, strict=True)) for key in ("at_least", "aim"))
    said = [f"{least or 'None'} of {len(tasks)} task{'s' if len(tasks) > 1 else ''} reached the ratio "]
    said += [f"that was to be reached at least, {aim or 'none'} the one aimed at. "]
    said += [f"In {_listed(behind)} labs was slower than a peer. "] if behind else []
    said += [f"{_listed(without)} gave no ratio. "] if without else []
    said += [f"Only {_listed(run['only'])} ran. "] if run["only"] else []
    said += (
        [f"This was a short run, of {run['repeats']} round{'s' if run['repeats'] > 1 else ''} a task. "]
        if run["repeats"]
        else []
    )
    return "".join(said).strip()


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1])] * bool(names[:-1]) + names[-1:])
