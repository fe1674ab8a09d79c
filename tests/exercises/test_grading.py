"""The grader on attempts of every kind: it tells them apart, says what is wrong, and lets none disturb the notebook."""

import contextlib
import copy
import itertools
import pickle
import random
import signal
import sys
import threading
import time
import warnings
from dataclasses import replace
from pathlib import Path

import IPython
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from IPython.display import display

from labs import cards
from labs.device import generator
from labs.exercises import Case, Exercise, Mistake, grade, grading
from labs.exercises.oracle import Oracle, point


def centred(x: torch.Tensor) -> torch.Tensor:
    """x minus the mean of each column; x has shape (n, d)."""
    return x - x.mean(dim=0)


def draw(generator):
    yield Case((torch.tensor([[1.0, 2.0], [3.0, 6.0], [5.0, 7.0]]),))
    yield Case((torch.randn(5, 3, generator=generator),), "the rows outnumber the columns")


def summed(x):
    return x - x.sum(dim=0)


CENTRED = Exercise(
    "9.9",
    "Centring",
    centred,
    draw,
    ("Subtract.",),
    "It is linear.",
    (Mistake("summed", summed, "You subtracted the sum; the mean is asked for."),),
    seconds=0.5,
)


def of(function, expected, **options):
    """An exercise whose solution returns ``expected``, graded on one call without arguments."""
    return Exercise("9.8", "Fixed", lambda: expected, lambda _: [Case(())], (), "", (), **options), function


def diagnosis(function, expected, **options):
    verdict = grade(*of(function, expected, **options))
    assert verdict.state == "wrong"
    return verdict.diagnosis


def test_right_wrong_crashed_and_untouched():
    def untouched(x):
        raise NotImplementedError

    def crashed(x):
        return x @ x

    assert grade(CENTRED, centred).state == "right"
    assert grade(CENTRED, lambda x: x).state == "wrong"
    assert grade(CENTRED, crashed).state == "crashed"
    assert grade(CENTRED, untouched).state == "untouched"


def test_wrong_shows_call_got_and_expected():
    verdict = grade(CENTRED, lambda x: x)
    assert verdict.call == "centred(x=tensor([[1, 2], [3, 6], [5, 7]]))"
    assert verdict.got == "tensor([[1, 2], [3, 6], [5, 7]])"
    assert verdict.expected == "tensor([[-2, -3], [0, 1], [2, 2]])"


def test_a_usual_mistake_is_named():
    assert grade(CENTRED, lambda x: -(x.sum(0) - x)).diagnosis == "You subtracted the sum; the mean is asked for."


def test_a_note_tells_what_is_special_about_the_failing_call():
    def only_squares(x):
        return centred(x) if len(x) == 3 else x

    assert grade(CENTRED, only_squares).call.endswith(", where the rows outnumber the columns")


def test_a_crash_shows_error_and_line():
    def crashed(x):
        broken = x.reshape(7)
        return broken

    verdict = grade(CENTRED, crashed)
    assert verdict.got.startswith("RuntimeError: shape '[7]' is invalid")
    assert verdict.diagnosis == "Raised at: broken = x.reshape(7)"


def test_not_implemented_of_something_called_is_a_crash():
    def library(x):
        raise NotImplementedError("this operator is missing")

    assert grade(CENTRED, lambda x: library(x)).state == "crashed"


def test_exit_is_a_crash():
    assert grade(CENTRED, lambda x: sys.exit(1)).state == "crashed"


def test_endless_recursion_is_a_crash():
    def again(x):
        return again(x)

    assert grade(CENTRED, again).got.startswith("RecursionError")


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timer")
@pytest.mark.parametrize("guarded", [False, True])
def test_an_endless_loop_is_interrupted(guarded):
    def plain(x):
        while True:
            pass

    def stubborn(x):
        while True:
            with contextlib.suppress(Exception):
                time.sleep(0.01)

    handler = signal.getsignal(signal.SIGALRM)
    verdict = grade(CENTRED, stubborn if guarded else plain)
    assert verdict.state == "crashed"
    assert "no result after 0.5 seconds" in verdict.got
    assert "loop that never ends" in verdict.diagnosis
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_grading_works_outside_the_main_thread():
    verdicts = []
    thread = threading.Thread(target=lambda: verdicts.append(grade(CENTRED, centred).state))
    thread.start()
    thread.join()
    assert verdicts == ["right"]


