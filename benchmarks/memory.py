"""Peak memory of single computations, each in a process of its own: ``python -m benchmarks.memory``.

What is counted is the highest resident memory the process ever had, less what was resident before the computation
began, so that neither Python nor torch nor the data count, but everything that the computation holds at its worst does.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch

from benchmarks.work import SMALL, reference_risk, theta
from labs import curvature
from labs.models import MLP, RNN
from labs.training.ensemble import ensemble_risk

__all__ = ["COMPUTATIONS", "peak_mib"]

MIB = 2**20
NUM_RUNS, LIMIT_BYTES = 4096, 32 * MIB


def dense_hessian() -> Callable[[], object]:
    """The whole Hessian of T5: 64-20-10, 1 510 parameters, 1 797 digits; its numbers alone are 9 MiB in float32."""
    risk, point = reference_risk(SMALL), theta(SMALL)
    return lambda: curvature.hessian(risk, point)


def _ensemble(model: MLP | RNN, x: torch.Tensor) -> Callable[[], object]:
    """One gradient of each of 4 096 networks, allowed to keep 32 MiB on its way."""
    y = torch.randint(10, (len(x),), generator=torch.Generator().manual_seed(1))
    thetas = model.init(torch.Generator().manual_seed(0), NUM_RUNS, device="cpu")
    risk = ensemble_risk(model, "cross_entropy", torch.zeros(NUM_RUNS, 1), LIMIT_BYTES)
    inputs = risk.inputs(x[None])
    return lambda: risk.gradient(thetas, inputs, y[None])


def mlps() -> Callable[[], object]:
    """4 096 MLPs 64-32-10 on 128 examples; their activations and δ would take 170 MiB together."""
    return _ensemble(MLP((64, 32, 10)), torch.rand(128, 64))


def rnns() -> Callable[[], object]:
    """4 096 RNNs of 16 units on 32 sequences of 20 steps; their states alone would take 190 MiB together."""
    return _ensemble(RNN(1, 16, 10), torch.rand(32, 20, 1))


def general() -> Callable[[], object]:
    """The MLPs as any function of θ and x: by automatic differentiation."""
    model = MLP((64, 32, 10))
    fast = lambda theta, x: model(theta, x)  # noqa: E731 - hides the model from the rules for it
    fast.init = model.init  # type: ignore[attr-defined]
    return _ensemble(fast, torch.rand(128, 64))  # type: ignore[arg-type]


COMPUTATIONS = {fn.__name__: fn for fn in (dense_hessian, mlps, rnns, general)}


def peak_mib(computation: str) -> float:
    """How many MiB one of ``COMPUTATIONS`` holds at its worst, measured in a fresh process with one thread."""
    command = [sys.executable, "-m", "benchmarks.memory", computation]
    output = subprocess.run(command, cwd=Path(__file__).parents[1], check=True, capture_output=True, text=True).stdout
    return float(output)


def _measured_here(computation: str) -> float:
    run = COMPUTATIONS[computation]()
    _forget_peak()
    before = _resident_bytes()
    run()
    return (_peak_bytes() - before) / MIB


def _forget_peak() -> None:
    """Lets the highest resident memory begin anew; where the system cannot, what is measured is an upper bound."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak_bytes() -> int:
    """The highest resident memory so far."""
    if (kibibytes := _status("VmHWM")) is not None:
        return 1024 * kibibytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _resident_bytes() -> int:
    """The resident memory of this moment, or where the system does not tell, the highest so far."""
    return _peak_bytes() if (kibibytes := _status("VmRSS")) is None else 1024 * kibibytes


def _status(key: str) -> int | None:
    """What Linux says of this process; unlike ``ru_maxrss``, it leaves out what the parent held before the fork."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


def main() -> None:
    """Print the peak of the one computation that is named, or of each."""
    if len(sys.argv) > 1:
        torch.set_num_threads(1)
        print(_measured_here(sys.argv[1]))
        return
    for name, fn in COMPUTATIONS.items():
        print(f"{peak_mib(name):8.1f} MiB  {name}: {fn.__doc__}", flush=True)


if __name__ == "__main__":
    main()
