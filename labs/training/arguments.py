"""What ``train`` accepts, brought into one form: numbers per run as (R, 1), data as (R, N, …) or (1, N, …)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from labs.device import beside
from labs.inputs import all_finite

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["data_per_run", "number_of_runs", "per_run", "recorded_steps", "start_per_run"]


def number_of_runs(theta0: Tensor, run_ids: Sequence[int] | None, **numbers: Any) -> int:
    """R, from θ₀ of shape (R, P), or, with a single θ₀, from whatever was given one a run."""
    if not isinstance(theta0, torch.Tensor) or theta0.ndim not in (1, 2) or not theta0.is_floating_point():
        shown = tuple(theta0.shape) if isinstance(theta0, torch.Tensor) else type(theta0).__name__
        raise ValueError(f"theta0 must be a floating-point tensor (P,) or (R, P), got {shown}; see model.init")
    if theta0.numel() == 0:
        raise ValueError(f"theta0 has shape {tuple(theta0.shape)}; there must be at least one run and one parameter")
    if theta0.ndim == 2:
        return len(theta0)
    lengths = {name: len(n) for name, n in numbers.items() if isinstance(n, torch.Tensor | list | tuple) and _ndim(n)}
    if run_ids is not None:
        lengths["run_ids"] = len(run_ids)
    if len(set(lengths.values())) > 1:
        raise ValueError(f"the number of runs differs: {lengths}; give each one value or one a run")
    return next(iter(lengths.values()), 1)


def _ndim(number: Any) -> int:
    return torch.as_tensor(number).ndim


def start_per_run(theta0: Tensor, num_runs: int) -> Float[Tensor, "R P"]:
    """A fresh copy of θ₀ for each run."""
    if not all_finite(theta0):
        raise ValueError("theta0 holds values that are not finite; start from finite parameters")
    return theta0.detach().expand(num_runs, -1).clone(memory_format=torch.contiguous_format)


def per_run(
    name: str, value: Any, theta: Float[Tensor, "R P"], at_least: float = 0.0, above: float | None = None
) -> Float[Tensor, "R 1"]:
    """A hyperparameter, given once or one a run, as a column beside θ."""
    column = beside(value, theta)
    if column.ndim > 1 or (column.ndim == 1 and len(column) != len(theta)):
        raise ValueError(
            f"{name} has shape {tuple(column.shape)}; give one number or one for each of {len(theta)} runs"
        )
    allowed = (column > above) if above is not None else (column >= at_least)
    if not (allowed & column.isfinite()).all():
        bound = f"> {above:g}" if above is not None else f"≥ {at_least:g}"
        raise ValueError(f"{name} must be finite and {bound}, got {value!r}")
    return column.expand(len(theta)).unsqueeze(-1).clone()


def data_per_run(data: tuple[Tensor, Tensor], theta: Float[Tensor, "R P"]) -> tuple[Tensor, Tensor]:
    """Inputs and targets with a leading R where each run has its own, a leading 1 where all share them."""
    try:
        x, y = (torch.as_tensor(t) for t in data)
    except (TypeError, ValueError) as error:
        raise ValueError(f"data must be a pair (x, y) such as labs.data.digits(), got {type(data).__name__}") from error
    x, y = (beside(t, theta) if t.is_floating_point() else t.to(theta.device) for t in (x, y))
    if x.is_floating_point() and not all_finite(x):
        raise ValueError("the inputs x hold values that are not finite; remove or impute those rows first")
    runs = len(theta)
    for x_own, y_own in ((True, True), (False, True), (True, False), (False, False)):
        fits = _is_data(x, runs, x_own, min_ndim=2) and _is_data(y, runs, y_own, min_ndim=1)
        if fits and x.shape[x_own] == y.shape[y_own]:
            return x if x_own else x[None], y if y_own else y[None]
    raise ValueError(
        f"x {tuple(x.shape)} and y {tuple(y.shape)} do not fit together: give N examples in both, "
        f"or one set for each of the {runs} runs, x ({runs}, N, …) or y ({runs}, N, …)"
    )


def _is_data(examples: Tensor, runs: int, own: bool, min_ndim: int) -> bool:
    if own:
        return examples.ndim > min_ndim and len(examples) == runs
    return examples.ndim >= min_ndim and len(examples) > 0


def recorded_steps(record_every: int | Sequence[int], num_steps: int) -> frozenset[int]:
    """The steps at which monitors are read: multiples and the last one, or the steps listed."""
    if isinstance(record_every, int):
        if record_every < 1:
            raise ValueError(f"record_every must be at least 1 step, got {record_every}")
        return frozenset((*range(0, num_steps, record_every), num_steps))
    steps = frozenset(int(step) for step in record_every)
    outside = sorted(step for step in steps if not 0 <= step <= num_steps)
    if outside or not steps:
        raise ValueError(f"record_every lists steps from 0 to num_steps = {num_steps}, got {outside or 'none'}")
    return steps
