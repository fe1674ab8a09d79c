"""What a reader sees: check, hint, solution, progress and predict."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import labs
from labs import cards, exercises
from labs.exercises import ill_conditioning, record

BOOK = Path(__file__).parents[1] / "book"
CHAPTERS = exercises.CHAPTERS
VOID = {"br", "hr", "img", "input"}


class Page(HTMLParser):
    """Checks that tags are closed in order, and keeps what later assertions need."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.words = [], [], [], ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.ids += [value for name, value in attributes if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


@pytest.fixture
def shown(monkeypatch):
    """What was displayed, as (line, page) pairs."""
    outputs = []
    monkeypatch.setenv("LABS_PROGRESS", record.IN_MEMORY)
    monkeypatch.setattr(record, "_memory", {})
    monkeypatch.setattr(exercises, "CHAPTERS", (ill_conditioning,))
    monkeypatch.setattr(exercises, "_asked", {})
    monkeypatch.setattr(exercises, "_failed", {})
    monkeypatch.setattr(cards, "show", lambda line, card, extra=None: outputs.append((line, Page(card))))
    return outputs


def untouched(hessian):
    raise NotImplementedError


def test_check_of_an_untouched_stub_leaves_no_mark(shown):
    exercises.check("5.1", untouched)
    ((line, page),) = shown
    assert "5.1 The condition number of a Hessian: not attempted yet." in line
    assert line.removeprefix("○ ") in page.words
    assert record.load()[0] == {}


def test_check_of_a_wrong_answer_shows_everything_and_counts_as_attempted(shown):
    exercises.check("5.1", lambda hessian: "<b>")
    ((line, page),) = shown
    for text in (line, page.words):
        assert "not right yet" in text
        assert "condition_number(hessian=tensor([[1, 0], [0, 10]]))" in text
        assert "<b>" in text
        assert "A number or numbers are expected; yours is of type str." in text
    assert record.load()[0]["5.1"] == {"state": "attempted", "tries": 1}


def test_check_of_a_right_answer_counts_as_solved(shown):
    exercises.check("5.1", exercises.find("5.1").solution)
    assert shown[0][0].startswith("✓ 5.1")
    assert record.load()[0]["5.1"] == {"state": "solved", "tries": 1}


def test_an_unknown_exercise_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"no exercise '5\.99'; choose one of .*5\.1"):
        exercises.check("5.99", untouched)


def test_hints_open_one_inside_the_other(shown):
    exercises.hint("5.1")
    ((line, page),) = shown
    hints = exercises.find("5.1").hints
    assert [tag for tag, _ in page.tags if tag == "details"] == ["details"] * len(hints)
    assert all(hint in page.words for hint in hints)
    assert all("open" not in attributes for _, attributes in page.tags)
    assert hints[0] in line
    assert hints[1] not in line


def test_as_plain_text_a_call_shows_one_hint_and_the_next_call_the_next(shown):
    hints = exercises.find("5.1").hints
    for _ in range(len(hints) + 1):
        exercises.hint("5.1")
    lines = [line for line, _ in shown]
    last = len(hints)
    for number, hint in enumerate(hints, start=1):
        again = '\nCall hint("5.1") again for the next.' if number < last else ""
        assert lines[number - 1] == f"Hint {number} of {last}: {hint}{again}"
    assert lines[-1] == lines[-2]


def test_the_arguments_of_the_last_failure_are_ready_to_call(shown):
    with pytest.raises(ValueError, match="no call of condition_number has failed"):
        exercises.failing("5.1")
    exercises.check("5.1", lambda hessian: 0.0)
    assert 'condition_number(*labs.failing("5.1"))' in shown[0][0]
    (hessian,) = labs.failing("5.1")
    assert hessian.tolist() == [[1, 0], [0, 10]]
    hessian.zero_()
    assert labs.failing(5.1)[0].tolist() == [[1, 0], [0, 10]]
    exercises.check("5.1", exercises.find("5.1").solution)
    with pytest.raises(ValueError, match=r'check\("5\.1", condition_number\) looks for one'):
        exercises.failing("5.1")


def test_a_budget_is_whole_again_in_the_arguments_of_a_failure(shown):
    exercises.check("5.6", lambda gradient, theta, num_calls: [gradient(theta) for _ in range(300)][-1])
    for _ in range(2):
        gradient, theta, _ = exercises.failing("5.6")
        assert gradient(theta).shape == theta.shape
    assert "-" in shown[0][0]
    assert "−" not in shown[0][0].split("again:")[0].split("call:")[1]


@pytest.mark.parametrize("arguments", [(5.1, None), (None, "5.1"), (None, 5.1)])
def test_a_number_for_the_id_and_swapped_arguments_do(shown, arguments):
    solution = exercises.find("5.1").solution
    exercises.check(*(solution if one is None else one for one in arguments))
    assert shown[0][0].startswith("✓ 5.1")


def test_a_forgotten_function_is_asked_for(shown):
    exercises.check("5.1")
    assert 'Hand over the function itself, check("5.1", condition_number)' in shown[0][0]


def test_what_is_not_there_is_said_without_a_traceback():
    with pytest.raises(exercises.NotFound) as found:
        exercises.check("5.99", untouched)
    assert found.value._render_traceback_() == [str(found.value)]


