"""The worst function, one step at a time: say how far above Nesterov's bound a method will be, then step."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from labs import figures, inputs, objectives
from labs.explore.pictures import closed_png
from labs.explore.widget import Explorable
from labs.limits import FIRST_ORDER_METHODS, first_order_path, least_excess, nesterov_bound, worst_curvatures

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy import ndarray

__all__ = ["check_config", "worst"]

MOST_K = 20
LARGEST_GUESS = 20


def worst(
    k: int = 10,
    *,
    watched: str = "accelerated",
    guess: float = 1.0,
    step: int = 0,
    title: str = "The worst function: how near can a method come?",
) -> Explorable:
    """The explorable in which four first-order methods step over Nesterov's worst function, L = 1, from 0.

    The reader says how many times the bound one of the methods will have left after k steps, and sees at each step
    which coordinates the methods have reached, what is left of f, and the least that is possible.

    Args:
        k: The number of steps for which the function is the worst, from 1 to 20; it has n = 2k + 1 coordinates.
        watched: The method of the guess, a name in ``labs.limits.FIRST_ORDER_METHODS``.
        guess: What the slider of the guess names at first, in multiples of the bound, from 1 to 20.
        step: Where the methods stand at first, from 0 to n.
        title: Above the plots.

    Raises:
        ValueError: for anything that cannot be shown, with the value.

    Example:
        >>> worst(4).config["k"]
        4
    """
    config = {"k": k, "step": step, "watched": watched, "guess": guess, "title": title}
    return Explorable("worst", config, check=check_config, picture=picture, describe=describe)


def check_config(config: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` for settings that cannot be shown; ``worst.js`` refuses the same."""
    if inputs.integer("k", config["k"]) > MOST_K:
        raise ValueError(f"k must be a whole number from 1 to {MOST_K}, got {config['k']}")
    last = 2 * config["k"] + 1
    if inputs.integer("step", config["step"], at_least=0) > last:
        raise ValueError(f"step must be a whole number from 0 to n = {last}, got {config['step']}")
    inputs.chosen("method", config["watched"], FIRST_ORDER_METHODS)
    inputs.number("guess", config["guess"], at_least=1, at_most=LARGEST_GUESS)


def run(k: int, method: str) -> tuple[Float[ndarray, "n_plus_1 n"], Float[ndarray, " n_plus_1"]]:
    """The points after 0 … n steps and what is left of f at each."""
    surface = objectives.nesterov_worst(k)
    start = torch.zeros(surface.dimension, dtype=torch.float64)
    low, _ = worst_curvatures(k)
    path = first_order_path(surface, method, start, surface.dimension, smoothness=1.0, strong_convexity=low)
    return path.numpy(), (surface(path) - surface(surface.minima[0])).numpy()


def bound(k: int) -> float:
    """Nesterov's bound after k steps."""
    return nesterov_bound(k, 1.0, objectives.nesterov_worst(k).minima[0].square().sum().item())


def describe(config: Mapping[str, Any]) -> str:
    """One or two sentences with what the picture shows; how the methods do they leave to the reader."""
    k = config["k"]
    return (
        f"Explorable: Nesterov's worst function for {k} steps, in {2 * k + 1} dimensions. Above, the coordinates of "
        f"its minimum and of four methods; below, what is left of f against the step. Say how many times the bound "
        f"{config['watched'].replace('_', ' ')} leaves after {k} steps, then step."
    )


def picture(config: Mapping[str, Any]) -> bytes:
    """The start as a PNG, for GitHub, paper, and the moment before the script runs: no method has moved."""
    k = config["k"]
    n = 2 * k + 1
    fig, (above, below) = figures.figure(2, 1, height=5.6)
    above.plot([0, n + 1], [1, 0], color="black", linestyle="--", label="minimum x*")
    above.plot(np.arange(1, n + 1), np.zeros(n), "o", color=figures.COLORS["gradient_descent"], label="start")
    above.set(xlabel="coordinate i", ylabel="xᵢ", title=textwrap.fill(config["title"], 42))
    above.legend()
    steps = np.arange(n)
    below.plot(steps, [least_excess(int(t), k) for t in steps], color="black", linestyle="--", label="least possible")
    below.plot(k, bound(k), "P", color="black", markersize=9, label=f"bound after {k} steps")
    below.set(xlabel="step", ylabel="f − f*", yscale="log")
    below.legend()
    return closed_png(fig)
