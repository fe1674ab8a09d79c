"""The basin explorer: guess in which minimum a ball comes to rest, then let it roll."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from labs import figures, inputs, objectives
from labs.explore.methods import descend
from labs.explore.pictures import closed_png
from labs.explore.widget import Explorable

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy import ndarray

__all__ = ["basins", "check_config"]

NUM_STEPS = 400
REACH = 0.05
"""A ball this close to a minimum has come to rest in it."""

MOST_MINIMA = 12


def basins(
    surface: str = "wells",
    start: tuple[float, float] | None = None,
    *,
    guess: int = 1,
    learning_rate: float = 0.05,
    momentum: float = 0.0,
    title: str = "Where will the ball end?",
    **parameters: float,
) -> Explorable:
    """The explorable in which the reader says where a ball will come to rest before it rolls.

    A ball takes 400 steps v ← βv − η∇f, θ ← θ + v. Its home is the minimum that it is then nearest to, if it is nearer
    than 0.05. The basins themselves are shown only after a first guess.

    Args:
        surface: A name in ``labs.objectives.SURFACES``, of a surface with 2 to 12 minima.
        start: Where the ball lies; the surface's own start by default.
        guess: The minimum that the slider names at first, counted from 1, the deepest.
        learning_rate: η.
        momentum: β, from 0 to below 1.
        title: Above the map.
        **parameters: Of the surface.

    Raises:
        ValueError: for anything that cannot be shown, with the value and the choices.

    Example:
        >>> len(basins("wells").config["minima"])
        7
    """
    made = objectives.surface(surface, **parameters)
    config = {
        "surface": surface,
        "parameters": dict(made.parameters),
        "minima": made.minima.tolist(),
        "domain": [list(ends) for ends in made.domain],
        "start": list(made.start if start is None else start),
        "guess": guess,
        "learning_rate": learning_rate,
        "momentum": momentum,
        "title": title,
    }
    return Explorable("basins", config, check=check_config, picture=picture, describe=describe)


def check_config(config: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` for settings that cannot be shown; ``basins.js`` refuses the same."""
    objectives.surface(config["surface"], **config["parameters"])
    minima = config["minima"]
    if not 2 <= len(minima) <= MOST_MINIMA:
        raise ValueError(f"there must be 2 to {MOST_MINIMA} minima, {config['surface']} has {len(minima)}")
    for point in (*minima, config["start"]):
        _pair("a point", point)
    if len(config["domain"]) != 2:
        raise ValueError(f"domain must be ((low, high), (low, high)), got {config['domain']!r}")
    for ends in config["domain"]:
        _pair("domain", ends)
        if not ends[0] < ends[1]:
            raise ValueError(f"domain must be (low, high) with low < high, got {ends!r}")
    if inputs.integer("guess", config["guess"]) > len(minima):
        raise ValueError(f"guess must be at most {len(minima)}, the number of minima, got {config['guess']}")
    inputs.positive("learning_rate", config["learning_rate"])
    inputs.number("momentum", config["momentum"], at_least=0, at_most=0.999)


def roll(config: Mapping[str, Any], start: Sequence[float]) -> tuple[Float[ndarray, "T 2"], int]:
    """The way of a ball and its home, the number of a minimum counted from 0, or −1."""
    surface = objectives.surface(config["surface"], **config["parameters"])
    settings = {"learning_rate": config["learning_rate"], "momentum": config["momentum"], "num_steps": NUM_STEPS}
    path = descend(surface, "momentum", start, **settings)
    return path, int(minima_at(config["minima"], path[-1:])[0])


def homes(config: Mapping[str, Any], starts: Float[ndarray, "N 2"]) -> ndarray:
    """The homes of many balls at once, ``(N,)``."""
    surface = objectives.surface(config["surface"], **config["parameters"])
    points, velocity = torch.from_numpy(np.asarray(starts, dtype=float)), torch.zeros(len(starts), 2).double()
    for _ in range(NUM_STEPS):
        velocity = config["momentum"] * velocity - config["learning_rate"] * surface.gradient(points)
        points = points + velocity
    return minima_at(config["minima"], points.numpy())


def minima_at(minima: Sequence[Sequence[float]], points: Float[ndarray, "N 2"]) -> ndarray:
    """For each point the number of the minimum at which it lies, −1 where it lies at none."""
    distances = np.linalg.norm(points[:, None] - np.asarray(minima), axis=-1)
    return np.where(np.fmin.reduce(distances, axis=1) < REACH, distances.argmin(axis=1), -1)


def describe(config: Mapping[str, Any]) -> str:
    """One or two sentences with what the picture shows; where the ball ends they leave to the reader."""
    surface = objectives.surface(config["surface"], **config["parameters"])
    values = surface(torch.tensor(config["minima"], dtype=torch.float64)).tolist()
    depths = ", ".join(f"{k + 1}: {value:.3g}" for k, value in enumerate(values)).replace("-", "−")
    at = ", ".join(f"{value:.3g}" for value in config["start"]).replace("-", "−")
    return (
        f"Explorable: contour map of the surface {config['surface']} with {len(values)} numbered minima (their losses: "
        f"{depths}) and a ball at ({at}). Guess in which of them it will come to rest, then let it roll."
    )


def picture(config: Mapping[str, Any]) -> bytes:
    """The state as a PNG, for GitHub, paper, and the moment before the script runs: the ball has not rolled yet."""
    surface = objectives.surface(config["surface"], **config["parameters"])
    fig, ax = figures.figure(height=5.0)
    (left, right), (bottom, top) = config["domain"]
    title = textwrap.fill(config["title"], 42)
    figures.contour(lambda points: surface(points), domain=((left, right), (bottom, top)), ax=ax, title=title)
    for k, point in enumerate(config["minima"]):
        ax.annotate(str(k + 1), point, ha="center", va="center", fontweight="bold")
    ax.plot(*config["start"], "o", color="black", markerfacecolor="white", markersize=11, markeredgewidth=2.5)
    ax.set_aspect("equal")
    return closed_png(fig)


def _pair(name: str, values: Sequence[float]) -> None:
    if len(values) != 2:
        raise ValueError(f"{name} must be two numbers, got {values!r}")
    for value in values:
        inputs.number(name, value)
