"""A published copy has cards and a sitemap; a copy without an address has neither."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ADDRESS = "https://example.org/course"


def build(folder: Path, *settings: str) -> Path:
    """Builds a book of one page, warnings as errors, and returns where it is."""
    paths = f"import sys; sys.path.insert(0, {str(ROOT / 'book' / '_ext')!r})"
    extensions = "extensions = ['myst_parser', 'course_site.publishing']"
    (folder / "conf.py").write_text("\n".join([paths, extensions, *settings]), encoding="utf-8")
    (folder / "index.md").write_text("# Book\n\nWhy training is hard.\n", encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(folder), str(folder / "out")]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return folder / "out"


def test_with_an_address_pages_have_cards_and_the_sitemap_lists_them(tmp_path: Path) -> None:
    html = build(tmp_path, f"html_baseurl = {ADDRESS!r}")
    page = (html / "index.html").read_text(encoding="utf-8")
    cards = dict(re.findall(r'<meta property="og:(\w+)" content="([^"]*)"', page))
    assert cards["url"].startswith(f"{ADDRESS}/")
    assert cards["title"] == "Book"
    assert "Why training is hard." in cards["description"]
    assert (html / cards["image"].removeprefix(f"{ADDRESS}/")).is_file()
    listed = re.findall(r"<loc>(.*?)</loc>", (html / "sitemap.xml").read_text(encoding="utf-8"))
    assert listed == [f"{ADDRESS}/index.html"]


def test_without_an_address_there_is_neither(tmp_path: Path) -> None:
    html = build(tmp_path)
    assert "og:" not in (html / "index.html").read_text(encoding="utf-8")
    assert not (html / "sitemap.xml").exists()
