"""What every page of the shipped studies says: no number of a machine's, no value of a program's."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

_UNREAD = re.compile(r"<(script|style|svg|pre)\b.*?</\1>", re.DOTALL)
_LONG_NUMBER = re.compile(r"(?<![\w.])\d+\.\d{9,}(?!\w)")
_PROGRAMS_VALUE = re.compile(r">\s*(?:None|nan|NaN|inf|undefined|\[\]|\{\})\s*<")


def test_no_page_shows_a_number_or_a_value_as_a_program_writes_it(site: Path) -> None:
    """Sums such as 0.30000000000000004 are rounded, and what is unknown is a dash."""
    found = {}
    for path in site.rglob("*.html"):
        text = _UNREAD.sub(" ", path.read_text(encoding="utf-8"))
        wrong = [match[0] for pattern in (_LONG_NUMBER, _PROGRAMS_VALUE) for match in pattern.finditer(text)]
        if wrong:
            found[path.relative_to(site).as_posix()] = wrong[:3]
    assert found == {}
