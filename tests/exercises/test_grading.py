"""The grader on attempts of every kind: it tells them apart, says what is wrong, and lets none disturb the notebook."""

import contextlib
import signal
import sys
import threading
import time

import numpy as np
import pytest
import torch

from labs.exercises import Case, Exercise, Mistake, grade


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
    assert verdict.expected == "tensor([[−2, −3], [0, 1], [2, 2]])"


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
        ([1.0, -2.0, 4.0], V, "of type list"),
        (V.numpy(), V, "of type ndarray"),
        (V[:, None], V, r"a matrix with one column"),
        (V[None], V, r"a matrix with one column or row"),
        (V[:, None] - V, V, "broadcasts to (n, n)"),
        (V.sum(), V, "too many dimensions"),
        (V[:2], V, "shape is (2,) and should be (3,)"),
        (torch.ones(2, 3), torch.ones(3, 2), "transposed"),
        (V.double(), V, "dtype torch.float64 and should have torch.float32"),
        (V.int(), V, "dtype"),
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
        ((1.0, 4.0), (1.0, 2.0), "value 2 of the tuple: your result is 2 times"),
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
        (torch.zeros(3), torch.zeros(3)),
        (torch.tensor([float("inf"), 1.0]), torch.tensor([float("inf"), 1.0])),
    ],
)
def test_what_is_equal_for_all_purposes_passes(got, expected):
    assert grade(*of(lambda: got, expected)).state == "right"


def test_a_judge_may_accept_many_answers():
    options = {"judge": lambda result, arguments: "" if result > 2 else f"{result} is not above 2"}
    assert grade(*of(lambda: 3, None, **options)).state == "right"
    assert diagnosis(lambda: 1, None, **options) == "1 is not above 2"
