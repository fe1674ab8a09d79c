"""Tries labs with the oldest packages that it says it works with, and with the newest there are.

`python book/_tools/bounds.py [oldest] [newest]` installs each set into an environment of its own under `_build/bounds`,
runs the unit tests of labs there, those that need neither the book nor a browser, and two notebooks from top to bottom.
The oldest set is the lower bounds of `pyproject.toml`, each taken to the letter; the tools of the tests come with the
versions of `requirements.txt`. The newest set is whatever pip finds.
"""

import argparse
import os
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Sequence
from pathlib import Path

import environments
from notebooks import ROOT

FOLDER = ROOT / "_build" / "bounds"
TOOLS = ("pytest", "jaxtyping", "nbformat", "nbclient", "ipykernel", "pyyaml", "packaging")
TRIED = ("book/01_learning_vs_optimization.ipynb", "book/03_surrogate_losses.ipynb")
BOOK_OR_BROWSER = re.compile(
    r"\b(?:playwright|axe_playwright_python|pypdf|nbconvert|sphinx\w*|course_site|chromium|explorable_page|front_end)\b"
)
NEEDS_A_TOOL = re.compile(r"^(?:import|from) (?!labs\b)(?P<module>\w+)", re.MULTILINE)


def wanted() -> list[str]:
    """What labs requires, with what its optional parts require."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], *(line for more in project["optional-dependencies"].values() for line in more)]


def oldest() -> list[str]:
    """Each lower bound to the letter, and the tools as they are pinned.

    Example:
        >>> [line for line in oldest() if line.startswith(("torch", "anywidget"))]
        ['torch==2.4', 'anywidget==0.9.9']
    """
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    tools = [line for line in pins if line.lower().partition("==")[0] in TOOLS]
    return [*(line.replace(">=", "==") for line in wanted()), *tools]


def newest() -> list[str]:
    """The names alone."""
    return [*(line.partition(">=")[0] for line in wanted()), *TOOLS]


SETS = {"oldest": oldest, "newest": newest}


def unit_tests() -> list[Path]:
    """The test files that need labs, pytest and nothing of the book; not the thousands of answers to exercises."""
    tools = {path.stem for path in (ROOT / "book" / "_tools").glob("*.py")} | {"benchmarks", "nbval", "ruff", "yaml"}
    found = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        imported = {match["module"] for match in NEEDS_A_TOOL.finditer(text)}
        if not BOOK_OR_BROWSER.search(text) and not imported & tools and path.stem != "test_answers":
            found.append(path)
    return found


def install(name: str, folder: Path) -> Path:
    """The environment with this set, made or brought up to date; returns its interpreter."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    print(f"Installing the {name} packages into {folder.relative_to(ROOT)}: minutes, most of them for torch …")
    upgrade = ["--upgrade", "--upgrade-strategy=eager"] if name == "newest" else []
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *upgrade]
    subprocess.run([*command, *SETS[name]()], check=True)
    subprocess.run([*command, "--no-deps", "--editable", str(ROOT)], check=True)
    return python


def described(python: Path) -> str:
    """The versions of what labs requires, as installed there."""
    installed = environments.state(python)
    names = [re.match(r"[\w-]+", line)[0] for line in wanted()]  # type: ignore[index]
    versions = (f"{name} {environments.version_of(installed.get(name, 'missing'))}" for name in names)
    return ", ".join(versions)


def run_tests(python: Path) -> int:
    """Runs the unit tests; a warning, such as of what will be gone one day, is no error here."""
    command = [str(python), "-m", "pytest", "-q", "-W", "default", "-p", "no:cacheprovider", "--no-header"]
    quiet = ["--disable-warnings", *map(str, unit_tests())]
    return subprocess.run([*command, *quiet], cwd=ROOT, check=False).returncode


def run_notebooks(python: Path) -> int:
    """Runs the two notebooks; returns how many failed."""
    script = "import sys, nbformat, nbclient; nbclient.NotebookClient(nbformat.read(sys.argv[1], 4), timeout=600, "
    script += "kernel_name='python3', resources={'metadata': {'path': sys.argv[2]}}).execute()"
    own = {"LABS_PROGRESS": ":memory:", "JUPYTER_PREFER_ENV_PATH": "1", "IPYTHONDIR": str(FOLDER / "ipython")}
    failures = 0
    for path in TRIED:
        command = [str(python), "-c", script, str(ROOT / path), str(ROOT / "book")]
        failed = subprocess.run(command, cwd=ROOT, env=os.environ | own, check=False).returncode != 0
        print(f"{path}: {'failed' if failed else 'ran to its end'}")
        failures += failed
    return failures


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sets", nargs="*", help=f"{' or '.join(SETS)}; both where none is named")
    options = parser.parse_args(arguments)
    failures = 0
    for name in options.sets or SETS:
        if name not in SETS:
            parser.error(f"{name!r} is neither of {', '.join(SETS)}")
        python = install(name, FOLDER / name)
        print(f"The {name}: {described(python)}", flush=True)
        failures += run_tests(python) != 0
        failures += run_notebooks(python)
    print("All is well." if not failures else f"{failures} of {3 * len(options.sets or SETS)} parts failed.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
