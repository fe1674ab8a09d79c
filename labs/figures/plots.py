"""The plots that several chapters share. Each draws on ``ax`` (or on a new figure) and returns nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import TwoSlopeNorm

from labs.cards import number
from labs.figures.style import COLORS, as_array, figure, label_lines, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

__all__ = ["bars", "contour", "heatmap", "lines", "spectrum"]


def lines(
    x: ArrayLike,
    series: Mapping[str, ArrayLike],
    *,
    roles: Mapping[str, str] | Sequence[Any] = (),
    band: tuple[float, float] | None = (0.1, 0.9),
    ax: Axes | None = None,
    labels: bool = True,
    **settings: Any,
) -> None:
    """Curves with their names at their ends; a curve measured on an ensemble is its median with a band.

    Args:
        x: Shape ``(K,)``, shared by all curves.
        series: Name → values, ``(K,)`` or ``(K, R)`` for R runs. Values that are not finite are left out.
        roles: Name → role in ``COLORS``; or a sequence of colours, such as ``sweep_colors(3)``.
        band: The two quantiles over the runs between which the band lies; ``None`` draws none.
        ax: Where to draw; a new figure by default.
        labels: Whether to write the names at the ends of the curves.
        **settings: Of the axes: ``title``, ``xlabel``, ``ylabel``, ``xscale``, ``yscale``, ``ylim`` …
    """
    ax, x = _axes(ax), as_array(x)
    for position, (name, values) in enumerate(series.items()):
        values = as_array(values)
        if values.shape[:1] != x.shape:
            raise ValueError(f"series {name!r} has {values.shape[:1]} values and x has {x.shape}; they must agree")
        style = look(name, roles, position)
        runs = np.where(np.isfinite(values), values, np.nan).reshape(len(x), -1)
        (line,) = ax.plot(x, np.nanmedian(runs, axis=1) if runs.shape[1] > 1 else runs[:, 0], label=name, **style)
        if runs.shape[1] > 1 and band is not None:
            low, high = np.nanquantile(runs, band, axis=1)
            ax.fill_between(x, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    ax.set(**settings)
    if labels:
        label_lines(ax)


def contour(
    surface: Any,
    paths: Mapping[str, ArrayLike] | None = None,
    *,
    domain: tuple[tuple[float, float], tuple[float, float]] | None = None,
    roles: Mapping[str, str] | Sequence[Any] = (),
    num_levels: int = 9,
    ax: Axes | None = None,
    **settings: Any,
) -> None:
    """A contour map with the paths that methods take over it.

    Args:
        surface: A ``labs.objectives.Surface`` or a function of points ``(..., 2)``, tensors.
        paths: Name → points ``(T, 2)``; the start gets a ring, the end a dot.
        domain: ((x_low, x_high), (y_low, y_high)); the surface's own by default.
        roles: As in ``lines``.
        num_levels: Contours, placed so that about equal areas lie between them.
        ax: Where to draw; a new figure by default.
        **settings: Of the axes.
    """
    domain = getattr(surface, "domain", None) if domain is None else domain
    if domain is None:
        raise ValueError("this function knows no domain; give domain=((x_low, x_high), (y_low, y_high))")
    ax, (xs, ys) = _axes(ax), [np.linspace(float(low), float(high), 161) for low, high in domain]
    heights = _heights(surface, xs, ys)
    levels = np.unique(np.nanquantile(heights, np.linspace(0, 1, num_levels + 1) ** 1.5))
    if len(levels) > 2:
        shades = mpl.colormaps["GnBu_r"](np.linspace(0.6, 1, len(levels) - 1))
        ax.contourf(xs, ys, heights, levels, colors=list(shades))
        ax.contour(xs, ys, heights, levels[1:-1], colors="#8A8A8A", linewidths=0.7)
    for position, (name, points) in enumerate((paths or {}).items()):
        points, style = as_array(points), look(name, roles, position)
        ax.plot(*points.T, label=name, marker=".", markersize=4, linewidth=1.6, **style)
        ax.plot(*points[0], "o", color=style["color"], markerfacecolor="white", markersize=8)
        ax.plot(*points[-1], "o", color=style["color"], markersize=7)
    for minimum in getattr(surface, "minima", ()):
        ax.plot(*as_array(minimum)[:2], "*", color=COLORS["minimum"], markersize=11)
    ax.set(xlim=domain[0], ylim=domain[1], **{"xlabel": "θ₁", "ylabel": "θ₂"} | settings)
    ax.grid(False)
    if paths:
        ax.legend(loc="best", frameon=True, framealpha=0.85, edgecolor="none")


def bars(
    values: Mapping[str, float],
    *,
    roles: Mapping[str, str] | Sequence[Any] = (),
    ax: Axes | None = None,
    **settings: Any,
) -> None:
    """Signed bars, one below the other, with their figures: the terms of a sum and what they come to."""
    ax = _axes(ax, height=1.2 + 0.5 * len(values))
    for row, (name, value) in enumerate(values.items()):
        style = look(name, roles, row)
        ax.barh(row, float(value), color=style["color"], height=0.6)
        side = 1 if value >= 0 else -1
        ax.annotate(
            number(float(value)), (float(value), row), xytext=(4 * side, 0), textcoords="offset points",
            va="center", ha="left" if side > 0 else "right", fontsize=11,
        )  # fmt: skip
    ax.axvline(0, color="black", linewidth=1)
    ax.set_yticks(range(len(values)), list(values))
    ax.invert_yaxis()
    ax.margins(x=0.22)
    ax.grid(False, axis="y")
    ax.set(**settings)


def spectrum(
    grid: ArrayLike,
    density: ArrayLike,
    outliers: ArrayLike = (),
    *,
    floor: float = 1e-4,
    ax: Axes | None = None,
    **settings: Any,
) -> None:
    """The density of a Hessian's eigenvalues on a logarithmic axis, with the outliers as stems.

    Args:
        grid: Eigenvalues, ``(K,)``.
        density: Density at each, ``(K,)``.
        outliers: Eigenvalues that stand alone, known one by one.
        floor: Densities below ``floor`` × the largest are not drawn.
        ax: Where to draw; a new figure by default.
        **settings: Of the axes.
    """
    ax, grid, density, outliers = _axes(ax), as_array(grid), as_array(density), as_array(outliers).ravel()
    top = float(density.max())
    ax.fill_between(grid, top * floor, np.maximum(density, top * floor), color=COLORS["bulk"], alpha=0.45, linewidth=0)
    ax.plot(grid, np.maximum(density, top * floor), color=COLORS["bulk"], linewidth=1.2)
    if outliers.size:
        ax.vlines(outliers, top * floor, top * floor**0.6, color=COLORS["outlier"])
        ax.plot(outliers, np.full(outliers.shape, top * floor**0.6), "o", color=COLORS["outlier"])
        word = "outlier" if outliers.size == 1 else "outliers"
        ax.annotate(
            f"{outliers.size} {word}", (float(np.median(outliers)), top * floor**0.6), xytext=(0, 10),
            textcoords="offset points", ha="center", color=COLORS["outlier"],
        )  # fmt: skip
    ax.set(
        **{"yscale": "log", "ylim": (top * floor, 3 * top), "xlabel": "eigenvalue λ", "ylabel": "density"} | settings
    )


def heatmap(
    matrix: ArrayLike, *, signed: bool = False, ax: Axes | None = None, label: str = "", **settings: Any
) -> None:
    """A matrix as colours with its scale: viridis, or for signed values blue to red with white at zero."""
    ax, matrix = _axes(ax), as_array(matrix)
    largest = float(np.nanmax(np.abs(matrix))) or 1.0
    colors: dict[str, Any] = {"cmap": "RdBu_r", "norm": TwoSlopeNorm(0, -largest, largest)} if signed else {}
    image = ax.imshow(matrix, interpolation="nearest", **colors)
    ax.grid(False)
    ax.set(**settings)
    ax.figure.colorbar(image, ax=ax, label=label)


def _axes(ax: Axes | None, height: float | None = None) -> Axes:
    return figure(height=height)[1] if ax is None else ax


def _heights(surface: Callable, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """f on the grid, shape (len(ys), len(xs)), NaN where it is not finite."""
    import torch

    points = torch.tensor(np.stack(np.meshgrid(xs, ys), axis=-1))
    f = surface if callable(surface) else surface.f
    heights = as_array(f(points))
    return np.where(np.isfinite(heights), heights, np.nan)
