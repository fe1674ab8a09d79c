"""Exercise 10.4: backpropagation through time, cut short, by hand."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def cut_gradient(w: float, x: torch.Tensor, target: float, k: int) -> float:
    """The derivative of ½(h_T − target)² by w, through the last k steps
    only, of the one-unit network hₜ = tanh(w hₜ₋₁ + xₜ), h₀ = 0.

    x is (T,) and 1 ≤ k ≤ T. The network runs over all of x; the state
    before the last k steps counts as a constant.
    """
    states = [0.0]
    for drive in x.tolist():
        states.append(math.tanh(w * states[-1] + drive))
    delta, total = states[-1] - target, 0.0
    for t in range(len(x), len(x) - k, -1):
        delta *= 1 - states[t] ** 2
        total += delta * states[t - 1]
        delta *= w
    return total


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def case(w: float, x: list[float], target: float, k: int, note: str = "") -> Case:
        return Case((w, torch.tensor(x, dtype=torch.float64), target, k), note)

    yield case(0.8, [0.5, -0.2, 0.3], 1.0, 3, "nothing is cut")
    yield case(0.8, [0.5, -0.2, 0.3], 1.0, 1, "the last step alone")
    yield case(1.3, [0.4, 0.1, -0.5, 0.2, 0.6], -0.5, 2)
    yield case(-1.1, [0.9, 0.0, 0.0, 0.0], 0.3, 3, "the weight is negative")
    x = 0.7 * torch.randn(12, generator=generator, dtype=torch.float64)
    w = 0.8 + 0.6 * float(torch.rand((), generator=generator, dtype=torch.float64))
    yield Case((w, x, 0.2, 5), "there are twelve steps")
    yield Case((w, x, 0.2, 9), "there are twelve steps")


def _cut(w, x, target, k, slope=True, weight=True, forget=False, extra=0):
    drives = x.tolist()[-k:] if forget else x.tolist()
    states = [0.0]
    for drive in drives:
        states.append(math.tanh(w * states[-1] + drive))
    delta, total = states[-1] - target, 0.0
    last = len(states) - 1
    for t in range(last, max(last - k - extra, 0), -1):
        delta *= 1 - states[t] ** 2 if slope else 1
        total += delta * states[t - 1]
        delta *= w if weight else 1
    return total


EXERCISE = Exercise(
    id="10.4",
    title="Cutting a chain",
    solution=cut_gradient,
    cases=_cases,
    hints=(
        "Run forward over all of x and keep the states h₀ … h_T. The error at the end is h_T − target.",
        "Going back through a step, multiply by tanh′ = 1 − hₜ². What reaches w there is that times hₜ₋₁.",
        "Then multiply by w to get to hₜ₋₁, and go on, k times in all. With torch: detach h before the last k steps.",
    ),
    analysis="Each further step back multiplies by w(1 − hₜ²). Where that is below 1 in size the terms fade, and "
    "cutting them costs little. Where the network really remembers they do not fade, and the cut is felt.",
    mistakes=(
        Mistake(
            "nothing cut",
            lambda w, x, target, k: _cut(w, x, target, len(x)),
            "This is the whole gradient. Stop after k steps back.",
        ),
        Mistake(
            "one step too many",
            lambda w, x, target, k: _cut(w, x, target, k, extra=1),
            "You went back one step too far: k terms are to be added.",
        ),
        Mistake(
            "one step too few",
            lambda w, x, target, k: _cut(w, x, target, k, extra=-1),
            "You went back one step too few: k terms are to be added.",
        ),
        Mistake(
            "run over the last steps only",
            lambda w, x, target, k: _cut(w, x, target, k, forget=True),
            "You started the network itself k steps before the end. Only the gradient is cut: run over all of x.",
        ),
        Mistake(
            "without the slope",
            lambda w, x, target, k: _cut(w, x, target, k, slope=False),
            "The derivative of tanh is missing: each step back multiplies by 1 − hₜ².",
        ),
        Mistake(
            "without the weight",
            lambda w, x, target, k: _cut(w, x, target, k, weight=False),
            "From one state to the one before, the derivative is w(1 − hₜ²): the factor w is missing.",
        ),
    ),
)
