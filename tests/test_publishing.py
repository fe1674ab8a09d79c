"""A published copy has cards and a sitemap; a copy without an address has neither."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site.publishing import DOWNLOADS, PLACE  # noqa: E402

ADDRESS = "https://example.org/course"


Build = Callable[..., Path]


@pytest.fixture
def build(sphinx_build: Callable, tmp_path: Path) -> Build:
    """Builds a book of one page with these settings and returns where it is."""
    page = f"# Book\n\nWhy training is hard.\n\n{PLACE}\n\nThe end.\n"

    def run(**settings: str) -> Path:
        done = sphinx_build(["myst_parser", "course_site.publishing"], {"index.md": page}, **settings)
        assert done.returncode == 0, done.stderr
        return tmp_path / "out"

    return run


def test_with_an_address_pages_have_cards_and_the_sitemap_lists_them(build: Build) -> None:
    html = build(html_baseurl=ADDRESS, html_title="A course")
    page = (html / "index.html").read_text(encoding="utf-8")
    cards = dict(re.findall(r'<meta property="og:([\w:]+)" content="([^"]*)"', page))
    assert cards["url"].startswith(f"{ADDRESS}/")
    assert cards["title"] == "Book"
    assert cards["site_name"] == "A course"
    assert "Why training is hard." in cards["description"]
    assert (html / cards["image"].removeprefix(f"{ADDRESS}/")).is_file()
    listed = re.findall(r"<loc>(.*?)</loc>", (html / "sitemap.xml").read_text(encoding="utf-8"))
    assert listed == [f"{ADDRESS}/index.html"]
    assert re.findall(r'href="([^"]*downhill[^"]*)"', page) == [f"{ADDRESS}/{name}" for name in DOWNLOADS]


def test_without_an_address_there_is_neither(build: Build) -> None:
    html = build()
    page = (html / "index.html").read_text(encoding="utf-8")
    assert "og:" not in page
    assert "downhill" not in page
    assert not (html / "sitemap.xml").exists()


def test_what_the_page_offers_lies_beside_the_published_pages() -> None:
    assert PLACE in (ROOT / "book" / "how_to_use.md").read_text(encoding="utf-8").splitlines()
    steps = yaml.safe_load((ROOT / ".github/workflows/book.yml").read_text(encoding="utf-8"))["jobs"]["test"]["steps"]
    commands = [step.get("run", "") for step in steps]
    (place,) = [place for place, command in enumerate(commands) if command.startswith("make pdf zip && cp ")]
    *copied, target = commands[place].partition("cp ")[2].split()
    assert {Path(name).name for name in copied} == set(DOWNLOADS)
    (upload,) = [number for number, step in enumerate(steps) if "upload-pages" in step.get("uses", "")]
    assert steps[upload]["with"]["path"] + "/" == target
    assert place < upload
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(re.search(rf" {re.escape(name)}$", makefile, re.MULTILINE) for name in copied)
