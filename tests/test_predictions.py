"""What a page of the book remembers of the reader's guesses: with a mouse, with keys, and without any script."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from labs import cards
from labs.exercises import predict

STATIC = Path(__file__).parents[1] / "book" / "_theme" / "static"
POLICY = "default-src 'none'; script-src 'self' file:; style-src 'self' file: 'unsafe-inline'; connect-src file:"
QUESTIONS = {
    "Which way is down?": (("left", "right"), "left"),
    "How far is it?": (("one step", "two steps", "three steps"), "three steps"),
}
NO_FETCHING = {"preload": False}  # pages from the disk may not read their own style sheets
TALLY = '<h2>All questions</h2><div class="predictions"></div>'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two pages, one with two questions as the notebooks show them, one with the tally of all."""
    shown: list[str] = []
    monkeypatch.setattr(cards, "show", lambda line, card, extra=None: shown.append(card))
    for question, (choices, answer) in QUESTIONS.items():
        predict(question, choices, answer, "Because it is.")
    for name in ("predictions.js", "predictions.css"):
        shutil.copy(STATIC / name, tmp_path)
    for name, body in (("chapter", "".join(shown)), ("progress", TALLY)):
        (tmp_path / f"{name}.html").write_text(
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            '<link rel="stylesheet" href="predictions.css"><script defer src="predictions.js"></script></head>'
            f"<body><main><h1>{name}</h1>{body}</main></body></html>",
            encoding="utf-8",
        )
    return tmp_path


@pytest.fixture
def visit(chromium: Any, folder: Path) -> Iterator[Callable[..., Any]]:
    """``visit(name)`` opens a page in a browser that remembers; no page may report an error."""
    context, errors = chromium.new_context(), []

    def open_page(name: str = "chapter", prepare: str = "") -> Any:
        page = context.new_page()
        if prepare:
            page.add_init_script(prepare)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto((folder / f"{name}.html").as_uri())
        return page

    yield open_page
    context.close()
    assert errors == []


def _question(page: Any, number: int) -> Any:
    return page.locator(".predict").nth(number)


def _guess(page: Any, number: int, choice: str) -> None:
    _question(page, number).locator("summary", has_text=choice).click()


def _tallies(page: Any) -> list[str]:
    """The lines that can be read."""
    return [text for text in page.locator(".predict-tally").all_inner_texts() if text]


def test_nothing_is_said_before_the_first_guess(visit: Callable[..., Any]) -> None:
    page = visit()
    assert _tallies(page) == []
    assert page.locator("button:visible").count() == 0
    assert page.locator("details[open]").count() == 0


def test_the_first_guess_counts_and_later_ones_do_not(visit: Callable[..., Any]) -> None:
    page = visit()
    _guess(page, 0, "right")
    assert _tallies(page) == ["Your first guess here was wrong. Your first guess was right in 0 of 1 question so far."]
    _guess(page, 0, "left")
    assert "here was wrong" in _tallies(page)[0]
    _guess(page, 1, "three steps")
    assert [line.split(".")[0] for line in _tallies(page)] == [
        "Your first guess here was wrong",
        "Your first guess here was right",
    ]
    assert all(line.endswith("right in 1 of 2 questions so far.") for line in _tallies(page))


def test_one_choice_is_open_at_a_time_and_opens_again_on_the_next_visit(visit: Callable[..., Any]) -> None:
    page = visit()
    _guess(page, 1, "one step")
    _guess(page, 1, "two steps")
    again = visit()
    opened = [fold.locator("summary").inner_text() for fold in again.locator("details[open]").all()]
    assert opened == ["two steps"]
    assert "here was wrong" in _tallies(again)[0]
    _guess(again, 1, "two steps")  # closes it
    assert visit().locator("details[open]").count() == 0


def test_the_page_of_progress_counts_all_and_forgets_all(visit: Callable[..., Any]) -> None:
    tally = visit("progress")
    assert _tallies(tally)[0].startswith("This browser remembers no guess yet")
    chapter = visit()
    _guess(chapter, 0, "left")
    tally.locator("button:visible").wait_for()  # told by the other page
    assert _tallies(tally) == ["Your first guess was right in 1 of 1 question so far."]
    tally.locator("button").click()
    assert _tallies(tally)[0].startswith("This browser remembers no guess yet")
    assert tally.evaluate("document.activeElement.className") == "predict-tally"
    assert visit().locator("details[open]").count() == 0


def test_all_of_it_works_with_keys(visit: Callable[..., Any]) -> None:
    page = visit()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert "here was right" in _tallies(page)[0]
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Forget all my guesses"
    page.keyboard.press("Space")
    assert _tallies(page) == []
    assert page.locator("details[open]").count() == 0
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_folds_that_open_by_themselves_are_no_guesses(visit: Callable[..., Any]) -> None:
    page = visit()
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    assert _tallies(page) == []


@pytest.mark.parametrize(
    "broken",
    [
        "localStorage.setItem('course-predictions', 'no JSON')",
        "localStorage.setItem('course-predictions', '[1, 2]')",
        "localStorage.setItem('course-predictions', 'null')",
        "localStorage.setItem('course-predictions', '{\"a\": 1}')",
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no storage'); }})",
        "Storage.prototype.setItem = () => { throw new Error('full'); }",
    ],
)
def test_a_storage_that_is_broken_full_or_forbidden_costs_the_memory_only(
    broken: str, visit: Callable[..., Any]
) -> None:
    page = visit(prepare=broken)
    _guess(page, 0, "left")
    _guess(page, 1, "one step")
    assert all(line.endswith("right in 1 of 2 questions so far.") for line in _tallies(page))


def test_no_violation_is_found_before_and_after_guessing(visit: Callable[..., Any]) -> None:
    page = visit()
    assert Axe().run(page, options=NO_FETCHING).response["violations"] == []
    _guess(page, 0, "left")
    assert Axe().run(page, options=NO_FETCHING).response["violations"] == []
    assert Axe().run(visit("progress"), options=NO_FETCHING).response["violations"] == []


def test_without_scripts_the_questions_open_all_the_same(chromium: Any, folder: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "chapter.html").as_uri())
    _guess(page, 0, "left")
    assert page.locator("details[open] p").inner_text() == "Yes. Because it is."
    assert page.locator("button").count() == 0
    context.close()
