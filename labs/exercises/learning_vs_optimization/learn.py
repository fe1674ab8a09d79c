"""Exercise 1.5: an open question, judged by the true error."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.drawing import vector
from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.reading import vector as as_vector


def learn(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Weights w (p,) for predicting y by x @ w, with a small TRUE error.

    The examples x (m, p), y (m,) are noisy. Least squares would have the
    smallest training error. Do better than that where it counts: the
    true mean squared error may exceed that of the noise by 0.9, where
    predicting 0 exceeds it by 1.
    """
    total = torch.zeros_like(x[0])
    for fifth in range(5):  # each is held back once, and the five w averaged
        held = torch.arange(len(y), device=y.device) % 5 == fifth
        train_x, train_y = x[~held], y[~held]
        w = best = torch.zeros_like(x[0])
        lowest = y[held].square().mean()
        rate = len(train_y) / torch.linalg.matrix_norm(train_x, 2) ** 2
        for _ in range(200):
            w = w - rate * train_x.mT @ (train_x @ w - train_y) / len(train_y)
            error = (x[held] @ w - y[held]).square().mean()
            if error < lowest:
                lowest, best = error, w
        total = total + best
    return total / 5


ALLOWED = 0.9


def _cases(generator: torch.Generator) -> Iterator[Case]:
    for p, sd in ((170, 0.6), (180, 0.5)):
        w = vector(p, generator)  # of another direction each time, so that no weights can be learned by heart
        w = w / w.norm()
        x = torch.randn(200, p, generator=generator, dtype=torch.float64)
        note = f"200 examples, {p} features, noise of standard deviation {sd:g}"
        yield Case((x, x @ w + sd * vector(200, generator)), note, truth=w)


def _judge(result, case) -> str:
    x, y = case.arguments
    w = as_vector(result, x.shape[1:], "the weights")
    # The inputs have covariance I, so the true error exceeds the noise by ‖w − w_true‖².
    mine, least_squares = ((one - case.truth).square().sum().item() for one in (w, torch.linalg.lstsq(x, y).solution))
    if mine <= ALLOWED:
        return ""
    return (
        f"The true error is {mine:.3g} above the noise, and it may be {ALLOWED:g}; least squares is "
        f"{least_squares:.3g} above it, predicting 0 exactly 1. What does the last step of an exact fit learn?"
    )


EXERCISE = Exercise(
    id="1.5",
    title="Beyond: worse on paper, better in truth",
    solution=learn,
    cases=_cases,
    hints=(
        "There is no single right answer. Whatever keeps w from following the noise will do: stopping descent early, a "
        "penalty on ‖w‖², or fewer directions.",
        "Hold back a fifth of the examples, run gradient descent on the rest from w = 0, and keep the w that is best "
        "on those held back. Do that for each fifth, and average the five.",
        "Or ridge regression: solve (xᵀx + αI) w = xᵀy. An α of the size of p times the noise variance, over ‖w‖², is "
        "the best one on average; the held-out examples can pick it.",
    ),
    analysis="With 200 examples and 180 features, least squares fits nine tenths of the noise. Stopping early leaves "
    "the directions in which the data say little where they started, at zero. What that costs in J is won back in J*, "
    "and more. Chapter 3 shows how nearly this is a penalty on ‖w‖².",
    mistakes=(
        Mistake(
            "least squares",
            lambda x, y: torch.linalg.lstsq(x, y).solution,
            "What does the last step of an exact fit learn?",
        ),
        Mistake(
            "descent to the very end",
            lambda x, y: torch.linalg.solve(x.mT @ x + 1e-6 * torch.eye(x.shape[1], dtype=x.dtype), x.mT @ y),
            "What does the last step of an exact fit learn?",
        ),
        Mistake(
            "predictions instead of weights",
            lambda x, y: 0 * y,
            "These are predictions, one for each example. The weights are one for each feature.",
        ),
        Mistake("nothing learned", lambda x, y: 0 * x[0], "You return 0, which has learned nothing."),
        Mistake("far too large", lambda x, y: 0 * x[0] + 30.0, "What does the last step of an exact fit learn?"),
    ),
    judge=_judge,
)
