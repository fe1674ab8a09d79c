"""What stored outputs must be: made by the present code, described in words, the same in each run."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from notebooks import CLAIM, EXPLORABLE, PICTURES, WIDGET, is_current, tags

MIN_CLAIMS = 8
MIN_WORDS = 5

# What differs between two runs or two machines, and so says nothing about the subject.
FLEETING = {
    "an address in memory": re.compile(r"\b0x[0-9a-f]{5,}\b"),
    "a path of the machine": re.compile(r"(?<![\w.:/])/(?:home|Users|root|tmp|var|opt|usr|mnt|work|content)/\S+"),
    "a number that is not rounded": re.compile(r"(?<![\w.])\d+\.\d+"),
    "a wall time": re.compile(
        r"\bwall time\b|(?<![\w.])\d[\d.,]*\s?(?:ns|µs|us|ms|s|sec|secs|seconds|minutes|min)\b", re.I
    ),
}
MAX_DIGITS = 7


def _outputs(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode, NotebookNode]]:
    for number, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            yield number, cell, output


def _data(output: NotebookNode) -> dict[str, Any]:
    return output.get("data", {})


def outputs_are_current(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """The outputs come from the code as it stands."""
    if not is_current(notebook):
        yield "the stored outputs do not come from the present code: run `make refresh`"


def executed_in_order(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """The cells were run once, from the first to the last."""
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    if counts != list(range(1, len(counts) + 1)):
        wrong = next(place for place, count in enumerate(counts, 1) if place != count)
        yield f"the code cells were not run from first to last: number {wrong} has execution count {counts[wrong - 1]}"


def nothing_went_wrong(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """No error is stored but where it is the point, and nothing was written to stderr, where warnings go."""
    for number, cell, output in _outputs(notebook):
        if output.output_type == "error" and "raises-exception" not in tags(cell):
            yield f"cell {number}: stored error {output.ename}: {output.evalue}"
        if output.output_type == "stream" and output.name == "stderr":
            yield f"cell {number}: stderr: {output.text.strip()[:80]!r}"


def no_live_widgets(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """No view of a widget is stored: without its kernel it shows an error message."""
    if "widgets" in notebook.metadata or any(WIDGET in _data(output) for _, _, output in _outputs(notebook)):
        yield "the state or the view of a widget is stored: run `make refresh`"


def _too_few_words(text: str) -> bool:
    return len(text.split()) < MIN_WORDS


def pictures_are_described(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """Each picture has a caption, an alternative text in words, and a name of its own; one picture a cell."""
    names: Counter[str] = Counter()
    for number, cell in enumerate(notebook.cells, 1):
        pictures = [output for output in cell.get("outputs", []) if any(kind in _data(output) for kind in PICTURES)]
        plain = [output for output in pictures if EXPLORABLE not in _data(output)]
        if len(pictures) > 1:
            yield f"cell {number}: {len(pictures)} pictures share one caption; give each a cell"
        if plain:
            mystnb = cell.metadata.get("mystnb", {})
            figure, alt = mystnb.get("figure", {}), mystnb.get("image", {}).get("alt", "")
            names[figure.get("name", "")] += 1
            yield from (f"cell {number}: {problem}" for problem in _description(figure, alt))
            if not {"hide-input", "hide-cell", "remove-input"} & set(tags(cell)):
                yield f"cell {number}: plotting code is folded away: tag it hide-input"
    yield from (f"figure name {name!r} is used {count} times" for name, count in names.items() if count > 1)


def _description(figure: dict[str, str], alt: str) -> Iterator[str]:
    if _too_few_words(figure.get("caption", "")):
        yield "the picture needs a caption that says how to read it (metadata mystnb.figure.caption)"
    if _too_few_words(alt) or alt == figure.get("caption"):
        yield "the picture needs an alternative text of its own, in words (metadata mystnb.image.alt)"
    if not re.fullmatch(r"fig-[a-z0-9-]+", figure.get("name", "")):
        yield "the picture needs a name like fig-loss-curve (metadata mystnb.figure.name)"


def has_an_explorable(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """There is an explorable, and where no script runs a picture with a description stands in for it."""
    found = [(number, _data(output)) for number, _, output in _outputs(notebook) if EXPLORABLE in _data(output)]
    if not found:
        yield "there is no explorable"
    for number, data in found:
        if _too_few_words(data[EXPLORABLE].get("alt", "")):
            yield f"cell {number}: the explorable needs an alternative text in words"
        if not any(kind in data for kind in PICTURES):
            yield f"cell {number}: the explorable needs a picture for where no script runs"


def has_claims(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """What the text says is checked, at least eight times, each time in words of its own."""
    ids = Counter(_data(output)[CLAIM]["id"] for *_, output in _outputs(notebook) if CLAIM in _data(output))
    if ids.total() < MIN_CLAIMS:
        yield f"{ids.total()} claims; a chapter has at least {MIN_CLAIMS}"
    yield from (f"claim {name!r} is made {count} times" for name, count in ids.items() if count > 1)


def _is_unrounded(number: str) -> bool:
    return len(number.replace(".", "").lstrip("0")) > MAX_DIGITS


def nothing_fleeting(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """No output shows a time, an address, a path or the tail of a float; cells about time are tagged about-time."""
    for number, cell, output in _outputs(notebook):
        text = output.get("text", "") or _data(output).get("text/plain", "")
        for what, pattern in FLEETING.items():
            if what == "a wall time" and "about-time" in tags(cell):
                continue
            for match in pattern.finditer(text):
                if what != "a number that is not rounded" or _is_unrounded(match.group()):
                    yield f"cell {number}: the output shows {what}: {match.group()!r}"
                    break


RULES = (
    outputs_are_current,
    executed_in_order,
    nothing_went_wrong,
    no_live_widgets,
    pictures_are_described,
    has_an_explorable,
    has_claims,
    nothing_fleeting,
)
