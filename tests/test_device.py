"""Seeds, timing, sizes and memory, each against what it promises."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
import warnings
from itertools import pairwise

import numpy as np
import pytest
import torch

from labs import device
from labs.device import memory, place, seeds, timing

NEEDS_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def run(*arguments: str, seed: str | None = None) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if name != "LABS_SEED"}
    environment |= {} if seed is None else {"LABS_SEED": seed}
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=120)


# Seeds


def test_the_course_seed_is_shifted_by_the_environment(monkeypatch):
    for text, shift in ((None, 0), ("", 0), ("0", 0), ("7", 7), ("-3", -3), (" 5 ", 5)):
        monkeypatch.delenv("LABS_SEED", raising=False)
        if text is not None:
            monkeypatch.setenv("LABS_SEED", text)
        assert device.course_seed() == device.BASE_SEED + shift


def test_streams_depend_on_purpose_and_course_seed_only(monkeypatch):
    def draws(purpose: str) -> tuple:
        tensor = torch.rand(4, generator=device.generator(purpose), dtype=torch.float64)
        return *tensor.tolist(), *device.numpy_generator(purpose).random(4).tolist()

    seen = set()
    for shift in range(10):
        monkeypatch.setenv("LABS_SEED", str(shift))
        for purpose in ("init", "shuffle", "label noise"):
            assert draws(purpose) == draws(purpose)
            seen.update(draws(purpose))
    assert len(seen) == 10 * 3 * 8


def test_a_stream_is_the_same_on_every_machine():
    digest = hashlib.sha256(b"2016/init").hexdigest()
    assert device.generator("init").initial_seed() == int(digest[:16], 16) // 2


@pytest.mark.parametrize("purpose", ["", None, 3])
@pytest.mark.parametrize("make", [device.generator, device.numpy_generator])
def test_a_stream_needs_a_purpose(make, purpose):
    with pytest.raises(ValueError, match='purpose must be a non-empty text such as "init", got'):
        make(purpose)


SENTENCE = "LABS_SEED must be a whole number such as 3, got 'abc': set it to one or unset it."


def test_a_seed_that_is_no_number_raises(monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setenv("LABS_SEED", "abc")
    with pytest.raises(device.SeedError) as caught:
        device.start()
    assert str(caught.value) == SENTENCE
    assert isinstance(caught.value, ValueError)


def test_a_script_with_a_bad_seed_stops_with_one_sentence():
    stopped = run("-c", "from labs import device; device.start(); print('went on')", seed="abc")
    assert (stopped.returncode, stopped.stdout, stopped.stderr.strip()) == (1, "", SENTENCE)


def test_other_errors_keep_their_traceback_after_a_bad_seed():
    code = "from labs import device\ntry:\n    device.start()\nexcept ValueError:\n    pass\n1 / 0"
    stopped = run("-c", code, seed="abc")
    assert "Traceback" in stopped.stderr
    assert "ZeroDivisionError" in stopped.stderr


def test_a_notebook_with_a_bad_seed_shows_one_sentence():
    stopped = run("-m", "IPython", "--colors=NoColor", "-c", "from labs import device; device.start()", seed="abc")
    assert SENTENCE in stopped.stdout + stopped.stderr
    assert "Traceback" not in stopped.stdout + stopped.stderr


def test_two_runs_give_the_same_numbers_to_the_bit():
    code = (
        "import random, numpy, torch; from labs import device; from labs.models import MLP; device.start();"
        "theta = MLP((64, 32, 10)).init(device.generator('init'), device='cpu').requires_grad_();"
        "MLP((64, 32, 10))(theta, torch.randn(500, 64)).logsumexp(-1).mean().backward();"
        "print(theta.grad.double().sum().item().hex(), random.random(), numpy.random.rand())"
    )
    first, second, other = run("-c", code), run("-c", code), run("-c", code, seed="1")
    assert (first.stderr, len(first.stdout.split())) == ("", 3)
    assert first.stdout == second.stdout
    assert not set(first.stdout.split()) & set(other.stdout.split())


def test_start_makes_the_cpu_deterministic_and_bars_vanish():
    code = (
        "import io, torch; from labs import device; from tqdm.auto import tqdm; device.start(); device.start();"
        "bar = tqdm(range(3), file=io.StringIO());"
        "print(bar.leave, bar.delay, torch.are_deterministic_algorithms_enabled());"
        "print(tqdm(range(3), leave=True, file=io.StringIO()).leave)"
    )
    deterministic = str(device.DEVICE.type == "cpu")
    assert run("-c", code).stdout.split() == ["False", "1", deterministic, "True"]


# Place and size


def test_sizes_follow_the_device(monkeypatch):
    for kind, size in (("cpu", 3), ("mps", 3), ("cuda", 50)):
        monkeypatch.setattr(place, "DEVICE", torch.device(kind))
        assert device.scaled(cpu=3, gpu=50) == size
    for sizes in ({"cpu": 0, "gpu": 1}, {"cpu": 1, "gpu": -1}, {"cpu": 1, "gpu": 1.5}):
        with pytest.raises(ValueError, match=r"[cg]pu must be a whole number of at least 1, got"):
            device.scaled(**sizes)


def test_float64_stays_on_the_cpu_where_mps_lacks_it(monkeypatch):
    for kind, double in (("cpu", "cpu"), ("mps", "cpu"), ("cuda", "cuda")):
        monkeypatch.setattr(place, "DEVICE", torch.device(kind))
        assert device.device_for(torch.float64) == torch.device(double)
        assert device.device_for(torch.float32) == torch.device(kind)


@pytest.mark.parametrize(("cuda", "mps", "best"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")])
def test_the_best_device_is_taken(monkeypatch, cuda, mps, best):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert place._best_device().type == best


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_synchronize_waits_for_the_device_in_use(monkeypatch, kind):
    waits = []
    monkeypatch.setattr(place, "DEVICE", torch.device(kind))
    monkeypatch.setattr(getattr(torch, kind), "synchronize", lambda: waits.append(kind))
    device.synchronize()
    assert waits == [kind]


# Time


class Clock:
    """A clock that only the timed functions move, and the order in which they did."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.calls = 0.0, []
        monkeypatch.setattr(timing.time, "perf_counter", lambda: self.now)

    def takes(self, name: str, *seconds: float):
        durations = iter(seconds)

        def fn() -> None:
            self.calls.append(name)
            self.now += next(durations)

        return fn


