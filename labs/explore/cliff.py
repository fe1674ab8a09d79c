"""The cliff walker: say how long the next step will be, take it, then walk with and without clipping."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from labs import figures, inputs, objectives
from labs.explore.pictures import closed_png
from labs.explore.widget import Explorable

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy import ndarray

    from labs.objectives import Surface

__all__ = ["check_config", "cliff"]

FAR = 1e9
"""A walk that has come this far has diverged and ends."""

LONGEST = 100
"""The most steps through which the unit is unrolled."""


def cliff(
    start: tuple[float, float] = (1.6, -0.02),
    *,
    learning_rate: float = 0.01,
    threshold: float = 1.0,
    guess: float = 0.01,
    num_steps: int = 20,
    target: float = 0.7,
    domain: tuple[tuple[float, float], tuple[float, float]] = ((1.0, 3.0), (-0.5, 0.3)),
    title: str = "How far will one step go?",
) -> Explorable:
    """The explorable in which the reader walks over the cliff of an unrolled unit, with a clipping threshold.

    The surface is ``labs.objectives.cliff``: (h_T − t)² of h ← tanh(wh + b). A step is −η g · min(1, c/‖g‖). The reader
    says how long the next step will be without clipping, sees it, and lets two walkers go, one of them clipped.

    Args:
        start: (w, b), where the walker stands.
        learning_rate: η.
        threshold: c.
        guess: What the slider of the guess names at first.
        num_steps: T, from 1 to 100.
        target: t, from −1 to 1.
        domain: Of the map.
        title: Above it.

    Raises:
        ValueError: for anything that cannot be shown, with the value.

    Example:
        >>> cliff(threshold=0.5).config["threshold"]
        0.5
    """
    config = {
        "num_steps": num_steps,
        "target": target,
        "domain": [list(ends) for ends in domain],
        "start": list(start),
        "learning_rate": learning_rate,
        "threshold": threshold,
        "guess": guess,
        "title": title,
    }
    return Explorable("cliff", config, check=check_config, picture=picture, describe=describe)


def check_config(config: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` for settings that cannot be shown; ``cliff.js`` refuses the same."""
    if inputs.integer("num_steps", config["num_steps"]) > LONGEST:
        raise ValueError(f"num_steps must be a whole number from 1 to {LONGEST}, got {config['num_steps']}")
    inputs.number("target", config["target"], at_least=-1, at_most=1)
    if len(config["domain"]) != 2:
        raise ValueError(f"the domain must be ((low, high), (low, high)), got {config['domain']!r}")
    for ends in config["domain"]:
        _pair("the domain", ends)
        if not ends[0] < ends[1]:
            raise ValueError(f"the domain must be (low, high) with low < high, got {ends!r}")
    _pair("the start", config["start"])
    for name in ("learning_rate", "threshold", "guess"):
        inputs.positive(name, config[name])


def step(
    surface: Surface, points: Float[ndarray, "N 2"], learning_rate: float, threshold: float
) -> Float[ndarray, "N 2"]:
    """−η g · min(1, c/‖g‖) at each point."""
    gradient = surface.gradient(torch.from_numpy(np.asarray(points, dtype=float))).numpy()
    norm = np.linalg.norm(gradient, axis=-1, keepdims=True)
    factor = np.where(norm > threshold, threshold / np.where(norm > 0, norm, 1.0), 1.0)
    return -learning_rate * factor * gradient


def walk(config: Mapping[str, Any], num_steps: int, threshold: float | None = None) -> Float[ndarray, "T 2"]:
    """The way from the start, with the threshold of ``config`` or another; without clipping at ``math.inf``."""
    surface, bound = surface_of(config), config["threshold"] if threshold is None else threshold
    path = [np.array(config["start"], dtype=float)]
    for _ in range(num_steps):
        point = path[-1] + step(surface, path[-1][None], config["learning_rate"], bound)[0]
        if not np.all(np.abs(point) < FAR):
            break
        path.append(point)
    return np.array(path)


def surface_of(config: Mapping[str, Any]) -> Surface:
    """The surface that is walked on."""
    return objectives.cliff(config["num_steps"], config["target"])


def describe(config: Mapping[str, Any]) -> str:
    """One or two sentences with what the picture shows; how far the step goes they leave to the reader."""
    w, b = (f"{value:.3g}".replace("-", "−") for value in config["start"])
    return (
        f"Explorable: contour map of the loss of one recurrent unit, unrolled {config['num_steps']} times, over its "
        f"weight and bias, with a cliff across it and a walker at w = {w}, b = {b}. Say how long its next step will be "
        f"at learning rate {config['learning_rate']:.3g}, and compare walks with the gradient clipped at "
        f"{config['threshold']:.3g} and without."
    )


def picture(config: Mapping[str, Any]) -> bytes:
    """The state as a PNG, for GitHub, paper, and the moment before the script runs: no step is taken yet."""
    surface = surface_of(config)
    fig, ax = figures.figure(height=5.0)
    (left, right), (bottom, top) = config["domain"]
    title = textwrap.fill(config["title"], 42)
    figures.contour(lambda points: surface(points), domain=((left, right), (bottom, top)), ax=ax, title=title)
    ax.plot(*config["start"], "o", color="black", markerfacecolor="white", markersize=11, markeredgewidth=2.5)
    ax.set(xlabel="weight w", ylabel="bias b")
    return closed_png(fig)


def _pair(name: str, values: Sequence[float]) -> None:
    if len(values) != 2:
        raise ValueError(f"{name} must be two numbers, got {values!r}")
    for value in values:
        inputs.number(name, value)
