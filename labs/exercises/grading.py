"""Grades an attempt by its behaviour, and tells untouched, crashed, wrong and right apart."""

from __future__ import annotations

import ast
import inspect
import math
import secrets
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import torch

from labs.device import course_seed, generator
from labs.exercises.comparing import alike, difference, remark
from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.reading import Refused
from labs.exercises.running import Outcome, close, equal, run
from labs.exercises.showing import apart, shown

__all__ = ["Verdict", "grade"]

DIAGNOSIS_SECONDS = 15.0
"""How long the search for the usual mistake may take."""


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check.

    ``state`` is ``"untouched"``, ``"crashed"``, ``"wrong"`` or ``"right"``. For the second and third, ``call`` is the
    call that failed, with these ``arguments``, ``got`` and ``expected`` are its results (or the error), ``diagnosis``
    says what is amiss, and ``printed`` and ``displayed`` are what the failing call showed. A right answer may come with
    a ``note``.
    """

    state: str
    call: str = ""
    got: str = ""
    expected: str = ""
    diagnosis: str = ""
    printed: str = ""
    note: str = ""
    arguments: tuple[Any, ...] | None = None
    displayed: tuple[Any, ...] = ()


def grade(exercise: Exercise, attempt: Any, seed: int | None = None) -> Verdict:
    """Calls ``attempt`` on every case of ``exercise`` and stops at the first that fails.

    Args:
        exercise: What is asked for.
        attempt: The function to be graded.
        seed: Of the cases that are drawn anew; by default another one at each call.
    """
    if not callable(attempt):
        said = f'Hand over the function itself, check("{exercise.id}", {exercise.name}), not what it returns.'
        return Verdict("wrong", got=shown(attempt), expected=f"the function {exercise.name}", diagnosis=said)
    cases = _fixed(exercise)
    if said := _signature(attempt, cases[0], exercise):
        return Verdict("crashed", call=_call(exercise, cases[0]), diagnosis=said)
    note = ""
    for position, case in enumerate([*cases, *_anew(exercise, cases, seed)]):
        outcome = _run(exercise, attempt, case)
        if position == 0 and outcome.untouched and not (left := _raise_left(attempt)):
            return Verdict("untouched")
        failure = _failure(exercise, case, outcome)
        if failure is None:
            close(outcome)
            note = note or _note(exercise, case, outcome)
            continue
        if outcome.untouched and position == 0:
            return replace(failure, diagnosis=left)
        # Cases that came before stand for more than the failed one where two mistakes explain that equally well.
        return _diagnosed(exercise, failure, outcome, attempt, case, cases, position)
    return Verdict("right", note=note)


@dataclass
class _Kept:
    """The cases of an exercise at one seed of the course, and what its own functions did on them."""

    cases: list[Case]
    outcomes: dict[tuple[int, Callable], Outcome] = field(default_factory=dict)


@lru_cache(maxsize=8)
def _kept(exercise: str, cases: Callable, seed: int) -> _Kept:
    return _Kept(list(cases(generator(f"exercise {exercise}"))))


def _fixed(exercise: Exercise) -> list[Case]:
    """The cases that are the same at every check."""
    return _kept(exercise.id, exercise.cases, course_seed()).cases


def _own(exercise: Exercise, function: Callable, case: Case, until: float = math.inf) -> Outcome:
    """What the solution or a mistake does on a case; on one that is the same at every check it is run only once."""
    kept = _kept(exercise.id, exercise.cases, course_seed())
    if not any(case is one for one in kept.cases):
        return _quietly(exercise, function, case, until)
    key = id(case), function
    if key not in kept.outcomes:
        outcome = _quietly(exercise, function, case, until)
        if isinstance(outcome.error, TimeoutError):  # of this search's time, maybe
            return outcome
        kept.outcomes[key] = outcome
    return kept.outcomes[key]


def _anew(exercise: Exercise, cases: list[Case], seed: int | None) -> list[Case]:
    """The cases that another seed draws differently."""
    fresh = torch.Generator().manual_seed(secrets.randbits(62) if seed is None else seed)
    drawn = list(exercise.cases(fresh))
    return [new for old, new in zip(cases, drawn, strict=True) if not _same_arguments(old.arguments, new.arguments)]


def _same_arguments(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    def same(a: Any, b: Any) -> bool:
        if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
            return equal(a, b)
        return bool(a == b)

    return all(same(a, b) for a, b in zip(one, other, strict=True))


def _run(exercise: Exercise, function: Callable, case: Case) -> Outcome:
    return run(function, case.arguments, exercise.seconds, tuple(inspect.signature(exercise.solution).parameters))


def _failure(exercise: Exercise, case: Case, outcome: Outcome) -> Verdict | None:
    """The verdict on one call, or None if nothing is wrong with it."""
    failed = Verdict(
        "wrong",
        _call(exercise, case),
        printed=outcome.printed.strip(),
        arguments=case.arguments,
        displayed=outcome.displayed,
    )
    if outcome.error is not None:
        got = f"{type(outcome.error).__name__}: {outcome.error}".rstrip(": ")
        return replace(failed, state="crashed", got=got, diagnosis=_crash(outcome, exercise))
    if exercise.judge is None:
        expected = _expected(exercise, case)
        said = difference(outcome.result, expected, exercise.tolerance, rowwise=exercise.rowwise)
        got, wanted = apart(outcome.result, expected)
    else:
        said, got, wanted = _judged(exercise, case, outcome), shown(outcome.result), ""
    if outcome.changed:
        written = (
            f"your function has changed its argument {outcome.changed} in place: the caller still needs it. Work on a "
            "copy, x.clone(), or avoid +=, -= and the methods that end in _."
        )
        said = f"{said} Besides, {written}" if said else f"The values are right, but {written}"
    return replace(failed, got=got, expected=wanted, diagnosis=said) if said else None


def _judged(exercise: Exercise, case: Case, outcome: Outcome) -> str:
    """What the judge says, with the caller's own tensors before him and the oracles as they were left."""
    assert exercise.judge is not None
    pairs = zip(case.arguments, outcome.arguments, strict=True)
    seen = tuple(own if isinstance(own, torch.Tensor) else used for own, used in pairs)
    try:
        return exercise.judge(outcome.result, replace(case, arguments=seen))
    except Refused as refused:
        return str(refused)
    except Exception as error:
        return f"Your result cannot be judged: {type(error).__name__}: {error}"


