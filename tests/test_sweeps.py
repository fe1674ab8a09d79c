"""labs.sweeps: one result on every executor, nothing lost when workers die, nothing computed twice."""

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from labs import device
from labs.models import MLP
from labs.sweeps import Grid, Results, processes, sweep
from labs.training import train

AXES = {"width": (3, 5), "learning_rate": (0.1, 0.4, 1.6), "seed": range(4)}
CUT = {"fixed": ("width",), "ensemble_size": 5}
LIMIT_SECONDS = 240


@pytest.fixture(autouse=True)
def time_limit() -> Iterator[None]:
    """Ends a test that waits for workers which will never answer."""

    def expired(*_: object) -> None:
        raise TimeoutError(f"not finished after {LIMIT_SECONDS} s")

    before = signal.signal(signal.SIGALRM, expired)
    signal.alarm(LIMIT_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def experiment(width: int, learning_rate: Sequence[float], seed: Sequence[int]) -> dict[str, torch.Tensor]:
    """A short training of networks whose starts, data and shuffles belong to the run's seed."""
    model = MLP((6, width, 3))
    x = torch.randn(40, 6, generator=device.generator("x"))
    y = torch.randint(3, (40,), generator=device.generator("y"))
    theta = torch.stack([model.init(device.generator(f"init {s}"), device="cpu") for s in seed])
    trace = train(
        model, theta, (x, y), learning_rate=torch.tensor(learning_rate), num_steps=12, batch_size=8, run_ids=seed,
        monitors=["train_loss"], record_every=4,
    )  # fmt: skip
    return {"loss": trace["train_loss"].T, "norm": trace.theta.norm(dim=-1)}


def mortal(folder: Sequence[str], seed: Sequence[int]) -> dict[str, torch.Tensor]:
    """Kills its own process the first time that it comes to seed 5."""
    dead = Path(folder[0]) / "dead"
    if 5 in seed and not dead.exists():
        dead.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"square": torch.tensor(seed) ** 2}


def counted(folder: Sequence[str], seed: Sequence[int]) -> dict[str, torch.Tensor]:
    """Notes that it was here; fails at seed 3 until it is allowed to go on."""
    if 3 in seed and not (Path(folder[0]) / "allowed").exists():
        raise ArithmeticError("not yet")
    with (Path(folder[0]) / "calls").open("a") as calls:
        calls.write("x")
    return {"seed": torch.tensor(seed)}


def same_to_the_bit(a: Results, b: Results) -> bool:
    return set(a.values) == set(b.values) and all(torch.equal(a[name], b[name]) for name in a.values)


@pytest.fixture(scope="module")
def here() -> Results:
    return sweep(experiment, AXES, **CUT)


def test_each_run_stands_at_its_place_in_the_grid(here: Results) -> None:
    assert here["loss"].shape == (2, 3, 4, 4)
    alone = experiment(width=5, learning_rate=(0.4,), seed=(2,))
    torch.testing.assert_close(here.at("loss", width=5, learning_rate=0.4, seed=2), alone["loss"][0], rtol=1e-5, atol=0)
    assert here.at("norm", seed=3).shape == (2, 3)
    assert repr(here) == "Results of 24 runs, width (2) × learning_rate (3) × seed (4): loss, norm"


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_here_do_not_change_a_bit(here: Results, threads: int) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        assert same_to_the_bit(sweep(experiment, AXES, **CUT), here)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_a_thread_pool_gives_the_same(here: Results) -> None:
    with ThreadPoolExecutor(2) as executor:
        assert same_to_the_bit(sweep(experiment, AXES, **CUT, executor=executor), here)


def test_processes_give_the_same_and_survive_a_kill(here: Results, tmp_path: Path) -> None:
    assert same_to_the_bit(sweep(experiment, AXES, **CUT, executor=processes(2)), here)
    axes = {"folder": (str(tmp_path),), "seed": range(8)}
    results = sweep(mortal, axes, ensemble_size=2, executor=processes(2))
    assert (tmp_path / "dead").exists()
    assert results["square"].tolist() == [[n**2 for n in range(8)]]


def test_processes_take_the_course_seed_along(monkeypatch: pytest.MonkeyPatch, here: Results) -> None:
    with processes(1)() as executor:
        sweep(mortal, {"folder": ("",), "seed": (1,)}, executor=executor)  # the worker starts with the old seed
        monkeypatch.setenv("LABS_SEED", "7")
        shifted = sweep(experiment, AXES, **CUT, executor=executor)
    assert same_to_the_bit(shifted, sweep(experiment, AXES, **CUT))
    assert not same_to_the_bit(shifted, here)


def test_a_pool_that_cannot_be_replaced_says_so_and_keeps_what_is_finished(tmp_path: Path) -> None:
    axes = {"folder": (str(tmp_path),), "seed": range(8)}
    with processes(1)() as executor, pytest.raises(RuntimeError, match=r"processes\(2\)"):
        sweep(mortal, axes, ensemble_size=2, executor=executor, path=tmp_path / "parts")
    finished = len(list((tmp_path / "parts").glob("part-*.pt")))
    assert finished == 2  # one worker takes the parts in order and dies in the third
    results = sweep(mortal, axes, ensemble_size=2, path=tmp_path / "parts")
    assert results["square"].tolist() == [[n**2 for n in range(8)]]


def always_dies(seed: Sequence[int]) -> dict[str, torch.Tensor]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def test_a_part_that_kills_every_worker_is_named() -> None:
    with pytest.raises(RuntimeError, match=r"the part seed=0…1 lost its worker 2 times"):
        sweep(always_dies, {"seed": range(2)}, executor=processes(1), retries=1)


