"""The update rules, each in place on θ (R, P), and the clipping of gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

__all__ = ["Adam", "HeavyBall", "Update", "clip"]


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
        self.first: Tensor | None = None
        self.second: Tensor | None = None

    def __call__(self, theta: Float[Tensor, "R P"], grad: Float[Tensor, "R P"], rate: Float[Tensor, "R 1"]) -> None:
        if self.first is None or self.second is None:
            self.first, self.second = torch.zeros_like(theta), torch.zeros_like(theta)
        self.num_updates += 1
        beta1, beta2 = self.betas
        self.first.lerp_(grad, 1 - beta1)
        self.second.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        root = (self.second / (1 - beta2**self.num_updates)).sqrt_().add_(self.epsilon)
        theta.sub_(rate * self.first.div(root).div_(1 - beta1**self.num_updates))

    def halt(self, runs: Bool[Tensor, " R"]) -> None:
        """Nothing to take: the whole step is proportional to the rate."""


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
        grad = grad * (norm / grad.norm(dim=-1, keepdim=True)).clamp(max=1.0)
    return grad
