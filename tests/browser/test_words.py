"""Words of pages and data files of the shipped studies: no machine's number, no program's value."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

_UNREAD = re.compile(r"<(script|style|pre)\b.*?</\1>|<[^>]*>", re.DOTALL)
_LONG_NUMBER = re.compile(r"(?<![\w.])\d+\.\d{8,}(?!\w)")
_PROGRAMS_VALUE = re.compile(r">\s*(?:None|nan|NaN|inf|undefined|\[\]|\{\})\s*<")
_RESIDUE = re.compile(r"(?<![\d.])(?=[\d.]{17})\d+\.\d*(?:0{7}[1-9]\d?|9{7}\d\d?)(?![\de])")
"""A sum's last digits, as in 0.30000000000000004."""


def found_in(site: Path, ends: str, *patterns: re.Pattern[str], shown: bool) -> dict[str, list[str]]:
    """By file with such an end, what one of the patterns finds in its text, or in what is seen of it."""
    found = {}
    for path in site.rglob(f"*.{ends}"):
        text = path.read_text(encoding="utf-8")
        text = _UNREAD.sub(" ", text) if shown else text
        if wrong := [match[0] for pattern in patterns for match in pattern.finditer(text)]:
            found[path.relative_to(site).as_posix()] = wrong[:3]
    return found


def test_no_page_shows_a_number_as_a_program_writes_it(site: Path) -> None:
    """At most seven decimals, in words, tables and pictures: a valid draw can cost $0.0000087."""
    assert found_in(site, "html", _LONG_NUMBER, shown=True) == {}


def test_no_page_shows_a_value_as_a_program_writes_it(site: Path) -> None:
    """What is unknown is a dash."""
    assert found_in(site, "html", _PROGRAMS_VALUE, shown=False) == {}


@pytest.mark.parametrize("ends", ["json", "csv", "md"])
def test_no_file_has_the_residue_of_a_sum(site: Path, ends: str) -> None:
    """Data files have every digit that means something, and no more."""
    assert found_in(site, ends, _RESIDUE, shown=False) == {}
