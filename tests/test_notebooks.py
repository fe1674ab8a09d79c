"""The notebooks of the course are what they must be, and the rules that say so reject each kind of broken notebook."""

import re
from collections.abc import Callable
from pathlib import Path

import glossary
import nbformat
import notebooks
import pytest
import rules
import thread
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
ALT = "A curve that falls steeply and then stays level"
CAPTION = "The loss against the number of steps."
CHECK = {"tags": ["hide-input", "check"], "jupyter": {"source_hidden": True}, "cellView": "form"}


@pytest.mark.parametrize("path", notebooks.chapters(), ids=lambda path: path.stem)
def test_the_notebook_keeps_the_rules(path: Path) -> None:
    assert rules.problems(notebooks.read(path), path) == []


def test_every_word_of_the_glossary_is_linked_from_somewhere() -> None:
    pages = [page.read_text(encoding="utf-8") for page in notebooks.BOOK.glob("*.md") if page != glossary.PAGE]
    cells = [cell.source for path in notebooks.everything() for cell in notebooks.read(path).cells]
    linked = {anchor for text in [*pages, *cells] for anchor in glossary.links(text)}
    assert linked == set(glossary.words().values())


def test_the_words_of_the_glossary_are_in_order() -> None:
    names = re.findall(r"^## (.+)$", glossary.PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert names == sorted(names, key=str.casefold)
    assert len(names) == len(glossary.words())


# ---- a small notebook that keeps every rule, and what each rule says once something in it is broken


def _text(text: str) -> NotebookNode:
    return new_output("stream", name="stdout", text=text)


def _figure(tags: tuple[str, ...] = ("hide-input",), alt: str = ALT, caption: str = CAPTION, name: str = "fig-loss"):
    """The metadata of a cell that draws a figure."""
    return {"tags": list(tags), "mystnb": {"image": {"alt": alt}, "figure": {"caption": caption, "name": name}}}


def _picture(**other: object) -> NotebookNode:
    return new_output("display_data", data={"image/png": PIXEL, "text/plain": "<Figure size 640x480>", **other})


def _claims() -> list[NotebookNode]:
    evidence = [{"id": f"claim-{index}", "sentence": "The loss falls"} for index in range(8)]
    return [new_output("display_data", data={notebooks.CLAIM: one, "text/plain": "✓"}) for one in evidence]


def _good() -> NotebookNode:
    exercises = [
        new_code_cell(f'check("5.{n}", None)\nhint("5.{n}")\nsolution("5.{n}")', id=f"exercise-{n}")
        for n in range(1, 6)
    ]
    explorable = {notebooks.EXPLORABLE: {"kind": "descent", "alt": "A contour map with a path down into a valley"}}
    cells = [
        new_markdown_cell(
            "# A title\n\nSee [Fig. 5.1](#fig-loss), [below](#predict), [a page](page.md#label).", id="a"
        ),
        new_code_cell(notebooks.setup_source(), metadata={"tags": ["setup", "hide-input"]}, id="b"),
        new_markdown_cell("## Predict\n\n[A paper](https://example.org/paper), ${a}`b`$ and `{code}`.", id="c"),
        new_code_cell("print(1)", outputs=[_text("loss 0.25 after 12 steps")], id="d"),
        new_code_cell("plot()", metadata=_figure(), outputs=[_picture()], id="e"),
        new_code_cell("explore.descent()", outputs=[_picture(**explorable)], id="f"),
        new_code_cell("claim()", metadata=CHECK, outputs=_claims(), id="g"),
        *(new_markdown_cell(f"## {name}", id=name.lower().replace(" ", "-")) for name in thread.ENDING),
    ]
    place = next(index for index, cell in enumerate(cells) if cell.source == "## Exercises")
    cells[place + 1 : place + 1] = exercises
    notebook = new_notebook(cells=nbformat.from_dict(cells))
    for count, cell in enumerate(notebooks.code_cells(notebook), 1):
        cell.execution_count = count
    notebooks.seal(notebook)
    return notebook


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "page.md").write_text("(label)=\n# A page\n", encoding="utf-8")
    (tmp_path / "glossary.md").write_text(glossary.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def _problems(notebook: NotebookNode, folder: Path) -> list[str]:
    return rules.problems(notebook, folder / "05_small.ipynb")


def test_a_good_notebook_has_no_problem(folder: Path) -> None:
    assert _problems(_good(), folder) == []


def _append_text(text: str) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        notebook.cells.append(new_markdown_cell(text, id="appended"))

    return change


def _append_code(
    source: str, *outputs: NotebookNode, seal: bool = True, **metadata: object
) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        cell = new_code_cell(source, outputs=list(outputs), metadata=metadata, id="appended", execution_count=11)
        notebook.cells.append(nbformat.from_dict(cell))
        if seal:
            notebook.metadata.course.source_sha256 = notebooks.source_hash(notebook)

    return change


def _edit(index: int, **changes: object) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        notebook.cells[index].update(nbformat.from_dict(changes))
        notebook.metadata.course.source_sha256 = notebooks.source_hash(notebook)

    return change


def _last_text(text: str) -> Callable[[NotebookNode], None]:
    return lambda notebook: notebook.cells[-1].update(source=text)


def _metadata(**changes: object) -> Callable[[NotebookNode], None]:
    return lambda notebook: notebook.metadata.update(nbformat.from_dict(changes))


def _longish_cells(notebook: NotebookNode) -> None:
    for index in (3, 4):
        notebook.cells[index].source = "x = 1\n" * 20


def _more_cells(notebook: NotebookNode) -> None:
    notebook.cells[3:3] = [new_code_cell("1") for _ in range(26)]


def _more_claims(notebook: NotebookNode) -> None:
    notebook.cells[6].outputs *= 3


def _silent_explorable(notebook: NotebookNode) -> None:
    del notebook.cells[5].outputs[0].data[notebooks.EXPLORABLE]["alt"]


ERROR = new_output("error", ename="ValueError", evalue="no", traceback=[])
WIDGET = new_output("display_data", data={notebooks.WIDGET: {"model_id": "1"}, "text/plain": "IntSlider()"})

FOLDED = {"tags": ["hide-input"], "jupyter": {"source_hidden": True}, "cellView": "form"}

RISK = "[risk](glossary.md#risk)\n"
EVERY_WORD = "\n".join(f"[{word}](glossary.md#{anchor})" for word, anchor in glossary.words().items())

BROKEN: dict[str, tuple[str, Callable[[NotebookNode], None], str]] = {
    "old format": ("is_a_notebook", lambda n: n.update(nbformat_minor=4), "format 4.4"),
    "doubled id": ("is_a_notebook", _edit(2, id="a"), "2 cells have the id 'a'"),
    "invalid": ("is_a_notebook", lambda n: n.cells[3].pop("outputs"), "not a valid notebook"),
    "own kernel": ("metadata_is_the_courses", _metadata(kernelspec={"name": "mine"}), "metadata must be"),
    "no language": ("metadata_is_the_courses", _metadata(language_info={"name": "python"}), "metadata must be"),
    "other metadata": ("metadata_is_the_courses", _metadata(colab={}), "metadata must be"),
    "other set-up": ("one_setup_cell", _edit(1, source="import labs"), "first code cell must be"),
    "visible set-up": ("one_setup_cell", _edit(1, metadata={"tags": ["setup"]}), "first code cell must be"),
    "late set-up": ("one_setup_cell", lambda n: n.cells.insert(1, n.cells.pop(3)), "first code cell must be"),
    "second set-up": ("one_setup_cell", _append_code("1", tags=["setup"]), "more than one set-up cell"),
    "import": ("imports_in_setup_only", _append_code("if True:\n    from math import pi"), "from math import pi"),
    "syntax": ("imports_in_setup_only", _append_code("1 +"), "not Python"),
    "empty cell": ("cells_are_short", _append_code(""), "empty"),
    "long cell": ("cells_are_short", _append_code("x = 1\n" * 31), "31 lines, over 30"),
    "longish cells": ("cells_are_short", _longish_cells, "2 of 9"),
    "hidden from the tests": ("every_cell_is_tested", _append_code("1", tags=["nbval-skip"]), "nbval-skip"),
    "few exercises": ("exercises_are_complete", lambda n: n.cells.pop(-4), "4 exercises"),
    "no solution": ("exercises_are_complete", _append_code('check("5.6", 1)\nhint("5.6")'), "5.6 has no solution"),
    "other chapter": ("exercises_are_complete", _append_code('check("6.1", 1)'), "6.1 is not one of chapter 5"),
    "name taken": (
        "exercises_have_names_of_their_own",
        _append_code('x = 1\n\n\ndef data():\n    raise NotImplementedError("exercise 5.6")'),
        "has a 'data' too",
    ),
    "another opening": ("sections_are_in_order", _edit(2, source="## Begin"), "first section must be 'Predict'"),
    "no references": ("sections_are_in_order", _last_text("Text."), "'References' is missing"),
    "two endings": ("sections_are_in_order", _append_text("## Exercises"), "two sections 'Exercises'"),
    "other order": ("sections_are_in_order", lambda n: n.cells.insert(-1, n.cells.pop()), "References, Notes"),
    "late section": ("sections_are_in_order", _append_text("## One more"), "they are Run it yourself"),
    "many words": ("the_thread_is_short", _edit(2, source="## Predict\n" + 2500 * "word "), "words before the"),
    "many cells": ("the_thread_is_short", _more_cells, "31 code cells before"),
    "many claims": ("the_thread_is_short", _more_claims, "24 claims before"),
    "wide code": ("code_is_narrow", _append_code("x = 1\n" + 75 * "x"), "line 2: 75 characters, over 74"),
    "formatter": ("code_is_narrow", _append_code("f(1,\n  2)  # fmt: skip"), "remove '# fmt: skip'"),
    "open check": ("are_marked", _edit(6, metadata=CHECK | {"tags": ["check"]}), "it claims"),
    "check open in Jupyter": ("are_marked", _edit(6, metadata={"tags": CHECK["tags"]}), "it claims"),
    "no check": ("are_marked", _append_code("1", **CHECK), "nothing is claimed in it"),
    "long check": ("are_short", _append_code("claim()\n" * 21, **CHECK), "a check of 21 lines"),
    "other number": ("links_have_the_number", _append_text("[Fig. 5.2](#fig-loss)"), "must be [Fig. 5.1](#fig-loss)"),
    "open answer": ("answers_are_folded", _append_code("predict()", **FOLDED | {"tags": []}), "shows the answer"),
    "open in Jupyter": ("answers_are_folded", _append_code("predict()", **FOLDED | {"jupyter": {}}), "source_hidden"),
    "open on Colab": ("answers_are_folded", _append_code("predict()", **FOLDED | {"cellView": "code"}), "cellView"),
    "unknown page": ("links_resolve", _append_text("[x](nowhere.md)"), "no such page"),
    "page outside": ("links_resolve", _append_text("[x](../../etc/hosts)"), "no such page"),
    "unknown anchor": ("links_resolve", _append_text("[x](#nowhere)"), "no #nowhere"),
    "unknown anchor in a page": ("links_resolve", _append_text("[x](page.md#nowhere)"), "no #nowhere"),
    "unknown anchor in HTML": ("links_resolve", _append_text('<a href="#nowhere">x</a>'), "no #nowhere"),
    "http": ("links_resolve", _append_text("[x](http://example.org)"), "https"),
    "picture in text": ("pictures_in_text_have_alt", _append_text("![](page.md)"), "no alternative text"),
    "role": ("no_myst_in_text", _append_text("As {ref}`there` says."), "role {ref}"),
    "directive": ("no_myst_in_text", _append_text("```{note}\nx\n```"), "directive {note}"),
    "colon directive": ("no_myst_in_text", _append_text(":::{note}\nx\n:::"), "':::{'"),
    "label": ("no_myst_in_text", _append_text("(there)=\n\nText."), "(there)="),
    "attributes": ("no_myst_in_text", _append_text("{.subtitle}\nText."), "'{.subtitle}'"),
    "labelled formula": ("no_myst_in_text", _append_text("$$\nx\n$$ (eq)"), "\\tag"),
    "two titles": ("headings_are_nested", _append_text("# Another"), "only heading of level 1"),
    "title elsewhere": ("headings_are_nested", lambda n: n.cells.append(n.cells.pop(0)), "must open with its title"),
    "skipped level": ("headings_are_nested", _append_text("#### Deep"), "level 4 follows level 2"),
    "word not linked": ("first_uses_are_linked", _append_text("Its Hessian."), "first use of 'Hessian' must link"),
    "late link": ("first_uses_are_linked", _append_text("Risks. [Risk](glossary.md#risk)"), "first use of 'risk'"),
    "word linked twice": ("first_uses_are_linked", _append_text(RISK * 2), "'risk' of the glossary is linked 2 times"),
    "linked heading": ("first_uses_are_linked", _append_text(f"## {RISK}"), "a heading links the glossary"),
    "too many links": ("first_uses_are_linked", _append_text(EVERY_WORD), "disturb the text"),
    "unknown word": ("links_resolve", _append_text("[x](glossary.md#nothing)"), "no #nothing"),
    "edited code": ("outputs_are_current", lambda n: n.cells[3].update(source="print(2)"), "present code"),
    "added code": ("outputs_are_current", _append_code("1", seal=False), "present code"),
    "run twice": ("executed_in_order", _edit(4, execution_count=7), "has execution count"),
    "never run": ("executed_in_order", _edit(4, execution_count=None), "has execution count"),
    "error": ("nothing_went_wrong", _append_code("1", ERROR), "ValueError: no"),
    "warning": ("nothing_went_wrong", _append_code("1", new_output("stream", name="stderr", text="Warn")), "'Warn'"),
    "widget": ("no_live_widgets", _append_code("1", WIDGET), "widget"),
    "widget state": ("no_live_widgets", _metadata(widgets={}), "widget"),
    "no caption": ("pictures_are_described", _edit(4, metadata=_figure(caption="loss")), "needs a caption"),
    "no alt": ("pictures_are_described", _edit(4, metadata=_figure(alt="loss_curve")), "alternative text of its own"),
    "alt = caption": ("pictures_are_described", _edit(4, metadata=_figure(caption=ALT)), "of its own"),
    "no name": ("pictures_are_described", _edit(4, metadata=_figure(name="loss")), "needs a name"),
    "open plotting code": ("pictures_are_described", _edit(4, metadata=_figure(tags=())), "folded away"),
    "two pictures": ("pictures_are_described", _edit(4, outputs=[_picture(), _picture()]), "2 pictures"),
    "name used twice": ("pictures_are_described", _append_code("1", _picture(), **_figure()), "used 2 times"),
    "no explorable": ("has_an_explorable", _edit(5, outputs=[]), "no explorable"),
    "silent explorable": ("has_an_explorable", _silent_explorable, "alternative"),
    "blind explorable": ("has_an_explorable", lambda n: n.cells[5].outputs[0].data.pop("image/png"), "needs a picture"),
    "few claims": ("has_claims", lambda n: n.cells[6].outputs.pop(), "7 claims"),
    "claim made twice": ("has_claims", lambda n: n.cells[6].outputs.append(_claims()[0]), "'claim-0' is made 2 times"),
    "address": ("nothing_fleeting", _append_code("1", _text("<function f at 0x7f3a5c0d1e50>")), "an address"),
    "path": ("nothing_fleeting", _append_code("1", _text("see /home/someone/x.py")), "a path"),
    "float tail": ("nothing_fleeting", _append_code("1", _text("loss 0.30000000000000004")), "not rounded"),
    "time": ("nothing_fleeting", _append_code("1", _text("took 1.25 s")), "a wall time: '1.25 s'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_notebook_is_rejected_by_its_rule(name: str, folder: Path) -> None:
    rule, change, expected = BROKEN[name]
    notebook = _good()
    change(notebook)
    found = [problem for r in rules.RULES if r.__name__ == rule for problem in r(notebook, folder / "05_small.ipynb")]
    assert any(expected in problem for problem in found), found


def test_every_rule_is_shown_to_reject_something() -> None:
    assert {rule for rule, _, _ in BROKEN.values()} == {rule.__name__ for rule in rules.RULES}


@pytest.mark.parametrize(
    "change",
    [
        _append_code("1", ERROR, tags=["raises-exception"]),
        _append_code("predict()", **FOLDED),
        _append_text(f"{RISK} As a risk, empirical-risks, `batch`, $batch$, [batch](page.md) and\n\n### Batch"),
        _append_code("1", _text("took 1.25 s"), tags=["about-time"]),
        _append_code("1", _text("rate 1.234e-05, 0.00001234, 16384.25, step 3 so far, https://a.org/home/x")),
        _append_text("In code, `{ref}` and\n\n```python\n(there)=\n```\n\nor $\\{ref\\}$ are no MyST."),
    ],
    ids=["expected error", "folded answer", "words in use", "cell about time", "rounded numbers", "MyST in code"],
)
def test_what_only_looks_like_a_problem_is_allowed(change: Callable[[NotebookNode], None], folder: Path) -> None:
    notebook = _good()
    change(notebook)
    assert _problems(notebook, folder) == []
