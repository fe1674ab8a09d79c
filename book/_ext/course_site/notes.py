"""The page "Notes on the source": what the chapters correct in the text that they follow, in one place."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from course_site.chapters import Chapter, OfChapters, written

__all__ = ["ANCHOR", "setup"]

ANCHOR = "notes-on-the-source"
OPENING = "The source is "  # how each chapter begins to say what the source is

_logger = logging.getLogger(__name__)


class source_notes(nodes.General, nodes.Element):
    """Stands for the notes until all chapters are known."""


class SourceNotes(OfChapters):
    """``{source-notes}``: the notes of every chapter in the table of contents."""

    placeholder = source_notes


def setup(app: Sphinx) -> None:
    """Registers the directive and its resolution."""
    app.add_node(source_notes)
    app.add_directive("source-notes", SourceNotes)
    app.connect("doctree-resolved", _resolve)


def _resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Replaces the placeholder by one section for each chapter."""
    for placeholder in list(doctree.findall(source_notes)):
        sections = [_chapter(app, docname, chapter) for chapter in written(app.env.found_docs)]
        nothing = nodes.paragraph("", "No chapter with notes has been added to the book yet.")
        placeholder.replace_self([section for section in sections if section] or [nothing])


def _chapter(app: Sphinx, here: str, chapter: Chapter) -> nodes.section | None:
    """One chapter's notes under its name, which leads to where they stand in the chapter."""
    doctree = app.env.get_and_resolve_doctree(chapter.docname, app.builder)
    original = next((s for s in doctree.findall(nodes.section) if ANCHOR in s["ids"]), None)
    if original is None:
        _logger.warning("%s has no notes on the source", chapter.docname, location=here, type="notes")
        return None
    uri = app.builder.get_relative_uri(here, chapter.docname)
    link = nodes.reference("", f"{chapter.number:02d} {chapter.title}", refuri=f"{uri}#{ANCHOR}", internal=True)
    section = nodes.section("", nodes.title("", "", link), ids=[f"notes-{chapter.stem.replace('_', '-')}"])
    section += [node.deepcopy() for node in original.children[1:] if not _is_opening(node)]
    for reference in section.findall(nodes.reference):
        if "refid" in reference:
            reference["refuri"] = f"{uri}#{reference.attributes.pop('refid')}"
        elif reference.get("refuri", "").startswith("#"):
            reference["refuri"] = uri + reference["refuri"]
    return section


def _is_opening(node: nodes.Node) -> bool:
    """Whether this is the paragraph that says what the source is, as the page does once for all."""
    return isinstance(node, nodes.paragraph) and node.astext().startswith(OPENING)
