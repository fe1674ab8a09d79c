"""The files around the course agree with each other and with what is really there."""

import ast
import importlib
import importlib.util
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import bounds
import browser
import notebooks
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook

from labs.exercises import grade

ROOT = notebooks.ROOT
TEXT = {".md", ".py", ".ipynb", ".yml", ".yaml", ".toml", ".cff", ".txt", ".js", ".css", ".html", ""}


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _tracked() -> list[Path]:
    """The project's files, as far as git knows them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this copy of the course is not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_the_same_version_everywhere() -> None:
    version = tomllib.loads(_read("pyproject.toml"))["project"]["version"]
    released = re.findall(r"^## \[(\d[\d.]*)\]", _read("CHANGELOG.md"), re.MULTILINE)
    assert yaml.safe_load(_read("CITATION.cff"))["version"] == version
    assert released[:1] in ([], [version])


def test_the_same_title_and_authors_everywhere() -> None:
    citation, config = yaml.safe_load(_read("CITATION.cff")), yaml.safe_load(_read("_config.yml"))
    assert citation["title"] == config["title"] == _read("README.md").splitlines()[0].removeprefix("# ")
    assert citation["authors"] == [{"name": config["author"]}]
    assert f"(c) {config['copyright']} {config['author']}" in _read("LICENSE")


def test_every_requirement_is_pinned_exactly() -> None:
    lines = [
        line for line in _read("requirements.txt").splitlines() if line and not line.startswith(("#", "--editable"))
    ]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[\w.]+(?: ?; ?.+)?", line)] == []


def test_no_file_is_read_or_written_in_whatever_encoding_the_machine_has() -> None:
    """The linter finds it; it is a rule that has to be asked for by its name."""
    program = "with open('x') as file:\n    file.read()\n"
    ruff = [sys.executable, "-m", "ruff", "check", "--output-format=concise", "--stdin-filename=labs/x.py", "-"]
    run = subprocess.run(ruff, input=program, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1
    assert "encoding" in run.stdout


def test_the_oldest_packages_that_are_tried_are_those_that_labs_asks_for() -> None:
    wanted = tomllib.loads(_read("pyproject.toml"))["project"]["dependencies"]
    assert [line.replace("==", ">=") for line in bounds.oldest()][: len(wanted)] == wanted
    assert all("==" in line for line in bounds.oldest())
    assert not [line for line in bounds.newest() if "=" in line]
    tried = {path.name for path in bounds.unit_tests()}
    assert {"test_training.py", "test_figures.py", "test_grading.py"} <= tried
    assert not tried & {"test_browser.py", "test_project.py", "test_site.py", "test_explore_browser.py"}
    assert all((ROOT / path).is_file() for path in bounds.TRIED)
    assert "make bounds" in _read(".github/workflows/book.yml")


def test_labs_asks_for_lower_bounds_that_the_pins_keep() -> None:
    pins = {
        match[1].lower(): tuple(map(int, re.findall(r"\d+", match[2])))
        for match in re.finditer(r"^([\w.-]+)==([\d.]+)", _read("requirements.txt"), re.MULTILINE)
    }
    for wanted in tomllib.loads(_read("pyproject.toml"))["project"]["dependencies"]:
        name, bound = re.fullmatch(r"([\w-]+)>=([\d.]+)", wanted).groups()
        assert pins[name.lower()] >= tuple(map(int, bound.split("."))), wanted


def test_the_table_of_contents_has_every_page_and_nothing_else() -> None:
    listed = set(re.findall(r"(?:file|root): (\S+)", _read("_toc.yml")))
    pages = [path for path in notebooks.BOOK.iterdir() if path.suffix in (".md", ".ipynb") and path.name[0] != "."]
    assert listed == {str(path.relative_to(ROOT).with_suffix("")) for path in pages}


def test_no_page_is_empty() -> None:
    bodies = {path.name: path.read_text("utf-8").partition("\n")[2] for path in notebooks.BOOK.glob("*.md")}
    assert [name for name, body in bodies.items() if not body.strip()] == []


def test_make_lists_every_command_and_the_readme_names_only_real_ones() -> None:
    makefile = _read("Makefile")
    phony = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    helped = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  ([a-z]+)  ", helped, re.MULTILINE)) == phony
    for page in ("README.md", "CONTRIBUTING.md"):
        assert set(re.findall(r"(?:^|`)make ([a-z]+)", _read(page), re.MULTILINE)) <= phony


def test_an_old_python_is_refused_in_one_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    check = re.search(r"\$\(PYTHON\) -c '(.*)'", _read("Makefile"))[1].replace("$(PYTHON)", "python3")
    old.write_text(f"#!{sys.executable}\n", encoding="utf-8")
    program = f"import sys; sys.version_info = (3, 9, 6); exec({check!r})"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert "needs Python 3.11 or newer, and python3 is 3.9" in run.stderr


def _program(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_browser_is_the_one_that_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = _program(tmp_path / "chromium")
    monkeypatch.setenv("CHROMIUM", str(program))
    assert browser.find() == str(program)


def test_without_browsers_apt_installs_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    chromium, log = tmp_path / "chromium", tmp_path / "log"
    create = f"printf '#!/bin/sh\\n' > '{tmp_path}'/\"$5\"; /bin/chmod 755 '{tmp_path}'/\"$5\""
    _program(tmp_path / "apt-get", f"echo $DEBIAN_FRONTEND $* >> '{log}'", f'test "$1" = update || {{ {create}; }}')
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.delenv("FIREFOX", raising=False)
    monkeypatch.setattr(browser, "MAC_APPLICATIONS", {"chromium": (), "firefox": ()})
    monkeypatch.setattr(browser.os, "geteuid", lambda: 0)
    browser.main()
    assert capfd.readouterr().out == f"{chromium}\n"
    assert log.read_text("utf-8").splitlines() == [
        "noninteractive update -qq",
        "noninteractive install -y -qq --no-install-recommends chromium",
        "noninteractive install -y -qq --no-install-recommends firefox-esr",
    ]
    assert browser.find("firefox") == str(tmp_path / "firefox-esr")


def test_without_a_browser_and_without_apt_one_sentence_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=r"install the package chromium .*\.$"):
        browser.main()


def test_pre_commit_runs_the_same_tools() -> None:
    hooks = yaml.safe_load(_read(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    makefile = _read("Makefile")
    for tool in ("-m ruff check", "-m ruff format", "-m mypy"):
        assert any(tool in hook["entry"] for hook in hooks)
        assert tool in makefile
    subprocess.run([sys.executable, "-m", "pre_commit", "validate-config"], cwd=ROOT, check=True, capture_output=True)


def test_the_exercise_in_the_guide_works_as_it_stands(tmp_path: Path) -> None:
    blocks = re.findall(r"^   ```python\n(.*?)^   ```$", _read("CONTRIBUTING.md"), re.MULTILINE | re.DOTALL)
    path = tmp_path / "num_steps_to.py"
    path.write_text("\n\n".join(textwrap.dedent(block) for block in blocks[:4]), encoding="utf-8")
    specification = importlib.util.spec_from_file_location("num_steps_to", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    exercise = module.EXERCISE
    assert grade(exercise, exercise.solution).state == "right"
    for mistake in exercise.mistakes:
        verdict = grade(exercise, mistake.answer)
        assert (verdict.state, verdict.diagnosis) == ("wrong", mistake.diagnosis)


def test_ci_runs_the_tests() -> None:
    assert re.search(r"^exec make test$", _read(".ci/run"), re.MULTILINE)
    assert "run: make test" in _read(".github/workflows/book.yml")


# What a file of the project never shows: where it was written.
MACHINE = re.compile(r"(?<![\w.:~/-])/(?:home|Users|root|work|tmp)/[\w.-]+")


def test_no_file_tells_whose_machine_it_was_written_on() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in _tracked()
        if path.suffix in TEXT and path != Path(__file__) and path.name != "test_notebooks.py"
        for match in MACHINE.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("command", [("check", "--no-fix"), ("format", "--check")], ids=lambda command: command[0])
def test_the_setup_cell_passes_the_linter(command: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "01_small.ipynb"
    notebooks.write(new_notebook(cells=[new_code_cell(notebooks.setup_source())]), path)
    ruff = [sys.executable, "-m", "ruff", *command, "--config", str(ROOT / "pyproject.toml"), str(path)]
    run = subprocess.run(ruff, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_setup_cell_imports_names_that_exist() -> None:
    for node in ast.walk(ast.parse(notebooks.setup_source())):
        for alias in node.names if isinstance(node, ast.ImportFrom) else []:
            assert hasattr(importlib.import_module(node.module), alias.name) or importlib.util.find_spec(
                f"{node.module}.{alias.name}"
            )
