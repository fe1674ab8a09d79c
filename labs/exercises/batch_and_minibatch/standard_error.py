"""Exercise 4.2: how far the gradient of a batch is from the whole one."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def standard_error(gradients: torch.Tensor, batch_size: int, replacement: bool) -> float:
    """√E‖g_batch − g‖² from the examples' gradients, shape (N, P), for
    batches drawn with or without replacement.
    """
    N = len(gradients)
    trace = (gradients - gradients.mean(0)).square().sum() / N
    variance = trace / batch_size
    if not replacement:
        variance = variance * (N - batch_size) / (N - 1)
    return variance.sqrt().item()


def _draw(n: int, p: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(n, p, generator=generator, dtype=torch.float64) + 1.0


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((torch.tensor([[1.0], [2.0], [3.0], [6.0]], dtype=torch.float64), 2, True))
    yield Case((_draw(20, 5, generator), 4, True))
    yield Case((_draw(20, 5, generator), 4, False), "nothing is drawn twice")
    yield Case((_draw(8, 3, generator), 8, False), "the batch is all there is: the error is 0")
    yield Case((_draw(10, 3, generator), 40, True), "with replacement a batch may be larger than the data set")
    n, batch_size = 30, int(torch.randint(2, 30, (), generator=generator))
    yield Case((3 * _draw(n, 4, generator), batch_size, False))
    yield Case((_draw(n, 1, generator), 1, False), "a batch of one example")


def _error(gradients, batch_size, replacement, divisor=0, corrected=True, centred=True, mean=False, root=True):
    n = len(gradients)
    away = gradients - gradients.mean(0) if centred else gradients
    squares = away.square().mean(1) if mean else away.square().sum(1)
    variance = squares.sum() / (n - divisor) / batch_size
    if corrected and not replacement:
        variance = variance * (n - batch_size) / (n - 1)
    return (variance.sqrt() if root else variance).item()


EXERCISE = Exercise(
    id="4.2",
    title="The error of a batch",
    solution=standard_error,
    cases=_cases,
    hints=(
        "Subtract the mean gradient from each row. The squared lengths of the rows, averaged over the N rows: tr Σ.",
        "With replacement the variance of a mean of n independent draws is tr Σ / n. Take the root last.",
        "Without replacement multiply the variance by (N − n)/(N − 1), which is 0 when the batch is everything.",
    ),
    analysis="One number for a vector: the trace adds up the variances of all coordinates. It is what a step suffers "
    "from, and it is far better to measure than a single coordinate, which is heavy-tailed.",
    mistakes=(
        Mistake(
            "divided by N − 1",
            lambda gradients, batch_size, replacement: _error(gradients, batch_size, replacement, divisor=1),
            "Divide by N: the N examples are the whole population, not a sample of it (.var() needs correction=0).",
        ),
        Mistake(
            "no finite population correction",
            lambda gradients, batch_size, replacement: _error(gradients, batch_size, replacement, corrected=False),
            "Without replacement the variance carries the factor (N − n)/(N − 1).",
        ),
        Mistake(
            "not centred",
            lambda gradients, batch_size, replacement: _error(gradients, batch_size, replacement, centred=False),
            "Subtract the mean gradient first: the error is the distance from it, not from zero.",
        ),
        Mistake(
            "mean over the coordinates",
            lambda gradients, batch_size, replacement: _error(gradients, batch_size, replacement, mean=True),
            "The squared length of a vector is the sum over its coordinates, not their mean.",
        ),
        Mistake(
            "corrected the wrong way round",
            lambda gradients, batch_size, replacement: standard_error(gradients, batch_size, not replacement),
            "You corrected for the finite population exactly when you should not.",
        ),
        Mistake(
            "not divided by the batch size",
            lambda gradients, batch_size, replacement: (
                standard_error(gradients, batch_size, replacement) * batch_size**0.5
            ),
            "That is the spread of single examples. The error of a mean of n falls as 1/√n.",
        ),
        Mistake(
            "divided by the batch size after the root",
            lambda gradients, batch_size, replacement: (
                standard_error(gradients, batch_size, replacement) / batch_size**0.5
            ),
            "You divided the root by n. The variance falls as 1/n, its root as 1/√n.",
        ),
        Mistake(
            "variance",
            lambda gradients, batch_size, replacement: _error(gradients, batch_size, replacement, root=False),
            "That is the variance; the standard error is its root.",
        ),
    ),
)
