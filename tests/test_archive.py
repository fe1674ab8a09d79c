"""The book as one file to take along."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import archive
import pytest


@pytest.fixture
def html(tmp_path: Path) -> Path:
    """A built book of one page."""
    folder = tmp_path / "html"
    (folder / "book").mkdir(parents=True)
    (folder / "index.html").write_text('<meta http-equiv="Refresh" content="0; url=book/index.html" />', "utf-8")
    (folder / "book/index.html").write_text("<p>θ</p>", "utf-8")
    (folder / ".buildinfo").write_text("config: 1", "utf-8")
    (folder / "downhill.zip").write_text("what was packed before", "utf-8")
    return folder


def test_unpacked_it_is_the_book(html: Path, tmp_path: Path) -> None:
    archive.main(str(html), str(tmp_path / "book.zip"))
    with zipfile.ZipFile(tmp_path / "book.zip") as packed:
        assert packed.testzip() is None
        assert packed.namelist() == ["downhill/book/index.html", "downhill/index.html"]
        assert packed.read("downhill/book/index.html") == "<p>θ</p>".encode()


def test_the_same_pages_give_the_same_file(html: Path, tmp_path: Path) -> None:
    archive.pack(html, tmp_path / "first.zip")
    os.utime(html / "index.html", (10**9, 10**9))
    (html / "index.html").chmod(0o600)
    archive.pack(html, tmp_path / "second.zip")
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()
    (html / "index.html").write_text("another", "utf-8")
    archive.pack(html, tmp_path / "third.zip")
    assert (tmp_path / "first.zip").read_bytes() != (tmp_path / "third.zip").read_bytes()


def test_a_book_that_is_not_built_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"run `make book` first\.$"):
        archive.main(str(tmp_path), str(tmp_path / "book.zip"))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(html: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"book\.zip cannot be written: [^\n]*\.$"):
        archive.main(str(html), str(tmp_path / "nowhere" / "book.zip"))
