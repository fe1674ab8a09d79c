"""What a reader does with a page besides reading: fold its code, print it, open it where nothing is kept or run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import notebooks
import pytest
import thread
from pypdf import PdfReader

ROOT = Path(__file__).parents[1]
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
CHAPTER = "book/05_ill_conditioning.html"
PHONE, DESKTOP = (390, 844), (1280, 900)
CODE = """[...document.querySelectorAll("div.cell details.hide")]
  .filter((fold) => !fold.closest(".cell").querySelector(".predict"))"""
NO_STORAGE = """for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, {
  configurable: true, get() { throw new DOMException("site data are blocked", "SecurityError"); } });"""

Open = Callable[..., Any]


@pytest.fixture
def opened(chromium: Any) -> Iterator[Open]:
    """``opened(page, size, script, **context)``: a page of the built book, from the disk; an error in it fails."""
    if not (HTML / CHAPTER).is_file():
        pytest.fail(f"The book is not built: {HTML} has no {CHAPTER}; run `make book` first.")
    contexts, errors = [], []

    def open_page(page: str, size: tuple[int, int] = DESKTOP, script: str = "", **context: Any) -> Any:
        contexts.append(chromium.new_context(viewport={"width": size[0], "height": size[1]}, **context))
        if script:
            contexts[-1].add_init_script(script)
        tab = contexts[-1].new_page()
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto((HTML / page).as_uri())
        tab.wait_for_load_state("load")
        tab.wait_for_function("() => !document.documentElement.classList.contains('waiting')")
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def _closed(tab: Any) -> list[bool]:
    return tab.evaluate(f"{CODE}.map((fold) => !fold.open)")


def test_the_switch_folds_and_shows_all_code_and_is_remembered(opened: Open) -> None:
    tab = opened(CHAPTER)
    button = tab.get_by_role("button", name="Hide code", exact=True)
    assert button.get_attribute("aria-pressed") == "false"
    assert {True, False} == set(_closed(tab))  # as the chapter has it
    button.focus()
    tab.keyboard.press("Enter")
    assert all(_closed(tab))
    button = tab.get_by_role("button", name="Show code", exact=True)
    assert button.get_attribute("aria-pressed") == "true"
    tab.reload()
    assert all(_closed(tab))
    first = tab.locator("div.cell details.hide.open").first
    assert not first.locator("pre").is_visible()
    first.locator("summary").click()  # one piece alone
    assert first.locator("pre").is_visible()
    tab.goto((HTML / "book" / f"{notebooks.chapters()[0].stem}.html").as_uri())
    assert all(_closed(tab))
    tab.goto((HTML / CHAPTER).as_uri())
    tab.get_by_role("button", name="Show code", exact=True).press("Space")
    assert not any(_closed(tab))
    answer = tab.locator("div.cell:has(.predict) details.hide")
    assert answer.evaluate("(fold) => fold.open") is False


def test_the_switch_works_where_nothing_is_kept(opened: Open) -> None:
    tab = opened(CHAPTER, script=NO_STORAGE)
    tab.get_by_role("button", name="Hide code", exact=True).click()
    assert all(_closed(tab))


def test_folding_keeps_the_reader_in_place(opened: Open) -> None:
    tab = opened(CHAPTER)
    figure = tab.locator("figure").nth(1)
    figure.evaluate("(figure) => scrollTo(0, figure.getBoundingClientRect().top + scrollY - 60)")
    height, before = tab.evaluate("document.documentElement.scrollHeight"), figure.bounding_box()["y"]
    tab.locator(".code-switch").evaluate("(button) => button.click()")  # playwright's own click scrolls the page
    tab.wait_for_timeout(300)
    assert tab.evaluate("document.documentElement.scrollHeight") < height - 1000
    assert abs(figure.bounding_box()["y"] - before) < 4


def test_a_page_without_code_has_no_switch(opened: Open) -> None:
    assert opened("book/glossary.html").locator(".code-switch").count() == 0


WIDEST = """(width) => {
  for (const fold of document.querySelectorAll("details.hide")) fold.open = true;
  const blocks = [...document.querySelectorAll("div.cell:not(.tag_setup) .cell_input pre")];
  for (const block of blocks) block.querySelector(".line").textContent = "x".repeat(width) + "\\n";
  return blocks.map((block) => [block.scrollWidth > block.clientWidth + 1, block.textContent.split("\\n")])
    .filter(([scrolls, lines]) => scrolls && Math.max(...lines.map((line) => line.length)) <= width).length;
}"""


@pytest.mark.parametrize("size", [PHONE, (600, 900), (768, 900), (1024, 900), (1200, 900), DESKTOP], ids=str)
def test_code_of_allowed_width_needs_no_scrolling_sideways(size: tuple[int, int], opened: Open) -> None:
    """The widest line that the rules allow, in every cell; on a phone it goes on below, indented."""
    tab = opened(CHAPTER, size)
    assert tab.evaluate(WIDEST, thread.WIDTH) == 0
    assert (tab.evaluate(WIDEST, 3 * thread.WIDTH) > 0) is (size[0] > 600)


def test_a_long_line_goes_on_behind_its_indentation(opened: Open) -> None:
    rows = opened(CHAPTER, PHONE).evaluate("""() => {
      const code = document.querySelector("details.hide.open .line");
      code.style.setProperty("--in", 4);
      code.textContent = "    " + "word ".repeat(30);
      const range = document.createRange();
      range.selectNodeContents(code);
      const rows = {};
      for (const box of range.getClientRects()) rows[box.top] = Math.min(rows[box.top] ?? Infinity, box.left);
      return Object.entries(rows).sort(([a], [b]) => a - b).map(([, left]) => Math.round(left));
    }""")
    assert len(rows) > 2
    assert rows[1] > rows[0] + 30  # behind the four spaces
    assert len(set(rows[1:])) == 1


def test_search_and_colours_work_where_nothing_is_kept(opened: Open) -> None:
    tab = opened("search.html", script=NO_STORAGE)
    tab.goto(f"{(HTML / 'search.html').as_uri()}?q=gradient")
    tab.locator("ul.search li a").first.wait_for(timeout=10_000)
    modes = set()
    for _ in range(3):
        tab.locator(".theme-switch-button").first.click()
        modes.add(tab.evaluate("document.documentElement.dataset.mode"))
    assert modes == {"light", "dark", "auto"}


def test_the_contents_open_where_nothing_is_kept(opened: Open) -> None:
    tab = opened("book/glossary.html", PHONE, script=NO_STORAGE)
    tab.locator(".primary-toggle").first.click()
    link = tab.get_by_role("link", name="Notation", exact=True)
    link.wait_for(timeout=5_000)
    assert link.is_visible()


@pytest.mark.parametrize("width", [320, 400, 800, 1100, 1280])
def test_without_scripts_no_button_is_dead_and_the_contents_are_there(width: int, opened_plain: Open) -> None:
    tab = opened_plain(CHAPTER, width)
    dead = tab.locator("button:visible, .bd-header-article [data-bs-toggle]:visible")
    assert [button.evaluate("(button) => button.outerHTML.slice(0, 90)") for button in dead.all()] == []
    link = tab.locator("#pst-primary-sidebar").get_by_role("link", name="Notation", exact=True)
    assert link.is_visible()
    assert tab.locator("#pst-page-toc-nav a").first.is_visible()
    assert tab.locator(".code-switch").is_hidden()
    assert tab.locator("details.hide.open pre").first.is_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.locator("h1").bounding_box()["y"] < 300  # the chapter first
    if width < 992:
        tab.get_by_role("link", name="Contents", exact=True).click()
        top = tab.locator("#pst-primary-sidebar").bounding_box()["y"]
        assert -5 <= top <= 400


@pytest.fixture
def opened_plain(chromium: Any) -> Iterator[Open]:
    """``opened_plain(page, width)``: a page in a browser that runs no script."""
    contexts = []

    def open_page(page: str, width: int) -> Any:
        contexts.append(chromium.new_context(java_script_enabled=False, viewport={"width": width, "height": 800}))
        tab = contexts[-1].new_page()
        tab.goto((HTML / page).as_uri())
        return tab

    yield open_page
    for context in contexts:
        context.close()


PRINTED = """() => ({
  empty: [...document.querySelectorAll("article details")].filter((fold) => !fold.open).length,
  cut: [...document.querySelectorAll("article pre")].filter((code) => code.scrollWidth > code.clientWidth + 1).length,
  ink: getComputedStyle(document.querySelector("details.hide.open pre")).color,
  word: getComputedStyle(document.querySelector("details.hide.open pre .k, details.hide.open pre .n")).color,
  paper: getComputedStyle(document.body).backgroundColor,
})"""


def test_a_page_prints_whole_and_in_the_colours_of_paper(opened: Open, tmp_path: Path) -> None:
    """Every fold is open and on paper, also those of which one is open at a time; afterwards all is as it was."""
    tab = opened(CHAPTER, color_scheme="dark")
    folds = "[...document.querySelectorAll('details')].map((fold) => [fold.open, fold.getAttribute('name')])"
    before = tab.evaluate(folds)
    assert any(name for _, name in before)
    tab.set_viewport_size({"width": 720, "height": 1000})  # about the width of A4
    tab.emulate_media(media="print", color_scheme="dark")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    printed = tab.evaluate(PRINTED)
    luminance = [sum(map(int, printed[name][4:-1].split(","))) for name in ("ink", "word")]
    assert printed["empty"] == printed["cut"] == 0
    assert printed["paper"] == "rgb(255, 255, 255)"
    assert max(luminance) < 450, printed
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    tab.emulate_media(media="screen")
    assert tab.evaluate(folds) == before
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
    tab = opened(CHAPTER, color_scheme="dark")
    tab.pdf(path=tmp_path / "page.pdf", format="A4")
    words = " ".join(" ".join(page.extract_text() for page in PdfReader(tmp_path / "page.pdf").pages).split())
    assert "importlib.util.find_spec" in words  # of the set-up cell, which is folded
    assert tab.evaluate(folds) == before


@pytest.mark.parametrize("page", ["book/api.html", "book/speed.html", CHAPTER])
def test_at_four_times_the_size_nothing_scrolls_sideways(page: str, opened: Open) -> None:
    assert opened(page, (320, 256)).evaluate("document.documentElement.scrollWidth") <= 320


def test_what_goes_beyond_the_chapter_is_set_apart_in_its_list(opened: Open) -> None:
    tab = opened(CHAPTER)
    style = tab.evaluate("""() => {
      const list = document.querySelector("#pst-page-toc-nav ul");
      const entry = list.querySelector("li").cloneNode(true);
      entry.querySelector("a").setAttribute("href", "#going-further");
      list.append(entry);
      return [list.children[1], entry].map((item) => getComputedStyle(item).borderTopWidth);
    }""")
    assert style == ["0px", "1px"]
