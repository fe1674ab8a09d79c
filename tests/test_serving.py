"""What a server is told to send is what the pages are tested with."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site.offline import POLICY  # noqa: E402


def test_the_documented_header_is_the_one_that_the_browser_tests_serve() -> None:
    text = (ROOT / "book" / "how_to_use.md").read_text(encoding="utf-8")
    assert re.findall(r"^Content-Security-Policy: (.*)$", text, re.MULTILINE) == [POLICY]
    browser_tests = (ROOT / "tests" / "test_browser.py").read_text(encoding="utf-8")
    assert 'self.send_header("Content-Security-Policy", POLICY)' in browser_tests
    assert "from course_site.offline import POLICY" in browser_tests


def test_the_header_lets_no_foreign_and_no_inline_script_run() -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in POLICY.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert "http" not in POLICY
    assert "unsafe-eval" not in POLICY
