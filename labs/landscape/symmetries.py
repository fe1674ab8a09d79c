"""Parameters that compute the same function: hidden units exchanged, their signs turned, their scales shifted."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

from labs.inputs import finite
from labs.models import MLP

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = ["equivalents", "imbalance", "num_equivalents", "permute", "rescale"]

ODD = ("tanh", "linear")
"""Activations with φ(−z) = −φ(z): turning all signs around such a unit changes nothing."""

HOMOGENEOUS = ("relu", "linear")
"""Activations with φ(αz) = αφ(z) for α > 0: scale can be shifted from a unit's inputs to its outputs."""

MAX_NUMBERS = 2**26
"""The most numbers that ``equivalents`` returns: half a gigabyte in float64."""


def num_equivalents(model: MLP) -> int:
    """How many parameter vectors exchanging hidden units reaches, and turning their signs where φ is odd.

    A layer of n units has n! orders, and 2ⁿ choices of signs where φ(−z) = −φ(z); the layers' numbers multiply. For
    tanh and one hidden layer there are no others, unless a unit is superfluous (Sussmann 1992).

    Example:
        >>> num_equivalents(MLP((2, 6, 1), "tanh")), num_equivalents(MLP((2, 6, 1), "relu"))
        (46080, 720)
    """
    hidden = _hidden(model)
    orders = math.prod(map(math.factorial, hidden))
    return orders * 2 ** sum(hidden) if model.activation in ODD else orders


def equivalents(model: MLP, theta: Float[Tensor, " P"]) -> Float[Tensor, "K P"]:
    """All ``num_equivalents(model)`` parameter vectors that ``permute`` makes of one; the first is ``theta`` itself.

    Args:
        model: A network with a hidden layer or more.
        theta: ``(P,)``.

    Raises:
        ValueError: when ``theta`` is not one vector that fits, or the answer would not fit into memory.

    Example:
        >>> equivalents(MLP((1, 1, 1), "tanh", bias=False), torch.tensor([2.0, 3.0]))
        tensor([[ 2.,  3.],
                [-2., -3.]])
    """
    hidden = _hidden(model)
    model.matrices(theta)
    if theta.ndim != 1:
        raise ValueError(f"theta must be one vector of shape (P,), got {tuple(theta.shape)}; take one run of it")
    if (count := num_equivalents(model)) * len(theta) > MAX_NUMBERS:
        size = f"{count} vectors of {len(theta)} numbers"
        raise ValueError(f"{model} has {size}, over {MAX_NUMBERS} in all; take fewer units, or draw some with permute")
    choices = [_choices(n, model.activation in ODD) for n in hidden]
    picks = torch.cartesian_prod(*(torch.arange(len(orders)) for orders, _ in choices)).reshape(count, -1)
    orders = [orders[pick] for (orders, _), pick in zip(choices, picks.T, strict=True)]
    signs = [signs[pick] for (_, signs), pick in zip(choices, picks.T, strict=True)]
    return permute(model, theta, orders, signs if model.activation in ODD else None)


def permute(
    model: MLP,
    theta: Float[Tensor, "*runs P"],
    orders: Sequence[Int[Tensor, "*runs n"]],
    signs: Sequence[Float[Tensor, "*runs n"]] | None = None,
) -> Float[Tensor, "*runs P"]:
    """The same function with the hidden units in another order: place i of a layer gets its unit ``order[i]``.

    The rows of [W | b] that feed the layer are exchanged, and the columns of W that leave it. With ``signs``, both are
    multiplied by ±1, which changes nothing either where φ(−z) = −φ(z).

    Args:
        model: A network with a hidden layer or more.
        theta: ``(P,)``, or any leading dimensions; those of ``orders`` and ``signs`` broadcast with them.
        orders: For each hidden layer a permutation of 0 … n − 1.
        signs: For each hidden layer ±1 for the unit that arrives at each place; ``None`` leaves them.

    Raises:
        ValueError: when there is not one order a hidden layer, one is no permutation, a sign is not ±1, or the
            activation is not odd and ``signs`` are given.

    Example:
        >>> permute(MLP((1, 2, 1), bias=False), torch.tensor([1.0, 2.0, 30.0, 40.0]), [torch.tensor([1, 0])])
        tensor([ 2.,  1., 40., 30.])
    """
    orders = [_order(order, n) for order, n in zip(_one_each("order", orders, model), _hidden(model), strict=True)]
    runs = torch.broadcast_shapes(theta.shape[:-1], *(order.shape[:-1] for order in orders))
    orders = [order.to(theta.device).expand(*runs, -1) for order in orders]
    factors = None if signs is None else [sign.to(theta) for sign in _signs(signs, model)]

    def change(layer: int, inward: Tensor, outward: Tensor) -> tuple[Tensor, Tensor]:
        inward = inward.take_along_dim(orders[layer].unsqueeze(-1), -2)
        outward = outward.take_along_dim(orders[layer].unsqueeze(-2), -1)
        if factors is not None:
            inward, outward = inward * factors[layer].unsqueeze(-1), outward * factors[layer].unsqueeze(-2)
        return inward, outward

    return _changed(model, theta, change, [*orders, *(factors or [])])