def test_timing_leaves_the_warm_up_out(monkeypatch):
    clock = Clock(monkeypatch)
    result = device.timed(clock.takes("f", 100.0, 3.0, 1.0, 2.0, 9.0), repeats=4, warmup=1)
    assert result.seconds == (3.0, 1.0, 2.0, 9.0)
    assert (result.median_seconds, result.minimum_seconds) == (2.5, 1.0)


def test_timing_synchronises_before_and_after_each_call(monkeypatch):
    events = []
    monkeypatch.setattr(timing, "synchronize", lambda: events.append("wait"))
    device.timed(lambda: events.append("call"), repeats=2, warmup=0)
    assert events == ["wait", "call", "wait"] * 2


def test_functions_are_called_in_turn_and_compared_by_medians_and_minima(monkeypatch):
    clock = Clock(monkeypatch)
    functions = {"a": clock.takes("a", 0.0, 2.0, 4.0, 6.0), "b": clock.takes("b", 0.0, 1.0, 8.0, 2.0)}
    comparison = device.interleaved(functions, repeats=3, warmup=1)
    rounds = ["".join(clock.calls[first : first + 2]) for first in range(0, 8, 2)]
    assert {"".join(sorted(turn)) for turn in rounds} == {"ab"}
    assert comparison["b"].seconds == (1.0, 8.0, 2.0)
    assert comparison.ratio("a", "b") == (2.0, 2.0)
    with pytest.raises(ValueError, match="unknown function 'c'; choose one of a, b"):
        comparison.ratio("a", "c")


def test_no_function_always_follows_the_same_one():
    calls = []
    device.interleaved({name: lambda name=name: calls.append(name) for name in "abcd"}, repeats=20, warmup=0)
    assert all(sorted(calls[first : first + 4]) == list("abcd") for first in range(0, 80, 4))
    follows = set(pairwise(calls))
    assert follows >= {(one, other) for one in "abcd" for other in "abcd" if one != other}


