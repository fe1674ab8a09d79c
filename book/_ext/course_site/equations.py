r"""A formula's number in the text, (5.1), leads to the formula with \tag{5.1}, in this chapter or in another one.

The number is plain text in the notebook, so that it reads the same everywhere.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from course_site.chapters import CHAPTERS

__all__ = ["setup"]

TAG = re.compile(r"\\tag\{(\d+\.\d+)\}")
MENTION = re.compile(r"\((\d+)\.(\d+)\)")
SILENT = (nodes.reference, nodes.literal, nodes.literal_block, nodes.raw, nodes.math, nodes.math_block, nodes.title)


def setup(app: Sphinx) -> None:
    """Registers the anchors, when a page is read, and the links, once all pages are known."""
    app.connect("doctree-read", _mark)
    app.connect("doctree-resolved", _link)


def _anchor(number: str) -> str:
    return f"eq-{number.replace('.', '-')}"


def _mark(app: Sphinx, doctree: nodes.document) -> None:
    """Gives each numbered formula an anchor."""
    for formula in doctree.findall(nodes.math_block):
        formula["ids"] += [_anchor(tag) for tag in TAG.findall(formula.astext())]


@cache
def _tags(path: Path, changed: int) -> frozenset[str]:
    """The numbers of the formulas in a notebook, as long as it does not change."""
    return frozenset(TAG.findall(path.read_text(encoding="utf-8")))


def _place(app: Sphinx, here: str, number: str) -> str:
    """Where the formula of this number is, seen from a page; empty where there is none."""
    chapter = next((chapter for chapter in CHAPTERS if chapter.number == int(number.partition(".")[0])), None)
    if chapter is None or chapter.docname not in app.env.found_docs:
        return ""
    path = Path(app.env.doc2path(chapter.docname))
    if number not in _tags(path, path.stat().st_mtime_ns):
        return ""
    page = "" if chapter.docname == here else app.builder.get_relative_uri(here, chapter.docname)
    return f"{page}#{_anchor(number)}"


def _link(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for text in list(doctree.findall(nodes.Text)):
        if MENTION.search(text) and not _inside(text, SILENT):
            _split(app, docname, text)


def _inside(node: nodes.Node, kinds: tuple[type[nodes.Node], ...]) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False


def _split(app: Sphinx, here: str, text: nodes.Text) -> None:
    """Replaces a text by its parts, with the numbers in it as links."""
    parts: list[nodes.Node] = []
    done = 0
    for mention in MENTION.finditer(text):
        if place := _place(app, here, f"{mention[1]}.{mention[2]}"):
            parts += [
                nodes.Text(text[done : mention.start()]),
                nodes.reference("", mention[0], refuri=place, internal=True),
            ]
            done = mention.end()
    if parts:
        text.parent.replace(text, [*parts, nodes.Text(text[done:])])
