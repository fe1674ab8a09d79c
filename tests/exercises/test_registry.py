"""Every exercise of the course keeps what it promises: its solution, its stub, its wrong answers, its hints."""

import ast
import copy
import inspect
import itertools
import json
from pathlib import Path

import pytest
import torch

from labs import exercises
from labs.device import generator
from labs.exercises import CHAPTERS, grade

BOOK = Path(__file__).parents[2] / "book"
EVERY = list(exercises.exercises().values())
MISTAKES = [(exercise, mistake) for exercise in EVERY for mistake in exercise.mistakes]


def written(source, name):
    """The function that a cell with ``source`` defines in a notebook, where only the set-up's names are known."""
    namespace = {"torch": torch}
    exec(compile(source, "cell", "exec"), namespace)
    return namespace[name]


@pytest.mark.parametrize("exercise", EVERY, ids=lambda e: e.id)
class TestEvery:
    def test_the_solution_is_right(self, exercise):
        assert grade(exercise, exercise.solution).state == "right"

    def test_the_untouched_stub_is_not_attempted(self, exercise):
        assert grade(exercise, written(exercise.stub, exercise.name)).state == "untouched"

    def test_a_stub_that_returns_nothing_is_wrong(self, exercise):
        empty = exercise.stub[: exercise.stub.rindex("raise")] + "pass"
        assert grade(exercise, written(empty, exercise.name)).state == "wrong"

    def test_the_stub_is_the_solution_without_its_body(self, exercise):
        stub, solution = (ast.parse(text).body[0] for text in (exercise.stub, exercise.source))
        assert ast.unparse(stub.args) == ast.unparse(solution.args)
        assert ast.get_docstring(stub) == ast.get_docstring(solution) == inspect.getdoc(exercise.solution)
        assert len(stub.body) == 2
        assert len(exercise.stub.splitlines()) <= 20

    def test_it_has_at_least_three_mistakes_and_one_to_three_hints(self, exercise):
        assert len({mistake.name for mistake in exercise.mistakes}) >= 3
        assert 1 <= len(exercise.hints) <= 3
        assert exercise.analysis

    def test_its_notebook_shows_the_stub_and_the_check(self, exercise):
        for path in BOOK.glob(f"{exercise.chapter:02d}_*.ipynb"):
            cells = [
                "".join(c["source"]) for c in json.loads(path.read_text("utf-8"))["cells"] if c["cell_type"] == "code"
            ]
            assert exercise.stub in [cell.strip() for cell in cells], f"{path.name} lacks the stub of {exercise.id}"
            assert any(f'check("{exercise.id}", {exercise.name})' in cell for cell in cells)


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES, ids=[f"{e.id} {m.name}" for e, m in MISTAKES])
def test_a_wrong_answer_gets_its_diagnosis(exercise, mistake):
    verdict = grade(exercise, mistake.answer)
    assert verdict.state in {"wrong", "crashed"}
    assert mistake.diagnosis in verdict.diagnosis
    assert verdict.call.startswith(exercise.name)
    assert verdict.got


@pytest.mark.parametrize("exercise", EVERY, ids=lambda e: e.id)
def test_right_results_that_are_learned_by_heart_fail(exercise):
    """Whoever returns what was right at the last check, call by call, meets a case that is new."""
    known = [
        exercise.solution(*copy.deepcopy(case.arguments))
        for case in exercise.cases(generator(f"exercise {exercise.id}"))
    ]
    answers = itertools.cycle(known)

    def by_heart(*arguments):
        return next(answers)

    assert grade(exercise, by_heart, seed=1).state == "wrong"


def test_every_diagnosis_is_made_of_whole_sentences():
    for exercise, mistake in MISTAKES:
        assert mistake.diagnosis.rstrip(")")[-1] in ".?", (exercise.id, mistake.name)


def test_every_chapter_has_exercises_numbered_in_order():
    for chapter in CHAPTERS:
        first = chapter.EXERCISES[0].chapter
        assert [e.id for e in chapter.EXERCISES] == [f"{first}.{n + 1}" for n in range(len(chapter.EXERCISES))]
        assert len(chapter.EXERCISES) >= 4
        assert chapter.TITLE


def test_coverage_table(capsys):
    """Prints which wrong answers each exercise is tested with: one without is seen at once (``pytest -s``)."""
    rows = [f"{e.id:<6}{len(e.mistakes):>2} wrong answers: {'; '.join(m.name for m in e.mistakes)}" for e in EVERY]
    with capsys.disabled():
        print("", *rows, sep="\n")
    assert not [e.id for e in EVERY if len(e.mistakes) < 3]
