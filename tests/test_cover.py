"""The cover: plain Markdown that JupyterLab shows whole, and a map with links in the book."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import notebooks
import numpy as np
import prose
import pytest
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from nbformat.v4 import new_markdown_cell, new_notebook

ROOT = notebooks.ROOT
COVER = notebooks.BOOK / "index.md"
sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site import course_map  # noqa: E402
from course_site.chapters import CHAPTERS, PARTS, Chapter  # noqa: E402

DRAW_AGAIN = "PYTHONPATH=book/_ext .venv/bin/python -c 'from course_site import course_map; course_map.store()'"


def _entry(chapter: Chapter) -> str:
    name = Path(chapter.docname).name + ".ipynb"
    title = f"[{chapter.title}]({name})" if (notebooks.BOOK / name).is_file() else f"{chapter.title} (to come)"
    return f"{chapter.number}. {title}. *{chapter.question}*\n"


def test_the_cover_lists_all_chapters_and_links_those_that_are_there() -> None:
    text = COVER.read_text("utf-8")
    for numeral, title, chapters in PARTS:
        listed = "".join(map(_entry, chapters))
        assert f"## {course_map.heading(numeral, title)}\n\n{listed}" in text, f"book/index.md should have\n{listed}"


def test_the_cover_is_plain_markdown_whose_links_arrive() -> None:
    page = new_notebook(cells=[new_markdown_cell(COVER.read_text("utf-8"))])
    assert [problem for rule in prose.RULES for problem in rule(page, COVER)] == []


@pytest.mark.parametrize("path", sorted(notebooks.BOOK.glob("*.md")), ids=lambda path: path.stem)
def test_a_page_that_a_link_opens_in_jupyterlab_has_no_markup_in_its_text(path: Path) -> None:
    """Directives stand in comments, with Markdown beside them; a role would show."""
    page = new_notebook(cells=[new_markdown_cell(path.read_text("utf-8"))])
    assert list(prose.no_myst_in_text(page, path)) == []


def test_make_lab_opens_the_cover_as_a_page() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.findall(r"default_url=/lab/tree/(\S+)", makefile) == [COVER.name]
    settings = json.loads((notebooks.BOOK / "_tools/jupyterlab/overrides.json").read_text("utf-8"))
    assert settings["@jupyterlab/docmanager-extension:plugin"]["defaultViewers"]["markdown"] == "Markdown Preview"


def test_make_lab_lists_the_course_and_not_what_makes_it() -> None:
    recipe = subprocess.run(
        ["make", "--dry-run", "--always-make", "lab"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    globs = [word.partition("=")[2] for word in shlex.split(recipe) if word.startswith("--ContentsManager.hide_globs=")]
    manager = LargeFileManager(root_dir=str(notebooks.BOOK), hide_globs=globs)
    listed = {entry["name"] for entry in manager.get("")["content"]}
    assert listed == {path.name for path in notebooks.BOOK.iterdir() if path.suffix in (".md", ".ipynb")}


@pytest.mark.parametrize(("user", "told"), [("0", True), ("1000", False)], ids=["root", "another"])
def test_make_lab_starts_for_root_too(user: str, told: bool, tmp_path: Path) -> None:
    (tmp_path / "id").write_text(f"#!/bin/sh\necho {user}\n", encoding="utf-8")
    (tmp_path / "id").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    command = ["make", "--dry-run", "--always-make", "lab"]
    recipe = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=True
    ).stdout
    assert ("--allow-root" in recipe) is told
    assert re.search(r"\bOMP_NUM_THREADS=1 .*-m jupyterlab ", recipe)


def test_the_picture_of_the_map_is_the_present_one() -> None:
    """Words and tags agree exactly; the coordinates may differ by the rounding of another machine."""
    number = re.compile(r"-?\d+(?:\.\d+)?")
    stored, drawn = (notebooks.BOOK / course_map.PICTURE).read_text("utf-8"), course_map.picture() + "\n"
    old, new = number.sub("0", stored), number.sub("0", drawn)
    assert old == new, f"the map has changed: {DRAW_AGAIN}"
    old, new = (np.array(number.findall(text), dtype=float) for text in (stored, drawn))
    assert np.abs(old - new).max() <= 1, f"the map has changed: {DRAW_AGAIN}"


Build = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def build(sphinx_build: Callable) -> Build:
    """A book of a cover and one chapter."""
    chapter = {f"{CHAPTERS[0].docname}.md": "---\norphan: true\n---\n\n# A chapter\n"}
    return lambda cover: sphinx_build(
        ["myst_parser", "course_site.course_map"], {"book/index.md": cover} | chapter, root_doc="book/index"
    )


def _without_other_links(text: str) -> str:
    return re.sub(r"\[([^]]*)\]\((?:measured|how_to_use|progress)\.\w+\)", r"\1", text)


def test_in_the_book_map_and_list_are_links_to_the_chapters_that_are_there(build: Build, tmp_path: Path) -> None:
    run = build(_without_other_links(COVER.read_text("utf-8")))
    assert run.returncode == 0, run.stderr
    page = (tmp_path / "out/book/index.html").read_text("utf-8")
    assert page.count('<svg class="course-map') == len(course_map.LAYOUTS)
    target = Path(CHAPTERS[0].docname).name + ".html"
    assert page.count(f'href="{target}"') == len(course_map.LAYOUTS) + 1
    assert page.count('<span class="chapter-state">to come</span>') == len(CHAPTERS) - 1
    assert not re.search(r"<img|\(to come\)|\.ipynb", page)


@pytest.mark.parametrize("lost", [course_map.PICTURE, "## II"])
def test_a_cover_that_lost_its_map_or_a_part_stops_the_build(lost: str, build: Build) -> None:
    text = re.sub(rf"^.*{re.escape(lost)}.*\n", "", _without_other_links(COVER.read_text("utf-8")), flags=re.MULTILINE)
    run = build(text)
    assert run.returncode != 0
    assert "the cover lacks" in run.stderr
