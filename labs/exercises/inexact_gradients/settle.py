"""Exercise 10.6: an open question, judged by the distance from the minimum."""

# The stub names no type that its notebook lacks.
# mypy: disable-error-code="return-value"
# mypy: allow-untyped-defs, allow-incomplete-defs, disable-error-code="return-value"

from collections.abc import Iterator

import torch

from labs.exercises.drawing import rotated
from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.oracle import Oracle, point
from labs.exercises.reading import vector as as_vector

DIMENSION, BAR = 10, 0.4


def settle(gradient, num_calls: int) -> torch.Tensor:
    """A point (10,) within 0.4 of the minimum of a quadratic loss, whose
    gradient can only be had with noise.

    ``gradient(theta)`` returns the gradient at theta, shape (10,), plus
    noise N(0, 1) in each component, for at most ``num_calls`` calls. All
    curvatures lie between 0.3 and 3, and the minimum lies within 10 of
    the origin.
    """
    theta, total = torch.zeros(10, dtype=torch.float64), 0.0
    for step in range(num_calls):
        theta = theta - 0.2 * gradient(theta)
        if step >= num_calls // 4:
            total = total + theta
    return total / (num_calls - num_calls // 4)


class Noisy(Oracle):
    """The gradient of a bowl with noise; counts its calls."""

    __slots__ = ()

    def __init__(self, hessian: torch.Tensor, minimum: torch.Tensor, seed: int) -> None:
        noise = torch.Generator().manual_seed(seed)
        super().__init__(
            {"hessian": hessian, "minimum": minimum, "noise": noise.get_state(), "calls": 0, "source": None}
        )

    def __call__(self, theta) -> torch.Tensor:
        state = Oracle.inside(self)
        state["calls"] += 1
        at = point(theta, DIMENSION, "theta")
        if state["source"] is None or state["calls"] % 512 == 1:  # noise by the block: one call draws for many
            source = torch.Generator()
            source.set_state(state["noise"])
            state["source"] = torch.randn(512, DIMENSION, generator=source, dtype=torch.float64)
            state["noise"] = source.get_state()
        return state["hessian"] @ (at - state["minimum"]) + state["source"][(state["calls"] - 1) % 512]

    def __str__(self) -> str:
        return "noisy gradient in 10 dimensions"


def _cases(generator: torch.Generator) -> Iterator[Case]:
    hessian = rotated(torch.logspace(-0.5228, 0.477, DIMENSION, dtype=torch.float64).tolist(), generator)
    minimum = torch.randn(DIMENSION, generator=generator, dtype=torch.float64)
    minimum = 8 * minimum / minimum.norm()
    seed = int(torch.randint(2**31, (), generator=generator))
    yield Case((Noisy(hessian, minimum, seed), 2000), "the curvatures are 0.3 to 3", truth=minimum)


def _judge(result, case) -> str:
    gradient, num_calls = case.arguments
    state = Oracle.inside(gradient)
    theta = as_vector(result, (DIMENSION,), "the point where you settle")
    if state["calls"] > num_calls:
        return f"You asked for {state['calls']} gradients; the budget is {num_calls}."
    distance = float((theta - case.truth).norm())
    if distance <= BAR:
        return ""
    return f"Your point is {distance:.3g} away from the minimum; at most {BAR} is asked for."


def _descent(gradient, num_calls, rate=lambda step: 0.2, average=0.0):
    theta, kept = torch.zeros(DIMENSION, dtype=torch.float64), []
    for step in range(num_calls):
        theta = theta - rate(step) * gradient(theta)
        kept.append(theta)
    first = min(int((1 - average) * num_calls), num_calls - 1)
    return torch.stack(kept[first:]).mean(0)


EXERCISE = Exercise(
    id="10.6",
    title="Beyond: settling in spite of the noise",
    solution=settle,
    cases=_cases,
    hints=(
        "There is no single right answer. At a constant learning rate the last point is one draw from a ball: its "
        "radius is known by formula (10.2), and too large unless the rate is small.",
        "A small rate needs many steps to get there. Rates that fall as c/t need c above 1/(2λ), here for λ = 0.3. "
        "Or do not take the last point at all.",
        "The ball is centred at the minimum: keep a constant rate of 0.2 and return the mean of the points of the last "
        "three quarters.",
    ),
    analysis="The mean of the points does about as well as a schedule that knows every curvature (Polyak and Juditsky, "
    "1992), and needs to know none. Against a bias of the gradient, neither helps: the ball is then centred elsewhere.",
    mistakes=(
        Mistake(
            "the last point",
            lambda gradient, num_calls: _descent(gradient, num_calls),
            "The last point is one draw from the ball. Shrink the rate as you go, or average over many points.",
        ),
        Mistake(
            "too small a c",
            lambda gradient, num_calls: _descent(gradient, num_calls, rate=lambda step: 0.3 / (step + 1)),
            "Rates that fall as 0.3/t stop before they get there: c λ must exceed ½ along the flattest direction, too.",
        ),
        Mistake(
            "over the budget",
            lambda gradient, num_calls: _descent(gradient, num_calls + 500, average=0.75),
            "Every call of gradient counts.",
        ),
        Mistake(
            "the first steps averaged as well, at a tiny rate",
            lambda gradient, num_calls: _descent(gradient, num_calls, rate=lambda step: 0.001, average=1.0),
            "At that rate you are still on the way when the calls are spent, and the mean includes the way: take "
            "larger steps, and average the later part.",
        ),
        Mistake("no step", lambda gradient, num_calls: torch.zeros(DIMENSION), "You have not moved: descend first."),
    ),
    judge=_judge,
    seconds=20.0,
)
