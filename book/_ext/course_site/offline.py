"""What a page loads: local files only, none of them inline, and none that it does not use.

The pages work under the strict policy ``POLICY``, which the browser tests serve them with. It allows inline styles,
which KaTeX positions its glyphs with and the map its tints, and no inline script.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

__all__ = ["POLICY", "setup"]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)

SEARCH_SCRIPTS = ("searchtools.js", "language_data.js", "searchindex.js", "doctools.js", "sphinx_highlight.js")
CODE_SCRIPTS = ("clipboard.min.js", "copybutton.js")


def setup(app: Sphinx) -> None:
    """Adds the course's style sheet, and leaves out of each page what it does not need."""
    app.add_css_file("course.css", priority=900)
    app.add_js_file("course.js", priority=900, loading_method="defer")
    app.connect("html-page-context", _select_scripts, priority=900)


def _select_scripts(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Keeps the scripts that have a file and a use on this page."""
    body = context.get("body", "")
    unused = set() if pagename == "search" else {"searchtools.js", "language_data.js", "searchindex.js"}
    if "highlight" not in body:
        unused |= set(CODE_SCRIPTS)
    context["script_files"] = [
        script
        for script in context["script_files"]
        if getattr(script, "filename", None) and str(script.filename).rpartition("/")[2].split("?")[0] not in unused
    ]
    if "highlight" not in body:
        context["css_files"] = [sheet for sheet in context["css_files"] if "copybutton" not in str(sheet.filename)]
