"""Gradients that are wrong, on purpose and measurably: by noise, by a chain cut short, by rounding.

An inexact gradient is g + b + ε, with a bias b and a noise ε of mean zero. Noise makes descent end in a ball, which a
smaller learning rate shrinks; a bias moves the ball, and nothing but a better gradient moves it back.
"""

from __future__ import annotations

from labs.inexact.divergence import (
    contrastive_divergence,
    divergence_bound,
    gibbs_matrix,
    likelihood_gradient,
    second_eigenvalue,
)
from labs.inexact.noise import Wander, noisy_descent, stationary_variance, wander
from labs.inexact.rounding import bfloat16, fixed_point, lost_share

__all__ = [  # noqa: RUF022 - grouped by use
    # noise and bias on a parabola
    "stationary_variance",
    "Wander",
    "wander",
    "noisy_descent",
    # a chain cut short
    "likelihood_gradient",
    "contrastive_divergence",
    "gibbs_matrix",
    "second_eigenvalue",
    "divergence_bound",
    # rounding
    "fixed_point",
    "bfloat16",
    "lost_share",
]
