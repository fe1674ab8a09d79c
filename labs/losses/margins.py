"""Losses of a margin m: how far on the right side a decision is (m > 0 right, m < 0 wrong)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from labs.losses.per_example import classes

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = ["MARGIN_LOSSES", "MarginLoss", "margin"]


def margin(outputs: Float[Tensor, "*runs N C"], targets: Int[Tensor, "*runs N"]) -> Float[Tensor, "*runs N"]:
    """f_y − max over the other classes of f, for each example.

    For two classes this is y·f with y = ±1 and f the difference of the two outputs.

    Raises:
        ValueError: when ``targets`` are not int64 or do not fit ``outputs``, or there is only one class.

    Example:
        >>> margin(torch.tensor([[3.0, 1.0, 0.0]]), torch.tensor([1]))
        tensor([-2.])
    """
    if outputs.shape[-1] < 2:
        raise ValueError(f"a margin needs at least two classes, got outputs of shape {tuple(outputs.shape)}")
    index = classes(outputs, targets).unsqueeze(-1)
    others = outputs.scatter(-1, index, -torch.inf)
    return outputs.gather(-1, index).squeeze(-1) - others.amax(-1)


@dataclass(frozen=True)
class MarginLoss:
    """A loss of the margin with its derivative; calling it gives the value.

    Attributes:
        value: m -> loss.
        slope: m -> its derivative; at a kink the slope from the right.
    """

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]

    def __call__(self, m: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
        """The loss at each margin.

        Raises:
            ValueError: when ``m`` is not a floating-point tensor.
        """
        if not isinstance(m, torch.Tensor) or not m.is_floating_point():
            kind = m.dtype if isinstance(m, torch.Tensor) else type(m).__name__
            raise ValueError(f"margins must be a floating-point tensor, got {kind}; use torch.as_tensor(m, dtype=…)")
        return self.value(m)


MARGIN_LOSSES: dict[str, MarginLoss] = {
    # 1[m ≤ 0]: what we care about; a stair
    "zero_one": MarginLoss(lambda m: (m <= 0).to(m), lambda m: torch.zeros_like(m)),
    # max(0, −m): never above 0-1 near 0, so no bound of it
    "perceptron": MarginLoss(lambda m: (-m).clamp(min=0), lambda m: -(m < 0).to(m)),
    # max(0, 1 − m) ≥ 1[m ≤ 0]
    "hinge": MarginLoss(lambda m: (1 - m).clamp(min=0), lambda m: -(m < 1).to(m)),
    # log(1 + e⁻ᵐ), in nats; divided by log 2 it is ≥ 1[m ≤ 0]
    "logistic": MarginLoss(
        lambda m: torch.logaddexp(torch.zeros_like(m), -m),
        lambda m: -torch.sigmoid(-m),
    ),
    # e⁻ᵐ ≥ 1[m ≤ 0]
    "exponential": MarginLoss(lambda m: torch.exp(-m), lambda m: -torch.exp(-m)),
    # (1 − m)² ≥ 1[m ≤ 0]; it also punishes margins above 1
    "squared": MarginLoss(lambda m: (1 - m) ** 2, lambda m: -2 * (1 - m)),
}
"""Losses of a margin by name, each with its derivative beside it."""
