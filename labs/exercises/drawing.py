"""Random inputs that several exercises are graded on."""

import torch

__all__ = ["rotated", "vector"]


def rotated(eigenvalues: list[float], generator: torch.Generator) -> torch.Tensor:
    """A symmetric matrix with these eigenvalues and random eigenvectors."""
    n = len(eigenvalues)
    basis, _ = torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64))
    matrix = basis @ torch.diag(torch.tensor(eigenvalues, dtype=torch.float64)) @ basis.mT
    return (matrix + matrix.mT) / 2


def vector(n: int, generator: torch.Generator) -> torch.Tensor:
    """A standard normal vector in float64."""
    return torch.randn(n, generator=generator, dtype=torch.float64)
