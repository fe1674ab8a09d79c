"""The exercises: ``check`` grades an attempt, ``hint`` and ``solution`` help, ``progress`` remembers.

Each chapter is a module with its ``TITLE`` and its ``EXERCISES``; the list ``CHAPTERS`` below has them all.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from labs import cards
from labs.exercises import (
    batch_and_minibatch,
    empirical_risk_minimization,
    ill_conditioning,
    learning_vs_optimization,
    pages,
    record,
    surrogate_losses,
)
from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.grading import Verdict, grade
from labs.exercises.prediction import predict, tally

__all__ = [
    "CHAPTERS",
    "Case",
    "Exercise",
    "Mistake",
    "Verdict",
    "check",
    "exercises",
    "export_progress",
    "find",
    "grade",
    "hint",
    "import_progress",
    "predict",
    "progress",
    "solution",
    "stub",
]

CHAPTERS = (
    learning_vs_optimization,
    empirical_risk_minimization,
    surrogate_losses,
    batch_and_minibatch,
    ill_conditioning,
)


def exercises() -> dict[str, Exercise]:
    """All exercises by their id, in the order of the course."""
    return {exercise.id: exercise for chapter in CHAPTERS for exercise in chapter.EXERCISES}


def find(exercise: str) -> Exercise:
    """The exercise with this id.

    Raises:
        ValueError: if there is none.
    """
    known = exercises()
    if exercise not in known:
        raise ValueError(f"there is no exercise {exercise!r}; choose one of {', '.join(known)}")
    return known[exercise]


def check(exercise: str, attempt: Any) -> None:
    """Grades ``attempt``, the function that you wrote, shows the verdict and remembers it.

    Args:
        exercise: Its id, such as ``"5.1"``.
        attempt: The function itself.
    """
    chosen = find(exercise)
    verdict = grade(chosen, attempt)
    note = ""
    if verdict.state != "untouched":
        note = record.mark(exercise, "solved" if verdict.state == "right" else "attempted")
    cards.show(*pages.verdict(chosen, verdict, note))


def hint(exercise: str) -> None:
    """Shows the hints of an exercise, each folded inside the one before."""
    cards.show(*pages.hints(find(exercise)))


def solution(exercise: str) -> None:
    """Shows the model answer of an exercise, folded, with what it teaches."""
    cards.show(*pages.model_answer(find(exercise)))


def stub(exercise: str) -> str:
    """The text of the cell that the reader fills in."""
    return find(exercise).stub


def progress() -> None:
    """Shows what is solved, attempted and untouched in every chapter, what comes next, and how your guesses went."""
    marks, note = record.load()
    chapters = [(f"{c.EXERCISES[0].chapter:02d} {c.TITLE}", list(c.EXERCISES)) for c in CHAPTERS]
    cards.show(*pages.table(chapters, {name: mark["state"] for name, mark in marks.items()}, tally(marks), note))


def export_progress(path: str | Path) -> None:
    """Writes your progress to a file of your own, to keep it or to take it to another machine.

    Raises:
        ValueError: if no file can be written there.
    """
    marks, note = record.load()
    target = Path(path).expanduser()
    try:
        target.write_text(record.text(marks), encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{target} cannot be written ({error.strerror}); name a file in a folder of yours") from None
    _say(f"{_count(marks)} in {target.absolute()}. {note}".strip())


def import_progress(path: str | Path) -> None:
    """Adds the progress in a file that ``export_progress`` wrote to your own; nothing solved is lost.

    Raises:
        ValueError: if it is no such file; your progress is then as it was.
    """
    source = Path(path).expanduser()
    try:
        marks = record.parse(source.read_text(encoding="utf-8"))
    except OSError as error:
        reason = f"{source} cannot be read ({error.strerror})"
        raise ValueError(f"{reason}; give the path that export_progress wrote to") from None
    except UnicodeDecodeError:
        raise ValueError(f"{source} is no progress file: it is not text") from None
    _say(f"{_count(marks)} added from {source}. {record.store(marks)}".strip())


def _count(marks: record.Marks) -> str:
    guesses = sum(mark["state"] in record.GUESSES for mark in marks.values())
    exercises = len(marks) - guesses
    counted = "1 exercise" if exercises == 1 else f"{exercises} exercises"
    if guesses:
        counted += " and 1 guess" if guesses == 1 else f" and {guesses} guesses"
    return f"{counted} {'is' if len(marks) == 1 else 'are'}"


def _say(sentence: str) -> None:
    cards.show(sentence, f"<p>{html.escape(sentence)}</p>")
