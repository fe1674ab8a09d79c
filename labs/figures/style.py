"""The style of every figure: colours by role, sizes, and the names at the ends of lines.

Every figure is 5.4 inches wide, so that its letters have one size on the page and stay readable on a phone. It is
drawn for white paper; the book inverts it in the dark theme.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.figure import Figure
from PIL import Image

from labs.cards import notebook

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "COLORS",
    "LINE_STYLES",
    "PALETTE",
    "WIDTH_INCHES",
    "as_array",
    "figure",
    "label_lines",
    "look",
    "png",
    "sweep_colors",
    "use",
]

WIDTH_INCHES = 5.4

PALETTE: dict[str, str] = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "black": "#000000",
    "grey": "#6E6E6E",
}
"""Okabe and Ito's colours that have a contrast of 3:1 on white, safe for colour-blind readers, and a grey."""

COLORS: dict[str, str] = {
    role: PALETTE[color]
    for color, roles in {
        "blue": "gradient_descent train measured gradient_term",
        "vermilion": "minibatch newton validation curvature_term outlier",
        "green": "momentum saddle_free_newton clipped test change",
        "purple": "sgd nesterov",
        "black": "theory bound minimum",
        "grey": "single_run reference bulk",
    }.items()
    for role in roles.split()
}
"""The colour of each role, the same from the first chapter to the last."""

LINE_STYLES: dict[str, Any] = {
    **dict.fromkeys(("theory", "bound", "reference"), "--"),
    **dict.fromkeys(("minibatch", "validation", "curvature_term"), (0, (6, 1.5))),
    **dict.fromkeys(("momentum", "saddle_free_newton", "clipped", "test", "change"), "-."),
    **dict.fromkeys(("sgd", "nesterov"), ":"),
}
"""The line style of each role where it is not solid: no figure depends on colour alone."""

_LABEL_POINTS = 11

_RC: Any = {
    "figure.figsize": (WIDTH_INCHES, 3.4),
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 200,
    "savefig.facecolor": "white",
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=[PALETTE[c] for c in ("blue", "vermilion", "green", "purple", "black")])
    + cycler(linestyle=["-", (0, (6, 1.5)), "-.", ":", "--"]),
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.8,
    "lines.linewidth": 2.0,
    "lines.markersize": 6,
    "legend.frameon": False,
    "legend.fontsize": _LABEL_POINTS,
    "xtick.labelsize": _LABEL_POINTS,
    "ytick.labelsize": _LABEL_POINTS,
    "image.cmap": "viridis",
    "svg.hashsalt": "labs",
}


def use() -> None:
    """Sets the style; in a notebook also pictures at twice the resolution in few bytes, all of one width."""
    mpl.rcParams.update(_RC)
    shell = notebook()
    if hasattr(shell, "kernel"):
        import matplotlib_inline.backend_inline  # noqa: F401

        # The backend sets its own formatter when it is loaded and once more after the first cell.
        _take_over()
        if _take_over not in shell.events.callbacks["post_run_cell"]:
            shell.events.register("post_run_cell", _take_over)


def _take_over(*_: Any) -> None:
    notebook().display_formatter.formatters["image/png"].for_type(Figure, png)


