"""Outputs of notebooks that need a kernel, and boxes that scroll, made right for a page without one."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

__all__ = ["LIVE", "setup"]

WIDGET = "application/vnd.jupyter.widget-view+json"
EXPLORABLE = "application/vnd.labs.explorable+json"
LIVE = "This control runs in Jupyter: open the notebook there to use it."


def setup(app: Sphinx) -> None:
    """Registers the transforms."""
    app.add_post_transform(LiveControls)
    app.connect("html-page-context", _scrolling_boxes, priority=899)


class LiveControls(SphinxPostTransform):
    """Puts a sentence where a notebook shows a live control, whose state is not stored."""

    default_priority = 3  # before myst-nb selects one of each output's forms
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Replaces every form of such an output by the sentence."""
        for bundle in list(self.document.findall(nodes.container)):
            if bundle.get("nb_element") != "mime_bundle":
                continue
            forms = {child.get("mime_type") for child in bundle.children}
            if WIDGET in forms and EXPLORABLE not in forms:
                bundle.replace_self(nodes.paragraph("", LIVE, classes=["live-only"]))


SCROLLING = {
    '<div class="highlight"><pre>': '<div class="highlight"><pre tabindex="0">',
    '<div class="math notranslate nohighlight"': '<div tabindex="0" class="math notranslate nohighlight"',
    '<div class="pst-scrollable-table-container">': '<div class="pst-scrollable-table-container" tabindex="0">',
}


def _scrolling_boxes(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Code, formulas and tables scroll inside their own boxes; the keyboard must reach those."""
    for box, reachable in SCROLLING.items():
        if context.get("body"):
            context["body"] = context["body"].replace(box, reachable)
