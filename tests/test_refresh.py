"""Notebooks are run again in place: whole or not at all, with nothing of the run itself left in them."""

import functools
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import checks
import figures
import nbconvert
import nbformat
import notebooks
import pytest
import refresh
import rules
import seeds
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

TOOLS = Path(refresh.__file__).parent
WIDGETS = (
    "from ipywidgets import IntSlider\ndisplay(IntSlider())\ndisplay({{'text/html': 'kept', {mime!r}: {{}}}}, raw=True)"
)


def _write(path: Path, *sources: str) -> Path:
    notebooks.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)
    return path


def _main(tool: ModuleType, *arguments: object) -> int:
    """Runs a command in a thread of its own, as another test may have left an event loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(tool.main, list(map(str, arguments))).result()


def _outputs(path: Path) -> list[list[NotebookNode]]:
    return [cell.outputs for cell in notebooks.code_cells(notebooks.read(path))]


def test_runs_in_place_and_seals_what_it_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_SEED", "3")
    seed = "import os\nprint(os.environ.get('LABS_SEED'))"
    path = _write(tmp_path / "01_small.ipynb", seed, WIDGETS.format(mime=notebooks.WIDGET), "21 * 2")
    assert _main(refresh, path, "--jobs", 1) == 0
    printed, widgets, result = _outputs(path)
    assert printed[0].text == "None\n"
    assert [output.data for output in widgets] == [{"text/html": "kept"}]
    assert result[0].data == {"text/plain": "42"}
    assert notebooks.is_current(notebooks.read(path))
    before = path.read_bytes()
    assert _main(refresh, path) == 0
    assert path.read_bytes() == before


def test_one_that_fails_stays_as_it_was_and_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = _write(tmp_path / "01_bad.ipynb", "1 / 0"), _write(tmp_path / "02_good.ipynb", "1 + 1")
    before = bad.read_bytes()
    assert _main(refresh, bad, good, "--jobs", 2) == 1
    assert bad.read_bytes() == before
    assert _outputs(good)[0][0].data == {"text/plain": "2"}
    captured = capsys.readouterr()
    assert "ZeroDivisionError" in captured.err
    assert "1 of 2 notebooks refreshed" in captured.out


def test_only_changed_ones_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [_write(tmp_path / f"0{number}_small.ipynb", "1 + 1") for number in (1, 2)]
    current = notebooks.read(paths[0])
    notebooks.seal(current)
    notebooks.write(current, paths[0])
    assert _main(refresh, "--changed", *paths) == 0
    assert "1 of 1 notebooks refreshed" in capsys.readouterr().out
    assert _outputs(paths[0]) == [[]]
    assert _outputs(paths[1])[0][0].data == {"text/plain": "2"}


FOLDED = {"tags": ["check", "hide-input"], "jupyter": {"source_hidden": True}, "cellView": "form"}


def test_checks_are_folded_and_what_no_longer_checks_is_unfolded() -> None:
    sources = (
        "x = 1",
        "claim(\n    'a', 1, 1)",
        "plot()\nclaim()",
        "# claim(\nx = 2",
        "claims(1)",
        "plot()",
        "predict()",
    )
    cells = [new_code_cell(source) for source in sources]
    cells[2].metadata = NotebookNode(tags=["about-time", "hide-input"], mystnb={})
    for cell in cells[3:5]:
        cell.metadata = nbformat.from_dict(FOLDED | {"tags": ["about-time", *FOLDED["tags"]]})
    cells[5].metadata = nbformat.from_dict(FOLDED | {"tags": ["hide-input", "check"]})
    cells[6].metadata = nbformat.from_dict(FOLDED | {"tags": ["hide-input"]})
    notebook = new_notebook(cells=cells)
    for _ in range(2):  # the second time changes nothing
        checks.mark(notebook)
        assert [dict(cell.metadata) for cell in notebook.cells] == [
            {},
            FOLDED,
            FOLDED | {"tags": ["about-time", "hide-input", "check"], "mystnb": {}},
            {"tags": ["about-time"]},
            {"tags": ["about-time"]},
            {"tags": ["hide-input"]} | {key: FOLDED[key] for key in ("jupyter", "cellView")},
            FOLDED | {"tags": ["hide-input"]},
        ]


def _figure(name: str) -> NotebookNode:
    return new_code_cell("plot()", metadata={"mystnb": {"figure": {"name": name, "caption": "How to read it"}}})


def test_links_to_figures_get_the_number_within_the_chapter(tmp_path: Path) -> None:
    text = "[Fig. X.Y](#fig-b), [Fig. 5.9, left](#fig-a), [Fig.](12_b.ipynb#fig-d), [Fig. 1](#fig-gone), [so](#fig-a)"
    cells = [new_markdown_cell(text), _figure("fig-a"), new_code_cell("1"), _figure("fig-b")]
    notebooks.write(new_notebook(cells=[_figure("fig-c"), _figure("fig-d")]), tmp_path / "12_b.ipynb")
    notebook = new_notebook(cells=cells)
    figures.place_numbers(notebook, tmp_path / "05_a.ipynb")
    assert notebook.cells[0].source == (
        "[Fig. 5.2](#fig-b), [Fig. 5.1, left](#fig-a), [Fig. 12.2](12_b.ipynb#fig-d), [Fig. 1](#fig-gone), [so](#fig-a)"
    )


def test_a_number_in_the_text_is_set_without_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notebook = new_notebook(cells=[new_markdown_cell("[Fig. X.Y](#fig-a)"), _figure("fig-a")])
    notebooks.seal(notebook)
    notebooks.write(notebook, tmp_path / "05_a.ipynb")
    assert _main(refresh, "--changed", tmp_path / "05_a.ipynb") == 0
    assert "0 of 0 notebooks refreshed" in capsys.readouterr().out
    assert notebooks.read(tmp_path / "05_a.ipynb").cells[0].source == "[Fig. 5.1](#fig-a)"


def test_what_is_stored_becomes_a_python_script(tmp_path: Path) -> None:
    notebook = new_notebook(cells=[new_code_cell("x = 1")])
    notebooks.seal(notebook)
    body, resources = nbconvert.ScriptExporter().from_notebook_node(notebook)
    assert resources["output_extension"] == ".py"
    assert "x = 1" in body


def test_ctrl_c_leaves_the_file_whole(tmp_path: Path) -> None:
    path = _write(tmp_path / "01_slow.ipynb", f"open({str(tmp_path / 'begun')!r}, 'w').close()", "while True: pass")
    before = path.read_bytes()
    command = [sys.executable, str(TOOLS / "refresh.py"), str(path)]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # As from a terminal: what a script starts in its background would ignore Ctrl-C.
    hear = functools.partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, preexec_fn=hear, **options) as process:
        while not (tmp_path / "begun").exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()  # does nothing to one that has ended
    assert process.returncode == 130
    assert errors.strip().endswith("are as they were.")
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["01_slow.ipynb", "begun"]


def test_writing_that_is_cut_off_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "01_small.ipynb", "1")
    before = path.read_bytes()

    def cut_off(source: object, target: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(notebooks.os, "replace", cut_off)
    with pytest.raises(OSError, match="no space"):
        _write(path, "2")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_progress_bars_are_not_stored_and_warnings_are() -> None:
    bar = new_output("stream", name="stderr", text="\r  0%|          | 0/2\r100%|██████████| 2/2\n")
    warning = new_output("stream", name="stderr", text="UserWarning: 50% of it")
    notebook = new_notebook(cells=[new_code_cell("1", outputs=[bar, warning])])
    notebooks.seal(notebook)
    assert notebook.cells[0].outputs == [warning]


@pytest.mark.parametrize("command", [refresh.main, seeds.main, rules.main], ids=["refresh", "seeds", "validate"])
@pytest.mark.parametrize("content", [None, "", "{}"], ids=["missing", "empty", "no cells"])
def test_what_is_no_notebook_is_refused_in_one_sentence(
    command: Callable[[list[str]], int], content: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "other.ipynb"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(SystemExit, match=r"^(There is no notebook [^\n]*|[^\n]* is no notebook: [^\n]*)\.$"):
        command([str(path)])
