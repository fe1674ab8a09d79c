"""Intervals against scipy, and their coverage against its theory."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from labs.intervals import Interval, mean_interval, proportion_interval, slope_interval


def test_mean_interval_is_scipys_standard_error():
    x = np.random.default_rng(0).standard_normal(50)
    interval = mean_interval(x, 3)
    assert interval.mean == pytest.approx(x.mean())
    assert interval.high - interval.mean == pytest.approx(3 * stats.sem(x))
    assert interval.mean - interval.low == pytest.approx(3 * stats.sem(x))
    assert mean_interval(torch.tensor(x, requires_grad=True), 3) == pytest.approx(interval)


def test_mean_interval_covers_as_often_as_normal_theory_says():
    num_trials, k = 4000, 2
    draws = np.random.default_rng(1).standard_normal((num_trials, 400)) + 5
    hits = sum(low <= 5 <= high for _, low, high in (mean_interval(row, k) for row in draws))
    p = math.erf(k / math.sqrt(2))
    assert abs(hits / num_trials - p) < 4 * math.sqrt(p * (1 - p) / num_trials) + 0.002  # + Student against normal


@pytest.mark.parametrize(("successes", "trials"), [(0, 20), (20, 20), (7, 20), (1, 1000)])
def test_proportion_interval_is_scipys_wilson(successes, trials):
    level = math.erf(2 / math.sqrt(2))
    wilson = stats.binomtest(successes, trials).proportion_ci(level, method="wilson")
    interval = proportion_interval(successes, trials, 2)
    assert interval == pytest.approx((successes / trials, wilson.low, wilson.high), abs=1e-12)
    assert interval.low <= interval.mean <= interval.high


@pytest.mark.parametrize(("log_x", "log_y"), [(True, True), (False, True), (True, False), (False, False)])
def test_slope_interval_is_scipys_regression(log_x, log_y):
    rng = np.random.default_rng(2)
    x = rng.uniform(1, 9, 30)
    y = np.exp(rng.standard_normal(30))
    line = stats.linregress(np.log(x) if log_x else x, np.log(y) if log_y else y)
    interval = slope_interval(x, y, 3, log_x=log_x, log_y=log_y)
    assert interval == pytest.approx((line.slope, line.slope - 3 * line.stderr, line.slope + 3 * line.stderr))


def test_slope_interval_reads_off_a_power_law():
    n = np.array([10, 100, 1000])
    assert slope_interval(n, 3 / np.sqrt(n)).mean == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("call", "remedy"),
    [
        (lambda: mean_interval([1.0]), "at least 2"),
        (lambda: mean_interval(np.ones((3, 2))), r"shape \(3, 2\)"),
        (lambda: mean_interval([1.0, 2.0], 0), "positive"),
        (lambda: mean_interval([1.0, 2.0], math.nan), "positive"),
        (lambda: proportion_interval(3, 2), "3 of 2"),
        (lambda: proportion_interval(-1, 2), "-1 of 2"),
        (lambda: proportion_interval(0, 0), "0 of 0"),
        (lambda: slope_interval([1, 2], [1, 2]), "at least 3"),
        (lambda: slope_interval([1, 2, 3], [1, 2, 3, 4]), "same length"),
        (lambda: slope_interval([0, 2, 3], [1, 2, 3]), "log_x=False"),
        (lambda: slope_interval([1, 2, 3], [-1, 2, 3]), "log_y=False"),
        (lambda: slope_interval([2, 2, 2], [1, 2, 3]), "two different"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(call, remedy):
    with pytest.raises(ValueError, match=remedy):
        call()


def test_an_interval_reads_well():
    assert str(Interval(0.123456, 0.1, 0.2)) == "0.1235 (0.1 to 0.2)"
