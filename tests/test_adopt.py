"""`make adopt`: the address goes everywhere at once, or nowhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import adopt
import notebooks
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook

GITHUB = "https://github.com/you/fork"
PAGES = "https://you.github.io/fork/"
REFUSED = [
    "",
    "github.com/you/fork",
    "git@github.com:you/fork",
    "ssh://git@github.com/you/fork",
    "git+https://github.com/you/fork",
    "ftp://example.org/you/fork",
    "javascript:alert(1)",
    "https://",
    "https://github.com/",
    "https://github.com:port/you/fork",
    "https://[::1/you/fork",
    "https://github.com/you/fork?x=1",
    "https://github.com/you/fork#x",
    "https://github.com/you/fork extra",
    'https://github.com/you/fork"; import os #',
    "https://github.com/you/f'ork",
    "https://github.com/you\\fork",
    "https://github.com/you/fork\nurl: x",
    "https://name:secret@github.com/you/fork",
    "file://",
    "file://elsewhere/you/fork",
]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A copy of what carries the address, with one sealed notebook and one whose code was edited since it was run."""
    shutil.copy(notebooks.ROOT / "README.md", tmp_path)
    settings = (notebooks.ROOT / "_config.yml").read_text("utf-8")
    unset = re.sub(r'^(  (?:url|baseurl): )"[^"]*"', r'\1""', settings, flags=re.MULTILINE)
    (tmp_path / "_config.yml").write_text(unset, encoding="utf-8")
    (tmp_path / "book").mkdir()
    for name in ("01_sealed", "02_edited"):
        setup = new_code_cell(notebooks.setup_source(), metadata={"tags": list(notebooks.SETUP_TAGS)}, id="a")
        notebook = new_notebook(cells=[setup, new_code_cell("REPOSITORY = 3", id="b")])
        notebooks.seal(notebook)
        if name == "02_edited":
            notebook.cells[1].source = "REPOSITORY = 4"
        notebooks.write(notebook, tmp_path / "book" / f"{name}.ipynb")
    return tmp_path


def _contents(course: Path) -> dict[str, bytes]:
    return {str(path.relative_to(course)): path.read_bytes() for path in course.rglob("*") if path.is_file()}


def test_all_notebooks_know_the_address_in_the_configuration() -> None:
    for path in notebooks.everything():
        (setup,) = [cell for cell in notebooks.code_cells(notebooks.read(path)) if "setup" in notebooks.tags(cell)]
        assert setup.source == notebooks.setup_source(), path.name


