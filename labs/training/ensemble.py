"""Which rule computes the gradients of an ensemble."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from labs.fast.heads import HEADS
from labs.losses import LOSSES
from labs.models import MLP, RNN
from labs.training.gated_rules import RULES
from labs.training.gradient import MEMORY_LIMIT_BYTES, EnsembleRisk
from labs.training.mlp_rules import MLPRisk
from labs.training.rnn_rules import RNNRisk

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["ensemble_risk"]


def ensemble_risk(
    model: Any, loss: str | Callable, weight_decay: Float[Tensor, "R 1"], memory_limit_bytes: int = MEMORY_LIMIT_BYTES
) -> EnsembleRisk:
    """The risk of an ensemble, by hand where there is a rule, else by automatic differentiation."""
    name = next((name for name in HEADS if loss in (name, LOSSES[name])), None)
    if type(model) is MLP and name:
        return MLPRisk(model, name, weight_decay, memory_limit_bytes)
    if type(model) is RNN:
        return RNNRisk(model, loss, weight_decay, memory_limit_bytes)
    if type(model) in RULES:
        return RULES[type(model)](model, loss, weight_decay, memory_limit_bytes)
    return EnsembleRisk(model, loss, weight_decay, memory_limit_bytes)
