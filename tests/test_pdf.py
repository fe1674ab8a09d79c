"""The printed book: one document of all pages, and a sheet of it through the browser."""

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
<details name="guess"><summary>B</summary>Last words.</details></section></article></body></html>"""
LISTED = [("book/first", ""), ("book/second", "02 Two")]


@pytest.fixture
def html(tmp_path: Path) -> Path:
    """A built book of two pages."""
    folder = tmp_path / "a folder" / "html"
    (folder / "book").mkdir(parents=True)
    (folder / "_static").mkdir()
    (folder / "_static/a.css").write_text("p { color: black; }", encoding="utf-8")
    (folder / "book/first.html").write_text(HEAD + FIRST, encoding="utf-8")
    (folder / "book/second.html").write_text(HEAD + SECOND, encoding="utf-8")
    return folder


def test_the_joined_document_has_every_page_unfolded_and_leads_within_itself(html: Path) -> None:
    soup = BeautifulSoup(pdf.join(html, LISTED), "html.parser")
    assert [article["id"] for article in soup.find_all("article")] == ["book/first", "book/second"]
    assert [heading.get_text() for heading in soup.find_all("h1")] == ["One", "02 Two"]
    assert all(fold.has_attr("open") for fold in soup.find_all("details"))
    assert soup.select("script, button, nav, .headerlink") == []
    links = {link.get_text(): link.get("href") for link in soup.find_all("a")}
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
    cover, last = (page.extract_text() for page in reader.pages)
    assert "folded words" in cover
    assert sorted(last.split()) == sorted(["02", "Two", "A", "First", "words.", "B", "Last", "words.", "2"])
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


def test_a_book_that_is_not_built_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(browser, "find", lambda: "chromium")
    with pytest.raises(SystemExit, match=r"The book is not built: .* run `make book` first\.$"):
        pdf.main(str(tmp_path), str(tmp_path / "book.pdf"))


def test_the_pages_come_in_the_order_of_the_table_of_contents() -> None:
    names = [name for name, _ in pdf.pages(pdf.ROOT / "_toc.yml")]
    assert names[:2] == ["book/index", "book/how_to_use"]
    assert names[-1] == "book/references"
    assert dict(pdf.pages(pdf.ROOT / "_toc.yml"))["book/05_ill_conditioning"] == "05 Ill-conditioning"
