"""Prints the whole book into one PDF, through Chromium.

`python book/_tools/pdf.py _build/html _build/downhill.pdf` joins the built pages, in the order of the table of
contents, into one document without scripts: folded parts are open, explorables are their pictures, links between pages
lead to places in the same document. Chromium numbers and prints its sheets, twice: only a printed book tells on which
sheet each of its pages begins, and the contents behind the cover say so.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import browser
import yaml
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Error, sync_playwright
from pypdf import PdfReader

ROOT = Path(__file__).parents[2]
STYLE = Path(__file__).with_name("print.css")
REFERRING = ("id", "for", "aria-labelledby", "aria-describedby")
SCREEN_ONLY = "script, noscript, .headerlink, .copybtn, button, form, dialog"
MILLISECONDS = 300_000  # a book of twelve chapters on a slow machine

NUMBER = """(sheets) => document.querySelectorAll("nav.sheets a").forEach((link) => {
  link.querySelector(".sheet").textContent = sheets[decodeURIComponent(link.hash.slice(1))];
})"""


class Listed(NamedTuple):
    """A page in the table of contents: its name, its title there, if it has one, and the part that it belongs to."""

    name: str
    title: str = ""
    part: str = ""


def pages(toc: Path) -> Iterator[Listed]:
    """The pages of the table of contents, in order."""
    contents = yaml.safe_load(toc.read_text(encoding="utf-8"))
    yield Listed(contents["root"])
    for part in contents["parts"]:
        for chapter in part["chapters"]:
            yield Listed(chapter["file"], chapter.get("title", ""), part.get("caption", ""))


def join(html: Path, listed: list[Listed]) -> str:
    """One document of the cover, the contents and all other pages, with every style sheet that one of them asks for."""
    sheets: list[str] = []
    articles = []
    for page in listed:
        path = html / f"{page.name}.html"
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        _merge(sheets, [_address(path, str(link["href"])) for link in soup.select('link[rel="stylesheet"]')])
        articles.append(_article(soup, path, html, page.title, {other.name for other in listed}))
    links = "".join(f'<link rel="stylesheet" href="{sheet}">' for sheet in [*sheets, STYLE.as_uri()])
    cover, *others = map(str, articles)
    body = "".join([cover, contents(listed[1:], articles[1:]), *others])
    return (
        '<!DOCTYPE html><html lang="en" data-theme="light" data-mode="light"><head><meta charset="utf-8">'
        f"<title>Downhill</title>{links}</head><body>{body}</body></html>"
    )


def contents(listed: list[Listed], articles: list[Tag]) -> str:
    """The printed table of contents, with room for the number of the sheet on which each page begins."""
    rows, part = [], ""
    for page, article in zip(listed, articles, strict=True):
        if page.part and page.part != part:
            part = page.part
            rows.append(f"<h2>{escape(part)}</h2>")
        title = article.h1.get_text() if article.h1 else page.title
        rows.append(f'<a href="#{page.name}"><span>{escape(title)}</span><i></i><span class="sheet"></span></a>')
    return f'<nav class="sheets"><h1>Contents</h1>{"".join(rows)}</nav>'


def _merge(sheets: list[str], others: list[str]) -> None:
    """Adds the style sheets of one more page, each behind the one it follows there: later rules win."""
    place = 0
    for sheet in others:
        if sheet not in sheets:
            sheets.insert(place, sheet)
        place = sheets.index(sheet) + 1


def _article(soup: BeautifulSoup, path: Path, html: Path, title: str, names: set[str]) -> Tag:
    """The article of one page as it is printed: its anchors carry the page's name, since others have the same ones."""
    article = soup.select_one("article.bd-article")
    if article is None:
        raise SystemExit(f"{path} is no page of the book.")
    for element in article.select(SCREEN_ONLY):
        element.decompose()
    for fold in article.find_all("details"):
        fold["open"] = ""
        del fold["name"]  # of the parts with the same name only one can be open
    if (heading := article.h1) and (number := re.match(r"\d+ ", title)):
        heading.insert(0, number[0])
    name = path.relative_to(html).with_suffix("").as_posix()
    for element in article.find_all(True):
        _lead_within(element, name, path, html, names)
    article["id"] = name
    return article


def _lead_within(element: Tag, name: str, path: Path, html: Path, names: set[str]) -> None:
    """Makes what an element refers to right for the joined document; a link to a file beside the book becomes text."""
    for key in REFERRING:
        if value := element.get(key):
            element[key] = " ".join(f"{name}:{word}" for word in str(value).split())
    if source := element.get("src"):
        element["src"] = _address(path, str(source))
    link = urlsplit(str(element.get("href", "")))
    if "href" not in element.attrs or link.scheme:
        return
    target = Path(os.path.normpath(path.parent / unquote(link.path))) if link.path else path
    page = target.relative_to(html).with_suffix("").as_posix() if target.is_relative_to(html) else ""
    if target.suffix == ".html" and page in names:
        element["href"] = f"#{page}:{link.fragment}" if link.fragment else f"#{page}"
    else:
        del element["href"]


def _address(page: Path, reference: str) -> str:
    """The address of a file that a page refers to."""
    split = urlsplit(reference)
    return reference if split.scheme else (page.parent / unquote(split.path)).resolve().as_uri()


def sheets(pdf: Path) -> dict[str, int]:
    """The number of the sheet on which each place of a printed book is that a link leads to."""
    reader = PdfReader(pdf)
    found = {name: reader.get_destination_page_number(place) for name, place in reader.named_destinations.items()}
    return {name.removeprefix("/"): number + 1 for name, number in found.items() if number is not None}


def write(document: str, pdf: Path, chromium: str) -> None:
    """Prints a document with its numbered contents; what was there before stays if that fails."""
    pdf.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        source, printed = Path(folder, "book.html"), Path(folder, "book.pdf")
        source.write_text(document, encoding="utf-8")
        try:
            program = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        except Error:
            raise SystemExit(
                f"{chromium} could not print the book: it does not start as a browser of the Chromium family does."
            ) from None
        page = program.new_page(color_scheme="light", offline=True)
        page.set_default_timeout(MILLISECONDS)
        page.goto(source.as_uri())
        page.emulate_media(media="print", color_scheme="light")
        page.evaluate("() => document.fonts.ready.then(() => true)")
        for _ in ("to see what is where", "with the numbers"):
            page.pdf(path=printed, prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
            page.evaluate(NUMBER, sheets(printed))
        program.close()
        pdf.write_bytes(printed.read_bytes())


def main(html: str, pdf: str) -> None:
    """Prints the built book and says where it is, or in one sentence why not."""
    chromium = browser.find()
    if chromium is None:
        raise SystemExit(
            "The book is printed by a browser, and none is here: install the package chromium (or Google Chrome)."
        )
    folder = Path(html).resolve()
    listed = list(pages(ROOT / "_toc.yml"))
    if missing := [page.name for page in listed if not (folder / f"{page.name}.html").is_file()]:
        raise SystemExit(f"The book is not built: {missing[0]}.html is missing; run `make book` first.")
    try:
        write(join(folder, listed), Path(pdf), chromium)
    except Error as error:
        reason = next((line for line in error.message.splitlines() if line.strip()), "it gives no reason").rstrip(".")
        raise SystemExit(f"{chromium} could not print the book: {reason}.") from None
    except OSError as error:
        raise SystemExit(f"{pdf} cannot be written: {error.strerror}.") from None
    print(f"The book is printed: {pdf}")


if __name__ == "__main__":
    main(*sys.argv[1:])
