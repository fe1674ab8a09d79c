"""Runs notebooks as Colab would, without a network: `python book/_tools/colab.py [--widgets 8] NOTEBOOK …`.

Each notebook is alone in an empty folder outside the checkout, its kernel in a fresh environment that has what Colab
has: torch, numpy, matplotlib, scikit-learn, IPython and ipywidgets, once in version 7.7 and once in 8. The repository
is a bare one made of this checkout as it stands. The set-up cell must fetch labs from there and leave every package
that it found as it was, and the notebook must run to its end.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import environments
from execution import Job, leave_interrupts_alone, run
from notebooks import ROOT, chapters, code_cells, named, place_address, place_setup, read
from tqdm import tqdm

BROUGHT_BY_COLAB = ("torch", "numpy", "matplotlib", "scikit-learn", "ipython", "ipykernel", "pip")
OLD_WIDGETS = ("ipywidgets<8", "widgetsnbextension<4", "jupyterlab_widgets<2", "ipython_genutils")
FETCHED = {"labs", "anywidget", "psygnal", "tqdm"}
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TMPDIR", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

# Colab's kernels import google.colab before the first cell. This one remembers that it was asked for widgets, and
# answers in the place where anywidget looks.
OUTPUT = """\
from types import SimpleNamespace

ASKED, _widgets = [], SimpleNamespace(_installed_url=None)


def enable_custom_widget_manager():
    ASKED.append(True)
    _widgets._installed_url = "https://example.org/manager.js"
"""
STUB = {
    "google/__init__.py": "",
    "google/colab/__init__.py": "from google.colab import output\n",
    "google/colab/output.py": OUTPUT,
}
LAST_CELL = "import google.colab; assert google.colab.output.ASKED; assert 'site-packages' in labs.__file__"


@dataclass(frozen=True)
class Home:
    """A fresh place like Colab: its interpreter, the folder of its kernel, the variables its kernel is given."""

    python: Path
    kernels: Path
    variables: Mapping[str, str]


def bare_repository(folder: Path) -> str:
    """The address of a bare repository in `folder` that holds this checkout as it stands, its own git untouched."""
    git = ["git", f"--git-dir={folder}", f"--work-tree={ROOT}"]
    as_somebody = ["-c", "user.name=Course", "-c", "user.email=course@localhost", "-c", "commit.gpgsign=false"]
    sources = [name for name in ("labs", "pyproject.toml", "README.md", "LICENSE") if (ROOT / name).exists()]
    for command in (
        ["git", "init", "--quiet", "--bare", str(folder)],
        [*git, "add", *sources],
        [*git, *as_somebody, "commit", "--quiet", "--message", "The course"],
    ):
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder.as_uri()


def variables(folder: Path, wheels: Path) -> dict[str, str]:
    """What the kernel and its pip are told: a home of their own, and packages from `wheels` only."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    own = {"HOME": str(folder), "IPYTHONDIR": str(folder / "ipython")}
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": wheels.as_uri(), "PIP_CONFIG_FILE": os.devnull}
    return kept | own | pip | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def open_home(folder: Path, wheels: Path, *, widgets: int) -> Home:
    """A new home in `folder` with this generation of ipywidgets."""
    names = BROUGHT_BY_COLAB if widgets == 7 else (*BROUGHT_BY_COLAB, "ipywidgets")
    python = environments.create(folder / "env", environments.needed(names))
    told = variables(folder, wheels)
    if widgets == 7:
        environments.install(python, OLD_WIDGETS, told)
    (site,) = (folder / "env").glob("lib/python*/site-packages")
    startup = folder / "ipython" / "profile_default" / "startup" / "colab.py"
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel = {"argv": command, "display_name": "Python 3", "language": "python"}
    written = {site / name: text for name, text in STUB.items()} | {
        startup: "import google.colab\n",
        folder / "kernels" / "python3" / "kernel.json": json.dumps(kernel),
    }
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Home(python, folder / "kernels", told)


def job(path: Path, address: str, folder: Path, home: Home) -> Job:
    """The one notebook, alone in a folder, with the present set-up cell, this address and a last look around."""
    notebook = read(path)
    place_setup(notebook)
    place_address(notebook, address)
    code_cells(notebook)[-1].source += f"\n\n{LAST_CELL}"
    (folder / "content").mkdir()
    return Job(folder / "content" / path.name, notebook, home.variables, kernels=home.kernels)


def verdict(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """What is wrong with the packages after the run, empty where only the fetched ones are new."""
    touched = [name for name in before if before[name] != after.get(name)]
    new = set(after) - set(before)
    if touched:
        return f"installed anew, or gone: {', '.join(touched)}"
    return "" if new == FETCHED else f"fetched {', '.join(sorted(new)) or 'nothing'}, not {', '.join(sorted(FETCHED))}"


async def try_out(path: Path, widgets: int, address: str, wheels: Path, bar: tqdm) -> bool:
    """Runs one notebook in a home of its own, says what came of it, and returns whether all is well."""
    with tempfile.TemporaryDirectory(prefix="colab-") as name:
        folder, started = Path(name).resolve(), time.monotonic()
        home = await asyncio.to_thread(open_home, folder, wheels, widgets=widgets)
        before = environments.state(home.python)
        outcome = await run(job(path, address, folder, home), bar.update)
        after = environments.state(home.python)
    error = outcome.error or verdict(before, after)
    versions = {package: environments.version_of(after.get(package, "none")) for package in sorted(after)}
    where = f"{path.stem}, ipywidgets {versions['ipywidgets']}"
    if error:
        tqdm.write(f"{where}: {error}", file=sys.stderr)
        return False
    fetched = ", ".join(f"{package} {versions[package]}" for package in sorted(FETCHED))
    kept = f"torch {versions['torch']} and numpy {versions['numpy']} are as they were"
    tqdm.write(f"{where}: fetched {fetched}; {kept}; ran to its end in {time.monotonic() - started:.0f} s.")
    return True


async def try_all(paths: Sequence[Path], generations: Sequence[int], wheels: Path, workers: int) -> int:
    """Runs all notebooks with each generation of ipywidgets; returns how many runs failed."""
    leave_interrupts_alone()
    room = asyncio.Semaphore(workers)
    total = len(generations) * sum(len(code_cells(read(path))) for path in paths)
    with (
        tempfile.TemporaryDirectory(prefix="course-") as folder,
        tqdm(total=total, unit="cell", desc="Running", disable=None) as bar,
    ):
        address = bare_repository(Path(folder).resolve() / "course.git")

        async def one(path: Path, widgets: int) -> bool:
            async with room:
                return await try_out(path, widgets, address, wheels, bar)

        runs = [one(path, widgets) for path in paths for widgets in generations]
        return sum(not well for well in await asyncio.gather(*runs))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="all chapters where none is named")
    parser.add_argument("--widgets", action="append", type=int, choices=(7, 8), help="which ipywidgets, both else")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="notebooks run at a time")
    parser.add_argument("--wheels", type=Path, default=Path(sys.prefix) / "wheels", help="what pip finds there")
    options = parser.parse_args(arguments)
    paths, generations = named(options.notebooks) or chapters(), options.widgets or [7, 8]
    if not any(options.wheels.glob("*.whl")):
        raise SystemExit(f"There are no wheels in {options.wheels}: `make colab` fetches them once.")
    if shutil.which("git") is None:
        raise SystemExit("The notebooks fetch labs with git, and there is none here: install git.")
    failures = asyncio.run(try_all(paths, generations, options.wheels.resolve(), max(1, options.jobs)))
    runs = len(paths) * len(generations)
    print(f"{runs - failures} of {runs} runs are well.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
