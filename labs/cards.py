"""What a cell shows besides figures: a line of text for a terminal, a card for the notebook and the book."""

from __future__ import annotations

import math
import numbers
import re
import sys
import unicodedata
from itertools import count
from typing import Any

__all__ = ["as_json", "identifier", "notebook", "number", "rounded", "show", "take_the_place"]

_given: dict[tuple, str] = {}
_running: dict[str, Any] = {"cell": None, "counts": {}}


def notebook() -> Any:
    """The IPython shell that runs this code, or None in plain Python."""
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


def show(line: str, card: str, extra: dict[str, Any] | None = None) -> None:
    """Displays ``card``, as HTML, where there is a notebook, and prints ``line`` in plain Python.

    Args:
        line: Plain text, complete in itself.
        card: The same in HTML without scripts, readable without a style sheet.
        extra: Further MIME types of the same output, such as evidence for machines.
    """
    if notebook() is None:
        _print(line)
        return
    from IPython.display import display

    display({"text/plain": line, "text/html": card} | (extra or {}), raw=True)


def take_the_place() -> str:
    """JavaScript for a widget: ``takeThePlace(el, id)`` hides the element that shows the same without it.

    The two are outputs of their own, the element first: where the widget cannot be shown, the element stays. It is
    hidden by a style sheet inside the widget, which needs no order and goes with it; so does the room that JupyterLab
    and the classic notebook give to an output that is empty.
    """
    return """\
function takeThePlace(el, id) {
  const lab = `.jp-OutputArea-child:has(> .jp-OutputArea-output > #${id})`;
  const classic = `.output_area:has(> .output_subarea > #${id})`;
  const hidden = [`#${id}`, lab, classic].map((place) => `${place} { display: none !important; }`);
  el.append(Object.assign(document.createElement("style"), { textContent: hidden.join("\\n") }));
}
"""


def _print(line: str) -> None:
    """Prints what the terminal's encoding has, and a question mark for what it lacks: a ✓ must not end a script."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(line.encode(encoding, "replace").decode(encoding))


def identifier(kind: str, sentence: str) -> str:
    """An anchor that nothing else in the notebook has, and that running the same cell again keeps."""
    plain = unicodedata.normalize("NFKD", sentence).encode("ascii", "ignore").decode().lower()
    slug = f"{kind}-" + (re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "untitled")
    shell = notebook()
    run, cell = (None, "") if shell is None else (shell.execution_count, shell.user_ns.get("In", [""])[-1])
    if _running["cell"] != (run, cell):
        _running.update(cell=(run, cell), counts={})
    occurrence = _running["counts"][sentence] = _running["counts"].get(sentence, 0) + 1
    owner = (sentence, cell, occurrence)
    if owner not in _given:
        names = (slug if n == 1 else f"{slug}-{n}" for n in count(1))
        _given[owner] = next(name for name in names if name not in _given.values())
    return _given[owner]


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float) -> str:
    """``value`` with four significant digits, as text; whole numbers in full.

    Example:
        >>> number(0.123456), number(10000), number(-2.5e-7), number(float("inf"))
        ('0.1235', '10000', '−2.5·10⁻⁷', '∞')
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    kept = rounded(value) + 0.0  # not −0
    if kept == 0 or 1e-4 <= abs(kept) < 1e7:
        text = f"{kept:.10f}".rstrip("0").rstrip(".")
    else:
        mantissa, exponent = f"{kept:.3e}".split("e")
        text = f"{mantissa.rstrip('0').rstrip('.')}·10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    return text.replace("-", "−")


def rounded(value: float) -> float:
    """``value`` to four significant digits, and whole numbers below ten million as they are: counts stay exact."""
    whole = float(value).is_integer() and abs(value) < 1e7
    return float(value) if whole or not math.isfinite(value) else float(f"{value:.3e}")


def as_json(value: Any) -> Any:
    """``value`` with rounded numbers and without the infinities that JSON does not know."""
    if isinstance(value, list):
        return [as_json(v) for v in value]
    if isinstance(value, numbers.Real) and not isinstance(value, (bool, int)):
        return rounded(float(value)) if math.isfinite(value) else number(float(value))
    return value
