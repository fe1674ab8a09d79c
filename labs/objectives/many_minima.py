"""Surfaces whose local minima differ in depth: seven wells in a bowl, and the loss of a single neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from labs.objectives.surface import Surface, plane_surface

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["one_neuron", "wells"]

BOWL = 0.12
WELLS = (
    (0.4, -0.3, 1.0, 0.75),
    (-1.7, 1.2, 1.5, 0.6),
    (1.9, 1.5, 0.9, 0.7),
    (2.0, -1.7, 2.2, 0.45),
    (-1.9, -1.5, 1.2, 0.75),
    (0.1, 2.2, 0.8, 0.5),
    (-0.3, -2.3, 0.8, 0.5),
)
"""x, y, depth and width of each well."""

EXAMPLES = ((1.0, 1.0, 0.9), (-1.0, 1.0, 0.1), (-6.0, 7.0, 0.9))
"""x₁, x₂ and target of each example of ``one_neuron``."""


def wells() -> Surface:
    """f = 0.06(x² + y²) − Σₖ dₖ exp(−((x − aₖ)² + (y − bₖ)²)/(2sₖ²)): seven minima, all of different depth.

    The deepest is the narrowest. Seven minima, seven saddles and one maximum: 7 − 7 + 1 = 1, as it must be for a
    function that rises on all sides (Poincaré and Hopf), so none is missing.

    Example:
        >>> len(wells().minima), len(wells().saddles), len(wells().maxima)
        (7, 7, 1)
    """

    def parts(x: Tensor, y: Tensor) -> list[tuple]:
        """Of each well dₖ exp(…)/sₖ², the way from its middle, and sₖ²."""
        ways = [(x - a, y - b, d, s * s) for a, b, d, s in WELLS]
        return [(d / v * torch.exp(-(u * u + w * w) / (2 * v)), u, w, v) for u, w, d, v in ways]

    def f(x: Tensor, y: Tensor) -> Tensor:
        return 0.5 * BOWL * (x * x + y * y) - sum(e * v for e, _, _, v in parts(x, y))

    def gradient(x: Tensor, y: Tensor) -> tuple:
        each = parts(x, y)
        return BOWL * x + sum(e * u for e, u, _, _ in each), BOWL * y + sum(e * w for e, _, w, _ in each)

    def hessian(x: Tensor, y: Tensor) -> tuple:
        each = parts(x, y)
        xx = BOWL + sum(e * (1 - u * u / v) for e, u, _, v in each)
        yy = BOWL + sum(e * (1 - w * w / v) for e, _, w, v in each)
        return xx, -sum(e * u * w / v for e, u, w, v in each), yy

    minima = [
        (1.9728169187627669, -1.676755865091849),
        (-1.6489676818735375, 1.1619219105919272),
        (0.37262497114720006, -0.27844358692870547),
        (-1.7831549401170632, -1.417395326884157),
        (-0.36460290784589877, -2.144930375977345),
        (1.7564042062035672, 1.3814774660117766),
        (0.11664772564934428, 2.0985390790562635),
    ]
    saddles = [
        (-0.8474541695065491, -1.8099604326728975),
        (-0.7575754539277862, -0.9072639926480727),
        (1.2051904628713213, 0.759926307632784),
        (1.2325937848232147, -1.0315450923901541),
        (-0.7085344706781845, 0.43720325456563336),
        (0.7858075944147761, 1.6315337156247334),
        (-0.5094699805909432, 1.5994063186153382),
    ]
    maxima = [(-0.2124934888005531, 1.232715696409468)]
    box = ((-3.0, 3.0), (-3.0, 3.0))
    return plane_surface(
        "wells", f, gradient, hessian, domain=box, start=(-0.3, 1.1), minima=minima, saddles=saddles, maxima=maxima
    )


def one_neuron() -> Surface:
    """f = Σᵢ (σ(w·xᵢ) − yᵢ)², the squared error of one sigmoid neuron without bias on three examples.

    x = (1, 1), (−1, 1), (−6, 7) with targets 0.9, 0.1, 0.9: w = (17.6, 15.4) puts all three on their right side and has
    f = 0.01. The third example is nearly silent where it is wrong, since there σ′ ≈ 0, so the other two hold w near
    (ln 9, 0), a second strict minimum: f = 0.81, and ∇²f is 0.0324 I to one per cent. One saddle lies between them.

    References:
        Sontag and Sussmann (1989), Backpropagation can give rise to spurious local minima even for networks without
        hidden layers.

    Example:
        >>> one_neuron()(one_neuron().minima)
        tensor([0.0100, 0.8100], dtype=torch.float64)
    """

    def each(x: Tensor, y: Tensor) -> list[tuple]:
        """Of each example the inputs, the neuron's output and the target."""
        return [(a, b, torch.sigmoid(a * x + b * y), target) for a, b, target in EXAMPLES]

    def f(x: Tensor, y: Tensor) -> Tensor:
        return torch.stack([(p - target) ** 2 for _, _, p, target in each(x, y)]).sum(0)

    def gradient(x: Tensor, y: Tensor) -> tuple:
        pulls = [(a, b, 2 * (p - target) * p * (1 - p)) for a, b, p, target in each(x, y)]
        return sum(a * pull for a, _, pull in pulls), sum(b * pull for _, b, pull in pulls)

    def hessian(x: Tensor, y: Tensor) -> tuple:
        bends = [(a, b, 2 * p * (1 - p) * (p * (1 - p) + (p - target) * (1 - 2 * p))) for a, b, p, target in each(x, y)]
        return (
            sum(a * a * c for a, _, c in bends),
            sum(a * b * c for a, b, c in bends),
            sum(b * b * c for _, b, c in bends),
        )

    minima = [(17.577796618684147, 15.380572041348714), (2.1965928480514987, 0.0007372195007760583)]
    saddles = [(5.261479857554418, 3.1000845926663403)]
    box = ((-4.0, 20.0), (-4.0, 20.0))
    return plane_surface("one_neuron", f, gradient, hessian, domain=box, start=(0, 0), minima=minima, saddles=saddles)
