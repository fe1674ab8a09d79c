"""Every page of the built book in a real browser, under the strict policy, on a phone and a desktop, light and dark.

The browser is the system's Chromium, or what ``CHROMIUM`` names. All requests that leave the machine are refused and
counted. ``make test`` builds the book first.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).parents[1]
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site.offline import POLICY  # noqa: E402

PAGES = sorted(str(page.relative_to(HTML)) for page in [*HTML.glob("book/**/*.html"), *HTML.glob("search.html")])
SCREENS = {"phone": (390, 844), "desktop": (1280, 900)}
SCHEMES = ("light", "dark")
INSPECTED = (("phone", "dark"), ("desktop", "light"))  # by axe, which takes seconds: each width once, each colour once
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Axe.from_file(Path(__file__).parent / "axe" / "axe.min.js")  # newer than the one in the package
RULES = {"rules": {"label-content-name-mismatch": {"enabled": True}}}  # off by default in some versions
THEME_BYTES, PAGE_BYTES, EXPLORABLE_BYTES, SHIFT = 1_200_000, 1_500_000, 100_000, 0.05

WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(entry.value);
}).observe({type: "layout-shift", buffered: true});
"""


class Handler(SimpleHTTPRequestHandler):
    """Serves the book with the policy that its pages must work under."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@dataclass
class Visit:
    """What the browser reported while a page was open."""

    page: Page
    refused: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    loaded: set[str] = field(default_factory=set)

    def settle(self) -> None:
        """Waits until the page and its fonts are there and three more frames have been drawn."""
        self.page.wait_for_load_state("load")
        self.page.evaluate(
            "() => document.fonts.ready.then(() => new Promise((done) => "
            "requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done)))))"
        )

    def problems(self, screen: str, scheme: str) -> list[str]:
        """Everything that is wrong with the page as it stands."""
        shift, width = self.page.evaluate("[shifts.reduce((a, b) => a + b, 0), document.documentElement.scrollWidth]")
        found = [f"refused {url}" for url in self.refused] + [f"reported {error}" for error in self.errors]
        if shift > SHIFT:
            found.append(f"layout shift {shift:.3f}")
        if width > SCREENS[screen][0]:
            found.append(f"{width} pixels wide")
        return found + (violations(self.page) if (screen, scheme) in INSPECTED else [])


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of the built book."""
    if not (HTML / "book" / "index.html").is_file():
        pytest.fail(f"The book is not built: {HTML} has no book/index.html; run `make book` first.")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(HTML)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        if not found and not Path(own).exists():
            pytest.fail("No browser was found: install the package chromium, or name one in CHROMIUM.")
        browser = playwright.chromium.launch(executable_path=found or own, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def contexts(browser: Browser, site: str) -> Iterator[dict[tuple[str, str], BrowserContext]]:
    """One context for each screen and colour scheme, used by all pages."""
    opened = {}
    for screen, (width, height) in SCREENS.items():
        for scheme in SCHEMES:
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            context.add_init_script(WATCH_SHIFTS)
            opened[screen, scheme] = context
    yield opened
    for context in opened.values():
        context.close()


def visit(context: BrowserContext, address: str) -> Visit:
    """Opens ``address`` in a new page that refuses whatever is not local."""
    seen = Visit(context.new_page())
    local = re.compile(rf"^(?:{re.escape(address.split('/book/')[0])}|http://127\.0\.0\.1:|file:|data:|blob:|about:)")
    seen.page.route(
        lambda url: not local.match(url), lambda route: (seen.refused.append(route.request.url), route.abort())
    )
    seen.page.on("console", lambda message: seen.errors.append(message.text) if message.type == "error" else None)
    seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
    seen.page.on("requestfinished", lambda request: seen.loaded.add(urlsplit(request.url).path))
    seen.page.on("requestfailed", lambda request: seen.errors.append(f"failed: {request.url}"))
    seen.page.goto(address)
    seen.settle()
    return seen


def violations(page: Page) -> list[str]:
    """What axe-core objects to, with the first element of each."""
    found = AXE.run(page, options=RULES).response["violations"]
    return [f"{v['id']} ({len(v['nodes'])}): {v['nodes'][0]['html'].split('>')[0][:160]}>" for v in found]


def size(path: str) -> int:
    """The bytes of a file of the book, named by the path of its address."""
    file = HTML / unquote(path).lstrip("/")
    return file.stat().st_size if file.is_file() else 0


@pytest.fixture(scope="module")
def loads(contexts: dict[tuple[str, str], BrowserContext], site: str) -> dict[str, set[str]]:
    """The addresses that each page loads on the desktop in light colours."""
    loaded = {}
    for page in PAGES:
        seen = visit(contexts["desktop", "light"], f"{site}/{page}")
        loaded[page] = seen.loaded - {f"/{page}"}
        seen.page.close()
    return loaded


@pytest.mark.parametrize("page", PAGES or ["the book"])
def test_page(page: str, contexts: dict[tuple[str, str], BrowserContext], site: str) -> None:
    """No request leaves, nothing is reported, nothing jumps, nothing scrolls sideways, nobody is shut out."""
    problems: list[str] = []
    for (screen, scheme), context in contexts.items():
        seen = visit(context, f"{site}/{page}")
        problems += [f"{screen}, {scheme}: {problem}" for problem in seen.problems(screen, scheme)]
        seen.page.close()
    assert not problems, "\n".join(problems)


def test_what_every_page_loads(loads: dict[str, set[str]]) -> None:
    """What all pages share, the theme, stays small."""
    shared = set.intersection(*loads.values())
    assert shared
    assert sum(map(size, shared)) <= THEME_BYTES, sorted(((size(path), path) for path in shared), reverse=True)[:8]


def test_what_a_page_adds(loads: dict[str, set[str]]) -> None:
    """No page with its own figures, fonts and scripts is heavy."""
    shared = set.intersection(*loads.values())
    for page, loaded in loads.items():
        own = (loaded - shared) | {f"/{page}"}
        explorables = [path for path in own if "/explore/" in path and path.endswith(".js")]
        assert sum(map(size, own)) <= PAGE_BYTES, page
        assert sum(map(size, explorables)) <= EXPLORABLE_BYTES, page


def test_the_policy_is_enforced(contexts: dict[tuple[str, str], BrowserContext], site: str) -> None:
    """An inline script is stopped: the checks above mean something."""
    seen = visit(contexts["desktop", "light"], f"{site}/book/index.html")
    seen.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = true'}))"
    )
    assert seen.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in error for error in seen.errors)
    seen.page.close()


