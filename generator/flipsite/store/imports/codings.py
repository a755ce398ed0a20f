"""Outcome columns in another coding than 0 and 1: refused, with the option that reads them.

A column of 1 and 2, of +1 and −1, or half words and half digits would otherwise be read by half, and what is
left would look like a coin.
"""

import csv
import io
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from flipsite.domain.distribution import MOST_OUTCOMES
from flipsite.errors import UsageError
from flipsite.store.imports.cells import MISSING, number_of
from flipsite.store.imports.outcomes import code_of

Value = float | str
"""A cell's value: a number however it is written, a text whatever its case."""

_NO_CODES = MISSING | {
    *("empty", "error", "failed", "failure", "filtered", "invalid", "refusal", "refused", "timeout"),
    *("timed out", "truncated", "unparsed", "unparseable", "unparsable"),
}
_LOWER = ("no", "n", "false", "f", "off", "tails", "tail", "never", "down", "fail", "loss", "minus")

_SMALLEST_SHARE = 0.05
_MOST_VALUES = 12
_MOST_COUNTED = 10_000


class Codings:
    """The values of an outcome column that is read as 0 and 1, and how many cells hold each."""

    def __init__(self) -> None:
        self._shown: dict[Value, str] = {}
        self._read, self._unread = Counter[Value](), Counter[Value]()
        self._n_others = 0

    def add(self, cells: Sequence[str | None], n_rows: Sequence[int]) -> None:
        """Count some cells.

        Args:
            cells: Distinct ones, without those whose row has a status of its own.
            n_rows: How many rows hold each.
        """
        for cell, n in zip(cells, n_rows, strict=True):
            value = _value(cell)
            if value is None or not n:
                continue
            if value not in self._shown and len(self._shown) >= _MOST_COUNTED:
                self._n_others += n
                continue
            self._shown.setdefault(value, _text(cell))
            (self._read if code_of(cell) >= 0 else self._unread)[value] += n

    def check(self, path: Path) -> None:
        """Refuse a column in which most cells that were not read hold a few further values, or numbers.

        Raises:
            UsageError: Naming the values, and the option that reads them.
        """
        read, unread = self._read, self._unread
        numbers: list[Value] = [value for value, _ in unread.most_common() if isinstance(value, float)]
        n_unread = unread.total() + self._n_others
        repeated = [value for value, n in unread.most_common(_MOST_VALUES) if n > 1]
        few = list(unread) if not read and len(unread) == 2 else repeated[:2]
        n_cells = read.total() + n_unread
        for further in (few, numbers, repeated if n_unread > read.total() else []):
            n_further = sum(unread[value] for value in further)
            if 2 * n_further > n_unread and n_further >= _SMALLEST_SHARE * n_cells:
                break
        else:
            return
        shown = [repr(self._shown[value]) for value in further]
        names = " or ".join(shown) if len(shown) < 3 else f"{shown[0]}, {shown[1]} or another value"
        raise UsageError(
            f"{path}: in {n_further:,} of {n_cells:,} rows the outcome is {names}, neither 0 nor 1; "
            f"{_remedy(self._shown, read, unread)}"
        )


def in_label_order(labels: Sequence[str]) -> tuple[str, ...]:
    """Labels as outcomes 0, 1 and so on: numbers ascending, words for no, then other words as they are."""

    def rank(label: str) -> tuple[int, float]:
        value = _value(label)
        return _rank(label if value is None else value)

    return tuple(sorted(labels, key=rank))


def _remedy(shown: dict[Value, str], read: Counter[Value], unread: Counter[Value]) -> str:
    words = [value for value in unread if isinstance(value, str)]
    values = list(shown)
    if all(number_of(shown[value], decimal=",") in {0.0, 1.0} for value in unread):
        return "--decimal , reads decimal commas"
    if len(values) == 1:
        return "name both labels, as in --labels tails,heads"
    if len(values) == 2 or (len(words) == 2 == len(unread)):
        pair = sorted(values if len(values) == 2 else words, key=_rank)
        text = _option([shown[value] for value in pair])
        how = ", and 0 and 1 as they are" if len(values) > 2 else ""
        zero, one = (repr(shown[value]) for value in pair)
        return f"--labels {text} reads {zero} as outcome 0 and {one} as outcome 1{how}"
    numbers = [value for value in values if isinstance(value, float) and value.is_integer()]
    if len(values) > 3 and len(numbers) > len(values) // 2 and max(numbers) - min(numbers) < MOST_OUTCOMES:
        return f"--outcomes {min(numbers):.0f}..{max(numbers):.0f} reads all whole numbers from the least on"
    if len(values) > _MOST_VALUES:
        return "name the column of the outcome with --column outcome=…"
    every = ", ".join(repr(shown[value]) for value in sorted(values, key=_rank))
    pair = sorted((value for value, _ in (read + unread).most_common(2)), key=_rank)
    return (
        f"the column holds {every}; "
        f"--outcomes {_option([shown[value] for value in sorted(values, key=_rank)])} reads them all, "
        f"--labels {_option([shown[value] for value in pair])} two of them alone"
    )


def _option(labels: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(labels)
    return shlex.quote(line.getvalue())


def _rank(value: Value) -> tuple[int, float]:
    """The place of a value in a list of labels: numbers ascending, then words for no, then other words."""
    if isinstance(value, float):
        return 0, value
    return (1, 0) if value in _LOWER else (2, 0)


def _value(cell: str | None) -> Value | None:
    number = number_of(cell)
    if number is not None:
        return number
    text = _text(cell).casefold()
    return None if text in _NO_CODES or len(text) > 40 else text


def _text(cell: str | None) -> str:
    return (cell or "").strip()