class TestReset:
    @pytest.fixture(autouse=True)
    def solved(self, tmp_path, monkeypatch):
        monkeypatch.setenv("LABS_PROGRESS", str(tmp_path / "progress.json"))
        monkeypatch.setattr(record, "_memory", {})
        for exercise in ("5.1", "5.2"):
            record.mark(exercise, "solved")
        record.guess("predict-a", right=True)

    def test_one_exercise_is_forgotten_when_the_reader_agrees_and_a_copy_is_kept(self, tmp_path, monkeypatch, capsys):
        asked = []
        monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "yes")
        exercises.reset_progress("5.1")
        assert asked == ["1 exercise is remembered. Forget it? (yes/no) "]
        assert set(record.load()[0]) == {"5.2", "predict-a"}
        copied = tmp_path / "progress.json.before-reset-1"
        assert f"1 exercise is forgotten. A copy is kept in {copied}" in capsys.readouterr().out
        exercises.import_progress(copied)
        assert set(record.load()[0]) == {"5.1", "5.2", "predict-a"}

    def test_all_is_forgotten_when_the_reader_is_sure(self, tmp_path):
        exercises.reset_progress(sure=True)
        assert record.load()[0] == {}
        assert set(record.parse((tmp_path / "progress.json.before-reset-1").read_text("utf-8"))) >= {"5.1", "5.2"}

    @pytest.mark.parametrize("answer", ["no", "", EOFError, NotImplementedError])
    def test_nothing_is_forgotten_otherwise(self, answer, monkeypatch, capsys):
        def ask(question):
            if isinstance(answer, str):
                return answer
            raise answer

        monkeypatch.setattr("builtins.input", ask)
        exercises.reset_progress()
        assert len(record.load()[0]) == 3
        assert "Nothing was forgotten." in capsys.readouterr().out

    def test_what_is_not_there_is_not_asked_for(self, capsys):
        exercises.reset_progress("5.3")
        assert capsys.readouterr().out == "There is nothing to forget.\n"


def test_the_solution_is_folded_and_is_the_source_that_passes(shown):
    exercises.solution("5.1")
    ((_, page),) = shown
    chosen = exercises.find("5.1")
    assert page.tags[0][0] == "details"
    assert "open" not in page.tags[0][1]
    assert chosen.source in page.words
    assert chosen.analysis in page.words


def test_progress_shows_all_chapters_and_what_is_next(shown):
    record.mark("5.1", "solved")
    record.mark("5.2", "attempted")
    exercises.progress()
    ((line, page),) = shown
    assert "05 Ill-conditioning: 1 of 6  5.1 ✓  5.2 ◐  5.3 ○" in line
    assert "Next: 5.2 " in line
    assert "Next: 5.2 " in page.words
    assert ("caption", {}) in page.tags


def test_progress_says_how_often_a_first_guess_was_right(shown):
    exercises.progress()
    record.guess("predict-a", right=True)
    record.guess("predict-b", right=False)
    exercises.progress()
    (before, _), (after, page) = shown
    assert "guess" not in before
    assert after.endswith("Your first guess was right in 1 of 2 questions so far.")
    assert "Your first guess was right in 1 of 2 questions so far." in page.words
    assert "Next: 5.1 " in after


def test_progress_links_the_chapters_whose_notebooks_are_beside_it(shown, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exercises.progress()
    (tmp_path / "05_ill_conditioning.ipynb").touch()
    exercises.progress()
    (_, without), (_, beside) = shown
    assert [tag for tag, _ in without.tags if tag == "a"] == []
    assert [marks["href"] for tag, marks in beside.tags if tag == "a"] == ["05_ill_conditioning.ipynb"]
    assert without.words == beside.words


def test_every_chapter_is_linked_by_the_name_of_its_exercises():
    modules = {f"{chapter.EXERCISES[0].chapter:02d}_{chapter.__name__.rpartition('.')[2]}" for chapter in CHAPTERS}
    notebooks = {path.stem for path in BOOK.glob("[0-9][0-9]_*.ipynb")}
    assert notebooks
    assert notebooks <= modules


def test_the_page_of_progress_lists_every_exercise():
    page = json.loads((BOOK / "progress.ipynb").read_text(encoding="utf-8"))
    outputs = [output for cell in page["cells"] for output in cell.get("outputs", [])]
    listed = re.findall(r"([\d.]+) ○", "".join("".join(output["data"]["text/plain"]) for output in outputs))
    assert listed == list(exercises.exercises()), "run `make refresh NOTEBOOKS=book/progress.ipynb`"


def test_progress_says_when_all_is_done(shown):
    record.store({name: {"state": "solved", "tries": 1} for name in exercises.exercises()})
    exercises.progress()
    assert "All exercises are solved." in shown[0][0]


def test_predict_folds_each_choice(shown):
    exercises.predict("Is 1 < 2?", ["yes", "no"], "yes", "Count.")
    ((line, page),) = shown
    folds = [attributes for tag, attributes in page.tags if tag == "details"]
    assert [fold["data-right"] for fold in folds] == ["true", "false"]
    assert len({fold["name"] for fold in folds}) == 1
    assert page.tags[0][1]["aria-labelledby"] in page.ids
    assert "Count." in page.words
    assert "Think again" in page.words
    assert line == "Predict. Is 1 < 2?\n  a) yes\n  b) no"


def test_predict_may_give_a_reason_for_each_choice(shown):
    exercises.predict("Which?", ["a", "b"], "a", {"a": "It is.", "b": "It is not."})
    assert "It is not." in shown[0][1].words
    assert "Think again" not in shown[0][1].words


@pytest.mark.parametrize(
    ("choices", "answer", "why", "remedy"),
    [
        (["a"], "a", "x", "two or more"),
        (["a", "a"], "a", "x", "different"),
        (["a", "b"], "c", "x", "not among"),
        (["a", "b"], "a", "", "must say why"),
        (["a", "b"], "a", {"b": "x"}, "must say why"),
        (["a", "b"], "a", {"a": "x", "d": "y"}, r"\['d'\]"),
    ],
)
def test_predict_refuses_what_cannot_be_answered(choices, answer, why, remedy):
    with pytest.raises(ValueError, match=remedy):
        exercises.predict("Which?", choices, answer, why)
