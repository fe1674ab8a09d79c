"""The page on speed: what it takes for a run, what it says of one, and what it says when there is none."""

from __future__ import annotations

import copy
import json
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import command, record
from benchmarks.measure import Row
from benchmarks.task import Contender, Task

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site.speed import NO_GPU, NOTHING, chart, table, words  # noqa: E402
from course_site.speed.runs import Run, problem_with, read, shown  # noqa: E402
from course_site.speed.sweeps import problem_with_sweeps, sweeps  # noqa: E402

COMMITTED = sorted((ROOT / "benchmarks" / "results").glob("*.json"))


def _measured(name: str, times: dict[str, float | None]) -> tuple[Task, list[Row]]:
    """A task with a wrong peer, one that counts not, and others with ``times``; None stands for a failure."""
    contenders = [Contender(who, lambda: lambda: 1.0, package="torch") for who in times]
    rows = [Row(name, who, "torch", torch.__version__, 3e-7, True) for who in times]
    for row, seconds in zip(rows, times.values(), strict=True):
        row.minimum_seconds, row.median_seconds = seconds, seconds and 1.5 * seconds
        row.failure, row.right = (None, True) if seconds else ("ImportError: <none>", False)
    wrong = Row(name, "wrong one", None, None, 0.5, False, True, 0.02, 0.01)
    scale = Row(name, "for scale", None, None, 0.0, True, False, 0.02, 0.01)
    return Task(name, f"task {name} of 1 510", contenders, float, 1e-5, 1.5, 3, repeats=9), [*rows, wrong, scale]


@pytest.fixture
def run() -> Run:
    """What the harness stores of a task in which labs is faster, one in which it is slower and one that it failed."""
    measured = [
        _measured("T1", {"labs": 1.0, "near": 2.0, "far": 40.0}),
        _measured("T2", {"labs": 2.0, "near": 1.0, "gone": None}),
        _measured("T3", {"labs": None, "near": 1.0}),
        _measured("T10", {"labs": 1.0, "near": 3.0}),
    ]
    options = command._options(["--threads", "1"], ["T1"])
    data = json.loads(json.dumps(record.make_record(measured, options)))
    return Run(record.file_name(data), data)


def test_a_run_as_the_harness_stores_it_is_in_order(run: Run) -> None:
    assert problem_with(run.data) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data.pop("versions"), "lacks versions"),
        (lambda data: data.update(threads="2"), "threads='2'"),
        (lambda data: data.update(threads=True), "threads=True"),
        (lambda data: data.update(date="yesterday"), "date='yesterday'"),
        (lambda data: data.update(tasks=[]), "no task"),
        (lambda data: data["tasks"][0].pop("aim"), "task T1 lacks aim"),
        (lambda data: data["tasks"][1].update(ratio_of_minima=1.5), "task T2: the ratio 1.5 to near does not follow"),
        (lambda data: data["tasks"][0].update(fastest_peer="far"), "task T1: the ratio 2.0 to far does not follow"),
        (lambda data: data["tasks"][0].update(ratio_of_minima=None), "the ratio None to near does not follow"),
        (lambda data: data["tasks"][2].update(ratio_of_minima=9.0), "T3 has a ratio without two right answers"),
        (lambda data: data["tasks"][0].update(rows=data["tasks"][0]["rows"][:1]), "T1 has nothing to compare"),
        (lambda data: data["tasks"][0]["rows"][1].pop("error"), "task T1, near lacks error"),
        (lambda data: data["tasks"][0]["rows"][1].update(median_seconds=None), "either two times or a failure"),
        (lambda data: data["tasks"][0]["rows"][1].update(failure="no"), "either two times or a failure"),
    ],
)
def test_a_run_in_disorder_is_refused(run: Run, change: Any, words: str) -> None:
    data = copy.deepcopy(run.data)
    change(data)
    assert words in (problem_with(data) or "")


