"""Questions to guess at: their style, and the script that remembers guesses, on the pages that have a use for them."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

__all__ = ["setup"]

MARKS = ('class="predict"', 'class="predictions"')


def setup(app: Sphinx) -> None:
    """Registers the choice of pages."""
    app.connect("html-page-context", _add_files)


def _add_files(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Adds both where there is a question, or the place for the tally of all."""
    if any(mark in context.get("body", "") for mark in MARKS):
        app.add_css_file("predictions.css", priority=901)
        app.add_js_file("predictions.js", priority=901, loading_method="defer")