def _note(exercise: Exercise, case: Case, outcome: Outcome) -> str:
    if exercise.judge is not None or not isinstance(outcome.result, torch.Tensor):
        return ""
    return remark(outcome.result, _expected(exercise, case))


def _expected(exercise: Exercise, case: Case) -> Any:
    return _own(exercise, exercise.solution, case).result if case.truth is None else case.truth


# ---- what is amiss


def _crash(outcome: Outcome, exercise: Exercise) -> str:
    """Where an error came from, and what it means if it is one of time or memory."""
    where = f"Raised at: {outcome.where}" if outcome.where else ""
    if isinstance(outcome.error, TimeoutError) and str(outcome.error).startswith("no result after"):
        allowed = f"One call may take {exercise.seconds:g} seconds."
        if outcome.loop.startswith("while"):
            return f"{allowed} It was still in the loop {outcome.loop} Is it a loop that never ends?"
        if outcome.loop:
            return f"{allowed} It was still in the loop {outcome.loop} That one ends, but it is too slow here."
        at = f" It was still at: {outcome.where}. That is too slow here." if outcome.where else " Yours was too slow."
        return f"{allowed}{at}"
    memory = isinstance(outcome.error, MemoryError) or "t allocate memory" in str(outcome.error)
    if memory:
        return f"{where}. There is not enough memory for that. What need not be there all at once?".lstrip(". ")
    return where


def _raise_left(attempt: Callable) -> str:
    """What to say of a written body in which the stub's ``raise`` still stands, or ""."""
    try:
        function = ast.parse(textwrap.dedent(inspect.getsource(attempt))).body[0]
    except (OSError, TypeError, SyntaxError):  # no source at hand: more names than the stub has tell as much
        code = getattr(attempt, "__code__", None)
        more = code and (len(code.co_varnames) > code.co_argcount or set(code.co_names) - {"NotImplementedError"})
        return "The line raise NotImplementedError still stands in your function: delete it." if more else ""
    body = getattr(function, "body", [])
    body = body[1:] if isinstance(function, ast.FunctionDef) and ast.get_docstring(function) is not None else body
    raising = [n for n, line in enumerate(body) if isinstance(line, ast.Raise)] if isinstance(body, list) else []
    rest = [line for line in body if not isinstance(line, (ast.Raise, ast.Pass))] if isinstance(body, list) else []
    if not raising or not rest:
        return ""
    if raising[0] == 0:
        return "The line raise NotImplementedError still stands above your code, which is never reached: delete it."
    return "The line raise NotImplementedError still stands below your code: delete it, and return the result."


