"""Predict-then-reveal questions: the reader commits to an answer, then opens it. No kernel and no script needed."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from labs import cards

__all__ = ["predict"]


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
    folds = "".join(_fold(choice, choice == answer, reasons.get(choice, ""), name) for choice in choices)
    card = (
        f'<div class="predict" id="{name}" role="group" aria-labelledby="{name}-question">'
        f'<p class="predict-question" id="{name}-question"><strong>Predict.</strong> {html.escape(question)}</p>'
        f"{folds}</div>"
    )
    listed = "\n".join(f"  {letter}) {choice}" for letter, choice in zip("abcdefghij", choices, strict=False))
    cards.show(f"Predict. {question}\n{listed}", card)


def _fold(choice: str, right: bool, reason: str, name: str) -> str:
    verdict = "Yes." if right else "No."
    reason = reason or "Think again, and open the choice that you now believe."
    return (
        f'<details class="predict-choice" name="{name}" data-right="{str(right).lower()}">'
        f"<summary>{html.escape(choice)}</summary>"
        f"<p><strong>{verdict}</strong> {html.escape(reason)}</p></details>"
    )
