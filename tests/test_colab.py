"""The notebooks in a place like Colab, and what the command that puts them there refuses."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import colab
import environments
import execution
import notebooks
import pytest
from nbformat.v4 import new_code_cell, new_notebook

WHEELS = Path(sys.prefix) / "wheels"
SECONDS = 900  # for a machine that has much else to do; alone it takes about one minute
needs_wheels = pytest.mark.skipif(not WHEELS.is_dir(), reason="make has not fetched the wheels into this environment")


def _pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_wheels_are_those_of_the_requirements() -> None:
    ours, wheels = _pins(notebooks.ROOT / "requirements.txt"), _pins(Path(colab.__file__).with_name("colab.txt"))
    assert {name: wheels[name] for name in colab.FETCHED - {"labs"}} == {
        name: ours[name] for name in colab.FETCHED - {"labs"}
    }
    assert wheels["ipywidgets"] == "7.7.1"


@needs_wheels
def test_a_chapter_runs_alone_as_on_colab() -> None:
    """The notebook fetches labs from a repository, leaves what is there alone and runs to its end: ipywidgets 7.7."""
    command = [sys.executable, colab.__file__, "--widgets", "7", "book/01_learning_vs_optimization.ipynb"]
    environment = os.environ | {"PYTHONPATH": ""}
    run = subprocess.run(command, cwd=notebooks.ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 of 1 runs are well." in run.stdout
    assert re.search(r"ipywidgets 7\.7\.1: fetched .*labs .*; torch \S+ and numpy \S+ are as they were", run.stdout)


@needs_wheels
def test_without_an_address_one_sentence_says_what_is_missing_and_with_one_all_is_fetched(tmp_path: Path) -> None:
    home = colab.open_home(tmp_path, WHEELS, widgets=8)
    before = environments.state(home.python)
    assert not colab.FETCHED & set(before)
    setup = new_code_cell(notebooks.setup_source(), metadata={"tags": list(notebooks.SETUP_TAGS)})
    unaddressed = new_notebook(cells=[setup])
    notebooks.place_address(unaddressed, "")
    told = execution.Job(
        tmp_path / "x.ipynb", unaddressed, home.variables, go_on_after_errors=True, kernels=home.kernels
    )
    asyncio.run(execution.run(told, lambda: None))
    (error,) = unaddressed.cells[0].outputs
    assert error.traceback == [error.evalue]
    assert error.evalue.startswith("labs is missing and this copy does not know where it is")
    assert error.evalue.count(".") == 1
    assert environments.state(home.python) == before

    address = colab.bare_repository(tmp_path / "course.git")
    progress = colab.job(notebooks.BOOK / "progress.ipynb", address, tmp_path, home)
    assert asyncio.run(execution.run(progress, lambda: None)).error == ""
    assert colab.verdict(before, environments.state(home.python)) == ""


def test_a_package_that_was_touched_is_named() -> None:
    before = {"numpy": "2.4.6 in 1", "torch": "2.13.0 in 2"}
    fetched = {name: "1 in 9" for name in colab.FETCHED}
    assert colab.verdict(before, before | fetched) == ""
    assert "numpy" in colab.verdict(before, before | fetched | {"numpy": "2.4.6 in 3"})
    assert "torch" in colab.verdict(before, {"numpy": before["numpy"]} | fetched)
    assert "fetched nothing" in colab.verdict(before, before)
    assert "scipy" in colab.verdict(before, before | fetched | {"scipy": "1 in 8"})


def test_a_fresh_environment_has_what_was_named_and_nothing_else(tmp_path: Path) -> None:
    packages = environments.needed(["nbformat"])
    assert {"nbformat", "jsonschema", "traitlets"} <= set(packages)
    python = environments.create(tmp_path / "a b", packages)
    assert set(environments.state(python)) == set(packages)
    code = "import importlib.util as u, nbformat; print(nbformat.__file__, u.find_spec('numpy'), u.find_spec('labs'))"
    found = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert found.split()[-2:] == ["None", "None"]
    assert found.startswith(str(tmp_path))


def test_the_bare_repository_holds_the_package(tmp_path: Path) -> None:
    address = colab.bare_repository(tmp_path / "course.git")
    assert address == (tmp_path / "course.git").as_uri()
    listed = subprocess.run(
        ["git", f"--git-dir={tmp_path / 'course.git'}", "ls-tree", "-r", "--name-only", "HEAD"],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert {"pyproject.toml", "labs/__init__.py", "labs/explore/kit.js"} <= set(listed)
    assert not [name for name in listed if "__pycache__" in name]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.ipynb"], r"There is no notebook nowhere\.ipynb"),
        (["README.md"], r"There is no notebook README\.md"),
        (["--wheels", "nowhere"], "There are no wheels in nowhere"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(
    arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(notebooks.ROOT)
    with pytest.raises(SystemExit, match=words + r".*\.$"):
        colab.main(arguments)


@pytest.mark.parametrize("text", ["", "no notebook", "[]", "{}"])
def test_a_broken_notebook_is_refused_in_one_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "broken.ipynb").write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match=r"broken\.ipynb is no notebook: [^\n]*\.$"):
        colab.main([str(tmp_path / "broken.ipynb")])
    assert [path.name for path in tmp_path.iterdir()] == ["broken.ipynb"]


def test_without_git_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a.whl").touch()
    monkeypatch.setattr(colab.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=r"install git\.$"):
        colab.main(["--wheels", str(tmp_path)])
