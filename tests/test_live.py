"""What a cell shows with a widget behind it, in front ends that can show widgets and in those that cannot."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import IPython
import notebooks
import pytest
from IPython.utils.capture import capture_output
from nbformat import from_dict

from labs import explore
from labs.exercises import predict

ERROR = "Error displaying widget"
MOUNT = """async ([number, module, style, values]) => {
  const el = document.querySelectorAll(".jp-OutputArea-output")[number];
  document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
  const model = { get: (name) => values[name], set() {}, on() {}, off() {}, save_changes() {} };
  const { default: widget } = await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })));
  el.replaceChildren();
  widget.render({ model, el });
}"""
ROOM = "[...document.querySelectorAll('.jp-OutputArea-child')].map((output) => output.getClientRects().length)"


@pytest.fixture
def shell() -> Iterator[Any]:
    """An IPython shell; what is displayed in it can be captured."""
    yield IPython.InteractiveShell.instance()
    IPython.InteractiveShell.clear_instance()


def _question() -> None:
    predict("Which way is down?", ["left", "right"], "left", "Because it is.")


def _explorable() -> None:
    IPython.display.display(explore.descent("quadratic", ["gradient_descent"], kappa=4.0))


def _shown(show: Callable[[], None]) -> list[dict[str, Any]]:
    with capture_output() as captured:
        show()
    return [output.data for output in captured.outputs]


def _drawn(data: dict[str, Any]) -> str:
    """An output as JupyterLab, VS Code and Colab draw it: in the first of its forms that they prefer, and no other."""
    if notebooks.WIDGET in data:
        return ERROR
    if "text/html" in data:
        return data["text/html"]
    if "image/png" in data:
        return f'<img src="data:image/png;base64,{data["image/png"]}">'
    return f"<pre>{html.escape(data.get('text/plain', ''))}</pre>"


@pytest.fixture
def front_end(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """``front_end(outputs, widgets=)``: a page with these outputs; no error may be reported in it."""
    context, errors = chromium.new_context(), []

    def open_page(outputs: list[dict[str, Any]], *, widgets: bool) -> Any:
        areas = "".join(
            f'<div class="jp-OutputArea-child"><div class="jp-OutputArea-output">{_drawn(data)}</div></div>'
            for data in outputs
        )
        (tmp_path / "notebook.html").write_text(f'<!doctype html><meta charset="utf-8">{areas}', encoding="utf-8")
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((tmp_path / "notebook.html").as_uri())
        for number, data in enumerate(outputs if widgets else []):
            if notebooks.WIDGET in data:
                state = _model(data[notebooks.WIDGET]["model_id"]).get_state()
                page.evaluate(MOUNT, [number, state.pop("_esm"), state.pop("_css"), _plain(state)])
        return page

    yield open_page
    context.close()
    assert errors == []


def _model(number: str) -> Any:
    from ipywidgets import widget_serialization

    return widget_serialization["from_json"](f"IPY_MODEL_{number}", None)


def _plain(state: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if not name.startswith("_") and name != "layout"}


@pytest.mark.parametrize("show", [_question, _explorable])
def test_without_the_widgets_scripts_everything_can_be_read(
    show: Callable[[], None], shell: Any, front_end: Callable[..., Any]
) -> None:
    page = front_end(_shown(show), widgets=False)
    assert page.get_by_text(ERROR).is_visible()
    if show is _question:
        page.locator("summary", has_text="right").click()
        assert page.get_by_text("Think again").is_visible()
    else:
        picture = page.get_by_alt_text("Explorable: contour map of the surface quadratic")
        assert picture.is_visible()
        assert picture.bounding_box()["width"] > 100


@pytest.mark.parametrize("show", [_question, _explorable])
def test_where_the_widget_lives_nothing_is_seen_twice(
    show: Callable[[], None], shell: Any, front_end: Callable[..., Any]
) -> None:
    page = front_end(_shown(show), widgets=True)
    assert page.locator(".predict:visible, .labs-ex:visible, img:visible").count() == 1
    assert page.evaluate(ROOM) == [0, 1]  # that of the output without the widget, which leaves no gap
    names = page.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(names) == len(set(names))
    page.evaluate("document.querySelectorAll('.jp-OutputArea-output')[1].replaceChildren()")
    assert page.evaluate(ROOM) == [1, 1]  # the widget has gone: what stands for it is back


@pytest.mark.parametrize("show", [_question, _explorable])
def test_what_is_stored_is_one_output_that_needs_no_widget(show: Callable[[], None], shell: Any) -> None:
    outputs = [{"output_type": "display_data", "data": data, "metadata": {}} for data in _shown(show)]
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": "", "execution_count": 1, "outputs": outputs}
    notebook = from_dict({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    notebooks.seal(notebook)
    (output,) = notebook.cells[0].outputs
    others = {"text/html"} if show is _question else {"image/png", notebooks.EXPLORABLE}
    assert set(output.data) == {"text/plain"} | others


def test_every_kind_takes_the_place_of_its_picture() -> None:
    for kind in explore.KINDS:
        assert 'takeThePlace(el, model.get("picture_id"))' in explore.sources.assemble(kind, "module")
        assert "takeThePlace" not in explore.sources.assemble(kind, "script")
