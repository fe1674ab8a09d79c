"""The benchmark harness on tasks whose outcome is known; no time is asserted."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest
import torch

from benchmarks import command, record
from benchmarks.measure import Row, fastest_peer, measure, ratios
from benchmarks.task import Contender, Task


def fails():
    raise ImportError("no such peer")


def task(name: str = "T0", *more: Contender) -> Task:
    contenders = [
        Contender("labs", lambda: lambda: 1.0),
        Contender("right", lambda: lambda: 1.0 + 1e-9, package="torch"),
        Contender("wrong", lambda: lambda: 2.0),
        Contender("other kind", lambda: lambda: 1.0, counts=False),
        Contender("missing", fails, package="no-such-package"),
        Contender("breaks", lambda: fails),
        *more,
    ]
    return Task(name, "one", contenders, lambda answer: abs(answer - 1), 1e-6, 1.5, 2, repeats=3)


@pytest.fixture
def rows() -> list[Row]:
    return measure(task())


def test_right_and_wrong_answers_are_told_apart(rows: list[Row]) -> None:
    assert [row.right for row in rows] == [True, True, False, True, False, False]
    assert all((row.minimum_seconds is not None) == (row.failure is None) for row in rows)
    assert rows[1].version == torch.__version__


def test_a_peer_that_fails_is_a_row_that_says_so(rows: list[Row]) -> None:
    assert [row.failure for row in rows[4:]] == ["ImportError: no such peer"] * 2


def test_a_peer_that_fails_only_later_is_a_row_that_says_so() -> None:
    answers = iter([1.0, 1.0])
    late = measure(task("T0", Contender("late", lambda: lambda: next(answers))))[-1]
    assert late.failure == "StopIteration:"
    assert (late.right, late.error, late.minimum_seconds) == (False, 0.0, None)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("[Errno 2] no file '/srv/ada/.cache/x/data.bin'", "[Errno 2] no file 'data.bin'"),
        ("see https://pytorch.org/docs/main, 1/2", "see https://pytorch.org/docs/main, 1/2"),
        ("first\nsecond", "first"),
        ("word " * 100, " ".join(["word"] * 29) + " …"),
    ],
)
def test_a_failure_is_told_without_the_folders_of_the_machine(said: str, told: str) -> None:
    def breaks() -> None:
        raise RuntimeError(said)

    assert measure(task("T0", Contender("peer", breaks)))[-1].failure == f"RuntimeError: {told}"


def test_ratios_are_to_the_fastest_peer_that_is_right_and_counts(rows: list[Row]) -> None:
    for row, seconds in zip(rows, [1.0, 5.0, 0.1, 0.1, None, None], strict=True):
        row.minimum_seconds = seconds
        row.median_seconds = seconds and 2 * seconds + 1
    assert fastest_peer(rows) is rows[1]
    assert ratios(rows) == (11 / 3, 5)
    rows[0].right = False
    assert ratios(rows) is None
    rows[0].right, rows[1].right = True, False
    assert (ratios(rows), fastest_peer(rows)) == (None, None)


def test_every_task_is_registered_under_its_own_name() -> None:
    tasks = command.all_tasks()
    assert {"T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8"} <= set(tasks)
    first = tasks["T1"](torch.float32)
    assert first.name == "T1"
    assert first.contenders[0].name == "labs"


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The command knows T2 and T10 only, and leaves the number of threads alone."""
    known = {name: lambda dtype, name=name: task(name) for name in ("T2", "T10")}
    monkeypatch.setattr(command, "all_tasks", lambda: known)
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    return known


def stored(folder: Path) -> dict[str, dict]:
    return {path.name: json.loads(path.read_text("utf-8")) for path in folder.iterdir()}


