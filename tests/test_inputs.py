"""Every check lets the right through unchanged and refuses the wrong with its value in the message."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from labs.inputs import chosen, finite, integer, number, positive


def test_what_is_right_passes_unchanged():
    assert (integer("n", 3), integer("n", np.int64(4)), integer("n", 0, at_least=0)) == (3, 4, 0)
    assert (number("r", 2), number("r", np.float32(0.5), at_least=0, at_most=0.5)) == (2.0, 0.5)
    assert (positive("r", 1e-300), chosen("loss", "a", {"a": 1})) == (1e-300, "a")
    x = torch.ones(2, 2, dtype=torch.float16)
    assert finite("x", x) is x


@pytest.mark.parametrize("bad", [0, -1, 1.0, "3", True, None, math.nan])
def test_integer_refuses(bad):
    with pytest.raises(ValueError, match=f"^num_steps must be a whole number of at least 1, got {bad!r}$"):
        integer("num_steps", bad)


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan, math.inf, "0.5", True, None])
def test_number_refuses(bad):
    with pytest.raises(ValueError, match=f"^share must be a finite number from 0 to 1, got {bad!r}$"):
        number("share", bad, at_least=0, at_most=1)


def test_number_says_only_the_bounds_there_are():
    with pytest.raises(ValueError, match=r"^a must be a finite number, got nan$"):
        number("a", math.nan)
    with pytest.raises(ValueError, match=r"^a must be a finite number ≥ 2, got 1$"):
        number("a", 1, at_least=2)
    with pytest.raises(ValueError, match=r"^a must be a finite number ≤ 2, got 3$"):
        number("a", 3, at_most=2)


@pytest.mark.parametrize("bad", [0, -0.1, math.nan, math.inf, "0.5", True])
def test_positive_refuses(bad):
    with pytest.raises(ValueError, match=f"^learning_rate must be a finite number above 0, got {bad!r}$"):
        positive("learning_rate", bad)


def test_chosen_lists_the_options():
    with pytest.raises(ValueError, match=r"^unknown loss 'c'; choose one of a, b$"):
        chosen("loss", "c", ["a", "b"])


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ([1.0], "x must be a floating-point tensor, got list; convert it"),
        (torch.zeros(2).long(), "x must be a floating-point tensor, got torch.int64; convert it"),
        (torch.tensor([[0.0, 1.0], [0.0, -math.inf]]), r"x holds -inf at index \(1, 1\); remove or impute"),
        (torch.tensor(math.nan), r"x holds nan at index \(\); remove or impute"),
    ],
)
def test_finite_refuses(bad, complaint):
    with pytest.raises(ValueError, match=complaint):
        finite("x", bad)
