"""The course's Sphinx extension, and what must be true of the built pages without looking at them in a browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import figures
import notebooks
import numpy as np
import pytest
import sphinxcontrib.katex
import yaml
from scipy.interpolate import RegularGridInterpolator
from sphinx.util.matching import patmatch

ROOT = Path(__file__).parents[1]
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site.chapters import CHAPTERS, PARTS  # noqa: E402
from course_site.course_map import LAYOUTS, draw  # noqa: E402
from course_site.measured import MIME, Evidence, evidence_in, problem_with  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


def evidence(**changes: Any) -> Evidence:
    """A piece of evidence that is in order, but for ``changes``."""
    data = {
        "id": "claim-a", "sentence": "A holds", "figures": "measured 1, expected at least 0.5", "source": "",
        "measured": 1.0, "count": 1, "relation": "at least", "expected": 0.5, "tolerance": None, "relative": False,
    }  # fmt: skip
    data |= changes
    return Evidence("book/x", data, (f'<div class="claim" id="{data["id"]}">',))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"relation": "at most", "expected": 1.0},
        {"relation": "at least", "expected": "−∞"},
        {"relation": "between", "expected": [0.9, 1.1]},
        {"relation": "within", "expected": 1.02, "tolerance": 0.03},
        {"relation": "within", "expected": 100.0, "measured": 99.0, "tolerance": 0.02, "relative": True},
        {"relation": "equal", "expected": 1.0, "tolerance": 0.0},
        {"relation": "contains", "expected": 1.0, "interval": [0.8, 1.3]},
        {"relation": "at least", "expected": 0.5, "interval": [0.6, 1.3]},
        {"relation": "at most", "measured": 0.12345, "expected": 0.1234},
    ],
)
def test_evidence_that_bears_its_claim_out(changes: dict[str, Any]) -> None:
    assert problem_with(evidence(**changes)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"expected": 1.1},
        {"relation": "at most", "expected": 0.9},
        {"relation": "between", "expected": [1.1, 1.2]},
        {"relation": "within", "expected": 1.05, "tolerance": 0.03},
        {"relation": "within", "expected": 100.0, "measured": 97.0, "tolerance": 0.02, "relative": True},
        {"relation": "equal", "expected": 1.01, "tolerance": 0.0},
        {"relation": "contains", "expected": 2.0, "interval": [0.8, 1.3]},
        {"relation": "at least", "expected": 0.5, "interval": [0.4, 1.3]},
    ],
)
def test_evidence_that_refutes_its_claim(changes: dict[str, Any]) -> None:
    assert "does not hold" in problem_with(evidence(**changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sentence": None}, "sentence=None"),
        ({"relation": "about"}, "unknown relation"),
        ({"measured": float("nan")}, "NaN"),
        ({"measured": True}, "not a number"),
        ({"measured": "many"}, "malformed"),
        ({"interval": [1.0], "relation": "contains"}, "malformed"),
        ({"expected": []}, "malformed"),
    ],
)
def test_evidence_that_is_malformed(changes: dict[str, Any], words: str) -> None:
    assert words in problem_with(evidence(**changes))


def test_evidence_without_its_card_is_reported() -> None:
    assert "no card" in problem_with(Evidence("book/x", evidence().data, ()))
    assert "not a dictionary" in problem_with(Evidence("book/x", ["claim"]))


def notebook(path: Path, *pieces: Evidence) -> None:
    """Writes a notebook whose one code cell left ``pieces``."""
    outputs = [
        {"output_type": "display_data", "metadata": {},
         "data": {"text/plain": "✓", "text/html": list(piece.anchors), MIME: piece.data}}
        for piece in pieces
    ]  # fmt: skip
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# A chapter"},
        {"cell_type": "code", "id": "b", "metadata": {}, "source": "pass", "execution_count": 1, "outputs": outputs},
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(
        json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8"
    )


Build = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def build(sphinx_build: Callable, tmp_path: Path) -> Build:
    """A book of one notebook with these pieces of evidence and the page of measurements."""
    pages = {
        "index.md": "# Book\n\n```{toctree}\nchapter\nmeasured\n```\n",
        "measured.md": "# Measured\n\n```{measurements}\n```\n",
    }

    def run(*pieces: Evidence) -> subprocess.CompletedProcess[str]:
        notebook(tmp_path / "chapter.ipynb", *pieces)
        settings = {"nb_execution_mode": "off", "suppress_warnings": ["mystnb.unknown_mime_type"]}
        return sphinx_build(["myst_nb", "course_site.measured"], pages, **settings)

    return run


def test_the_page_of_measurements_links_each_claim(build: Build, tmp_path: Path) -> None:
    second = evidence(id="claim-b", sentence="B holds", source="Somebody 2020")
    run = build(evidence(), second)
    assert run.returncode == 0, run.stderr
    page = (tmp_path / "out" / "measured.html").read_text()
    assert "2 claims in 1 chapter" in page
    assert 'href="chapter.html#claim-a">A holds</a>' in page
    assert 'href="chapter.html#claim-b">B holds</a>' in page
    assert "Somebody 2020" in page


def test_evidence_in_disorder_stops_the_build(build: Build) -> None:
    """A claim that does not hold and an anchor used twice are both named."""
    run = build(evidence(id="claim-b", sentence="B holds", expected=2.0), evidence(), evidence())
    assert run.returncode != 0
    assert "claim 'B holds' does not hold" in run.stderr
    assert "two claims have the anchor 'claim-a'" in run.stderr


def test_evidence_is_found_in_order(tmp_path: Path) -> None:
    notebook(tmp_path / "n.ipynb", evidence(), evidence(id="claim-b"))
    assert [e.data["id"] for e in evidence_in(tmp_path / "n.ipynb", "book/n")] == ["claim-a", "claim-b"]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_the_map_is_a_drawing_of_twelve_stations(layout: Any) -> None:
    written = {5: "05.html", 6: "06.html"}
    root = ET.fromstring(draw(layout, lambda chapter: written.get(chapter.number)))
    assert root.find(f"{SVG}title").text
    assert root.find(f"{SVG}desc").text
    assert [link.get("href") for link in root.iter(f"{SVG}a")] == ["05.html", "06.html"]
    stations = [group for group in root.iter() if "map-station" in (group.get("class") or "")]
    assert len(stations) == len(CHAPTERS) == 12
    assert not [element for element in root.iter() if any(name.startswith("on") for name in element.attrib)]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_the_path_on_the_map_leads_downhill(layout: Any) -> None:
    x, y, height = layout.surface()
    at = RegularGridInterpolator((y, x), height)
    heights = at(np.array(layout.stations, dtype=float)[:, ::-1])
    assert heights[0] == max(heights)
    assert heights[-1] == min(heights)
    assert np.polyfit(np.arange(12), heights, 1)[0] < -0.1


def test_chapters_are_numbered_through() -> None:
    assert [chapter.number for chapter in CHAPTERS] == list(range(1, 13))
    assert tuple(chapter for _, _, chapters in PARTS for chapter in chapters) == CHAPTERS


def test_the_contents_list_only_what_exists() -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = [toc["root"], *(entry["file"] for part in toc["parts"] for entry in part["chapters"])]
    assert all(part["chapters"] for part in toc["parts"])
    for file in files:
        assert any((ROOT / f"{file}{suffix}").is_file() for suffix in (".md", ".ipynb")), file
    chapters = [file for file in files if re.match(r"book/\d\d_", file)]
    assert chapters == sorted(chapters)
    assert set(chapters) <= {chapter.docname for chapter in CHAPTERS}


def test_chapters_are_called_the_same_everywhere() -> None:
    """The map, the table of contents and the notebook itself agree on a chapter's title and question."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    titles = {entry["file"]: entry.get("title") for part in toc["parts"] for entry in part["chapters"]}
    for chapter in CHAPTERS:
        if chapter.docname in titles:
            opening = "".join(json.loads((ROOT / f"{chapter.docname}.ipynb").read_text())["cells"][0]["source"])
            assert opening.startswith(f"# {chapter.title}\n"), chapter
            assert chapter.question in opening, chapter
            assert titles[chapter.docname] == f"{chapter.number:02d} {chapter.title}", chapter


