"""The stopping explorer: recorded training curves and a line to drag to the step at which one would stop."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from labs import figures, inputs
from labs.explore.pictures import closed_png
from labs.explore.widget import Explorable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["check_config", "stopping"]

CURVES = ("train", "validation", "error", "gradient")


def stopping(
    steps: Sequence[int],
    settings: Mapping[str, Mapping[str, ArrayLike]],
    *,
    chosen: int = 0,
    stop: int | None = None,
    patience: int = 20,
    title: str = "When would you stop?",
) -> Explorable:
    """The explorable in which the reader drags the end of recorded training runs.

    Args:
        steps: The K steps at which readings were taken, ascending from 0.
        settings: Name → curves; each has ``train`` and ``validation`` losses, test ``error`` (a share) and the
            ``gradient``'s length, ``(K,)`` each.
        chosen: Number of the setting that is shown first.
        stop: Where the line stands first; at the last step by default.
        patience: Steps without improvement that the rule allows.
        title: Above the curves.

    Raises:
        ValueError: for curves that do not fit ``steps``, readings that are not finite, settings out of range.
    """
    config = {
        "steps": [int(step) for step in steps],
        "settings": [
            {"name": name} | {curve: [float(f"{value:.4g}") for value in np.asarray(curves[curve])] for curve in CURVES}
            for name, curves in settings.items()
        ],
        "chosen": chosen,
        "stop": int(steps[-1]) if stop is None else stop,
        "patience": patience,
        "title": title,
    }
    return Explorable("stopping", config, check=check_config, picture=picture, describe=describe)


def check_config(config: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` for settings that cannot be shown; ``stopping.js`` refuses the same."""
    steps, settings = config["steps"], config["settings"]
    if len(steps) < 2 or steps[0] != 0 or any(b <= a for a, b in pairwise(steps)):
        raise ValueError(f"steps must be ascending from 0, two or more, got {steps[:3]} …")
    if not settings:
        raise ValueError("settings is empty; give the curves of one setting or more")
    for curves in settings:
        for curve in CURVES:
            values = curves[curve]
            if len(values) != len(steps) or not all(map(math.isfinite, values)):
                raise ValueError(
                    f"the curve {curve!r} of {curves['name']!r} needs a finite number for each of {len(steps)} steps"
                )
    if inputs.integer("chosen", config["chosen"], at_least=0) >= len(settings):
        raise ValueError(f"chosen must be below {len(settings)}, the number of settings, got {config['chosen']}")
    inputs.number("stop", config["stop"], at_least=0, at_most=steps[-1])
    inputs.integer("patience", config["patience"])


def read_at(steps: Sequence[int], values: Sequence[float], t: float) -> float:
    """The value at step ``t``, linear in log(1 + step) between readings."""
    return float(np.interp(np.log1p(t), np.log1p(steps), values))


def stop_with_patience(steps: Sequence[int], values: Sequence[float], patience: int) -> tuple[int, int]:
    """The recorded step at which ``labs.training.EarlyStopping`` stops, and the best step until then."""
    best = 0
    for k, step in enumerate(steps):
        if values[k] < values[best]:
            best = k
        if step - steps[best] >= patience:
            return step, steps[best]
    return steps[-1], steps[best]


def describe(config: Mapping[str, Any]) -> str:
    """One or two sentences with what the picture shows."""
    steps, curves = config["steps"], config["settings"][config["chosen"]]
    here, end, least = read_at(steps, curves["error"], config["stop"]), curves["error"][-1], min(curves["error"])
    at = steps[curves["error"].index(least)]
    return (
        f"Explorable: training and validation loss and test error over {steps[-1]} steps, {curves['name']}, with a "
        f"line at step {config['stop']}. Stopping there leaves {100 * here:.3g} % misread, going on to the end "
        f"{100 * end:.3g} %; the least, {100 * least:.3g} %, is at step {at}."
    )


def picture(config: Mapping[str, Any]) -> bytes:
    """The state as a PNG, for GitHub, paper, and the moment before the script runs."""
    curves, x = config["settings"][config["chosen"]], np.asarray(config["steps"]) + 1
    fig, (above, below) = figures.figure(2, height=5.6, sharex=True, height_ratios=(3, 2))
    losses = {"training J": curves["train"], "validation": curves["validation"]}
    title = textwrap.fill(f"{config['title']} ({curves['name']})", 42)
    roles = {"training J": "train", "validation": "validation"}
    figures.lines(x, losses, roles=roles, ax=above, xscale="log", yscale="log", ylabel="cross-entropy", title=title)
    percent = 100 * np.asarray(curves["error"])
    figures.lines(x, {"test": percent}, ax=below, labels=False, xscale="log", xlabel="step + 1", ylabel="test error, %")
    for ax in (above, below):
        ax.axvline(config["stop"] + 1, color=figures.COLORS["reference"])
    return closed_png(fig)
