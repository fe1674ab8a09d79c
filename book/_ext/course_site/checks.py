"""Claims as a reader meets them: one quiet card for those in a row, and the code that checks them folded below it.

A notebook has a card for each claim and the code above it, since a kernel shows outputs that way. Here the cells that
check something (`make refresh` tags them) turn round, and neighbours become one. Every claim keeps its anchor.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

__all__ = ["LABEL", "setup"]

TAG = "tag_check"
LABEL = "How this is checked"
CARD = re.compile(r'<div class="claim"(?P<anchor> id="[^"]*")(?: style="[^"]*")?>')


def setup(app: Sphinx) -> None:
    """Registers the transform."""
    app.add_post_transform(Cards)


class Cards(SphinxPostTransform):
    """Makes the cards, once outputs have their final form and folds are made."""

    default_priority = 200  # after myst-nb's HideInputCells, 199
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Joins neighbouring checks, then puts the claims of each cell into one card."""
        for cell in list(self.document.findall(_is_check)):
            before = _before(cell)
            if before is not None and _is_check(before):
                before += cell.children
                cell.parent.remove(cell)
        for cell in self.document.findall(_is_check):
            _turn_round(cell)
        for output in list(self.document.findall(lambda node: _element(node) == "cell_code_output")):
            _join_claims(output)


def _element(node: nodes.Node) -> str:
    return node.get("nb_element", "") if isinstance(node, nodes.container) else ""


def _is_check(node: nodes.Node) -> bool:
    return _element(node) == "cell_code" and TAG in node["classes"]


def _before(cell: nodes.Element) -> nodes.Node | None:
    index = cell.parent.index(cell)
    return cell.parent[index - 1] if index else None


def _turn_round(cell: nodes.Element) -> None:
    """All outputs of a check first, in one piece, then its code in one fold."""
    outputs = [child for child in cell.children if _element(child) == "cell_code_output"]
    folds = [child for child in cell.children if isinstance(child, HideCodeCellNode)]
    others = [child for child in cell.children if child not in outputs and child not in folds]
    for kind in (outputs, folds):
        for one in kind[1:]:
            kind[0] += one.children
    for fold in folds:
        fold["prompt_show"] = fold["prompt_hide"] = LABEL
    cell.children = []
    cell += [*others, *outputs[:1], *folds[:1]]


def _join_claims(output: nodes.Element) -> None:
    """Claims in a row become the rows of one card."""
    card: nodes.container | None = None
    for child in list(output.children):
        if not (isinstance(child, nodes.raw) and CARD.match(child.astext())):
            card = None
            continue
        if card is None:
            card = nodes.container(classes=["claims"])
            output.insert(output.index(child), card)
        output.remove(child)
        card += nodes.raw("", CARD.sub(r'<div class="claim"\g<anchor>>', child.astext(), count=1), format="html")
