"""The grid of a sweep, and how it is cut into ensembles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from labs.inputs import integer

__all__ = ["Grid", "Part"]


@dataclass(frozen=True)
class Part:
    """One ensemble of a sweep.

    Attributes:
        fixed: Settings that all its runs share, such as the width.
        varied: Settings that differ, one value a run.
        places: The place of each run in the flattened grid.
    """

    fixed: dict[str, Any]
    varied: dict[str, tuple]
    places: tuple[int, ...]

    @property
    def num_runs(self) -> int:
        """R."""
        return len(self.places)

    def __str__(self) -> str:
        fixed = [f"{name}={value}" for name, value in self.fixed.items()]
        varied = [f"{name}={values[0]}…{values[-1]}" for name, values in self.varied.items()]
        return ", ".join(fixed + varied)


@dataclass(frozen=True)
class Grid:
    """All combinations of the values of each axis, the last axis fastest.

    Args:
        axes: Values by name, e.g. ``{"width": (8, 32), "learning_rate": (0.1, 0.2), "seed": range(16)}``.

    Raises:
        ValueError: when there is no axis, an axis is empty, or a value occurs twice on an axis.

    Example:
        >>> grid = Grid({"width": (8, 32), "seed": range(3)})
        >>> grid.shape
        (2, 3)
        >>> [str(part) for part in grid.parts(fixed=("width",), ensemble_size=2)]
        ['width=8, seed=0…1', 'width=8, seed=2…2', 'width=32, seed=0…1', 'width=32, seed=2…2']
    """

    axes: Mapping[str, Sequence]

    def __post_init__(self) -> None:
        if not self.axes:
            raise ValueError('a grid needs at least one axis, such as {"learning_rate": (0.1, 0.2)}')
        object.__setattr__(self, "axes", {name: _values(name, values) for name, values in self.axes.items()})

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return tuple(len(values) for values in self.axes.values())

    @property
    def num_runs(self) -> int:
        """The product of the lengths."""
        return math.prod(self.shape)

    def parts(self, fixed: Sequence[str] = (), ensemble_size: int = 128) -> list[Part]:
        """The grid in ensembles of at most ``ensemble_size`` runs.

        The cut depends on the grid only, since a run's last bits may depend on the size of its ensemble.

        Args:
            fixed: Axes that must have one value in an ensemble, such as the width, which sets the number of parameters.
            ensemble_size: Runs in one.

        Raises:
            ValueError: for an unknown axis or a size below 1.
        """
        integer("ensemble_size", ensemble_size)
        for name in fixed:
            if name not in self.axes:
                raise ValueError(f"fixed names {name!r}, which is no axis; the axes are {', '.join(self.axes)}")
        groups: dict[tuple, list[int]] = {}
        points = list(product(*self.axes.values()))
        names = list(self.axes)
        held = [names.index(name) for name in fixed]
        for place, point in enumerate(points):
            groups.setdefault(tuple(point[axis] for axis in held), []).append(place)
        return [
            self._part(points, places[first : first + ensemble_size], fixed)
            for places in groups.values()
            for first in range(0, len(places), ensemble_size)
        ]

    def _part(self, points: list[tuple], places: list[int], fixed: Sequence[str]) -> Part:
        columns = dict(zip(self.axes, zip(*(points[place] for place in places), strict=True), strict=True))
        return Part(
            fixed={name: column[0] for name, column in columns.items() if name in fixed},
            varied={name: column for name, column in columns.items() if name not in fixed},
            places=tuple(places),
        )


def _values(name: str, values: Any) -> tuple:
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise ValueError(f"axis {name!r} must list its values, such as (1, 2), got {values!r}")
    values = tuple(value.item() if hasattr(value, "item") else value for value in values)
    if not values or len(set(values)) < len(values):
        raise ValueError(f"axis {name!r} must have at least one value and none of them twice, got {values!r}")
    return values
