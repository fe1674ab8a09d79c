"""The page "Concordance": every paragraph of the article that the course follows, every section of the book behind it,
and what the course found where.

What they say stands in ``concordance.yml``. A cell of a chapter names in its metadata what it answers, and how:
``"concordance": {"Point 1": "corrected", "book 8.1": "taken up"}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from course_site.chapters import Chapter, OfChapters, written

__all__ = ["BOOK", "VERDICTS", "Passage", "answers_in", "passages", "setup"]

BOOK = "book"
VERDICTS = ("taken up", "holds", "holds under conditions", "corrected")

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Passage:
    """A paragraph of the article or a section of the book: its name, what it says, and why it is left out, if it is."""

    name: str
    says: str
    left_out: str = ""


def passages() -> dict[str, list[Passage]]:
    """All passages, by the headings of the article; those of the book stand last, under ``BOOK``."""
    texts = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
    found = {
        heading: [
            Passage(f"{heading} {n}", says) if isinstance(says, str) else Passage(f"{heading} {n}", **says)
            for n, says in enumerate(paragraphs, 1)
        ]
        for heading, paragraphs in texts["article"].items()
    }
    return found | {BOOK: [Passage(f"{BOOK} {number}", title) for number, title in texts["book"].items()]}


def answers_in(path: Path) -> Iterator[tuple[str, str, str]]:
    """What the cells of a notebook answer: the passage's name, the verdict, and the heading above the cell."""
    heading = ""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"]) if cell["cell_type"] == "markdown" else ""
        titles = re.findall(r"^(#{1,4}) (.+)$", text, re.MULTILINE) or [("", heading)]
        for name, verdict in cell["metadata"].get("concordance", {}).items():
            yield (
                name,
                verdict,
                max(titles, key=lambda title: len(title[0]))[1],
            )
        heading = titles[-1][1]


class concordance(nodes.General, nodes.Element):
    """Stands for the lists until all chapters are known."""


class Concordance(OfChapters):
    """``{concordance}``: one section for each heading of the article, and one for the book."""

    placeholder = concordance


def setup(app: Sphinx) -> None:
    """Registers the directive and its resolution."""
    app.add_node(concordance)
    app.add_directive("concordance", Concordance)
    app.connect("doctree-resolved", _resolve)


def _resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Replaces the placeholder by the lists."""
    for placeholder in list(doctree.findall(concordance)):
        places: dict[str, list[tuple[str, nodes.reference]]] = {}
        for chapter in written(app.env.found_docs):
            for name, verdict, heading in answers_in(Path(app.env.doc2path(chapter.docname))):
                if verdict not in VERDICTS:
                    _logger.warning("%r is no verdict; there are %s", verdict, VERDICTS, location=chapter.docname)
                places.setdefault(name, []).append((verdict, _link(app, docname, chapter, heading)))
        texts = passages()
        for name in places.keys() - {passage.name for group in texts.values() for passage in group}:
            _logger.warning("a chapter answers %r, which is no passage", name, location=docname, type="concordance")
        placeholder.replace_self([_section(heading, group, places) for heading, group in texts.items()])


def _link(app: Sphinx, here: str, chapter: Chapter, heading: str) -> nodes.reference:
    """A link to the section of a chapter that has this heading."""
    doctree = app.env.get_doctree(chapter.docname)
    section = next((s for s in doctree.findall(nodes.section) if _bare(s[0].astext()) == _bare(heading)), None)
    uri = app.builder.get_relative_uri(here, chapter.docname)
    text = chapter.title if section is None or section.parent is doctree else section[0].astext()
    target = uri if section is None else f"{uri}#{section['ids'][0]}"
    return nodes.reference("", f"{chapter.number:02d} {text}", refuri=target, internal=True)


def _bare(title: str) -> str:
    return re.sub(r"\W", "", title).lower()


def _section(heading: str, group: list[Passage], places: dict[str, list[tuple[str, nodes.reference]]]) -> nodes.section:
    """One heading with its passages: numbered in the article, by their own numbers in the book."""
    title = "The sections of the book" if heading == BOOK else heading
    section = nodes.section("", nodes.title("", title), ids=["concordance-" + re.sub(r"\W+", "-", heading).lower()])
    numbered = nodes.bullet_list() if heading == BOOK else nodes.enumerated_list(enumtype="arabic", suffix=".")
    for passage in group:
        number = passage.name.removeprefix(BOOK) if heading == BOOK else ""
        item = nodes.paragraph("", f"{number} {passage.says}. ".lstrip())
        if passage.left_out:
            item += [nodes.strong("", "Left out"), nodes.Text(f". {passage.left_out}")]
        for verdict, link in places.get(passage.name, []):
            item += [nodes.strong("", verdict.capitalize()), nodes.Text(": "), link, nodes.Text(". ")]
        numbered += nodes.list_item("", item)
    section += numbered
    return section
