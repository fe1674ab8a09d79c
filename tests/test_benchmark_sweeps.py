"""What a sweep costs: the record is the one that the book draws, and no executor may give other numbers."""

import json
import pickle
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from benchmarks import sweeps
from labs.sweeps.work import unpack

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site.speed.sweeps import problem_with_sweeps  # noqa: E402


@contextmanager
def threads(workers: int) -> Iterator[Executor]:
    with ThreadPoolExecutor(workers) as pool:
        yield pool


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One pass, and executors that need no start."""
    monkeypatch.setattr(sweeps, "PASSES", 1)
    offered = {("this process", 1): lambda: nullcontext(None), ("threads", 2): lambda: threads(2)}
    monkeypatch.setattr(sweeps, "executors", lambda workers: offered)


@pytest.mark.usefixtures("quick")
def test_the_record_is_the_one_that_the_book_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweeps.main(["--runs", "4", "40", "--repeats", "2"], tmp_path)
    (path,) = tmp_path.iterdir()
    record = json.loads(path.read_text(encoding="utf-8"))
    assert path.name == f"sweeps-cpu-{record['date'][:10]}.json"
    assert problem_with_sweeps(record) is None
    kinds = [(point["executor"], point["workers"], point["runs"]) for point in record["sweeps"]]
    assert kinds == [("this process", 1, 4), ("threads", 2, 4), ("this process", 1, 40), ("threads", 2, 40)]
    assert all(0 < point["minimum_seconds"] <= point["median_seconds"] for point in record["sweeps"])
    assert record["repeats"] == 2
    assert "threads, 2 workers,     40 runs:" in capsys.readouterr().out


def test_a_run_has_the_same_numbers_wherever_it_stands_in_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "PASSES", 1)
    together = sweeps.experiment((0.1, 0.4), (3, 5))
    alone = sweeps.experiment((0.4,), (5,))
    for name in together:
        torch.testing.assert_close(together[name][1:], alone[name], rtol=1e-5, atol=0)
    assert together["norm"][0] != together["norm"][1]


class Liar(ThreadPoolExecutor):
    """Adds to what was computed."""

    def submit(self, *arguments: object) -> Future:
        values = unpack(super().submit(*arguments).result())
        future: Future = Future()
        future.set_result(pickle.dumps({name: value + 1 for name, value in values.items()}))
        return future


@pytest.mark.usefixtures("quick")
def test_an_executor_that_gives_other_numbers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = {**sweeps.executors([1]), ("liars", 3): lambda: Liar(1)}
    monkeypatch.setattr(sweeps, "executors", lambda workers: offered)
    with pytest.raises(ValueError, match="liars with 3 workers gave other numbers for 8 runs"):
        sweeps.measured([8], [1], 1)


def test_processes_are_offered_and_dask_where_it_is_installed() -> None:
    names = ["this process 1", "processes 1", "processes 2"]
    names += ["Dask 1", "Dask 2"] if find_spec("distributed") else []
    assert [f"{name} {workers}" for name, workers in sweeps.executors([1, 2])] == names
    seconds, values = sweeps._seconds(sweeps.executors([1])["processes", 1], 4)
    here = sweeps._seconds(sweeps.executors([1])["this process", 1], 4)[1]
    assert seconds > 0
    assert all(torch.equal(values[name], here[name]) for name in here)


@pytest.mark.usefixtures("quick")
def test_stopped_it_stores_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sweeps, "_seconds", stop)
    with pytest.raises(SystemExit) as stopped:
        sweeps.main([], tmp_path)
    assert stopped.value.code == 130
    assert "nothing was stored" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--runs", "8", "6"], "--runs: 6 is not a positive multiple of 4"),
        (["--workers", "0"], "--workers and --repeats are numbers from 1"),
        (["--repeats", "0"], "--workers and --repeats are numbers from 1"),
    ],
)
def test_a_wrong_option_is_named(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        sweeps.main(arguments)
    assert words in capsys.readouterr().err