def test_prints_are_kept_out_of_the_notebook_and_shown_with_the_failure(capsys):
    def chatty(x):
        print("shape", tuple(x.shape))
        print("warning", file=sys.stderr)
        return x

    verdict = grade(CENTRED, chatty)
    assert verdict.printed == "shape (3, 2)\nwarning"
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_changing_the_argument_is_found():
    def in_place(x):
        x -= x.mean(dim=0)
        return x

    verdict = grade(CENTRED, in_place)
    assert verdict.state == "wrong"
    assert "changed its argument x in place" in verdict.diagnosis


def test_random_state_and_gradient_mode_of_the_notebook_stay():
    def disturbing(x):
        torch.manual_seed(123)
        torch.rand(5)
        return centred(x)

    before = torch.random.get_rng_state()
    with torch.no_grad():
        assert grade(CENTRED, disturbing).state == "right"
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("attempt", [3.0, None, torch.zeros(3)])
def test_a_result_instead_of_a_function_is_explained(attempt):
    verdict = grade(CENTRED, attempt)
    assert verdict.state == "wrong"
    assert 'check("9.9", centred)' in verdict.diagnosis


def test_a_changed_signature_is_explained():
    verdict = grade(CENTRED, lambda x, dim: x)
    assert verdict.state == "crashed"
    assert verdict.diagnosis == "Your function takes (x, dim); it is called with (x). Restore its first line."


def test_a_right_answer_with_a_gradient_or_more_parameters_passes():
    assert grade(CENTRED, lambda x, dim=0: centred(x).requires_grad_()).state == "right"


V = torch.tensor([1.0, -2.0, 4.0])


@pytest.mark.parametrize(
    ("got", "expected", "words"),
    [
        (None, V, "return statement"),
        (None, 1.0, "return statement"),
        (V[:, None], V, r"a matrix with one column"),
        (V[None], V, r"a matrix with one column or row"),
        (V[:, None] - V, V, "broadcasts to (n, n)"),
        (V.sum(), V, "too many dimensions"),
        (V[:2], V, "shape is (2,) and should be (3,)"),
        (torch.ones(2, 3), torch.ones(3, 2), "transposed"),
        (0.3 * V, 0.1 * V, "3 times"),
        ((0.9 * V).int(), 0.9 * V, "whole numbers only"),
        ((0.3 * V).half(), 0.3 * V, "torch.float16 can hold them"),
        (1.001 * V, V, "about 3 digits only"),
        (V > 0, V, "truth values"),
        (V * 1j, V, "complex"),
        (1j, 1.0, "complex"),
        (torch.empty(3, device="meta"), V, "device meta"),
        ([[1.0], [1.0, 2.0]], V, "different lengths"),
        ([1.0, None, 2.0], V, "has None in it"),
        ({"a": 1}, V, "of type dict"),
        ("1 2 3", V, "of type str"),
        (np.array(["a"]), V, "of dtype"),
        (V / 0, V, "infinite where a finite number is expected"),
        (2.5, 3, "A whole number is expected; yours is 2.5."),
        (4, 3, "differ"),
        (-V, V, "sign"),
        (3 * V, V, "3 times"),
        (V * float("nan"), V, "NaN"),
        (V + torch.tensor([0.0, 0.0, 0.1]), V, "differ"),
        (torch.zeros(3), V, "differ"),
        (V + 1, torch.zeros(3), "differ"),
        (True, 1.0, "truth value"),
        ("1.0", 1.0, "of type str"),
        (torch.tensor([1.0]), 1.0, "One number is expected; yours has shape (1,)"),
        (np.ones(2), 1.0, "One number is expected"),
        (2.0, 4.0, "0.5 times"),
        (4.2, 4.0, "differ"),
        (-4.0, 4.0, "sign"),
        (1e300, float("inf"), "differ"),
        ((1.0,), (1.0, 2.0), "tuple of 2"),
        (1.0, (1.0, 2.0), "tuple of 2"),
        ((1.0, 4.0), (1.0, 2.0), "Value 2 of the tuple: your result is 2 times"),
    ],
)
def test_differences_are_put_into_words(got, expected, words):
    assert words in diagnosis(lambda: got, expected)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (torch.tensor(1.0), 1.0),
        (np.float64(1.0), 1.0),
        (1, 1.0),
        (float("inf"), float("inf")),
        (1.0 + 1e-9, 1.0),
        (V + 1e-7, V),
        ([1.0, V], (1.0, V)),
        ([1.0, -2.0, 4.0], V),
        ((torch.tensor(1.0), np.float32(-2.0), 4), V),
        (V.numpy(), V),
        (V.double(), V),
        (V.int(), V),
        (V.bfloat16(), V),  # 1, -2 and 4 lose nothing
        ((0.3 * V.double()).float(), 0.3 * V.double()),
        (V.to_sparse(), V),
        ([[1.0, 2.0], [3.0, 4.0]], torch.tensor([[1.0, 2.0], [3.0, 4.0]])),
        (torch.tensor([1.0, 2.0]), (1, 2.0)),
        (np.array([1, 2]), (1, 2)),
        (3.0, 3),
        (torch.tensor(3), 3),
        (np.int8(3), 3),
        ([], torch.empty(0)),
        (10**400, float("inf")),
        (torch.zeros(3), torch.zeros(3)),
        (torch.tensor([float("inf"), 1.0]), torch.tensor([float("inf"), 1.0])),
    ],
)
def test_what_is_equal_for_all_purposes_passes(got, expected):
    assert grade(*of(lambda: got, expected)).state == "right"


