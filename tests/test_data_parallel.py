"""Two real processes: their combined gradient is that of one, they end, and whatever goes wrong is said."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from labs import data_parallel
from labs.data_parallel import starter, worker


@pytest.fixture(scope="module")
def report() -> dict[str, float]:
    return data_parallel.launch((48, 16), time_limit_seconds=300)


def test_two_processes_have_the_gradient_of_one(report: dict[str, float]) -> None:
    assert report["processes"] == 2
    assert report["equal shards, mean"] < 2e-6
    assert report["unequal shards, weighted"] < 2e-6
    assert report[f"parameters after {worker.NUM_STEPS} steps"] < 1e-5


def test_they_meet_in_a_folder_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a b@c=d 한글 [1] %20"
    folder.mkdir()
    monkeypatch.setattr(starter.tempfile, "tempdir", str(folder))
    assert data_parallel.launch((8, 8), time_limit_seconds=60)["processes"] == 2


def test_of_unequal_shards_the_plain_mean_is_something_else(report: dict[str, float]) -> None:
    assert report["unequal shards, mean"] > 0.05


@pytest.mark.parametrize("shards", [(), (5,), (5, 0)])
def test_shards_that_make_no_sense_are_refused(shards: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="two shards or more"):
        data_parallel.launch(shards)


@pytest.mark.parametrize("limit", [0, -1.0, float("inf"), float("nan")])
def test_a_time_limit_that_makes_no_sense_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="positive number of seconds"):
        data_parallel.launch(time_limit_seconds=limit)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen]:
    """The processes that are started, by commands that the test puts in place of the real one."""
    found: list[subprocess.Popen] = []
    popen = subprocess.Popen

    def start(*arguments: object, **options: object) -> subprocess.Popen:
        found.append(popen(*arguments, **options))
        return found[-1]

    monkeypatch.setattr(starter.subprocess, "Popen", start)
    return found


def _instead(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Every process runs ``code`` with its rank, the folder and the rest as arguments."""
    real = starter.subprocess.Popen
    monkeypatch.setattr(
        starter.subprocess, "Popen", lambda command, **options: real([command[0], "-c", code, *command[3:]], **options)
    )


def test_processes_that_hang_are_ended_at_the_limit(
    started: list[subprocess.Popen], monkeypatch: pytest.MonkeyPatch
) -> None:
    _instead(monkeypatch, "import time; time.sleep(1000)")
    with pytest.raises(TimeoutError, match=r"2 processes did not finish within 0\.3 s .* --time-limit 3"):
        data_parallel.launch(time_limit_seconds=0.3)
    assert len(started) == 2
    assert all(process.returncode is not None for process in started)


def test_when_one_fails_the_other_is_ended_and_its_last_word_is_told(
    started: list[subprocess.Popen], monkeypatch: pytest.MonkeyPatch
) -> None:
    _instead(monkeypatch, "import sys, time\nif sys.argv[1] == '1': sys.exit('no such network')\ntime.sleep(1000)")
    with pytest.raises(RuntimeError, match="process 1 failed with exit status 1: no such network"):
        data_parallel.launch(time_limit_seconds=300)
    assert all(process.returncode is not None for process in started)


def test_a_process_left_alone_ends_itself(tmp_path: Path) -> None:
    """The starter is gone and the partner never comes: the process's own alarm rings."""
    command = [sys.executable, "-m", "labs.data_parallel.worker", "0", str(tmp_path), "1", "8", "8"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode != 0


def test_the_command_prints_the_report_or_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(starter, "launch", lambda shards, time_limit_seconds: {"processes": 2.0, "mean": 1.23456e-7})
    assert starter.main(["--shards", "4", "4"]) == 0
    assert capsys.readouterr().out == "processes 2\nmean 1.2e-07\n"
    monkeypatch.undo()
    assert starter.main(["--shards", "4"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("python -m labs.data_parallel: shards must be")
    assert captured.err.count("\n") == 1


def test_the_starter_itself_loads_no_torch() -> None:
    code = "import sys, labs.data_parallel; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "False"


def test_the_chapter_shows_the_lines_that_are_run() -> None:
    book = Path(__file__).parents[1] / "book" / "04_batch_and_minibatch.ipynb"
    text = "\n".join("".join(cell["source"]) for cell in json.loads(book.read_text("utf-8"))["cells"])
    (shown,) = (block for block in re.findall(r"```python\n(.*?)\n```", text, re.DOTALL) if "all_reduce" in block)
    assert shown in Path(worker.__file__).read_text("utf-8")
