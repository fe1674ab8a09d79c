"""What single computations hold at their worst, each in a process of its own, stays within what is stated."""

import sys

import pytest
import torch

from benchmarks import memory

MIB = memory.MIB
linux_only = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="elsewhere the memory of the preparation counts as well"
)


@linux_only
def test_the_dense_hessian_stays_under_400_mib() -> None:
    measured = memory.peak_mib("dense_hessian")
    assert 1510**2 * 4 / MIB < measured < 400


@linux_only
@pytest.mark.parametrize(("name", "num_parameters"), [("mlps", 2410), ("rnns", 458), ("general", 2410)])
def test_one_step_of_4096_networks_stays_within_its_limit(name: str, num_parameters: int) -> None:
    """The gradients that are asked for, what may be kept on the way, and as much again for temporaries."""
    gradients = memory.NUM_RUNS * num_parameters * 4
    measured = memory.peak_mib(name) * MIB
    assert gradients < measured < gradients + 2 * memory.LIMIT_BYTES + 16 * MIB


@linux_only
def test_memory_that_is_held_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(memory.COMPUTATIONS, "64 MiB", lambda: lambda: torch.ones(16 * MIB))
    assert 63 < memory._measured_here("64 MiB") < 80


@linux_only
def test_what_the_parent_holds_does_not_count() -> None:
    held = torch.ones(512 * MIB // 4)
    assert memory.peak_mib("rnns") < 150
    assert held[0] == 1
