"""Claims: what holds passes, what does not fails with its figures, and misuse is refused with a remedy."""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from labs import cards
from labs.claims import MIME, ClaimFailed, Interval, claim
from labs.intervals import mean_interval


@pytest.mark.parametrize(
    ("measured", "bound"),
    [
        (1.009, {"expected": 1, "tolerance": 0.01}),
        (3, {"expected": 3, "tolerance": 0}),
        (101.0, {"expected": 100, "tolerance": 0.011, "relative": True}),
        (-101.0, {"expected": -100, "tolerance": 0.011, "relative": True}),
        (2.0, {"at_least": 2}),
        (math.inf, {"at_least": 1e9}),
        (math.inf, {"at_least": math.inf}),
        (2.0, {"at_most": 2}),
        (2.0, {"between": (2, 3)}),
        (np.float32(0.5), {"at_most": 1}),
        (np.array([1.0, 2.0]), {"expected": np.array([1.001, 2.001]), "tolerance": 0.002}),
        (torch.tensor([[1.0], [2.0]]), {"at_least": 1}),
        (torch.tensor([1.0, 2.0], requires_grad=True), {"at_most": torch.tensor([1.0, 2.0])}),
        (torch.tensor(1.5, dtype=torch.bfloat16), {"expected": 1.5, "tolerance": 0}),
        ([1, 2, 3], {"between": ([0, 2, 3], [1, 2, 4])}),
        (Interval(0.3, 0.2, 0.4), {"at_least": 0.2}),
        (Interval(0.3, 0.2, 0.4), {"at_most": 0.4}),
        (Interval(0.3, 0.2, 0.4), {"between": (0.2, 0.4)}),
        (Interval(0.3, 0.2, 0.4), {"expected": 0.39}),
        (Interval(0.3, 0.2, 0.4), {"expected": 0.45, "tolerance": 0.05}),
    ],
)
def test_what_holds_is_shown(measured, bound, capsys):
    claim("It holds", measured, **bound)
    assert capsys.readouterr().out.startswith("✓ It holds: measured ")


@pytest.mark.parametrize(
    ("measured", "bound", "figures"),
    [
        (1.011, {"expected": 1, "tolerance": 0.01}, ["1.011", "1 within 0.01"]),
        (2.5, {"expected": 3, "tolerance": 0}, ["2.5", "exactly 3"]),
        (102.0, {"expected": 100, "tolerance": 0.011, "relative": True}, ["102", "100 within 1.1 %"]),
        (1.9, {"at_least": 2}, ["1.9", "at least 2"]),
        (2.1, {"at_most": 2}, ["2.1", "at most 2", "0.1"]),
        (3.5, {"between": (2, 3)}, ["3.5", "between 2 and 3"]),
        (math.nan, {"at_most": 2}, ["NaN", "first step"]),
        (5.0, {"at_least": math.inf}, ["at least ∞"]),
        (math.nan, {"expected": 2, "tolerance": 1}, ["NaN"]),
        (-math.inf, {"at_least": 2}, ["−∞"]),
        (np.array([1.0, math.nan, 9.0]), {"at_most": 2}, ["1 of 3 values are NaN"]),
        (np.array([[1.0, 5.0], [3.0, 1.0]]), {"at_most": 2}, ["5 as the worst of 4", "(0, 1)"]),
        ([1.0, 2.0], {"expected": [1.0, 2.5], "tolerance": 0.1}, ["measured 2 ", "2.5 within 0.1", "entry 1"]),
        ([1.0, 5.0], {"at_least": [2.0, 1.0]}, ["measured 1 ", "at least 2", "entry 0"]),
        (Interval(0.3, -0.1, 0.7), {"at_least": 0}, ["0.3 (−0.1 to 0.7)", "at least 0", "spread"]),
        (Interval(0.3, 0.2, 0.4), {"at_most": 0.39}, ["at most 0.39"]),
        (Interval(0.3, 0.2, 0.4), {"expected": 0.41}, ["0.3 (0.2 to 0.4)", "0.41"]),
        (Interval(math.nan, math.nan, math.nan), {"expected": 0.41}, ["NaN"]),
        (Interval(0.3, 0.2, 0.4), {"expected": 0.46, "tolerance": 0.05}, ["0.46 within 0.05"]),
    ],
)
def test_what_does_not_hold_fails_with_all_figures(measured, bound, figures, capsys):
    with pytest.raises(ClaimFailed) as failure:
        claim("It holds", measured, source="Nobody 1900", **bound)
    message = str(failure.value)
    assert all(figure in message for figure in [*figures, "It holds", "Nobody 1900"]), message
    assert capsys.readouterr().out == ""
    assert failure.value._render_traceback_() == [f"ClaimFailed: {message}"]


