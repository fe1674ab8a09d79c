"""The margin explorer: the losses of a margin and their slopes, read off at a margin that the reader moves."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from math import log
from typing import Any

import torch

from labs import figures, inputs
from labs.explore.pictures import closed_png
from labs.explore.widget import Explorable
from labs.losses import MARGIN_LOSSES

__all__ = ["check_config", "margins", "read_loss"]

RANGE = (-3.0, 3.0)
UNITS = ("nats", "bits")
NAMES = {name: "0-1" if name == "zero_one" else name for name in MARGIN_LOSSES}
ROLES = {
    "zero_one": "theory",
    "perceptron": "reference",
    "hinge": "validation",
    "logistic": "train",
    "exponential": "test",
    "squared": "sgd",
}
"""The colours of the figures by the roles that have those of ``margins.js``."""


def margins(
    margin: float = 0.5,
    losses: Sequence[str] = tuple(MARGIN_LOSSES),
    *,
    units: str = "nats",
    title: str = "What does a loss say at this margin?",
) -> Explorable:
    """The explorable in which the reader moves along the margin and reads every loss and its slope.

    Args:
        margin: Where the line stands first, from −3 to 3.
        losses: Names in ``labs.losses.MARGIN_LOSSES``.
        units: Of the logistic loss at first, ``"nats"`` or ``"bits"``.
        title: Above the curves.

    Raises:
        ValueError: for a loss or unit that does not exist, or a margin out of range.
    """
    config = {"margin": margin, "losses": list(losses), "units": units, "title": title}
    return Explorable("margins", config, check=check_config, picture=picture, describe=describe)


def check_config(config: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` for settings that cannot be shown; ``margins.js`` refuses the same."""
    if not config["losses"]:
        raise ValueError(f"losses is empty; name one or more of {', '.join(MARGIN_LOSSES)}")
    for name in config["losses"]:
        inputs.chosen("loss", name, MARGIN_LOSSES)
    inputs.number("margin", config["margin"], at_least=RANGE[0], at_most=RANGE[1])
    inputs.chosen("units", config["units"], UNITS)


def read_loss(name: str, units: str, margin: float) -> tuple[float, float]:
    """Value and slope of a loss at a margin, the logistic loss in the chosen unit."""
    scale = log(2) if name == "logistic" and units == "bits" else 1.0
    m = torch.tensor(float(margin), dtype=torch.float64)
    return MARGIN_LOSSES[name](m).item() / scale, MARGIN_LOSSES[name].slope(m).item() / scale


def describe(config: Mapping[str, Any]) -> str:
    """One or two sentences with what the picture shows."""
    readings = []
    for name in config["losses"]:
        value, slope = read_loss(name, config["units"], config["margin"])
        readings.append(f"{NAMES[name]} {value:.3g} with slope {slope:.3g}")
    return (
        f"Explorable: losses of a margin, and below them their slopes, from margin −3 to 3, with a line at "
        f"{config['margin']:.3g}. There: {'; '.join(readings)}. The logistic loss is in {config['units']}."
    )


def picture(config: Mapping[str, Any]) -> bytes:
    """The state as a PNG, for GitHub, paper, and the moment before the script runs."""
    fig, axes = figures.figure(2, height=6.0, sharex=True, height_ratios=(5, 4))
    grid = torch.linspace(*RANGE, 601)
    for row, (ax, what) in enumerate(zip(axes, ("loss", "slope"), strict=True)):
        curves = {
            NAMES[name]: [read_loss(name, config["units"], m)[row] for m in grid.tolist()] for name in config["losses"]
        }
        roles = {NAMES[name]: ROLES[name] for name in config["losses"]}
        figures.lines(grid, curves, roles=roles, ax=ax, labels=False, ylabel=what)
        ax.axvline(config["margin"], color=figures.COLORS["reference"], linewidth=1)
    axes[0].set(ylim=(-0.25, 4), title=textwrap.fill(config["title"], 42))
    axes[0].legend(loc="upper right")
    axes[1].set(ylim=(-4, 1), xlabel="margin m")
    return closed_png(fig)