def png(fig: Figure, num_colors: int = 48) -> tuple[bytes, dict[str, int]] | None:
    """The figure as a PNG with ``num_colors`` colours at two dots a pixel, and its width and height in pixels.

    A drawing has few colours: a palette makes its file three times smaller, and without a version stamp drawing it
    again gives the same bytes.
    """
    if not fig.axes:
        return None
    drawn, packed = io.BytesIO(), io.BytesIO()
    fig.savefig(drawn, format="png", dpi=2 * fig.dpi)
    image = Image.open(drawn).convert("RGB")
    image.quantize(num_colors, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
    return packed.getvalue(), {"width": image.width // 2, "height": image.height // 2}


def figure(
    num_rows: int = 1, num_columns: int = 1, *, height: float | None = None, **options: Any
) -> tuple[Figure, Any]:
    """A figure of the course's width and its axes, as ``plt.subplots`` returns them.

    Args:
        num_rows: Panels from top to bottom; on a phone these read better than columns.
        num_columns: Panels from left to right.
        height: Of the whole figure, in inches; 3.4 for the first row and 2.6 for each further one by default.
        **options: For ``plt.subplots``, e.g. ``sharex=True``.
    """
    if num_rows < 1 or num_columns < 1:
        raise ValueError(f"a figure has at least one row and one column, got {num_rows} × {num_columns}")
    height = 3.4 + 2.6 * (num_rows - 1) if height is None else height
    with mpl.rc_context(_RC):
        return plt.subplots(num_rows, num_columns, figsize=(WIDTH_INCHES, height), **options)


def sweep_colors(num: int) -> list[tuple[float, float, float, float]]:
    """``num`` colours in order, for the values of a swept setting: viridis up to where it grows too pale for white."""
    if num < 1:
        raise ValueError(f"num must be at least 1, got {num}")
    return [mpl.colormaps["viridis"](v) for v in np.linspace(0.0, 0.7, num)]


def label_lines(ax: Axes) -> None:
    """Writes each labelled line's name at its right end, in its colour, moved apart where names would overlap."""
    whole: Any = ax.get_figure(root=True)
    ends: list[tuple[Any, np.ndarray]] = []
    for line in ax.get_lines():
        points = np.column_stack([as_array(line.get_xdata()), as_array(line.get_ydata())])
        points = points[np.isfinite(points).all(axis=1)]
        if len(points) and not str(line.get_label()).startswith("_"):
            ends.append((line, points[np.argmax(points[:, 0])]))
    whole.draw_without_rendering()
    gap = 1.25 * _LABEL_POINTS * whole.dpi / 72
    bottom, top = ax.transAxes.transform([(0, 0), (0, 1)])[:, 1]
    heights = np.array([np.clip(ax.transData.transform(end)[1], bottom, top) for _, end in ends])
    for (line, end), own, place in zip(ends, heights, _spread(heights, gap), strict=True):
        shift = (place - own) * 72 / whole.dpi
        at: Any = ax.transData.inverted().transform((ax.transData.transform(end)[0], own))
        ax.annotate(
            line.get_label(), at, xytext=(5, shift), textcoords="offset points", va="center", ha="left",
            color=line.get_color(), fontsize=_LABEL_POINTS, annotation_clip=False,
        )  # fmt: skip


def look(name: str, roles: Mapping[str, str] | Sequence[Any], position: int) -> dict[str, Any]:
    """Colour and line style of a curve: of its role, of its name where that is a role, else the next of the style."""
    if not isinstance(roles, Mapping):
        if position < len(roles):
            return {"color": roles[position], "linestyle": "-"}
        roles = {}
    role = roles.get(name, name.lower().replace(" ", "_").replace("-", "_"))
    if role in COLORS:
        return {"color": COLORS[role], "linestyle": LINE_STYLES.get(role, "-")}
    if name in roles:
        raise ValueError(f"unknown role {role!r} of {name!r}; choose one of {', '.join(COLORS)}")
    styles = list(_RC["axes.prop_cycle"])
    return styles[position % len(styles)]


def as_array(values: Any) -> np.ndarray:
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values, dtype=float)


def _spread(heights: np.ndarray, gap: float) -> np.ndarray:
    """``heights`` moved as little as needed so that neighbours are ``gap`` apart (pools of adjacent violators)."""
    order = np.argsort(heights, kind="stable")
    pools: list[list[float]] = []  # mean of the shifted heights, number of members
    for rank, height in enumerate(heights[order]):
        pools.append([height - rank * gap, 1])
        while len(pools) > 1 and pools[-1][0] < pools[-2][0]:
            mean, size = pools.pop()
            before, members = pools[-1]
            pools[-1] = [(before * members + mean * size) / (members + size), members + size]
    shifted = np.concatenate([np.full(int(size), mean) for mean, size in pools]) if pools else np.empty(0)
    placed = np.empty_like(heights)
    placed[order] = shifted + gap * np.arange(len(heights))
    return placed
