"""What holds for every test: one thread for each worker, and the same seed whatever the caller's environment says."""

import os

import pytest
import torch

os.environ.pop("LABS_SEED", None)
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _nothing_left_behind(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A test never writes into the reader's own files: what labs keeps between sessions goes to a temporary folder."""
    monkeypatch.setenv("LABS_HOME", str(tmp_path_factory.mktemp("home")))
