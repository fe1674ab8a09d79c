"""The course in other homes: what requirements.txt pins is enough for a container host such as Binder."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import colab
import environments
import notebooks
from IPython.core.inputtransformer2 import TransformerManager
from packaging.utils import canonicalize_name

ROOT = notebooks.ROOT
REQUIREMENTS = (ROOT / "requirements.txt").read_text("utf-8")
PINNED = {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)$", REQUIREMENTS, re.M)}
# What a repository of Binder's may hold that would be used in place of requirements.txt.
OVERRULING = ("environment.yml", "Pipfile", "Pipfile.lock", "setup.py", "Dockerfile", "binder", ".binder")


def _imports(source: str) -> Iterator[str]:
    """The names of the packages that a program imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def _used() -> dict[str, str]:
    """Each package that labs, the notebooks or the tools import, and one place where."""
    tools = {path.stem for path in (notebooks.BOOK / "_tools").glob("*.py")}
    programs = {path: path.read_text("utf-8") for path in [*ROOT.glob("labs/**/*.py"), *ROOT.glob("book/_tools/*.py")]}
    for path in notebooks.everything():
        cells = (
            TransformerManager().transform_cell(cell.source) for cell in notebooks.code_cells(notebooks.read(path))
        )
        programs[path] = "\n".join(cells)
    return {
        name: str(path.relative_to(ROOT))
        for path, program in programs.items()
        for name in _imports(program)
        if name not in sys.stdlib_module_names | tools | {"labs", "google"}
    }


def test_everything_that_is_imported_is_pinned() -> None:
    provided = packages_distributions()
    used = _used()
    assert {"torch", "numpy", "anywidget", "nbclient"} <= set(used)
    missing = {
        name: place
        for name, place in used.items()
        if not {canonicalize_name(one) for one in provided.get(name, [])} & set(PINNED)
    }
    assert missing == {}


def test_the_pins_are_complete() -> None:
    """What the pinned packages require in turn is pinned as well, so that no resolver has a choice left."""
    brought = {"pip", "setuptools", "wheel", "labs"}  # pip's own, and the course itself
    assert set(environments.needed(PINNED)) - set(PINNED) - brought == set()


def test_nothing_takes_precedence_over_the_requirements() -> None:
    assert [name for name in OVERRULING if (ROOT / name).exists()] == []
    assert REQUIREMENTS.splitlines()[-1] == "--editable ."


def test_the_last_requirement_installs_labs_from_a_copy(tmp_path: Path) -> None:
    """In a fresh environment with nothing but pip, `--editable .` in a folder with a space in its name is labs."""
    copy = tmp_path / "a copy"
    address = colab.bare_repository(tmp_path / "course.git")
    subprocess.run(["git", "clone", "--quiet", address, str(copy)], check=True, capture_output=True)
    python = environments.create(tmp_path / "env", environments.needed(["pip", "setuptools"]))
    command = [str(python), "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation", "-e", "."]
    subprocess.run(command, cwd=copy, check=True)
    found = subprocess.run(
        [str(python), "-c", "import labs, json; print(json.dumps(labs.__file__))"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert Path(json.loads(found.stdout)) == (copy / "labs" / "__init__.py").resolve()