@pytest.mark.parametrize("path", COMMITTED or [None], ids=lambda path: path.name if path else "none")
def test_stored_runs_are_in_order(path: Path | None) -> None:
    """Each has a name that follows from what it holds, and tells nothing of whose machine it was."""
    if path is None:
        pytest.skip("no run is stored")
    text = path.read_text(encoding="utf-8")
    assert not re.search(r'"(?:[^"]*[ \'=])?(?:/[\w.-]+){2,}', text), "a path"
    data = json.loads(text)
    if "tasks" in data:
        assert problem_with(data) is None
        assert record.file_name(data) == path.name
    else:
        assert problem_with_sweeps(data) is None


def test_the_newest_whole_run_of_each_kind_is_shown(run: Run) -> None:
    def changed(file: str, **changes: Any) -> Run:
        return Run(file, run.data | changes)

    runs = [
        changed("old", date="2026-01-01T00:00:00+00:00"),
        changed("new", date="2026-02-01T00:00:00+00:00"),
        changed("newer part", date="2026-03-01T00:00:00+00:00", only=["T1"]),
        changed("newer short", date="2026-03-01T00:00:00+00:00", repeats=1),
        changed("double part", dtype="float64", only=["T1"]),
        changed("gpu", device="NVIDIA H100"),
        changed("two", threads=2),
    ]
    assert [one.file for one in shown(runs)] == ["two", "new", "double part", "gpu"]


def test_the_summary_counts_and_names_what_is_behind(run: Run) -> None:
    said = words.summary(run)
    assert said.startswith("2 of 4 tasks reached the ratio that was to be reached at least, 1 the one aimed at.")
    assert "In T2 labs was slower than a peer. T3 gave no ratio." in said
    part = words.summary(Run("x", run.data | {"only": ["T1", "T2", "T3"], "repeats": 2}))
    assert part.endswith("Only T1, T2 and T3 ran. This was a short run, of 2 rounds a task.")


def test_an_outcome_is_in_words(run: Run) -> None:
    faster, slower, failed, _ = run["tasks"]
    assert words.outcome(faster) == "2.00× as fast as near"
    assert words.outcome(slower) == "slower than near: 0.50×, so that it takes 2.00 times as long"
    assert words.outcome(failed) == "no ratio: labs failed, ImportError: <none>"
    ours = {"failure": None, "right": False}
    assert words.outcome(failed | {"rows": [ours]}) == "no ratio: labs was wrong"
    assert words.outcome(failed | {"rows": [ours | {"right": True}]}) == "no ratio: no peer was right"
    assert words.bounds(faster) == ["at least 1.5×: reached", "aim 3×: missed"]
    assert words.bounds(failed) == ["at least 1.5×: missed", "aim 3×: missed"]


def _parsed(html: str) -> ET.Element:
    return ET.fromstring(f"<div>{html.replace('<br>', '<br/>')}</div>")


