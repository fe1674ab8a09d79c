"""Exercise 4.4: the gradient noise scale from two batch sizes, with no gradient of a single example."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

import math
from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def noise_scale_from_two(small: torch.Tensor, B_small: int, big: torch.Tensor, B_big: int) -> float:
    """tr Σ/‖g‖² from squared lengths of batch gradients, (K,) for batches
    of B_small and (K,) for batches of B_big.

    math.inf if the estimate of ‖g‖² is not positive. A negative estimate
    of tr Σ is kept: the result is negative then.
    """
    small_square, big_square = small.mean(), big.mean()
    signal = (B_big * big_square - B_small * small_square) / (B_big - B_small)
    noise = (small_square - big_square) / (1 / B_small - 1 / B_big)
    return (noise / signal).item() if signal > 0 else math.inf


def _squares(signal: float, noise: float, batch_size: int, generator: torch.Generator) -> torch.Tensor:
    jitter = 0.8 + 0.4 * torch.rand(6, generator=generator, dtype=torch.float64)
    return (signal + noise / batch_size) * jitter / jitter.mean()


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield Case((torch.tensor([3.0, 5.0]).double(), 8, torch.tensor([1.0, 2.0]).double(), 64))
    for signal, noise in ((1.0, 50.0), (0.2, 300.0), (4.0, 4.0)):
        B = int(torch.randint(2, 40, (), generator=generator))
        factor = int(torch.randint(2, 9, (), generator=generator))
        batches = (_squares(signal, noise, B, generator), B, _squares(signal, noise, factor * B, generator), factor * B)
        yield Case(batches, f"‖g‖² = {signal:g} and tr Σ = {noise:g}")
    yield Case(
        (torch.tensor([8.0, 8.0]).double(), 1, torch.tensor([0.9, 0.9]).double(), 8), "no signal can be told from noise"
    )
    yield Case(
        (torch.tensor([1.0, 1.1]).double(), 8, torch.tensor([1.2, 1.3]).double(), 32),
        "the larger batches happen to have the longer gradients: the estimate of tr Σ is negative",
    )
    yield Case((_squares(2.0, 9.0, 16, generator)[:1], 16, _squares(2.0, 9.0, 64, generator)[:1], 64), "K = 1")


def _estimate(small, B_small, big, B_big, signal, limit=True):
    noise = (small.mean() - big.mean()) / (1 / B_small - 1 / B_big)
    return (noise / signal).item() if signal > 0 or not limit else math.inf


def _ratio_of_each(small, B_small, big, B_big):
    signal = (B_big * big - B_small * small) / (B_big - B_small)
    noise = (small - big) / (1 / B_small - 1 / B_big)
    return (noise / signal).mean().item() if signal.mean() > 0 else math.inf


EXERCISE = Exercise(
    id="4.4",
    title="The noise scale for free",
    solution=noise_scale_from_two,
    cases=_cases,
    hints=(
        "The mean squared length of the gradient of a batch of B is ‖g‖² + tr Σ/B. You have it for two values of B: "
        "two equations, two unknowns.",
        "Multiply each equation by its B and subtract: ‖g‖² (B_big − B_small) = B_big·big − B_small·small. Or subtract "
        "them as they are: tr Σ (1/B_small − 1/B_big) = small − big.",
        "Average the squared lengths first, then solve, then divide. An estimate of ‖g‖² that is not positive means "
        "that the noise drowns the signal: math.inf.",
    ),
    analysis="This is how the noise scale is measured in training on many machines: each machine's own gradient is a "
    "small batch, the combined one a big batch, and both exist anyway. A quotient of two noisy estimates is biased, so "
    "their averages are taken before dividing, over as many updates as possible.",
    mistakes=(
        Mistake(
            "signal from the big batch alone",
            lambda small, B_small, big, B_big: _estimate(small, B_small, big, B_big, big.mean()),
            "The squared length of the big batch's gradient still contains noise, tr Σ/B_big: remove it.",
        ),
        Mistake(
            "noise as the plain difference",
            lambda small, B_small, big, B_big: (
                noise_scale_from_two(small, B_small, big, B_big) * (1 / B_small - 1 / B_big)
            ),
            "small − big is tr Σ (1/B_small − 1/B_big), not tr Σ.",
        ),
        Mistake(
            "mean of ratios",
            _ratio_of_each,
            "Average the squared lengths before you divide: the mean of ratios is not the ratio of means.",
        ),
        Mistake(
            "tr Σ cut off at 0",
            lambda small, B_small, big, B_big: max(0.0, noise_scale_from_two(small, B_small, big, B_big)),
            "You replaced a negative estimate of tr Σ by 0. Kept as it is, it averages out over many updates.",
        ),
        Mistake(
            "the size of a negative estimate",
            lambda small, B_small, big, B_big: abs(noise_scale_from_two(small, B_small, big, B_big)),
            "You took the absolute value of a negative estimate. Kept as it is, it averages out over many updates.",
        ),
        Mistake(
            "negative without a signal",
            lambda small, B_small, big, B_big: _estimate(
                small,
                B_small,
                big,
                B_big,
                (B_big * big.mean() - B_small * small.mean()) / (B_big - B_small),
                limit=False,
            ),
            "The estimate of ‖g‖² is not positive here: no signal can be told from the noise, so return math.inf.",
        ),
        Mistake(
            "the first of each alone",
            lambda small, B_small, big, B_big: noise_scale_from_two(small[:1], B_small, big[:1], B_big),
            "You used one length of each kind. Use all you are given: average them first.",
        ),
        Mistake(
            "upside down",
            lambda small, B_small, big, B_big: 1 / noise_scale_from_two(small, B_small, big, B_big),
            "That is signal over noise; the noise scale is tr Σ/‖g‖².",
        ),
    ),
)
