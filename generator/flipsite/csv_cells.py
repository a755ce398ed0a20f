"""A cell of CSV that a spreadsheet neither runs nor tears apart, whatever its text is.

Spreadsheets run a cell that begins with `=`, `+`, `-`, `@` or a control as a formula, and end a row at a bare
CR. Such text gets an apostrophe before its beginning, one more where it begins with apostrophes already, and
quotes around it; `without_guard` takes the apostrophe off, so that the way there and back is exact.
A negative number in digits stays as it is.

Source:
    OWASP, "CSV Injection".
"""

import re

_NEGATIVE = re.compile(r"-\d{1,18}(?:\.\d{1,18})?", re.ASCII)
_FORMULA = re.compile("'*[-=+@＝＋－＠\t\r\n]")
_GUARDED = re.compile("'+[-=+@＝＋－＠\t\r\n]")
_QUOTED = re.compile(r'[,"\r\n]|^\s|\s$')


def csv_cell(value: object) -> str:
    """A value as a cell: missing is empty, a number is what it is, a text is guarded and quoted."""
    if not isinstance(value, str):
        return "" if value is None else str(value)
    text = str(value)
    guarded = f"'{text}" if _FORMULA.match(text) and not _NEGATIVE.fullmatch(text) else text
    return '"' + guarded.replace('"', '""') + '"' if _QUOTED.search(guarded) else guarded


def without_guard(cell: str) -> str:
    """A cell as it was before its apostrophe."""
    return cell[1:] if _GUARDED.match(cell) else cell