def test_a_judge_may_accept_many_answers():
    options = {"judge": lambda result, case: "" if result > 2 else f"{result} is not above 2"}
    assert grade(*of(lambda: 3, None, **options)).state == "right"
    assert diagnosis(lambda: 1, None, **options) == "1 is not above 2"


def test_a_judge_that_stumbles_over_a_result_says_so_in_a_sentence():
    said = diagnosis(lambda: "three", None, judge=lambda result, case: "" if result > 2 else "too small")
    assert said.startswith("Your result cannot be judged: TypeError")


def test_a_judge_sees_the_callers_own_tensors():
    def zeroed(x):
        return x.zero_()

    seen = []

    def judge(result, case):
        seen.append(case.arguments[0].clone())
        return "" if torch.equal(torch.as_tensor(result), case.arguments[0]) else "Return what you were given."

    exercise = replace(CENTRED, judge=judge)
    assert grade(exercise, lambda x: x.tolist()).state == "right"
    verdict = grade(exercise, zeroed)
    assert "Return what you were given. Besides, your function has changed its argument x" in verdict.diagnosis
    assert all(not torch.equal(x, torch.zeros_like(x)) for x in seen)


def test_a_mistake_does_not_take_a_judges_sentence_away():
    exercise = replace(CENTRED, judge=lambda result, case: "The judge's own sentence.")
    verdict = grade(exercise, lambda x: x - x.sum(dim=0))
    assert verdict.diagnosis == "The judge's own sentence. You subtracted the sum; the mean is asked for."


def test_a_right_value_in_another_type_is_no_usual_mistake():
    """It used to be told of the mistake that happens to be right on the same call."""
    harmless = Mistake("harmless", lambda x: centred(x).double(), "You made a mistake.")
    verdict = grade(replace(CENTRED, mistakes=(harmless,)), lambda x: centred(x).double())
    assert verdict.state == "right"
    assert verdict.note.startswith("By the way: your result has dtype torch.float64, the model answer torch.float32")
    crashed = grade(replace(CENTRED, mistakes=(harmless,)), lambda x: centred(x).half() + 0.01)
    assert "You made a mistake" not in crashed.diagnosis


