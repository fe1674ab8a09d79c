"""The multilayer perceptron."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import torch

from labs.inputs import chosen, integer, number
from labs.models.layout import ACTIVATIONS, Layered, as_gain, empty_parameters, normal_, placed

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["INITIALISATIONS", "MLP"]

INITIALISATIONS: dict[str, Callable[[int, int, bool], float]] = {
    "he": lambda n_in, n_out, is_last: (1 if is_last else 2) / n_in,
    "lecun": lambda n_in, n_out, is_last: 1 / n_in,
    "glorot": lambda n_in, n_out, is_last: 2 / (n_in + n_out),
    "unit": lambda n_in, n_out, is_last: 1.0,
}
"""Variance of a layer's weights from n_in, n_out and whether the layer is the last."""


@dataclass(frozen=True)
class MLP(Layered):
    """A multilayer perceptron, a ← φ(W a + b) per hidden layer and W a + b at the end.

    Layer ℓ is stored in θ as the matrix [W | b] of shape ``(n_out, n_in + 1)``, row by row, the bias its last column
    (no such column with ``bias=False``), because [W | b] applied to (a, 1) is one matrix product.

    Args:
        sizes: Units per layer, input first, e.g. ``(64, 128, 10)``.
        activation: φ, one of ``"tanh"``, ``"relu"``, ``"sigmoid"``, ``"linear"``.
        bias: Whether layers have biases.

    Raises:
        ValueError: for fewer than two sizes, a size below 1, or an unknown activation.

    Example:
        >>> model = MLP((64, 128, 128, 10))
        >>> model.num_parameters
        26122
    """

    sizes: tuple[int, ...]
    activation: str = "tanh"
    bias: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.sizes, tuple | list) or len(self.sizes) < 2:
            raise ValueError(f"sizes must be two or more positive integers such as (64, 32, 10), got {self.sizes!r}")
        object.__setattr__(self, "sizes", tuple(integer("sizes", size) for size in self.sizes))
        chosen("activation", self.activation, ACTIVATIONS)

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The shapes (n_out, n_in + 1) of the layer matrices [W | b]."""
        return tuple((n_out, n_in + self.bias) for n_in, n_out in pairwise(self.sizes))

    def __call__(self, theta: Float[Tensor, "*runs P"], x: Float[Tensor, "*runs N d"]) -> Float[Tensor, "*runs N C"]:
        """The outputs (logits, for classifiers) on the rows of ``x``, which is shared by all runs or has one set a run.

        Raises:
            ValueError: when ``theta`` or ``x`` have a wrong shape, or their dtypes differ.
        """
        phi, matrices = ACTIVATIONS[self.activation], self.matrices(theta)
        self._check(theta, x, (self.sizes[0],))
        for layer, matrix in enumerate(matrices):
            weight = matrix[..., : self.sizes[layer]]
            x = x @ weight.mT
            if self.bias:
                x = x + matrix[..., -1].unsqueeze(-2)
            if layer < len(matrices) - 1:
                x = phi(x)
        return x

    def init(
        self,
        generator: torch.Generator,
        num_runs: int | None = None,
        *,
        scheme: str = "he",
        gain: float | Float[Tensor, " R"] = 1.0,
        bias_sd: float = 0.0,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> Float[Tensor, "*runs P"]:
        """A random θ: weights N(0, variance of the scheme) × ``gain``, biases N(0, s²) with s = ``bias_sd``.

        Args:
            generator: Source of the draw, e.g. ``labs.device.generator("init")``.
            num_runs: R for an ensemble of shape ``(R, P)``; ``None`` for one θ of shape ``(P,)``.
            scheme: Variance of the weights: ``"he"`` 2/n_in in hidden layers and 1/n_in in the last (He et al. 2015),
                ``"lecun"`` 1/n_in (LeCun et al. 1998), ``"glorot"`` 2/(n_in + n_out) (Glorot and Bengio 2010),
                ``"unit"`` 1.
            gain: Factor on every weight, one for all runs or one a run.
            bias_sd: Standard deviation of the biases.
            dtype: Of the result. The draw itself is in float64, so that precisions agree.
            device: Where the result lives; ``None`` takes the course's device.

        Raises:
            ValueError: for an unknown scheme, a negative gain or spread, or a number of runs below 1.
        """
        variance = INITIALISATIONS[chosen("scheme", scheme, INITIALISATIONS)]
        theta, factor = empty_parameters(self.num_parameters, num_runs), as_gain(gain, num_runs)
        spread = number("bias_sd", bias_sd, at_least=0)
        matrices = self.matrices(theta)
        for layer, (matrix, n_in, n_out) in enumerate(zip(matrices, self.sizes[:-1], self.sizes[1:], strict=True)):
            weight = matrix[..., :n_in]
            normal_(weight, variance(n_in, n_out, layer == len(matrices) - 1), generator)
            weight *= factor
        if self.bias and spread:
            for matrix in matrices:
                normal_(matrix[..., -1], spread**2, generator)
        return placed(theta, dtype, device)
