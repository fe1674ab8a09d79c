"""The noise-and-bias explorer: say how far from the minimum descent by wrong gradients ends, then let it run."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from labs import figures, inputs
from labs.explore.pictures import closed_png
from labs.explore.wandering import moments, rates, walk
from labs.explore.widget import Explorable

__all__ = ["ball", "check_config"]

NUM_STEPS = 300
NUM_WALKERS = 60
DOMAIN = ((-3.0, 3.0), (-2.4, 2.4))
MOST = 5.0
"""The most of noise and of bias."""


def ball(
    *,
    noise: float = 1.0,
    bias: float = 0.0,
    learning_rate: float = 0.1,
    decay: bool = False,
    curvatures: tuple[float, float] = (1.0, 3.0),
    start: tuple[float, float] = (-2.2, 1.6),
    guess: float = 1.0,
    seed: int = 1,
    title: str = "How far from the minimum will they end?",
) -> Explorable:
    """The explorable in which the reader says how far off a wrong gradient leaves descent, before it runs.

    60 walkers take 300 steps θ ← θ − η(Λθ + b + σξ) on the bowl ½θᵀΛθ; b has length ``bias`` along (1, 1). What is
    guessed is the root mean square of their distances from the minimum. The ball that theory predicts is shown with
    the answer.

    Args:
        noise: σ, from 0 to 5.
        bias: ‖b‖, from 0 to 5.
        learning_rate: η, below 2 over the larger curvature.
        decay: Whether η is divided by 1 + ηλt at step t, λ the smaller curvature.
        curvatures: The two diagonal entries of Λ.
        start: Where all walkers begin.
        guess: The distance that the slider names at first.
        seed: Of the noise.
        title: Above the map.

    Raises:
        ValueError: for anything that cannot be shown, with the value and the choices.

    Example:
        >>> ball(noise=0.5).config["noise"]
        0.5
    """
    config = {
        "noise": noise,
        "bias": bias,
        "learning_rate": learning_rate,
        "decay": decay,
        "curvatures": [float(value) for value in curvatures],
        "start": [float(value) for value in start],
        "guess": guess,
        "seed": seed,
        "title": title,
    }
    return Explorable("ball", config, check=check_config, picture=picture, describe=describe)


def check_config(config: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` for settings that cannot be shown; ``ball.js`` refuses the same."""
    for name in ("noise", "bias"):
        inputs.number(name, config[name], at_least=0, at_most=MOST)
    for name in ("curvatures", "start"):
        if len(config[name]) != 2:
            raise ValueError(f"{name} must be two numbers, got {config[name]!r}")
    for value in config["curvatures"]:
        inputs.positive("curvatures", value)
    for value in config["start"]:
        inputs.number("start", value)
    top = 2 / max(config["curvatures"])
    if inputs.positive("learning_rate", config["learning_rate"]) >= top:
        raise ValueError(
            f"learning_rate must be below {top:.3g}, where descent diverges, got {config['learning_rate']}"
        )
    if not isinstance(config["decay"], bool):
        raise ValueError(f"decay must be True or False, got {config['decay']!r}")
    inputs.positive("guess", config["guess"])
    inputs.integer("seed", config["seed"], at_least=0)


def outcome(config: Mapping[str, Any]) -> dict[str, float]:
    """Distances from the minimum: as measured on the walkers, in theory, and the parts of bias and of noise."""
    place = config["start"], config["curvatures"]
    steps = rates(config["learning_rate"], config["curvatures"], NUM_STEPS, config["decay"])
    wrong = {"noise": config["noise"], "bias": config["bias"]}
    ends = walk(*place, steps, seed=config["seed"], num_walkers=NUM_WALKERS, **wrong)[:, -1]
    means, variances = moments(*place, steps, **wrong)
    center, radius = math.hypot(*means), math.sqrt(sum(variances))
    measured = math.sqrt(float((ends**2).sum(-1).mean()))
    return {"measured": measured, "theory": math.hypot(center, radius), "center": center, "radius": radius}


def describe(config: Mapping[str, Any]) -> str:
    """One or two sentences with what the picture shows; how far the walkers end they leave to the reader."""
    at = ", ".join(f"{value:.3g}" for value in config["start"]).replace("-", "−")
    rate = f"{config['learning_rate']:.3g}" + (", falling as one over the step" if config["decay"] else "")
    return (
        f"Explorable: contour map of a bowl with the minimum in its middle and a start at ({at}). {NUM_WALKERS} "
        f"walkers take {NUM_STEPS} steps by gradients with noise {config['noise']:.3g} and bias {config['bias']:.3g}, "
        f"at learning rate {rate}. Guess how far from the minimum they end, then let them run."
    )


def picture(config: Mapping[str, Any]) -> bytes:
    """The state as a PNG, for GitHub, paper, and the moment before the script runs: nobody has run yet."""
    scale = torch.tensor(config["curvatures"], dtype=torch.float64)
    fig, ax = figures.figure(height=4.8)
    figures.contour(
        lambda points: 0.5 * (scale * points.square()).sum(-1), domain=DOMAIN, ax=ax,
        title=textwrap.fill(config["title"], 42),
    )  # fmt: skip
    ax.plot(0, 0, "+", color=figures.COLORS["minimum"], markersize=12, markeredgewidth=2.5)
    ax.plot(*config["start"], "o", color="black", markerfacecolor="white", markersize=11, markeredgewidth=2.5)
    ring = circle(config["guess"])
    ax.plot(*ring, color=figures.COLORS["reference"], linestyle="--")
    ax.set_aspect("equal")
    return closed_png(fig)


def circle(radius: float) -> tuple[Sequence[float], Sequence[float]]:
    """The points of a circle about the minimum."""
    angles = [2 * math.pi * k / 90 for k in range(91)]
    return [radius * math.cos(angle) for angle in angles], [radius * math.sin(angle) for angle in angles]