def test_a_restarted_sweep_goes_on_from_the_finished_parts(tmp_path: Path) -> None:
    axes = {"folder": (str(tmp_path),), "seed": range(6)}
    with pytest.raises(ArithmeticError, match="not yet") as raised:
        sweep(counted, axes, ensemble_size=1, path=tmp_path / "parts")
    assert "seed=3…3" in raised.value.__notes__[0]
    assert (tmp_path / "calls").read_text() == "xxx"
    (tmp_path / "allowed").touch()
    for _ in range(2):
        assert sweep(counted, axes, ensemble_size=1, path=tmp_path / "parts")["seed"].tolist() == [list(range(6))]
        assert (tmp_path / "calls").read_text() == "xxxxxx"


def test_only_whole_files_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "allowed").touch()
    axes = {"folder": (str(tmp_path),), "seed": (0,)}

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", crash)
        with pytest.raises(KeyboardInterrupt):
            sweep(counted, axes, path=tmp_path / "parts")
    assert list((tmp_path / "parts").iterdir()) == []
    sweep(counted, axes, path=tmp_path / "parts")
    (part,) = (tmp_path / "parts").iterdir()
    part.write_bytes(part.read_bytes()[:100])
    with pytest.warns(RuntimeWarning, match="computed again"):
        assert sweep(counted, axes, path=tmp_path / "parts")["seed"].tolist() == [[0]]


def test_another_seed_is_another_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = sweep(experiment, AXES, **CUT, path=tmp_path)
    monkeypatch.setenv("LABS_SEED", "1")
    assert not same_to_the_bit(sweep(experiment, AXES, **CUT, path=tmp_path), first)


@pytest.fixture(scope="module")
def dask_executor() -> Iterator[Executor]:
    distributed = pytest.importorskip("distributed")
    import dask

    quiet = {"distributed.admin.system-monitor.gil.enabled": False, "distributed.worker.profile.enabled": False}
    with (
        dask.config.set(quiet),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster, timeout=60) as client,
    ):
        assert len(client.scheduler_info()["workers"]) == 2
        yield client.get_executor()


def test_dask_gives_the_same_and_survives_a_kill(here: Results, dask_executor: Executor, tmp_path: Path) -> None:
    assert same_to_the_bit(sweep(experiment, AXES, **CUT, executor=dask_executor), here)
    axes = {"folder": (str(tmp_path),), "seed": range(8)}
    results = sweep(mortal, axes, ensemble_size=2, executor=dask_executor, path=tmp_path / "parts")
    assert (tmp_path / "dead").exists()
    assert results["square"].tolist() == [[n**2 for n in range(8)]]
    assert len(list((tmp_path / "parts").iterdir())) == 4


@pytest.mark.parametrize(
    ("axes", "options", "message"),
    [
        ({}, {}, "at least one axis"),
        ({"seed": ()}, {}, "axis 'seed' must have at least one value"),
        ({"seed": (1, 1)}, {}, "none of them twice, got \\(1, 1\\)"),
        ({"seed": 3}, {}, "must list its values"),
        ({"seed": (1,)}, {"fixed": ("width",)}, "'width', which is no axis; the axes are seed"),
        ({"seed": (1,)}, {"ensemble_size": 0}, "ensemble_size"),
        ({"seed": (1,)}, {"retries": -1}, "retries"),
        ({"seed": (1,)}, {"executor": 3}, "executor must be an Executor or a function that makes one, got 3"),
    ],
)
def test_bad_arguments_are_named(axes: dict, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sweep(lambda seed: {"seed": torch.tensor(seed)}, axes, **options)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, "must return a mapping"),
        ({}, "must return a mapping"),
        ({"a": 1.0}, r"'a' with shape \(\); its first dimension must be the 2 runs"),
        ({"a": torch.zeros(3)}, r"'a' with shape \(3,\)"),
    ],
)
def test_an_experiment_must_return_one_value_a_run(returned: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sweep(lambda seed: returned, {"seed": (0, 1)})


def test_runs_must_return_alike() -> None:
    with pytest.raises(ValueError, match=r"one shape and dtype for every run, got \(1,\) .* at width=1, .*\(2,\)"):
        sweep(lambda width, seed: {"w": torch.zeros(1, width)}, {"width": (1, 2), "seed": (0,)}, fixed=("width",))
    with pytest.raises(ValueError, match="different names"):
        sweep(lambda name: {name[0]: torch.zeros(1)}, {"name": ("a", "b")}, ensemble_size=1)


def test_results_name_what_there_is() -> None:
    results = sweep(lambda seed: {"a": torch.tensor(seed)}, {"seed": (3, 4)})
    with pytest.raises(KeyError, match="'b' was not returned by the experiment; there are a"):
        results["b"]
    with pytest.raises(ValueError, match=r"no seed = 5 in this sweep; its values are \(3, 4\)"):
        results.at("a", seed=5)
    with pytest.raises(ValueError, match="no width = 5 in this sweep; the axes are seed"):
        results.at("a", width=5)


def test_the_cut_covers_the_grid_once() -> None:
    grid = Grid(AXES)
    parts = grid.parts(**CUT)
    assert sorted(place for part in parts for place in part.places) == list(range(24))
    assert [part.num_runs for part in parts] == [5, 5, 2, 5, 5, 2]
    assert all(isinstance(part.fixed["width"], int) for part in parts)


def test_processes_checks_its_number() -> None:
    with pytest.raises(ValueError, match="num_workers"):
        processes(0)
    assert isinstance(processes()(), ProcessPoolExecutor)
