"""The page that collects the chapters' notes on the source."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

OPENING = "The source is an article that summarises a book."
NOTES = f"## Notes on the source\n\n{OPENING}\n\n- *It is so.* [It is not](#the-measurement), for $x > 0$.\n"
CHAPTER = "book/01_learning_vs_optimization"


def notebook(path: Path, *texts: str) -> None:
    """Writes a notebook of markdown cells."""
    cells = [{"cell_type": "markdown", "id": f"c{n}", "metadata": {}, "source": text} for n, text in enumerate(texts)]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")


Build = Callable[[], subprocess.CompletedProcess[str]]


@pytest.fixture
def build(sphinx_build: Callable) -> Build:
    """Builds a book of one chapter, which lies there already, and the page of notes."""
    pages = {
        "index.md": f"# Book\n\n```{{toctree}}\n{CHAPTER}\nbook/notes\n```\n",
        "book/notes.md": "# Notes\n\n```{source-notes}\n```\n",
    }
    settings = {"nb_execution_mode": "off", "myst_heading_anchors": 4, "myst_enable_extensions": ["dollarmath"]}
    return lambda: sphinx_build(
        ["myst_nb", "course_site.notes"], pages, exclude_patterns=["out", "jupyter_execute"], **settings
    )


def test_each_note_leads_to_its_chapter_and_to_the_measurement(build: Build, tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    notebook(tmp_path / f"{CHAPTER}.ipynb", "# Chapter\n\n## The measurement\n\nText.", NOTES)
    run = build()
    assert run.returncode == 0, run.stderr
    page = (tmp_path / "out/book/notes.html").read_text(encoding="utf-8")
    section = re.search(r'<section id="notes-learning-vs-optimization">.*?</section>', page, re.DOTALL)[0]
    assert re.findall(r'href="(01[^"]*)"', section) == [
        "01_learning_vs_optimization.html#notes-on-the-source",
        "01_learning_vs_optimization.html#the-measurement",
    ]
    assert "<em>It is so.</em>" in section
    assert OPENING not in page
    assert OPENING in (tmp_path / f"out/{CHAPTER}.html").read_text(encoding="utf-8")


def test_a_changed_chapter_changes_the_page(build: Build, tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    notebook(tmp_path / f"{CHAPTER}.ipynb", "# Chapter\n\n## The measurement\n\nText.", NOTES)
    assert build().returncode == 0
    notebook(tmp_path / f"{CHAPTER}.ipynb", "# Chapter\n\n## The measurement\n\nText.", NOTES + "- *Another.* So.\n")
    assert build().returncode == 0
    assert "<em>Another.</em>" in (tmp_path / "out/book/notes.html").read_text(encoding="utf-8")


def test_a_chapter_without_notes_is_reported(build: Build, tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    notebook(tmp_path / f"{CHAPTER}.ipynb", "# Chapter")
    run = build()
    assert run.returncode != 0
    assert f"{CHAPTER} has no notes on the source" in run.stderr
