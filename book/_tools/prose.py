"""What text cells must keep to, so that they read alike in the book, in JupyterLab and on Colab."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.dollarmath import dollarmath_plugin
from myst_parser.mdit_to_docutils.base import compute_unique_slug
from nbformat import NotebookNode
from notebooks import BOOK, code_cells, read

# How a line of text begins that only MyST knows: a directive, a label, attributes, a break, a comment.
MYST = re.compile(r":{3,}\{|\([\w:.-]+\)=$|\{[.#%].*\}$|\+\+\+|%\s")


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table").use(dollarmath_plugin)


def tokens(text: str) -> Iterator[Token]:
    """The Markdown tokens of a text, those inside paragraphs included."""
    for token in _parser().parse(text):
        yield token
        yield from token.children or []


class _Tags(HTMLParser):
    """Collects the tags of a piece of HTML with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


def _elements(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The links, pictures and other HTML elements of a Markdown text, however they are written."""
    for token in tokens(text):
        if token.type == "link_open":
            yield "a", {"href": str(token.attrs["href"])}
        elif token.type == "image":
            yield "img", {"src": str(token.attrs["src"]), "alt": token.content}
        elif token.type in ("html_inline", "html_block"):
            yield from _Tags(token.content).found


def _texts(notebook: NotebookNode) -> Iterator[tuple[int, str]]:
    """The text cells and their numbers, counted from 1 as a reader counts."""
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "markdown":
            yield number, cell.source


def headings(texts: list[str]) -> list[tuple[int, str]]:
    """Level and anchor of each heading, the anchor as the book makes it."""
    found: list[tuple[int, str]] = []
    for text in texts:
        parsed = _parser().parse(text)
        for index, token in enumerate(parsed):
            if token.type == "heading_open" and token.level == 0:
                node = SyntaxTreeNode(parsed[index : index + 3]).children[0]
                found.append((int(token.tag[1]), compute_unique_slug(node, [anchor for _, anchor in found])))
    return found


def _anchors_in(notebook: NotebookNode) -> set[str]:
    """What a link may point at in a notebook: headings, named figures, and whatever carries an id."""
    texts = [text for _, text in _texts(notebook)]
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    pieces = texts + ["".join(output.get("data", {}).get("text/html", "")) for output in outputs]
    anchors = {anchor for _, anchor in headings(texts)}
    anchors |= {cell.metadata.get("mystnb", {}).get("figure", {}).get("name", "") for cell in code_cells(notebook)}
    return anchors | {
        marks[key] for piece in pieces for _, marks in _Tags(piece).found for key in ("id", "name") if key in marks
    }


@cache
def anchors(path: Path) -> frozenset[str]:
    """What a link may point at in a page of the book."""
    if path.suffix == ".ipynb":
        return frozenset(_anchors_in(read(path)))
    text = path.read_text(encoding="utf-8")
    labels = re.findall(r"^\(([\w:.-]+)\)=\s*$", text, re.MULTILINE)
    ids = [marks["id"] for _, marks in _elements(text) if "id" in marks]
    return frozenset([*labels, *ids, *(anchor for _, anchor in headings([text]))])


def _problem_of_link(target: str, notebook: NotebookNode, path: Path) -> str:
    parts = urlsplit(target)
    if parts.scheme == "https":
        return ""
    if parts.scheme or parts.netloc:
        return "an address outside the course must begin with https"
    page = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if parts.path and not (page.is_file() and page.is_relative_to(BOOK if path.is_relative_to(BOOK) else path.parent)):
        return "there is no such page in the book"
    known = anchors(page) if parts.path else _anchors_in(notebook)
    return f"there is no #{parts.fragment} there" if parts.fragment and unquote(parts.fragment) not in known else ""


def links_resolve(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """Internal links lead to a page and an anchor that exist; external ones are https."""
    for number, text in _texts(notebook):
        for tag, marks in _elements(text):
            target = marks.get("href" if tag == "a" else "src", "")
            if target and (problem := _problem_of_link(target, notebook, path)):
                yield f"cell {number}: link {target!r}: {problem}"


def pictures_in_text_have_alt(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """A picture in a text cell says what it shows."""
    for number, text in _texts(notebook):
        for tag, marks in _elements(text):
            if tag == "img" and not marks.get("alt", "").strip():
                yield f"cell {number}: picture {marks.get('src', '')!r} has no alternative text"


def no_myst_in_text(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """No MyST role, directive, label or comment: JupyterLab and Colab would show them as they are written."""
    for number, text in _texts(notebook):
        parsed = list(tokens(text))
        for token, following in zip(parsed, [*parsed[1:], None], strict=True):
            if token.type == "fence" and token.info.strip().startswith("{"):
                yield f"cell {number}: MyST directive {token.info.strip()}"
            code_follows = token.type == "text" and following and following.type == "code_inline"
            if code_follows and (role := re.search(r"\{[\w:+.-]+\}$", token.content)):
                yield f"cell {number}: MyST role {role.group()} before a word in backquotes"
            if token.type == "text" and (sign := MYST.match(token.content)):
                yield f"cell {number}: MyST syntax {sign.group()!r}"
            if token.type == "math_block_label":
                yield f"cell {number}: the formula's label ({token.info}) is MyST; write \\tag{{…}}"


def headings_are_nested(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """The first cell opens with the one heading of level 1; no level is skipped on the way down."""
    found = headings([text for _, text in _texts(notebook)])
    levels = [level for level, _ in found]
    opens = any(number == 1 and text.startswith("# ") for number, text in _texts(notebook))
    if not opens or levels.count(1) != 1:
        yield "the notebook must open with its title, the only heading of level 1"
    for (above, _), (below, anchor) in pairwise(found):
        if below > above + 1:
            yield f"heading #{anchor}: level {below} follows level {above}"


RULES = (links_resolve, pictures_in_text_have_alt, no_myst_in_text, headings_are_nested)
