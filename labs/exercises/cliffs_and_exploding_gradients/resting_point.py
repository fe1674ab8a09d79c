"""Exercise 8.5: where descent comes to rest if every example's gradient is clipped."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def resting_point(targets: torch.Tensor, threshold: float) -> float:
    """Where gradient descent on the mean of ½(x − aᵢ)² comes to rest if
    the gradient of each example is clipped to ±threshold before the mean.

    ``targets`` (n,) holds the aᵢ, an odd number of them, so that there is
    one such x. Without clipping it would be their mean.
    """
    low, high = targets.min(), targets.max()
    for _ in range(100):
        x = (low + high) / 2
        pull = (x - targets).clamp(-threshold, threshold).sum()
        low, high = (low, x) if pull > 0 else (x, high)
    return ((low + high) / 2).item()


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def case(values: list[float], threshold: float, note: str = "") -> Case:
        return Case((torch.tensor(values, dtype=torch.float64), threshold), note)

    yield case([-3.0, -2.5, 9.0], 1.0, "two examples on one side, one far off on the other")
    yield case([0.0, 1.0, 5.0], 100.0, "a threshold that nothing exceeds: the mean")
    yield case([0.0, 1.0, 5.0, 7.0, 30.0], 0.001, "a threshold that nearly all exceed: close to the median")
    yield case([2.0], 0.5, "a single example")
    drawn = 3 * torch.randn(9, generator=generator, dtype=torch.float64)
    drawn[0] = 50.0
    yield Case((drawn + 1, 2.0), "nine examples, one far off")
    yield Case((drawn - 4, 0.5), "the same, moved, with a smaller threshold")


def _one_step(targets, threshold):
    x = targets.mean()
    return (x - (x - targets).clamp(-threshold, threshold).mean()).item()


def _trimmed(targets, threshold):
    return targets[(targets - targets.median()).abs() <= threshold].mean().item()


EXERCISE = Exercise(
    id="8.5",
    title="Another minimum",
    solution=resting_point,
    cases=_cases,
    hints=(
        "At rest the clipped gradients add up to zero. As a function of x, does their sum rise or fall?",
        "Each term clip(x − aᵢ) never falls as x grows, so the sum has one change of sign. It lies between the least "
        "and the largest target.",
        "Halve that interval a hundred times: where the sum is positive, the resting point lies below.",
    ),
    analysis="It is the minimum of another loss: quadratic up to the threshold and straight beyond it, Huber's loss. "
    "From a large threshold to a small one the resting point moves from the mean to the median, and far examples count "
    "less and less. That is a virtue where they are errors, and a bias where they are the ones yet to be learned.",
    mistakes=(
        Mistake(
            "the mean",
            lambda targets, threshold: targets.mean().item(),
            "That is where descent rests without clipping, or with the mean clipped: there all pulls cancel at full "
            "length.",
        ),
        Mistake(
            "the median",
            lambda targets, threshold: targets.median().item(),
            "The median is the limit of a small threshold. Examples nearer than the threshold pull by their distance.",
        ),
        Mistake(
            "clipped targets",
            lambda targets, threshold: targets.clamp(-threshold, threshold).mean().item(),
            "You clipped the targets. It is the gradients x − aᵢ that are clipped, and they depend on x.",
        ),
        Mistake(
            "one step from the mean",
            _one_step,
            "You took one step from the mean. At rest the clipped gradients add up to zero.",
        ),
        Mistake(
            "far examples left out",
            _trimmed,
            "You left the far examples out. Clipped, they still pull, with the strength of the threshold.",
        ),
        Mistake(
            "between the extremes",
            lambda targets, threshold: ((targets.min() + targets.max()) / 2).item(),
            "You returned the middle of the range. At rest the clipped gradients add up to zero.",
        ),
    ),
)
