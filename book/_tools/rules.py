"""What a notebook must be to stand in the course: `python book/_tools/rules.py NOTEBOOK …` prints what it lacks.

A rule takes a notebook and the path where it lies, and yields one sentence for each thing that is wrong. The rules on
text are in `prose` and `glossary`, those on the thread of a chapter in `thread`, on its checks in `checks`, on the
numbers of its figures in `figures`, on stored outputs in `outputs`; here are those on the cells and their code.
"""

import ast
import re
import symtable
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import checks
import figures
import glossary
import nbformat
import outputs
import prose
import thread
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from notebooks import KERNEL, LANGUAGE, SETUP_TAGS, chapters, code_cells, named, read, setup_source, tags

MAX_LINES = 30
USUAL_LINES = 20
SHARE_OF_LONGER_CELLS = 0.1
MIN_EXERCISES = 5
FOLDED = '"jupyter": {"source_hidden": true}, "cellView": "form"'


def is_a_notebook(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """Format 4.5, a valid one, each cell with an id of its own."""
    if (notebook.nbformat, notebook.nbformat_minor) != (4, 5):
        yield f"format {notebook.nbformat}.{notebook.nbformat_minor}; the course uses 4.5, whose cells have ids"
    ids = Counter(cell.get("id", "") for cell in notebook.cells)
    if doubled := {name: count for name, count in ids.items() if count > 1}:
        yield from (f"{count} cells have the id {name!r}" for name, count in doubled.items())
        return  # the check below would quietly mend them
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        yield f"not a valid notebook: {error.message}"


def metadata_is_the_courses(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """Any Python 3 kernel runs it, and nothing in it tells whose machine it was run on."""
    expected = {"course", "kernelspec", "language_info"}
    kernel = notebook.metadata.get("kernelspec"), notebook.metadata.get("language_info")
    if set(notebook.metadata) != expected or kernel != (KERNEL, LANGUAGE):
        yield f"metadata must be {', '.join(sorted(expected))} and nothing else: run `make refresh`"


def one_setup_cell(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """The first code cell is the set-up cell, the same in all notebooks; there is no second one."""
    first, *others = [*code_cells(notebook), None]
    if first is None or first.source != setup_source() or tags(first) != SETUP_TAGS:
        yield f"the first code cell must be the course's set-up cell, tagged {SETUP_TAGS}: run `make refresh`"
    if any(cell is not None and "setup" in tags(cell) for cell in others):
        yield "there is more than one set-up cell"


def _tree(source: str) -> ast.Module:
    """The syntax tree of a cell, magics and shell commands made into calls first."""
    return ast.parse(TransformerManager().transform_cell(source))


def imports_in_setup_only(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """No cell but the set-up cell imports anything."""
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code" or "setup" in tags(cell):
            continue
        try:
            imports = [node for node in ast.walk(_tree(cell.source)) if isinstance(node, ast.Import | ast.ImportFrom)]
        except SyntaxError as error:
            yield f"cell {number}: this is not Python: {error.msg}"
            continue
        if imports:
            yield f"cell {number}: imports belong into the set-up cell: {ast.unparse(imports[0])}"


def cells_are_short(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """No code cell is empty or over 30 lines, and nine in ten are under 20."""
    lines = {
        number: len(cell.source.splitlines())
        for number, cell in enumerate(notebook.cells, 1)
        if cell.cell_type == "code" and "setup" not in tags(cell)
    }
    yield from (f"cell {number}: empty" for number, count in lines.items() if not count)
    yield from (
        f"cell {number}: {count} lines, over {MAX_LINES}" for number, count in lines.items() if count > MAX_LINES
    )
    longer = [number for number, count in lines.items() if count >= USUAL_LINES]
    if len(longer) > SHARE_OF_LONGER_CELLS * len(lines):
        yield f"{len(longer)} of {len(lines)} code cells have {USUAL_LINES} lines or more: cells {longer}"


def every_cell_is_tested(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """No cell hides from the tests."""
    for number, cell in enumerate(notebook.cells, 1):
        if hidden := {"nbval-skip", "skip-execution"} & set(tags(cell)):
            yield f"cell {number}: the tests run every cell; remove the tag {hidden.pop()}"


def exercises_are_complete(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """At least five exercises of this chapter, each with its check, its hints and its solution."""
    code = "\n".join(cell.source for cell in code_cells(notebook))
    called = {
        name: set(re.findall(rf"\b{name}\(\s*[\"']([\d.]+)[\"']", code)) for name in ("check", "hint", "solution")
    }
    if len(called["check"]) < MIN_EXERCISES:
        yield f"{len(called['check'])} exercises; a chapter has at least {MIN_EXERCISES}"
    chapter = path.name[:2].lstrip("0")
    for exercise in sorted(set().union(*called.values())):
        if not exercise.startswith(f"{chapter}."):
            yield f"exercise {exercise} is not one of chapter {chapter}"
        yield from (f"exercise {exercise} has no {name}" for name, ids in called.items() if exercise not in ids)


def _bound(source: str) -> set[str]:
    """The names that a cell gives something to."""
    try:
        symbols = symtable.symtable(TransformerManager().transform_cell(source), "cell", "exec").get_symbols()
    except SyntaxError:  # said by another rule
        return set()
    return {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}


def exercises_have_names_of_their_own(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """An exercise takes no name from the chapter, whose cells can then be run again after it."""
    taken: dict[str, int] = {}
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code":
            continue
        names = dict.fromkeys(_bound(cell.source), number)
        if re.search(r"^ +raise NotImplementedError\(", cell.source, re.MULTILINE):
            yield from (
                f"cell {number}: cell {taken[name]} has a {name!r} too" for name in sorted(taken.keys() & names.keys())
            )
        taken |= names


def answers_are_folded(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """The code of a question, which holds its answer, is folded away: in the book, in JupyterLab and on Colab."""
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code" or not re.search(r"\bpredict\(", cell.source):
            continue
        folded = cell.metadata.get("jupyter", {}).get("source_hidden") and cell.metadata.get("cellView") == "form"
        if not folded or "hide-input" not in tags(cell):
            yield f"cell {number}: the code shows the answer: tag it hide-input, with {FOLDED} in its metadata"


RULES = (
    is_a_notebook,
    metadata_is_the_courses,
    one_setup_cell,
    imports_in_setup_only,
    cells_are_short,
    every_cell_is_tested,
    exercises_are_complete,
    exercises_have_names_of_their_own,
    answers_are_folded,
    *thread.RULES,
    *checks.RULES,
    *figures.RULES,
    *prose.RULES,
    *glossary.RULES,
    *outputs.RULES,
)


def problems(notebook: NotebookNode, path: Path) -> list[str]:
    """Everything that is wrong with a notebook, empty where nothing is."""
    return [problem for rule in RULES for problem in rule(notebook, path)]


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""
    found = {path: problems(read(path), path.resolve()) for path in named(map(Path, arguments)) or chapters()}
    for path, sentences in found.items():
        print(f"{path}: {'nothing is missing' if not sentences else ''}")
        print("".join(f"  {sentence}\n" for sentence in sentences), end="")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
