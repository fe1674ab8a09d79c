"""Exercise 7.1: the index of a critical point."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs

from collections.abc import Iterator

import torch

from labs.exercises.drawing import rotated
from labs.exercises.exercise import Case, Exercise, Mistake


def ways_down(hessian: torch.Tensor) -> int:
    """The number of negative eigenvalues of the Hessian (n, n) at a
    critical point.

    Eigenvalues within 1e-8 of zero, measured in units of the largest
    absolute one, count as zero.
    """
    values = torch.linalg.eigvalsh(hessian)
    return int((values < -1e-8 * values.abs().max()).sum())


def _cases(generator: torch.Generator) -> Iterator[Case]:
    def diagonal(*values: float) -> torch.Tensor:
        return torch.diag(torch.tensor(values, dtype=torch.float64))

    yield Case((diagonal(-1.0, 2.0, 3.0),))
    yield Case((diagonal(-1e-12, 1.0, 2.0),), "one eigenvalue is zero up to rounding")
    yield Case((torch.tensor([[1.0, 3.0], [3.0, 1.0]], dtype=torch.float64),), "a saddle with a positive diagonal")
    yield Case((1e-10 * diagonal(-1.0, -2.0, 3.0),), "everything is small")
    yield Case((1e6 * diagonal(-1e-3, -1e-11, 1.0),), "everything is large")
    yield Case((torch.zeros(3, 3, dtype=torch.float64),), "flat ground")
    drawn = torch.rand(6, generator=generator, dtype=torch.float64) + 0.1
    yield Case((rotated((-drawn).tolist(), generator),), "a maximum")
    falling = int(torch.randint(2, 9, (), generator=generator))
    drawn = torch.rand(10, generator=generator, dtype=torch.float64) + 0.1
    signs = torch.where(torch.arange(10) < falling, -1.0, 1.0).double()
    yield Case((rotated((drawn * signs).tolist(), generator),), "in axes of its own")


def _values(hessian):
    return torch.linalg.eigvalsh(hessian)


EXERCISE = Exercise(
    id="7.1",
    title="How many ways down?",
    solution=ways_down,
    cases=_cases,
    hints=(
        "torch.linalg.eigvalsh(hessian) has the eigenvalues of a symmetric matrix.",
        "What counts as zero depends on the largest absolute eigenvalue: compare with −1e-8 times that.",
        "int((values < -1e-8 * values.abs().max()).sum()) counts them.",
    ),
    analysis="The signs on the diagonal say nothing: a matrix with a positive diagonal can have a way down between its "
    "axes. And an eigensolver errs by about 1e-16 times the largest eigenvalue, so a sign alone is not to be trusted.",
    mistakes=(
        Mistake(
            "the diagonal",
            lambda hessian: int((hessian.diagonal() < 0).sum()),
            "You counted on the diagonal. A way down may lie between the axes: the eigenvalues tell.",
        ),
        Mistake(
            "no tolerance",
            lambda hessian: int((_values(hessian) < 0).sum()),
            "An eigenvalue that is zero up to rounding can have either sign: allow for a tolerance.",
        ),
        Mistake(
            "an absolute tolerance",
            lambda hessian: int((_values(hessian) < -1e-8).sum()),
            "Your tolerance does not grow and shrink with the matrix: measure it in units of the largest eigenvalue.",
        ),
        Mistake(
            "the ways up",
            lambda hessian: int((_values(hessian) > 1e-8 * _values(hessian).abs().max()).sum()),
            "You counted the positive eigenvalues, the ways up.",
        ),
        Mistake(
            "whether there is one",
            lambda hessian: int(_values(hessian).min() < -1e-8 * _values(hessian).abs().max()),
            "You told whether there is a way down. Count them all.",
        ),
        Mistake(
            "zero counted too",
            lambda hessian: int((_values(hessian) <= 1e-8 * _values(hessian).abs().max()).sum()),
            "You counted flat directions as ways down.",
        ),
    ),
)