def test_timing_sees_real_time():
    assert device.timed(lambda: time.sleep(0.02), repeats=2, warmup=0).minimum_seconds >= 0.02


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"repeats": 0}, "repeats must be a whole number of at least 1, got 0"),
        ({"warmup": -1}, "warmup must be a whole number of at least 0, got -1"),
    ],
)
def test_impossible_timings_are_refused(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        device.timed(lambda: None, **options)
    with pytest.raises(ValueError, match="functions is empty: give at least one"):
        device.interleaved({})


# Memory


def limited(limit: int, complaint: str = "CUDA out of memory.", kind: type[RuntimeError] = torch.OutOfMemoryError):
    """A function of rows that runs out of memory above ``limit`` of them, and the numbers of rows it was given."""
    sizes = []

    def fn(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        sizes.append(len(x))
        if len(x) > limit:
            raise kind(complaint)
        return x * y

    return fn, sizes


X, Y = torch.arange(13.0), torch.arange(13.0).flip(0)


def test_a_block_that_does_not_fit_is_halved_with_a_warning():
    fn, sizes = limited(4)
    with pytest.warns(RuntimeWarning) as caught:
        result = device.in_blocks(fn, X, Y)
    assert torch.equal(result, X * Y)
    assert sizes == [13, 6, 3, 3, 3, 3, 1]
    assert [str(w.message) for w in caught] == [
        f"{n} rows at once do not fit into the memory of {device.DEVICE}: going on with blocks of {n // 2}"
        for n in (13, 6)
    ]
    assert caught[0].filename == __file__


def test_finished_blocks_are_not_computed_again():
    fn, sizes = limited(5)
    with pytest.warns(RuntimeWarning, match="8 rows"):
        device.in_blocks(fn, X, Y, block=8)
    assert sizes == [8, 4, 4, 4, 1]


def test_sums_and_blocks_that_fit_need_no_warning():
    fn, sizes = limited(13)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert device.in_blocks(lambda x, y: fn(x, y).sum(), X, Y, block=5, combine="sum") == (X * Y).sum()
        assert torch.equal(device.in_blocks(fn, X, Y, block=99), X * Y)
    assert sizes == [5, 5, 3, 13]


@pytest.mark.parametrize("complaint", ["MPS backend out of memory", "DefaultCPUAllocator: can't allocate memory: 1 TB"])
def test_other_allocators_are_understood_too(complaint):
    fn, sizes = limited(7, complaint, RuntimeError)
    with pytest.warns(RuntimeWarning, match="13 rows"):
        device.in_blocks(fn, X, Y)
    assert sizes == [13, 6, 6, 1]


@pytest.mark.parametrize(
    ("complaint", "factor"),
    [
        ("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has 79.10 GiB of which 6.50 GiB is free.", 4),
        ("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 79.10 GiB of which 512.00 MiB is free.", 4),
        ("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 79.10 GiB of which 1.90 GiB is free.", 2),
        ("CUDA out of memory.", 2),
    ],
)
def test_when_one_row_does_not_fit_the_message_says_what_to_reduce(complaint, factor):
    fn, _ = limited(0, complaint)
    rows = torch.zeros(1, 3, 5)
    with pytest.raises(MemoryError, match=rf"shape \(3, 5\), \(3, 5\)\) .* rows at least {factor} times smaller"):
        device.in_blocks(fn, rows, rows)


def test_other_errors_pass_through():
    fn, _ = limited(0, "shapes do not match", RuntimeError)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        device.in_blocks(fn, X, Y)


@pytest.mark.parametrize(
    ("tensors", "options", "complaint"),
    [
        ((X, Y[:3]), {}, r"tensors must have one common length of at least 1, got \[\(13,\), \(3,\)\]"),
        ((X[:0],), {}, r"tensors must have one common length of at least 1, got \[\(0,\)\]"),
        ((), {}, r"tensors must have one common length of at least 1, got \[\]"),
        ((X,), {"block": 0}, "block must be a whole number of at least 1, got 0"),
        ((X,), {"combine": "mean"}, "unknown combine 'mean'; choose one of cat, sum"),
    ],
)
def test_impossible_blocks_are_refused(tensors, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        device.in_blocks(lambda *t: t[0], *tensors, **options)


@NEEDS_CUDA
def test_a_real_gpu_recovers_from_running_out_of_memory():
    free = torch.cuda.mem_get_info()[0]
    columns = int(free / 4 / 8)  # one row of the result takes an eighth of the free memory, so that eleven do not fit
    x = torch.arange(11.0, device="cuda").unsqueeze(-1)
    with pytest.warns(RuntimeWarning, match="11 rows at once do not fit into the memory of cuda"):
        sums = device.in_blocks(lambda rows: rows.expand(-1, columns).contiguous().amax(-1), x)
    assert sums.tolist() == list(range(11))


@NEEDS_CUDA
def test_draws_agree_between_cpu_and_gpu():
    from labs.models import MLP

    a, b = (MLP((4, 3)).init(device.generator("init"), device=d) for d in ("cpu", "cuda"))
    assert torch.equal(a, b.cpu())


def test_modules_share_their_names_with_the_package():
    for module in (memory, place, seeds, timing):
        assert set(module.__all__) <= set(device.__all__)
    assert isinstance(device.numpy_generator("a"), np.random.Generator)
