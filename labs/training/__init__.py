"""The one vectorised loop: an ensemble of independent runs goes in, a ``Trace`` comes out.

R networks are R rows of one matrix θ of shape ``(R, P)``. They are trained together because one batched product over
R small matrices costs far less than R small products, and because a statement about training should rest on many runs.
"""

from labs.training.flow import gradient_flow
from labs.training.loop import train
from labs.training.monitors import angle_to, error_on, every, loss_on
from labs.training.schedules import cosine, step_decay, warmup
from labs.training.stopping import EarlyStopping
from labs.training.surfaces import descend
from labs.training.trace import Trace

__all__ = [  # noqa: RUF022 - grouped by use
    # Runs
    "train",
    "descend",
    "gradient_flow",
    "Trace",
    # What is recorded on the way
    "angle_to",
    "error_on",
    "every",
    "loss_on",
    # How a run is steered
    "EarlyStopping",
    "cosine",
    "step_decay",
    "warmup",
]
