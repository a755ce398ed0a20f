"""A CSV's rows, a piece of the file at a time: small files and large are read by the same reader."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TextIO

from flipsite.cells import without_guard
from flipsite.errors import UsageError
from flipsite.store.exports import COLUMNS

DELIMITERS = (",", ";", "\t")
CELL_CHARACTERS = 2**24
"""A cell longer than this is taken for a quote that was never closed."""

_BLOCK = 2**22


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some rows that follow each other.

    Attributes:
        lines: The line (from 1) that each begins on.
        cells: Those of each wanted column, in the columns' order; an empty one is None.
        faults: Rows with more cells than the header, by their index, and words for it.
    """

    lines: list[int]
    cells: list[list[str | None]]
    faults: dict[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvText:
    """A CSV of which the header was read.

    Attributes:
        names: All columns that have a name, trimmed, in the file's order; a name may stand twice.
        columns: The wanted ones that are there.
        pieces: The rows, to be read once; a UsageError tells where they are no CSV.
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]
    pieces: Iterator[Piece]


@contextmanager
def opened_csv(
    path: Path, text: TextIO, *, wanted: frozenset[str], needed: Sequence[str]
) -> Iterator[CsvText]:
    """Read a CSV's header, and its rows as they are asked for.

    The delimiter is the one that shows the most needed columns. A file with the header of `flipsite export`
    has guards before what a spreadsheet would run; they are taken off.

    Raises:
        UsageError: If the text is no CSV.
    """
    first = text.read(1 << 16)
    text.seek(0)
    limit = csv.field_size_limit(CELL_CHARACTERS)
    try:
        yield _csv_text(path, text, wanted, _delimiter(first, needed))
    finally:
        csv.field_size_limit(limit)


def _delimiter(first: str, needed: Sequence[str]) -> str:
    """The delimiter that shows the most of the needed columns, then the most columns."""

    def shown(delimiter: str) -> tuple[int, int]:
        header = next(csv.reader(io.StringIO(first, newline=""), delimiter=delimiter), [])
        names = {name.strip() for name in header}
        return sum(name in names for name in needed), len(header)

    return max(DELIMITERS, key=shown)


def _csv_text(path: Path, text: TextIO, wanted: frozenset[str], delimiter: str) -> CsvText:
    rows = _Rows(path, text, delimiter)
    header = next(([name.strip() for name in row] for _, row in rows.numbered() if any(row)), [])
    columns = tuple(name for name in dict.fromkeys(header) if name in wanted)
    places = [header.index(name) for name in columns]
    names = tuple(filter(None, header))
    pieces = _pieces(rows, len(header), places, guarded=names == COLUMNS)
    return CsvText(names=names, columns=columns, pieces=pieces)


class _Rows:
    """The rows of a text, each with the line it begins on, read a block of lines at a time."""

    def __init__(self, path: Path, text: TextIO, delimiter: str) -> None:
        self._path, self._text = path, text
        self._reader = csv.reader(chain.from_iterable(self._blocks()), delimiter=delimiter, strict=True)
        self.ended = False
        """Whether a block has ended since this was last set to false."""

    def numbered(self) -> Iterator[tuple[int, list[str]]]:
        """The rows that are left, blank ones included."""
        line = self._reader.line_num + 1
        try:
            for row in self._reader:
                yield line, row
                line = self._reader.line_num + 1
        except csv.Error as error:
            raise UsageError(
                f"{self._path}: line {line}: not CSV ({error}); is a quote not closed?"
            ) from error

    def _blocks(self) -> Iterator[list[str]]:
        while lines := self._text.readlines(_BLOCK):
            yield lines
            self.ended = True


def _pieces(rows: _Rows, n_columns: int, places: Sequence[int], *, guarded: bool) -> Iterator[Piece]:
    """All rows that are not blank; a short one is filled up."""
    kept, lines, faults = list[list[str]](), list[int](), dict[int, str]()
    filling = [""] * n_columns

    def piece() -> Piece:
        columns = list(zip(*kept, strict=True)) or [()] * n_columns
        cells = [_cells(columns[place], guarded=guarded) for place in places]
        return Piece(lines=lines, cells=cells, faults=faults)

    for line, row in rows.numbered():
        if any(row):
            if any(row[n_columns:]):
                faults[len(kept)] = f"has {len(row)} cells where the header has {n_columns}"
            kept.append(row if len(row) == n_columns else (row + filling)[:n_columns])
            lines.append(line)
        if rows.ended:
            yield piece()
            kept, lines, faults, rows.ended = [], [], {}, False
    yield piece()


def _cells(column: Sequence[str], *, guarded: bool) -> list[str | None]:
    if guarded and "'" in "".join(column):
        return [without_guard(cell) or None for cell in column]
    return [cell or None for cell in column]
