"""The descent explorer: methods that run from a movable start over the contour map of a surface."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from labs import figures, inputs, objectives
from labs.explore.methods import METHODS
from labs.explore.methods import descend as run
from labs.explore.pictures import closed_png
from labs.explore.widget import Explorable

__all__ = ["check_config", "descent"]

MAX_STEPS = 500

NAMES = {
    "gradient_descent": "gradient descent",
    "momentum": "momentum",
    "nesterov": "Nesterov",
    "newton": "Newton",
    "saddle_free_newton": "saddle-free Newton",
    "sign_descent": "sign descent",
}


def descent(
    surface: str = "quadratic",
    methods: Sequence[str] = ("gradient_descent",),
    start: tuple[float, float] | None = None,
    learning_rate: float | None = None,
    *,
    momentum: float = 0.9,
    num_steps: int = 30,
    taylor: bool = False,
    domain: tuple[tuple[float, float], tuple[float, float]] | None = None,
    learning_rate_range: tuple[float, float] | None = None,
    title: str = "",
    parameters: Mapping[str, float] | None = None,
    **more_parameters: float,
) -> Explorable:
    """The explorable in which methods run from a start that the reader moves over a surface.

    Args:
        surface: A name in ``labs.objectives.SURFACES``.
        methods: Names in ``labs.explore.METHODS``, drawn and listed in this order. Newton's take full steps.
        start: θ at step 0; the surface's own by default.
        learning_rate: η; 0.9 · 2/|λ|max at the start by default, just below what is stable there.
        momentum: β of the methods that have one.
        num_steps: Steps of each method, at most 500.
        taylor: Whether to show Taylor's two terms of one step from the start, −η gᵀg and ½η² gᵀHg, as bars.
        domain: ((low, high), (low, high)) of the map; the surface's own by default.
        learning_rate_range: Ends of the slider; a hundredth of η to ten η by default.
        title: Above the map; names the surface by default.
        parameters: Of the surface, e.g. ``{"num_steps": 20}`` for the cliff.
        **more_parameters: The same, as keywords, e.g. ``kappa=100``.

    Raises:
        ValueError: for anything that cannot be shown, with the value and the choices.

    Example:
        >>> explorable = descent("quadratic", ["gradient_descent", "momentum"], kappa=50.0)
        >>> explorable.config["parameters"]
        {'kappa': 50.0, 'angle': 0.0}
    """
    made = objectives.surface(surface, **dict(parameters or {}), **more_parameters)
    methods = [methods] if isinstance(methods, str) else list(methods)
    begin = tuple(made.start if start is None else start)
    _pair("start", begin)
    rate = _stable_rate(made, begin) if learning_rate is None else inputs.positive("learning_rate", learning_rate)
    config = {
        "surface": surface,
        "parameters": dict(made.parameters),
        "methods": methods,
        "start": list(begin),
        "learning_rate": rate,
        "learning_rate_range": list(learning_rate_range or (float(f"{rate / 100:.2g}"), float(f"{rate * 10:.2g}"))),
        "momentum": momentum,
        "num_steps": num_steps,
        "taylor": bool(taylor),
        "domain": [list(ends) for ends in domain or made.domain],
        "title": title or f"Descent on the surface “{surface.replace('_', ' ')}”",
    }
    return Explorable("descent", config, check=check_config, picture=picture, describe=describe)


def check_config(config: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` for settings that cannot be shown; ``descent.js`` refuses the same."""
    objectives.surface(config["surface"], **config["parameters"])
    if not config["methods"]:
        raise ValueError(f"methods is empty; choose from {', '.join(METHODS)}")
    for method in config["methods"]:
        inputs.chosen("method", method, METHODS)
    _pair("start", config["start"])
    inputs.positive("learning_rate", config["learning_rate"])
    inputs.number("momentum", config["momentum"], at_least=0, at_most=0.999)
    if inputs.integer("num_steps", config["num_steps"]) > MAX_STEPS:
        raise ValueError(f"num_steps must be at most {MAX_STEPS}, got {config['num_steps']}")
    if len(config["domain"]) != 2:
        raise ValueError(f"domain must be ((low, high), (low, high)), got {config['domain']!r}")
    for ends in config["domain"]:
        _ascending("domain", ends)
    _ascending("learning_rate_range", config["learning_rate_range"])
    inputs.positive("learning_rate_range[0]", config["learning_rate_range"][0])


