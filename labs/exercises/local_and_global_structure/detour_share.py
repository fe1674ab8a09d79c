"""Exercise 11.2: what share of a way a straight walk would have saved."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.exercise import Case, Exercise, Mistake


def detour_share(points: torch.Tensor) -> float:
    """The share of the length of a way, through the points (T, P), T ≥ 2,
    that a straight walk from the first to the last would have saved.

    0 for a straight way, near 1 for one that comes back to where it
    began; 0 where nothing has moved.
    """
    walked = (points[1:] - points[:-1]).norm(dim=1).sum()
    distance = (points[-1] - points[0]).norm()
    return float(1 - distance / walked) if walked > 0 else 0.0


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def case(rows: list, note: str = "") -> Case:
        return Case((torch.tensor(rows, dtype=torch.float64),), note)

    yield case([[0, 0], [3, 0], [3, 4]], "seven long, where five would have done")
    yield case([[1.0, 1], [2, 1], [1, 1], [4, 1]], "back and forth on one line")
    yield case([[0.0, 0], [1, 2], [0, 0]], "it ends where it began")
    yield case([[1.0, 2, 3], [1, 2, 3]], "nothing has moved")
    yield case([[0.0, 1], [-2, 1]], "a single step")
    steps = torch.randn(40, 6, generator=generator, dtype=torch.float64) + 0.4
    yield Case((steps.cumsum(0),), "a way of 39 steps")
    yield Case((1e-3 * steps.cumsum(0) + 5,), "the same way, a thousand times shorter, far from the origin")


def _walked(points):
    return (points[1:] - points[:-1]).norm(dim=1).sum()


def _distance(points):
    return (points[-1] - points[0]).norm()


EXERCISE = Exercise(
    id="11.2",
    title="What share was detour?",
    solution=detour_share,
    cases=_cases,
    hints=(
        "The length of the way is the sum of the lengths of its steps.",
        "The straight walk is as long as the distance from the first to the last point. What share of the way is that?",
        "1 − distance / length. Where the length is 0, return 0.",
    ),
    analysis="With noise this share says little about the landscape: a run that trembles on the spot has a share near "
    "1 and has lost nothing by it. It is the share without noise, all data in every step, that tells about the way.",
    mistakes=(
        Mistake(
            "the other share",
            lambda points: float(_distance(points) / _walked(points)),
            "You returned the share that is not saved: take 1 less that.",
        ),
        Mistake(
            "compared with the distance",
            lambda points: float(_walked(points) / _distance(points) - 1),
            "You compared the detour with the distance; the share asked for is one of the length of the way.",
        ),
        Mistake(
            "squares",
            lambda points: float(1 - _distance(points) ** 2 / (points[1:] - points[:-1]).square().sum()),
            "You added up squared lengths: take the length of each step first, then add.",
        ),
        Mistake(
            "from the origin",
            lambda points: float(1 - points[-1].norm() / _walked(points)),
            "You measured the last point's distance from the origin; the way begins at the first point.",
        ),
        Mistake(
            "the saved length",
            lambda points: float(_walked(points) - _distance(points)),
            "You returned the length that would have been saved, not its share of the way.",
        ),
    ),
)
