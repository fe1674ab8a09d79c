"""What the benchmarks of the general path compare: labs and the same done by hand must agree. No time is asserted."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from benchmarks.networks import CNN, GRU, RNN, Network
from benchmarks.tasks import general


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"NUM_PROBES": 2, "NUM_STEPS": 5, "RUNS": 3, "BATCH": 8, "UPDATES": 3}.items():
        monkeypatch.setattr(general, name, value)


@pytest.mark.parametrize("kind", general.KINDS)
@pytest.mark.parametrize("network", [CNN, RNN, GRU], ids=lambda network: network.name)
def test_labs_and_the_work_by_hand_agree_with_float64(kind: Callable, network: Network) -> None:
    task = kind(replace(network, num_examples=32), "G0", torch.float32)
    assert task.contenders[0].name == "labs"
    assert task.at_least == 0.9
    right = 0
    for contender in task.contenders:
        try:
            answer = contender.answer(contender.prepare()())
        except RuntimeError:
            assert (kind, contender.name) == (general._noise, "torch.func, vmap of grad")
            assert network is not CNN
            continue
        assert task.error(answer) <= task.allowed_error
        right += 1
    assert right >= 2


def test_the_error_of_a_wrong_answer_is_beyond_what_is_allowed() -> None:
    for kind in (general._gradient, general._product, general._noise, general._ensemble):
        task = kind(replace(CNN, num_examples=32), "G0", torch.float32)
        assert task.error(1.01 * task.contenders[0].answer(task.contenders[0].prepare()())) > task.allowed_error


def test_twelve_tasks_are_offered_under_their_names() -> None:
    assert list(general.TASKS) == [f"G{number}" for number in range(1, 13)]
    task = general.TASKS["G7"](torch.float64)
    assert (task.name, task.title) == ("G7", "gradient of torch.nn.RNN")
