"""What the book and a running notebook remember of the reader's guesses: with a mouse, with keys, without a script."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import IPython
import pytest
from axe_playwright_python.sync_playwright import Axe

from labs import cards
from labs.exercises import predict, prediction, record
from labs.exercises.prediction import Question

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


# ---- in a live notebook, where a widget hands the guess to the progress file

HOST = """
const model = {
  values: given, listeners: {},
  get(name) { return this.values[name]; },
  set(name, value) { this.values[name] = value; },
  on(name, listener) { this.listeners[name] = listener; },
  off(name) { delete this.listeners[name]; },
  async save_changes() {
    this.values.said = await window.toPython(this.values.opened);
    this.listeners["change:said"]();
  },
};
live.render({ model, el: document.querySelector("#here") });
"""


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """The guesses that are kept, with none at first."""
    monkeypatch.setenv("LABS_PROGRESS", record.IN_MEMORY)
    monkeypatch.setattr(record, "_memory", {})
    return record.load()[0]


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch, answered: object) -> Iterator[Callable[[str], Question]]:
    """``live(question)``: what a running notebook shows of one of the ``QUESTIONS``."""
    made: list[Question] = []

    class Kept(Question):
        def show(self) -> None:
            made.append(self)

    monkeypatch.setattr(prediction, "Question", Kept)
    monkeypatch.setattr(cards, "notebook", lambda: IPython.InteractiveShell.instance())

    def show(question: str) -> Question:
        choices, answer = QUESTIONS[question]
        predict(question, choices, answer, "Because it is.")
        return made[-1]

    yield show
    IPython.InteractiveShell.clear_instance()


@pytest.fixture
def panel(chromium: Any, tmp_path: Path) -> Iterator[Callable[[Question], Any]]:
    """``panel(question)``: the widget in a page, with its Python behind it; no page may report an error."""
    context, errors = chromium.new_context(), []

    def open_page(question: Question) -> Any:
        def opened(choice: int) -> str:
            question.opened = choice
            return question.said

        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.expose_function("toPython", opened)
        (tmp_path / "live.html").write_text(
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A question</title></head>'
            '<body><main><h1>A question</h1><div id="here"></div></main></body></html>',
            encoding="utf-8",
        )
        page.goto((tmp_path / "live.html").as_uri())
        page.add_style_tag(content=str(question._css))
        given = json.dumps({name: getattr(question, name) for name in ("name", "card", "opened", "said")})
        script = str(question._esm).replace("export default", "const live =")
        page.add_script_tag(content=f"{{ const given = {given}; {script} {HOST} }}")
        return page

    yield open_page
    context.close()
    assert errors == []


def test_a_running_notebook_shows_the_live_question_after_the_html(
    live: Callable[[str], Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[str, str]] = []
    monkeypatch.setattr(cards, "show", lambda *output: shown.append(output))
    question = live("Which way is down?")
    ((line, card),) = shown
    assert line.startswith("Predict. Which way is down?")
    assert f'id="{question.name}"' in card
    assert question.card == card.replace(question.name, f"{question.name}-live")


def test_plain_python_makes_no_widget(answered: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "notebook", lambda: None)
    monkeypatch.setattr(prediction, "Question", None)
    predict("Which way is down?", ["left", "right"], "left", "Because it is.")


def test_a_guess_in_a_running_notebook_is_said_and_kept(
    live: Callable[[str], Question], panel: Callable[[Question], Any]
) -> None:
    page = panel(live("Which way is down?"))
    assert _tallies(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("status").get_by_text("here was wrong").wait_for()
    assert page.locator("details[open] summary").inner_text() == "right"
    _guess(page, 0, "left")  # the second try counts no more
    assert _tallies(page) == ["Your first guess here was wrong. Your first guess was right in 0 of 1 question so far."]
    (state,) = (mark["state"] for mark in record.load()[0].values())
    assert state == "wrong"


def test_what_was_guessed_before_is_said_again(
    live: Callable[[str], Question], panel: Callable[[Question], Any]
) -> None:
    live("Which way is down?").opened = 0
    question = live("How far is it?")
    question.opened = 2
    question.opened = -1  # closing is no guess
    page = panel(question)
    assert _tallies(page) == ["Your first guess here was right. Your first guess was right in 2 of 2 questions so far."]
    assert page.locator("details[open]").count() == 0


def test_no_violation_is_found_in_a_live_question(
    live: Callable[[str], Question], panel: Callable[[Question], Any]
) -> None:
    page = panel(live("How far is it?"))
    assert Axe().run(page, options=NO_FETCHING).response["violations"] == []
    _guess(page, 0, "three steps")
    page.get_by_text("here was right").wait_for()
    assert Axe().run(page, options=NO_FETCHING).response["violations"] == []
