"""Outputs of notebooks that need a kernel, made right for a page without one, and figures with their sizes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import imagesize
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
    app.connect("html-page-context", _plain_folds, priority=899)
    app.connect("html-page-context", _sized_images, priority=899)
    app.connect("html-page-context", _linked_pages, priority=899)


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


FOLD = re.compile(
    r'<details class="admonition hide (?P<where>[\w-]+)">\s*<summary aria-label="[^"]*">\s*'
    r'<p class="collapsed admonition-title">(?P<show>.*?)</p>\s*<p class="expanded admonition-title">(?P<hide>.*?)</p>'
)


ROLE = re.compile(r' role="doc-biblioentry"|(?<=<div) role="list"(?= class="citation-list")')  # retired by ARIA 1.3


def _plain_folds(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Folded code is called by what it says ("Show the code") and is no admonition; references are plain text."""
    if context.get("body"):
        context["body"] = FOLD.sub(_fold, ROLE.sub("", context["body"]))


def _fold(match: re.Match[str]) -> str:
    """A fold; one that is called open is, until a script folds all code."""
    where, show, hide = match.group("where", "show", "hide")
    return (
        f'<details class="hide {where}"{" open" if where == "open" else ""}><summary>'
        f'<span class="collapsed">{show}</span><span class="expanded">{hide}</span>'
    )


def _sized_images(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Gives each figure its width and height, so that the text below does not jump when it arrives."""
    files = {name: Path(app.srcdir, source) for source, name in app.builder.images.items()}

    def sized(match: re.Match[str]) -> str:
        tag, path = match[0], files.get(unquote(match[1]))
        width, height = imagesize.get(path) if path and " width=" not in tag else (-1, -1)
        return tag if width <= 0 else f'<img width="{width}" height="{height}"' + tag.removeprefix("<img")

    if context.get("body"):
        context["body"] = re.sub(r'<img[^>]*\ssrc="[^"]*_images/([^"]+)"[^>]*>', sized, context["body"])


def _linked_pages(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """What an output links to as a notebook in the same folder is a page here."""
    folder = pagename.rpartition("/")[0]

    def linked(match: re.Match[str]) -> str:
        page = f"{folder}/{match[1]}".removeprefix("/")
        return f'<a href="{match[1]}.html">' if page in app.env.found_docs else match[0]

    if context.get("body"):
        context["body"] = re.sub(r'<a href="([\w-]+)\.ipynb">', linked, context["body"])
