"""Analytic surfaces with known minima, gradients and Hessians.

Each factory returns a ``Surface``; ``SURFACES`` holds those over the plane by name. The explorables run the same
formulas in JavaScript.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

from labs.inputs import chosen
from labs.objectives.many_dimensions import nesterov_worst, quadratic_form
from labs.objectives.many_minima import one_neuron, wells
from labs.objectives.obstacles import cliff, four_valleys, hill, plateau, saddle, two_valleys
from labs.objectives.surface import Surface
from labs.objectives.valleys import himmelblau, quadratic, rastrigin, rosenbrock

__all__ = [  # noqa: RUF022 - grouped by use
    "Surface",
    "SURFACES",
    "surface",
    # over the plane
    "quadratic",
    "rosenbrock",
    "himmelblau",
    "rastrigin",
    "saddle",
    "two_valleys",
    "four_valleys",
    "wells",
    "one_neuron",
    "hill",
    "plateau",
    "cliff",
    # in n dimensions
    "nesterov_worst",
    "quadratic_form",
]

SURFACES: dict[str, Callable[..., Surface]] = {
    factory.__name__: factory
    for factory in (
        quadratic,
        rosenbrock,
        himmelblau,
        rastrigin,
        saddle,
        two_valleys,
        four_valleys,
        wells,
        one_neuron,
        hill,
        plateau,
        cliff,
    )
}
"""Surfaces over the plane by name; the values are their factories."""


def surface(name: str, **parameters: float) -> Surface:
    """The surface of that name with the given parameters, the others at their defaults.

    Raises:
        ValueError: for an unknown name or parameter, or a parameter out of its range.

    Example:
        >>> surface("quadratic", kappa=100.0).parameters
        {'kappa': 100.0, 'angle': 0.0}
    """
    factory = SURFACES[chosen("surface", name, SURFACES)]
    known = list(inspect.signature(factory).parameters)
    unknown = set(parameters) - set(known)
    if unknown:
        raise ValueError(f"{name} has no parameter {', '.join(sorted(unknown))}; it has {', '.join(known) or 'none'}")
    return factory(**parameters)