def test_a_mistake_that_agrees_by_chance_says_nothing():
    """On the first call alone the two agree."""
    cases = [Case((torch.tensor([[1.0, 2.0], [3.0, 6.0], [5.0, 7.0]]),))]
    cases += [Case((torch.ones(n, 2) * torch.arange(n)[:, None],)) for n in (4, 5, 6)]
    exercise = replace(CENTRED, id="9.7", cases=lambda _: cases)
    assert grade(exercise, summed).diagnosis == "You subtracted the sum; the mean is asked for."
    assert grade(exercise, lambda x: summed(x) if len(x) == 3 else 7 * x).diagnosis == "The values differ."


def test_cases_are_drawn_anew_at_every_check():
    seen = []

    def watched(x):
        seen.append(x.clone())
        return centred(x)

    for _ in range(2):
        assert grade(CENTRED, watched).state == "right"
    first, second = seen[:3], seen[3:]
    assert len(second) == 3  # the constant case is not repeated
    assert all(torch.equal(a, b) for a, b in zip(first[:2], second[:2], strict=True))
    assert not torch.equal(first[2], second[2])
    seen.clear()
    for _ in range(2):
        grade(CENTRED, watched, seed=5)
    assert torch.equal(seen[2], seen[5])


def test_answers_that_are_learned_by_heart_fail():
    known = [centred(case.arguments[0]) for case in draw(generator("exercise 9.9"))]
    answers = itertools.cycle(known)
    assert grade(CENTRED, lambda x: next(answers)).state == "wrong"


def test_got_and_expected_never_print_the_same():
    verdict = grade(*of(lambda: 1.00004, 1.0))
    assert (verdict.got, verdict.expected) == ("1.00004", "1")
    verdict = grade(*of(lambda: 0.3333343, 1 / 3, tolerance=1e-9))
    assert verdict.got != verdict.expected


def test_what_is_long_is_shown_shortened():
    verdict = grade(*of(lambda: list(range(10**6)), 1.0))
    assert verdict.got == "(0, 1, 2, 3, 4, 5, … (1000000 entries))"
    verdict = grade(*of(lambda: torch.zeros(1).expand(10**8), 1.0))
    assert verdict.got == "tensor of shape (100000000,): 0, 0, 0, 0, 0, 0, …"
    assert len(grade(*of(lambda: {str(n): n for n in range(10**4)}, 1.0)).got) < 300


def left_above(x):
    """Centres."""
    raise NotImplementedError("exercise 9.9")
    return x - x.mean(dim=0)


def left_below(x):
    """Centres."""
    x = x - x.mean(dim=0)
    raise NotImplementedError("exercise 9.9")


@pytest.mark.parametrize(("attempt", "where"), [(left_above, "above"), (left_below, "below")])
def test_a_raise_left_over_or_under_a_written_body_is_named(attempt, where):
    verdict = grade(CENTRED, attempt)
    assert verdict.state == "crashed"
    assert f"The line raise NotImplementedError still stands {where} your code" in verdict.diagnosis


def test_a_raise_left_in_a_body_without_a_source_is_named():
    namespace = {"torch": torch}
    exec("def body(x):\n    y = torch.zeros(1)\n    raise NotImplementedError", namespace)
    assert "still stands in your function" in grade(CENTRED, namespace["body"]).diagnosis


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timer")
class TestTime:
    def test_slow_code_is_told_from_a_loop_that_never_ends(self):
        def slow(x):
            for _ in range(10**9):
                x = x + 1
            return x

        said = grade(CENTRED, slow).diagnosis
        assert "for _ in range(10**9): That one ends, but it is too slow here" in said

    def test_a_loop_that_ended_before_may_be_slow(self):
        def sometimes(x):
            while len(x) == 5:
                pass
            return centred(x)

        assert "either it is too slow, or never ends here" in grade(CENTRED, sometimes).diagnosis

    @pytest.mark.parametrize("endless", [lambda x: sum(range(10**11)), lambda x: max(itertools.count())])
    def test_what_counts_in_c_is_interrupted(self, endless):
        start = time.monotonic()
        assert "no result after 0.5 seconds" in grade(CENTRED, endless).got
        assert time.monotonic() - start < 8
        assert sum.__module__ == "builtins"

    def test_the_search_for_the_mistake_has_an_end(self, monkeypatch):
        def waits(x):
            time.sleep(0.4)
            return x

        monkeypatch.setattr(grading, "DIAGNOSIS_SECONDS", 0.5)
        slow = tuple(Mistake(str(n), waits, "Waited.") for n in range(20))
        start = time.monotonic()
        grade(replace(CENTRED, id="9.6", mistakes=slow), lambda x: x + 1)
        assert time.monotonic() - start < 4


