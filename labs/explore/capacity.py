"""The capacity explorer: polynomials fitted to samples that were really drawn, their training error and true risk."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from labs import figures, inputs
from labs.explore.pictures import closed_png
from labs.explore.widget import Explorable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["capacity", "check_config"]

LEAST_SIZE = 8
NUM_NODES = 64


def capacity(
    samples: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    noise_sd: float,
    size: int = 20,
    degree: int = 9,
    sample: int = 0,
    max_degree: int = 20,
    title: str = "Sample size and capacity",
) -> Explorable:
    """The explorable in which the reader fits polynomials to samples of ``labs.data.NoisyCurve``.

    The true risk is σ² + ½∫(fit(x) − sin πx)² dx, by Gauss–Legendre quadrature with 64 nodes: exact to rounding for
    every degree on offer.

    Args:
        samples: Pairs (x, y), ``(M,)`` each, all of one size M; the sample size m takes the first m of them.
        noise_sd: σ of the population that they were drawn from.
        size: m at first, from 8 to M.
        degree: Of the polynomial at first.
        sample: Number of the sample that is shown first.
        max_degree: The highest degree on offer, at most 30.
        title: Above the plots.

    Raises:
        ValueError: for samples of different sizes, values that are not finite, settings out of range.
    """
    nodes, weights = np.polynomial.legendre.leggauss(NUM_NODES)
    config = {
        "samples": [{"x": _rounded(x), "y": _rounded(y)} for x, y in samples],
        "nodes": nodes.tolist(),
        "weights": weights.tolist(),
        "noise_sd": noise_sd,
        "max_degree": max_degree,
        "size": size,
        "degree": degree,
        "sample": sample,
        "title": title,
    }
    return Explorable("capacity", config, check=check_config, picture=picture, describe=describe)


def check_config(config: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` for settings that cannot be shown; ``capacity.js`` refuses the same."""
    samples, nodes, weights = config["samples"], config["nodes"], config["weights"]
    if not samples:
        raise ValueError("samples is empty; give one pair (x, y) or more")
    most = len(samples[0]["x"])
    for k, drawn in enumerate(samples):
        if {len(drawn["x"]), len(drawn["y"])} != {most} or not all(map(math.isfinite, [*drawn["x"], *drawn["y"]])):
            raise ValueError(f"sample {k} must have {most} finite values of x and of y, as the first one has")
    if not nodes or len(nodes) != len(weights) or not all(map(math.isfinite, [*nodes, *weights])):
        raise ValueError(f"each node needs its weight, got {len(nodes)} nodes and {len(weights)} weights")
    inputs.number("noise_sd", config["noise_sd"], at_least=0)
    for name, low, high in (
        ("max_degree", 1, 30),
        ("size", LEAST_SIZE, most),
        ("degree", 0, config["max_degree"]),
        ("sample", 0, len(samples) - 1),
    ):
        if inputs.integer(name, config[name], at_least=low) > high:
            raise ValueError(f"{name} must be at most {high}, got {config[name]}")


def fits(config: Mapping[str, Any]) -> list[tuple[np.ndarray, float, float]]:
    """Coefficients, training error and true risk of each degree that the shown sample determines."""
    drawn, size = config["samples"][config["sample"]], config["size"]
    x, y = (np.asarray(drawn[axis][:size]) for axis in "xy")
    found = []
    for degree in range(min(config["max_degree"], size - 1) + 1):
        basis = np.polynomial.legendre.legvander(x, degree)
        coefficients = np.linalg.lstsq(basis, y, rcond=None)[0]
        found.append((coefficients, float(np.mean((basis @ coefficients - y) ** 2)), true_risk(coefficients, config)))
    return found


def true_risk(coefficients: np.ndarray, config: Mapping[str, Any]) -> float:
    """σ² + ½∫(p(x) − sin πx)² dx of the polynomial p with these coefficients in Legendre's basis."""
    nodes = np.asarray(config["nodes"])
    error = np.polynomial.legendre.legval(nodes, coefficients) - np.sin(np.pi * nodes)
    return config["noise_sd"] ** 2 + 0.5 * float(np.asarray(config["weights"]) @ error**2)


def describe(config: Mapping[str, Any]) -> str:
    """One or two sentences with what the picture shows."""
    found = fits(config)
    shown = min(config["degree"], len(found) - 1)
    best = min(range(len(found)), key=lambda degree: found[degree][2])
    return (
        f"Explorable: a polynomial of degree {shown} fitted to {config['size']} points, and training error and true "
        f"risk of all degrees. Degree {shown} errs by {found[shown][1]:.3g} on the points and by {found[shown][2]:.3g} "
        f"in truth; the best degree is {best}, with {found[best][2]:.3g}."
    )


def picture(config: Mapping[str, Any]) -> bytes:
    """The state as a PNG, for GitHub, paper, and the moment before the script runs."""
    found, drawn, size = fits(config), config["samples"][config["sample"]], config["size"]
    shown, grid = min(config["degree"], len(found) - 1), np.linspace(-1, 1, 400)
    fig, (above, below) = figures.figure(2, height=5.6)
    curves = {"truth": np.sin(np.pi * grid), "fit": np.polynomial.legendre.legval(grid, found[shown][0])}
    roles = {"truth": "test", "fit": "train"}
    figures.lines(
        grid, curves, roles=roles, ax=above, ylim=(-2.2, 2.2), xlabel="x", ylabel="y",
        title=f"{config['title']}: degree {shown}, {size} points", labels=False,
    )  # fmt: skip
    above.plot(drawn["x"][:size], drawn["y"][:size], ".", color="black", label="sample")
    above.legend(loc="lower right", ncols=3)
    floor = config["noise_sd"] ** 2
    lowest = max(floor, 1e-3) / 30
    errors = {
        "training error": [max(error, 1e-12) for _, error, _ in found],
        "true risk": [risk for *_, risk in found],
    }
    figures.lines(
        range(len(found)), errors, roles={"training error": "train", "true risk": "test"}, ax=below, yscale="log",
        ylim=(lowest, 30), xlabel="degree of the polynomial", ylabel="mean squared error", labels=False,
    )  # fmt: skip
    below.legend(loc="upper left")
    below.axvline(shown, color=figures.COLORS["reference"])
    below.axhline(floor, color=figures.COLORS["reference"], linestyle=":")
    return closed_png(fig)


def _rounded(values: ArrayLike) -> list[float]:
    """Values short enough to be written into a page; both languages compute from these."""
    return [round(float(value), 5) for value in np.asarray(values.cpu() if hasattr(values, "cpu") else values).ravel()]