def test_the_vendored_katex_is_the_one_that_renders() -> None:
    css = (ROOT / "book/_theme/static/katex/katex.min.css").read_text()
    assert f'"{sphinxcontrib.katex.katex_version}"' in css
    for font in re.findall(r"url\(([^)]+)\)", css):
        assert (ROOT / "book/_theme/static/katex" / font).is_file(), font


class Page(HTMLParser):
    """The scripts, handlers, anchors and links of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.unsized: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if (tag == "script" and "src" not in given) or any(name.startswith("on") for name in given):
            self.inline.append(self.get_starttag_text() or tag)
        self.anchors.update(filter(None, (given.get("id"), given.get("name"))))
        self.links += [given[name] or "" for name in ("href", "src", "xlink:href") if name in given]
        if tag == "img" and not ("width" in given and "height" in given and "alt" in given):
            self.unsized.append(self.get_starttag_text() or tag)


@pytest.fixture(scope="module")
def pages() -> dict[Path, Page]:
    """Every page of the built book."""
    if not (HTML / "book" / "index.html").is_file():
        pytest.fail(f"The book is not built: {HTML} has no book/index.html; run `make book` first.")
    return {path: Page(path) for path in [*HTML.glob("book/**/*.html"), HTML / "search.html"]}


def test_pages_have_no_inline_scripts(pages: dict[Path, Page]) -> None:
    assert {path.name: page.inline for path, page in pages.items() if page.inline} == {}


def test_pictures_have_sizes_and_descriptions(pages: dict[Path, Page]) -> None:
    assert {path.name: page.unsized for path, page in pages.items() if page.unsized} == {}


def test_links_within_the_book_arrive(pages: dict[Path, Page]) -> None:
    """Each link leads to a file of the book, and to an anchor that is there."""
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                assert parts.scheme in ("https", "http", "mailto", "data"), f"{path.name}: {link}"
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = pages[target].anchors if target in pages else set()
            if not target.is_file() or (parts.fragment and target in pages and unquote(parts.fragment) not in anchors):
                broken.append(f"{path.name}: {link}")
    assert broken == []


SCRIPTS = {"msub": 2, "msup": 2, "munder": 2, "mover": 2, "mfrac": 2, "mroot": 2, "msubsup": 3, "munderover": 3}


def test_formulas_are_valid_for_every_browser() -> None:
    """Firefox draws an error where a fraction or a script has a child too many, as KaTeX's x_{\\max} has."""
    broken, seen = [], 0
    for path in HTML.glob("book/**/*.html"):
        for formula in re.findall(r"<math\b.*?</math>", path.read_text(encoding="utf-8"), re.DOTALL):
            for part in ET.fromstring(formula).iter():
                name = part.tag.rpartition("}")[2]
                seen += name in SCRIPTS
                if len(part) != SCRIPTS.get(name, len(part)):
                    broken.append(f"{path.name}: {''.join(part.itertext())}")
    assert seen > 100
    assert broken == []


