"""What only the build can make: in the book it stands in its place, elsewhere a page is whole Markdown without it."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import notebooks
import pytest

ROOT = notebooks.ROOT
sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site import built, numbers  # noqa: E402

PAGE = """# Page

<!-- built
```{note}
From the build.
```
instead -->
From the file.
<!-- end -->

Four times 4 000 is `4 000`, or 30 % of 50 % of 4 1000.
"""


Build = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def build(sphinx_build: Callable) -> Build:
    """A book of one page."""
    return lambda page: sphinx_build(["myst_parser", "course_site.built", "course_site.numbers"], {"index.md": page})


def test_in_the_book_the_directive_takes_its_place(build: Build, tmp_path: Path) -> None:
    run = build(PAGE)
    assert run.returncode == 0, run.stderr
    page = (tmp_path / "out/index.html").read_text("utf-8")
    assert '<div class="admonition note">' in page
    assert "From the build." in page
    assert not re.search("From the file|instead|&lt;!--", page)


def test_numbers_are_not_torn_and_code_stays(build: Build, tmp_path: Path) -> None:
    assert build(PAGE).returncode == 0
    page = re.sub("<[^>]+>", "", (tmp_path / "out/index.html").read_text("utf-8")).replace("\xa0", "~")
    assert "Four times 4~000 is 4 000, or 30~% of 50~% of 4 1000." in page
    assert numbers.whole("1 000 000 and 12 345") == "1\xa0000\xa0000 and 12\xa0345"


def test_lines_keep_their_numbers() -> None:
    assert built.as_built(PAGE).splitlines().index("Four times 4 000 is `4 000`, or 30 % of 50 % of 4 1000.") == 10
    assert built.as_built(PAGE.replace("From the file.\n", "")).count("\n") == PAGE.count("\n") - 1


@pytest.mark.parametrize("lost", ["<!-- built", "instead -->", "<!-- end -->"])
def test_a_part_that_does_not_end_stops_the_build(lost: str, build: Build) -> None:
    run = build(PAGE.replace(f"{lost}\n", ""))
    assert run.returncode != 0
    assert "no built part" in run.stderr


@pytest.mark.parametrize("path", sorted(notebooks.BOOK.glob("*.md")), ids=lambda path: path.stem)
def test_a_page_says_where_its_built_parts_are(path: Path) -> None:
    """Each page with parts that it lacks outside the book names the command that makes them."""
    parts = [found["instead"] for found in built.PART.finditer(path.read_text("utf-8"))]
    assert all(part.strip() for part in parts)
    assert not parts or "`make book`" in parts[0]


def test_the_reference_opens_each_section_with_its_modules_first_sentence() -> None:
    text = (notebooks.BOOK / "api.md").read_text("utf-8")
    listed = re.findall(r"automodule:: (\S+)\n```\ninstead -->\n(.*)\n<!-- end -->", text)
    assert len(listed) == text.count("automodule::")
    for name, sentence in listed:
        written = inspect.getdoc(importlib.import_module(name)).split("\n\n")[0]
        assert sentence == " ".join(written.split()), f"book/api.md should say this of {name}"
