"""Predict-then-reveal questions: the reader commits to an answer, then opens it. No kernel and no script needed.

What is shown is HTML that folds by itself. Where a kernel runs, a widget is displayed after it, which takes its place
and hands the first guess to the progress file; where only the book's script runs, that script keeps it in the browser.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from labs import cards
from labs.exercises import record

__all__ = ["Question", "predict", "tally"]


def predict(question: str, choices: Sequence[str], answer: str, why: str | Mapping[str, str]) -> None:
    """Shows ``question`` with its ``choices``; each can be opened and then says whether it is right.

    Args:
        question: Plain text.
        choices: Two or more different answers.
        answer: The right one, equal to one of ``choices``.
        why: Why it is right; or for each choice why it is right or wrong.

    Raises:
        ValueError: if the answer is not among the choices, a choice is repeated, or a reason is missing.
    """
    choices, reasons = list(choices), {answer: why} if isinstance(why, str) else dict(why)
    if len(choices) < 2 or len(set(choices)) != len(choices):
        raise ValueError(f"a question needs two or more different choices, got {choices!r}")
    if answer not in choices:
        raise ValueError(f"the answer {answer!r} is not among the choices {choices!r}")
    if unknown := set(reasons) - set(choices):
        raise ValueError(f"why has reasons for {sorted(unknown)}, which are not among the choices")
    if not reasons.get(answer, "").strip():
        raise ValueError("why must say why the answer is right")
    name = cards.identifier("predict", question)
    told = [(choice, choice == answer, reasons.get(choice, "")) for choice in choices]
    listed = "\n".join(f"  {letter}) {choice}" for letter, choice in zip("abcdefghij", choices, strict=False))
    cards.show(f"Predict. {question}\n{listed}", _card(name, question, told))
    if cards.notebook() is not None:
        Question(name, _card(f"{name}-live", question, told), choices.index(answer)).show()


def tally(marks: record.Marks) -> str:
    """How often the first guesses in ``marks`` were right, in a sentence; "" where there is none.

    Example:
        >>> tally({"predict-a": {"state": "right", "tries": 1}, "predict-b": {"state": "wrong", "tries": 1}})
        'Your first guess was right in 1 of 2 questions so far.'
    """
    states = [mark["state"] for mark in marks.values() if mark["state"] in record.GUESSES]
    if not states:
        return ""
    return f"Your first guess was right in {states.count('right')} of {_questions(len(states))} so far."


class Question(anywidget.AnyWidget):
    """A question in a live notebook, which remembers the first choice that is opened.

    Args:
        name: Under which the guess is kept; also the ``id`` of the HTML that shows the question without the widget.
        card: The question as HTML, with a ``details`` element for each choice and another ``id``.
        right: The place of the right choice among them.
    """

    _esm = cards.take_the_place() + Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    _css = Path(__file__).with_suffix(".css")
    name = traitlets.Unicode().tag(sync=True)
    card = traitlets.Unicode().tag(sync=True)
    opened = traitlets.Int(-1).tag(sync=True)  # the choice that stands open, or -1
    said = traitlets.Unicode().tag(sync=True)

    def __init__(self, name: str, card: str, right: int) -> None:
        self._right = right
        super().__init__(name=name, card=card, said=_sentence(name, *record.load()))

    def show(self) -> None:
        """Displays the live view, with no words for where it cannot be shown."""
        from IPython.display import display

        data, _ = self._repr_mimebundle_() or ({}, {})
        display({kind: content for kind, content in data.items() if kind != "text/plain"}, raw=True)

    @traitlets.observe("opened")
    def _keep(self, change: dict[str, Any]) -> None:
        if change["new"] >= 0:
            note = record.guess(self.name, right=change["new"] == self._right)
            self.said = _sentence(self.name, record.load()[0], note)


def _sentence(name: str, marks: record.Marks, note: str) -> str:
    """How the first guess was at this question and everywhere; "" before it."""
    if name not in marks:
        return ""
    return f"Your first guess here was {marks[name]['state']}. {tally(marks)} {note}".strip()


def _questions(count: int) -> str:
    return "1 question" if count == 1 else f"{count} questions"


def _card(name: str, question: str, told: Sequence[tuple[str, bool, str]]) -> str:
    """The question as HTML: what to choose, whether it is right, and why."""
    folds = "".join(_fold(*choice, name) for choice in told)
    return (
        f'<div class="predict" id="{name}" role="group" aria-labelledby="{name}-question">'
        f'<p class="predict-question" id="{name}-question"><strong>Predict.</strong> {html.escape(question)}</p>'
        f"{folds}</div>"
    )


def _fold(choice: str, right: bool, reason: str, name: str) -> str:
    verdict = "Yes." if right else "No."
    reason = reason or "Think again, and open the choice that you now believe."
    return (
        f'<details class="predict-choice" name="{name}" data-right="{str(right).lower()}">'
        f"<summary>{html.escape(choice)}</summary>"
        f"<p><strong>{verdict}</strong> {html.escape(reason)}</p></details>"
    )
