"""The eigenvalue explorer: drag two eigenvalues, say what repetition makes of a vector, then watch it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from labs import figures, inputs
from labs.explore.pictures import closed_png
from labs.explore.widget import Explorable

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy import ndarray

__all__ = ["check_config", "eigenvalues"]

REACH = 1.4
"""The complex plane is shown from −1.4 to 1.4 in both directions."""

LONGEST = 100
"""The most steps."""


def eigenvalues(
    values: tuple[complex, complex] = (0.9 + 0.3j, 0.9 - 0.3j),
    *,
    angle: int = 90,
    start: tuple[float, float] = (0.0, 1.0),
    num_steps: int = 30,
    guess: float = 1.0,
    title: str = "How long will the vector be?",
) -> Explorable:
    """The explorable in which the reader drags the eigenvalues of a 2 × 2 matrix and watches what its powers do.

    The matrix is W = S B S⁻¹ with S = [(1, 0), (cos φ, sin φ)] in its columns, and B = diag(λ₁, λ₂), or for a pair
    re ± i·im the matrix [[re, −im], [im, re]]. At φ = 90° it is normal. The reader says how long Wᵗx will be.

    Args:
        values: λ₁ and λ₂, both real or a conjugate pair.
        angle: φ in whole degrees, from 1 to 90.
        start: x, not zero.
        num_steps: t, from 1 to 100.
        guess: What the slider says at first: ‖Wᵗx‖/‖x‖.
        title: Above it.

    Raises:
        ValueError: for anything that cannot be shown, with the value.

    Example:
        >>> eigenvalues((1.1, 0.5)).config["eigenvalues"]
        [[1.1, 0.0], [0.5, 0.0]]
    """
    config = {
        "eigenvalues": [[complex(value).real, complex(value).imag + 0.0] for value in values],
        "angle": angle,
        "start": list(start),
        "num_steps": num_steps,
        "guess": guess,
        "title": title,
    }
    return Explorable("eigenvalues", config, check=check_config, picture=picture, describe=describe)


def check_config(config: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` for settings that cannot be shown; ``eigenvalues.js`` refuses the same."""
    if len(config["eigenvalues"]) != 2:
        raise ValueError(f"eigenvalues must be two pairs (real, imaginary part), got {config['eigenvalues']!r}")
    for value in config["eigenvalues"]:
        _pair("eigenvalues", value)
        if max(abs(part) for part in value) > REACH:
            raise ValueError(f"eigenvalues must have parts from -{REACH} to {REACH}, got {value!r}")
    (real, imaginary), (other_real, other_imaginary) = config["eigenvalues"]
    conjugate = real == other_real and imaginary == -other_imaginary
    if not conjugate and (imaginary or other_imaginary):
        raise ValueError(f"eigenvalues must be both real, or a conjugate pair, got {config['eigenvalues']!r}")
    inputs.number("angle", config["angle"], at_least=1, at_most=90)
    _pair("start", config["start"])
    if not any(config["start"]):
        raise ValueError("start must be two numbers, not both 0")
    if inputs.integer("num_steps", config["num_steps"]) > LONGEST:
        raise ValueError(f"num_steps must be a whole number from 1 to {LONGEST}, got {config['num_steps']}")
    inputs.positive("guess", config["guess"])


def matrix_of(config: Mapping[str, Any]) -> Float[ndarray, "2 2"]:
    """W = S B S⁻¹."""
    phi = math.radians(config["angle"])
    (real, imaginary), (other, _) = config["eigenvalues"]
    inner = [[real, -imaginary], [imaginary, real]] if imaginary else [[real, 0.0], [0.0, other]]
    frame = np.array([[1.0, math.cos(phi)], [0.0, math.sin(phi)]])
    return frame @ np.array(inner) @ np.linalg.inv(frame)


def path(config: Mapping[str, Any]) -> Float[ndarray, "T 2"]:
    """x, Wx, W²x, …, ``(num_steps + 1, 2)``."""
    matrix, points = matrix_of(config), [np.array(config["start"], dtype=float)]
    for _ in range(config["num_steps"]):
        points.append(matrix @ points[-1])
    return np.array(points)


def describe(config: Mapping[str, Any]) -> str:
    """One or two sentences with what the picture shows; what becomes of the vector they leave to the reader."""
    written = " and ".join(_written(*value) for value in config["eigenvalues"])
    return (
        f"Explorable: the complex plane with the unit circle and two eigenvalues to drag, now at {written}. Say how "
        f"long a vector will be after {config['num_steps']} products with their matrix, then run it."
    )


def picture(config: Mapping[str, Any]) -> bytes:
    """The state as a PNG, for GitHub, paper, and the moment before the script runs: nothing has run yet."""
    fig, ax = figures.figure(height=5.0)
    around = np.linspace(0, 2 * math.pi, 181)
    ax.plot(np.cos(around), np.sin(around), color=figures.COLORS["reference"], linestyle="--", linewidth=1.5)
    for real, imaginary in config["eigenvalues"]:
        ax.plot(real, imaginary, "o", color="black", markerfacecolor="white", markersize=11, markeredgewidth=2.5)
    ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xlabel="real part", ylabel="imaginary part")
    ax.set_title(textwrap.fill(config["title"], 42))
    ax.set_aspect("equal")
    return closed_png(fig)


def _written(real: float, imaginary: float) -> str:
    text = f"{real:.3g}" + (f" {'−' if imaginary < 0 else '+'} {abs(imaginary):.3g} i" if imaginary else "")
    return text.replace("-", "−")


def _pair(name: str, values: Sequence[float]) -> None:
    if len(values) != 2:
        raise ValueError(f"{name} must be two numbers, got {values!r}")
    for value in values:
        inputs.number(name, value)
