"""What every notebook of the course has in common: its set-up cell, its metadata and the seal on its outputs.

The seal is the hash of the code that made the stored outputs. `refresh` writes it, the tests compare it: a notebook
whose code was edited without being run again is found.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
SETUP_TAGS = ["setup", "hide-input"]
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python", "file_extension": ".py"}  # by the extension nbconvert names a script
WIDGET = "application/vnd.jupyter.widget-view+json"
CLAIM = "application/vnd.labs.claim+json"
EXPLORABLE = "application/vnd.labs.explorable+json"
PICTURES = ("image/png", "image/svg+xml", "image/jpeg")

_SETUP = """\
# Set-up, the same in every chapter: labs (fetched first where it is missing, as on Colab), seeds, device, figure style.
import importlib.util
import subprocess
import sys

REPOSITORY = {repository}  # the address of this course's repository
if importlib.util.find_spec("labs") is None:
    if not REPOSITORY:
        missing = ModuleNotFoundError("labs is missing and this copy does not know where it is: set REPOSITORY above.")
        missing._render_traceback_ = lambda: [str(missing)]  # this sentence, nothing else
        raise missing
    # Without requirements, so that torch, numpy and all that is here stay as they are.
    others = [name for name in ("anywidget", "psygnal", "tqdm") if importlib.util.find_spec(name) is None]
    fetch = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", f"git+{{REPOSITORY}}", *others]
    subprocess.run(fetch, check=True)

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import torch
from tqdm.auto import tqdm

import labs
from labs import check, claim, hint, mean_interval, progress, solution
from labs import claims, curvature, data, device, explore, figures, gradients, landscape, losses, models, objectives
from labs import training

labs.start()"""

_REPOSITORY = re.compile(r'^(REPOSITORY = )"[^"]*"', re.MULTILINE)


def repository() -> str:
    """The public address of the course's repository, from the one place where it stands: `_config.yml`."""
    return yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]


def setup_source() -> str:
    """The text of the set-up cell."""
    return _SETUP.format(repository=json.dumps(repository()))


def chapters() -> list[Path]:
    """The notebooks of the course, in order."""
    return sorted(BOOK.glob("[0-9][0-9]_*.ipynb"))


def everything() -> list[Path]:
    """All notebooks in book/: the chapters, and what else a kernel runs."""
    return sorted(BOOK.glob("*.ipynb"))


def read(path: Path) -> NotebookNode:
    """The notebook at `path`."""
    return nbformat.read(path, as_version=4)


def named(paths: Iterable[Path]) -> list[Path]:
    """The notebooks that a command was told to take; it ends with a sentence where one of them is none."""
    found = list(paths)
    if missing := [path for path in found if path.suffix != ".ipynb" or not path.is_file()]:
        raise SystemExit(f"There is no notebook {missing[0]}: name files such as book/05_ill_conditioning.ipynb.")
    for path in found:
        try:
            read(path)
        except (ValueError, AttributeError, nbformat.ValidationError) as error:  # no JSON, no object, no cells
            raise SystemExit(f"{path} is no notebook: {str(error).splitlines()[0].rstrip('.')}.") from None
    return found


def write(notebook: NotebookNode, path: Path) -> None:
    """Writes all of the notebook or nothing."""
    replace(path, nbformat.writes(notebook) + "\n")


def replace(path: Path, text: str) -> None:
    """Writes all of the text or nothing: a run that is stopped leaves the old file whole."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.write_text(text, encoding="utf-8")
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell."""
    return list(cell.metadata.get("tags", []))


def source_hash(notebook: NotebookNode) -> str:
    """The SHA-256 of all code, cell by cell; text cells do not count, since no output depends on them."""
    return hashlib.sha256(json.dumps([cell.source for cell in code_cells(notebook)]).encode()).hexdigest()


def is_current(notebook: NotebookNode) -> bool:
    """Whether the stored outputs were made by the code that stands in the notebook now."""
    return notebook.metadata.get("course", {}).get("source_sha256") == source_hash(notebook)


def place_address(notebook: NotebookNode, address: str) -> None:
    """Writes the address of the repository into the set-up cell; outputs that were current stay so."""
    was_current = is_current(notebook)
    for cell in code_cells(notebook):
        if "setup" in tags(cell):
            cell.source = _REPOSITORY.sub(lambda line: line[1] + json.dumps(address), cell.source, count=1)
    if was_current:
        notebook.metadata.course.source_sha256 = source_hash(notebook)


def place_setup(notebook: NotebookNode) -> None:
    """Puts the set-up cell's present text where the notebook has its set-up cell, folded away in JupyterLab too."""
    for cell in code_cells(notebook):
        if "setup" in tags(cell):
            cell.source, cell.metadata["tags"] = setup_source(), list(SETUP_TAGS)
            cell.metadata["jupyter"] = {"source_hidden": True}


def place_kernel(notebook: NotebookNode) -> None:
    """Says which kernel runs the notebook, and in which language it is."""
    notebook.metadata.update(nbformat.from_dict({"kernelspec": KERNEL, "language_info": LANGUAGE}))


def seal(notebook: NotebookNode) -> None:
    """Makes a notebook that was just run fit to be stored: no trace of the run itself, and the hash of its code."""
    for cell in code_cells(notebook):
        cell.metadata.pop("execution", None)
        cell.outputs = [output for output in map(_without_widget, cell.outputs) if output is not None]
    notebook.metadata = nbformat.from_dict({"course": {"source_sha256": source_hash(notebook)}})
    place_kernel(notebook)


def _without_widget(output: NotebookNode) -> NotebookNode | None:
    """The output without its live widget, whose number is new in each run; None where nothing else is worth keeping.

    An explorable keeps its picture, but not the HTML around it, which is there for the widget.
    """
    if output.output_type == "stream" and output.name == "stderr" and _is_progress(output.text):
        return None
    if EXPLORABLE in output.get("data", {}):
        output.data.pop("text/html", None)
    if WIDGET not in output.get("data", {}):
        return output
    del output.data[WIDGET]
    return output if set(output.data) - {"text/plain"} else None


def _is_progress(text: str) -> bool:
    """Whether a text on stderr is nothing but progress bars."""
    return all(re.search(r"\d+%\|", line) for line in re.split(r"[\r\n]+", text) if line.strip())
