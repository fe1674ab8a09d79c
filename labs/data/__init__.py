"""Data: handwritten digits, splits, label noise, and synthetic populations whose true risk is known."""

from __future__ import annotations

from labs.data.digits import SCALINGS, digits, mnist
from labs.data.populations import GaussianClasses, LinearRegression, NoisyCurve, OutlierClasses, legendre_features
from labs.data.samples import Dataset, split, with_label_noise
from labs.data.sequences import Latching

__all__ = [  # noqa: RUF022 - grouped by use
    "Dataset",
    # real
    "SCALINGS",
    "digits",
    "mnist",
    # taking samples
    "split",
    "with_label_noise",
    # synthetic, with known risk
    "GaussianClasses",
    "Latching",
    "LinearRegression",
    "NoisyCurve",
    "OutlierClasses",
    "legendre_features",
]