@pytest.mark.parametrize(
    ("arguments", "bound", "remedy"),
    [
        (("S", 1.0), {}, "exactly one of"),
        (("S", 1.0, 1.0), {"tolerance": 1, "at_most": 2}, "got expected and at_most"),
        (("S", 1.0), {"at_least": 0, "at_most": 2}, "got at_least and at_most"),
        (("S", 1.0, 1.0), {}, "tolerance=0"),
        (("S", 1.0, 1.0), {"tolerance": -0.1}, "≥ 0, got -0.1"),
        (("S", 1.0, 1.0), {"tolerance": math.nan}, "≥ 0, got nan"),
        (("S", 1.0, 1.0), {"tolerance": math.inf}, "≥ 0, got inf"),
        (("S", 1.0, 0.0), {"tolerance": 0.1, "relative": True}, "absolute"),
        (("S", 1.0, math.inf), {"tolerance": 0.1}, "at_least"),
        (("S", 1.0, math.nan), {"tolerance": 0.1}, "NaN"),
        (("S", 1.0), {"at_most": 2, "tolerance": 0.1}, "into at_most itself"),
        (("S", 1.0), {"at_most": 2, "relative": True}, "into at_most itself"),
        (("S", 1.0), {"between": 2}, "pair"),
        (("S", 1.0), {"between": (3, 2)}, "lower end first"),
        (("S", True), {"at_least": 1}, "truth value"),
        (("S", np.bool_(True)), {"at_least": 1}, "truth value"),
        (("S", torch.tensor([True, False])), {"at_least": 1}, "truth value"),
        (("S", "1.0"), {"at_least": 1}, "real number"),
        (("S", 1 + 2j), {"at_least": 1}, "real number"),
        (("S", None), {"at_least": 1}, "real number"),
        (("S", []), {"at_least": 1}, "empty"),
        (("S", np.zeros((3, 1)), np.zeros(3)), {"tolerance": 1}, "shape"),
        (("S", 1.0), {"at_most": np.array([1.0, 2.0])}, "shape"),
        (("S", 1.0), {"at_most": Interval(1, 0, 2)}, "one of its ends"),
        (("", 1.0), {"at_most": 2}, "sentence must be words"),
        (("  ", 1.0), {"at_most": 2}, "sentence must be words"),
        ((7, 1.0), {"at_most": 2}, "sentence must be words"),
        (("S", 1.0), {"at_most": 2, "source": " "}, "source must be words"),
        (("S", 1.0), {"at_most": 2, "source": None}, "source must be words"),
    ],
)
def test_misuse_is_refused_with_a_remedy(arguments, bound, remedy):
    with pytest.raises(ValueError, match="(?s)" + remedy.replace("(", r"\(")) as refusal:
        claim(*arguments, **bound)
    assert not isinstance(refusal.value, AssertionError)


@pytest.fixture
def notebook(monkeypatch):
    """Runs cells as a notebook does and returns what they display."""
    shell = InteractiveShell.instance()
    outputs = []
    monkeypatch.setattr(cards, "_given", {})
    monkeypatch.setattr(shell.display_pub, "publish", lambda data, metadata=None, **_: outputs.append(data))
    shell.user_ns["claim"] = claim

    def run(cell):
        outputs.clear()
        shell.run_cell(cell, store_history=True).raise_error()
        return list(outputs)

    yield run
    InteractiveShell.clear_instance()


def test_a_notebook_gets_line_card_and_evidence(notebook):
    (output,) = notebook('claim("λ & κ < 2", 1.23456789, 1, tolerance=0.5, source="A & B 1999")')
    assert output["text/plain"] == "✓ λ & κ < 2: measured 1.235, expected 1 within 0.5 (A & B 1999)"
    assert json.loads(json.dumps(output[MIME], allow_nan=False)) == {
        "id": "claim-2",
        "sentence": "λ & κ < 2",
        "figures": "measured 1.235, expected 1 within 0.5",
        "source": "A & B 1999",
        "measured": 1.235,
        "count": 1,
        "relation": "within",
        "expected": 1.0,
        "tolerance": 0.5,
        "relative": False,
        "margin": 0.5309,
        "margin_unit": "share",
    }
    card = output["text/html"]
    assert 'class="claim" id="claim-2"' in card
    assert "λ &amp; κ &lt; 2" in card
    assert "<script" not in card


