"""Exercise 9.4: the scale that keeps a product of different matrices alive."""

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def balanced_scale(n: int, keep: float) -> float:
    """The scale g at which a product of n × n Gaussian matrices neither
    grows nor fades.

    The entries of every matrix are N(0, g²/n). After each product a
    vector keeps only the share ``keep`` of its length, 0 < keep ≤ 1. The
    mean of the logarithm of its length must stay what it is. The answer
    is to have six right digits.
    """
    half = torch.tensor(n / 2, dtype=torch.float64)
    mean_log = 0.5 * (math.log(2) + torch.digamma(half).item())
    return math.sqrt(n) * math.exp(-mean_log) / keep


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((64, 1.0))
    yield Case((1, 1.0), "a single unit")
    yield Case((2, 1.0), "two units")
    yield Case((1000, 1.0), "a wide layer")
    yield Case((16, 0.5), "half of the length is lost at each layer")
    yield Case((int(torch.randint(3, 200, (), generator=generator)), 0.9))
    keep = 0.3 + 0.6 * float(torch.rand((), generator=generator, dtype=torch.float64))
    yield Case((int(torch.randint(3, 20, (), generator=generator)), keep))


EXERCISE = Exercise(
    id="9.4",
    title="Neither up nor down",
    solution=balanced_scale,
    cases=_cases,
    hints=(
        "A layer changes ln ‖v‖ by ½(ln 2 + ψ(n/2)) + ln(g/√n) on average, and then by ln keep.",
        "Set the sum to zero and solve for g.",
        "torch.digamma(torch.tensor(n / 2, dtype=torch.float64)) or scipy.special.digamma(n / 2) is ψ(n/2).",
    ),
    analysis="For wide layers g is about 1 + 1/(2n), so that g = 1 seems good enough; over a thousand layers of 16 "
    "units it loses a factor of e³¹. Keeping the mean square, as He's and Glorot's starts do, is not keeping the "
    "typical length: the mean is carried by rare runs.",
    mistakes=(
        Mistake(
            "the mean square",
            lambda n, keep: 1 / keep,
            "This keeps the mean of ‖v‖². The mean of the logarithm, and so the typical length, still fades.",
        ),
        Mistake(
            "the approximation",
            lambda n, keep: (1 + 1 / (2 * n)) / keep,
            "1 + 1/(2n) is the beginning of a series. Six digits need the digamma function.",
        ),
        Mistake(
            "the mean length",
            lambda n, keep: math.sqrt(n / 2) * math.exp(math.lgamma(n / 2) - math.lgamma((n + 1) / 2)) / keep,
            "This keeps the mean of ‖v‖. The logarithm of the mean is not the mean of the logarithm.",
        ),
        Mistake(
            "what is lost, forgotten",
            lambda n, keep: math.sqrt(n) * math.exp(-0.5 * (math.log(2) + torch.digamma(torch.tensor(n / 2).double()))),
            "You left out what each layer loses: divide by keep.",
        ),
        Mistake(
            "the wrong way round",
            lambda n, keep: (
                keep * math.exp(0.5 * (math.log(2) + torch.digamma(torch.tensor(n / 2).double()))) / math.sqrt(n)
            ),
            "This is the reciprocal: what fades needs a larger scale.",
        ),
    ),
)