def _text(element: ET.Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def test_the_table_tells_faster_slower_wrong_and_failed_apart(run: Run) -> None:
    rows = [_text(row) for row in _parsed(table.tasks(run)).iter("tr")][1:]
    assert len(rows) == 4
    assert f"2.00× as fast as near torch {torch.__version__}; by the medians 2.00×" in rows[0]
    assert "labs right to 3·10 −7 wrong one wrong by 0.5" in rows[0]
    assert "slower than near: 0.50×" in rows[1]
    assert "gone failed" in rows[1]
    assert "no ratio: labs failed, ImportError: <none>" in rows[2]
    assert "labs failed wrong one wrong by 0.5" in rows[2]


def test_every_contender_is_listed_with_what_became_of_it(run: Run) -> None:
    parsed = _parsed(table.contenders(run))
    rows = [_text(row) for row in parsed.iter("tr")]
    assert len(rows) == 1 + sum(1 + len(task["rows"]) for task in run["tasks"])
    assert f"near torch {torch.__version__} 2.00 s 3.00 s 2.00× as long 3·10 −7" in rows
    assert f"gone torch {torch.__version__} failed: ImportError: <none>" in rows
    assert "wrong one 10.0 ms 20.0 ms 0.01× as long 0.5 wrong: more than 1·10 −5" in rows
    assert "for scale 10.0 ms 20.0 ms 0.01× as long not compared 0" in rows
    widths = {sum(int(cell.get("colspan", 1)) for cell in row) for row in parsed.iter("tr")}
    assert widths == {5}


def test_the_drawing_puts_ratios_and_bounds_in_their_order(run: Run) -> None:
    faster, slower, failed, fastest = _parsed(chart.chart(run)).iter("li")

    def place(line: ET.Element, kind: str, key: str) -> float:
        [found] = [mark for mark in line.iter() if (mark.get("class") or "").split()[:1] == [f"speed-{kind}"]]
        return float(found.get(key).removesuffix("%"))

    one, least, aim = (place(faster, kind, "x1") for kind in ("one", "least", "aim"))
    assert 0 < place(slower, "dot", "cx") < one < least < place(faster, "dot", "cx") < aim < 100
    assert place(fastest, "dot", "cx") == aim
    assert not [mark for mark in failed.iter("circle")]
    assert {place(line, "least", "x1") for line in (faster, slower, failed, fastest)} == {least}
    ticks = _parsed(chart.chart(run)).find(".//svg[@class='speed-axis']")
    assert [tick.text for tick in ticks] == ["0.5×", "1×", "2×"]
    # On a logarithmic axis equal ratios are equal lengths.
    places = [float(tick.get("x").removesuffix("%")) for tick in ticks]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1], abs=0.02)


def test_the_drawing_is_told_in_words_and_not_by_colour_alone(run: Run) -> None:
    lines = list(_parsed(chart.chart(run)).iter("li"))
    alts = [line.find(".//svg[@role='img']").get("aria-label") for line in lines]
    assert alts[0] == "T1: 2.00× as fast as near; at least 1.5×: reached; aim 3×: missed"
    assert alts[1].startswith("T2: slower than near: 0.50×")
    assert "0.50× slower" in _text(lines[1])
    states = [dot.get("class").split()[1] for line in lines for dot in line.iter("circle")]
    assert states == ["reached", "missed", "reached"]


@pytest.fixture
def cost() -> dict[str, Any]:
    """Sweeps whose wall time is 1 s and 0.01 s for each run and worker."""
    grid = [("processes", 1), ("processes", 2), ("Dask", 2)]
    points = [
        {"executor": executor, "workers": workers, "runs": runs, "minimum_seconds": 1 + 0.01 * runs / workers}
        for executor, workers in grid
        for runs in (10, 1000, 100)
    ]
    return {"date": "2026-05-04T10:00:00+00:00", "machine": "a processor", "versions": {"torch": "2"}, "sweeps": points}


