"""Exercise 2.5: an open question, judged by the true risk."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs, disable-error-code="arg-type"

from collections.abc import Iterator

import numpy as np
import torch

from labs import data
from labs.exercises.exercise import Case, Exercise, Mistake
from labs.exercises.reading import Refused, read


def choose_degrees(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """For each of R samples, x (R, m) and y (R, m), the degree from 0 to
    12 of the polynomial that is to be fitted.

    The polynomial is then fitted by least squares to all m points of the
    sample, and judged by its TRUE risk. Returns whole numbers, shape
    (R,). data.legendre_features(x, degree) gives well-conditioned
    columns.
    """
    m, num_folds = x.shape[1], 5
    fold = torch.arange(m) % num_folds
    scores = []
    for degree in range(min(12, m - m // num_folds - 2) + 1):
        columns, error = data.legendre_features(x, degree), 0
        for k in range(num_folds):
            kept, held = fold != k, fold == k
            fit = torch.linalg.lstsq(columns[:, kept], y[:, kept, None]).solution
            error = error + (columns[:, held] @ fit - y[:, held, None]).square().sum((1, 2))
        scores.append(error)
    return torch.stack(scores).argmin(0)


NUM_SAMPLES, HIGHEST, ALLOWED = 100, 12, 4.0
# Number of points, degrees that the truth may have: no degree does for both experiments of a size.
EXPERIMENTS = ((40, (2,)), (40, (8, 9)), (100, (2,)), (100, (10, 11)))


def _cases(generator: torch.Generator) -> Iterator[Case]:
    for which in torch.randperm(len(EXPERIMENTS), generator=generator):
        m, degrees = EXPERIMENTS[which]
        degree = degrees[int(torch.randint(len(degrees), (), generator=generator))]
        truth = torch.zeros(HIGHEST + 1, dtype=torch.float64)
        sizes = 0.4 + 0.6 * torch.rand(degree + 1, generator=generator, dtype=torch.float64)
        truth[: degree + 1] = sizes * (2.0 * torch.randint(2, (degree + 1,), generator=generator) - 1)
        x = 2 * torch.rand(NUM_SAMPLES, m, generator=generator, dtype=torch.float64) - 1
        noise = 0.1 * torch.randn(NUM_SAMPLES, m, generator=generator, dtype=torch.float64)
        yield Case((x, _polynomial(x, truth) + noise), f"there are {m} points in a sample", truth)


def _polynomial(x: torch.Tensor, coefficients: torch.Tensor) -> torch.Tensor:
    return data.legendre_features(x, HIGHEST) @ coefficients


def _excess(x: torch.Tensor, y: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """True risk above the noise of least squares of each degree from 0 to 12: (R, 13).

    The columns of a lower degree are the first of those of a higher one, so one factorisation serves all.
    """
    nodes, weights = (torch.as_tensor(values) for values in np.polynomial.legendre.leggauss(64))
    Q, triangle = torch.linalg.qr(data.legendre_features(x, HIGHEST))
    projected = Q.mT @ y.unsqueeze(-1)
    errors = []
    for degree in range(HIGHEST + 1):
        size = degree + 1
        fit = torch.linalg.solve_triangular(triangle[:, :size, :size], projected[:, :size], upper=True)
        values = data.legendre_features(nodes, degree) @ fit
        errors.append(0.5 * (weights * (values[..., 0] - _polynomial(nodes, truth)).square()).sum(-1))
    return torch.stack(errors, 1)


def _judge(result, case) -> str:
    x, y = case.arguments
    wanted = f"Return one whole number for each sample, a tensor of shape {tuple(x.shape[:1])}."
    if result is None:
        raise Refused("Your function returned None; is the return statement missing?")
    degrees = read(result).values
    if degrees.shape != x.shape[:1] or (degrees != np.trunc(degrees)).any():
        raise Refused(wanted)
    if degrees.min() < 0 or degrees.max() > HIGHEST:
        lowest, highest = int(degrees.min()), int(degrees.max())
        return f"Degrees from 0 to {HIGHEST} are allowed; yours reach from {lowest} to {highest}."
    excess = _excess(x, y, case.truth)
    mine = excess[torch.arange(len(x)), torch.from_numpy(degrees).long()].median().item()
    fixed = excess.median(0).values
    if mine <= ALLOWED * fixed.min().item():
        return ""
    return (
        f"With your degrees the true risk lies {mine:.3g} above the noise, in the median over the samples. Degree "
        f"{int(fixed.argmin())} for all would come to {fixed.min().item():.3g}, and four times that is allowed. What "
        "do points tell that had no part in the fit?"
    )


def _least_training_error(x, y):
    errors = []
    for degree in range(HIGHEST + 1):
        columns = data.legendre_features(x, degree)
        fit = torch.linalg.lstsq(columns, y.unsqueeze(-1)).solution
        errors.append((columns @ fit - y.unsqueeze(-1)).square().mean((1, 2)))
    return torch.stack(errors).argmin(0)


EXERCISE = Exercise(
    id="2.5",
    title="Beyond: choose the capacity",
    solution=choose_degrees,
    cases=_cases,
    hints=(
        "There is no single right answer. The training error always prefers the highest degree. You need points that "
        "the fit has not seen, and you may make some.",
        "Hold back a fifth of the points, fit each degree to the rest, score it on those held back. One such score is "
        "noisy, and a fifth of 40 points is eight.",
        "Let each fifth be held back in turn and add up the five scores: cross-validation. torch.linalg.lstsq fits all "
        "samples at once, and degrees that the remaining points do not determine are out.",
    ),
    analysis="Cross-validation estimates the true risk of each candidate by errors on unseen points, every point once. "
    "Its choice is a choice again, so the winner's score is a little too good, but it is one among 13 and not from a "
    "continuum. Penalties that count parameters, such as Akaike's corrected criterion, do as well here, where the "
    "noise is Gaussian.",
    mistakes=(
        Mistake(
            "least training error",
            _least_training_error,
            "You chose by the training error, which always prefers the highest degree.",
        ),
        Mistake(
            "always a cubic",
            lambda x, y: torch.full(x.shape[:1], 3),
            "You gave every sample degree 3. The truth is not always as simple, nor always as complicated.",
        ),
        Mistake(
            "one number for all", lambda x, y: 3, "Return one whole number for each sample, a tensor of shape (100,)."
        ),
        Mistake(
            "as many parameters as points",
            lambda x, y: torch.full(x.shape[:1], x.shape[1] - 1),
            "A polynomial of degree m − 1 passes through all m points, noise included.",
        ),
    ),
    judge=_judge,
)
