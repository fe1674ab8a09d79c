"""A random function whose critical points are understood: the spherical three-spin model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from labs.inputs import finite, integer, positive
from labs.models.layout import placed

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["ENERGY_THRESHOLD", "SphericalSpins", "index_fraction"]

ENERGY_THRESHOLD = 2 * math.sqrt(2 / 3)
"""E∞: for large n nearly all critical points with energies a spin below −E∞ are minima, those above it saddles."""


class SphericalSpins:
    """H(σ) = N⁻¹ Σᵢⱼₖ Jᵢⱼₖ σᵢσⱼσₖ on the sphere |σ|² = N, with independent couplings Jᵢⱼₖ from N(0, 1).

    H is Gaussian with mean 0 and covariance N (σ·σ′/N)³. Several disorders are held at once. All points have shape
    ``(*disorders, S, N)``: S points on each of the spheres; they should have length √N, which is not checked.

    Attributes:
        couplings: J symmetrised over its three indices, ``(*disorders, N, N, N)``.

    Args:
        couplings: J, ``(N, N, N)`` or with leading dimensions, any order of indices.

    Raises:
        ValueError: when ``couplings`` is not finite or not cubic.

    References:
        Crisanti and Sommers (1992); Auffinger, Ben Arous and Černý (2013), for p = 3.

    Example:
        >>> spins = SphericalSpins(torch.ones(1, 1, 1))
        >>> spins.energy(torch.tensor([[1.0], [-1.0]]))
        tensor([ 1., -1.])
    """

    def __init__(self, couplings: Float[Tensor, "*disorders N N N"]) -> None:
        if finite("couplings", couplings).ndim < 3 or len(set(couplings.shape[-3:])) > 1:
            raise ValueError(f"couplings must have shape (…, N, N, N), got {tuple(couplings.shape)}")
        pairs = couplings + couplings.transpose(-1, -2)
        self.couplings = (pairs + pairs.transpose(-3, -1) + pairs.transpose(-3, -2)) / 6

    @classmethod
    def draw(
        cls,
        n: int,
        num_disorders: int,
        generator: torch.Generator,
        *,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str | None = None,
    ) -> SphericalSpins:
        """``num_disorders`` models of n spins; drawn in float64 on the CPU."""
        shape = (integer("num_disorders", num_disorders), integer("n", n), n, n)
        return cls(placed(torch.randn(shape, generator=generator, dtype=torch.float64), dtype, device))

    def starts(self, num_starts: int, generator: torch.Generator) -> Float[Tensor, "*disorders S N"]:
        """Points spread evenly over the spheres."""
        *disorders, _, _, n = self.couplings.shape
        shape = (*disorders, integer("num_starts", num_starts), n)
        return _onto_sphere(torch.randn(shape, generator=generator, dtype=torch.float64).to(self.couplings))

    def energy(self, spins: Float[Tensor, "*disorders S N"]) -> Float[Tensor, "*disorders S"]:
        """E = H/N, the energy a spin."""
        return self._energies(spins, self._fields(spins))

    def gradient(self, spins: Float[Tensor, "*disorders S N"]) -> Float[Tensor, "*disorders S N"]:
        """The part of ∇H along the sphere: with S the symmetrised couplings, 3 N⁻¹ S(σ, σ, ·) − 3 E σ."""
        fields = self._fields(spins)
        return self._slope(spins, fields)

    def hessian(self, spins: Float[Tensor, "*disorders S N"]) -> Float[Tensor, "*disorders S N_minus_1 N_minus_1"]:
        """The second derivatives of H along geodesics: 6 N⁻¹ S(σ, ·, ·) − 3 E in an orthonormal basis of the tangents.

        The sphere curves inwards, so a way along it feels the slope −3E of H across it; that shifts all eigenvalues.
        """
        fields = self._fields(spins)
        basis = _tangents(spins)
        curved = 6 / spins.shape[-1] * basis @ fields @ basis.mT
        shift = 3 * self._energies(spins, fields)[..., None, None]
        curved = curved - shift * torch.eye(curved.shape[-1], dtype=curved.dtype, device=curved.device)
        return (curved + curved.mT) / 2

    def descend(
        self, spins: Float[Tensor, "*disorders S N"], learning_rate: float, num_steps: int
    ) -> Float[Tensor, "*disorders S N"]:
        """The points after steps −η ∇H along the tangent, each pulled back onto the sphere."""
        for _ in range(integer("num_steps", num_steps, at_least=0)):
            spins = _onto_sphere(spins - learning_rate * self.gradient(spins))
        return spins

    def newton(
        self, spins: Float[Tensor, "*disorders S N"], num_steps: int = 25, max_length: float | None = None
    ) -> Float[Tensor, "*disorders S N"]:
        """The points after Newton's steps in the tangent, each pulled back onto the sphere.

        Newton's method asks for ∇H = 0 and does not care whether the way there leads up or down, so it finds critical
        points of every index. Not every start converges: look at ``gradient``. From N = 32 or so hardly any does unless
        longer steps are shortened to ``max_length``, such as a quarter of the radius, √N/4.
        """
        n = spins.shape[-1]
        limit = math.inf if max_length is None else positive("max_length", max_length)
        for _ in range(integer("num_steps", num_steps, at_least=0)):
            fields = self._fields(spins)
            basis, slope = _tangents(spins), self._slope(spins, fields)
            curved = 6 / n * basis @ fields @ basis.mT
            curved.diagonal(dim1=-2, dim2=-1).sub_(3 * self._energies(spins, fields).unsqueeze(-1))
            step, _ = torch.linalg.solve_ex(curved, basis @ slope.unsqueeze(-1))
            step = (basis.mT @ step).squeeze(-1).nan_to_num(0, 0, 0)
            step = step * (limit / step.norm(dim=-1, keepdim=True).clamp(min=1e-30)).clamp(max=1)
            spins = _onto_sphere(spins - step)
        return spins

    def _fields(self, spins: Tensor) -> Tensor:
        """S(σ, ·, ·), ``(*disorders, S, N, N)``."""
        n = self.couplings.shape[-1]
        if spins.ndim < 2 or spins.shape[-1] != n or spins.shape[:-2] != self.couplings.shape[:-3]:
            wanted = ", ".join(map(str, (*self.couplings.shape[:-3], "S", n)))
            raise ValueError(f"spins must have shape ({wanted}), got {tuple(spins.shape)}")
        return (spins @ self.couplings.flatten(-2)).unflatten(-1, (n, n))

    @staticmethod
    def _energies(spins: Tensor, fields: Tensor) -> Tensor:
        return (spins * (fields @ spins.unsqueeze(-1)).squeeze(-1)).sum(-1) / spins.shape[-1] ** 2

    def _slope(self, spins: Tensor, fields: Tensor) -> Tensor:
        full = 3 / spins.shape[-1] * (fields @ spins.unsqueeze(-1)).squeeze(-1)
        return full - 3 * self._energies(spins, fields).unsqueeze(-1) * spins


def index_fraction(energy: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """The share of negative eigenvalues at a critical point of energy E a spin, for large N: ½ + (x√(1−x²) + asin x)/π.

    x = E/E∞. The Hessian is a GOE matrix with a semicircle of radius 3E∞, shifted by −3E; the formula is the share of
    that semicircle below 0. Beyond ±E∞ it is 0 or 1: few critical points are there, nearly all minima or maxima.

    References:
        Bray and Dean (2007), Statistics of critical points of Gaussian fields on large-dimensional spaces.

    Example:
        >>> index_fraction(torch.tensor([-2.0, 0.0, 2.0]))
        tensor([0.0000, 0.5000, 1.0000])
    """
    x = (energy / ENERGY_THRESHOLD).clamp(-1, 1)
    return 0.5 + (x * (1 - x.square()).sqrt() + x.asin()) / math.pi


def _onto_sphere(spins: Tensor) -> Tensor:
    return spins * (math.sqrt(spins.shape[-1]) / spins.norm(dim=-1, keepdim=True))


def _tangents(spins: Tensor) -> Tensor:
    """An orthonormal basis of the tangents at each point, in rows ``(…, N − 1, N)``.

    The reflection I − vvᵀ/(1 + |u₁|) with u = σ/|σ| and v = u + sign(u₁)e₁ exchanges u and ∓e₁: its rows but the first
    are orthonormal and orthogonal to u.
    """
    u = spins / spins.norm(dim=-1, keepdim=True)
    sign = torch.where(u[..., :1] < 0, -1.0, 1.0).to(u)
    v = torch.cat((u[..., :1] + sign, u[..., 1:]), -1)
    weights = v / (1 + u[..., :1].abs())
    eye = torch.eye(spins.shape[-1], dtype=spins.dtype, device=spins.device)
    return (eye - weights.unsqueeze(-1) * v.unsqueeze(-2))[..., 1:, :]
