"""Gradients of an ensemble of multilayer perceptrons by hand: the chain rule in batched products.

For one run, with inputs a₀ = x in rows, hidden layers aₗ = φ(aₗ₋₁Wₗᵀ + bₗ) and outputs f = a_L W_Lᵀ + b_L, let δ be the
derivative of the loss L by a layer's pre-activations. At the top

    softmax cross-entropy: δ = softmax(f) − onehot(y),        squared error: δ = f − y,

and from there downwards

    ∂J/∂Wₗ = δₗᵀ aₗ₋₁,    ∂J/∂bₗ = Σ δₗ,    δₗ₋₁ = (δₗ Wₗ) ⊙ φ′,

where φ′ is a function of the activation itself: 1 − a² for tanh, a(1 − a) for the sigmoid, [a > 0] for ReLU.

Three things make it fast on small networks. Weights are kept layer by layer, each in one piece and in the orientation
in which both products run along contiguous rows (hidden layers as Wᵀ), so that ``baddbmm_`` adds a gradient to them in
place. The first bias is one more row of the first weight, met by a column of ones in x. The outputs are laid out class
by class, ``(R, C, B)``: softmax over a short last axis is several times slower.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any

import torch

from labs.fast.heads import HEADS
from labs.fast.passes import TIMES_SLOPE, UNITS
from labs.losses import Risk
from labs.models import MLP
from labs.training.gradient import EnsembleRisk, of_runs

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["Layers", "MLPRisk"]

Pair = tuple["Tensor", "Tensor | None"]
"""The weight and the bias of a layer."""

ALIGNED = 16
"""Each piece begins at a multiple of so many numbers: a line of the cache, in single precision."""


class Layers:
    """The weights of an ensemble, or anything of their shape, layer by layer in contiguous pieces.

    Each layer is a pair (weight, bias): ``(R, n_in, n_out)`` and ``(R, 1, n_out)`` for hidden layers, ``(R, C, n_in)``
    and ``(R, C, 1)`` for the output. The first layer has its bias inside the weight, the last along n_in. All pieces
    lie one after the other in ``flat``, so that what is the same for all numbers is one operation; the gaps hold 0.
    """

    def __init__(self, model: MLP, theta: Float[Tensor, "R P"]) -> None:
        self.model, self.num_runs = model, len(theta)
        views = _pairs(model, theta)
        self.shapes = [None if piece is None else piece.shape for pair in views for piece in pair]
        self._seat(theta.new_zeros(sum(map(_room, _flat(views)))))
        for piece, view in zip(self.pieces, _flat(views), strict=True):
            piece.copy_(view)

    def _seat(self, flat: Tensor) -> None:
        """Lays the pieces into ``flat``."""
        self.flat, first = flat, 0
        seats: list[Any] = []
        for shape in self.shapes:
            seats.append(None if shape is None else flat[first : first + shape.numel()].view(shape))
            first += 0 if shape is None else _room(seats[-1])
        self.pairs: list[Pair] = list(zip(seats[::2], seats[1::2], strict=True))
        self.pieces = _flat(self.pairs)

    def like(self, flat: Tensor) -> Layers:
        """``flat`` seen as such layers."""
        other = copy(self)
        other._seat(flat)
        return other

    def rows(self, runs: slice) -> list[Pair]:
        """The pairs of some runs, as views."""
        if runs.start == 0 and runs.stop >= self.num_runs:
            return self.pairs
        return [(weight[runs], None if bias is None else bias[runs]) for weight, bias in self.pairs]

    def theta(self) -> Float[Tensor, "R P"]:
        """A flat copy."""
        theta = self.pieces[0].new_empty(self.num_runs, self.model.num_parameters)
        for view, piece in zip(_flat(_pairs(self.model, theta)), self.pieces, strict=True):
            view.copy_(piece)
        return theta

    def mul_(self, factor: Float[Tensor, "R 1"]) -> None:
        """Multiplies each run by its factor."""
        for piece, of_run in self._by_run(factor):
            piece.mul_(of_run)

    def add_(self, other: Layers) -> None:
        """Adds ``other``."""
        self.flat.add_(other.flat)

    def lengths(self) -> Float[Tensor, "R 1"]:
        """The Euclidean norm of each run's numbers."""
        if self.num_runs == 1:
            return torch.linalg.vector_norm(self.flat).view(1, 1)
        norms = [torch.linalg.vector_norm(piece.flatten(1), dim=1) for piece in self.pieces]
        return torch.linalg.vector_norm(torch.stack(norms, 1), dim=1, keepdim=True)

    def addcmul_(self, other: Layers, factor: Float[Tensor, "R 1"], value: float = 1.0) -> None:
        """Adds each run's factor times ``other``, times ``value``."""
        for (piece, of_run), (change, _) in zip(self._by_run(factor), other._by_run(factor), strict=True):
            piece.addcmul_(change, of_run, value=value)

    def clamp_(self, bound: Float[Tensor, "R 1"]) -> None:
        """Cuts each number to at most its run's bound in absolute value."""
        for piece, of_run in self._by_run(bound):
            piece.clamp_(-of_run, of_run)

    def _by_run(self, factor: Float[Tensor, "R 1"]) -> list[tuple[Tensor, Tensor]]:
        """Tensors that hold all numbers, each with the factor of its runs: a single run's lie in one piece."""
        if self.num_runs == 1:
            return [(self.flat, factor[0])]
        return [(piece, factor[:, :, None]) for piece in self.pieces]


