"""Exercise 8.1: clipping by norm, weights and biases together."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def clip_together(W: torch.Tensor, b: torch.Tensor, threshold: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The gradients W (n, d) by a layer's weights and b (n,) by its
    biases, clipped by norm.

    The norm is that of both together, as one long vector. If it is above
    the threshold, both are shortened by one factor, so that it becomes
    the threshold; otherwise they stay as they are.
    """
    norm = torch.cat([W.flatten(), b]).norm()
    factor = threshold / norm if norm > threshold else 1.0
    return W * factor, b * factor


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    one = torch.ones(1, 1, dtype=torch.float64)
    yield Case((3 * one, 4 * one[0], 1.0), "one weight and one bias, together of norm 5")
    yield Case((normal(3, 2), 0.1 * normal(3), 0.5), "a norm above the threshold")
    yield Case((normal(3, 2), normal(3), 1e3), "a norm below the threshold")
    yield Case((0.01 * normal(2, 4), 20 * normal(2), 2.0), "the biases' gradient is much the longer")
    yield Case((0 * normal(2, 2), 0 * normal(2), 1.0), "all zero")
    yield Case((normal(4, 3), normal(4), 0.01), "a small threshold")


def _norm(W, b):
    return torch.cat([W.flatten(), b]).norm()


def _scaled(W, b, threshold, norm):
    factor = torch.clamp(threshold / norm, max=1.0) if norm > 0 else 1.0
    return W * factor, b * factor


def _alone(g, threshold):
    return g * torch.clamp(threshold / g.norm(), max=1.0) if g.any() else g * 1.0


def _normalised(W, b, threshold):
    factor = threshold / _norm(W, b) if _norm(W, b) > 0 else 1.0
    return W * factor, b * factor


EXERCISE = Exercise(
    id="8.1",
    title="All together",
    solution=clip_together,
    cases=_cases,
    hints=(
        "How long is the vector that holds the entries of W and b, one after the other?",
        "Its squared length is the sum of the squares of all entries, or of the two squared norms.",
        "Multiply both by threshold / norm if norm > threshold, and by 1 otherwise.",
    ),
    analysis="torch.nn.utils.clip_grad_norm_ does the same in place, divides by norm + 1e-6, and returns the norm. One "
    "factor for all keeps the direction of the step in the space of all parameters; a factor for each tensor would "
    "turn it.",
    mistakes=(
        Mistake(
            "each on its own",
            lambda W, b, threshold: (_alone(W, threshold), _alone(b, threshold)),
            "You clipped each tensor by its own norm. The norm is that of both together.",
        ),
        Mistake(
            "value by value",
            lambda W, b, threshold: (W.clamp(-threshold, threshold), b.clamp(-threshold, threshold)),
            "You cut each value. That turns the gradient; clipping by norm multiplies all of it by one factor.",
        ),
        Mistake(
            "always rescaled",
            _normalised,
            "You made a short gradient longer. What is below the threshold stays as it is.",
        ),
        Mistake(
            "without the root",
            lambda W, b, threshold: _scaled(W, b, threshold, _norm(W, b).square()),
            "You divided by the sum of the squares. The norm is its root.",
        ),
        Mistake(
            "norms added",
            lambda W, b, threshold: _scaled(W, b, threshold, W.norm() + b.norm()),
            "You added the norms of the two. It is their squares that add up.",
        ),
        Mistake(
            "the longer one",
            lambda W, b, threshold: _scaled(W, b, threshold, torch.maximum(W.norm(), b.norm())),
            "You took the longer of the two norms. The norm is that of both together.",
        ),
        Mistake(
            "the biases forgotten",
            lambda W, b, threshold: (_alone(W, threshold), b * 1.0),
            "You left the gradient by the biases out. It counts in the norm, and it is shortened with the rest.",
        ),
    ),
)
