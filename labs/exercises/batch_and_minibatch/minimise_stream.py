"""Exercise 4.6: an open question, judged by what is left of the loss when a budget of examples is spent."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.drawing import vector
from labs.exercises.exercise import Case, Exercise, Mistake


def minimise_stream(gradient, theta: torch.Tensor, num_examples: int) -> torch.Tensor:
    """A point near the minimum of a regression, from ``theta``, shape (n,), with at most ``num_examples`` examples.

    ``gradient(theta, batch_size)`` draws that many fresh examples and returns the mean of their gradients. The inputs
    have about unit variance in every direction, and the noise is large.
    """
    batch_size, average, count = 10, torch.zeros_like(theta), 0
    num_steps = num_examples // batch_size
    for step in range(num_steps):
        theta = theta - 0.2 * gradient(theta, batch_size)
        if step >= num_steps // 4:  # average what hovers, once it has arrived
            count += 1
            average = average + (theta - average) / count
    return average


class Stream:
    """Gradients of ½(θ·x − y)² on fresh examples, x ~ N(0, I), with noise of standard deviation 2; counts them."""

    def __init__(self, minimum: torch.Tensor, seed: int) -> None:
        self.minimum, self.generator, self.seen = minimum, torch.Generator().manual_seed(seed), 0

    def __call__(self, theta: torch.Tensor, batch_size: int) -> torch.Tensor:
        self.seen += int(batch_size)
        shape = (int(batch_size), len(self.minimum))
        x = torch.randn(shape, generator=self.generator, dtype=torch.float64)
        noise = 2 * torch.randn(shape[0], generator=self.generator, dtype=torch.float64)
        return x.mT @ (x @ (theta - self.minimum) - noise) / shape[0]

    def __str__(self) -> str:
        return f"stream of noisy examples in {len(self.minimum)} dimensions"


def _cases(generator: torch.Generator) -> Iterator[Case]:
    for size, note in ((5.0, "the start is near"), (50.0, "the start is far away")):
        minimum = vector(10, generator)
        away = vector(10, generator)
        seed = int(torch.randint(2**31, (), generator=generator))
        yield Case((Stream(minimum, seed), minimum + size * away / away.norm(), 20_000), note)


def _judge(result, arguments) -> str:
    gradient, start, num_examples = arguments
    if not isinstance(result, torch.Tensor) or result.shape != start.shape:
        return f"Return the final θ, a tensor of shape {tuple(start.shape)}."
    if gradient.seen > num_examples:
        return f"You used {gradient.seen} examples; the budget is {num_examples}."
    away = (result.detach() - gradient.minimum).square().sum().item()
    best = 4 * len(start) / num_examples  # σ²d/n, the least that n examples allow on average
    if not math.isfinite(away) or away > (start - gradient.minimum).square().sum():
        return "You ended farther from the minimum than you began: the learning rate is too large for the batch."
    if away > 6 * best:
        return (
            f"The squared distance from the minimum is {away:.2g}; at most {6 * best:.2g} is asked for. Did you arrive "
            "and hover, or not arrive at all? A fixed learning rate leaves a floor, a large batch leaves few updates."
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
        "There is no single right answer. Any fixed pair of η and B that arrives leaves a floor, formula (4.5), which "
        "is too high. What could change during the run?",
        "A learning rate that falls, a batch that grows, an average over the iterates that hover: each of them works.",
        "Begin with η and B that get you there quickly, whatever the start, for a quarter of the budget. Then return "
        "the mean of all further iterates.",
    ),
    analysis="With n examples no method gets below σ²d/n on average. Averaging reaches it with a learning rate that "
    "need not be tuned (Polyak and Ruppert); a learning rate falling as 1/t reaches it if its constant is right; "
    "a growing batch gets close. A fixed rate pays for its speed with a floor.",
    mistakes=(
        Mistake(
            "single examples at a fixed rate",
            lambda gradient, theta, num_examples: _sgd(gradient, theta, num_examples, 1, 0.05),
            "A fixed learning rate leaves a floor",
        ),
        Mistake(
            "two updates of ten thousand examples",
            lambda gradient, theta, num_examples: _sgd(gradient, theta, num_examples, num_examples // 2, 0.5),
            "a large batch leaves few updates",
        ),
        Mistake(
            "over the budget",
            lambda gradient, theta, num_examples: minimise_stream(gradient, theta, 10 * num_examples),
            "You used 200000 examples; the budget is 20000.",
        ),
        Mistake(
            "a rate too large for single examples",
            lambda gradient, theta, num_examples: _sgd(gradient, theta, num_examples, 1, 0.3),
            "the learning rate is too large for the batch",
        ),
        Mistake("the loss instead of θ", lambda gradient, theta, num_examples: 0.0, "Return the final θ"),
    ),
    judge=_judge,
)