@pytest.mark.skipif(not Path("/proc/self/statm").exists() or torch.cuda.is_available(), reason="no limit is set here")
def test_what_no_memory_holds_is_an_error():
    verdict = grade(CENTRED, lambda x: torch.ones(10**6, 10**6))
    assert verdict.state == "crashed"
    assert "There is not enough memory for that." in verdict.diagnosis


def test_settings_and_seeds_of_an_answer_do_not_leak():
    def disturbing(x):
        torch.set_default_dtype(torch.float64)
        torch.use_deterministic_algorithms(False)
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        np.seterr(all="ignore")
        warnings.simplefilter("ignore")
        return centred(x)

    def state():
        drawn = np.random.get_state()[1].tolist()  # noqa: NPY002
        return random.getstate(), drawn, torch.get_default_dtype(), np.geterr()

    before = state()
    filters = list(warnings.filters)
    assert grade(CENTRED, disturbing).state == "right"
    assert state() == before
    assert warnings.filters == filters


def test_a_warning_is_no_crash():
    def warned(x):
        warnings.warn("careful", stacklevel=1)
        return x

    with pytest.warns(UserWarning, match="careful"):
        assert grade(CENTRED, warned).state == "wrong"  # and not crashed, though a warning is an error here


def test_figures_of_calls_that_passed_are_closed_and_none_is_drawn_twice():
    plt.close("all")
    calls = []

    def drawn(x):
        calls.append(len(x))
        plt.figure()
        return centred(x) if len(x) == 3 else summed(x)

    grade(CENTRED, drawn)
    assert len(plt.get_fignums()) == 1
    assert len(calls) > 2  # the search for the mistake has called it again
    plt.close("all")


def test_displays_are_kept_for_the_failing_call(monkeypatch):
    shell = IPython.InteractiveShell.instance()
    monkeypatch.setattr(cards, "notebook", lambda: shell)
    published = []
    monkeypatch.setattr(shell.display_pub, "publish", lambda *_, **given: published.append(given))
    try:
        verdict = grade(CENTRED, lambda x: display({"text/plain": "seen"}, raw=True))
    finally:
        IPython.InteractiveShell.clear_instance()
    assert [output["data"] for output in verdict.displayed] == [{"text/plain": "seen"}]
    assert published == []


class TestOracle:
    def test_it_gives_nothing_away(self):
        oracle = Oracle({"secret": 1})
        assert not hasattr(oracle, "secret")
        with pytest.raises(TypeError):
            vars(oracle)
        with pytest.raises(TypeError, match="cannot be stored"):
            pickle.dumps(oracle)

    def test_a_copy_counts_for_itself(self):
        oracle = Oracle({"calls": 0})
        Oracle.inside(copy.deepcopy(oracle))["calls"] = 7
        assert Oracle.inside(oracle) == {"calls": 0}

    def test_one_call_is_for_one_point(self):
        assert point([1, 2], 2, "v").dtype == torch.float64
        assert not point(torch.ones(2, requires_grad=True), 2, "v").requires_grad
        with pytest.raises(ValueError, match=r"v must have shape \(2,\), got \(3, 2\)"):
            point(torch.ones(3, 2), 2, "v")
        with pytest.raises(RuntimeError):
            torch.func.vmap(lambda v: point(v, 2, "v"))(torch.ones(3, 2))
