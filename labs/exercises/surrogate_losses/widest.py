"""Exercise 3.5: the widest margin, judged by the margin reached."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.drawing import vector
from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.reading import vector as as_vector
from labs.losses import widest_separator


def widest(z: torch.Tensor) -> torch.Tensor:
    """A vector w (d,) whose margin min z·w / ‖w‖ is at least 97 % of the
    largest possible.

    The rows of ``z`` (m, d) are the points, those of the negative
    class turned to their opposites: z = y·x. Some w has z·w > 0 for all.
    """
    w = z.mean(dim=0)
    for _ in range(20_000):
        nearest = z[(z @ w).argmin()]
        step = w - nearest
        if (gain := w @ step) <= 0.01 * (w @ w):
            break
        w = w - (gain / (step @ step)).clamp(max=1) * step  # the shortest point between w and the nearest row
    return w


ALLOWED = 0.97


def _cases(generator: torch.Generator) -> Iterator[Case]:
    for dimension, spread, note in ((2, 1.0, ""), (2, 4.0, "the cloud is elongated"), (5, 1.0, "five dimensions")):
        normal = vector(dimension, generator)
        normal = normal / normal.norm()
        x = torch.randn(400, dimension, generator=generator, dtype=torch.float64)
        x[:, 0] *= spread
        x = x[(x @ normal).abs() > 0.3][:60]
        yield Case((x * (x @ normal).sign()[:, None],), note)


def _judge(result, case) -> str:
    (z,) = case.arguments
    w = as_vector(result, z.shape[1:], "one vector")
    if not w.norm() > 0:
        return "The vector must not be 0: it has no direction."
    labels = torch.arange(2).repeat_interleave(len(z)).flip(0)
    best = widest_separator(torch.cat([z, -z]), labels).margin
    mine = ((z @ w).min() / w.norm()).item()
    if mine <= 0:
        return f"The smallest margin is {mine:.3g}: your vector does not even separate the points."
    if mine < ALLOWED * best:
        return (
            f"Your margin is {mine:.4g}, the largest possible {best:.4g}; {100 * ALLOWED:g} % of that are asked for. "
            "Which points decide about it?"
        )
    return ""


def _perceptron(z):
    w = torch.zeros_like(z[0])
    for _ in range(10_000):
        wrong = (z @ w <= 0).nonzero().flatten()
        if not len(wrong):
            break
        w = w + z[wrong[0]]
    return w


def _least_squares(z):
    return torch.linalg.lstsq(z, torch.ones_like(z[:, :1])).solution[:, 0]


def _descent(z):
    w = torch.zeros_like(z[0])
    for _ in range(2000):
        w = w + torch.sigmoid(-(z @ w)) @ z / len(z)
    return w


EXERCISE = Exercise(
    id="3.5",
    title="The widest street",
    solution=widest,
    cases=_cases,
    hints=(
        "Any method may be used. Descent on the logistic loss turns to the right direction, but as slowly as the "
        "logarithm of time. What made it faster in this chapter?",
        "Divide each step by the loss, or, what comes to the same in the end, weigh the rows by softmax(−z·w): only "
        "the rows with the smallest margins count. That takes some ten thousand steps.",
        "Or geometry: the widest direction is the shortest vector in the convex hull of the rows. Begin with any point "
        "w of the hull, find the row with the smallest z·w, go to the shortest point on the way there, repeat.",
    ),
    analysis="The solution looks at one row a step, the one with the smallest margin: it finds the point of the convex "
    "hull nearest to the origin (Gilbert 1966). Only the few rows that carry this point matter, the support vectors. "
    "The logistic loss comes to the same rows, because a row whose margin is larger by δ has e^(−δ‖w‖) of the weight.",
    mistakes=(
        Mistake(
            "the mean of the points",
            lambda z: z.mean(dim=0),
            "This is the mean of all points. The widest margin is decided by the few nearest to the line alone.",
        ),
        Mistake(
            "the perceptron",
            _perceptron,
            "The perceptron stops at the first w that separates the points. Some other w keeps more distance.",
        ),
        Mistake(
            "plain descent",
            _descent,
            "Plain descent on the logistic loss is on its way, but its direction settles as slowly as 1/log t. Make "
            "the steps longer as the loss falls.",
        ),
        Mistake(
            "a margin instead of a vector",
            lambda z: (z @ z.mean(dim=0)).min(),
            "That is a margin. Asked is the vector w that has it.",
        ),
        Mistake("least squares", _least_squares, "Least squares minds every point, the far ones most of all."),
    ),
    judge=_judge,
)
