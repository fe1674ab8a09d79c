"""Which unit of one network does the work of which unit of another."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import torch
from scipy.optimize import linear_sum_assignment

from labs.inputs import finite
from labs.landscape.symmetries import ODD, permute

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from labs.models import MLP

__all__ = ["Matching", "match_units"]

MAX_SWEEPS = 100


class Matching(NamedTuple):
    """A network with its hidden units in the order of another's.

    ``theta`` is the second network with its units exchanged: the same function. ``orders`` has for each hidden layer
    which of its units came to each place, ``signs`` −1 where a unit's signs were turned and 1 elsewhere.
    """

    theta: Float[Tensor, "*runs P"]
    orders: tuple[Int[Tensor, "*runs n"], ...]
    signs: tuple[Float[Tensor, "*runs n"], ...]


def match_units(model: MLP, theta_a: Float[Tensor, "*runs P"], theta_b: Float[Tensor, "*runs P"]) -> Matching:
    """The second network with its hidden units exchanged so that its weights lie closest to those of the first.

    Exchanging units leaves ‖θ_b‖ as it is, so the least ‖θ_a − θ_b‖ has the largest θ_a·θ_b. With one hidden layer that
    is a sum over pairs of units, Sᵢⱼ = w_in,i·w_in,j + w_out,i·w_out,j, and the best pairing is a linear assignment,
    solved exactly. With several hidden layers each is paired in turn, the others held, until nothing changes: θ_a·θ_b
    only rises, to a pairing that no single layer improves. Where φ is odd a pair counts with |Sᵢⱼ|, and the unit's
    signs are turned where Sᵢⱼ < 0.

    Args:
        model: A network with a hidden layer or more.
        theta_a: ``(P,)``, or ``(R, P)`` for R pairs at once.
        theta_b: Of the same shape.

    Raises:
        ValueError: when the shapes differ or do not fit the model, or something is not finite.

    References:
        Ainsworth, Hayase and Srinivasa (2023), Git re-basin, section 3.2, without signs.

    Example:
        >>> from labs.models import MLP
        >>> model = MLP((1, 2, 1), bias=False)
        >>> matched = match_units(model, torch.tensor([1.0, 5.0, 1.0, 5.0]), torch.tensor([5.0, -1.0, 5.0, -1.0]))
        >>> matched.theta, matched.orders[0], matched.signs[0]
        (tensor([1., 5., 1., 5.]), tensor([1, 0]), tensor([-1.,  1.]))
    """
    if finite("theta_a", theta_a).shape != finite("theta_b", theta_b).shape:
        raise ValueError(f"theta_a {tuple(theta_a.shape)} and theta_b {tuple(theta_b.shape)} must have one shape")
    runs, hidden = theta_a.shape[:-1], model.sizes[1:-1]
    orders = [torch.arange(n).expand(*runs, n) for n in hidden]
    signs = [torch.ones(*runs, n) for n in hidden]
    a, original = (theta.detach().cpu().double() for theta in (theta_a, theta_b))
    b = permute(model, original, orders)
    for sweep in count(1):
        before = orders
        for layer in range(len(hidden)):
            similarity = _similarity(model, a, b, layer)
            places, turned = _assigned(similarity, odd=model.activation in ODD)
            orders = _replaced(orders, layer, orders[layer].take_along_dim(places, -1))
            signs = _replaced(signs, layer, signs[layer].take_along_dim(places, -1) * turned)
            b = permute(model, original, orders, signs if model.activation in ODD else None)
        same = all(bool((old == new).all()) for old, new in zip(before, orders, strict=True))
        if same or len(hidden) == 1 or sweep == MAX_SWEEPS:
            break
    theta = permute(model, theta_b.detach(), orders, signs if model.activation in ODD else None)
    return Matching(theta, tuple(orders), tuple(sign.to(theta) for sign in signs))


def _similarity(model: MLP, a: Tensor, b: Tensor, layer: int) -> Tensor:
    """Sᵢⱼ of the units of one hidden layer, ``(*runs, n, n)``, i in a and j in b."""
    n = model.sizes[layer + 1]
    (in_a, out_a), (in_b, out_b) = (model.matrices(theta)[layer : layer + 2] for theta in (a, b))
    return in_a @ in_b.mT + out_a[..., :n].mT @ out_b[..., :n]


def _assigned(similarity: Tensor, *, odd: bool) -> tuple[Tensor, Tensor]:
    """The unit of b for each unit of a, and whether its signs are to be turned.

    SciPy solves one assignment a call; the tables of all pairs of networks are made at once.
    """
    gain = similarity.abs() if odd else similarity
    tables = gain.flatten(0, -3) if gain.ndim > 2 else gain.unsqueeze(0)
    chosen = [torch.as_tensor(linear_sum_assignment(table.numpy(), maximize=True)[1]) for table in tables]
    places = torch.stack(chosen).reshape(similarity.shape[:-1])
    paired = similarity.take_along_dim(places.unsqueeze(-1), -1).squeeze(-1)
    return places, torch.where(paired < 0, -1.0, 1.0) if odd else torch.ones_like(paired)


def _replaced(tensors: list[Tensor], place: int, new: Tensor) -> list[Tensor]:
    return [new if i == place else old for i, old in enumerate(tensors)]
