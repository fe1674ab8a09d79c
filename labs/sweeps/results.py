"""What a sweep returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labs.sweeps.grid import Grid, Part

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Results", "assemble"]


@dataclass(frozen=True, eq=False)
class Results:
    """The values of a sweep, in the shape of its grid.

    ``results["loss"]`` has one dimension for each axis, in the order of the grid, and then those of one run's value.
    """

    grid: Grid
    values: dict[str, Tensor]

    def __getitem__(self, name: str) -> Tensor:
        if name not in self.values:
            raise KeyError(f"{name!r} was not returned by the experiment; there are {', '.join(self.values)}")
        return self.values[name]

    def at(self, name: str, **settings: Any) -> Tensor:
        """The values of ``name`` where the given axes have the given values; the other axes remain.

        Raises:
            ValueError: for an unknown axis or a value that is not on it.
        """
        values, axes = self[name], self.grid.axes
        for axis, setting in settings.items():
            if axis not in axes or setting not in axes[axis]:
                have = f"its values are {axes[axis]}" if axis in axes else f"the axes are {', '.join(axes)}"
                raise ValueError(f"there is no {axis} = {setting!r} in this sweep; {have}")
        index = tuple(
            list(values_on).index(settings[axis]) if axis in settings else slice(None)
            for axis, values_on in axes.items()
        )
        return values[index]

    def __repr__(self) -> str:
        axes = " × ".join(f"{name} ({len(values)})" for name, values in self.grid.axes.items())
        return f"Results of {self.grid.num_runs} runs, {axes}: {', '.join(self.values)}"


def assemble(grid: Grid, parts: list[Part], values: list[dict[str, Tensor]]) -> Results:
    """Puts each part's values at their places in the grid."""
    names = {tuple(part_values) for part_values in values}
    if len(names) > 1:
        raise ValueError(f"the experiment returned different names for different parts: {sorted(map(list, names))}")
    return Results(grid, {name: _assembled(name, grid, parts, [v[name] for v in values]) for name in values[0]})


def _assembled(name: str, grid: Grid, parts: list[Part], values: list[Tensor]) -> Tensor:
    if len({(v.shape[1:], v.dtype) for v in values}) > 1:
        shapes = ", ".join(f"{tuple(v.shape[1:])} {v.dtype} at {part}" for part, v in zip(parts, values, strict=True))
        raise ValueError(f"{name!r} must have one shape and dtype for every run, got {shapes}")
    whole = values[0].new_empty(grid.num_runs, *values[0].shape[1:])
    for part, value in zip(parts, values, strict=True):
        whole[list(part.places)] = value
    return whole.unflatten(0, grid.shape)
