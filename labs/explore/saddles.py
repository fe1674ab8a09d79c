"""The saddle explorer: guess where Newton's method ends, then see it beside descent and the saddle-free method."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from labs import figures, inputs, objectives
from labs.critical_points import run_newton
from labs.explore.methods import descend
from labs.explore.pictures import closed_png
from labs.explore.widget import Explorable

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from numpy import ndarray

__all__ = ["check_config", "saddles"]

KINDS_OF_POINTS = ("minimum", "saddle", "maximum")
MANY = ("minima", "saddles", "maxima")

NUM_STEPS = {"gradient_descent": 400, "newton": 60, "saddle_free_newton": 60}
"""The methods that run, and for how many steps."""

STILL = 1e-4
"""A gradient shorter than this is taken for 0."""


def saddles(
    surface: str = "four_valleys",
    start: tuple[float, float] | None = None,
    *,
    guess: str = "minimum",
    learning_rate: float = 0.05,
    title: str = "Where will Newton's method end?",
    **parameters: float,
) -> Explorable:
    """The explorable in which the reader says at what kind of point Newton's method will end before it runs.

    From the reader's start run 400 steps of gradient descent, 60 of Newton's method, −H⁻¹g, and 60 of the saddle-free
    one, −|H|⁻¹g. A map of where each method ends, from all over the plane, is shown only after a first guess.

    Args:
        surface: A name in ``labs.objectives.SURFACES``, of a surface with a saddle.
        start: Where they start; the surface's own start by default.
        guess: What the slider says at first, ``"minimum"``, ``"saddle"`` or ``"maximum"``.
        learning_rate: η of gradient descent.
        title: Above the map.
        **parameters: Of the surface.

    Raises:
        ValueError: for anything that cannot be shown, with the value and the choices.

    Example:
        >>> {kind: len(points) for kind, points in saddles().config["points"].items()}
        {'minimum': 4, 'saddle': 4, 'maximum': 1}
    """
    made = objectives.surface(surface, **parameters)
    config = {
        "surface": surface,
        "parameters": dict(made.parameters),
        "points": {"minimum": made.minima.tolist(), "saddle": made.saddles.tolist(), "maximum": made.maxima.tolist()},
        "domain": [list(ends) for ends in made.domain],
        "start": list(made.start if start is None else start),
        "guess": guess,
        "learning_rate": learning_rate,
        "title": title,
    }
    return Explorable("saddles", config, check=check_config, picture=picture, describe=describe)


def check_config(config: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` for settings that cannot be shown; ``saddles.js`` refuses the same."""
    objectives.surface(config["surface"], **config["parameters"])
    points = config["points"]
    if set(points) != set(KINDS_OF_POINTS):
        raise ValueError(f"points must be lists for minimum, saddle and maximum, got {sorted(points)}")
    for point in (*points["minimum"], *points["saddle"], *points["maximum"], config["start"]):
        _pair("a point", point)
    if not points["saddle"]:
        raise ValueError(f"there must be a saddle, {config['surface']} has none; try four_valleys or himmelblau")
    if len(config["domain"]) != 2:
        raise ValueError(f"domain must be ((low, high), (low, high)), got {config['domain']!r}")
    for ends in config["domain"]:
        _pair("domain", ends)
        if not ends[0] < ends[1]:
            raise ValueError(f"domain must be (low, high) with low < high, got {ends!r}")
    inputs.chosen("guess", config["guess"], KINDS_OF_POINTS)
    inputs.positive("learning_rate", config["learning_rate"])


def settle(config: Mapping[str, Any], method: str, start: Sequence[float]) -> tuple[Float[ndarray, "T 2"], int]:
    """The way of a method and the kind of point it ends at, a place in ``KINDS_OF_POINTS``, −1 for none."""
    surface = objectives.surface(config["surface"], **config["parameters"])
    steps = NUM_STEPS[method]
    path = descend(surface, method, start, learning_rate=config["learning_rate"], momentum=0, num_steps=steps)
    return path, int(_kinds_at(surface, torch.from_numpy(path[-1:]))[0]) if len(path) == steps + 1 else -1


def kinds(config: Mapping[str, Any], method: str, starts: Float[ndarray, "N 2"]) -> Int[ndarray, " N"]:
    """The kinds of points at which a method ends from many starts at once."""
    surface = objectives.surface(config["surface"], **config["parameters"])
    points = torch.from_numpy(np.asarray(starts, dtype=float))
    if method == "gradient_descent":
        for _ in range(NUM_STEPS[method]):
            points = points - config["learning_rate"] * surface.gradient(points)
    else:
        points = run_newton(surface, points, NUM_STEPS[method], saddle_free=method == "saddle_free_newton")[-1]
    return _kinds_at(surface, points)


def _kinds_at(surface: objectives.Surface, points: torch.Tensor) -> Int[ndarray, " N"]:
    still = surface.gradient(points).norm(dim=-1) < STILL  # false for NaN
    signs = torch.linalg.eigvalsh(surface.hessian(torch.where(still[:, None], points, 0.0))) < 0
    return torch.where(still, signs.sum(-1), -1).numpy()


def describe(config: Mapping[str, Any]) -> str:
    """One or two sentences with what the picture shows; where the methods end they leave to the reader."""
    points = config["points"]
    numbers = ", ".join(f"{len(points[kind])} {many}" for kind, many in zip(KINDS_OF_POINTS, MANY, strict=True))
    at = ", ".join(f"{value:.3g}" for value in config["start"]).replace("-", "−")
    return (
        f"Explorable: contour map of the surface {config['surface']} with its critical points named ({numbers}) and a "
        f"start at ({at}). Guess at what kind of point Newton's method will end, then run it beside gradient descent "
        "and the saddle-free method."
    )


def picture(config: Mapping[str, Any]) -> bytes:
    """The state as a PNG, for GitHub, paper, and the moment before the script runs: nothing has run yet."""
    surface = objectives.surface(config["surface"], **config["parameters"])
    fig, ax = figures.figure(height=5.0)
    (left, right), (bottom, top) = config["domain"]
    title = textwrap.fill(config["title"], 42)
    figures.contour(lambda points: surface(points), domain=((left, right), (bottom, top)), ax=ax, title=title)
    for kind, points in config["points"].items():
        for point in points:
            ax.annotate(kind[:3], point, ha="center", va="center", fontweight="bold")
    ax.plot(*config["start"], "o", color="black", markerfacecolor="white", markersize=11, markeredgewidth=2.5)
    ax.set_aspect("equal")
    return closed_png(fig)


def _pair(name: str, values: Sequence[float]) -> None:
    if len(values) != 2:
        raise ValueError(f"{name} must be two numbers, got {values!r}")
    for value in values:
        inputs.number(name, value)
