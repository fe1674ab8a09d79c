"""Seeds: fresh ones, what failed at which, how narrowly the rest held, and the bound on how often a chapter fails."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import notebooks
import pytest
import seeds
from execution import Job, kernel_environment, run
from nbformat.v4 import new_code_cell, new_notebook
from trial import Checked, Trial, trials

CHAPTER = """\
import os
from labs import claim
seed = int(os.environ["LABS_SEED"])
later = 0"""
CLAIMS = """\
claim("The seed is even", seed % 2, 0, tolerance=0)
claim("The seed is small", seed,
      at_most=4)
later = 1"""


def _write(path: Path, *sources: str) -> Path:
    notebooks.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)
    return path


def _main(*arguments: object) -> int:
    return seeds.main(list(map(str, arguments)))


def test_a_failed_claim_is_told_and_the_rest_of_its_cell_is_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeds, "ROOT", tmp_path)
    path = _write(tmp_path / "01_small.ipynb", CHAPTER, CLAIMS, "assert later == 1", "1 / (seed - 2)")
    before = path.read_bytes()
    assert _main(path, "--seeds", 0, 1, 2, "--jobs", 2) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == 'Repeat with SEEDS="0 1 2"'
    assert printed[1:3] == [
        "✗ 01_small at seed 1: The seed is even",
        "✗ 01_small at seed 2: ZeroDivisionError: division by zero",
    ]
    assert path.read_bytes() == before
    table = (tmp_path / "_build" / "seeds.md").read_text(encoding="utf-8")
    assert "| 01_small | 3 | 2 | 2 |" in table
    assert "| 01_small | The seed is even | 2 of 3 | exact | same each time |" in table
    assert "| 01_small | The seed is small | 3 of 3 | 0.5 share | 0.5 |" in table


def test_cells_that_must_raise_are_no_failures_and_runs_do_not_see_each_other(tmp_path: Path) -> None:
    path = _write(tmp_path / "01_small.ipynb", "import labs\nassert not hasattr(labs, 'left')\nlabs.left = 1", "1 / 0")
    notebook = notebooks.read(path)
    notebook.cells[1].metadata["tags"] = ["raises-exception"]
    notebooks.write(notebook, path)
    found = list(trials([(path, 7), (path, 8)], workers=1))
    assert sorted(trial.seed for trial in found) == [7, 8]
    assert all(trial.errors == () and trial.seconds > 0 for trial in found)


def test_a_process_that_dies_is_one_failed_run(tmp_path: Path) -> None:
    path = _write(tmp_path / "01_small.ipynb", "import os; os._exit(3)")
    (trial,) = trials([(path, 7)], workers=1)
    assert "BrokenProcessPool" in trial.errors[0]


def test_figures_are_those_of_a_kernel(tmp_path: Path) -> None:
    """A claim on random numbers measures the same here as where the notebook is run."""
    source = (
        "from labs import claim, device\nimport torch\nvalue = torch.rand(1, generator=device.generator('x')).item()"
    )
    path = _write(tmp_path / "01_small.ipynb", source, "claim('It is random', value, at_most=2)")
    (trial,) = trials([(path, 5)], workers=1)
    notebook = notebooks.read(path)
    asyncio.run(run(Job(path, notebook, kernel_environment(seed=5)), lambda *_, **__: None))
    evidence = notebook.cells[1].outputs[0]["data"][notebooks.CLAIM]
    assert trial.claims == (Checked("It is random", True, evidence["margin"], "share"),)


def test_seeds_are_fresh_each_time_and_outside_those_that_people_try() -> None:
    first, second = seeds.fresh_seeds(60), seeds.fresh_seeds(60)
    assert len(set(first)) == 60
    assert first != second
    assert min(first) >= 100


@pytest.mark.parametrize(
    ("failed", "runs", "bound"),
    [(0, 60, 1 - 0.05 ** (1 / 60)), (0, 1, 0.95), (1, 2, 0.95**0.5), (3, 3, 1.0)],
)
def test_the_rate_of_failures_is_bounded_from_above(failed: int, runs: int, bound: float) -> None:
    """Without a failure 0.05 = (1 − p)ⁿ; one of two: 1 − p² = 0.05."""
    assert seeds.upper_end(failed, runs) == pytest.approx(bound)


def _trial(seed: int, margin: float, sentence: str = "a") -> Trial:
    return Trial("01_small", seed, (Checked(sentence, margin >= 0, margin, "standard errors"),), (), 1.0)


def test_the_narrowest_come_first() -> None:
    """a has a median margin of 3 − 1, b one of 1 − 0.1: b has more room, though its least margin is smaller."""
    results = [_trial(seed, 3 + shift) for seed, shift in enumerate([-1, 1, -1, 1, -1, 1])]
    results += [_trial(seed, 1 + shift, "b") for seed, shift in enumerate([-0.1, 0.1, -0.1, 0.1, -0.1, 0.1])]
    a, b = seeds.records(results)
    assert (a.least, b.least) == (2, pytest.approx(0.9))
    assert a.room == pytest.approx(3)
    assert b.room == pytest.approx(10)
    printed, _ = seeds.report(results)
    assert printed.index("| a |") < printed.index("| b |")


def test_a_sentence_that_stands_twice_is_two_claims() -> None:
    twice = Trial("01_small", 1, (Checked("a", True, 1.0, "share"), Checked("a", True, 2.0, "share")))
    assert [record.least for record in seeds.records([twice])] == [1.0, 2.0]
    assert [record.runs for record in seeds.records([twice])] == [1, 1]


def test_a_trial_that_is_stopped_tells_what_it_has_found(tmp_path: Path) -> None:
    claims = "import os\nfrom labs import claim\nseed = os.environ['LABS_SEED']\nclaim('It holds', 1, at_most=2)"
    wait = "if seed == '2':\n    open('begun', 'w').close()\n    __import__('time').sleep(1000)"
    path = _write(tmp_path / "01_small.ipynb", claims, wait)
    command = [sys.executable, seeds.__file__, str(path), "--seeds", "1", "2", "--jobs", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as started:
        while not (tmp_path / "begun").exists():
            assert started.poll() is None
            time.sleep(0.05)
        started.terminate()
        printed, _ = started.communicate(timeout=200)
    assert "Stopped after 1 of 2 runs." in printed
    assert "| 01_small | 1 | 1 | 0 |" in printed
