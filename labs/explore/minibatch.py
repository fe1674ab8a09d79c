"""The minibatch explorer: batch size and learning rate on the contour map of a regression."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from labs import figures, inputs
from labs.explore.pictures import closed_png
from labs.explore.sampling import LeastSquares, minibatch_path
from labs.explore.widget import Explorable

if TYPE_CHECKING:
    from numpy import ndarray
    from numpy.typing import ArrayLike

__all__ = ["check_config", "minibatch"]

MAX_PASSES = 20


def minibatch(
    x: ArrayLike,
    y: ArrayLike,
    *,
    start: Sequence[float] = (0.0, 0.0),
    batch_size: int = 8,
    learning_rate: float = 0.1,
    num_passes: int = 10,
    seed: int = 1,
    domain: Sequence[Sequence[float]] | None = None,
    title: str = "Batch size and learning rate",
) -> Explorable:
    """The explorable in which minibatch and full-batch descent see the same number of examples, from one start.

    J(θ) = mean of ½(θ·x − y)². Each pass takes the examples in a new random order.

    Args:
        x: Inputs with two features, ``(N, 2)``.
        y: Targets, ``(N,)``.
        start: θ at step 0.
        batch_size: B, from 1 to N.
        learning_rate: η.
        num_passes: Passes over the data, at most 20.
        seed: Of the order of the examples.
        domain: ((low, high), (low, high)) of the map; the start and the minimum with room around them by default.
        title: Above the map.

    Raises:
        ValueError: for anything that cannot be shown.
    """
    x, y = (np.asarray(values, dtype=float).round(4) for values in (x, y))
    config: dict[str, Any] = {
        "x": x.tolist(),
        "y": y.tolist(),
        "start": [round(float(value), 4) for value in start],
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "num_passes": num_passes,
        "seed": seed,
        "domain": [[0.0, 1.0], [0.0, 1.0]] if domain is None else [[float(end) for end in ends] for ends in domain],
        "title": title,
    }
    check_config(config)
    if domain is None:
        config["domain"] = _around(np.array([config["start"], LeastSquares(x, y).minimum]))
    return Explorable("minibatch", config, check=check_config, picture=picture, describe=describe)


def _around(points: ndarray) -> list[list[float]]:
    """A square about the points, half as wide again as their distance."""
    middle, half = points.mean(axis=0), max(0.75 * float(np.ptp(points, axis=0).max()), 0.5)
    return [[round(float(m) - half, 2), round(float(m) + half, 2)] for m in middle]


def check_config(config: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` for settings that cannot be shown; ``minibatch.js`` refuses the same."""
    x, y = np.asarray(config["x"], dtype=float), np.asarray(config["y"], dtype=float)
    if y.ndim != 1 or len(y) < 3 or x.shape != (len(y), 2):
        raise ValueError(f"x must be (N, 2) and y (N,) with N of at least 3, got {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("x and y must hold finite numbers only")
    (a, b), (_, c) = x.T @ x / len(y)
    if not a * c - b * b > 1e-9 * a * c:
        raise ValueError("the two features are multiples of each other: there is no single minimum")
    if len(config["start"]) != 2:
        raise ValueError(f"start must be two numbers, got {config['start']!r}")
    for value in config["start"]:
        inputs.number("start", value)
    if inputs.integer("batch_size", config["batch_size"]) > len(y):
        raise ValueError(f"batch_size must be at most {len(y)}, the number of examples, got {config['batch_size']}")
    inputs.positive("learning_rate", config["learning_rate"])
    if inputs.integer("num_passes", config["num_passes"]) > MAX_PASSES:
        raise ValueError(f"num_passes must be at most {MAX_PASSES}, got {config['num_passes']}")
    inputs.integer("seed", config["seed"], at_least=0)
    if len(config["domain"]) != 2 or not all(len(ends) == 2 and ends[0] < ends[1] for ends in config["domain"]):
        raise ValueError(f"domain must be ((low, high), (low, high)), got {config['domain']!r}")


def runs(config: Mapping[str, Any]) -> dict[str, tuple[ndarray, ndarray]]:
    """The path of the full batch and that of the minibatches, with the examples seen at each point."""
    problem = LeastSquares(config["x"], config["y"])
    settings = {key: config[key] for key in ("learning_rate", "num_passes", "seed")}
    batch_size = config["batch_size"]
    return {
        "full batch": minibatch_path(problem, config["start"], batch_size=len(problem.y), **settings),
        f"B = {batch_size}": minibatch_path(problem, config["start"], batch_size=batch_size, **settings),
    }


def describe(config: Mapping[str, Any]) -> str:
    """One or two sentences with what the picture shows."""
    problem, count = LeastSquares(config["x"], config["y"]), len(config["y"])
    before, ends = float(problem.excess(config["start"])), []
    for path, seen in runs(config).values():
        end = float(problem.excess(path[-1])) if seen[-1] == count * config["num_passes"] else np.inf
        word = "leaves" if end <= before else "rises to"
        ends.append(f"{word} {end:.3g}" if end < np.inf else "diverges")
    full, mini = ends
    length = float(np.linalg.norm(problem.moments(config["start"])[0]))
    error = problem.standard_error(config["start"], config["batch_size"])
    text = (
        f"Explorable: contour map of a regression on {count} examples with the paths of batch size "
        f"{config['batch_size']} and of the full batch at learning rate {config['learning_rate']:.3g}. After "
        f"{config['num_passes']} passes the first {mini}, the second {full} above the minimum. At the start the "
        f"gradient has length {length:.3g} and that of a batch a standard error of {error:.3g}."
    )
    return re.sub(r"-(?=\d)", "−", text)


def picture(config: Mapping[str, Any]) -> bytes:
    """The state as a PNG, for GitHub, paper, and the moment before the script runs."""
    problem, found = LeastSquares(config["x"], config["y"]), runs(config)
    roles = dict(zip(found, ("gradient_descent", "minibatch"), strict=True))
    across, up = (tuple(ends) for ends in config["domain"])
    fig, (above, below) = figures.figure(2, height=6.4, height_ratios=(3, 2))
    figures.contour(
        problem, {name: path for name, (path, _) in found.items()}, roles=roles, ax=above,
        domain=(across, up), title=textwrap.fill(config["title"], 42),
    )  # fmt: skip
    for name, (path, seen) in found.items():
        style = figures.style.look(name, roles, 0)
        below.step(np.maximum(seen, 1), np.maximum(problem.excess(path), 1e-12), where="post", **style)
    below.set(xscale="log", yscale="log", xlabel="examples seen", ylabel="J − min J")
    return closed_png(fig)
