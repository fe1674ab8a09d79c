"""Grades an attempt by its behaviour, and tells untouched, crashed, wrong and right apart."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from labs.device import generator
from labs.exercises.comparing import alike, difference, shown
from labs.exercises.exercise import Case, Exercise
from labs.exercises.running import Outcome, run

__all__ = ["Verdict", "grade"]


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check.

    ``state`` is ``"untouched"``, ``"crashed"``, ``"wrong"`` or ``"right"``. For the second and third, ``call`` is the
    call that failed, ``got`` and ``expected`` are its results (or the error), and ``diagnosis`` says what is amiss.
    """

    state: str
    call: str = ""
    got: str = ""
    expected: str = ""
    diagnosis: str = ""
    printed: str = ""


def grade(exercise: Exercise, attempt: Any) -> Verdict:
    """Calls ``attempt`` on every case of ``exercise`` and stops at the first that fails."""
    if not callable(attempt):
        said = f'Hand over the function itself, check("{exercise.id}", {exercise.name}), not what it returns.'
        return Verdict("wrong", got=shown(attempt), expected=f"the function {exercise.name}", diagnosis=said)
    cases = list(exercise.cases(generator(f"exercise {exercise.id}")))
    if said := _signature(attempt, cases[0], exercise):
        return Verdict("crashed", call=_call(exercise, cases[0]), diagnosis=said)
    for position, case in enumerate(cases):
        outcome = run(attempt, case.arguments, exercise.seconds)
        if outcome.untouched:
            return Verdict("untouched")
        verdict = _judge(exercise, case, outcome)
        if verdict is not None:
            usual = (
                "" if isinstance(outcome.error, TimeoutError) else _usual_mistake(exercise, cases, position, attempt)
            )
            return replace(verdict, diagnosis=usual or verdict.diagnosis)
    return Verdict("right")


def _judge(exercise: Exercise, case: Case, outcome: Outcome) -> Verdict | None:
    """The verdict on one call, or None if nothing is wrong with it."""
    call, printed = _call(exercise, case), outcome.printed.strip()
    if outcome.error is not None:
        got = f"{type(outcome.error).__name__}: {outcome.error}"
        where = f"Raised at: {outcome.where}" if outcome.where else ""
        if isinstance(outcome.error, TimeoutError) and not outcome.where:
            where = "Is there a loop that never ends?"
        return Verdict("crashed", call, got, "", where, printed)
    expected: Any = None
    if exercise.judge is None:
        expected = run(exercise.solution, case.arguments, exercise.seconds).result
        said = difference(outcome.result, expected, exercise.tolerance)
    else:
        said = exercise.judge(outcome.result, outcome.arguments)
    if not said and outcome.changed:
        said = (
            f"The values are right, but your function has changed its argument {outcome.changed} in place: the caller "
            "still needs it. Work on a copy, x.clone(), or avoid +=, -= and the methods that end in _."
        )
    wanted = "" if exercise.judge is not None else shown(expected)
    return Verdict("wrong", call, shown(outcome.result), wanted, said, printed) if said else None


def _usual_mistake(exercise: Exercise, cases: list[Case], failed: int, attempt: Callable) -> str:
    """The diagnosis of the mistake that explains the failed case, and of several the one that explains most cases."""
    outcomes = [run(attempt, case.arguments, exercise.seconds) for case in cases]
    best, diagnosis = 0, ""
    for mistake in exercise.mistakes:
        others = [run(mistake.answer, case.arguments, exercise.seconds) for case in cases]
        same = [_same(one, other, exercise.tolerance) for one, other in zip(outcomes, others, strict=True)]
        if same[failed] and sum(same) > best:
            best, diagnosis = sum(same), mistake.diagnosis
    return diagnosis


def _same(one: Outcome, other: Outcome, tolerance: float) -> bool:
    if one.error is not None or other.error is not None:
        return type(one.error) is type(other.error) and str(one.error) == str(other.error)
    return one.changed == other.changed and alike(one.result, other.result, tolerance)


def _signature(attempt: Callable, case: Case, exercise: Exercise) -> str:
    """What is wrong with the attempt's parameters, or ""."""
    try:
        inspect.signature(attempt).bind(*case.arguments)
    except TypeError:
        wanted, given = inspect.signature(exercise.solution), inspect.signature(attempt)
        names = ", ".join(wanted.parameters)
        return (
            f"Your function takes ({', '.join(given.parameters)}); it is called with ({names}). Restore its first line."
        )
    except ValueError:  # a builtin without a signature: the call itself will tell
        return ""
    return ""


def _call(exercise: Exercise, case: Case) -> str:
    names = inspect.signature(exercise.solution).parameters
    arguments = ", ".join(f"{n}={shown(a)}" for n, a in zip(names, case.arguments, strict=True))
    return f"{exercise.name}({arguments})" + (f", where {case.note}" if case.note else "")
