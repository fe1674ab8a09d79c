"""The figures of a chapter, numbered in their order, and the links that name them: `[Fig. 5.3](#fig-rate)`.

The book prints the same numbers under the figures. `make refresh` sets those in the text.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from nbformat import NotebookNode
from notebooks import code_cells, read

CHAPTER = re.compile(r"(\d\d)_")
LINK = re.compile(
    r"\[Fig\.(?P<number>[ \N{NO-BREAK SPACE}]?(?:[\dXN?]+(?:\.[\dYM?]+)?)?)(?P<more>[^\]\n]*)\]"
    r"\((?P<page>[\w-]+\.ipynb)?#(?P<name>[\w-]+)\)"
)


def numbers(notebook: NotebookNode, path: Path) -> dict[str, str]:
    """The number of each figure of a chapter, such as 5.3, by its name."""
    chapter = CHAPTER.match(path.name)
    figures = [cell.metadata.get("mystnb", {}).get("figure") for cell in code_cells(notebook)]
    names = [figure.get("name", "") for figure in figures if figure]
    return {name: f"{int(chapter[1])}.{count}" for count, name in enumerate(names, 1)} if chapter else {}


@cache
def _elsewhere(path: Path) -> dict[str, str]:
    """The numbers in another chapter; none where there is no such page yet."""
    return numbers(read(path), path) if path.is_file() else {}


def _renamed(notebook: NotebookNode, path: Path) -> Callable[[re.Match[str]], str]:
    here = numbers(notebook, path)

    def right(link: re.Match[str]) -> str:
        known = _elsewhere(path.parent / link["page"]) if link["page"] else here
        if link["name"] not in known:
            return link[0]  # said by another rule
        return f"[Fig. {known[link['name']]}{link['more']}]({link['page'] or ''}#{link['name']})"

    return right


def place_numbers(notebook: NotebookNode, path: Path) -> None:
    """Sets the numbers in the texts of the links to figures."""
    _elsewhere.cache_clear()
    right = _renamed(notebook, path)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(right, cell.source)


def links_have_the_number(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """A link that names a figure names the one that it leads to."""
    right = _renamed(notebook, path)
    for number, cell in enumerate(notebook.cells, 1):
        for link in LINK.finditer(cell.source if cell.cell_type == "markdown" else ""):
            if (expected := right(link)) != link[0]:
                yield f"cell {number}: {link[0]} must be {expected}: run `make refresh`"


RULES = (links_have_the_number,)