ICON_IN_BUTTON = """() => {
  const [button, icon] = ["", " i"].map((part) => document.querySelector(`.bd-search-container .search-go${part}`));
  const [around, inside] = [button, icon].map((element) => element.getBoundingClientRect());
  const [paper, ink] = [button, icon].map((element) => getComputedStyle(element).backgroundColor);
  return around.left <= inside.left && inside.right <= around.right && around.top <= inside.top
    && inside.bottom <= around.bottom && ink !== paper;
}"""


@pytest.mark.parametrize("query", ["gradient", "condition number"])
def test_search_from_a_file(query: str, contexts: dict[tuple[str, str], BrowserContext], site: str) -> None:
    """Full-text search works in a book that was opened from the disk."""
    seen = visit(contexts["phone", "light"], f"{(HTML / 'search.html').as_uri()}?q={query.replace(' ', '+')}")
    seen.page.locator("ul.search li a").first.wait_for(timeout=10_000)
    assert seen.page.title().startswith("Search")
    assert seen.page.evaluate(ICON_IN_BUTTON)
    target = seen.page.locator("ul.search li a").first
    target.click()
    seen.settle()
    assert query.split()[0] in seen.page.locator("main").inner_text().lower()
    assert seen.errors == []
    assert seen.refused == []
    seen.page.close()


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("book/")] or ["the book"])
def test_page_from_a_file(page: str, contexts: dict[tuple[str, str], BrowserContext], site: str) -> None:
    """A page works from the disk as it does from a server, and with text five times as large as on a desktop."""
    seen = visit(contexts["phone", "dark"], (HTML / page).as_uri())
    assert seen.errors == []
    for width in (320, 256):
        seen.page.set_viewport_size({"width": width, "height": 600})
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.refused == []
    seen.page.close()


MISSING = """(selector) => [...document.querySelectorAll(selector)]
  .filter((part) => !part.closest("details:not([open])"))
  .filter((part) => !part.checkVisibility({visibilityProperty: true}) || !part.getBoundingClientRect().width
    || (part.tagName === "IMG" && !(part.complete && part.naturalWidth && part.alt)))
  .map((part) => part.outerHTML.slice(0, 120))"""
PARTS = "h1, h2, article p, article table, .katex-html, figure, figure img, .claim, .labs-explorable > img"


@pytest.fixture(scope="module")
def scriptless(browser: Browser) -> Iterator[Page]:
    """A page of a browser that runs no script, on a phone."""
    width, height = SCREENS["phone"]
    context = browser.new_context(java_script_enabled=False, viewport={"width": width, "height": height})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("page", PAGES or ["the book"])
def test_a_page_is_complete_without_scripts(page: str, scriptless: Page, site: str) -> None:
    """Text, formulas, figures, claims and a picture for each explorable are there when no script runs."""
    scriptless.goto(f"{site}/{page}")
    assert scriptless.locator("h1").count() == 1
    assert scriptless.evaluate(MISSING, PARTS) == []
    scriptless.evaluate("document.querySelector('h1').style.visibility = 'hidden'")
    assert len(scriptless.evaluate(MISSING, PARTS)) == 1, "what is hidden is found"
    for explorable in scriptless.locator(".labs-explorable").all():
        assert explorable.locator("> img").count() == 1


@pytest.mark.parametrize("page", [page for page in PAGES if re.match(r"book/\d\d_", page)] or ["the book"])
def test_a_chapter_unfolds_without_scripts(page: str, scriptless: Page, site: str) -> None:
    """Every chapter has what the test above looks for, and its folded parts open by a click."""
    scriptless.goto(f"{site}/{page}")
    for part in (".katex-html", "figure img", ".claim", ".labs-explorable > img"):
        assert scriptless.locator(part).count(), part
    for fold, inside in (("details.hint", "p"), ("details.solution", "pre"), ("details.hide", "pre")):
        folded = scriptless.locator(fold).first
        assert not folded.locator(inside).first.is_visible()
        folded.locator("summary").first.click()
        assert folded.locator(inside).first.is_visible()
        assert folded.locator(inside).first.inner_text().strip()


def test_chosen_colours_are_kept(contexts: dict[tuple[str, str], BrowserContext], site: str) -> None:
    """The colour switch changes the page, and the choice survives a visit to another page."""
    seen = visit(contexts["desktop", "light"], f"{site}/book/index.html")
    switch = seen.page.locator(".theme-switch-button")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = seen.page.evaluate(paper)
    for _ in range(3):
        if seen.page.evaluate("document.documentElement.dataset.mode") == "dark":
            break
        switch.click()
    assert seen.page.evaluate(paper) != light
    seen.page.goto(f"{site}/book/glossary.html")
    assert seen.page.evaluate("document.documentElement.dataset.theme") == "dark"
    seen.page.evaluate("localStorage.clear()")
    seen.page.close()
