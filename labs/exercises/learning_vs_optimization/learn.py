"""Exercise 1.5: an open question, judged by the true error."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.data import LinearRegression
from labs.exercises.exercise import Case, Exercise, Mistake


def learn(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Weights w (p,) for predicting y by x @ w, from noisy examples x (m, p), y (m,), with a small TRUE error.

    Least squares would have the smallest training error. Do better than that where it counts.
    """
    kept = len(y) * 4 // 5
    train_x, train_y, held_x, held_y = x[:kept], y[:kept], x[kept:], y[kept:]
    w = best = torch.zeros_like(x[0])
    lowest = held_y.square().mean()
    rate = len(train_y) / torch.linalg.matrix_norm(train_x, 2) ** 2
    for _ in range(500):
        w = w - rate * train_x.mT @ (train_x @ w - train_y) / len(train_y)
        error = (held_x @ w - held_y).square().mean()
        if error < lowest:
            lowest, best = error, w
    return best


NOISE = {170: 0.6, 180: 0.5}  # number of features -> standard deviation of the noise


def _cases(generator: torch.Generator) -> Iterator[Case]:
    for p, sd in NOISE.items():
        x, y = LinearRegression(num_features=p, noise_sd=sd).sample(200, generator)
        yield Case((x, y), f"200 examples, {p} features, noise of standard deviation {sd:g}")


def _judge(result, arguments) -> str:
    x, y = arguments
    if not isinstance(result, torch.Tensor) or result.shape != x.shape[1:]:
        return f"Return the weights, a tensor of shape {tuple(x.shape[1:])}."
    population = LinearRegression(num_features=x.shape[1], noise_sd=NOISE[x.shape[1]])
    least_squares = population.risk(torch.linalg.lstsq(x, y).solution).item()
    mine, noise = population.risk(result.detach()).item(), population.noise_sd**2
    if not mine - noise < 0.85:
        return (
            f"The true error is {mine - noise:.3g} above the noise, and it may be 0.85; least squares is "
            f"{least_squares - noise:.3g} above it, predicting 0 exactly 1. What does the last step of an exact fit "
            "learn?"
        )
    return ""


EXERCISE = Exercise(
    id="1.5",
    title="Beyond: worse on paper, better in truth",
    solution=learn,
    cases=_cases,
    hints=(
        "There is no single right answer. Whatever keeps w from following the noise will do: stopping descent early, a "
        "penalty on ‖w‖², or fewer directions.",
        "Hold back a fifth of the examples, run gradient descent on the rest from w = 0, and keep the w that is best "
        "on those held back.",
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
        Mistake("predictions instead of weights", lambda x, y: 0 * y, "Return the weights"),
        Mistake("nothing learned", lambda x, y: 0 * x[0], "predicting 0 exactly 1"),
        Mistake("far too large", lambda x, y: 0 * x[0] + 30.0, "What does the last step of an exact fit learn?"),
    ),
    judge=_judge,
)
