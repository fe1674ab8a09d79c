"""One forward and one backward pass through an MLP, with everything kept that second derivatives need.

With ã = (a; 1) and W̃ = [W | b], an example runs forward and its derivatives run backward by

    z₁ = W̃₁ x̃,  aₗ = φ(zₗ),  zₗ₊₁ = W̃ₗ₊₁ ãₗ,  the outputs f = z_L
    δ_L = ∂L/∂f,  δₗ = φ′(zₗ) ∘ Wₗ₊₁ᵀ δₗ₊₁,  the gradient of layer ℓ is Σᵢ δₗᵢ ãₗ₋₁,ᵢᵀ

with L the loss of one example. Examples are rows of the tensors, as in x; only what belongs to the outputs is laid out
class by class, so that sums over classes run over rows. An ensemble adds a leading dimension R.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeGuard

import torch
from torch import Tensor

from labs.fast.heads import HEADS
from labs.losses import Risk
from labs.models import MLP

if TYPE_CHECKING:
    from jaxtyping import Float

__all__ = [
    "BLOCK_NUMBERS",
    "CACHE_NUMBERS",
    "TIMES_SLOPE",
    "UNITS",
    "Pass",
    "affine",
    "at_once",
    "blocks",
    "covers",
    "layers",
    "runs",
    "squares",
    "top",
]

BLOCK_NUMBERS = 2**25
"""Work is cut into blocks of examples so that no block needs many more numbers than this (128 MiB in float32)."""

CACHE_NUMBERS = 2**20
"""The same on a CPU for work that reads again what it has just written: it should still be near (4 MiB in float32)."""

UNITS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh_,
    "relu": torch.relu_,
    "sigmoid": torch.sigmoid_,
    "linear": lambda z: z,
}
"""φ in place."""

_BACKWARD = torch.ops.aten
TIMES_SLOPE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "tanh": lambda delta, a: _BACKWARD.tanh_backward.grad_input(delta, a, grad_input=delta),
    "relu": lambda delta, a: _BACKWARD.threshold_backward.grad_input(delta, a, 0, grad_input=delta),
    "sigmoid": lambda delta, a: _BACKWARD.sigmoid_backward.grad_input(delta, a, grad_input=delta),
    "linear": lambda delta, a: delta,
}
"""δ ∘ φ′(z) from δ and a = φ(z), in one pass, in place of δ."""


def covers(risk: object, theta: Tensor) -> TypeGuard[Risk]:
    """Whether the fast rules hold for ``risk`` at θ: an MLP, a named loss, and tensors that fit together."""
    if type(risk) is not Risk or type(risk.model) is not MLP:
        return False
    if not isinstance(risk.loss, str) or risk.loss not in HEADS or risk.x.requires_grad or risk.y.requires_grad:
        return False
    lead, outputs = risk.x.shape[:-1], risk.model.sizes[-1]
    targets = lead if risk.loss == "cross_entropy" else (*lead, outputs)
    return (
        theta.shape[-1] == risk.model.num_parameters
        and risk.x.shape[-1] == risk.model.sizes[0]
        and risk.x.dtype == theta.dtype
        and risk.x.device == theta.device == risk.y.device
        and (risk.x.ndim == 2 or (risk.x.ndim == 3 and theta.ndim == 2 and len(risk.x) == len(theta)))
        and risk.y.shape == targets
        and (risk.y.dtype == torch.int64 if risk.loss == "cross_entropy" else risk.y.dtype == theta.dtype)
    )


def runs(risk: Risk, theta: Float[Tensor, "R P"]) -> Iterator[tuple[Risk, Tensor]]:
    """Each run of an ensemble alone, with the sample that it has to itself, if it has one."""
    for r, row in enumerate(theta):
        if risk.has_own_samples(theta):
            yield Risk(risk.model, risk.x[r], risk.y[r], risk.loss, risk.weight_decay), row
        else:
            yield risk, row


def blocks(risk: Risk, theta: Tensor, numbers_per_example: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The sample (x, y) in blocks within BLOCK_NUMBERS."""
    num_runs, example = (len(theta) if theta.ndim == 2 else 1), risk.x.ndim - 2
    block = max(1, BLOCK_NUMBERS // (num_runs * numbers_per_example))
    return zip(risk.x.split(block, example), risk.y.split(block, example), strict=True)


def at_once(theta: Tensor, numbers_each: int) -> int:
    """How many things to do in one go that are read again as soon as they are written."""
    return max(1, (CACHE_NUMBERS if theta.device.type == "cpu" else BLOCK_NUMBERS) // numbers_each)


def squares(rows: Float[Tensor, "*lead n"]) -> Float[Tensor, "*lead"]:
    """‖·‖² of each row; the norm reads once what a product and a sum would read twice, but wants whole rows."""
    if rows.stride(-1) == 1:
        return torch.linalg.vector_norm(rows, dim=-1).square_()
    return (rows.mT * rows.mT).sum(-2)


def layers(model: MLP, theta: Tensor) -> list[tuple[Tensor, ...]]:
    """(W, b) of each layer as views of θ, ``(*runs, n, n_in)`` and ``(*runs, n, 1)``; without biases just (W,)."""
    pairs = zip(model.matrices(theta), model.sizes, strict=False)
    return [(m[..., :n_in], m[..., n_in:]) if model.bias else (m,) for m, n_in in pairs]


def affine(a: Tensor, layer: Sequence[Tensor], out: Tensor | None = None) -> Float[Tensor, "*runs N n"]:
    """z of the next layer, for the examples in the rows of a."""
    weight, *bias = layer
    z = torch.matmul(a, weight.mT, out=out)
    return z.add_(bias[0].mT.contiguous()) if bias else z


def top(a: Tensor, layer: Sequence[Tensor], out: Tensor | None = None) -> Float[Tensor, "*runs C N"]:
    """The outputs f, class by class."""
    weight, *bias = layer
    outputs = torch.matmul(weight, a.mT, out=out)
    return outputs.add_(bias[0]) if bias else outputs


class Pass:
    """The passes at θ over the examples (x, y).

    Attributes:
        weights: Wₗ, ``(*runs, n, n_in)``.
        inputs: ãₗ₋₁, what layer ℓ multiplies, ``(*runs, N, n_in + 1)``, without biases ``(*runs, N, n_in)``; the first
            is x̃, ``(N, …)`` for a sample that the runs share.
        slopes: φ′(zₗ) of the hidden layers, ``(*runs, N, n)``.
        probabilities: softmax(f) under cross-entropy, else None, ``(*runs, C, N)``.
        scale: What the loss of each example is multiplied by, such as 1/N for a mean.
        deltas: δₗ of all layers, times ``scale``, ``(*runs, N, n)``.
    """

    def __init__(self, risk: Risk, theta: Tensor, x: Tensor, y: Tensor, scale: float = 1.0) -> None:
        self.model: MLP = risk.model
        self.scale = scale
        self.weights = [weight for weight, *_ in layers(self.model, theta)]
        matrices = self.model.matrices(theta)
        self.inputs, self.slopes = [self._with_ones(x)], []
        for matrix in matrices[:-1]:
            a = UNITS[self.model.activation](self.inputs[-1] @ matrix.mT)
            self.inputs.append(self._with_ones(a))
            self.slopes.append(slope(self.model.activation, a))
        outputs = matrices[-1] @ self.inputs[-1].mT
        self.probabilities = outputs.softmax(-2) if risk.loss == "cross_entropy" else None
        self.deltas: list[Tensor] = [HEADS[risk.loss](outputs, y, scale)[1].mT]
        self._pulled: list[Tensor] = []
        self._backward()

    def _with_ones(self, a: Tensor) -> Tensor:
        """ã, a copy."""
        return torch.cat((a, a.new_ones(()).expand(*a.shape[:-1], int(self.model.bias))), dim=-1)

    def _backward(self) -> None:
        for weight, phi_prime in zip(self.weights[:0:-1], self.slopes[::-1], strict=True):
            self._pulled.insert(0, self.deltas[0] @ weight)
            self.deltas.insert(0, self._pulled[0] * phi_prime)

    @cached_property
    def bends(self) -> list[Tensor | None]:
        """φ″(zₗ) ∘ Wₗ₊₁ᵀ δₗ₊₁ of the hidden layers, the curvature of the units themselves; None where φ″ = 0."""
        return self._times_ratios(self.deltas[:-1])

    @cached_property
    def relative_bends(self) -> list[Tensor | None]:
        """The same divided by φ′(zₗ), which may be 0."""
        return self._times_ratios(self._pulled)

    @cached_property
    def room(self) -> list[tuple[Tensor, Tensor]]:
        """Memory for two things of the shape of aₗ, for each hidden layer: what is fresh costs as much as a product."""
        return [(torch.empty_like(slope), torch.empty_like(slope)) for slope in self.slopes]

    def _times_ratios(self, factors: list[Tensor]) -> list[Tensor | None]:
        """(φ″/φ′)(zₗ) ∘ factor of the hidden layers: −2a for tanh, 1 − 2a for the sigmoid, None where φ″ = 0."""
        pairs = [(factor, a[..., : factor.shape[-1]]) for factor, a in zip(factors, self.inputs[1:], strict=True)]
        if self.model.activation == "tanh":
            return [(factor * a).mul_(-2) for factor, a in pairs]
        if self.model.activation == "sigmoid":
            return [torch.addcmul(factor, factor, a, value=-2) for factor, a in pairs]
        return [None] * len(pairs)


def slope(activation: str, a: Tensor) -> Tensor:
    """φ′(z) from a = φ(z), in place of a."""
    if activation == "tanh":
        return torch.addcmul(a.new_ones(()), a, a, value=-1, out=a)  # 1 − a², in one go
    if activation == "sigmoid":
        return a.addcmul_(a, a, value=-1)
    return a.gt_(0) if activation == "relu" else a.fill_(1)
