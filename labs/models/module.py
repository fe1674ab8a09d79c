"""Any torch module as a function of one vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.func import functional_call

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["ModuleModel"]


@dataclass(frozen=True)
class ModuleModel:
    """Any ``torch.nn.Module`` as a pure function of its flattened parameters.

    Args:
        module: A module with parameters. Put it into ``eval()`` mode where dropout or batch statistics would make the
            output depend on more than θ and x.

    Raises:
        ValueError: when it is no module or has no parameters.

    Example:
        >>> module = torch.nn.Linear(3, 2)
        >>> model = ModuleModel(module)
        >>> model(model.theta(), torch.zeros(5, 3)).shape
        torch.Size([5, 2])
    """

    module: torch.nn.Module

    def __post_init__(self) -> None:
        if not isinstance(self.module, torch.nn.Module) or not any(True for _ in self.module.parameters()):
            raise ValueError(f"module must be a torch.nn.Module with parameters, got {self.module!r}")

    @property
    def num_parameters(self) -> int:
        """P, the number of parameters."""
        return sum(p.numel() for p in self.module.parameters())

    def theta(self) -> Float[Tensor, " P"]:
        """A copy of the module's present parameters, flattened in the order of ``named_parameters``."""
        return torch.cat([p.detach().flatten() for p in self.module.parameters()])

    def __call__(self, theta: Float[Tensor, " P"], x: Tensor) -> Tensor:
        """The module's output on ``x`` with θ in place of its own parameters; for R runs use ``torch.func.vmap``.

        Raises:
            ValueError: when ``theta`` does not have shape ``(P,)``.
        """
        return self.on_parts(self.parts(theta), x)

    def parts(self, theta: Float[Tensor, " P"]) -> tuple[Tensor, ...]:
        """θ as views in the shapes of the module's parameters.

        Raises:
            ValueError: when ``theta`` does not have shape ``(P,)``.
        """
        parameters = list(self.module.parameters())
        lengths = [p.numel() for p in parameters]
        if theta.shape != (sum(lengths),):
            raise ValueError(
                f"theta must have shape ({self.num_parameters},), got {tuple(theta.shape)}; "
                "start from model.theta(), and batch over runs with torch.func.vmap"
            )
        return tuple(part.view_as(p) for part, p in zip(theta.split(lengths), parameters, strict=True))

    def on_parts(self, parts: Sequence[Tensor], x: Tensor) -> Tensor:
        """The module's output on ``x`` with ``parts`` in place of its own parameters."""
        given = dict(zip(map(id, self.module.parameters()), parts, strict=True))
        named = self.module.named_parameters(remove_duplicate=False)  # tied ones come with each of their names
        return functional_call(self.module, {name: given[id(p)] for name, p in named}, (x,), tie_weights=False)
