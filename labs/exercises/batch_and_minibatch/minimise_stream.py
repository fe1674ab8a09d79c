"""Exercise 4.6: an open question, judged by what is left of the loss when a budget of examples is spent."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.drawing import vector
from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.oracle import Oracle, point
from labs.exercises.reading import vector as as_vector


def minimise_stream(gradient, theta: torch.Tensor, num_examples: int) -> torch.Tensor:
    """A point near the minimum of a regression, from ``theta``, shape
    (n,), with at most ``num_examples`` examples.

    ``gradient(theta, batch_size)`` draws that many fresh examples and
    returns the mean of their gradients. The inputs have about unit
    variance in every direction, and the noise is large.
    """
    batch_size, average, count = 10, torch.zeros_like(theta), 0
    num_steps = num_examples // batch_size
    for step in range(num_steps):
        theta = theta - 0.2 * gradient(theta, batch_size)
        if step >= num_steps // 4:  # average what hovers, once it has arrived
            count += 1
            average = average + (theta - average) / count
    return average


class Stream(Oracle):
    """Gradients of ½(θ·x − y)² on fresh examples, x ~ N(0, I), with noise of standard deviation 2; counts them."""

    __slots__ = ()

    def __init__(self, minimum: torch.Tensor, seed: int) -> None:
        super().__init__({"minimum": minimum, "generator": torch.Generator().manual_seed(seed), "seen": 0})

    def __call__(self, theta, batch_size) -> torch.Tensor:
        state = Oracle.inside(self)
        size, minimum = int(batch_size), state["minimum"]
        away = point(theta, len(minimum), "theta") - minimum
        if size < 1:
            raise ValueError(f"batch_size must be 1 or more, got {batch_size!r}")
        state["seen"] += size
        if state["seen"] > MOST:
            raise RuntimeError(f"more than {MOST} examples were asked for, and the budget is far below that")
        x = torch.randn((size, len(minimum)), generator=state["generator"], dtype=torch.float64)
        noise = 2 * torch.randn(size, generator=state["generator"], dtype=torch.float64)
        return x.mT @ (x @ away - noise) / size

    def __str__(self) -> str:
        return f"stream of noisy examples in {len(Oracle.inside(self)['minimum'])} dimensions"


DIMENSION, ALLOWED, MOST = 40, 20, 1_000_000


def _cases(generator: torch.Generator) -> Iterator[Case]:
    for size, note in ((5.0, "the start is near"), (50.0, "the start is far away")):
        minimum, away = vector(DIMENSION, generator), vector(DIMENSION, generator)
        seed = int(torch.randint(2**31, (), generator=generator))
        start = minimum + size * away / away.norm()
        yield Case((Stream(minimum, seed), start, 20_000), note)


def _judge(result, case) -> str:
    gradient, start, num_examples = case.arguments
    state = Oracle.inside(gradient)
    theta = as_vector(result, start.shape, "the final θ", finite=False)
    if state["seen"] > num_examples:
        return f"You used {state['seen']} examples; the budget is {num_examples}."
    away = (theta - state["minimum"]).square().sum().item()
    best = 4 * len(start) / num_examples  # σ²d/n, the least that n examples allow on average
    if not away <= (start - state["minimum"]).square().sum():
        return "You ended farther from the minimum than you began: the learning rate is too large for the batch."
    if away > ALLOWED * best:
        return (
            f"The squared distance from the minimum is {away:.2g}; at most {ALLOWED * best:.2g} is asked for. Did you "
            "arrive and hover, or not arrive at all? A fixed learning rate leaves a floor, a large batch few updates."
        )
    return ""


def _sgd(gradient, theta, num_examples, batch_size, learning_rate):
    for _ in range(num_examples // batch_size):
        theta = theta - learning_rate * gradient(theta, batch_size)
    return theta


EXERCISE = Exercise(
    id="4.6",
    title="Beyond: twenty thousand examples, spent well",
    solution=minimise_stream,
    cases=_cases,
    hints=(
        "There is no single right answer. A fixed pair of η and B leaves a floor, formula (4.5); a pair with a low "
        "floor is slow to arrive. What could change during the run?",
        "A learning rate that falls, a batch that grows, an average over the iterates that hover: each of them works.",
        "Begin with η and B that get you there quickly, whatever the start, for a quarter of the budget. Then return "
        "the mean of all further iterates.",
    ),
    analysis="With n examples no method gets below σ²d/n on average. Averaging reaches it with a learning rate that "
    "need not be tuned (Polyak and Ruppert); a learning rate falling as 1/t reaches it if its constant is right; "
    "a growing batch gets close. A fixed rate pays for its speed with a floor.",
    mistakes=(
        Mistake(
            "a fixed rate",
            lambda gradient, theta, num_examples: _sgd(gradient, theta, num_examples, 10, 0.1),
            "Your fixed rate hovers: let it fall towards the end, or average the iterates.",
        ),
        Mistake(
            "two updates of ten thousand examples",
            lambda gradient, theta, num_examples: _sgd(gradient, theta, num_examples, num_examples // 2, 0.5),
            "Two updates do not arrive, however exact they are: take smaller batches at first.",
        ),
        Mistake(
            "over the budget",
            lambda gradient, theta, num_examples: minimise_stream(gradient, theta, 2 * num_examples),
            "The budget counts examples: the number of updates times the batch size.",
        ),
        Mistake(
            "a rate too large for single examples",
            lambda gradient, theta, num_examples: _sgd(gradient, theta, min(num_examples, 400), 1, 0.1),
            "With single examples the noise of x alone makes that rate diverge.",
        ),
        Mistake(
            "the loss instead of θ", lambda gradient, theta, num_examples: 0.0, "That is a number. Return θ itself."
        ),
    ),
    judge=_judge,
)
