"""The thread of a chapter, from its title to its exercises: it is short, and all chapters are built alike."""

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import outputs
from nbformat import NotebookNode
from notebooks import tags

EXERCISES = "Exercises"
OPENING = "Predict"
ENDING = (
    "Run it yourself",
    "In this chapter you saw",
    "In practice",
    EXERCISES,
    "Going further",
    "Notes on the source",
    "References",
)
OPTIONAL = "Going further"
MAX_WORDS, MAX_CELLS, MAX_CLAIMS = 2500, 30, 20
WIDTH = 74  # of code: what a page shows without scrolling sideways
_HEADING = re.compile(r"^## (.+?)\s*$", re.MULTILINE)
_MARK = re.compile(r"#\s*fmt:\s*(?:skip|off|on)")


def sections(notebook: NotebookNode) -> list[str]:
    """The headings of level 2, in order."""
    return [name for cell in notebook.cells if cell.cell_type == "markdown" for name in _headings(cell)]


def _headings(cell: NotebookNode) -> list[str]:
    without_code = re.sub(r"^```.*?^```", "", cell.source, flags=re.MULTILINE | re.DOTALL)
    return _HEADING.findall(without_code)


def cells_of_the_thread(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells before the exercises."""
    return list(
        takewhile(lambda cell: cell.cell_type != "markdown" or EXERCISES not in _headings(cell), notebook.cells)
    )


def sections_are_in_order(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """A chapter opens with a question, and ends with the same sections in the same order as all others."""
    found = sections(notebook)
    if found[:1] != [OPENING]:
        yield f"the first section must be {OPENING!r}"
    yield from (f"the section {name!r} is missing" for name in ENDING if name not in (*found, OPTIONAL))
    yield from (f"there are two sections {name!r}" for name in (OPENING, *ENDING) if found.count(name) > 1)
    there = [name for name in ENDING if name in found]
    ending = found[min(map(found.index, there), default=len(found)) :]
    if ending != there:
        yield f"the last sections must be {', '.join(there)}, in this order; they are {', '.join(ending)}"


def the_thread_is_short(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """Before the exercises there are at most 2 500 words, 30 code cells and 20 claims."""
    cells = cells_of_the_thread(notebook)
    words = sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown")
    code = sum(cell.cell_type == "code" for cell in cells)
    claims = sum(outputs.CLAIM in output.get("data", {}) for cell in cells for output in cell.get("outputs", []))
    limits = ((words, MAX_WORDS, "words"), (code, MAX_CELLS, "code cells"), (claims, MAX_CLAIMS, "claims"))
    for count, most, what in limits:
        if count > most:
            yield f"{count} {what} before the exercises, over {most}"


def code_is_narrow(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """No line of code is over 74 characters, so that none scrolls sideways; none talks to a formatter."""
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code" or "setup" in tags(cell):
            continue
        for line, text in enumerate(cell.source.splitlines(), 1):
            if len(text) > WIDTH:
                yield f"cell {number}, line {line}: {len(text)} characters, over {WIDTH}: {text.strip()[:40]!r}"
            if mark := _MARK.search(text):
                yield f"cell {number}, line {line}: notebooks are laid out by hand; remove {mark[0]!r}"


RULES = (sections_are_in_order, the_thread_is_short, code_is_narrow)
