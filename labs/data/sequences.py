"""Sequences whose meaning stands at their beginning."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from labs.data.populations import lead_of, normal, placed
from labs.data.samples import Dataset
from labs.inputs import integer, number

__all__ = ["Latching"]


@dataclass(frozen=True)
class Latching:
    """A bit, then noise: x₁ = ±1 with equal chances, x₂ … x_T ~ N(0, σ²), and y tells which it was.

    Nothing but the first step matters, so to answer after the last one a network must keep it. (Without noise it could
    do so by doing nothing; the noise is what wears the memory off.)

    Args:
        num_steps: T ≥ 2, the length of a sequence; the bit stands T − 1 steps before its end.
        noise_sd: σ.

    Raises:
        ValueError: when T is below 2, or σ is negative or not finite.

    References:
        Bengio, Simard and Frasconi (1994), Learning long-term dependencies with gradient descent is difficult.

    Example:
        >>> task = Latching(num_steps=10)
        >>> x, y = task.sample(5, torch.Generator().manual_seed(0), dtype=torch.float32)
        >>> x.shape, bool(((x[:, 0, 0] > 0).long() == y).all())
        (torch.Size([5, 10, 1]), True)
    """

    num_steps: int
    noise_sd: float = 0.3

    def __post_init__(self) -> None:
        integer("num_steps", self.num_steps, at_least=2), number("noise_sd", self.noise_sd, at_least=0)

    def sample(
        self,
        num_examples: int,
        generator: torch.Generator,
        num_runs: int | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> Dataset:
        """``num_examples`` independent ones (for each of ``num_runs`` runs): x ``(…, m, T, 1)``, y ``(…, m)``."""
        lead = lead_of(num_examples, num_runs)
        y = torch.randint(2, lead, generator=generator)
        x = self.noise_sd * normal((*lead, self.num_steps, 1), generator)
        x[..., 0, 0] = 2.0 * y - 1
        return placed(x, y, dtype)
