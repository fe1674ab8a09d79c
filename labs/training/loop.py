"""The loop: readings, gradient, update, for all runs of an ensemble at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any

from labs.bars import tqdm
from labs.inputs import chosen, integer
from labs.losses import LOSSES
from labs.training import schedules
from labs.training.arguments import data_per_run, number_of_runs, per_run, recorded_steps, start_per_run
from labs.training.batches import ORDERS, batches, indices
from labs.training.ensemble import ensemble_risk
from labs.training.gradient import MEMORY_LIMIT_BYTES, EnsembleRisk
from labs.training.mlp_rules import MLPRisk
from labs.training.monitors import as_monitors
from labs.training.recorder import Recorder
from labs.training.runs import Bounds, BufferedRuns, FlatRuns, LayeredRuns, Runs
from labs.training.stopping import EarlyStopping
from labs.training.trace import Trace
from labs.training.updates import Adam, HeavyBall

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["train"]


def train(
    model: Any,
    theta0: Float[Tensor, "*runs P"],
    data: tuple[Tensor, Tensor],
    *,
    num_steps: int,
    learning_rate: float | Tensor,
    loss: str | Callable = "cross_entropy",
    batch_size: int | None = None,
    order: str = "shuffle",
    optimizer: str = "sgd",
    momentum: float | Tensor = 0.0,
    weight_decay: float | Tensor = 0.0,
    clip_norm: float | Tensor | None = None,
    clip_value: float | Tensor | None = None,
    schedule: str | Callable[[int], float | Tensor] | None = None,
    monitors: Mapping[str, Any] | Sequence[str] | None = None,
    record_every: int | Sequence[int] = 1,
    snapshots: int | Sequence[int] = (),
    early_stopping: EarlyStopping | None = None,
    keep_best: str | None = None,
    purpose: str = "shuffle",
    run_ids: Sequence[int] | None = None,
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
) -> Trace:
    """The trace of R independent runs of gradient descent, trained together.

    Each run r descends its own J_r(θ) = mean loss on its examples + (λ/2)‖θ‖² by

        v ← m v − η s(t) g,  θ ← θ + v,  g = ∇J_r on the whole data or on a minibatch, clipped if asked,

    and gives the same numbers, up to rounding, as it gives alone: nothing is shared between runs, and the random
    stream that picks a run's examples depends on ``purpose`` and the run's identity only.

    Args:
        model: ``model(theta, x) -> outputs``, e.g. ``labs.models.MLP``.
        theta0: Starting points ``(R, P)``, or one start ``(P,)`` for as many runs as there are learning rates (or any
            other values given one a run). Its dtype and device are those of the computation.
        data: Inputs ``(N, …)`` and targets ``(N, …)``, shared by the runs; either may have a leading R instead.
        num_steps: Number of updates.
        learning_rate: η, one number or one a run; so are ``momentum`` m, ``weight_decay`` λ and the bounds of clipping.
        loss: A name in ``labs.losses.LOSSES`` or a function (outputs, targets) -> loss of each example.
        batch_size: Examples a step; ``None`` takes all.
        order: How minibatches are picked: ``"shuffle"``, ``"replacement"`` or ``"sequential"``.
        optimizer: ``"sgd"`` or ``"adam"``.
        clip_norm: Longest gradient; a longer one is shortened.
        clip_value: Largest gradient component in absolute value.
        schedule: Factor s(t) on η: ``"cosine"`` or a function of the step, such as those of ``labs.training``.
        monitors: What to record beside ``"loss"`` (the loss of the batch in use): a list of built-in names, or a
            mapping from names to built-in names, data sets ``(x, y)`` (the loss on them), ``error_on(…)``,
            ``angle_to(…)``, ``every(k, …)`` or any function (theta ``(R, P)``, step) -> ``(R,)``.
        record_every: Period in steps, or the list of steps, at which readings are taken.
        snapshots: Period, or list of steps, at which θ itself is kept.
        early_stopping: When to freeze single runs.
        keep_best: Name of a recorded quantity; θ at its lowest reading is kept.
        purpose: Names the random streams.
        run_ids: The identity of each run, 0 … R − 1 unless given.
        memory_limit_bytes: What one gradient evaluation may keep; larger ensembles are evaluated in blocks.

    Returns:
        A ``Trace``. A run that diverges ends in inf or NaN, is reported there, and leaves the others as they were.

    Raises:
        ValueError: for shapes that do not fit, rates and sizes out of range, unknown names.

    Example:
        >>> import torch
        >>> line = lambda theta, x: x @ theta[..., None]
        >>> x = torch.tensor([[1.0], [-1.0]])
        >>> trace = train(line, torch.zeros(1), (x, 3 * x), loss="squared_error", learning_rate=0.5, num_steps=2)
        >>> trace["loss"].flatten()
        tensor([4.5000, 1.1250, 0.2812])
    """
    num_steps = integer("num_steps", num_steps, at_least=0)
    num_runs = number_of_runs(
        theta0, run_ids, learning_rate=learning_rate, momentum=momentum, weight_decay=weight_decay,
        clip_norm=clip_norm, clip_value=clip_value,
    )  # fmt: skip
    theta = start_per_run(theta0, num_runs)
    rate = per_run("learning_rate", learning_rate, theta, above=0.0)
    bounds = (
        None if clip_norm is None else per_run("clip_norm", clip_norm, theta, above=0.0),
        None if clip_value is None else per_run("clip_value", clip_value, theta, above=0.0),
    )
    if isinstance(loss, str):
        chosen("loss", loss, LOSSES)
    risk = ensemble_risk(model, loss, per_run("weight_decay", weight_decay, theta), memory_limit_bytes)
    x, y = data_per_run(data, theta)
    risk.check(theta, x, y)
    data = risk.inputs(x), y
    runs = _runs(theta, risk, optimizer, per_run("momentum", momentum, theta), bounds)
    record = Recorder(
        theta, risk, data, as_monitors(monitors), recorded_steps(record_every, num_steps),
        recorded_steps(snapshots, num_steps) if snapshots != () else frozenset(),
        early_stopping, keep_best, full_batch=batch_size is None,
    )  # fmt: skip
    stream = _batch_stream(data, batch_size, order, purpose, run_ids, len(theta))
    factor = _schedule(schedule, num_steps)

    for step in tqdm(range(num_steps + 1), desc="training", leave=False, delay=1):
        x, y = next(stream)
        grad = None
        if record.is_due(step):
            grad = record(step, runs.theta, (x, y), grad_is_needed=runs.needs_grad and step < num_steps)
        if step == num_steps or record.all_stopped:
            break
        if record.any_stopped:
            runs.halt(record.best.stopped)
        share = factor(step) * record.moving
        runs.advance(x, y, rate if isinstance(share, float) and share == 1.0 else rate * share, grad)
        del x, y, grad  # the next batch then takes the same memory, which is still in the cache
    return record.trace(runs.theta)


def _runs(theta: Tensor, risk: EnsembleRisk, optimizer: str, momentum: Tensor, bounds: Bounds) -> Runs:
    chosen("optimizer", optimizer, ("sgd", "adam"))
    if optimizer == "adam" and momentum.any():
        raise ValueError("momentum belongs to optimizer='sgd'; Adam has its own running means, leave momentum out")
    update = Adam() if optimizer == "adam" else HeavyBall(momentum)
    if not isinstance(risk, MLPRisk):
        return FlatRuns(theta, risk, update, bounds)
    if optimizer == "sgd" and bounds == (None, None):
        return LayeredRuns(theta, risk, momentum)
    return BufferedRuns(theta, risk, update, bounds)


def _schedule(schedule: str | Callable | None, num_steps: int) -> Callable[[int], Any]:
    if schedule is None:
        return schedules.constant
    if isinstance(schedule, str):
        chosen("schedule", schedule, ("cosine",))
        return schedules.cosine(max(num_steps, 1))
    return schedule


def _batch_stream(
    data: tuple[Tensor, Tensor],
    batch_size: int | None,
    order: str,
    purpose: str,
    run_ids: Sequence[int] | None,
    num_runs: int,
) -> Iterator[tuple[Tensor, Tensor]]:
    chosen("order", order, ORDERS)
    if batch_size is None:
        return repeat(data)
    num_examples = data[0].shape[1]
    if integer("batch_size", batch_size) > num_examples:
        raise ValueError(f"batch_size is {batch_size}, but there are {num_examples} examples; None takes them all")
    run_ids = range(num_runs) if run_ids is None else run_ids
    if len(run_ids) != num_runs:
        raise ValueError(f"run_ids names {len(run_ids)} runs, but theta0 has {num_runs}; give one identity a run")
    return batches(*data, indices(num_examples, batch_size, order, purpose, run_ids), num_runs)
