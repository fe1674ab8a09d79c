"""The stopping explorable: JavaScript reads and stops where Python does, and both refuse the same settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from labs import explore, training
from labs.explore.stopping import check_config, describe, read_at, stop_with_patience

InNode = Callable[..., Any]


def _curves(seed: int = 0, steps: int = 40) -> tuple[list[int], dict[str, np.ndarray]]:
    random = np.random.default_rng(seed)
    recorded = np.concatenate([[0], np.sort(random.choice(np.arange(1, 500), steps - 1, replace=False))]).tolist()
    falling = np.exp(-np.linspace(0, 5, steps))
    validation = (np.linspace(-1, 2, steps) ** 2 + 0.3 * random.random(steps)).round(2)
    return recorded, {
        "train": falling, "validation": validation, "error": validation / 5, "gradient": falling / 2,
    }  # fmt: skip


def _explorable(**changes: Any) -> explore.Explorable:
    steps, curves = _curves()
    return explore.stopping(steps, {"noisy": curves, "clean": curves}, **changes)


def test_readings_between_steps_agree(in_node: InNode) -> None:
    steps, curves = _curves()
    values = curves["validation"].tolist()
    where = [0, *np.random.default_rng(1).uniform(0, 600, 2000).tolist(), steps[-1]]
    js = in_node("stopping", "return given.t.map((t) => readAt(given.steps, given.values, t));",
                 {"steps": steps, "values": values, "t": where})  # fmt: skip
    np.testing.assert_allclose(js, [read_at(steps, values, t) for t in where], rtol=1e-9)


def test_patience_stops_at_the_same_step_in_both_languages_and_in_training(in_node: InNode) -> None:
    body = "return given.map(({ steps, values, patience }) => stopWithPatience(steps, values, patience));"
    cases = []
    for seed in range(60):
        steps, curves = _curves(seed)
        cases.append({"steps": steps, "values": curves["validation"].tolist(), "patience": 1 + 7 * (seed % 20)})
    for case, found in zip(cases, in_node("stopping", body, cases), strict=True):
        assert (found["stop"], found["best"]) == stop_with_patience(case["steps"], case["values"], case["patience"])


@pytest.mark.parametrize("patience", [1, 3, 10, 100])
def test_patience_is_that_of_the_training_loop(patience: int) -> None:
    steps, curves = _curves(3)
    values = dict(zip(steps, curves["validation"].tolist(), strict=True))
    trace = training.train(
        lambda theta, x: x @ theta[..., None], torch.zeros(1), (torch.ones(2, 1), torch.ones(2, 1)),
        loss="squared_error", learning_rate=0.1, num_steps=steps[-1], record_every=steps,
        monitors={"watched": lambda theta, step: torch.full((1,), values[step])},
        early_stopping=training.EarlyStopping("watched", patience),
    )  # fmt: skip
    stop, best = stop_with_patience(steps, curves["validation"].tolist(), patience)
    assert int(trace.best_step) == best
    assert int(trace.stopped_at) == (stop if stop - best >= patience else -1)


@pytest.mark.parametrize(
    "change",
    [
        {"steps": [0]},
        {"settings": []},
        {"chosen": 2},
        {"stop": 1e6},
        {"patience": 0},
    ],
)
def test_python_and_javascript_refuse_the_same_settings(change: dict, in_node: InNode) -> None:
    config = _explorable().config | change
    with pytest.raises(ValueError, match=r"."):
        check_config(config)
    assert in_node("stopping", "return complaint(given);", config)


def test_a_reading_that_is_not_finite_is_named() -> None:
    steps, curves = _curves()
    with pytest.raises(ValueError, match="'error' of 'noisy'"):
        explore.stopping(steps, {"noisy": curves | {"error": np.full(len(steps), np.nan)}})


def test_what_python_accepts_javascript_shows(in_node: InNode) -> None:
    assert in_node("stopping", "return complaint(given) ?? 'shown';", _explorable().config) == "shown"


def test_the_sentence_and_the_picture_say_where_the_line_stands() -> None:
    explorable = _explorable(stop=17)
    assert "a line at step 17" in describe(explorable.config)
    bundle, _ = explorable._repr_mimebundle_()
    assert bundle["image/png"].startswith("iVBOR")
