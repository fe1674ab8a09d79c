"""Synthetic populations: they can be sampled without end, and the true risk of a prediction is known exactly."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import integrate, special

from labs.data.samples import Dataset
from labs.device import device_for
from labs.inputs import integer, number, positive

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["GaussianClasses", "LinearRegression", "NoisyCurve", "OutlierClasses", "legendre_features"]


def lead_of(num_examples: int, num_runs: int | None) -> tuple[int, ...]:
    size = integer("num_examples", num_examples)
    return (size,) if num_runs is None else (integer("num_runs", num_runs), size)


def normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def placed(x: Tensor, y: Tensor, dtype: torch.dtype) -> Dataset:
    place = device_for(dtype)
    return Dataset(x.to(dtype).to(place), (y.to(dtype) if y.is_floating_point() else y).to(place))


@dataclass(frozen=True)
class LinearRegression:
    """y = xᵀw + ε with x ~ N(0, I) in p dimensions, w = (1, …, 1)/√p, ε ~ N(0, σ²).

    Args:
        num_features: p.
        noise_sd: σ.

    Raises:
        ValueError: when p is not a positive integer or σ is negative or not finite.

    Example:
        >>> population = LinearRegression(num_features=20, noise_sd=1.0)
        >>> population.expected_train_error(100), round(population.expected_test_error(100), 4)
        (0.8, 1.2532)
    """

    num_features: int
    noise_sd: float = 1.0

    def __post_init__(self) -> None:
        integer("num_features", self.num_features), number("noise_sd", self.noise_sd, at_least=0)

    @property
    def weight(self) -> Float[Tensor, " p"]:
        """The true w, of length 1, in float64 on the CPU."""
        return torch.full((self.num_features,), 1 / math.sqrt(self.num_features), dtype=torch.float64)

    def sample(
        self,
        num_examples: int,
        generator: torch.Generator,
        num_runs: int | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> Dataset:
        """``num_examples`` independent examples (for each of ``num_runs`` runs): x ``(…, m, p)``, y ``(…, m)``."""
        lead = lead_of(num_examples, num_runs)
        x = normal((*lead, self.num_features), generator)
        return placed(x, x @ self.weight + self.noise_sd * normal(lead, generator), dtype)

    def risk(self, weight: Float[Tensor, "*runs p"]) -> Float[Tensor, "*runs"]:
        """The true mean squared error of predicting xᵀw: σ² + ‖w − w_true‖², because x has covariance I."""
        if weight.shape[-1:] != (self.num_features,):
            raise ValueError(f"weight must have shape (…, {self.num_features}), got {tuple(weight.shape)}")
        return self.noise_sd**2 + (weight - self.weight.to(weight)).square().sum(-1)

    def expected_train_error(self, num_examples: int) -> float:
        """E[training MSE] of least squares without intercept, σ²(1 − p/m): residuals live in m − p dimensions."""
        return self.noise_sd**2 * (1 - self.num_features / self._enough(num_examples, self.num_features))

    def expected_test_error(self, num_examples: int) -> float:
        """E[test MSE] of least squares without intercept, σ²(1 + p/(m − p − 1)): E[(XᵀX)⁻¹] = I/(m − p − 1)."""
        p, m = self.num_features, self._enough(num_examples, self.num_features + 2)
        return self.noise_sd**2 * (1 + p / (m - p - 1))

    @staticmethod
    def _enough(num_examples: int, least: int) -> int:
        if integer("num_examples", num_examples) < least:
            raise ValueError(f"the formula needs num_examples ≥ {least}, got {num_examples}")
        return num_examples


@dataclass(frozen=True)
class GaussianClasses:
    """C equally likely classes, x ~ N(μ_c, I), with every two means at the same distance: μ_c = distance/√2 · e_c.

    Args:
        num_classes: C ≥ 2.
        num_features: d ≥ C.
        distance: Between any two means, in units of the classes' standard deviation.

    Raises:
        ValueError: when C < 2, d < C or the distance is not positive.

    Example:
        >>> round(GaussianClasses(num_classes=2, num_features=2, distance=2.0).bayes_error, 6)  # Φ(−1)
        0.158655
    """

    num_classes: int = 2
    num_features: int = 2
    distance: float = 2.0

    def __post_init__(self) -> None:
        integer("num_classes", self.num_classes, at_least=2)
        integer("num_features", self.num_features, at_least=self.num_classes)
        positive("distance", self.distance)

    @property
    def means(self) -> Float[Tensor, "C d"]:
        """The class means, in float64 on the CPU."""
        return torch.eye(self.num_classes, self.num_features, dtype=torch.float64) * self.distance / math.sqrt(2)

    def sample(
        self,
        num_examples: int,
        generator: torch.Generator,
        num_runs: int | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> Dataset:
        """``num_examples`` independent examples (for each of ``num_runs`` runs): x ``(…, m, d)``, y ``(…, m)``."""
        lead = lead_of(num_examples, num_runs)
        y = torch.randint(self.num_classes, lead, generator=generator)
        return placed(self.means[y] + normal((*lead, self.num_features), generator), y, dtype)

    @property
    def bayes_error(self) -> float:
        """The least error rate any classifier can have, 1 − ∫ φ(t − a) Φ(t)^(C−1) dt with a = distance/√2.

        The best rule picks the largest coordinate x_c; it is right when N(a, 1) exceeds C − 1 draws from N(0, 1). For
        two classes this is Φ(−distance/2).
        """
        a = self.distance / math.sqrt(2)

        def density(t: float) -> float:
            return math.exp(-((t - a) ** 2) / 2) / math.sqrt(2 * math.pi) * special.ndtr(t) ** (self.num_classes - 1)

        return 1 - integrate.quad(density, a - 12, a + 12, epsabs=1e-12)[0]

    def error_of_line(self, weight: Float[Tensor, "*runs d"], bias: Float[Tensor, "*runs"] | float = 0.0) -> Tensor:
        """The true error rate of deciding for class 1 where xᵀw + b > 0 (two classes only).

        xᵀw + b is N(μ_cᵀw + b, ‖w‖²) in class c, so the rate is ½Φ(m₀/‖w‖) + ½Φ(−m₁/‖w‖), m_c = μ_cᵀw + b.

        Raises:
            ValueError: when there are more than two classes, or ``weight`` is not ``(…, d)`` or is 0.
        """
        if self.num_classes != 2:
            raise ValueError(f"one line separates two classes, but num_classes is {self.num_classes}")
        if weight.shape[-1:] != (self.num_features,) or (weight == 0).all(-1).any():
            raise ValueError(f"weight must be (…, {self.num_features}) and not 0, got shape {tuple(weight.shape)}")
        m0, m1 = ((weight @ mean + bias) / weight.norm(dim=-1) for mean in self.means.to(weight))
        return 0.5 * (torch.special.ndtr(m0) + torch.special.ndtr(-m1))


@dataclass(frozen=True)
class OutlierClasses:
    """Two Gaussian classes in the plane, of which a share lies far out on the wrong side.

    Class c has mean ((2c − 1)·1.5, 0) and unit variance. An outlier of class 1 lies around (−distance, 0)
    instead: straight behind class 0, where a convex loss grows with the distance and the 0-1 loss does not. (Out at
    an angle, as at (−distance, distance), one line would get outliers and classes right, and nothing be misled.)

    Args:
        share: Of all examples that are outliers, below ½.
        distance: Of the outliers, in units of the classes' standard deviation.

    Raises:
        ValueError: when ``share`` is outside [0, 0.5] or ``distance`` is not positive.
    """

    share: float = 0.1
    distance: float = 10.0

    def __post_init__(self) -> None:
        number("share", self.share, at_least=0, at_most=0.5), positive("distance", self.distance)

    def sample(
        self,
        num_examples: int,
        generator: torch.Generator,
        num_runs: int | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> Dataset:
        """Examples of which exactly round(share · m) are outliers: x ``(…, m, 2)``, y ``(…, m)`` in {0, 1}."""
        lead = lead_of(num_examples, num_runs)
        num_outliers = round(self.share * num_examples)
        y = torch.randint(2, lead, generator=generator)
        y[..., :num_outliers] = 1
        center = torch.stack([(2 * y - 1) * 1.5, torch.zeros(lead)], -1).double()
        center[..., :num_outliers, :] = torch.tensor([-self.distance, 0.0], dtype=torch.float64)
        return placed(center + normal((*lead, 2), generator), y, dtype)


@dataclass(frozen=True)
class NoisyCurve:
    """y = sin(πx) + ε with x uniform on [−1, 1] and ε ~ N(0, σ²): the population for polynomial regression.

    Args:
        noise_sd: σ.

    Raises:
        ValueError: when σ is negative or not finite.

    Example:
        >>> round(NoisyCurve(noise_sd=0.0).risk(torch.zeros_like), 6)  # the mean of sin² is ½
        0.5
    """

    noise_sd: float = 0.3

    def __post_init__(self) -> None:
        number("noise_sd", self.noise_sd, at_least=0)

    @staticmethod
    def mean(x: Tensor) -> Tensor:
        """E[y | x] = sin(πx)."""
        return torch.sin(math.pi * x)

    def sample(
        self,
        num_examples: int,
        generator: torch.Generator,
        num_runs: int | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> Dataset:
        """``num_examples`` independent examples (for each of ``num_runs`` runs): x ``(…, m, 1)``, y ``(…, m)``."""
        lead = lead_of(num_examples, num_runs)
        x = 2 * torch.rand(lead, generator=generator, dtype=torch.float64) - 1
        return placed(x.unsqueeze(-1), self.mean(x) + self.noise_sd * normal(lead, generator), dtype)

    def risk(self, predict: Callable[[Tensor], Tensor]) -> float:
        """The true mean squared error σ² + ½∫(predict(x) − sin πx)² dx over [−1, 1].

        By Gauss–Legendre quadrature with 200 nodes: exact to rounding for polynomials of degree up to about 150.

        Args:
            predict: Takes x of shape ``(200,)`` in float64, returns predictions of that shape.

        Raises:
            ValueError: when ``predict`` returns another shape.
        """
        nodes, weights = (torch.as_tensor(a) for a in np.polynomial.legendre.leggauss(200))
        predictions = predict(nodes)
        if predictions.shape != nodes.shape:
            raise ValueError(f"predict must return shape {tuple(nodes.shape)}, got {tuple(predictions.shape)}")
        return self.noise_sd**2 + float(0.5 * (weights * (predictions - self.mean(nodes)).square()).sum())


def legendre_features(x: Float[Tensor, "*n"], degree: int) -> Float[Tensor, "*n degree_plus_1"]:
    """The Legendre polynomials P₀ … P_degree at x: a well-conditioned basis of the polynomials on [−1, 1].

    By Bonnet's recursion (k + 1)P_{k+1} = (2k + 1)xP_k − kP_{k−1}.

    Raises:
        ValueError: when ``degree`` is not an integer of at least 0.

    Example:
        >>> legendre_features(torch.tensor([0.5]), 2)
        tensor([[ 1.0000,  0.5000, -0.1250]])
    """
    values = [torch.ones_like(x), x]
    for k in range(1, integer("degree", degree, at_least=0)):
        values.append(((2 * k + 1) * x * values[k] - k * values[k - 1]) / (k + 1))
    return torch.stack(values[: degree + 1], dim=-1)
