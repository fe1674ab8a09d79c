"""Runs the notebooks at fresh seeds and tells which claims held how often: `python book/_tools/seeds.py NOTEBOOK …`.

The seeds are drawn anew each time, and printed. Besides failures it lists the claims that came nearest to one. The
whole table goes to `_build/seeds.md`. The notebooks themselves stay untouched.
"""

import argparse
import math
import os
import secrets
import signal
import statistics
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from notebooks import ROOT, chapters, named
from scipy.stats import beta
from tqdm import tqdm
from trial import Checked, Trial, trials

RUNS = 10  # a notebook, where nothing else is said
NARROWEST = 20
FRESH = range(100, 1_000_000)  # where seeds are drawn from
ENOUGH_TO_SPREAD = 5  # runs from which a standard deviation is worth forming


def fresh_seeds(count: int) -> list[int]:
    """So many different seeds that nobody has chosen."""
    return sorted(secrets.SystemRandom().sample(FRESH, count))


def upper_end(failed: int, runs: int) -> float:
    """The upper end of the one-sided 95 % interval of the rate of failures (Clopper and Pearson 1934)."""
    return 1.0 if failed == runs else float(beta.ppf(0.95, failed + 1, runs - failed))


@dataclass(frozen=True)
class Record:
    """A claim over all runs of its notebook."""

    notebook: str
    sentence: str
    held: int
    runs: int
    margins: tuple[float, ...]
    unit: str

    @property
    def least(self) -> float:
        """The smallest margin of all runs."""
        return min(self.margins, default=float("inf"))

    @property
    def room(self) -> float:
        """Median margin over the typical shortfall below it: so many of them is the bound away.

        The shortfall is the root mean square over the runs below the median, since only that side can fail. With few
        runs the least margin itself; infinite where the margin is the same at each seed.
        """
        if len(self.margins) < ENOUGH_TO_SPREAD:
            return self.least
        median = statistics.median(self.margins)
        short = [median - margin for margin in self.margins if margin < median]
        spread = math.sqrt(sum(s**2 for s in short) / len(short)) if short else 0.0
        return median / spread if spread > 1e-9 * abs(median) else float("inf")

    def row(self) -> str:
        """One line of the table."""
        least = f"{self.least:.3g} {self.unit}" if self.margins else "exact"
        room = "same each time" if self.room == float("inf") else f"{self.room:.1f}"
        return f"| {self.notebook} | {self.sentence} | {self.held} of {self.runs} | {least} | {room} |"


HEAD = (
    "| chapter | claim | held | least margin | median margin / typical shortfall |\n|---|---|---|---|---|".splitlines()
)


def records(results: Sequence[Trial]) -> list[Record]:
    """One record for each claim of each notebook, in the order of the notebook; a sentence twice is two claims."""
    found: dict[tuple[str, str, int], list[Checked]] = {}
    for trial in results:
        counts: Counter[str] = Counter()
        for one in trial.claims:
            counts[one.sentence] += 1
            found.setdefault((trial.notebook, one.sentence, counts[one.sentence]), []).append(one)
    runs = Counter(trial.notebook for trial in results)
    return [
        Record(
            notebook,
            sentence,
            sum(one.held for one in ones),
            runs[notebook],
            tuple(one.margin for one in ones if one.margin is not None),
            ones[0].unit,
        )
        for (notebook, sentence, _), ones in found.items()
    ]


def summary(results: Sequence[Trial]) -> Iterator[str]:
    """For each notebook: runs, claims, runs with a failure, what the rate of failures is at most, seconds."""
    yield "| chapter | runs | claims | runs with a failure | rate of failures at most (95 %) | seconds a run |"
    yield "|---|---|---|---|---|---|"
    for name in sorted({trial.notebook for trial in results}):
        mine = [trial for trial in results if trial.notebook == name]
        failed = sum(bool(trial.errors) or not all(one.held for one in trial.claims) for trial in mine)
        claims, seconds = max(len(trial.claims) for trial in mine), statistics.median(t.seconds for t in mine)
        rate = 100 * upper_end(failed, len(mine))
        yield f"| {name} | {len(mine)} | {claims} | {failed} | {rate:.1f} % | {seconds:.0f} |"


def failures(results: Sequence[Trial]) -> Iterator[str]:
    """Each failed claim and each other error, with its seed."""
    for trial in sorted(results, key=lambda trial: (trial.notebook, trial.seed)):
        for one in trial.claims:
            if not one.held:
                margin = "" if one.margin is None else f" ({one.margin:.3g} {one.unit})"
                yield f"✗ {trial.notebook} at seed {trial.seed}: {one.sentence}{margin}"
        yield from (f"✗ {trial.notebook} at seed {trial.seed}: {error}" for error in trial.errors)


def report(results: Sequence[Trial]) -> tuple[str, str]:
    """What is printed, and the whole table."""
    every = records(results)
    narrow = sorted((one for one in every if one.margins), key=lambda one: one.room)[:NARROWEST]
    short = [*summary(results), "", f"The {len(narrow)} narrowest:", "", *HEAD, *(one.row() for one in narrow)]
    whole = ["", "All claims:", "", *HEAD, *(one.row() for one in every)]
    return "\n".join(["", *short]), "\n".join([*short, *whole, ""])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="all chapters where none is named")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="notebooks run at a time")
    parser.add_argument("--runs", type=int, default=RUNS, help="how many fresh seeds to draw")
    parser.add_argument("--seeds", type=int, nargs="+", help="values of LABS_SEED, instead of fresh ones")
    options = parser.parse_args(arguments)
    seeds = options.seeds or fresh_seeds(options.runs)
    print(f'Repeat with SEEDS="{" ".join(map(str, seeds))}"')
    runs = [(path.resolve(), seed) for seed in seeds for path in named(options.notebooks) or chapters()]
    ended = trials(runs, workers=max(1, options.jobs))
    results: list[Trial] = []
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # either way of stopping it tells what it has found
    try:
        for trial in tqdm(ended, total=len(runs), unit="run", desc="Running"):
            results.append(trial)
            if any(failures([trial])):
                tqdm.write("\n".join(failures([trial])))
    except KeyboardInterrupt:
        print(f"Stopped after {len(results)} of {len(runs)} runs.")
    if not results:
        return 1
    printed, whole = report(results)
    table = ROOT / "_build" / "seeds.md"
    table.parent.mkdir(exist_ok=True)
    table.write_text(f"Seeds: {' '.join(map(str, seeds))}\n\n{whole}", encoding="utf-8")
    print(printed)
    return 1 if any(failures(results)) else 0


if __name__ == "__main__":
    sys.exit(main())