@pytest.mark.parametrize("path", sorted(set(notebooks.everything()) - set(notebooks.chapters())), ids=lambda p: p.stem)
def test_other_notebooks_are_current_too(path: Path) -> None:
    assert notebooks.is_current(notebooks.read(path)), f"run `make refresh NOTEBOOKS=book/{path.name}`"


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_no_address_is_refused_in_one_sentence(
    address: str, course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _contents(course)
    assert adopt.main([address], course) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "Traceback" not in printed.err
    assert "secret" not in printed.err
    assert _contents(course) == before


@pytest.mark.parametrize("arguments", [[], [""]], ids=["none", "empty"])
def test_without_an_address_it_says_how_to_give_one(
    arguments: list[str], course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert adopt.main(arguments, course) == 2
    assert capsys.readouterr().err == "Say which repository is yours: make adopt REPO=https://github.com/you/fork\n"


def test_the_address_is_written_everywhere(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (course / "_config.yml").read_text("utf-8")
    assert adopt.main([GITHUB], course) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"The course's address is {GITHUB}: 4 files changed.",
        f"Its pages are read at {PAGES} (html.baseurl in _config.yml).",
    ]
    after = (course / "_config.yml").read_text("utf-8")
    assert yaml.safe_load(after)["repository"]["url"] == GITHUB
    assert yaml.safe_load(after)["html"]["baseurl"] == PAGES
    changed = [(old, new) for old, new in zip(before.splitlines(), after.splitlines(), strict=True) if old != new]
    assert len(changed) == 2
    for old, new in changed:
        assert re.sub('"[^"]*"', "", old, count=1) == re.sub('"[^"]*"', "", new, count=1)
    readme = (course / "README.md").read_text("utf-8")
    assert f"]({GITHUB}/actions/workflows/book.yml)" in readme
    assert "](https://colab.research.google.com/github/you/fork/blob/main/book/01_sealed.ipynb)" in readme
    for path in sorted(course.glob("book/*.ipynb")):
        assert f'REPOSITORY = "{GITHUB}"  # ' in notebooks.read(path).cells[0].source


def test_a_sealed_notebook_stays_sealed_and_an_edited_one_stays_found(course: Path) -> None:
    adopt.main([GITHUB], course)
    sealed, edited = (notebooks.read(path) for path in sorted(course.glob("book/*.ipynb")))
    assert notebooks.is_current(sealed)
    assert not notebooks.is_current(edited)
    assert [sealed.cells[1].source, edited.cells[1].source] == ["REPOSITORY = 3", "REPOSITORY = 4"]


def test_adopting_again_changes_nothing_and_another_address_replaces_the_first(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    adopt.main([GITHUB], course)
    first = _contents(course)
    assert adopt.main([f"{GITHUB}.git/"], course) == 0
    assert "nothing had to be changed" in capsys.readouterr().out
    assert _contents(course) == first
    assert adopt.main(["file:///srv/course.git"], course) == 0
    assert not [
        name for name, content in _contents(course).items() if name != "README.md" and b"github.com/you" in content
    ]
    assert "badge.svg" not in (course / "README.md").read_text("utf-8")
    adopt.main([GITHUB], course)
    assert _contents(course) == first


@pytest.mark.parametrize(
    ("address", "pages"),
    [
        ("https://github.com/You/Fork", "https://you.github.io/Fork/"),
        ("https://github.com/you/You.github.io", "https://you.github.io/"),
        ("https://github.com/you/fork/tree", ""),
        ("https://gitlab.com/you/fork", ""),
        ("file:///srv/course.git", ""),
    ],
)
def test_where_the_pages_are_read_follows_from_github_only(address: str, pages: str) -> None:
    assert adopt.pages(address) == pages


def _baseurl(course: Path) -> str:
    return yaml.safe_load((course / "_config.yml").read_text("utf-8"))["html"]["baseurl"]


def test_elsewhere_one_sentence_says_what_to_set(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    adopt.main([GITHUB], course)
    capsys.readouterr()
    assert adopt.main(["https://gitlab.com/you/fork"], course) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [adopt.ELSEWHERE]
    assert "html.baseurl" in adopt.ELSEWHERE
    assert _baseurl(course) == ""


def test_an_address_of_the_pages_that_was_set_by_hand_stays(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    adopt.main([GITHUB], course)
    config, own = course / "_config.yml", "https://course.example.org/"
    config.write_text(config.read_text("utf-8").replace(PAGES, own), encoding="utf-8")
    for address in (GITHUB, "https://github.com/them/fork", "file:///srv/course.git"):
        assert adopt.main([address], course) == 0
        assert f"Its pages are read at {own} " in capsys.readouterr().out
        assert _baseurl(course) == own


@pytest.mark.parametrize("settings", ["repository: {branch: main}\n", "a: [\n", "", "repository:\nhtml:\n"])
def test_a_configuration_that_lost_its_settings_is_refused(
    settings: str, course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (course / "_config.yml").write_text(settings, encoding="utf-8")
    before = _contents(course)
    assert adopt.main([GITHUB], course) == 2
    assert capsys.readouterr().err == "_config.yml has lost its settings: take it back from the repository.\n"
    assert _contents(course) == before


@pytest.mark.parametrize("name", ["_config.yml", "README.md", "book/01_sealed.ipynb"])
def test_a_file_without_its_place_stops_everything(name: str, course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (course / name).write_text("repository: {branch: main}\n", encoding="utf-8")
    before = _contents(course)
    assert adopt.main([GITHUB], course) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert _contents(course) == before


@pytest.mark.parametrize("value", ["", "$(touch broken)", "'; touch broken; '", '"; touch broken; "', "`touch broken`"])
def test_make_hands_over_what_it_was_given(value: str, tmp_path: Path) -> None:
    """The recipe itself, with another program in place of the tool: no shell looks into the address."""
    recipe = re.search(r"^adopt:.*\n((?:\t.*\n)+)", (notebooks.ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)[1]
    (tmp_path / "Makefile").write_text(f"adopt:\n{recipe}", encoding="utf-8")
    (tmp_path / "python").write_text('#!/bin/sh\nprintf "%s" "$2" > given\n', encoding="utf-8")
    (tmp_path / "python").chmod(0o755)
    environment = {name: text for name, text in os.environ.items() if name not in ("REPO", "MAKEFLAGS")}
    command = ["make", "--silent", "adopt", "BIN=.", f"REPO={value.replace('$', '$$')}"]
    subprocess.run(command, cwd=tmp_path, check=True, env=environment)
    assert (tmp_path / "given").read_text("utf-8") == value
    assert not (tmp_path / "broken").exists()


def test_addresses_stay_whole_in_the_set_up_cell() -> None:
    address = "http://localhost:3000/a%20b/c_d~e"
    notebook = new_notebook(cells=[new_code_cell(notebooks.setup_source(), metadata={"tags": ["setup"]})])
    notebooks.place_address(notebook, adopt.checked(address))
    assert f"\nREPOSITORY = {json.dumps(address)}  # " in notebook.cells[0].source
