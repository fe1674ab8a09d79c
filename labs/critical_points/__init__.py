"""Critical points: how many negative eigenvalues they have, how to find them, and families where all are known.

At random: GOE matrices and the spherical three-spin model. In networks: a search on ½‖∇J‖², minima of smaller networks
with dead units, and the linear autoencoder, whose critical points can be listed. Around them: Newton's method, its
saddle-free cousin, the time that descent needs to leave, and the plateaus of deep linear networks.
"""

from __future__ import annotations

from labs.critical_points.autoencoder import AutoencoderPoints, autoencoder_points
from labs.critical_points.classification import Curvatures, curvatures, distinct
from labs.critical_points.dead_units import dead_unit_pulls, embed, predicted_index
from labs.critical_points.linear_networks import aligned_start, mode_strength, plateau_time
from labs.critical_points.newton import escape_steps, newton_step, run_newton, saddle_free_step
from labs.critical_points.random_matrices import chance_all_positive, chances_all_positive, goe, tridiagonal_goe
from labs.critical_points.search import Found, levenberg_marquardt
from labs.critical_points.spins import ENERGY_THRESHOLD, SphericalSpins, index_fraction

__all__ = [  # noqa: RUF022 - grouped by use
    # what kind of point it is
    "Curvatures",
    "curvatures",
    "distinct",
    # random matrices
    "goe",
    "tridiagonal_goe",
    "chance_all_positive",
    "chances_all_positive",
    # a random function on a sphere
    "SphericalSpins",
    "ENERGY_THRESHOLD",
    "index_fraction",
    # finding critical points of a risk
    "Found",
    "levenberg_marquardt",
    "embed",
    "dead_unit_pulls",
    "predicted_index",
    # all critical points of a linear autoencoder
    "AutoencoderPoints",
    "autoencoder_points",
    # methods near a saddle
    "newton_step",
    "saddle_free_step",
    "run_newton",
    "escape_steps",
    # plateaus of deep linear networks
    "mode_strength",
    "plateau_time",
    "aligned_start",
]