def test_a_run_is_stored_with_all_that_it_takes_to_read_it(tasks: dict, tmp_path: Path) -> None:
    command.main(["--threads", "1"], tmp_path)
    [(name, run)] = stored(tmp_path).items()
    assert re.fullmatch(r"cpu-1-threads-float32-\d{4}-\d\d-\d\d\.json", name)
    assert {"date", "device", "machine", "threads", "dtype", "versions"} <= set(run)
    assert run["versions"]["torch"] == torch.__version__
    assert [one["name"] for one in run["tasks"]] == ["T2", "T10"]
    first = run["tasks"][0]
    assert (first["at_least"], first["aim"], first["repeats"], first["fastest_peer"]) == (1.5, 2, 3, "right")
    ours, right, wrong, _, missing, _ = first["rows"]
    assert first["ratio_of_minima"] == pytest.approx(right["minimum_seconds"] / ours["minimum_seconds"], rel=2e-3)
    assert first["ratio_of_medians"] == pytest.approx(right["median_seconds"] / ours["median_seconds"], rel=2e-3)
    assert (wrong["right"], wrong["error"]) == (False, 1.0)
    assert missing["failure"] == "ImportError: no such peer"


def test_a_stored_run_does_not_tell_whose_machine_it_was(tasks: dict, tmp_path: Path) -> None:
    command.main([], tmp_path)
    text = next(tmp_path.iterdir()).read_text("utf-8")
    for secret in (str(Path.home()), str(Path.cwd()), str(tmp_path)):
        assert secret not in text
    assert not re.search(rf"\b{re.escape(socket.gethostname())}\b", text)


def test_a_part_does_not_take_the_place_of_the_whole(tasks: dict, tmp_path: Path) -> None:
    for arguments in ([], ["--only", "T2"], ["--repeats", "1"], ["--dtype", "float64"]):
        command.main(arguments, tmp_path)
    endings = sorted(re.sub(r".*float(\d\d)-.{10}", r"\1", name) for name in stored(tmp_path))
    assert endings == ["32-1-repeats.json", "32-only-T2.json", "32.json", "64.json"]


def test_an_infinite_error_is_stored_as_none(tmp_path: Path, rows: list[Row]) -> None:
    rows[2].error = float("inf")
    options = command._options(["--only", "T0"], ["T0"])
    record.store(record.make_record([(task(), rows)], options), tmp_path)
    [run] = stored(tmp_path).values()
    assert run["tasks"][0]["rows"][2]["error"] is None


def test_a_dry_run_stores_nothing(tasks: dict, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command.main(["--dry"], tmp_path / "results")
    assert not (tmp_path / "results").exists()
    assert "failed: ImportError: no such peer" in capsys.readouterr().out


def test_a_stopped_run_stores_nothing(tasks: dict, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def stop(dtype: torch.dtype) -> Task:
        raise KeyboardInterrupt

    tasks["T10"] = stop
    with pytest.raises(SystemExit) as stopped:
        command.main([], tmp_path / "results")
    assert stopped.value.code == 130
    assert "nothing was stored" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def test_writing_that_is_stopped_leaves_the_old_file(
    tasks: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    command.main([], tmp_path)
    before = stored(tmp_path)
    monkeypatch.setattr(record.os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        command.main([], tmp_path)
    assert stored(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "T2", "T3", "t10"], "no task is called T3 or t10: choose from T2, T10"),
        (["--dtype", "float16"], "invalid choice: 'float16'"),
        (["--threads", "-1"], "--threads: '-1' is not a whole number from 1"),
        (["--repeats", "0"], "--repeats: '0' is not a whole number from 1"),
        (["--quick"], "unrecognized arguments: --quick"),
    ],
)
def test_a_wrong_option_is_told_in_one_sentence(
    tasks: dict, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    with pytest.raises(SystemExit) as refused:
        command.main(arguments, tmp_path)
    said = capsys.readouterr().err
    assert refused.value.code == 2
    assert words in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ((1.0, 1.25), "slower, 0.80× the speed of right; at least 1.5×: missed; aim 2×: missed"),
        ((1.75, 1.0), "1.75× the speed of right; at least 1.5×: reached; aim 2×: missed"),
    ],
)
def test_the_verdict_is_in_words(rows: list[Row], times: tuple[float, float], words: str) -> None:
    rows[1].minimum_seconds, rows[0].minimum_seconds = times
    assert command._verdict(task(), rows) == words


def test_without_a_ratio_the_verdict_says_why(rows: list[Row]) -> None:
    rows[1].right = False
    assert command._verdict(task(), rows) == "no right peer to compare with"
    rows[0].right = False
    assert command._verdict(task(), rows) == "no ratio: labs failed or was wrong"
