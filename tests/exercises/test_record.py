"""The progress file: nothing solved is lost, whatever happens to the file, the disk or the process."""

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from labs import exercises
from labs.exercises import record

SOLVED = {"state": "solved", "tries": 1}


@pytest.fixture
def path(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "progress.json"
    monkeypatch.setenv("LABS_PROGRESS", str(path))
    monkeypatch.setattr(record, "_memory", {})
    return path


@pytest.fixture
def memory(monkeypatch):
    monkeypatch.setenv("LABS_PROGRESS", record.IN_MEMORY)
    monkeypatch.setattr(record, "_memory", {})


def process(code):
    """Starts ``code`` in a process of its own. It loads the one module ``record``, which is much quicker than labs."""
    prelude = f"import sys; sys.path.insert(0, {str(Path(record.__file__).parent)!r}); import os, signal, record\n"
    call = [sys.executable, "-c", prelude + textwrap.dedent(code)]
    return subprocess.Popen(call, stdout=subprocess.PIPE, text=True)


def test_marks_outlive_the_process(path):
    assert record.mark("5.1", "attempted") == ""
    assert record.mark("5.1", "solved") == ""
    shown, _ = process("print(record.load())").communicate()
    assert shown.strip() == "({'5.1': {'state': 'solved', 'tries': 2}}, '')"


def test_solved_is_never_taken_back(path):
    record.mark("5.1", "solved")
    record.mark("5.1", "attempted")
    assert record.load()[0] == {"5.1": {"state": "solved", "tries": 2}}


def test_looking_writes_nothing(path):
    assert record.load() == ({}, "")
    assert not path.parent.exists()


@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_a_process_killed_while_writing_loses_nothing(path, at):
    record.mark("5.1", "solved")
    killed = process(f"""
        os.{at} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        record.mark("5.2", "solved")
    """)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert record.load() == ({"5.1": SOLVED}, "")
    assert record.mark("5.3", "solved") == ""
    assert record.load()[0] == {"5.1": SOLVED, "5.3": SOLVED}
    assert {p.name for p in path.parent.iterdir()} <= {"progress.json", "progress.json.lock"}


def test_a_process_killed_at_any_moment_leaves_a_whole_file(path):
    code = """
        for n in range(10_000):
            record.mark(f"5.{n}", "solved")
            print(n, flush=True)
    """
    for wanted in (1, 7, 20):
        writer = process(code)
        done = [int(writer.stdout.readline()) for _ in range(wanted)]
        writer.kill()
        writer.communicate()
        marks, said = record.load()
        assert said == ""
        assert {f"5.{n}" for n in done} <= set(marks)


def test_two_notebooks_at_once_lose_nothing(path):
    code = """
        for n in range(25):
            assert record.mark(f"{PREFIX}.{n}", "solved") == ""
    """
    writers = [process(textwrap.dedent(code).replace("PREFIX", str(prefix))) for prefix in (1, 2)]
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0, 0]
    assert set(record.load()[0]) == {f"{prefix}.{n}" for prefix in (1, 2) for n in range(25)}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe\x00", b"[]", b"3", b"{}", b'{"exercises": []}', b'{"exercises": {"5.1": {"state": "won"}}}',
     b'{"exercises": {"5.1": {"state": "solved", "tries": "many"}}}', b'{"exercises": {"5.1": null}}',
     b'{"exercises": {}, "guesses": []}', b'{"exercises": {}, "guesses": {"predict-a": "maybe"}}'],
)  # fmt: skip
def test_a_broken_file_is_set_aside_with_a_sentence(path, content):
    path.parent.mkdir()
    for n in (1, 2):
        path.write_bytes(content)
        said = record.mark("5.1", "solved")
        aside = path.with_name(f"progress.json.broken-{n}")
        assert said == f"The progress file could not be read. It was set aside as {aside}, and a new one begun."
        assert aside.read_bytes() == content
        assert record.load() == ({"5.1": SOLVED}, "")


def test_a_mark_that_editors_put_before_the_text_does_no_harm(path, tmp_path):
    record.mark("5.1", "solved")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert record.load() == ({"5.1": SOLVED}, "")
    exported = tmp_path / "mine.json"
    exported.write_bytes(path.read_bytes())
    exercises.import_progress(exported)
    assert record.load() == ({"5.1": SOLVED}, "")


def test_where_nothing_can_be_written_memory_keeps_the_marks(path, monkeypatch):
    record.mark("5.1", "solved")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(record, "_replace", refuse)
        said = record.mark("5.2", "solved")
        assert said.startswith("Your progress is kept until the kernel stops: ")
        assert said.endswith("cannot be written (Permission denied).")
        assert record.load()[0] == {"5.1": SOLVED, "5.2": SOLVED}
    assert record.load() == ({"5.1": SOLVED, "5.2": SOLVED}, "")
    assert json.loads(path.read_text())["exercises"] == {"5.1": SOLVED, "5.2": SOLVED}


