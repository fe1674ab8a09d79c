"""The benchmark harness on tasks whose outcome is known; no time is asserted."""

import pytest
import torch

from benchmarks.__main__ import all_tasks
from benchmarks.measure import measure, ratio
from benchmarks.task import Contender, Task


def fails():
    raise ImportError("no such peer")


@pytest.fixture
def rows():
    contenders = [
        Contender("labs", lambda: lambda: 1.0),
        Contender("right", lambda: lambda: 1.0 + 1e-9, package="torch"),
        Contender("wrong", lambda: lambda: 2.0),
        Contender("other kind", lambda: lambda: 1.0, counts=False),
        Contender("missing", fails),
        Contender("breaks", lambda: fails),
    ]
    return measure(Task("T0", "one", contenders, lambda answer: abs(answer - 1), 1e-6, 1, 1, repeats=3))


def test_right_and_wrong_answers_are_told_apart(rows):
    assert [row.right for row in rows] == [True, True, False, True, False, False]
    assert all((row.minimum_seconds is not None) == (row.failure is None) for row in rows)
    assert rows[1].version == torch.__version__


def test_a_peer_that_fails_is_a_row_that_says_so(rows):
    assert [row.failure for row in rows[4:]] == ["ImportError: no such peer"] * 2


def test_ratio_is_to_the_fastest_peer_that_is_right_and_counts(rows):
    for row, seconds in zip(rows, [1.0, 5.0, 0.1, 0.1, None, None], strict=True):
        row.minimum_seconds = seconds
    assert ratio(rows) == 5
    rows[1].right = False
    assert ratio(rows) is None


def test_every_task_is_registered_under_its_own_name():
    tasks = all_tasks()
    assert {"T1", "T2", "T3", "T4", "T5", "T6", "T8"} <= set(tasks)
    task = tasks["T1"](torch.float32)
    assert task.name == "T1"
    assert task.contenders[0].name == "labs"
