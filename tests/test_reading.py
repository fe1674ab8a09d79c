"""Chapters as the book shows them: claims in cards, code in folds, numbers of figures and formulas that lead there."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import checks
import figures
import pytest
from bs4 import BeautifulSoup, Tag
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, writes

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))
from course_site.checks import LABEL
from course_site.code import in_lines
from course_site.math import with_scripts_whole

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
FIFTH, SIXTH = "book/05_ill_conditioning", "book/06_local_minima"
EXTENSIONS = ["myst_nb", *(f"course_site.{name}" for name in ("outputs", "checks", "code", "figures", "equations"))]


def shown(text: str, **data: str) -> Any:
    return new_output("display_data", data={"text/html": text, **data})


def card(name: str) -> Any:
    """What a claim leaves in a notebook."""
    return shown(f'<div class="claim" id="claim-{name}" style="border: 0"><span>{name} holds</span></div>')


def figure(name: str) -> Any:
    metadata = {"mystnb": {"figure": {"caption": f"How to read {name}", "name": f"fig-{name}"}}}
    return new_code_cell("plot()", metadata=metadata, outputs=[new_output("display_data", data={"image/png": PIXEL})])


@pytest.fixture
def page(sphinx_build: Callable, tmp_path: Path) -> Callable[..., Tag]:
    """``page(cells, others)``: chapter 5 of these cells, in a book with chapter 6 of the others, as it is read."""

    def build(cells: list[Any], others: list[Any] | None = None) -> Tag:
        pages = {"index.md": f"# Book\n\n```{{toctree}}\n{FIFTH}\n{SIXTH}\n```\n"}
        for name, its in ((FIFTH, cells), (SIXTH, others or [])):
            notebook = new_notebook(cells=[new_markdown_cell("# A chapter"), *its])
            notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
            notebook.metadata.language_info = {"name": "python"}
            checks.mark(notebook)
            pages[f"{name}.ipynb"] = writes(notebook)
        run: subprocess.CompletedProcess[str] = sphinx_build(
            EXTENSIONS, pages, nb_execution_mode="off", myst_enable_extensions=["dollarmath"],
            nb_code_prompt_show="Show the code", nb_code_prompt_hide="Hide the code",
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        return BeautifulSoup((tmp_path / "out" / f"{FIFTH}.html").read_text("utf-8"), "html.parser")

    return build


def test_claims_in_a_row_are_one_card_with_the_checks_below(page: Callable[..., Tag]) -> None:
    """Within a cell and over neighbouring ones; text, or another cell, ends the row. Each claim keeps its anchor."""
    soup = page(
        [
            new_code_cell("claim(1)", outputs=[card("a"), card("b")]),
            new_code_cell("claim(2)", outputs=[card("c")]),
            new_markdown_cell("Now something else."),
            new_code_cell("claim(3)", outputs=[card("d")]),
            new_code_cell("x = 1", outputs=[shown("<p>x</p>")]),
            new_code_cell("claim(4)", outputs=[card("e"), shown("<p>between</p>"), card("f")]),
        ]
    )
    rows = [[claim["id"] for claim in row.select(".claim")] for row in soup.select(".claims")]
    assert rows == [["claim-a", "claim-b", "claim-c"], ["claim-d"], ["claim-e"], ["claim-f"]]
    assert not any(claim.has_attr("style") for claim in soup.select(".claim"))
    cells = soup.select(".tag_check")
    assert [[fold.get_text() for fold in cell.select("details pre")] for cell in cells] == [
        ["claim(1)\n", "claim(2)\n"], ["claim(3)\n"], ["claim(4)\n"],
    ]  # fmt: skip
    for cell in cells:
        output, fold = cell.find_all(recursive=False)
        assert "cell_output" in output["class"]
        assert fold.name == "details"
        assert not fold.has_attr("open")
        assert {span.get_text() for span in fold.summary.select("span")} == {LABEL}
    assert "between" in cells[2].get_text()


def test_code_of_the_text_is_in_an_open_fold(page: Callable[..., Tag]) -> None:
    cells = [new_code_cell("x = 1"), new_code_cell("y", metadata={"tags": ["hide-input"]}), new_code_cell("claim()")]
    folds = page(cells).select("div.cell > details.hide")
    assert [fold.pre.get_text().strip() for fold in folds] == ["x = 1", "y", "claim()"]
    assert [fold.has_attr("open") for fold in folds] == [True, False, False]
    assert [fold.summary.get_text("|", strip=True) for fold in folds[:2]] == ["Show the code|Hide the code"] * 2


def test_lines_of_code_know_their_indentation_and_copy_as_they_were() -> None:
    code = '<span class="k">def</span> f():\n\n<span class="w">    </span><span>return</span> 1\n'
    html = f"<pre>{in_lines(code)}</pre>"
    lines = BeautifulSoup(html, "html.parser").select(".line")
    assert [line["style"] for line in lines] == ["--in: 0", "--in: 4"]
    assert BeautifulSoup(html, "html.parser").get_text() == "def f():\n\n    return 1\n"


def test_figures_are_numbered_within_their_chapter_and_found_from_another(page: Callable[..., Tag]) -> None:
    text = "[Fig. 5.2](#fig-b) and [Fig. 6.1](06_local_minima.ipynb#fig-c)"
    soup = page([new_markdown_cell(text), figure("a"), figure("b")], [figure("c")])
    assert [caption.get_text() for caption in soup.select(".caption-number")] == ["Fig. 5.1 ", "Fig. 5.2 "]
    links = {link.get_text(): link["href"] for link in soup.select("a.reference") if "Fig." in link.get_text()}
    assert links == {"Fig. 5.2": "#fig-b", "Fig. 6.1": "06_local_minima.html#fig-c"}


def test_the_book_counts_figures_as_the_tools_do(page: Callable[..., Tag]) -> None:
    cells = [figure("a"), new_code_cell("1"), figure("b")]
    found = {shown["id"]: shown.select_one(".caption-number").get_text() for shown in page(cells).select("figure")}
    expected = figures.numbers(new_notebook(cells=cells), Path(f"{FIFTH}.ipynb").relative_to("book"))
    assert found == {name: f"Fig. {number} " for name, number in expected.items()}


def test_numbers_of_formulas_lead_there(page: Callable[..., Tag]) -> None:
    formula = "$$x \\tag{%s}$$"
    text = f"{formula % '5.1'}\n\nBy (5.1), (6.2) and (5.1), not (5.7), (9.1), `(5.1)` or $(5.1)$.\n\n## On (5.1)"
    cells = [new_markdown_cell(text), figure("a")]
    cells[1].metadata["mystnb"]["figure"]["caption"] = "As (5.1) says"
    soup = page(cells, [new_markdown_cell(formula % "6.2")])
    links = [
        (link.get_text(), link["href"]) for link in soup.select("a.reference.internal") if link.get_text()[0] == "("
    ]
    assert links == [("(5.1)", "#eq-5-1"), ("(6.2)", "06_local_minima.html#eq-6-2"), *[("(5.1)", "#eq-5-1")] * 2]
    assert len(soup.select("#eq-5-1")) == 1


def test_an_operator_as_an_index_leaves_its_script_two_children() -> None:
    broken = (
        '<span><math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mrow><msub><mi>x</mi><mi>max</mi>'
        "<mo>\N{FUNCTION APPLICATION}</mo></msub><mi>log</mi><mo>\N{FUNCTION APPLICATION}</mo><mi>x</mi></mrow>"
        "<annotation>x_{\\max} &lt; \\log x</annotation></semantics></math></span>"
    )
    whole = with_scripts_whole(broken)
    assert whole.startswith('<span><math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mrow><msub><mi>x</mi>')
    assert "<msub><mi>x</mi><mi>max</mi></msub><mi>log</mi><mo>\N{FUNCTION APPLICATION}</mo>" in whole
    assert "&lt;" in whole
    assert json.dumps(with_scripts_whole("<math><mi>x</mi></math>")) == json.dumps("<math><mi>x</mi></math>")
