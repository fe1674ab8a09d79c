"""Exercise 10.3: which updates a bfloat16 weight does not feel."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def lost_updates(theta: torch.Tensor, update: torch.Tensor) -> float:
    """The share of the updates other than zero that are lost when the
    weights are stored in bfloat16.

    Both are float32 tensors of one shape, and theta holds numbers that
    bfloat16 has. An update is lost if theta + update, rounded to
    bfloat16, is theta. The share is 0 if no update differs from zero.
    """
    stored = (theta + update).bfloat16().float()
    asked = update != 0
    lost = asked & (stored == theta)
    return lost.sum().item() / max(1, asked.sum().item())


def _spaced(theta: torch.Tensor) -> torch.Tensor:
    """The distance from each number to the next larger one in size that bfloat16 has."""
    return 2.0 ** (torch.frexp(theta)[1] - 8)


def _drawn(num: int, generator: torch.Generator, zeros: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights, and updates that are clear of the border, at half a distance."""
    theta = torch.randn(num, generator=generator).bfloat16().float()
    theta[theta.abs() < 1e-3] = 0.25
    size = 10 ** (3 * torch.rand(num, generator=generator) - 2)
    size[(size > 0.2) & (size < 0.6)] = 0.1
    sign = torch.randn(num, generator=generator).sign()
    update = sign * size * _spaced(theta)
    update[torch.rand(num, generator=generator) < zeros] = 0.0
    return theta, update


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def case(theta: list[float], update: list[float], note: str = "") -> Case:
        return Case((torch.tensor(theta), torch.tensor(update)), note)

    yield case([1.0, 1.0], [0.003, 0.005], "the next number after 1 is 1.0078125")
    yield case([1.0, 1.0], [-0.0015, -0.0025], "the last number before 1 is 0.99609375, half as far away")
    yield case([0.5, 8.0, -0.125, -64.0], [0.003, 0.003, 0.0006, 0.2], "small weights have close neighbours")
    weights, updates = [0.0, 1.0, 2.0, 4.0, 1.0], [1e-6, 0.0, 1e-6, 1e-6, 1e-9]
    yield case(weights, updates, "a weight of 0 feels everything, and an update of 0 is none")
    yield case([1.0, 2.0], [0.0, 0.0], "there is nothing to do")
    yield Case(_drawn(300, generator), "there are many weights")
    theta, update = _drawn(300, generator, zeros=0.5)
    yield Case((theta.reshape(20, 15), update.reshape(20, 15)), "half of the updates are zero, in a matrix")


def _share(theta, update, stored, of_all=False):
    asked = update != 0
    lost = stored == theta
    return lost.sum().item() / len(theta.flatten()) if of_all else _over(asked & lost, asked)


def _over(lost, asked):
    return lost.sum().item() / max(1, asked.sum().item())


EXERCISE = Exercise(
    id="10.3",
    title="The updates that are lost",
    solution=lost_updates,
    cases=_cases,
    hints=(
        "x.bfloat16() rounds to the nearest number that bfloat16 has; .float() brings it back without a change.",
        "Compare the stored sum with theta, and count only where the update is not zero.",
        "stored = (theta + update).bfloat16().float(); an update is lost where stored == theta and update != 0.",
    ),
    analysis="A weight of size 1 needs an update of 0.004 to move at all. At a learning rate of 0.01 that is a "
    "gradient of 0.4, for one single weight. Nothing warns you: no overflow, no NaN, a finite loss that stands still.",
    mistakes=(
        Mistake(
            "zeros counted",
            lambda theta, update: _share(theta, update, (theta + update).bfloat16().float(), of_all=True),
            "An update of zero is not lost, it was never there: divide by the number of updates other than zero.",
        ),
        Mistake(
            "a fixed threshold",
            lambda theta, update: _over((update != 0) & (update.abs() < 2.0**-8), update != 0),
            "The distance between neighbours grows with the weight: no fixed threshold tells what is lost.",
        ),
        Mistake(
            "rounded before the sum",
            lambda theta, update: _over((update != 0) & (update.bfloat16() == 0), update != 0),
            "By itself the update is stored well: bfloat16 reaches to 1e-38. It is lost in the sum theta + update.",
        ),
        Mistake(
            "kept instead of lost",
            lambda theta, update: _over((update != 0) & ((theta + update).bfloat16().float() != theta), update != 0),
            "You counted the updates that arrive. Lost are the others.",
        ),
        Mistake(
            "lost in float32",
            lambda theta, update: _over((update != 0) & (theta + update == theta), update != 0),
            "You compared before rounding: the sum itself is a float32. Round it to bfloat16, then compare.",
        ),
        Mistake(
            "in float16",
            lambda theta, update: _over((update != 0) & ((theta + update).half().float() == theta), update != 0),
            "That is float16, which has three binary digits more than bfloat16. Use .bfloat16().",
        ),
    ),
)
