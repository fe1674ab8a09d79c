"""The printed book: one document of all pages, and its numbered sheets through the browser."""

from __future__ import annotations

from pathlib import Path

import browser
import pdf
import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

HEAD = '<html><head><link rel="stylesheet" href="../_static/a.css?v=1"></head><body><nav>menu</nav>'
FIRST = """<article class="bd-article"><section id="top"><h1>One<a class="headerlink" href="#top">#</a></h1>
<details><summary>Hint</summary><p>folded words</p></details>
<div class="labs-explorable" data-kind="descent"><img alt="picture" src="../_images/p.png"></div>
<a href="second.html#top">there</a> <a href="#top">here</a> <a href="second.html">page</a>
<a href="../_sources/first.ipynb">file</a> <a href="https://example.org/a#b">away</a>
<button>copy</button><script>alert(1)</script></section></article></body></html>"""
SECOND = """<article class="bd-article"><section id="top"><h1>Two</h1>
<details name="guess"><summary>A</summary>First words.</details>
<details name="guess"><summary>B</summary><p style="break-before: page">Last words.</p></details>
</section></article></body></html>"""
THIRD = """<article class="bd-article"><section><h1>Three <code>x</code></h1></section></article></body></html>"""
PART = "Part & parcel"
LISTED = [pdf.Listed("book/first"), pdf.Listed("book/second", "02 Two", PART), pdf.Listed("book/third", "", PART)]


@pytest.fixture
def html(tmp_path: Path) -> Path:
    """A built book of three pages; the second fills more than one sheet."""
    folder = tmp_path / "a folder" / "html"
    (folder / "book").mkdir(parents=True)
    (folder / "_static").mkdir()
    (folder / "_static/a.css").write_text("p { color: black; }", encoding="utf-8")
    (folder / "book/first.html").write_text(HEAD + FIRST, encoding="utf-8")
    (folder / "book/second.html").write_text(HEAD + SECOND, encoding="utf-8")
    (folder / "book/third.html").write_text(HEAD + THIRD, encoding="utf-8")
    return folder


def test_the_joined_document_has_every_page_unfolded_and_leads_within_itself(html: Path) -> None:
    soup = BeautifulSoup(pdf.join(html, LISTED), "html.parser")
    assert [article["id"] for article in soup.find_all("article")] == [page.name for page in LISTED]
    assert [heading.get_text() for heading in soup.find_all("h1")] == ["One", "Contents", "02 Two", "Three x"]
    assert all(fold.has_attr("open") for fold in soup.find_all("details"))
    assert soup.select("script, button, nav:not(.sheets), .headerlink") == []
    links = {link.get_text(): link.get("href") for link in soup.article.find_all("a")}
    assert links == {
        "there": "#book/second:top",
        "here": "#book/first:top",
        "page": "#book/second",
        "file": None,
        "away": "https://example.org/a#b",
    }
    ids = [element["id"] for element in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links.values() if link and link.startswith("#")} <= set(ids)


def test_the_contents_name_each_page_below_its_part(html: Path) -> None:
    nav = BeautifulSoup(pdf.join(html, LISTED), "html.parser").nav
    assert nav.find_previous_sibling("article")["id"] == "book/first"
    assert [row.get_text() for row in nav.find_all(["h2", "a"])] == [PART, "02 Two", "Three x"]
    assert [link["href"] for link in nav.find_all("a")] == ["#book/second", "#book/third"]


def test_the_joined_document_finds_its_files_once(html: Path) -> None:
    soup = BeautifulSoup(pdf.join(html, LISTED), "html.parser")
    assert soup.img["src"] == (html / "_images/p.png").resolve().as_uri()
    sheets = [link["href"] for link in soup.find_all("link")]
    assert sheets == [(html / "_static/a.css").resolve().as_uri(), pdf.STYLE.as_uri()]


def test_style_sheets_keep_their_order() -> None:
    sheets = ["theme", "course"]
    pdf._merge(sheets, ["theme", "math", "course", "guesses"])
    assert sheets == ["theme", "math", "course", "guesses"]


def test_the_browser_prints_numbered_sheets_with_what_was_folded(html: Path, tmp_path: Path) -> None:
    chromium = browser.find()
    if chromium is None:
        pytest.fail("No browser was found: install the package chromium, or name one in CHROMIUM.")
    pdf.write(pdf.join(html, LISTED), tmp_path / "out" / "book.pdf", chromium)
    reader = PdfReader(tmp_path / "out" / "book.pdf")
    cover, contents, second, *_, third = sheets = [page.extract_text() for page in reader.pages]
    assert "folded words" in cover
    assert sorted(second.split()) == sorted(["02", "Two", "A", "First", "words.", "B", "3"])
    assert [number for number, sheet in enumerate(sheets, 1) if str(number) not in sheet.split()] == [1]
    assert "Last words." in sheets[3]
    assert sorted(third.split()) == ["5", "Three", "x"]
    assert sorted(contents.split()) == sorted([*f"Contents {PART}".split(), "02", "Two", "3", "Three", "x", "5", "2"])
    assert reader.metadata.title == "Downhill"
    actions = [link.get_object().get("/A", {}) for link in reader.pages[0]["/Annots"]]
    assert [action["/URI"] for action in actions if "/URI" in action] == ["https://example.org/a#b"]


def test_without_a_browser_one_sentence_says_so_and_nothing_changes(
    monkeypatch: pytest.MonkeyPatch, html: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(browser, "find", lambda: None)
    with pytest.raises(SystemExit, match=r"install the package chromium .*\.$"):
        pdf.main(str(html), str(tmp_path / "book.pdf"))
    assert not (tmp_path / "book.pdf").exists()


@pytest.fixture
def course(monkeypatch: pytest.MonkeyPatch, html: Path, tmp_path: Path) -> Path:
    """The book of three pages where the table of contents lists just them."""
    monkeypatch.setattr(pdf, "pages", lambda toc: iter(LISTED))
    return html


def test_a_program_that_is_no_browser_is_named_and_the_old_file_stays(
    monkeypatch: pytest.MonkeyPatch, course: Path, tmp_path: Path
) -> None:
    (tmp_path / "book.pdf").write_text("the one before", encoding="utf-8")
    (tmp_path / "other").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (tmp_path / "other").chmod(0o755)
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "other"))
    with pytest.raises(SystemExit, match=r"other could not print the book: it does not start [^\n]*[^.\n]\.$"):
        pdf.main(str(course), str(tmp_path / "book.pdf"))
    assert (tmp_path / "book.pdf").read_text("utf-8") == "the one before"


def test_a_place_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch, course: Path, tmp_path: Path) -> None:
    monkeypatch.setattr(browser, "find", lambda: "chromium")
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match=r"book\.pdf cannot be written: [^\n]*\.$"):
        pdf.main(str(course), str(tmp_path / "file" / "book.pdf"))


def test_a_book_that_is_not_built_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(browser, "find", lambda: "chromium")
    with pytest.raises(SystemExit, match=r"The book is not built: .* run `make book` first\.$"):
        pdf.main(str(tmp_path), str(tmp_path / "book.pdf"))


def test_the_pages_come_in_the_order_of_the_table_of_contents() -> None:
    listed = list(pdf.pages(pdf.ROOT / "_toc.yml"))
    names = [page.name for page in listed]
    assert names[:2] == ["book/index", "book/how_to_use"]
    assert names[-1] == "book/references"
    chapter = listed[names.index("book/05_ill_conditioning")]
    assert (chapter.title, chapter.part[:5]) == ("05 Ill-conditioning", "II · ")
