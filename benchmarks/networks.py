"""Networks outside the course's own family, on the digits: a small CNN on 1 × 8 × 8 images, an RNN and a GRU of
32 units on 16 steps of 4 pixels.

They are ordinary torch modules, twice differentiable, for which labs has no rules of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from labs.losses import Risk
from labs.models import ModuleModel

__all__ = ["CNN", "GRU", "RNN", "Network"]


class LastState(nn.Module):
    """A recurrent layer, read out after its last step."""

    def __init__(self, recurrent: nn.RNN | nn.GRU) -> None:
        super().__init__()
        self.recurrent, self.read_out = recurrent, nn.Linear(recurrent.hidden_size, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.read_out(self.recurrent(x)[0][:, -1])


@dataclass(frozen=True)
class Network:
    """A module on so many digits.

    Attributes:
        name: As titles say it.
        make: Builds the module; its parameters are drawn from torch's global generator.
        shape: That of one example.
        num_examples: How many digits, the first ones.
    """

    name: str
    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    num_examples: int

    def module(self, dtype: torch.dtype, seed: int = 0) -> nn.Module:
        """The module with parameters of its own seed, drawn in float32."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self.make().to(dtype)

    def data(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Pixels / 16 and class numbers."""
        x, y = load_digits(return_X_y=True)
        x, y = torch.as_tensor(x[: self.num_examples] / 16), torch.as_tensor(y[: self.num_examples], dtype=torch.int64)
        return x.to(dtype).view(-1, *self.shape), y

    def theta(self, dtype: torch.dtype) -> Tensor:
        """The parameters as one vector."""
        return ModuleModel(self.module(dtype)).theta()

    def risk(self, dtype: torch.dtype) -> Risk:
        """J as labs takes it."""
        return Risk(ModuleModel(self.module(dtype)), *self.data(dtype))


def _cnn() -> nn.Module:
    convolutions = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 16, 3, stride=2)
    return nn.Sequential(convolutions[0], nn.Tanh(), convolutions[1], nn.Tanh(), nn.Flatten(), nn.Linear(144, 10))


def _rnn() -> nn.Module:
    return LastState(nn.RNN(4, 32, batch_first=True))


def _gru() -> nn.Module:
    return LastState(nn.GRU(4, 32, batch_first=True))


CNN = Network("a small CNN", _cnn, (1, 8, 8), 1024)
RNN = Network("torch.nn.RNN", _rnn, (16, 4), 1024)
GRU = Network("torch.nn.GRU", _gru, (16, 4), 1024)