def rescale(
    model: MLP, theta: Float[Tensor, "*runs P"], factors: Sequence[Float[Tensor, "*runs n"]]
) -> Float[Tensor, "*runs P"]:
    """The same function with each unit's incoming weights and bias times α and its outgoing weights times 1/α.

    φ(αz) = αφ(z) for rectified linear units and α > 0, so α leaves the unit again at its other side.

    Args:
        model: A network with a hidden layer or more, of ReLU or linear units.
        theta: ``(P,)``, or any leading dimensions; those of ``factors`` broadcast with them.
        factors: For each hidden layer α > 0 of each unit.

    Raises:
        ValueError: when there is not one tensor of factors a hidden layer, a factor is not positive and finite, or the
            activation bends.

    Example:
        >>> rescale(MLP((1, 1, 1), "relu", bias=False), torch.tensor([1.0, 1.0]), [torch.tensor([4.0])])
        tensor([4.0000, 0.2500])
    """
    if model.activation not in HOMOGENEOUS:
        raise ValueError(f"only relu and linear units can be rescaled, got {model}; φ(αz) must be αφ(z)")
    alphas = [finite("factors", factor).to(theta) for factor in _one_each("tensor of factors", factors, model)]
    for alpha, n in zip(alphas, _hidden(model), strict=True):
        if alpha.shape[-1:] != (n,) or not bool((alpha > 0).all()):
            raise ValueError(f"factors must be positive, one for each of {n} units, got {alpha.tolist()}")

    def change(layer: int, inward: Tensor, outward: Tensor) -> tuple[Tensor, Tensor]:
        return inward * alphas[layer].unsqueeze(-1), outward / alphas[layer].unsqueeze(-2)

    return _changed(model, theta, change, alphas)


def imbalance(model: MLP, theta: Float[Tensor, "*runs P"]) -> tuple[Float[Tensor, "*runs n"], ...]:
    """‖w_in‖² − ‖w_out‖² of each unit, for each hidden layer; the bias counts among the incoming weights.

    For ReLU units the loss does not change along (w_in, −w_out), so w_in·∇ = w_out·∇ where it is differentiable.
    Gradient flow therefore keeps the imbalance, and one step of descent with weight decay λ multiplies it by (1 − ηλ)²,
    up to η²(‖∇_in‖² − ‖∇_out‖²).

    References:
        Du, Hu and Lee (2018), Algorithmic regularization in learning deep homogeneous models.

    Example:
        >>> imbalance(MLP((1, 1, 1), "relu", bias=False), torch.tensor([4.0, 0.25]))
        (tensor([15.9375]),)
    """
    hidden, matrices = _hidden(model), model.matrices(theta)
    pairs = zip(hidden, itertools.pairwise(matrices), strict=True)
    return tuple(a.square().sum(-1) - b[..., :n].square().sum(-2) for n, (a, b) in pairs)


def _hidden(model: MLP) -> tuple[int, ...]:
    """The numbers of units of the hidden layers."""
    if not isinstance(model, MLP) or len(model.sizes) < 3:
        raise ValueError(f"model must be a labs.models.MLP with a hidden layer, got {model!r}")
    return model.sizes[1:-1]


def _choices(n: int, odd: bool) -> tuple[Tensor, Tensor]:
    """All orders of n units, each with all choices of signs, the unchanged ones first."""
    orders = torch.tensor(list(itertools.permutations(range(n))))
    signs = torch.tensor(list(itertools.product((1.0, -1.0), repeat=n)) if odd else [(1.0,) * n])
    return orders.repeat_interleave(len(signs), 0), signs.repeat(len(orders), 1)


def _changed(
    model: MLP,
    theta: Tensor,
    change: Callable[[int, Tensor, Tensor], tuple[Tensor, Tensor]],
    others: Sequence[Tensor],
) -> Tensor:
    """θ with ``change(layer, w_in, w_out)`` done to each hidden layer, the runs of θ and ``others`` broadcast."""
    model.matrices(theta)
    runs = torch.broadcast_shapes(theta.shape[:-1], *(other.shape[:-1] for other in others))
    matrices = [matrix.expand(*runs, *matrix.shape[-2:]) for matrix in model.matrices(theta)]
    for layer, n in enumerate(_hidden(model)):
        weights, bias = matrices[layer + 1][..., :n], matrices[layer + 1][..., n:]
        matrices[layer], weights = change(layer, matrices[layer], weights)
        matrices[layer + 1] = torch.cat((weights, bias), -1)
    return torch.cat([matrix.flatten(-2) for matrix in matrices], -1)


def _one_each(what: str, given: Sequence[Tensor], model: MLP) -> Sequence[Tensor]:
    hidden = _hidden(model)
    if isinstance(given, torch.Tensor) or len(given) != len(hidden):
        got = "a tensor" if isinstance(given, torch.Tensor) else str(len(given))
        raise ValueError(f"give a list with one {what} for each of {len(hidden)} hidden layers, got {got}")
    return given


def _order(order: Tensor, n: int) -> Tensor:
    if (
        order.is_floating_point()
        or order.shape[-1:] != (n,)
        or bool((order.sort(-1).values != torch.arange(n, device=order.device)).any())
    ):
        raise ValueError(f"an order must be a permutation of 0 … {n - 1}, whole numbers, got {order.tolist()}")
    return order.long()


def _signs(signs: Sequence[Tensor], model: MLP) -> Sequence[Tensor]:
    if model.activation not in ODD:
        raise ValueError(f"signs can be turned where φ(−z) = −φ(z) only, as for tanh; got {model}, leave signs out")
    for sign, n in zip(_one_each("tensor of signs", signs, model), _hidden(model), strict=True):
        if sign.shape[-1:] != (n,) or bool((sign.abs() != 1).any()):
            raise ValueError(f"signs must be 1 or −1, one for each of {n} units, got {sign.tolist()}")
    return signs
