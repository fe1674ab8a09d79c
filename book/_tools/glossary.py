"""The glossary is linked where a chapter first uses one of its words."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import prose
from markdown_it.token import Token
from nbformat import NotebookNode
from notebooks import BOOK

PAGE = BOOK / "glossary.md"
MAX_LINKS = 15


@cache
def words() -> dict[str, str]:
    """Each word that the glossary explains, and its anchor; of two words, the one that holds the other comes first."""
    text = PAGE.read_text(encoding="utf-8")
    names = re.findall(r"^## (.+)$", text, re.MULTILINE)
    anchors = [anchor for level, anchor in prose.headings([text]) if level == 2]
    return dict(sorted(zip(names, anchors, strict=True), key=lambda entry: -len(entry[0])))


def links(text: str) -> list[str]:
    """The anchors of the glossary that a text links, in order."""
    return [anchor for token in prose.tokens(text) if (anchor := _anchor(token))]


def _anchor(token: Token) -> str:
    """Where in the glossary a link leads, "" for every other token."""
    target = urlsplit(str(token.attrs.get("href", ""))) if token.type == "link_open" else None
    return target.fragment if target and target.path == PAGE.name else ""


def _running_text(notebook: NotebookNode) -> str:
    """What stands after the opening cell, without headings, code, formulas and links; the glossary's are marks."""
    pieces: list[str] = []
    for cell in notebook.cells[1:]:
        depth = 0
        for token in prose.tokens(cell.source if cell.cell_type == "markdown" else ""):
            if token.type in ("heading_open", "heading_close"):
                depth += token.nesting
            depth += token.nesting if token.type in ("link_open", "link_close") else 0
            if anchor := _anchor(token):
                pieces.append(f"\0{anchor}\0")
            pieces.append(token.content if token.type == "text" and not depth else " ")
    return "".join(pieces)


def _first_use(word: str, text: str) -> int:
    """Where a word, or its plural, first stands in a text; its end where it does not."""
    found = re.search(rf"(?<![\w\0-]){re.escape(word)}(s|es)?(?![\w\0-])", text, re.IGNORECASE)
    return found.start() if found else len(text)


def first_uses_are_linked(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """After the opening, the first use of each word that the glossary explains leads there, and no later one does."""
    text = _running_text(notebook)
    marks = re.findall("\0(.+?)\0", text)
    if len(marks) > MAX_LINKS:
        yield f"{len(marks)} links to the glossary; more than {MAX_LINKS} disturb the text"
    yield from (f"{anchor!r} of the glossary is linked {marks.count(anchor)} times" for anchor in _repeated(marks))
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and any(links(line) for line in re.findall(r"^#+ .*$", cell.source, re.M)):
            yield "a heading links the glossary; link the first use in the text"
    for word, anchor in words().items():
        if _first_use(word, text) < text.find(f"\0{anchor}\0") % (len(text) + 1):
            yield f"the first use of {word!r} must link glossary.md#{anchor}"
        text = re.sub(rf"\b{re.escape(word)}", lambda match: "·" * len(match[0]), text, flags=re.IGNORECASE)


def _repeated(marks: list[str]) -> list[str]:
    return sorted({anchor for anchor in marks if marks.count(anchor) > 1})


RULES = (first_uses_are_linked,)