@pytest.mark.parametrize("path", notebooks.chapters(), ids=lambda path: path.stem)
def test_the_book_numbers_figures_as_the_text_does(path: Path) -> None:
    html = (HTML / "book" / f"{path.stem}.html").read_text(encoding="utf-8")
    shown = re.findall(
        r'<figure [^>]*id="([^"]+)".*?<span class="caption-number">Fig. ([\d.]+) </span>', html, re.DOTALL
    )
    assert dict(shown) == figures.numbers(notebooks.read(path), path)


def test_a_checkout_in_a_folder_with_brackets_builds_too() -> None:
    """Jupyter Book leaves out what is no page by absolute patterns, which brackets change; ours are relative."""
    patterns = yaml.safe_load((ROOT / "_config.yml").read_text())["exclude_patterns"]
    assert all(any(patmatch(page.name, pattern) for pattern in patterns) for page in ROOT.glob("*.md"))


def test_a_book_in_a_folder_with_brackets_is_built(tmp_path: Path) -> None:
    """By Jupyter Book itself, with the course's own patterns and a page beside the book, as the README is."""
    folder = tmp_path / "a [small] course"
    (folder / "book").mkdir(parents=True)
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    kept = {name: config[name] for name in ("title", "author", "only_build_toc_files", "exclude_patterns", "execute")}
    (folder / "_config.yml").write_text(yaml.safe_dump(kept), encoding="utf-8")
    (folder / "_toc.yml").write_text("format: jb-book\nroot: book/index\n", encoding="utf-8")
    for page in ("book/index.md", "README.md"):
        (folder / page).write_text("# A page\n\nIts text.\n", encoding="utf-8")
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", ".", "-W", "-n", "--keep-going", "-q"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    assert (folder / "_build" / "html" / "book" / "index.html").is_file()
    assert not (folder / "_build" / "html" / "README.html").exists()


def test_no_style_of_the_theme_falls_on_what_labs_shows() -> None:
    """A class that labs gives its outputs is none that the theme styles by itself, as it does `progress`."""
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "labs").rglob("*.py"))
    ours = {name for found in re.findall(r'class="([a-z][\w -]*)["{]', sources) for name in found.split()}
    assert {"claim", "hint", "labs-progress"} <= ours
    sheets = "".join(path.read_text("utf-8") for path in (HTML / "_static" / "styles").glob("*.css"))
    styled = set(re.findall(r"(?<![\w.#\])-])\.([a-z][\w-]*)(?=[\s,>{:])", sheets))
    assert {"progress", "container"} <= styled
    assert ours & styled <= {"highlight"}  # code in the theme's colours
