"""The code of a page: in lines that a phone can wrap, folded and shown as a whole by the switch in the page's head.

Code that the text goes through stands open, in a fold whose handle appears once all code has been folded. So it is
there without JavaScript, and one piece can be opened alone.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

__all__ = ["setup"]


def setup(app: Sphinx) -> None:
    """Registers the transform, and the script of the switch on pages that have code."""
    app.add_post_transform(OpenFolds)
    app.connect("html-page-context", _add_script)


class OpenFolds(SphinxPostTransform):
    """Puts the code of each cell that is not folded away into a fold that is open."""

    default_priority = 201  # after the folded ones have theirs
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Wraps the sources that stand in a cell directly."""
        for cell in self.document.findall(nodes.container):
            if cell.get("nb_element") != "cell_code":
                continue
            for source in [child for child in cell.children if child.get("nb_element") == "cell_code_source"]:
                prompts = {
                    "prompt_show": self.config.nb_code_prompt_show,
                    "prompt_hide": self.config.nb_code_prompt_hide,
                }
                cell.replace(source, HideCodeCellNode("", source.deepcopy(), classes=["open"], **prompts))


SOURCE = re.compile(
    r'(<div class="cell_input [^>]*>\s*<div class="[^"]*"><div class="highlight"><pre>)(.*?)(</pre>)', re.DOTALL
)
MARKUP = re.compile(r"<[^>]*>")


def in_lines(code: str) -> str:
    """Highlighted code with each line in an element that knows its indentation: where it wraps, it goes on below it."""

    def line(text: str) -> str:
        plain = MARKUP.sub("", text)
        return f'<span class="line" style="--in: {len(plain) - len(plain.lstrip(" "))}">{text}</span>'

    return "".join(line(text) if text.strip() else text for text in code.splitlines(keepends=True))


def _add_script(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """What a page with code has."""
    if 'class="cell_input' in context.get("body", ""):
        context["has_code"] = True
        context["body"] = SOURCE.sub(lambda match: match[1] + in_lines(match[2]) + match[3], context["body"])
        app.add_js_file("code.js", priority=901, loading_method="defer")
