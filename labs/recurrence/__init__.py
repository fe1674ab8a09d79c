"""What repetition does: a unit unrolled in time, gradients through time, powers and products of matrices.

A recurrent network applies one matrix again and again, a deep one applies many different ones. In both, signals and
gradients grow or fade by a factor a step, and what is measured here is that factor.
"""

from __future__ import annotations

from labs.recurrence.one_unit import Unrolled, cliff_bias, taylor_radius, unroll
from labs.recurrence.powers import (
    Eigen,
    PowerMethod,
    decompose,
    departure_from_normality,
    norms_of_powers,
    power,
    power_method,
    power_rate,
)
from labs.recurrence.products import (
    critical_scale,
    growth_of_product,
    growth_variance,
    lyapunov_exponent,
    lyapunov_exponents,
)
from labs.recurrence.through_time import gradient_norms, state_jacobians, stretch
from labs.recurrence.truncated import gradients_by_step, truncated_gradient

__all__ = [  # noqa: RUF022 - grouped by use
    # one unit, unrolled
    "Unrolled",
    "unroll",
    "cliff_bias",
    "taylor_radius",
    # gradients through time
    "state_jacobians",
    "gradient_norms",
    "stretch",
    "gradients_by_step",
    "truncated_gradient",
    # powers of one matrix
    "Eigen",
    "decompose",
    "power",
    "power_rate",
    "PowerMethod",
    "power_method",
    "norms_of_powers",
    "departure_from_normality",
    # products of different ones
    "growth_of_product",
    "lyapunov_exponent",
    "lyapunov_exponents",
    "growth_variance",
    "critical_scale",
]
