"""The graders on right answers of many styles and on wrong ones, all written from the statements alone.

``answers_NN.py`` holds those of chapter NN. A right answer to exercise 1.2 is a function ``right_1_2_…``: it must pass
with no complaint. A wrong one is ``wrong_1_2_…``: it must fail, and its docstring is part of what its author must read.
Right ones are graded with the course's seed and with three others, so at eight draws of the cases: what passes by
chance would not pass so often. Wrong ones are graded with two.
"""

import dataclasses
import importlib.util
from pathlib import Path

import pytest

from labs import exercises
from labs.exercises import grade

EVERY = exercises.exercises()
SEEDS = {"right": (0, 1, 2, 3), "wrong": (0, 1)}
RIGHT, WRONG = 5, 8
"""How many answers of each kind an exercise has at least."""
IMPATIENT = 0.5
"""Seconds for a wrong answer whose only fault is that it takes too long: none of them needs to be waited for."""


def _answers(path):
    """The answers in a file: (exercise, "right" or "wrong", name, function, docstring)."""
    specification = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    for name, answer in vars(module).items():
        kind, *rest = name.split("_")
        if kind in {"right", "wrong"}:
            yield f"{rest[0]}.{rest[1]}", kind, " ".join(rest[2:]), answer, (answer.__doc__ or "").strip()


ANSWERS = [answer for path in sorted(Path(__file__).parent.glob("answers_*.py")) for answer in _answers(path)]


def _kind(wanted):
    chosen = [(seed, answer) for answer in ANSWERS if answer[1] == wanted for seed in SEEDS[wanted]]
    return pytest.mark.parametrize(
        ("exercise", "answer", "words", "seed"),
        [(EVERY[number], answer, words, seed) for seed, (number, _, _, answer, words) in chosen],
        ids=[f"{number} {name}, seed {seed}" for seed, (number, _, name, _, _) in chosen],
        indirect=["seed"],
    )


@pytest.fixture
def seed(request, monkeypatch):
    """Seeds both draws of the cases: the course's own and the one made anew."""
    monkeypatch.setenv("LABS_SEED", str(request.param))
    return request.param


@_kind("right")
def test_a_right_answer_passes_in_any_style(exercise, answer, words, seed):
    verdict = grade(exercise, answer, seed=seed)
    assert verdict.state == "right", f"{verdict.call}: got {verdict.got}, not {verdict.expected}. {verdict.diagnosis}"
    assert verdict.diagnosis == ""


# The alarm may ring inside a destructor, where Python reports it and goes on; it rings again half a second later.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@_kind("wrong")
def test_a_wrong_answer_fails_with_what_its_author_should_read(exercise, answer, words, seed):
    if "seconds" in words or "loop" in words:
        exercise = dataclasses.replace(exercise, seconds=IMPATIENT)
    verdict = grade(exercise, answer, seed=seed)
    assert verdict.state in {"wrong", "crashed"}
    assert words
    said = f"{verdict.got} {verdict.diagnosis}" if verdict.state == "crashed" else verdict.diagnosis
    assert words in said, f"{verdict.call}: got {verdict.got}, not {verdict.expected}"


def _rows():
    for number, exercise in EVERY.items():
        named = {
            kind: [name for of, which, name, _, _ in ANSWERS if (of, which) == (number, kind)]
            for kind in ("right", "wrong")
        }
        yield number, exercise.title, named["right"], named["wrong"]


def test_every_exercise_has_its_answers():
    short = [number for number, _, right, wrong in _rows() if len(right) < RIGHT or len(wrong) < WRONG]
    assert short == []
    assert {answer[0] for answer in ANSWERS} == set(EVERY)


def test_table_of_the_answers(capsys):
    """Prints which answers each exercise is tested with (``pytest -s``)."""
    with capsys.disabled():
        for number, title, right, wrong in _rows():
            print(f"\n{number:<6}{title}\n      {len(right)} right: {'; '.join(right)}")
            print(f"      {len(wrong)} wrong: {'; '.join(wrong)}", end="")
        print()
