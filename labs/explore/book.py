"""Explorables in the book: a Sphinx extension and myst-nb's renderer for their mime type.

List ``labs.explore.book`` among the extensions. A notebook output of the explorable type becomes a place that holds its
picture; pages that have one, and no others, load one script for each kind, the host that starts them, and their style.
File names carry a hash of the content, so a browser never mixes versions.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from myst_nb.core.render import MimeData, MimeRenderPlugin, NbElementRenderer

from labs.explore.sources import KINDS, MIME_TYPE, assemble, host, style

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

__all__ = ["ExplorableRenderer", "assets", "explorable", "setup"]


def _named(stem: str, suffix: str, text: str) -> str:
    return f"{stem}.{hashlib.sha256(text.encode()).hexdigest()[:10]}{suffix}"


def assets(kinds: tuple[str, ...] = KINDS) -> dict[str, str]:
    """File name → text of what a page with these kinds loads, scripts in the order in which they must run."""
    files = {_named("explorable", ".css", style()): style()}
    for kind in kinds:
        files[_named(kind, ".js", assemble(kind, "script"))] = assemble(kind, "script")
    return files | {_named("host", ".js", host()): host()}


class explorable(nodes.General, nodes.Element):
    """The place of an explorable: attributes ``kind`` and ``config`` (JSON); its child is the picture."""


def visit_explorable(translator: HTML5Translator, node: explorable) -> None:
    attributes = {"data-kind": node["kind"], "data-config": node["config"]}
    translator.body.append(translator.starttag(node, "div", CLASS="labs-explorable", **attributes))


def depart_explorable(translator: HTML5Translator, node: explorable) -> None:
    translator.body.append("</div>\n")


def visit_picture_only(translator: nodes.NodeVisitor, node: explorable) -> None:
    """In formats without scripts only the picture is written."""


class ExplorableRenderer(MimeRenderPlugin):
    """myst-nb's plug-in: the explorable's settings and the picture of the same output become one node."""

    mime_priority_overrides: ClassVar = [(builder, MIME_TYPE, 1) for builder in ("html", "dirhtml", "singlehtml")]

    @staticmethod
    def handle_mime(renderer: NbElementRenderer, data: MimeData, inline: bool) -> list[nodes.Element] | None:
        if data.mime_type != MIME_TYPE or inline:
            return None
        payload: Any = data.content
        node = explorable(kind=payload["kind"], config=json.dumps(payload["config"], ensure_ascii=False))
        png = _picture_beside(renderer, data)
        if png is not None:
            for image in renderer.render_image(MimeData("image/png", png, data.cell_metadata, line=data.line)):
                image["alt"] = payload["alt"]
                node += image
        return [node]


def _picture_beside(renderer: NbElementRenderer, data: MimeData) -> str | None:
    """The PNG (base64) in the output that ``data`` is part of."""
    _, outputs = renderer.renderer.nb_client.code_cell_outputs(data.cell_index)
    for output in outputs:
        bundle = output.get("data", {})
        if bundle.get(MIME_TYPE) == data.content:
            return bundle.get("image/png")
    return None


def write_assets(app: Sphinx) -> None:
    """Puts the files of all kinds among the book's static ones, and takes away those of former versions."""
    if app.builder.format != "html":
        return
    folder = Path(app.outdir) / "_static" / "explore"
    folder.mkdir(parents=True, exist_ok=True)
    files = assets()
    for stale in folder.iterdir():
        if stale.name not in files:
            stale.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def load_on_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Adds the files to a page that has explorables."""
    if doctree is None:
        return
    kinds = dict.fromkeys(node["kind"] for node in doctree.findall(explorable))
    if not kinds:
        return
    for name in assets(tuple(kinds)):
        if name.endswith(".css"):
            app.add_css_file(f"explore/{name}")
        else:
            app.add_js_file(f"explore/{name}", loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the node, the files and the pages that load them."""
    silent = (visit_picture_only, visit_picture_only)
    app.add_node(
        explorable, html=(visit_explorable, depart_explorable), latex=silent, text=silent, man=silent, texinfo=silent
    )
    # Pages name the files by their hash: when a source changes, Sphinx must write them again.
    app.add_config_value("labs_explorables", ",".join(assets()), "html", str)
    app.connect("builder-inited", write_assets)
    app.connect("html-page-context", load_on_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
