"""The reference work: scikit-learn's digits (1797 × 64, inputs / 16), cross-entropy, a briefly trained tanh MLP."""

from __future__ import annotations

from functools import cache

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from labs.losses import Risk
from labs.models import MLP

__all__ = ["REFERENCE", "SMALL", "module", "random_like", "reference_risk", "theta"]

REFERENCE, SMALL = (64, 128, 128, 10), (64, 20, 10)


@cache
def reference_risk(sizes: tuple[int, ...] = REFERENCE, dtype: torch.dtype = torch.float32) -> Risk:
    """J over all digits."""
    x, y = load_digits(return_X_y=True)
    return Risk(MLP(sizes), torch.as_tensor(x / 16).to(dtype), torch.as_tensor(y, dtype=torch.int64))


@cache
def theta(sizes: tuple[int, ...] = REFERENCE, dtype: torch.dtype = torch.float32) -> Tensor:
    """θ after 200 steps of gradient descent with rate 0.2, in float64; then rounded to float32 for all dtypes."""
    risk = reference_risk(sizes, torch.float64)
    point = risk.model.init(torch.Generator().manual_seed(0), dtype=torch.float64, device="cpu")
    for _ in range(200):
        point = point - 0.2 * risk.grad(point)
    return point.float().to(dtype)


def random_like(point: Tensor, seed: int, num: int | None = None) -> Tensor:
    """Gaussian vectors, the same numbers in each dtype."""
    shape = point.shape if num is None else (num, *point.shape)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(point)


def module(sizes: tuple[int, ...], point: Tensor) -> nn.Sequential:
    """The same network as an ordinary torch module, as the peers want it."""
    layers: list[nn.Module] = []
    for matrix in MLP(sizes).matrices(point):
        linear = nn.Linear(matrix.shape[1] - 1, matrix.shape[0], dtype=point.dtype)
        linear.weight.data, linear.bias.data = matrix[:, :-1].clone(), matrix[:, -1].clone()
        layers += [linear, nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def as_theta(tensors: list[Tensor]) -> Tensor:
    """Weights and biases in the order of ``module.parameters()`` as one θ, whose layers are [W | b]."""
    pairs = zip(tensors[::2], tensors[1::2], strict=True)
    return torch.cat([torch.cat((weight, bias[:, None]), dim=1).flatten() for weight, bias in pairs])