def _diagnosed(
    exercise: Exercise,
    failure: Verdict,
    outcome: Outcome,
    attempt: Callable,
    case: Case,
    cases: list[Case],
    position: int,
) -> Verdict:
    """The failure with the diagnosis of the usual mistake that makes the same one, if there is such a mistake."""
    if isinstance(outcome.error, TimeoutError):
        return _told_apart(failure, position)
    until = time.monotonic() + DIAGNOSIS_SECONDS
    making = []
    for mistake in exercise.mistakes:
        if time.monotonic() > until:
            break
        other = _own(exercise, mistake.answer, case, until)
        if _same(outcome, other, exercise.tolerance) and _failure(exercise, case, other) is not None:
            making.append(mistake)
    # On one case two functions may agree by chance: a mistake that explains less than half of the cases says nothing.
    attempted = [_quietly(exercise, attempt, one, until) for one in cases if making and time.monotonic() < until]
    explained = [(_explained(exercise, mistake, attempted, cases, until), mistake.diagnosis) for mistake in making]
    share, said = max(explained, key=lambda pair: pair[0], default=(0.0, ""))
    if share < 0.5 or said in failure.diagnosis:
        return failure
    # A judge's sentence, or that of a changed argument, is never lost; the plain words on a difference are.
    kept = exercise.judge is not None or outcome.changed
    return replace(failure, diagnosis=f"{failure.diagnosis} {said}" if kept else said)


def _told_apart(failure: Verdict, position: int) -> Verdict:
    """A loop that never ends from slow code: the latter was quick enough before."""
    if position == 0 or "never ends?" not in failure.diagnosis:
        return failure
    said = failure.diagnosis.replace(
        "Is it a loop that never ends?",
        "The cases before were done in time: either it is too slow, or never ends here.",
    )
    return replace(failure, diagnosis=said)


def _explained(
    exercise: Exercise, mistake: Mistake, attempted: list[Outcome], cases: list[Case], until: float
) -> float:
    """On which share of the cases the mistake does what was attempted, as far as there is time to look."""
    same = [
        _same(mine, _own(exercise, mistake.answer, case, until), exercise.tolerance)
        for mine, case in zip(attempted, cases, strict=False)
        if time.monotonic() < until
    ]
    return sum(same) / len(same) if same else 1.0


def _quietly(exercise: Exercise, function: Callable, case: Case, until: float) -> Outcome:
    """A call of which the reader sees nothing, and which ends with the time for the diagnosis."""
    left = max(0.05, min(exercise.seconds, until - time.monotonic()))
    outcome = _run(replace(exercise, seconds=left), function, case)
    close(outcome)
    return outcome


def _same(one: Outcome, other: Outcome, tolerance: float) -> bool:
    if one.error is not None or other.error is not None:
        return type(one.error) is type(other.error) and str(one.error) == str(other.error)
    return alike(one.result, other.result, tolerance)


def _signature(attempt: Callable, case: Case, exercise: Exercise) -> str:
    """What is wrong with the attempt's parameters, or ""."""
    try:
        given = inspect.signature(attempt)
    except (TypeError, ValueError):  # a builtin without a signature: the call itself will tell
        return ""
    try:
        given.bind(*case.arguments)
    except TypeError:
        names = ", ".join(inspect.signature(exercise.solution).parameters)
        taken = ", ".join(given.parameters)
        return f"Your function takes ({taken}); it is called with ({names}). Restore its first line."
    return ""


def _call(exercise: Exercise, case: Case) -> str:
    names = inspect.signature(exercise.solution).parameters
    arguments = ", ".join(f"{n}={shown(a)}" for n, a in zip(names, case.arguments, strict=True))
    return f"{exercise.name}({arguments})" + (f", where {case.note}" if case.note else "")
