"""The page "References": the works that the chapters name at their ends, each once, with the chapters that use it."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx

from course_site.chapters import Chapter, OfChapters, written

__all__ = ["ANCHOR", "setup"]

ANCHOR = "references"


class chapter_references(nodes.General, nodes.Element):
    """Stands for the list until all chapters are known."""


class ChapterReferences(OfChapters):
    """``{chapter-references}``: every work under *References* in a chapter of the table of contents."""

    placeholder = chapter_references


def setup(app: Sphinx) -> None:
    """Registers the directive and its resolution."""
    app.add_node(chapter_references)
    app.add_directive("chapter-references", ChapterReferences)
    app.connect("doctree-resolved", _resolve)


def _resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Replaces the placeholder by the list, in the order of first authors and years."""
    for placeholder in list(doctree.findall(chapter_references)):
        works: dict[tuple[str, str, str], tuple[nodes.paragraph, list[Chapter]]] = {}
        for chapter in written(app.env.found_docs):
            whole = app.env.get_and_resolve_doctree(chapter.docname, app.builder)
            section = next((s for s in whole.findall(nodes.section) if ANCHOR in s["ids"]), nodes.section())
            for item in section.findall(nodes.list_item):
                work = _without_remarks(item[0])
                works.setdefault(_key(work), (work, []))[1].append(chapter)
        items = [_item(app, docname, *works[key]) for key in sorted(works)]
        placeholder.replace_self([nodes.bullet_list("", *items)])


def _without_remarks(paragraph: nodes.paragraph) -> nodes.paragraph:
    """Authors, year, title and where it appeared, without what the chapter says of the work."""
    work = nodes.paragraph()
    for child in paragraph.children:
        if work.children and isinstance(work[-1], nodes.reference):
            after = re.match(r"[.,;]?(?:\s*sections? [\d., and]*\d\.)?\s*(.*?\.(?=\s|$)|$)", child.astext(), re.DOTALL)
            where = after[1] if after else ""
            stop = "" if work.astext().endswith(("?", "!")) else "."
            work += nodes.Text(f"{stop} {where}" if where else stop)
            break
        work += child.deepcopy()
    return work


def _key(work: nodes.paragraph) -> tuple[str, str, str]:
    """First author's name, year and title: by these a work is sorted and known again."""
    found = re.match(r"([^,(]*?)(?: and others)?(?:,[^(]*)? \((\d{4})\)", work.astext())
    author, year = (found[1].rstrip(". "), found[2]) if found else (work.astext().split(".")[0], "")
    link = next(iter(work.findall(nodes.reference)), None)
    rest = work.astext()[found.end() if found else 0 :].lstrip('. "')
    title = link.astext() if link else re.split(r'[.,"]', rest)[0]
    return author.split()[-1].lower(), year, re.sub(r"\W", "", title).lower()


def _item(app: Sphinx, here: str, work: nodes.paragraph, chapters: list[Chapter]) -> nodes.list_item:
    """One work, and a link to each chapter that names it."""
    work += nodes.Text(" Chapter " if len(chapters) == 1 else " Chapters ")
    for place, chapter in enumerate(chapters):
        uri = f"{app.builder.get_relative_uri(here, chapter.docname)}#{ANCHOR}"
        work += nodes.Text(", " if place else "")
        work += nodes.reference("", f"{chapter.number:02d}", refuri=uri, internal=True)
    work += nodes.Text(".")
    return nodes.list_item("", work)
