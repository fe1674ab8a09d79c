"""The page that lists the works which the chapters name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

FIRST, SECOND = "book/01_learning_vs_optimization", "book/02_empirical_risk_minimization"
SHARED = "- A. Zorn, B. Lee (1999). [Is it so?](https://example.org/so) Journal of Checks 3. "


def notebook(path: Path, references: str) -> None:
    """Writes a chapter that ends with these references."""
    text = f"# Chapter\n\n## References\n\n{references}\n"
    cells = [{"cell_type": "markdown", "id": "c1", "metadata": {}, "source": text}]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")


def test_each_work_stands_once_with_its_chapters(sphinx_build: Callable, tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    notebook(
        tmp_path / f"{FIRST}.ipynb",
        f"{SHARED}Formula (2).\n"
        "- A. Beck (2001). [A book](https://example.org/book), sections 8.1 and 8.2. The Press. Its start.",
    )
    notebook(
        tmp_path / f"{SECOND}.ipynb",
        f"- C. Abel, D. Ito (1962). On checks. Symposium 12.\n{SHARED}Its figure 4.",
    )
    pages = {
        "index.md": f"# Book\n\n```{{toctree}}\n{FIRST}\n{SECOND}\nbook/references\n```\n",
        "book/references.md": "# References\n\n```{chapter-references}\n```\n",
    }
    run = sphinx_build(
        ["myst_nb", "course_site.bibliography"],
        pages,
        nb_execution_mode="off",
        exclude_patterns=["out", "jupyter_execute"],
    )
    assert run.returncode == 0, run.stderr
    page = (tmp_path / "out/book/references.html").read_text(encoding="utf-8")
    works = [re.sub(r"<[^>]+>", "", item).strip() for item in re.findall(r"<li><p>(.*?)</p></li>", page, re.DOTALL)]
    assert works == [
        "C. Abel, D. Ito (1962). On checks. Symposium 12. Chapter 02.",
        "A. Beck (2001). A book. The Press. Chapter 01.",
        "A. Zorn, B. Lee (1999). Is it so? Journal of Checks 3. Chapters 01, 02.",
    ]
    assert 'href="https://example.org/so"' in page
    assert 'href="02_empirical_risk_minimization.html#references"' in page
