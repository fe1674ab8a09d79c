"""The Lanczos process: a large symmetric matrix, known only by its products, becomes a small tridiagonal one.

From q₁ = v/‖v‖ it builds orthonormal q₁, q₂, … with A qⱼ = βⱼ₋₁ qⱼ₋₁ + αⱼ qⱼ + βⱼ qⱼ₊₁. With Q = (q₁ … qₘ) and T the
tridiagonal matrix of the α and β, A Q = Q T + βₘ qₘ₊₁ eₘᵀ, so for T s = θ s the pair (θ, Q s) has the residual
‖A Q s − θ Q s‖ = βₘ |sₘ|: convergence can be watched at each step without another product.

Rounding destroys the orthogonality just when a pair converges (Paige 1976), so each new vector is made orthogonal to
all earlier ones. Several processes run in lockstep, one a row: one step of all of them is a few batched operations.

References:
    Lanczos (1950), J. Res. Nat. Bur. Standards 45; Golub & Van Loan (2013), Matrix Computations, section 10.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.linalg import vector_norm

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["Lanczos"]


class Lanczos:
    """B Lanczos processes in lockstep; iterate over ``steps(num_steps)`` and stop when satisfied.

    Args:
        product: Takes ``(B, P)``, returns A v for each row v (each row may have an A of its own).
        start: The starting vectors v, ``(B, P)``, not zero.
        keep_products: Whether to keep A qⱼ as well, so that ``residuals`` can be measured; doubles the memory.

    Attributes:
        basis: q₁, q₂, … of each process, ``(B, m + 1, P)`` after m steps.
    """

    def __init__(
        self,
        product: Callable[[Float[Tensor, "B P"]], Float[Tensor, "B P"]],
        start: Float[Tensor, "B P"],
        *,
        keep_products: bool = False,
    ) -> None:
        self._product, self._num_steps, self._limit = product, 0, start.shape[-1]
        self._basis = start.new_empty(start.shape[0], 16, start.shape[1])
        self._products = torch.empty_like(self._basis) if keep_products else None
        self._basis[:, 0] = start / start.norm(dim=-1, keepdim=True)
        self._beta = start.new_zeros(start.shape[0], 1)
        self._alphas: list[np.ndarray] = []
        self._betas: list[np.ndarray] = []

    @property
    def basis(self) -> Float[Tensor, "B m P"]:
        """q₁ … qₘ of each process, without the one that the next step begins with."""
        return self._basis[:, : self._num_steps]

    def steps(self, num_steps: int) -> Iterator[int]:
        """Take up to ``num_steps`` steps, yielding the number taken so far; ends early when the space is exhausted."""
        for _ in range(min(num_steps, self._limit) - self._num_steps):
            self._step()
            yield self._num_steps

    def _step(self) -> None:
        j = self._num_steps
        self._reserve(j + 2)
        q = self._basis[:, j]
        w = self._product(q)
        if self._products is not None:
            self._products[:, j] = w
        alpha = torch.linalg.vecdot(q, w).unsqueeze(-1)
        w = torch.addcmul(w, alpha, q, value=-1)
        if j > 0:
            w.addcmul_(self._beta, self._basis[:, j - 1], value=-1)
        self._num_steps += 1
        self._alphas.append(alpha.squeeze(-1).cpu().double().numpy())
        self._basis[:, j + 1], beta, self._beta = self._orthogonal(w)
        self._betas.append(beta)

    def _orthogonal(self, w: Float[Tensor, "B P"]) -> tuple[Tensor, np.ndarray, Tensor]:
        """The next basis vector, w made orthogonal to the basis (again while that shortens it much), and β = ‖w‖."""
        before = vector_norm(w, dim=-1).cpu().double().numpy()
        for _ in range(3):
            w = self._project_out(w)
            lengths = vector_norm(w, dim=-1, keepdim=True)
            beta = lengths.squeeze(-1).cpu().double().numpy()
            if (beta > 0.7 * before).all():
                break
            before = beta
        scale = np.abs(self._alphas[-1]) + np.max(self._betas, axis=0, initial=0.0)
        exhausted = beta <= 8 * torch.finfo(w.dtype).eps * scale
        if not exhausted.any():
            return w / lengths, beta, lengths
        # an invariant subspace: go on from anything orthogonal to it, with β = 0
        over = torch.as_tensor(exhausted).to(w.device).unsqueeze(-1)
        w = torch.where(over, self._fresh(w), w)
        norms = vector_norm(w, dim=-1, keepdim=True).clamp_min(torch.finfo(w.dtype).tiny)
        return w / norms, np.where(exhausted, 0.0, beta), lengths.masked_fill(over, 0.0)

    def _project_out(self, w: Float[Tensor, "B P"]) -> Float[Tensor, "B P"]:
        row = w.unsqueeze(1)  # products with rows: torch's bmm is twice as slow with columns here
        return torch.baddbmm(row, row @ self.basis.mT, self.basis, alpha=-1).squeeze(1)

    def _fresh(self, w: Float[Tensor, "B P"]) -> Float[Tensor, "B P"]:
        """Vectors orthogonal to the basis, random otherwise."""
        fresh = torch.randn(w.shape, generator=torch.Generator().manual_seed(self._num_steps), dtype=w.dtype).to(w)
        return self._project_out(self._project_out(fresh))

    def _reserve(self, rows: int) -> None:
        """Room for ``rows`` vectors, doubled whenever it runs out: the number of steps is not known beforehand."""
        if rows > self._basis.shape[1]:
            for name in ("_basis", "_products"):
                old = getattr(self, name)
                if old is not None:
                    setattr(self, name, torch.cat((old, torch.empty_like(old)), dim=1))

    @property
    def tridiagonal(self) -> np.ndarray:
        """T of each process in float64, ``(B, m, m)``."""
        alphas, betas = np.stack(self._alphas, axis=-1), np.stack(self._betas, axis=-1)[:, :-1]
        index = np.arange(alphas.shape[-1])
        matrix = np.zeros((*alphas.shape, alphas.shape[-1]))
        matrix[:, index, index] = alphas
        matrix[:, index[1:], index[:-1]] = matrix[:, index[:-1], index[1:]] = betas
        return matrix

    def ritz(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Eigenvalues θ of T, rising, ``(B, m)``, eigenvectors s ``(B, m, m)`` and residuals βₘ|sₘ| ``(B, m)``."""
        values, vectors = np.linalg.eigh(self.tridiagonal)
        return values, vectors, self._betas[-1][:, None] * np.abs(vectors[:, -1, :])

    def vectors(self, small: np.ndarray) -> Float[Tensor, "B k P"]:
        """Q s for coefficients s of shape ``(B, m, k)``."""
        return torch.as_tensor(small).to(self._basis).mT @ self.basis

    def residuals(self, values: np.ndarray, small: np.ndarray) -> Float[Tensor, "B k"]:
        """‖A Q s − θ Q s‖ from the products that were really computed, for ``values`` (B, k) and s ``(B, m, k)``."""
        if self._products is None:
            raise ValueError("residuals need the products: make the process with keep_products=True")
        coefficients = torch.as_tensor(small).to(self._basis).mT
        images = coefficients @ self._products[:, : self._num_steps]
        return (images - torch.as_tensor(values).to(images).unsqueeze(-1) * (coefficients @ self.basis)).norm(dim=-1)
