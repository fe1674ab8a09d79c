"""The fonts of the running text lie inside the style sheets, so that no line breaks anew when they arrive.

Browsers use a font that comes with its style sheet from the first frame on. One that comes by itself is late, and a
page that was read from the disk cannot ask for it early. Rarer fonts stay in files of their own.
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from sphinx.application import Sphinx

__all__ = ["INSIDE", "put_inside", "setup"]

INSIDE = {
    "course.css": ("fonts/source-serif-4-latin-wght-normal.woff2",),
    "katex/katex.min.css": ("fonts/KaTeX_Main-Regular.woff2", "fonts/KaTeX_Math-Italic.woff2"),
}


def put_inside(sheet: Path, fonts: tuple[str, ...]) -> None:
    """Writes ``fonts``, named as in ``sheet``, into it in place of their addresses; a second time changes nothing."""
    text = sheet.read_text(encoding="utf-8")
    for font in fonts:
        data = b64encode((sheet.parent / font).read_bytes()).decode("ascii")
        text = text.replace(f"url({font})", f"url(data:font/woff2;base64,{data})")
    sheet.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Does so when the static files have been copied."""
    app.connect("build-finished", _finish)


def _finish(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        for sheet, fonts in INSIDE.items():
            put_inside(Path(app.outdir, "_static", sheet), fonts)