def test_evidence_of_intervals_and_of_infinities_is_json(notebook):
    cell = """
from labs.claims import Interval
claim("I", Interval(1.00001, 0.9, 1.1), 1)
claim("J", float("inf"), at_least=2)"""
    interval, infinite = (output[MIME] for output in notebook(cell))
    assert interval["measured"] == 1.0
    assert interval["interval"] == [0.9, 1.1]
    assert interval["relation"] == "contains"
    assert json.loads(json.dumps(infinite, allow_nan=False))["measured"] == "∞"


def test_identifiers_are_unique_and_survive_running_again(notebook):
    def ids(cell):
        return [output[MIME]["id"] for output in notebook(cell)]

    twice = 'claim("Same words", 1, at_least=0)\nclaim("Same words", 2, at_least=0)'
    assert ids(twice) == ["claim-same-words", "claim-same-words-2"]
    assert ids('claim("Same words!", 3, at_least=0)') == ["claim-same-words-3"]
    assert ids('claim("Same words 2", 3, at_least=0)') == ["claim-same-words-2-2"]
    assert ids(twice) == ["claim-same-words", "claim-same-words-2"]


def test_a_failed_claim_in_ipython_shows_no_stack(tmp_path):
    script = tmp_path / "failing.py"
    script.write_text("from labs.claims import claim\nclaim('It holds', 3.0, at_most=2)\n", encoding="utf-8")
    call = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", str(script)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    assert lines[-2:] == [
        "ClaimFailed: It holds: measured 3, expected at most 2.",
        "It is out by 1. Look at what was changed above: the sentence holds for the settings that the text states.",
    ]
    assert not any("claims.py" in line for line in lines)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1 / 3, "0.3333"),
        (0.00012345, "0.0001234"),
        (12345.678, "12350"),
        (99999.9, "100000"),
        (9999999, "9999999"),
        (123456789, "1.235·10⁸"),
        (-1e-300, "−1·10⁻³⁰⁰"),
        (math.nan, "NaN"),
        (-math.inf, "−∞"),
    ],
)
def test_numbers_are_short(value, text):
    assert cards.number(value) == text


def test_last_bits_do_not_reach_the_stored_output(capsys):
    for nudge in (0.0, 1e-12):
        claim("Stable", mean_interval([1.0 + nudge, 2.0, 4.0 - nudge]), at_least=-10)
    one, other = capsys.readouterr().out.splitlines()
    assert one == other


@pytest.mark.parametrize(
    ("measured", "bound", "margin", "unit"),
    [
        (Interval(0.3, 0.2, 0.4), {"at_least": 0.1}, 4.0, "standard errors"),  # 0.1 below the end, and 0.025 is one
        (Interval(0.3, 0.2, 0.4), {"at_most": 0.45}, 2.0, "standard errors"),
        (Interval(0.3, 0.2, 0.4), {"expected": 0.35}, 2.0, "standard errors"),
        (Interval(0.3, 0.2, 0.4), {"expected": 0.45, "tolerance": 0.1}, 2.0, "standard errors"),
        (1.25, {"expected": 1, "tolerance": 0.5}, 0.5, "share"),
        (125.0, {"expected": 100, "tolerance": 0.5, "relative": True}, 0.5, "share"),
        (3.0, {"at_least": 2}, 0.5, "share"),
        ([1.0, 0.5], {"at_most": 2}, 0.5, "share"),
        (-4.0, {"at_most": 0}, 1.0, "share"),
        (2.25, {"between": (2, 3)}, 0.5, "share"),
        (3, {"expected": 3, "tolerance": 0}, None, "share"),
        (math.inf, {"at_least": 2}, None, "share"),
    ],
)
def test_the_distance_to_the_bound_is_kept(measured, bound, margin, unit):
    evidence = _evidence_of(measured, **bound)
    assert (evidence["margin"], evidence["margin_unit"]) == (margin, unit)


def test_a_failed_claim_says_by_how_much():
    with pytest.raises(ClaimFailed) as failure:
        claim("It holds", Interval(0.3, 0.2, 0.4), at_least=0.25)
    assert failure.value.evidence["margin"] == pytest.approx(-2)
    assert failure.value.evidence["sentence"] == "It holds"


def _evidence_of(measured, **bound):
    """What a claim that holds leaves for machines."""
    kept = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cards, "show", lambda line, card, extra: kept.append(extra[MIME]))
        claim("It holds", measured, **bound)
    return kept[0]


@pytest.mark.parametrize("encoding", ["cp949", "euc-kr", "cp1252", "latin-1", "ascii"])
def test_a_claim_that_holds_does_not_fail_for_the_terminals_encoding(encoding):
    code = "from labs import claim, hint; claim('λ is 2', 2, 2, tolerance=0); hint('5.1')"
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "LABS_PROGRESS": ":memory:"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert b"is 2: measured 2, expected exactly 2" in done.stdout
