"""The concordance: no paragraph of the article and no section of the book is without a place."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import notebooks
import pytest

sys.path.insert(0, str(notebooks.ROOT / "book" / "_ext"))
from course_site.chapters import CHAPTERS
from course_site.concordance import BOOK, VERDICTS, answers_in, passages

CHAPTER = "book/01_learning_vs_optimization"
WRITTEN = [path for chapter in CHAPTERS if (path := notebooks.ROOT / f"{chapter.docname}.ipynb").exists()]
ANSWERS = [answer for path in WRITTEN for answer in answers_in(path)]


def test_every_passage_is_answered_or_left_out_with_a_reason() -> None:
    answered = {name for name, _, _ in ANSWERS}
    whole = len(WRITTEN) == len(CHAPTERS)
    missing = [
        passage.name
        for heading, group in passages().items()
        if whole or (heading != BOOK and any(passage.name in answered for passage in group))
        for passage in group
        if passage.name not in answered and not passage.left_out
    ]
    assert missing == []


def test_nothing_else_is_answered_and_nothing_that_was_left_out() -> None:
    known = {passage.name for group in passages().values() for passage in group if not passage.left_out}
    assert [name for name, _, _ in ANSWERS if name not in known] == []
    assert {verdict for _, verdict, _ in ANSWERS} <= set(VERDICTS)


def test_each_chapter_answers_its_own_section_of_the_book() -> None:
    for path in WRITTEN:
        assert any(name.startswith(f"{BOOK} 8.") for name, _, _ in answers_in(path)), path.name


def test_the_summaries_are_no_copies() -> None:
    assert all(len(passage.says.split()) <= 20 for group in passages().values() for passage in group)


Cells = list[tuple[str, dict[str, str]]]


@pytest.fixture
def build(sphinx_build: Callable, tmp_path: Path) -> Callable[[Cells], tuple[int, str, str]]:
    """Builds a book of one chapter with these cells (text, what it answers): return code, errors, the page."""

    def run(cells: Cells) -> tuple[int, str, str]:
        (tmp_path / "book").mkdir()
        written = [
            {"cell_type": "markdown", "id": f"c{n}", "metadata": {"concordance": answers}, "source": text}
            for n, (text, answers) in enumerate(cells)
        ]
        whole = {"cells": written, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (tmp_path / f"{CHAPTER}.ipynb").write_text(json.dumps(whole), encoding="utf-8")
        pages = {
            "index.md": f"# Book\n\n```{{toctree}}\n{CHAPTER}\nbook/concordance\n```\n",
            "book/concordance.md": "# Concordance\n\n```{concordance}\n```\n",
        }
        settings = {"nb_execution_mode": "off", "exclude_patterns": ["out", "jupyter_execute"]}
        done = sphinx_build(["myst_nb", "course_site.concordance"], pages, **settings)
        page = tmp_path / "out/book/concordance.html"
        return done.returncode, done.stderr, page.read_text(encoding="utf-8") if page.exists() else ""

    return run


def test_a_place_is_the_section_in_which_the_answering_cell_stands(build: Callable) -> None:
    code, errors, page = build(
        [
            ("# Chapter", {"book 8.1": "taken up"}),
            ("## First\n\nText.", {}),
            ("More text.", {"Point 1": "corrected"}),
            ("## Last things\n\n### Aside, *too*\n\nText.", {"Point 2": "holds"}),
        ]
    )
    assert code == 0, errors
    items = re.findall(r"<li><p>(.*?)</p>", page, re.DOTALL)
    point = next(item for item in items if "01 First" in item)
    assert 'href="01_learning_vs_optimization.html#first"' in point
    assert "<strong>Corrected</strong>" in point
    assert any('href="01_learning_vs_optimization.html#aside-too"' in item for item in items)
    assert any("8.1 How learning" in item and 'href="01_learning_vs_optimization.html' in item for item in items)
    assert any("<strong>Left out</strong>" in item for item in items)


@pytest.mark.parametrize(
    ("answers", "words"),
    [({"Point 99": "holds"}, "'Point 99', which is no passage"), ({"Point 1": "wrong"}, "'wrong' is no verdict")],
)
def test_a_slip_in_a_notebook_is_reported(build: Callable, answers: dict[str, str], words: str) -> None:
    code, errors, _ = build([("# Chapter", answers)])
    assert code != 0
    assert words in errors
