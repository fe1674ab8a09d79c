"""The update rules, each in place on θ (R, P), and the clipping of gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

__all__ = ["Adam", "HeavyBall", "Update", "clip", "shortening"]


class Update(Protocol):
    """An update rule with its memory of the past."""

    def __call__(self, theta: Float[Tensor, "R P"], grad: Float[Tensor, "R P"], rate: Float[Tensor, "R 1"]) -> None:
        """Changes θ."""

    def halt(self, runs: Bool[Tensor, " R"]) -> None:
        """Takes from some runs what would move them at learning rate 0."""


class HeavyBall:
    """Gradient descent with Polyak's momentum: v ← m v − η g, θ ← θ + v (Polyak 1964). m = 0 is plain descent."""

    def __init__(self, momentum: Float[Tensor, "R 1"]) -> None:
        self.momentum = momentum
        self.velocity: Tensor | None = None
        self.plain = not bool(momentum.any())

    def __call__(self, theta: Float[Tensor, "R P"], grad: Float[Tensor, "R P"], rate: Float[Tensor, "R 1"]) -> None:
        if self.plain:
            theta.addcmul_(grad, rate, value=-1)
            return
        if self.velocity is None:
            self.velocity = torch.zeros_like(theta)
        self.velocity.mul_(self.momentum).addcmul_(grad, rate, value=-1)
        theta.add_(self.velocity)

    def halt(self, runs: Bool[Tensor, " R"]) -> None:
        if self.velocity is not None:
            self.velocity[runs] = 0.0
            self.momentum = self.momentum.masked_fill(runs[:, None], 0.0)


@dataclass
class Adam:
    """θ ← θ − η m̂ / (√ŝ + ε) with m̂, ŝ the bias-corrected running means of g and g² (Kingma and Ba 2015)."""

    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        self.num_updates = 0
        self.means: tuple[Tensor, Tensor] | None = None
        self.step: Tensor | None = None
        self._rate: Tensor | None = None
        self._shared: float | None = None

    def __call__(self, theta: Float[Tensor, "R P"], grad: Float[Tensor, "R P"], rate: Float[Tensor, "R 1"]) -> None:
        shared = self.shared(rate)
        if shared is not None:
            self.descend(theta, grad, shared)
        else:
            theta.addcmul_(self.unit_step(grad), rate)

    def shared(self, rate: Float[Tensor, "R 1"]) -> float | None:
        """The rate of all runs if they have the same one; looked at again only when ``rate`` is another tensor."""
        if rate is not self._rate:
            first = float(rate[0])
            self._rate, self._shared = rate, first if bool((rate == first).all()) else None
        return self._shared

    def unit_step(self, grad: Tensor) -> Tensor:
        """−m̂ / (√ŝ + ε), in a place that the next call writes to again."""
        self.step = torch.zeros_like(grad) if self.step is None else self.step.zero_()
        self.descend(self.step, grad, 1.0)
        return self.step

    def descend(self, theta: Tensor, grad: Tensor, rate: float) -> None:
        """One update of numbers that lie in one piece, with one rate for all."""
        if self.means is None:
            self.means = torch.zeros_like(grad), torch.zeros_like(grad)
        self.num_updates += 1
        (fused if grad.device.type in FUSED_ON else in_passes)(self, theta, grad, rate, *self.means)

    def halt(self, runs: Bool[Tensor, " R"]) -> None:
        """Nothing to take: the whole step is proportional to the rate."""


FUSED_ON = ("cpu", "cuda") if hasattr(torch, "_fused_adam_") else ()
"""Where torch has the update as one loop over the numbers, the one behind ``torch.optim.Adam(…, fused=True)``."""


def fused(adam: Adam, theta: Tensor, grad: Tensor, rate: float, first: Tensor, second: Tensor) -> None:
    """The update in one pass, three times as fast."""
    steps = torch.full((), float(adam.num_updates), device=grad.device)
    torch._fused_adam_(
        [theta], [grad], [first], [second], [], [steps], lr=rate, beta1=adam.betas[0], beta2=adam.betas[1],
        weight_decay=0.0, eps=adam.epsilon, amsgrad=False, maximize=False,
    )  # fmt: skip


def in_passes(adam: Adam, theta: Tensor, grad: Tensor, rate: float, first: Tensor, second: Tensor) -> None:
    """The update operation by operation.

    With the corrections c₁ = 1 − β₁ᵗ and c₂ = 1 − β₂ᵗ, m̂/(√ŝ + ε) is (√c₂/c₁) m / (√s + ε√c₂): numbers, not passes.
    """
    (beta1, beta2), t = adam.betas, adam.num_updates
    root = (1 - beta2**t) ** 0.5
    first.lerp_(grad, 1 - beta1)
    second.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
    theta.addcdiv_(first, second.sqrt().add_(adam.epsilon * root), value=-rate * root / (1 - beta1**t))


def shortening(length: Float[Tensor, "R 1"], norm: Float[Tensor, "R 1"]) -> Float[Tensor, "R 1"]:
    """The factor that brings a gradient of this length to ``norm``, if it is longer."""
    return (norm / length).clamp_(max=1.0)


def clip(
    grad: Float[Tensor, "R P"], norm: Float[Tensor, "R 1"] | None, value: Float[Tensor, "R 1"] | None
) -> Float[Tensor, "R P"]:
    """Each component cut to [−value, value], then each run's gradient shortened to length ``norm`` if it is longer.

    Example:
        >>> clip(torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0]]), None)
        tensor([[0.6000, 0.8000]])
    """
    if value is not None:
        grad = grad.clamp(-value, value)
    if norm is not None:
        grad = grad * shortening(torch.linalg.vector_norm(grad, dim=-1, keepdim=True), norm)
    return grad
