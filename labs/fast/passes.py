"""One forward and one backward pass through an MLP, with everything kept that second derivatives need.

Examples are columns, as in the text: with ã = (a; 1) and W̃ = [W | b],

    z₁ = W̃₁ x̃,  aₗ = φ(zₗ),  zₗ₊₁ = W̃ₗ₊₁ ãₗ,  the outputs f = z_L
    δ_L = ∂L/∂f,  δₗ = φ′(zₗ) ∘ Wₗ₊₁ᵀ δₗ₊₁,  the gradient of layer ℓ is Σᵢ δₗᵢ ãₗ₋₁,ᵢᵀ

with L the loss of one example. Sums over classes then run over rows, which is several times faster than over short
columns, and an ensemble only adds a leading dimension R.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, TypeGuard

import torch
from torch import Tensor

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
    "activate",
    "columns",
    "covers",
    "hidden",
    "runs",
]

BLOCK_NUMBERS = 2**25
"""Work is cut into blocks of examples so that no block needs many more numbers than this (128 MiB in float32)."""

CACHE_NUMBERS = 2**21
"""The same for work that reads at once what it has just written: on a CPU it should still be near (8 MiB)."""

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
    if type(risk) is not Risk or type(risk.model) is not MLP or risk.loss not in ("cross_entropy", "squared_error"):
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
    """Each run of an ensemble alone, with the sample it has to itself when ``x`` is ``(R, N, d)``."""
    for r, row in enumerate(theta):
        if risk.x.ndim == 3:
            yield Risk(risk.model, risk.x[r], risk.y[r], risk.loss, risk.weight_decay), row
        else:
            yield risk, row


def columns(
    risk: Risk, theta: Tensor, numbers_per_example: int, cache_numbers: int = BLOCK_NUMBERS
) -> Iterator[tuple[Tensor, Tensor]]:
    """The sample as columns (x̃, y), in blocks within BLOCK_NUMBERS, on a CPU with its caches ``cache_numbers``."""
    num_runs = len(theta) if theta.ndim == 2 else 1
    limit = min(cache_numbers, BLOCK_NUMBERS) if theta.device.type == "cpu" else BLOCK_NUMBERS
    block = max(1, limit // (num_runs * numbers_per_example))
    example = 0 if risk.x.ndim == 2 else 1
    for x, y in zip(risk.x.split(block, example), risk.y.split(block, example), strict=True):
        x_tilde = torch.cat((x.mT, x.new_ones(*x.shape[:-2], int(risk.model.bias), x.shape[-2])), dim=-2)
        yield x_tilde, y if risk.loss == "cross_entropy" else y.mT


def hidden(model: MLP, matrix: Tensor, a: Tensor, out: Tensor | None = None) -> Float[Tensor, "*runs n_plus_1 N"]:
    """The next ã = (φ(W̃ ã); 1), without a temporary for z: fresh memory costs as much as the units do."""
    n = matrix.shape[-2]
    if out is None:
        out = a.new_empty(*matrix.shape[:-2], n + model.bias, a.shape[-1])
    torch.matmul(matrix, a, out=out[..., :n, :])
    return activate(model, out)


def activate(model: MLP, z: Float[Tensor, "*runs n_plus_1 N"]) -> Float[Tensor, "*runs n_plus_1 N"]:
    """ã from a buffer that holds z, in place; its last row, for the biases, may hold anything."""
    n = z.shape[-2] - model.bias
    UNITS[model.activation](z[..., :n, :])
    z[..., n:, :] = 1
    return z


class Pass:
    """The passes at θ over the examples (x̃, y).

    Attributes:
        matrices: W̃ₗ, as ``model.matrices(theta)``.
        weights: Wₗ, the same without the bias column.
        inputs: ãₗ₋₁, what layer ℓ multiplies; layer by layer, the first is x̃.
        slopes: φ′(zₗ) of the hidden layers.
        outputs: f, ``(*runs, C, N)``.
        probabilities: softmax(f) under cross-entropy, else None.
        deltas: δₗ of all layers.
    """

    def __init__(self, risk: Risk, theta: Tensor, x: Tensor, y: Tensor) -> None:
        self.model: MLP = risk.model
        self.matrices = self.model.matrices(theta)
        self.weights = [matrix[..., :n] for matrix, n in zip(self.matrices, self.model.sizes, strict=False)]
        self._forward(x)
        self.probabilities = softmax(self.outputs) if risk.loss == "cross_entropy" else None
        self._backward(self._output_delta(y))

    def _forward(self, x: Tensor) -> None:
        self.inputs, self.slopes = [x], []
        for matrix in self.matrices[:-1]:
            self.inputs.append(hidden(self.model, matrix, self.inputs[-1]))
            self.slopes.append(slope(self.model.activation, self.inputs[-1][..., : matrix.shape[-2], :]))
        self.outputs = self.matrices[-1] @ self.inputs[-1]

    def _output_delta(self, y: Tensor) -> Tensor:
        """∂L/∂f: softmax(f) − e_y for cross-entropy, f − y for the squared error."""
        if self.probabilities is None:
            return self.outputs - y
        index = y.expand(*self.outputs.shape[:-2], -1).unsqueeze(-2)
        return self.probabilities.scatter_add(-2, index, self.outputs.new_full(index.shape, -1.0))

    def _backward(self, delta: Tensor) -> None:
        self.deltas = [delta]
        for weight, phi_prime in zip(self.weights[:0:-1], self.slopes[::-1], strict=True):
            self.deltas.insert(0, (weight.mT @ self.deltas[0]).mul_(phi_prime))

    @cached_property
    def bends(self) -> list[Tensor | None]:
        """φ″(zₗ) ∘ Wₗ₊₁ᵀ δₗ₊₁ of the hidden layers, the curvature of the units themselves; None where φ″ = 0."""
        ratios = zip(self._ratios(), self.deltas, strict=False)
        return [None if ratio is None else ratio * delta for ratio, delta in ratios]

    @cached_property
    def relative_bends(self) -> list[Tensor | None]:
        """The same divided by φ′(zₗ), which may be 0."""
        layers = zip(self._ratios(), self.weights[1:], self.deltas[1:], strict=True)
        return [None if ratio is None else ratio * (weight.mT @ delta) for ratio, weight, delta in layers]

    @cached_property
    def room(self) -> list[tuple[Tensor, Tensor]]:
        """Memory for two things of the shape of aₗ, for each hidden layer: what is fresh costs as much as a product."""
        return [(torch.empty_like(slope), torch.empty_like(slope)) for slope in self.slopes]

    def _ratios(self) -> list[Tensor | None]:
        """(φ″/φ′)(zₗ) of the hidden layers: −2a for tanh, 1 − 2a for the sigmoid, None where φ″ = 0."""
        units = [a[..., :n, :] for a, n in zip(self.inputs[1:], self.model.sizes[1:-1], strict=True)]
        if self.model.activation == "tanh":
            return [a * -2 for a in units]
        return [1 - 2 * a for a in units] if self.model.activation == "sigmoid" else [None] * len(units)


def slope(activation: str, a: Tensor) -> Tensor:
    """φ′(z) from a = φ(z)."""
    if activation == "tanh":
        return torch.addcmul(a.new_ones(()), a, a, value=-1)  # 1 − a², in one go
    if activation == "sigmoid":
        return a * (1 - a)
    return (a > 0).to(a.dtype) if activation == "relu" else torch.ones_like(a)


def softmax(f: Float[Tensor, "*runs C N"]) -> Float[Tensor, "*runs C N"]:
    """Class probabilities of each column."""
    e = (f - f.amax(-2, keepdim=True)).exp_()
    return e.div_(e.sum(-2, keepdim=True))
