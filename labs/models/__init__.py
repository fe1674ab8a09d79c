"""Architectures as pure functions of one parameter vector θ.

Every model of the course is called as ``model(theta, x)``. ``theta`` is the vector θ of the text, of shape ``(P,)``
for one network or ``(R, P)`` for an ensemble of R independent ones; nothing is stored inside the model. Gradient
descent is then literally ``theta - learning_rate * grad``, and distances, angles and Hessians need no bookkeeping.
"""

from __future__ import annotations

from labs.models.gated import GRU, LSTM
from labs.models.layout import ACTIVATIONS, Layered
from labs.models.mlp import INITIALISATIONS, MLP
from labs.models.module import ModuleModel
from labs.models.rbm import RBM
from labs.models.rnn import RNN

__all__ = ["ACTIVATIONS", "GRU", "INITIALISATIONS", "LSTM", "MLP", "RBM", "RNN", "Layered", "ModuleModel"]
