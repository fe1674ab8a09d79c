"""The mountain explorer: guess whether a descent arrives at the only minimum or drifts away, then see it come down."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from labs import figures, inputs, objectives
from labs.explore.methods import FAR, descend
from labs.explore.pictures import closed_png
from labs.explore.widget import Explorable

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from numpy import ndarray

__all__ = ["check_config", "sides"]

SIDE_NAMES = ("drifts away", "arrives")
NUM_STEPS = 600

RIDGE = 1.0
"""The loss is 1 + q² on the ridge p = 0, so at least this: what is below it stays on its side, if steps are short."""

DOMAIN = ((-3.0, 2.0), (-3.5, 1.2))


def sides(
    start: tuple[float, float] = (-1.2, 0.6),
    *,
    guess: str = "arrives",
    learning_rate: float = 0.05,
    title: str = "Which side of the mountain are you on?",
) -> Explorable:
    """The explorable in which the reader says whether a descent of ``objectives.hill`` arrives before it starts.

    600 steps of gradient descent go down from the reader's start. The map of all starts is shown after a first guess.

    Args:
        start: Where the descent starts.
        guess: What the slider says at first, ``"drifts away"`` or ``"arrives"``.
        learning_rate: η.
        title: Above the map.

    Raises:
        ValueError: for anything that cannot be shown, with the value and the choices.

    Example:
        >>> sides(guess="drifts away").config["guess"]
        'drifts away'
    """
    config = {
        "domain": [list(ends) for ends in DOMAIN],
        "start": list(start),
        "guess": guess,
        "learning_rate": learning_rate,
        "title": title,
    }
    return Explorable("sides", config, check=check_config, picture=picture, describe=describe)


def check_config(config: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` for settings that cannot be shown; ``sides.js`` refuses the same."""
    if len(config["domain"]) != 2:
        raise ValueError(f"domain must be ((low, high), (low, high)), got {config['domain']!r}")
    for name, pair in (("domain", config["domain"][0]), ("domain", config["domain"][1]), ("start", config["start"])):
        if len(pair) != 2:
            raise ValueError(f"{name} must be two numbers, got {pair!r}")
        for value in pair:
            inputs.number(name, value)
        if name == "domain" and not pair[0] < pair[1]:
            raise ValueError(f"domain must be (low, high) with low < high, got {pair!r}")
    inputs.chosen("guess", config["guess"], SIDE_NAMES)
    inputs.positive("learning_rate", config["learning_rate"])


def come_down(config: Mapping[str, Any], start: Sequence[float]) -> tuple[Float[ndarray, "T 2"], int]:
    """The way down and the side on which it ends, a place in ``SIDE_NAMES``, −1 for none."""
    settings = {"learning_rate": config["learning_rate"], "momentum": 0, "num_steps": NUM_STEPS}
    path = descend(objectives.hill(), "gradient_descent", start, **settings)
    return path, int(_side_at(torch.from_numpy(path[-1:]))[0]) if len(path) == NUM_STEPS + 1 else -1


def side_map(config: Mapping[str, Any], starts: Float[ndarray, "N 2"]) -> Int[ndarray, " N"]:
    """The sides on which descents from many starts end, all at once."""
    surface = objectives.hill()
    points = torch.from_numpy(np.asarray(starts, dtype=float))
    for _ in range(NUM_STEPS):
        points = points - config["learning_rate"] * surface.gradient(points)
        points = torch.where((points.abs() <= FAR).all(-1, keepdim=True), points, torch.nan)
    return _side_at(points).numpy()


def _side_at(points: torch.Tensor) -> torch.Tensor:
    right = points[:, 0] + points[:, 1].exp() > 0
    return torch.where(objectives.hill()(points) < RIDGE, right.long(), -1)  # NaN lies below nothing


def describe(config: Mapping[str, Any]) -> str:
    """One or two sentences with what the picture shows; where the descent ends they leave to the reader."""
    at = ", ".join(f"{value:.3g}" for value in config["start"]).replace("-", "−")
    return (
        "Explorable: contour map of a surface with one critical point, its minimum at (1, 0), and a start at "
        f"({at}). Guess whether descent from there arrives at the minimum or drifts away, then let it come down."
    )


def picture(config: Mapping[str, Any]) -> bytes:
    """The state as a PNG, for GitHub, paper, and the moment before the script runs: nothing has come down yet."""
    surface = objectives.hill()
    fig, ax = figures.figure(height=5.0)
    (left, right), (bottom, top) = config["domain"]
    title = textwrap.fill(config["title"], 42)
    figures.contour(lambda points: surface(points), domain=((left, right), (bottom, top)), ax=ax, title=title)
    ax.annotate("min", surface.minima[0].tolist(), ha="center", va="center", fontweight="bold")
    ax.plot(*config["start"], "o", color="black", markerfacecolor="white", markersize=11, markeredgewidth=2.5)
    ax.set_aspect("equal")
    return closed_png(fig)
