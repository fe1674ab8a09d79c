"""The package's own names: reached at first use, and what `labs.start()` prepares."""

from __future__ import annotations

import subprocess
import sys
import types

import matplotlib.pyplot as plt
import pytest
import torch

import labs
from labs import claims, device, exercises


def test_everyday_names_are_those_of_their_modules():
    assert labs.claim is claims.claim
    assert labs.mean_interval is claims.mean_interval
    for name in ("check", "failing", "hint", "solution", "progress"):
        assert getattr(labs, name) is getattr(exercises, name)
    assert set(labs.__all__) <= set(dir(labs))
    with pytest.raises(AttributeError, match="module 'labs' has no attribute 'clam'"):
        labs.clam  # noqa: B018


def test_the_lower_layers_load_neither_matplotlib_nor_the_exercises():
    code = (
        "import sys; from labs import data, losses, models; print({'matplotlib', 'labs.exercises'} & set(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert loaded.stdout.strip() == "set()"


def test_start_seeds_and_sets_the_style():
    before = torch.are_deterministic_algorithms_enabled()
    try:
        with plt.rc_context():
            plt.rcdefaults()
            plain = dict(plt.rcParams)
            labs.start()
            first = torch.rand(3)
            assert dict(plt.rcParams) != plain
            labs.start()
            assert torch.equal(torch.rand(3), first)
            assert torch.are_deterministic_algorithms_enabled() == (device.DEVICE.type == "cpu")
    finally:
        torch.use_deterministic_algorithms(before)


@pytest.mark.parametrize("knows_widgets", [True, False])
def test_start_allows_explorables_on_colab(knows_widgets: bool, monkeypatch: pytest.MonkeyPatch):
    asked, output = [], types.ModuleType("google.colab.output")
    if knows_widgets:
        output.enable_custom_widget_manager = lambda: asked.append("asked")
    for name, module in (("google.colab", types.ModuleType("google.colab")), ("google.colab.output", output)):
        monkeypatch.setitem(sys.modules, name, module)
    before = torch.are_deterministic_algorithms_enabled()
    try:
        with plt.rc_context():
            labs.start()
    finally:
        torch.use_deterministic_algorithms(before)
    assert asked == ["asked"] * knows_widgets
