"""The meaning of one cell of a file; None where it has none that we know."""

import json
import re
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any

Labels = tuple[str, ...]

MISSING = frozenset(
    ["", "-", "–", "—", ".", "?", "#n/a", "n/a", "na", "nan", "nil", "none", "null", "undefined", "unknown"]
)
"""Texts that mean a cell without a value, in lower case."""

_MOMENT = re.compile(
    r"(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z",
    re.ASCII,
)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T,]+(\d{1,2}:\d\d(?::\d\d)?))?", re.ASCII)
_SECONDS, _MILLISECONDS = range(10**9, 10**10), range(10**12, 10**13)
_MOST = 2**53


def is_missing(cell: Any) -> bool:
    """Whether a cell has no value, or says so in words."""
    return cell is None or str(cell).strip().casefold() in MISSING


def number_of(cell: Any, *, decimal: str = ".") -> float | None:
    """Read the finite number that a cell holds; None where it holds none.

    With a decimal comma, points are between thousands; a number in which they are not is none.
    """
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, str):
        if "_" in cell:
            return None  # Python reads 1_000 as a number; no other program does
        if decimal == ",":
            if _THOUSANDS.fullmatch(cell.strip()):
                cell = cell.replace(".", "")
            if "," in cell:
                cell = "" if "." in cell else cell.replace(",", ".")
    try:
        number = float(cell)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def rounded(cell: str | None, *, decimal: str = ".") -> str | None:
    """The whole number nearest to the real one that a cell holds, of two the even one; else the cell."""
    number = number_of(cell, decimal=decimal)
    return cell if number is None else str(round(number))


def name_of(cell: Any, *, exact: bool) -> str:
    """A model's name, trimmed unless it is known to be exact; empty where there is none."""
    text = "" if cell is None else str(cell)
    return text if exact and text.strip() else text.strip()


def labels_of_two(first: str | None, second: str | None) -> Labels | None:
    """The labels in two cells, or None where they are not two different ones."""
    pair = ((first or "").strip(), (second or "").strip())
    return pair if all(pair) and pair[0] != pair[1] else None


def labels_of(cell: str | None) -> Labels | None:
    """The labels in one cell: a JSON list of two texts or more, or None."""
    try:
        labels = json.loads(cell) if cell else None
    except (ValueError, RecursionError):
        return None
    if isinstance(labels, list) and len(labels) >= 2 and all(isinstance(label, str) for label in labels):
        return tuple(labels)
    return None


def whole_of(cell: Any, *, most: int = _MOST) -> int | None:
    """A whole number from 0 to `most`."""
    try:
        number = int(cell) if isinstance(cell, int) or str(cell).strip().isdecimal() else number_of(cell)
    except ValueError:
        return None  # more digits than Python reads
    if number is None or number != int(number) or not 0 <= number <= most:
        return None
    return int(number)


def moment_of(cell: Any) -> str | None:
    """Read a time as ISO 8601 in UTC; None where it is none. One without a zone is taken to be in UTC.

    Besides ISO 8601: `31.10.2026 14:15`, day first, and Unix time in seconds or milliseconds.
    """
    try:
        if isinstance(cell, str) and (found := _MOMENT.fullmatch(cell)):
            date.fromisoformat(found[1])  # 30 February is none
            return cell
        moment = cell if isinstance(cell, datetime) else _moment(str(cell).strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.isoformat().replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    number = number_of(text)
    if number is not None and int(number) in _SECONDS:
        return datetime.fromtimestamp(number, UTC)
    if number is not None and int(number) in _MILLISECONDS:
        return datetime.fromtimestamp(number / 1000, UTC)
    if dotted := _DAY_FIRST.fullmatch(text):
        day, month, year, clock = dotted.groups(default="0:00")
        text = f"{year}-{month:0>2}-{day:0>2}T{clock:0>{8 if clock.count(':') == 2 else 5}}"
    return datetime.fromisoformat(text)