def test_sweeps_are_drawn_a_line_for_each_number_of_workers(cost: dict[str, Any]) -> None:
    assert problem_with_sweeps(cost) is None
    parsed = _parsed(sweeps(cost))
    labels = [_text(label) for label in parsed.iter("text") if label.get("class") == "speed-label"]
    assert labels == ["2 workers Dask", "1 worker processes", "2 workers processes"]
    dots = [(float(dot.get("cx")[:-1]), float(dot.get("cy")[:-1])) for dot in parsed.iter("circle")]
    assert len(dots) == 9
    assert dots[:3] == sorted(dots[:3])  # from few runs to many
    assert dots[3][1] > dots[4][1] > dots[5][1]  # a longer time is higher up
    assert dots[5][1] < dots[8][1]  # and longest with one worker
    places = sorted(float(label.get("y")[:-1]) for label in parsed.iter("text") if label.get("class") == "speed-label")
    assert min(b - a for a, b in pairwise(places)) >= 13
    dashes = [line.get("stroke-dasharray") for line in parsed.iter("line") if line.get("class") == "speed-bar"]
    assert len(set(dashes)) == 3
    assert "processes, 1 worker: 1.10 s for 10 runs, 11.0 s for 1000." in parsed.find(".//svg").get("aria-label")
    rows = [_text(row) for row in parsed.iter("tr")]
    assert rows[0] == "Sweep Dask, 2 workers processes, 1 worker processes, 2 workers"
    assert rows[1:] == [
        "10 runs 1.05 s 1.10 s 1.05 s",
        "100 runs 1.50 s 2.00 s 1.50 s",
        "1000 runs 6.00 s 11.0 s 6.00 s",
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data.pop("machine"), "the sweeps have machine=None"),
        (lambda data: data.update(sweeps=[]), "there is no sweep"),
        (lambda data: data["sweeps"][0].update(workers=0), "a sweep has workers=0"),
        (lambda data: data["sweeps"][0].pop("runs"), "a sweep has runs=None"),
        (lambda data: data["sweeps"][0].update(minimum_seconds=float("-inf")), "a sweep has minimum_seconds=-inf"),
    ],
)
def test_sweeps_in_disorder_are_refused(cost: dict[str, Any], change: Any, words: str) -> None:
    change(cost)
    assert problem_with_sweeps(cost) == words


Build = Callable[[], tuple[int, str, str]]


@pytest.fixture
def build(sphinx_build: Callable, tmp_path: Path) -> Build:
    """A book of this page alone: status, messages, page."""
    text = (ROOT / "book" / "speed.md").read_text("utf-8").partition("## How to read")[0]

    def run() -> tuple[int, str, str]:
        extensions = ["myst_parser", "course_site.built", "course_site.speed"]
        done = sphinx_build(extensions, {"index.md": text}, exclude_patterns=["benchmarks"])
        page = tmp_path / "out" / "index.html"
        return done.returncode, done.stderr, page.read_text("utf-8") if page.exists() else ""

    return run


def test_without_a_run_the_page_says_so(build: Build) -> None:
    status, said, page = build()
    assert (status, said) == (0, "")
    assert NOTHING in page
    assert "speed-chart" not in page
    assert NO_GPU not in page


def test_with_runs_each_has_a_section_and_a_new_file_is_seen(
    build: Build, tmp_path: Path, run: Run, cost: dict[str, Any]
) -> None:
    results = tmp_path / "benchmarks" / "results"
    record.store(run.data, results)
    status, said, page = build()
    assert (status, said) == (0, "")
    assert "<h2>Processor, 1 thread, float32" in page
    assert f'id="speed-{Path(run.file).stem}"' in page
    assert NO_GPU in page
    assert "What a sweep costs" not in page
    assert page.count('class="speed-chart"') == 1
    record.store(run.data | {"device": "NVIDIA H100 80GB HBM3"}, results)
    (results / "other.json").write_text('{"something": "else"}')
    (results / "sweeps.json").write_text(json.dumps(cost))
    status, said, page = build()
    assert (status, said) == (0, "")
    assert "<h2>NVIDIA H100 80GB HBM3, 1 thread, float32" in page
    assert page.count('class="speed-chart"') == 2
    assert "<h2>What a sweep costs" in page
    assert NO_GPU not in page


def test_a_run_that_cannot_be_shown_stops_the_build(build: Build, tmp_path: Path, run: Run) -> None:
    results = tmp_path / "benchmarks" / "results"
    path = record.store(run.data, results)
    path.with_name("half.json").write_text(path.read_text()[:500])
    path.with_name("false.json").write_text(json.dumps(run.data | {"threads": 0.5}))
    status, said, _ = build()
    assert status != 0
    assert "half.json: no JSON" in said
    assert "false.json: the run has threads=0.5" in said
    assert [one.file for one in read(results) if problem_with(one.data) is None] == [path.name]
