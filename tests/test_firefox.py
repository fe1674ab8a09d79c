"""Every page of the built book in Firefox, where there is one: what is reported, what sticks out, what keys do.

``FIREFOX`` names one; Debian's is the package firefox-esr.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser
import pytest
from firefox import Firefox

ROOT = Path(__file__).parents[1]
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
PAGES = sorted(str(page.relative_to(HTML)) for page in [*HTML.glob("book/**/*.html"), *HTML.glob("search.html")])
ZOOMS = {100: 1280, 400: 320, 500: 256}  # per cent: the width that is left of 1280 pixels

# A scroll bar takes its own room here, so the page must fit into what it leaves.
SIDEWAYS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
CHILDREN = """(() => {
  const right = { msub: 2, msup: 2, munder: 2, mover: 2, mfrac: 2, mroot: 2, msubsup: 3, munderover: 3 };
  return [...document.querySelectorAll("math *")]
    .filter((part) => part.localName in right && part.childElementCount !== right[part.localName])
    .map((part) => part.outerHTML.slice(0, 120));
})()"""
MATHS = "document.querySelectorAll('math').length"
LEAVING = """[...document.querySelectorAll(".labs-ex")].flatMap((box) => {
  const around = box.getBoundingClientRect();
  return [...box.querySelectorAll("*")]
    .filter((part) => part.getClientRects().length && !part.closest(".labs-ex-unseen, .labs-ex-plot > *:not(canvas)"))
    .map((part) => [part, part.getBoundingClientRect()])
    .filter(([, at]) => at.left < around.left - 0.5 || at.right > around.right + 0.5)
    .map(([part, at]) => `${part.localName} ${part.getAttribute("class")} ${at.right - around.right}`);
})"""
FOCUS = """((number) => {
  const handle = [...document.querySelectorAll(".labs-ex :is([role=slider], input[type=range])")]
    .filter((one) => one.getClientRects().length)[number];
  handle?.focus();
  return handle ? document.activeElement === handle : null;
})"""
VALUE = """((one) => [one.value, one.getAttribute("aria-valuenow"), one.getAttribute("aria-valuetext")].join())(
  document.activeElement)"""


@pytest.fixture(scope="module")
def firefox() -> Iterator[Firefox]:
    """One Firefox for all tests."""
    if (path := browser.find("firefox")) is None:
        pytest.skip("there is no Firefox here to open the book in: install the package firefox-esr, or firefox")
    if not PAGES:
        pytest.fail(f"The book is not built: {HTML} has no pages; run `make book` first.")
    with Firefox(path) as opened:
        yield opened


@pytest.mark.parametrize("page", PAGES or ["the book"])
def test_page(page: str, firefox: Firefox) -> None:
    """Nothing is reported, no formula is broken, nothing scrolls sideways or leaves its card however large the text."""
    firefox.errors.clear()
    firefox.resize(1280)
    firefox.open((HTML / page).as_uri())
    problems: dict[Any, Any] = {"formulas": broken} if (broken := firefox.evaluate(CHILDREN)) else {}
    for zoom, width in ZOOMS.items():
        firefox.resize(width)
        needed, there = firefox.evaluate(SIDEWAYS)
        if needed > there:
            problems[zoom] = f"{needed} pixels wide of {there}"
        if leaving := firefox.evaluate(LEAVING):
            problems[f"{zoom}, explorable"] = leaving[:3]
    assert problems == {}
    assert firefox.errors == []
    if page.endswith("notation.html"):
        assert firefox.evaluate(MATHS) > 20, "formulas are there to be looked at"


@pytest.mark.parametrize("page", [page for page in PAGES if page[5:7].isdigit()] or ["the book"])
def test_explorables_answer_to_keys(page: str, firefox: Firefox) -> None:
    """Each handle and slider of a chapter's explorables takes the focus and moves by an arrow key."""
    firefox.resize(1280)
    firefox.open((HTML / page).as_uri())
    firefox.evaluate("document.querySelector('.labs-ex').scrollIntoView()")
    moved = 0
    while (focused := firefox.evaluate(f"{FOCUS}({moved})")) is not None:
        assert focused
        before = firefox.evaluate(VALUE)
        firefox.press("ArrowRight")
        if firefox.evaluate(VALUE) == before:  # it stood at its end
            firefox.press("ArrowLeft")
        assert firefox.evaluate(VALUE) != before, f"slider {moved}: {before}"
        moved += 1
    assert moved, "there is something to move"


def test_an_error_of_the_page_is_heard(firefox: Firefox) -> None:
    """The checks above mean something."""
    firefox.open((HTML / "book" / "glossary.html").as_uri())
    firefox.errors.clear()
    firefox.evaluate("void setTimeout(() => { throw new Error('on purpose'); })")
    firefox.frames()
    assert [error for error in firefox.errors if "on purpose" in error]
    firefox.errors.clear()
    firefox.evaluate(
        "document.querySelector('main').append(Object.assign(document.createElement('p'), "
        "{ textContent: 'x'.repeat(500) }))"
    )
    needed, there = firefox.evaluate(SIDEWAYS)
    assert needed > there
