"""Exercise 5.2: where gradient descent on a quadratic diverges, and where it is fastest."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def learning_rates(eigenvalues: torch.Tensor) -> tuple[float, float, float]:
    """For descent on ½ θᵀHθ, given H's positive eigenvalues, shape (n,).

    They come in any order. Returns (critical, best, rate): the learning
    rate above which descent diverges, the one at which it converges
    fastest, and the factor by which the slowest error then shrinks in
    each step.
    """
    smallest, largest = eigenvalues.min().item(), eigenvalues.max().item()
    best = 2 / (smallest + largest)
    return 2 / largest, best, 1 - best * smallest


def _rate_cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((torch.tensor([1.0, 3.0], dtype=torch.float64),))
    yield Case((torch.tensor([10.0, 0.1, 2.0], dtype=torch.float64),), "the eigenvalues are not sorted")
    yield Case((0.01 + torch.rand(6, generator=generator, dtype=torch.float64),))
    yield Case((torch.full((3,), 4.0, dtype=torch.float64),), "all are equal: one step suffices")
    yield Case((torch.tensor([5.0], dtype=torch.float64),), "there is one eigenvalue")
    yield Case((20 * torch.rand(4, generator=generator, dtype=torch.float64) + 1e-3,))


def _rates(eigenvalues, critical=2.0, best=None, power=1):
    smallest, largest = eigenvalues.min().item(), eigenvalues.max().item()
    chosen = 2 / (smallest + largest) if best is None else best(smallest, largest)
    return critical / largest, chosen, max(abs(1 - chosen * smallest), abs(1 - chosen * largest)) ** power


def _sorted_rates(eigenvalues):
    first, last = eigenvalues[0].item(), eigenvalues[-1].item()
    return 2 / last, 2 / (first + last), 1 - 2 * first / (first + last)


EXERCISE = Exercise(
    id="5.2",
    title="Critical and best learning rate on a quadratic",
    solution=learning_rates,
    cases=_rate_cases,
    hints=(
        "Along the eigenvector of λ one step multiplies the error by 1 − ηλ. When does repeating that diverge?",
        "Every |1 − ηλ| has to stay below 1, and the largest of them is the rate. Draw |1 − ηλ| against λ: a V. Only"
        " the smallest and the largest eigenvalue can be the worst.",
        "The best η makes both ends equally bad: 1 − ηλmin = ηλmax − 1.",
    ),
    analysis="The best learning rate 2/(λmin + λmax) is close below the critical one, 2/λmax: ill-conditioned "
    "descent is fastest at the edge of divergence. The rate (κ − 1)/(κ + 1) depends on κ alone, and 1 − "
    "rate is about 2/κ: ten times the condition number, ten times the steps.",
    mistakes=(
        Mistake(
            "critical at 1/λmax",
            lambda eigenvalues: _rates(eigenvalues, critical=1.0),
            "At η = 1/λmax the steepest direction arrives in one step. It may overshoot as long as |1 − ηλ| < 1, which "
            "is up to twice that learning rate.",
        ),
        Mistake(
            "best at 1/λmax",
            lambda eigenvalues: _rates(eigenvalues, best=lambda smallest, largest: 1 / largest),
            "With η = 1/λmax the flattest direction shrinks by 1 − 1/κ only. A larger η speeds it up, until the "
            "steepest direction is as slow: balance the two.",
        ),
        Mistake(
            "the rate of the loss",
            lambda eigenvalues: _rates(eigenvalues, power=2),
            "You gave the rate of the loss, which is the square: the question is about the error θ − θ*.",
        ),
        Mistake(
            "κ instead of the rate",
            lambda eigenvalues: (*learning_rates(eigenvalues)[:2], (eigenvalues.max() / eigenvalues.min()).item()),
            "Your third number is κ. The factor by which the error shrinks is (κ − 1)/(κ + 1).",
        ),
        Mistake(
            "the rate upside down",
            lambda eigenvalues: (*learning_rates(eigenvalues)[:2], 1 - learning_rates(eigenvalues)[2]),
            "Your third number is what the error loses in a step. Asked is the factor that is left of it.",
        ),
        Mistake(
            "in another order",
            lambda eigenvalues: learning_rates(eigenvalues)[::-1],
            "The three are in the wrong order: (critical, best, rate).",
        ),
        Mistake(
            "best at the mean of the eigenvalues",
            lambda eigenvalues: _rates(eigenvalues, best=lambda smallest, largest: 1 / eigenvalues.mean().item()),
            "You took 1 over the mean of all eigenvalues. Only the smallest and the largest matter.",
        ),
        Mistake(
            "first and last instead of least and largest",
            _sorted_rates,
            "The eigenvalues come in any order: take their minimum and maximum, not the first and the last.",
        ),
    ),
)
