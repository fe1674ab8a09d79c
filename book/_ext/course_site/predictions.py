"""What the page remembers of the reader's guesses: the script goes only to pages that have a use for it."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

__all__ = ["setup"]

SCRIPT = "predictions.js"
MARKS = ('class="predict"', "data-predictions")


def setup(app: Sphinx) -> None:
    """Registers the choice of pages."""
    app.connect("html-page-context", _add_script)


def _add_script(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Adds the script where there is a question, or the place for the tally of all."""
    if any(mark in context.get("body", "") for mark in MARKS):
        app.add_js_file(SCRIPT, priority=900, loading_method="defer")