def _pairs(model: MLP, theta: Float[Tensor, "R P"]) -> list[Pair]:
    """θ seen as the pairs of ``Layers``."""
    pairs, last = [], len(model.shapes) - 1
    for layer, matrix in enumerate(model.matrices(theta)):
        n_in = model.sizes[layer]
        inside = layer == 0 or not model.bias
        weight, bias = (matrix, None) if inside else (matrix[..., :n_in], matrix[..., n_in:])
        pairs.append((weight, bias) if layer == last else (weight.mT, None if bias is None else bias.mT))
    return pairs


def _room(piece: Tensor) -> int:
    """How many numbers are set apart for a piece."""
    return -(-piece.numel() // ALIGNED) * ALIGNED


def _flat(pairs: list[Pair]) -> list[Tensor]:
    return [piece for pair in pairs for piece in pair if piece is not None]


class MLPRisk(EnsembleRisk):
    """The same as its parent for an ensemble of MLPs with one of the two losses above."""

    def __init__(self, model: MLP, loss: str, weight_decay: Tensor, memory_limit_bytes: int) -> None:
        super().__init__(model, loss, weight_decay, memory_limit_bytes)
        self.phi, self.times_phi_prime = UNITS[model.activation], TIMES_SLOPE[model.activation]
        self.loss_name, self.head = loss, HEADS[loss]

    def inputs(self, x: Float[Tensor, "*runs B d"]) -> Float[Tensor, "*runs B d_plus_1"]:
        """x with a column of ones for the bias."""
        return torch.cat((x, x.new_ones(*x.shape[:-1], 1)), dim=-1) if self.model.bias else x

    def gradient(self, theta: Float[Tensor, "R P"], x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        grad, losses = torch.zeros_like(theta), []
        for runs in self.blocks(theta, x, y):
            target, layers = _pairs(self.model, grad[runs]), _pairs(self.model, theta[runs])
            x_rows, y_rows = of_runs(runs, x, y)
            values = self.add_gradient_(target, layers, x_rows, y_rows, 1.0 / x.shape[1], losses=True)
            losses.append(values.mean(-1))
        return torch.cat(losses), grad.addcmul_(theta, self.weight_decay) if self.decays else grad

    def per_example(self, theta: Float[Tensor, "R P"], x: Tensor, y: Tensor, loss: Callable | None = None) -> Tensor:
        blocks = []
        for runs in self.blocks(theta, x, y):
            x_rows, y_rows = of_runs(runs, x, y)
            outputs = self._forward(_pairs(self.model, theta[runs]), x_rows)[-1]
            if loss in (None, self.loss):
                blocks.append(self.head(outputs, y_rows, 1.0, True)[0])
            else:
                own = y_rows.shape[0] > 1 or len(outputs) == 1
                y_rows = y_rows if own else y_rows[0]
                blocks.append(torch.vmap(loss, in_dims=(0, 0 if own else None))(outputs.mT, y_rows))
        return torch.cat(blocks)

    def on(self, x: Tensor, y: Tensor) -> Risk:
        x = x[..., : self.model.sizes[0]]
        runs = max(len(x), len(y))
        x, y = (t[0] if runs == 1 else t.expand(runs, *t.shape[1:]) for t in (x, y))
        return Risk(self.model, x, y, self.loss_name)

    def add_gradient_(
        self, target: list[Pair], layers: list[Pair], x: Tensor, y: Tensor, scale: Tensor | float, losses: bool = False
    ) -> Any:
        """target ← target + scale · Σ (∂L/∂W, ∂L/∂b), also where ``target`` is ``layers``; returns L if asked to."""
        *activations, outputs = self._forward(layers, x)
        values, delta = self.head(outputs, y, scale, losses)
        self._backward(target, layers, activations, delta)
        return values

    def _forward(self, layers: list[Pair], x: Float[Tensor, "R B d"]) -> list[Tensor]:
        """The activations of each layer ``(R, B, n)``, x first, and the outputs ``(R, C, B)``."""
        runs = layers[0][0].shape[0]
        activations = [x if x.shape[0] == runs else x.expand(runs, -1, -1)]
        for weight, bias in layers[:-1]:
            z = torch.bmm(activations[-1], weight)
            activations.append(self.phi(z if bias is None else z.add_(bias)))
        weight, bias = layers[-1]
        outputs = torch.bmm(weight, activations[-1].mT)
        return [*activations, outputs if bias is None else outputs.add_(bias)]

    def _backward(self, target: list[Pair], layers: list[Pair], activations: list[Tensor], delta: Tensor) -> None:
        """Layer by layer downwards; δ of the layer below comes first, since ``target`` may be ``layers``."""
        rows, columns = delta.mT, delta
        for layer in reversed(range(len(layers))):
            top, a = layer == len(layers) - 1, activations[layer]
            weight, bias = target[layer]
            if layer:
                below = layers[layer][0] if top else layers[layer][0].mT
                next_rows = self.times_phi_prime(torch.bmm(rows, below), a)
            _add_product_(weight, *((columns, a) if top else (a.mT, rows)))
            if bias is not None:
                bias.add_(columns.sum(-1, keepdim=True) if top else rows.sum(1, keepdim=True))
            if layer:
                rows = next_rows

    def _bytes_per_run(self, theta: Tensor, x: Tensor, y: Tensor) -> int:
        """The activations and, once more, their δ."""
        *hidden, classes = self.model.sizes[1:]
        return x.shape[1] * (2 * sum(hidden) + 3 * classes) * theta.element_size()


def _add_product_(piece: Tensor, left: Tensor, right: Tensor) -> None:
    """piece ← piece + left right. On anything but one contiguous piece ``baddbmm_`` would go run by run."""
    if piece.is_contiguous():
        piece.baddbmm_(left, right)
    elif piece.stride(-1) == 1:
        piece.add_(torch.bmm(left, right))
    else:
        piece.mT.add_(torch.bmm(right.mT, left.mT))
