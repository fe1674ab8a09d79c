"""Exercise 8.2: how a unit's last state depends on its bias."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def slope_by_bias(w: float, b: float, num_steps: int, start: float) -> float:
    """The derivative of h_T by the bias b, for the unit
    h ← tanh(w h + b), begun at ``start`` and unrolled over
    T = ``num_steps`` steps.

    The same b enters at every step.
    """
    h, slope = start, 0.0
    for _ in range(num_steps):
        h = math.tanh(w * h + b)
        slope = (1 - h * h) * (1 + w * slope)
    return slope


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((2.0, 0.0, 1, 0.0), "a single step from 0: the slope of tanh there is 1")
    yield Case((2.0, 0.0, 3, 0.0), "three steps at rest: 1 + 2 + 4")
    yield Case((1.3, 0.2, 2, 0.1), "two steps")
    yield Case((-1.4, 0.3, 6, 0.5), "a negative weight: contributions alternate")
    w, b, start = (2 * torch.rand(3, generator=generator, dtype=torch.float64) - 0.8).tolist()
    yield Case((w, b, 8, start), "eight steps of a random unit")
    yield Case((0.9, -0.1, 40, 0.4), "forty steps towards a resting state")


def _states(w, b, num_steps, start):
    states = [start]
    for _ in range(num_steps):
        states.append(math.tanh(w * states[-1] + b))
    return states


def _product(w, b, num_steps, start):
    return math.prod(w * (1 - h * h) for h in _states(w, b, num_steps, start)[1:])


def _last_only(w, b, num_steps, start):
    return 1 - _states(w, b, num_steps, start)[-1] ** 2


def _folded(states, w, carried=1.0):
    slope = 0.0
    for h in states:
        slope = (1 - h * h) * (1 + carried * w * slope)
    return slope


def _without_tanh(w, b, num_steps, start):
    return sum(w**k for k in range(num_steps))


def _from_the_start(w, b, num_steps, start):
    lam = w * (1 - start * start)
    return (1 - start * start) * sum(lam**k for k in range(num_steps))


EXERCISE = Exercise(
    id="8.2",
    title="How steep, by hand",
    solution=slope_by_bias,
    cases=_cases,
    hints=(
        "Call s the derivative of the present h by b. At the start it is 0, since h₀ does not depend on b. What is it "
        "after one step more?",
        "z = w h + b depends on b directly, with slope 1, and through h, with slope w s.",
        "With the new state h, the new s is (1 − h²)(1 + w s). Repeat this num_steps times.",
    ),
    analysis="Carried forward, this needs one number beside the state; backpropagation does the same sum from the "
    "other end. Where h stays at h₀ it is the geometric series of formula (8.3).",
    mistakes=(
        Mistake(
            "the product of the factors",
            _product,
            "That is the derivative by the first state, a product. The bias enters at every step: its contributions "
            "add up.",
        ),
        Mistake(
            "the last step alone",
            _last_only,
            "You took the last step alone. The bias has acted on all the states before as well.",
        ),
        Mistake(
            "the slope at the state before",
            lambda w, b, num_steps, start: _folded(_states(w, b, num_steps, start)[:-1], w),
            "You took 1 − h² at the state before the step. tanh′(z) is 1 − tanh(z)²: the state after it.",
        ),
        Mistake(
            "without the weight",
            lambda w, b, num_steps, start: _folded(_states(w, b, num_steps, start)[1:], 1.0),
            "What an earlier step contributes is multiplied by w on its way through each later one.",
        ),
        Mistake(
            "without tanh",
            _without_tanh,
            "You left out the slope of tanh, 1 − h² at each step.",
        ),
        Mistake(
            "as if at rest",
            _from_the_start,
            "Formula (8.3) holds where the state stays at its start. Elsewhere each step has a slope of its own.",
        ),
    ),
)
