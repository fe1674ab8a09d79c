"""Exercise 5.6: an open question, judged by what the method reaches within a budget of gradients."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.drawing import rotated, vector
from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.oracle import Oracle, point
from labs.exercises.reading import vector as as_vector


def minimise(gradient, theta: torch.Tensor, num_calls: int) -> torch.Tensor:
    """A point near the minimum of a quadratic, from ``theta`` of (n,).

    ``gradient(theta)`` returns the gradient, and may be called
    ``num_calls`` times. Nothing is known of H except that κ is about
    1000. The loss at the point must be at most 1e-4 of that at the start.
    """
    g = gradient(theta)
    direction, squared = -g, g @ g
    enough = 1e-16 * squared
    for _ in range((num_calls - 1) // 2):
        curved = gradient(theta + direction) - g
        theta = theta + squared / (direction @ curved) * direction
        g = gradient(theta)
        squared, before = g @ g, squared
        if squared <= enough:
            break
        direction = -g + squared / before * direction
    return theta


class Gradient(Oracle):
    """The gradient of ½ (θ − θ*)ᵀH(θ − θ*), which counts its calls."""

    __slots__ = ()

    def __init__(self, matrix: torch.Tensor, minimum: torch.Tensor) -> None:
        super().__init__({"matrix": matrix, "minimum": minimum, "calls": 0})

    def __call__(self, theta) -> torch.Tensor:
        state = Oracle.inside(self)
        away = point(theta, len(state["minimum"]), "theta") - state["minimum"]
        state["calls"] += 1
        return state["matrix"] @ away

    def __str__(self) -> str:
        return f"gradient of a quadratic in {len(Oracle.inside(self)['minimum'])} dimensions"


def _minimise_cases(generator: torch.Generator) -> Iterator[Case]:
    any_scale = float(torch.exp(6 * torch.rand((), generator=generator) - 3))
    for scale in (1.0, 50.0, any_scale):
        eigenvalues = (scale * torch.logspace(-3, 0, 40)).tolist()
        gradient = Gradient(rotated(eigenvalues, generator), vector(40, generator))
        yield Case((gradient, vector(40, generator), 250), f"λmax = {scale:.3g}")


def _judge_minimise(result, case) -> str:
    gradient, start, num_calls = case.arguments
    state = Oracle.inside(gradient)
    theta = as_vector(result, start.shape, "the final θ", finite=False)
    if state["calls"] > num_calls:
        return f"You asked for {state['calls']} gradients; the budget is {num_calls}."

    def loss(one: torch.Tensor) -> float:
        away = one - state["minimum"]
        return (away @ state["matrix"] @ away).item()

    share = loss(theta) / loss(start)
    if not math.isfinite(share) or share > 1:
        return "The loss is larger than at the start: the learning rate is past 2/λmax. How could you measure λmax?"
    if share > 1e-4:
        return (
            f"The loss fell to {share:.1e} of its first value; 1e-4 is asked for. Plain gradient descent at its best "
            "learning rate needs over a thousand steps for that: it takes memory of earlier steps to be faster."
        )
    return ""


def _descent(gradient, theta, num_calls):
    v = torch.randn(theta.shape, dtype=theta.dtype)
    origin = gradient(torch.zeros_like(theta))
    for _ in range(20):
        v = gradient(v / v.norm()) - origin
    largest = v.norm().item()
    for _ in range(num_calls - 21):
        theta = theta - 1.9 / largest * gradient(theta)
    return theta


def _fixed_rate(gradient, theta, num_calls):
    for _ in range(num_calls):
        theta = theta - 0.1 * gradient(theta)
    return theta


EXERCISE = Exercise(
    id="5.6",
    title="Beyond: faster than gradient descent",
    solution=minimise,
    cases=_minimise_cases,
    hints=(
        "There is no single right answer: momentum, a learning rate that adapts, or directions that do not undo each"
        " other all pass. First find out how large the learning rate may be: how do you get H v out of gradient?",
        "H v is gradient(θ + v) − gradient(θ). With it you can estimate λmax by power iteration, and then use momentum "
        "√κ-wise: β = ((√κ − 1)/(√κ + 1))².",
        "Or without any estimate: the Barzilai–Borwein learning rate sᵀs / sᵀy with s the last step and y the change"
        " of the gradient, or conjugate gradients, where H times the direction is a difference of two gradients.",
    ),
    analysis="Gradient descent needs about κ steps per digit, every method with memory about √κ: 32 instead of 1000 "
    "here. This solution is the method of conjugate gradients with H d read off as the difference of two "
    "gradients; in exact arithmetic it arrives after n steps, and no method that only combines the "
    "gradients it has seen gets a smaller loss. Momentum gets the √κ too, if λmin and λmax are known.",
    mistakes=(
        Mistake(
            "gradient descent at nearly the best rate",
            _descent,
            "This is gradient descent, whose steps undo each other in the steep directions.",
        ),
        Mistake(
            "a learning rate that fits one scale",
            _fixed_rate,
            "A learning rate of 0.1 fits some scales of H and no others: measure λmax first.",
        ),
        Mistake(
            "over the budget",
            lambda gradient, theta, num_calls: _descent(gradient, theta, 20 * num_calls),
            "Count every call of gradient, those for measuring λmax included.",
        ),
        Mistake(
            "divergence",
            lambda gradient, theta, num_calls: _fixed_rate(lambda t: 40 * gradient(t), theta, num_calls),
            "A learning rate of 4 is past 2/λmax here.",
        ),
        Mistake("the loss instead of θ", lambda gradient, theta, num_calls: 0.0, "That is a number. Return θ itself."),
    ),
    judge=_judge_minimise,
)
