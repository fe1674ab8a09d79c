"""Check cells: those that hold sentences of the text against figures. The idea stands before them, in cells of its own.

Their code is folded away wherever the notebook is read: in the book under its card, in JupyterLab, on Colab.
`make refresh` marks them, so that no author has to.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode
from notebooks import code_cells, tags

TAG = "check"
FOLD = "hide-input"
MAX_LINES = 20
_CLAIMS = re.compile(r"\bclaim\(")
_COMMENT = re.compile(r"#.*")


def claims(cell: NotebookNode) -> bool:
    """Whether a cell is one that checks something."""
    return (
        cell.cell_type == "code" and "setup" not in tags(cell) and bool(_CLAIMS.search(_COMMENT.sub("", cell.source)))
    )


def mark(notebook: NotebookNode) -> None:
    """Folds all check cells, and unfolds those that are no longer any.

    A fold that was there before stands before the tag `check`, and one that came with it behind: so it goes with it.
    """
    for cell in code_cells(notebook):
        found = tags(cell)
        if claims(cell):
            cell.metadata["tags"] = [*found, *(tag for tag in (TAG, FOLD) if tag not in found)]
            cell.metadata["jupyter"] = dict(cell.metadata.get("jupyter", {})) | {"source_hidden": True}
            cell.metadata["cellView"] = "form"
        elif TAG in found:
            _unmark(cell, found)


def _unmark(cell: NotebookNode, found: list[str]) -> None:
    before = found[: found.index(TAG)]
    kept = [tag for tag in found if tag != TAG and (tag != FOLD or tag in before)]
    del cell.metadata["tags"]
    if kept:
        cell.metadata["tags"] = kept
    if FOLD not in kept:
        cell.metadata.pop("cellView", None)
        jupyter = cell.metadata.get("jupyter", {})
        jupyter.pop("source_hidden", None)
        if not jupyter:
            cell.metadata.pop("jupyter", None)


def are_marked(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """The code of a check is folded away, and no other cell says that it is one."""
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code":
            continue
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden") and cell.metadata.get("cellView") == "form"
        folded = hidden and {TAG, FOLD} <= set(tags(cell))
        if claims(cell) and not folded:
            yield f"cell {number}: it claims, so its code is folded away: run `make refresh`"
        if TAG in tags(cell) and not claims(cell):
            yield f"cell {number}: tagged {TAG}, but nothing is claimed in it: run `make refresh`"


def are_short(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """A check is no longer than 20 lines: what is worth reading stands in a cell before it."""
    for number, cell in enumerate(notebook.cells, 1):
        if claims(cell) and (count := len(cell.source.splitlines())) > MAX_LINES:
            yield f"cell {number}: a check of {count} lines, over {MAX_LINES}"


RULES = (are_marked, are_short)
