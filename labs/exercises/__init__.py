"""The exercises: ``check`` grades an attempt, ``hint`` and ``solution`` help, ``progress`` remembers.

``failing`` gives the arguments of the call that failed last, and ``reset_progress`` begins anew. Each chapter is a
module with its ``TITLE`` and its ``EXERCISES``; the list ``CHAPTERS`` below has them all.
"""

from __future__ import annotations

import copy
import html
from pathlib import Path
from typing import Any

from labs import cards
from labs.exercises import (
    batch_and_minibatch,
    cliffs_and_exploding_gradients,
    empirical_risk_minimization,
    ill_conditioning,
    inexact_gradients,
    learning_vs_optimization,
    local_and_global_structure,
    local_minima,
    long_term_dependencies,
    pages,
    record,
    saddle_points,
    surrogate_losses,
    theoretical_limits,
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
    "failing",
    "find",
    "grade",
    "hint",
    "import_progress",
    "predict",
    "progress",
    "reset_progress",
    "solution",
    "stub",
]

CHAPTERS = (
    learning_vs_optimization,
    empirical_risk_minimization,
    surrogate_losses,
    batch_and_minibatch,
    ill_conditioning,
    local_minima,
    saddle_points,
    cliffs_and_exploding_gradients,
    long_term_dependencies,
    inexact_gradients,
    local_and_global_structure,
    theoretical_limits,
)


def exercises() -> dict[str, Exercise]:
    """All exercises by their id, in the order of the course."""
    return {exercise.id: exercise for chapter in CHAPTERS for exercise in chapter.EXERCISES}


_failed: dict[str, tuple[Any, ...]] = {}
_asked: dict[str, int] = {}


class NotFound(ValueError):
    """There is no such exercise, or no such failure. Notebooks show the one sentence without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def find(exercise: str | float) -> Exercise:
    """The exercise with this id; 5.1 does for ``"5.1"``.

    Raises:
        NotFound: if there is none.
    """
    known = exercises()
    if str(exercise) not in known:
        raise NotFound(f"there is no exercise {exercise!r}; choose one of {', '.join(known)}")
    return known[str(exercise)]


def check(exercise: str | float, attempt: Any = None) -> None:
    """Grades ``attempt``, the function that you wrote, shows the verdict and remembers it.

    Args:
        exercise: Its id, such as ``"5.1"``.
        attempt: The function itself.

    Raises:
        NotFound: if there is no such exercise.
    """
    if isinstance(attempt, (str, float)) and not isinstance(exercise, (str, float)):
        exercise, attempt = attempt, exercise
    chosen = find(exercise)
    verdict = grade(chosen, attempt)
    _failed.pop(chosen.id, None)
    if verdict.arguments is not None:
        _failed[chosen.id] = verdict.arguments
    note = ""
    if verdict.state != "untouched":
        note = record.mark(chosen.id, "solved" if verdict.state == "right" else "attempted")
    cards.show(*pages.verdict(chosen, verdict, note))
    if verdict.displayed:
        from IPython.display import display

        for output in verdict.displayed:
            display(output["data"], metadata=output["metadata"], raw=True)


def failing(exercise: str | float) -> tuple[Any, ...]:
    """The arguments of the call that failed at the last check, to call your function with them again.

    They are a copy each time, so that nothing you do to them is lost or kept.

    Raises:
        NotFound: if there is no such exercise, or its last check has not failed in this session.
    """
    chosen = find(exercise)
    if chosen.id not in _failed:
        reason = f"no call of {chosen.name} has failed at the last check here"
        raise NotFound(f'{reason}; check("{chosen.id}", {chosen.name}) looks for one')
    return copy.deepcopy(_failed[chosen.id])


def hint(exercise: str | float) -> None:
    """Shows the hints of an exercise, each folded inside the one before; in a terminal one more at each call."""
    chosen = find(exercise)
    _asked[chosen.id] = _asked.get(chosen.id, 0) + 1
    cards.show(*pages.hints(chosen, _asked[chosen.id]))


def solution(exercise: str | float) -> None:
    """Shows the model answer of an exercise, folded, with what it teaches."""
    cards.show(*pages.model_answer(find(exercise)))


def stub(exercise: str | float) -> str:
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
        marks = record.parse(source.read_text(encoding="utf-8-sig"))
    except OSError as error:
        reason = f"{source} cannot be read ({error.strerror})"
        raise ValueError(f"{reason}; give the path that export_progress wrote to") from None
    except UnicodeDecodeError:
        raise ValueError(f"{source} is no progress file: it is not text") from None
    _say(f"{_count(marks)} added from {source}. {record.store(marks)}".strip())


def reset_progress(exercise: str | float | None = None, *, sure: bool = False) -> None:
    """Forgets an exercise, or all exercises and guesses, after asking; a copy of the file is kept.

    ``import_progress`` with the copy brings it all back.

    Args:
        exercise: Which to forget; by default all that is remembered.
        sure: Do not ask.

    Raises:
        NotFound: if there is no such exercise.
    """
    marks, _ = record.load()
    names = set(marks) if exercise is None else {find(exercise).id} & set(marks)
    if not names:
        return _say("There is nothing to forget.")
    counted = _count({name: marks[name] for name in names})
    if not sure and not _agreed(f"{counted} remembered. Forget {'it' if len(names) == 1 else 'them'}? (yes/no) "):
        call = "sure=True" if exercise is None else f'"{find(exercise).id}", sure=True'
        return _say(f"Nothing was forgotten. To do it without a question, call labs.exercises.reset_progress({call}).")
    for name in names:
        _failed.pop(name, None)
        _asked.pop(name, None)
    aside, note = record.forget(names)
    if note:
        return _say(note)
    kept = f" A copy is kept in {aside}; import_progress brings it back." if aside else ""
    return _say(f"{counted} forgotten.{kept}")


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in {"y", "yes"}
    except (EOFError, OSError, NotImplementedError, RuntimeError):  # nobody is there to answer
        return False


def _count(marks: record.Marks) -> str:
    guesses = sum(mark["state"] in record.GUESSES for mark in marks.values())
    exercises = len(marks) - guesses
    counted = "1 exercise" if exercises == 1 else f"{exercises} exercises"
    if guesses:
        counted += " and 1 guess" if guesses == 1 else f" and {guesses} guesses"
    return f"{counted} {'is' if len(marks) == 1 else 'are'}"


def _say(sentence: str) -> None:
    cards.show(sentence, f"<p>{html.escape(sentence)}</p>")
