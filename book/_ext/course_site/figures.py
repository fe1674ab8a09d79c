"""Figures are numbered within their chapter, as the text names them: Fig. 5.3 is the third of chapter 5.

Sphinx numbers figures through the whole book; `numfig` is off. The tools count in the same way
(`book/_tools/figures.py`), since the numbers in the text must be right in JupyterLab too.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx

from course_site.chapters import CHAPTERS

__all__ = ["setup"]


def setup(app: Sphinx) -> None:
    """Registers the numbering, of each page when it is read."""
    app.connect("doctree-read", _number)


def _number(app: Sphinx, doctree: nodes.document) -> None:
    """Puts its number before each caption, and lets links from other notebooks (`05_x.ipynb#fig-y`) find the figure."""
    here = app.env.docname
    chapter = next((chapter.number for chapter in CHAPTERS if chapter.docname == here), None)
    if chapter is None:
        return
    targets = app.env.metadata[here].setdefault("myst_slugs", {})
    captioned = [figure for figure in doctree.findall(nodes.figure) if any(figure.findall(nodes.caption))]
    for count, figure in enumerate(captioned, 1):
        number = f"Fig. {chapter}.{count}"
        next(iter(figure.findall(nodes.caption))).insert(0, nodes.inline("", f"{number} ", classes=["caption-number"]))
        for name in figure["ids"]:
            targets[name] = (figure.line or 0, name, number)