def test_a_folder_that_cannot_be_made_is_no_obstacle(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("LABS_PROGRESS", str(tmp_path / "file" / "progress.json"))
    monkeypatch.setattr(record, "_memory", {})
    assert "cannot be written" in record.mark("5.1", "solved")
    assert record.load()[0] == {"5.1": SOLVED}


def test_a_lock_that_is_never_released_is_no_obstacle(path, monkeypatch):
    import filelock

    def busy(*_, **__):
        raise filelock.Timeout("progress.json.lock")

    monkeypatch.setattr(filelock.FileLock, "acquire", busy)
    assert "another program holds its lock" in record.mark("5.1", "solved")
    assert record.load()[0] == {"5.1": SOLVED}


def test_no_home_at_all_keeps_the_marks_in_memory(monkeypatch):
    monkeypatch.delenv("LABS_PROGRESS")
    monkeypatch.setattr(record, "_memory", {})
    monkeypatch.setattr(record.platformdirs, "user_data_path", lambda *_, **__: record.Path("~/.local/share/labs"))
    assert record.mark("5.1", "solved") == "There is no home folder: your progress is kept until the kernel stops."
    assert record.load()[0] == {"5.1": SOLVED}


@pytest.mark.parametrize("named", [None, "~/progress.json"])
def test_a_user_without_a_home_keeps_the_marks_in_memory(named):
    """As in a container that runs under a number without an entry in the list of users."""
    asked, _ = process(f"""
        import pwd
        def getpwuid(number):
            raise KeyError(number)
        pwd.getpwuid = getpwuid
        for name in ("HOME", "XDG_DATA_HOME", "LABS_PROGRESS"):
            os.environ.pop(name, None)
        os.environ.update({{"LABS_PROGRESS": {named!r}}} if {named!r} else {{}})
        print(record.mark("5.1", "solved"))
        print(record.load()[0])
    """).communicate()
    said, marks = asked.splitlines()
    assert said == "There is no home folder: your progress is kept until the kernel stops."
    assert marks == str({"5.1": SOLVED})


def test_the_file_is_in_the_users_data_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("LABS_PROGRESS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path in record.location().parents


def test_the_first_guess_at_a_question_stands(path):
    assert record.guess("predict-a", right=False) == ""
    assert record.guess("predict-a", right=True) == ""
    record.mark("5.1", "solved")
    shown, _ = process("print(record.load()[0])").communicate()
    assert shown.strip() == str({"5.1": SOLVED, "predict-a": {"state": "wrong", "tries": 1}})
    assert json.loads(path.read_text()) == {
        "version": 1,
        "exercises": {"5.1": SOLVED},
        "guesses": {"predict-a": "wrong"},
    }


def test_guesses_travel_with_the_exercises_and_do_not_change_there(path, tmp_path, monkeypatch, capsys):
    record.mark("5.1", "solved")
    record.guess("predict-a", right=False)
    record.guess("predict-b", right=True)
    exercises.export_progress(tmp_path / "mine.json")
    monkeypatch.setenv("LABS_PROGRESS", str(tmp_path / "other.json"))
    record.guess("predict-a", right=True)
    exercises.import_progress(tmp_path / "mine.json")
    states = {name: mark["state"] for name, mark in record.load()[0].items()}
    assert states == {"5.1": "solved", "predict-a": "right", "predict-b": "right"}
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"1 exercise and 2 guesses are in {tmp_path / 'mine.json'}."


def test_an_unknown_state_is_refused(memory):
    with pytest.raises(ValueError, match="attempted, solved"):
        record.mark("5.1", "perfect")


def test_export_and_import(path, tmp_path, monkeypatch, capsys):
    record.mark("5.1", "solved")
    exercises.export_progress(tmp_path / "mine.json")
    monkeypatch.setenv("LABS_PROGRESS", str(tmp_path / "other.json"))
    record.mark("5.2", "solved")
    exercises.import_progress(tmp_path / "mine.json")
    assert record.load()[0] == {"5.1": SOLVED, "5.2": SOLVED}
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"1 exercise is in {tmp_path / 'mine.json'}."
    assert second == f"1 exercise is added from {tmp_path / 'mine.json'}."


def test_importing_something_else_changes_nothing(memory, tmp_path):
    record.mark("5.1", "solved")
    (tmp_path / "mine.json").write_text('{"cells": []}')
    with pytest.raises(ValueError, match="no progress file"):
        exercises.import_progress(tmp_path / "mine.json")
    with pytest.raises(ValueError, match=r"none\.json cannot be read"):
        exercises.import_progress(tmp_path / "none.json")
    assert record.load()[0] == {"5.1": SOLVED}


@pytest.mark.parametrize("place", ["a folder", "no folder/mine.json"])
def test_where_nothing_can_be_written_or_read_one_sentence_says_so(place, tmp_path, monkeypatch):
    monkeypatch.setenv("LABS_PROGRESS", str(tmp_path / "progress.json"))
    (tmp_path / "a folder").mkdir()
    with pytest.raises(ValueError, match=r"cannot be written \(.*\); name a file"):
        exercises.export_progress(tmp_path / place)
    with pytest.raises(ValueError, match=r"cannot be read \(.*\); give the path"):
        exercises.import_progress(tmp_path / place)


def test_a_file_that_is_not_text_is_refused_and_progress_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("LABS_PROGRESS", str(tmp_path / "progress.json"))
    record.mark("5.1", "solved")
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff")
    with pytest.raises(ValueError, match="is no progress file: it is not text"):
        exercises.import_progress(tmp_path / "picture")
    assert record.load()[0]["5.1"]["state"] == "solved"