def paths(config: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The path of each method, points ``(T, 2)``, by its name in words."""
    surface = objectives.surface(config["surface"], **config["parameters"])
    settings = {key: config[key] for key in ("learning_rate", "momentum", "num_steps")}
    return {NAMES[method]: run(surface, method, config["start"], **settings) for method in config["methods"]}


def describe(config: Mapping[str, Any]) -> str:
    """One or two sentences with what the picture shows."""
    surface = objectives.surface(config["surface"], **config["parameters"])
    settings = ", ".join(f"{name} = {value:.3g}" for name, value in config["parameters"].items())
    ends = [
        f"{name} ends at ({path[-1][0]:.3g}, {path[-1][1]:.3g}) with loss {float(surface(torch.tensor(path[-1]))):.3g}"
        if len(path) > config["num_steps"]
        else f"{name} leaves the map for good"
        for name, path in paths(config).items()
    ]
    text = (
        f"Explorable: contour map of the surface {config['surface']}{f' ({settings})' if settings else ''}. From "
        f"({config['start'][0]:.3g}, {config['start'][1]:.3g}) with learning rate {config['learning_rate']:.3g}, after "
        f"{config['num_steps']} steps: {'; '.join(ends)}."
    )
    return re.sub(r"-(?=\d)", "−", text)


def picture(config: Mapping[str, Any]) -> bytes:
    """The state as a PNG, for GitHub, paper, and the moment before the script runs."""
    surface = objectives.surface(config["surface"], **config["parameters"])
    rows, ratios = (2, (4, 1.3)) if config["taylor"] else (1, (1,))
    fig, axes = figures.figure(rows, height=5.6 if config["taylor"] else 4.4, height_ratios=ratios, squeeze=False)
    roles = {NAMES[method]: "reference" if method == "sign_descent" else method for method in config["methods"]}
    (left, right), (bottom, top) = config["domain"]
    title, domain = textwrap.fill(config["title"], 42), ((left, right), (bottom, top))
    figures.contour(surface, paths(config), domain=domain, roles=roles, ax=axes[0, 0], title=title)
    if config["taylor"]:
        terms = taylor_terms(surface, config["start"], config["learning_rate"])
        values = {"−η gᵀg": terms[0], "½η² gᵀHg": terms[1], "both terms": sum(terms[:2]), "really": terms[2]}
        look = {"−η gᵀg": "gradient_term", "½η² gᵀHg": "curvature_term", "both terms": "reference", "really": "change"}
        figures.bars(values, roles=look, ax=axes[1, 0], title="Change of J by one step")
    return closed_png(fig)


def taylor_terms(surface: objectives.Surface, start: Sequence[float], learning_rate: float) -> tuple[float, ...]:
    """−η gᵀg, ½η² gᵀHg and the real change of J by one step of gradient descent."""
    theta = torch.tensor(start, dtype=torch.float64)
    g, hessian = surface.gradient(theta), surface.hessian(theta)
    change = surface(theta - learning_rate * g) - surface(theta)
    return float(-learning_rate * g @ g), float(0.5 * learning_rate**2 * g @ hessian @ g), float(change)


def _stable_rate(surface: objectives.Surface, start: Sequence[float]) -> float:
    """0.9 · 2/|λ| for the eigenvalue of largest size at ``start``, to two digits; 0.1 where all are 0."""
    size = float(torch.linalg.eigvalsh(surface.hessian(torch.tensor(start, dtype=torch.float64))).abs().max())
    return float(f"{1.8 / size:.2g}") if size > 0 else 0.1


def _pair(name: str, values: Sequence[float]) -> None:
    if len(values) != 2:
        raise ValueError(f"{name} must be two numbers, got {values!r}")
    for value in values:
        inputs.number(name, value)


def _ascending(name: str, ends: Sequence[float]) -> None:
    _pair(name, ends)
    if not ends[0] < ends[1]:
        raise ValueError(f"{name} must be (low, high) with low < high, got {ends!r}")
