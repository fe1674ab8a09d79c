"""Exact separators against oracles that try every labelling, and against a general-purpose solver."""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
import pytest
import torch
from scipy.optimize import linprog, minimize
from sklearn.svm import LinearSVC

from labs.losses import best_separator, num_separable_labellings, separable_labellings, widest_separator


def _points(num: int, dimension: int, seed: int = 0) -> torch.Tensor:
    stream = torch.Generator().manual_seed(100 * num + 10 * dimension + seed)
    return torch.randn(num, dimension, generator=stream, dtype=torch.float64)


def _separable(x: torch.Tensor, labels: np.ndarray) -> bool:
    """Whether some (w, b) has ±(wᵀx + b) ≥ 1 at all points: the feasibility of a linear program."""
    rows = np.hstack([x.numpy(), np.ones((len(x), 1))]) * np.where(labels, 1, -1)[:, None]
    found = linprog(np.zeros(rows.shape[1]), A_ub=-rows, b_ub=-np.ones(len(rows)), bounds=(None, None))
    assert found.status in (0, 2), found.message
    return found.status == 0


def _all_separable(x: torch.Tensor) -> np.ndarray:
    """Every separable labelling, found among all 2ᵐ by linear programming."""
    return np.array([labels for labels in product([False, True], repeat=len(x)) if _separable(x, np.array(labels))])


SIZES = [(2, 1), (6, 1), (3, 2), (4, 2), (5, 2), (7, 2), (4, 3), (6, 3)]


@pytest.mark.parametrize(("num", "dimension"), SIZES)
def test_the_lines_give_all_separable_labellings_and_no_other(num: int, dimension: int) -> None:
    x = _points(num, dimension)
    expected = _all_separable(x)
    found = separable_labellings(x)
    assert found.dtype == torch.bool
    assert set(map(tuple, found.tolist())) == set(map(tuple, expected.tolist()))
    assert len(found) == len(expected) == num_separable_labellings(num, dimension)


@pytest.mark.parametrize(("num", "dimension"), SIZES)
def test_the_fewest_errors_are_those_of_the_best_of_all_dichotomies(num: int, dimension: int) -> None:
    x = _points(num, dimension)
    separable = _all_separable(x)
    for code in range(2**num):
        y = torch.tensor([code >> k & 1 for k in range(num)])
        assert best_separator(x, y).errors == (separable != y.numpy().astype(bool)).sum(1).min()


@pytest.mark.parametrize(("num", "dimension"), [(5, 1), (40, 2), (25, 3), (12, 4)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_separator_found_makes_the_errors_it_states(num: int, dimension: int, dtype: torch.dtype) -> None:
    x = 3 + 10 * _points(num, dimension).to(dtype)
    y = torch.randint(2, (num,), generator=torch.Generator().manual_seed(num))
    found = best_separator(x, y)
    side = x.double() @ found.weight + found.bias
    assert int(((side > 0).long() != y).sum()) == found.errors
    assert (side != 0).all()
    assert found.num_planes == comb(num, dimension)
    assert found.num_tests == num * comb(num, dimension)


def test_separable_points_are_separated() -> None:
    x = _points(60, 2)
    y = (x @ torch.tensor([1.0, -2.0], dtype=torch.float64) > 0.3).long()
    assert best_separator(x, y).errors == 0
    assert best_separator(x, 1 - y).errors == 0
    assert best_separator(x, torch.ones(60, dtype=torch.int64)).errors == 0


def test_blocks_of_planes_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = _points(30, 2), torch.arange(30) % 2
    whole = best_separator(x, y)
    monkeypatch.setattr("labs.losses.separators._BLOCK", 30 * 7)
    blocks = best_separator(x, y)
    assert (blocks.errors, blocks.num_tests) == (whole.errors, whole.num_tests)
    torch.testing.assert_close(blocks.weight, whole.weight)
    assert len(separable_labellings(x)) == num_separable_labellings(30, 2)


@pytest.mark.parametrize(
    ("x", "complaint"),
    [
        ([[0.1, 0.1], [0.2, 0.2], [0.3, 0.3], [1.0, 2.0]], "3 of the points lie in one hyperplane"),
        ([[0.0, 0.0], [0.0, 0.0], [1.0, 2.0]], "lie in one hyperplane"),
        ([[0.0, 0.0], [1.0, 2.0]], r"more points than dimensions, got \(2, 2\)"),
        ([[0.0, 0.0], [1.0, float("nan")], [2.0, 0.0]], "nan"),
    ],
)
def test_points_that_the_search_cannot_judge_are_refused(x: list, complaint: str) -> None:
    y = torch.tensor([0, 1, 1, 0][: len(x)])
    with pytest.raises(ValueError, match=complaint):
        best_separator(torch.tensor(x), y)
    with pytest.raises(ValueError, match=complaint):
        separable_labellings(torch.tensor(x))


@pytest.mark.parametrize("y", [torch.tensor([0, 1, 2]), torch.tensor([0.0, 1.0, 1.0]), torch.tensor([0, 1])])
def test_other_classes_are_refused(y: torch.Tensor) -> None:
    for search in (best_separator, widest_separator):
        with pytest.raises(ValueError, match="classes 0 and 1 of 3 points"):
            search(_points(3, 2), y)


@pytest.mark.parametrize("dimension", [2, 5])
def test_the_widest_margin_is_that_of_the_quadratic_program(dimension: int) -> None:
    x = _points(200, dimension)
    true = torch.ones(dimension, dtype=torch.float64) / dimension**0.5
    x = x[(x @ true).abs() > 0.4][:40]
    y = (x @ true > 0).long()
    found = widest_separator(x, y)
    signed = ((2 * y - 1)[:, None] * x).numpy()
    solved = minimize(
        lambda w: 0.5 * w @ w, true.numpy() * 3, jac=lambda w: w, method="SLSQP", tol=1e-14,
        constraints={"type": "ineq", "fun": lambda w: signed @ w - 1, "jac": lambda w: signed},
    )  # fmt: skip
    assert solved.success
    assert found.margin == pytest.approx(1 / np.linalg.norm(solved.x), rel=1e-6)
    assert found.direction.norm().item() == pytest.approx(1)
    assert found.direction.numpy() @ solved.x / np.linalg.norm(solved.x) == pytest.approx(1, abs=1e-9)


def test_the_widest_margin_is_that_of_a_support_vector_machine_with_a_hard_margin() -> None:
    x = _points(100, 2)
    y = (x @ torch.tensor([1.0, 0.5], dtype=torch.float64) > 0).long()
    keep = (x @ torch.tensor([1.0, 0.5], dtype=torch.float64)).abs() > 0.3
    machine = LinearSVC(fit_intercept=False, loss="hinge", C=1e6, tol=1e-10, max_iter=10**6, random_state=0)
    w = torch.from_numpy(machine.fit(x[keep].numpy(), y[keep].numpy()).coef_[0])
    torch.testing.assert_close(widest_separator(x[keep], y[keep]).direction, w / w.norm(), rtol=1e-4, atol=1e-5)


def test_what_no_line_through_the_origin_separates_is_refused() -> None:
    x = torch.tensor([[1.0, 0.5], [2.0, 0.1], [3.0, -0.5]])  # a line separates them, but none through the origin
    with pytest.raises(ValueError, match="no hyperplane through the origin separates"):
        widest_separator(x, torch.tensor([1, 0, 1]))
