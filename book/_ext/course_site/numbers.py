"""Numbers stay whole: no line ends within 4 000 or before the sign of 30 %."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx

__all__ = ["setup", "whole"]

GAP = re.compile(r"(?<=\d) (?=\d{3}(?!\d)|%)")
CODE = (nodes.literal, nodes.literal_block, nodes.raw, nodes.math, nodes.math_block)


def setup(app: Sphinx) -> None:
    """Registers the change of each page, after the parts that are made of other pages."""
    app.connect("doctree-resolved", _keep_whole, priority=900)


def whole(text: str) -> str:
    """The text with no-break spaces in its numbers."""
    return GAP.sub("\N{NO-BREAK SPACE}", text)


def _keep_whole(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for text in list(doctree.findall(nodes.Text)):
        if GAP.search(text) and not isinstance(text.parent, CODE):
            text.parent.replace(text, nodes.Text(whole(text)))
