"""Exercise 2.5: an open question, judged by the true risk."""

# The stub names no type that its notebook lacks.
# mypy: allow-untyped-defs, allow-incomplete-defs, disable-error-code="arg-type"

from collections.abc import Iterator

import numpy as np
import torch

from labs import data
from labs.exercises.exercise import Case, Exercise, Mistake


def choose_degrees(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """For each of R samples, x (R, m) and y (R, m), the degree from 0 to 12 of the polynomial that is to be fitted.

    The polynomial is then fitted by least squares to all m points of the sample, and judged by its TRUE risk.
    Returns whole numbers, shape (R,). data.legendre_features(x, degree) gives well-conditioned columns.
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


NUM_SAMPLES, HIGHEST, ALLOWED = 200, 12, 2.0
NOISE = {15: 0.3, 80: 0.02}  # number of points -> standard deviation of the noise


def _cases(generator: torch.Generator) -> Iterator[Case]:
    for m, sd in NOISE.items():
        x, y = data.NoisyCurve(noise_sd=sd).sample(m, generator, num_runs=NUM_SAMPLES)
        yield Case((x[..., 0], y), f"there are {m} points in a sample, with noise of standard deviation {sd:g}")


def _excess(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """True risk above the noise of least squares of each degree from 0 to 12: (R, 13)."""
    nodes, weights = (torch.as_tensor(values) for values in np.polynomial.legendre.leggauss(64))
    errors = []
    for degree in range(HIGHEST + 1):
        fit = torch.linalg.lstsq(data.legendre_features(x, degree), y.unsqueeze(-1)).solution
        values = data.legendre_features(nodes, degree) @ fit
        errors.append(0.5 * (weights * (values[..., 0] - data.NoisyCurve.mean(nodes)).square()).sum(-1))
    return torch.stack(errors, 1)


def _judge(result, arguments) -> str:
    x, y = arguments
    whole = isinstance(result, torch.Tensor) and not result.is_floating_point() and not result.is_complex()
    if not whole or result.shape != x.shape[:1]:
        return f"Return one whole number for each sample, a tensor of shape {tuple(x.shape[:1])}."
    if result.min() < 0 or result.max() > HIGHEST:
        return f"Degrees from 0 to {HIGHEST} are allowed; yours reach from {result.min()} to {result.max()}."
    excess = _excess(x, y)
    mine = excess[torch.arange(len(x)), result.long()].median().item()
    fixed = excess.median(0).values
    if not mine <= ALLOWED * fixed.min().item():
        return (
            f"With your degrees the true risk lies {mine:.3g} above the noise, in the median over the samples. Degree "
            f"{int(fixed.argmin())} for all of them would come to {fixed.min().item():.3g}, and twice that is allowed. "
            "What do points tell that had no part in the fit?"
        )
    return ""


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
        "noisy, and a fifth of 15 points is three.",
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
            "What do points tell that had no part in the fit?",
        ),
        Mistake(
            "always a cubic",
            lambda x, y: torch.full(x.shape[:1], 3),
            "What do points tell that had no part in the fit?",
        ),
        Mistake("one number for all", lambda x, y: 3, "Return one whole number for each sample"),
        Mistake(
            "as many parameters as points",
            lambda x, y: torch.full(x.shape[:1], x.shape[1] - 1),
            "Degrees from 0 to 12 are allowed",
        ),
    ),
    judge=_judge,
)
