"""Exercise 11.6: an open question, judged by whether the minimum is found on a surface with a wrong side."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs import objectives
from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.oracle import Oracle, point
from labs.exercises.reading import vector as as_vector


def arrive(loss, num_calls: int) -> torch.Tensor:
    """A point (2,) at which the loss is at most 0.0001, on a surface like
    (11.1): one minimum, of loss 0, and a valley that leads past it.

    ``loss(theta)`` returns the pair of the loss at theta, shape (2,), and
    its gradient there, for at most ``num_calls`` calls. The surface is
    turned and shifted; its minimum lies in −3 ≤ θ₁, θ₂ ≤ 3. From the
    origin descent drifts away.
    """
    ticks = torch.linspace(-3, 3, 19, dtype=torch.float64)
    starts = torch.cartesian_prod(ticks, ticks)
    heights = torch.tensor([float(loss(theta)[0]) for theta in starts])
    theta = starts[heights.argmin()]
    for _ in range(num_calls - len(starts)):
        theta = theta - 0.05 * loss(theta)[1]
    return theta


class Mountain(Oracle):
    """The loss (11.1) of Q(θ − c) and its gradient, Q a rotation; counts its calls."""

    __slots__ = ()

    def __init__(self, angle: float, origin: tuple[float, float]) -> None:
        cos, sin = math.cos(angle), math.sin(angle)
        turn = torch.tensor([[cos, -sin], [sin, cos]], dtype=torch.float64)
        super().__init__({"turn": turn, "origin": torch.tensor(origin, dtype=torch.float64), "calls": 0})

    def __call__(self, theta) -> tuple[torch.Tensor, torch.Tensor]:
        state = Oracle.inside(self)
        state["calls"] += 1
        return surface(state, point(theta, 2, "theta"))

    def __str__(self) -> str:
        return "loss"


def surface(state: dict, theta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss and its gradient; θ = 0 has the coordinates ``origin`` on the surface (11.1)."""
    hill, at = objectives.hill(), state["turn"] @ theta + state["origin"]
    return hill(at), state["turn"].T @ hill.gradient(at)


def _cases(generator: torch.Generator) -> Iterator[Case]:
    for _ in range(2):
        angle, across, up = torch.rand(3, generator=generator, dtype=torch.float64).tolist()
        yield Case((Mountain(2 * math.pi * angle, (-1.7 + 0.4 * across, -0.8 + 0.5 * up)), 1000), "a mountain")


def _judge(result, case) -> str:
    loss, num_calls = case.arguments
    state = Oracle.inside(loss)
    theta = as_vector(result, (2,), "the point where you have arrived")
    if state["calls"] > num_calls:
        return f"You asked for {state['calls']} losses; the budget is {num_calls}."
    value, slope = surface(state, theta)
    at = state["turn"] @ theta + state["origin"]
    if value <= 1e-4:
        return ""
    if at[0] + at[1].exp() < 0 and value < 1:
        return (
            f"Your loss is {value:.3g}: you are on the wrong side of the ridge, and below it. No way downhill leads to "
            "the minimum from there."
        )
    return f"Your loss is {value:.3g}, and the slope there {slope.norm():.2g}: you are not at the minimum yet."


def _descent(loss, num_calls, start=(0.0, 0.0), num_steps=None):
    theta = torch.tensor(start, dtype=torch.float64)
    for _ in range(num_calls if num_steps is None else num_steps):
        theta = theta - 0.05 * loss(theta)[1]
    return theta


def _look(loss, num_looks):
    ticks = torch.linspace(-3, 3, num_looks, dtype=torch.float64)
    points = torch.cartesian_prod(ticks, ticks)
    return points[torch.tensor([float(loss(theta)[0]) for theta in points]).argmin()]


EXERCISE = Exercise(
    id="11.6",
    title="Beyond: the right side of the mountain",
    solution=arrive,
    cases=_cases,
    hints=(
        "There is no single right answer. One descent ends on the side where it begins. What does a single look at the "
        "loss, from many places, tell you?",
        "On the wrong side no loss is below ¾; near the minimum it is. Look around first, then descend from the lowest "
        "point.",
        "A grid of 19 by 19 points costs 361 calls. Spend the others on descent with learning rate 0.05.",
    ),
    analysis="What helps is not a better step but a better start: the remedy that Goodfellow, Bengio and Courville "
    "name for a loss whose local structure misleads. In two dimensions a grid finds one. In thousands, initialisation "
    "schemes and pretraining stand in its place.",
    mistakes=(
        Mistake("one descent", _descent, "Look at the loss from many places, and begin where it is low."),
        Mistake(
            "looking without descending",
            lambda loss, num_calls: _look(loss, 31),
            "Looking alone gets near and not there: keep a part of the calls for a descent.",
        ),
        Mistake(
            "over the budget",
            lambda loss, num_calls: arrive(loss, 2 * num_calls),
            "Every call of loss counts, those for looking and those for descending.",
        ),
        Mistake(
            "a few steps",
            lambda loss, num_calls: _descent(loss, num_calls, _look(loss, 13).tolist(), 10),
            "Ten steps are not enough to get from a grid point to the minimum.",
        ),
        Mistake("the loss instead of the point", lambda loss, num_calls: 0.0, "Return the point, not its loss."),
    ),
    judge=_judge,
)
