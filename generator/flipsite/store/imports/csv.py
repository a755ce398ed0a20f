"""A CSV's rows, a piece of the file at a time: small files and large are read by the same reader.

Python's reader says what is a row, on which line it begins, and what is no CSV. Cells are then cut by
Arrow's, which takes a fifth of the time; where rows are uneven, by Python's.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

import pyarrow as pa
from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, read_csv

from flipsite.csv_cells import without_guard
from flipsite.errors import UsageError
from flipsite.store.draws_columns import HEADERS

DELIMITERS = (",", ";", "\t", "|")
CELL_CHARACTERS = 2**24
"""A cell longer than this is taken for a quote that was never closed."""

_BLOCK = 2**22
_MOST_BEFORE = 20
_RULE = re.compile("[-—–=:_+ ]{3,}")
_ODD = frozenset(("", "#", "\ufeff", *"-—–=:_+ "))
_SEPARATOR_LINE = re.compile('\ufeff?"?sep=(.)"?(?:\r\n?|\n)', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some rows that follow each other.

    Attributes:
        lines: The line (from 1) that each begins on.
        cells: Those of each wanted column, as text, in the columns' order; an empty one is null.
        faults: Rows with more cells than the header, by their index, and words for it.
        passed: The lines of rows that hold no data, and words for each: comments, rules, a second header.
    """

    lines: list[int]
    cells: list[pa.Array]
    faults: dict[int, str]
    passed: list[tuple[int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvText:
    """A CSV of which the header was read.

    Attributes:
        names: All columns that have a name, trimmed, in the file's order; a name may occur twice.
        columns: The wanted ones that are there.
        pieces: The rows, to be read once; a UsageError tells where they are no CSV.
        header_line: The line of the header.
        n_before: Rows with text before it, such as a title.
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]
    pieces: Iterator[Piece]
    header_line: int
    n_before: int


@contextmanager
def opened_csv(
    path: Path, text: TextIO, *, wanted: frozenset[str] | None, needed: Sequence[str]
) -> Iterator[CsvText]:
    """Read a CSV's header, and its rows as they are asked for.

    The delimiter is the one that a first line `sep=;` names, or that shows the most needed columns. The
    header is the first row, or, where that shows none of these, one close below it that shows all but one. A
    file with the header of `flipsite export` has guards before what a spreadsheet would run; they are taken
    off.

    Args:
        path: The file, for errors.
        text: Its text, at the beginning.
        wanted: The columns to keep; None for all.
        needed: The columns that must be there, whatever their case.

    Raises:
        UsageError: If the text is no CSV.
    """
    first = text.read(1 << 16)
    text.seek(0)
    limit = csv.field_size_limit(CELL_CHARACTERS)
    named = _SEPARATOR_LINE.match(first)
    if named:
        text.readline()
        first = first[named.end() :]
    folded = frozenset(name.casefold() for name in needed)
    delimiter, n_before = _dialect(first, folded, named[1] if named else "".join(DELIMITERS))
    try:
        yield _csv_text(path, text, wanted, delimiter, first_line=2 if named else 1, n_before=n_before)
    finally:
        csv.field_size_limit(limit)


def _dialect(first: str, needed: frozenset[str], delimiters: str) -> tuple[str, int]:
    """The delimiter that shows the most of the needed columns, then the most columns; the rows to pass over.

    Args:
        first: The beginning of the text.
        needed: In lower case.
        delimiters: Those that it could be.
    """

    def shown(delimiter: str, row: int) -> tuple[int, int]:
        header = rows[delimiter][row] if row < len(rows[delimiter]) else []
        return len({name.strip("\ufeff \t").casefold() for name in header} & needed), len(header)

    rows = {delimiter: _first_rows(first, delimiter) for delimiter in delimiters}
    best = max(delimiters, key=lambda delimiter: shown(delimiter, 0))
    if needed and not shown(best, 0)[0]:
        for row in range(1, _MOST_BEFORE):
            below = max(delimiters, key=lambda delimiter: shown(delimiter, row))
            if shown(below, row)[0] >= max(1, len(needed) - 1):
                return below, row
    return best, 0


def _first_rows(first: str, delimiter: str) -> list[list[str]]:
    rows = filter(any, csv.reader(io.StringIO(first, newline=""), delimiter=delimiter))
    return list(islice(rows, _MOST_BEFORE))


def _csv_text(
    path: Path, text: TextIO, wanted: frozenset[str] | None, delimiter: str, *, first_line: int, n_before: int
) -> CsvText:
    rows = _CsvRows(path, text, delimiter, first_line=first_line)
    filled = ((line, row) for line, row in rows.numbered() if any(row))
    line, row = next(islice(filled, n_before, None), (first_line, []))
    header = [name.strip().lstrip("\ufeff") for name in row]
    rows.taken()
    names = tuple(filter(None, header))
    columns = tuple(name for name in dict.fromkeys(names) if wanted is None or name in wanted)
    cutter = _Cutter(
        header=[row[0].lstrip("\ufeff"), *row[1:]] if row else [],
        places=[header.index(name) for name in columns],
        delimiter=delimiter,
        guarded=names in HEADERS,
    )
    pieces = _pieces(rows, cutter)
    return CsvText(names=names, columns=columns, pieces=pieces, header_line=line, n_before=n_before)


class _CsvRows:
    """The rows of a text, each with the line it begins on, read a block of lines at a time."""

    def __init__(self, path: Path, text: TextIO, delimiter: str, *, first_line: int) -> None:
        self._path, self._text, self._first_line = path, text, first_line
        self._reader = csv.reader(chain.from_iterable(self._blocks()), delimiter=delimiter, strict=True)
        self._lines: list[str] = []
        self._n_taken = 0
        self.ended = False
        """Whether a block has ended since lines were taken."""

    def numbered(self) -> Iterator[tuple[int, list[str]]]:
        """The rows that are left, blank ones included."""
        line = self._reader.line_num + self._first_line
        try:
            for row in self._reader:
                yield line, row
                line = self._reader.line_num + self._first_line
        except csv.Error as error:
            raise UsageError(
                f"{self._path}: line {line}: not CSV ({error}); is a quote not closed?"
            ) from error

    def taken(self) -> list[str]:
        """The lines of the rows that were read since lines were taken."""
        n_lines = self._reader.line_num - self._n_taken
        lines, self._lines = self._lines[:n_lines], self._lines[n_lines:]
        self._n_taken += n_lines
        self.ended = False
        return lines

    def _blocks(self) -> Iterator[list[str]]:
        while lines := self._text.readlines(_BLOCK):
            self._lines += lines
            yield lines
            self.ended = True


def _pieces(rows: _CsvRows, cutter: "_Cutter") -> Iterator[Piece]:
    """All rows that are not blank."""
    lines, faults, passed, even = list[int](), dict[int, str](), list[tuple[int, str]](), True
    header, n_columns = cutter.header, len(cutter.header)
    for line, row in rows.numbered():
        is_data = any(row) and row[0][:1] not in _ODD and row != header  # of nearly all rows, and quick
        why = None if is_data else cutter.passed_over(row)
        if why is not None:
            even = even and not row
            if why:
                passed.append((line, why))
        else:
            if any(row[n_columns:]):
                faults[len(lines)] = f"has {len(row)} cells where the header has {n_columns}"
            even = even and len(row) == n_columns
            lines.append(line)
        if rows.ended:
            cells = cutter(rows.taken(), len(lines), even=even)
            yield Piece(lines=lines, faults=faults, passed=passed, cells=cells)
            lines, faults, passed, even = [], {}, [], True
    cells = cutter(rows.taken(), len(lines), even=even)
    yield Piece(lines=lines, faults=faults, passed=passed, cells=cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cutter:
    """Cuts lines into cells.

    Attributes:
        header: Its cells as they are in the file.
        places: The wanted ones.
        delimiter: The sign between cells.
        guarded: Whether cells have guards.
    """

    header: Sequence[str]
    places: Sequence[int]
    delimiter: str
    guarded: bool

    def __call__(self, lines: list[str], n_rows: int, *, even: bool) -> list[pa.Array]:
        """The cells of the wanted columns; `even` says that each row has as many as the header."""
        cells = self._by_arrow("".join(lines).encode()) if even and n_rows and self.places else None
        if cells is None or len(cells[0]) != n_rows:
            cells = self._by_python(lines)
        return [_without_guards(column) for column in cells] if self.guarded else cells

    def passed_over(self, row: Sequence[str]) -> str | None:
        """Words for a row that holds no data, empty for a blank one; None for any other."""
        if not any(row):
            return ""
        if [row[0].lstrip("\ufeff"), *row[1:]] == self.header and len(row) > 1:
            return "is the header once more"
        if row[0].startswith("#") and len(self.header) > 1 and not any(row[1:]) and not self.guarded:
            return "is a comment"
        filled = [cell for cell in row if cell]
        if len(filled) > 1 and not self.guarded and all(map(_RULE.fullmatch, filled)):
            return "is a line of dashes"
        return None

    def _by_arrow(self, text: bytes) -> list[pa.Array] | None:
        """Null where Arrow cannot read it."""
        names = [str(place) for place in range(len(self.header))]
        try:
            table = read_csv(
                pa.BufferReader(text),
                ReadOptions(column_names=names, block_size=len(text) + 1, use_threads=False),
                ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
                ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=[names[place] for place in self.places],
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
        except (pa.ArrowException, OverflowError):
            return None
        return [column.combine_chunks() for column in table.columns]

    def _by_python(self, lines: list[str]) -> list[pa.Array]:
        filling = [""] * len(self.header)
        read = csv.reader(lines, delimiter=self.delimiter, strict=True)
        rows = [row + filling for row in read if self.passed_over(row) is None]
        return [pa.array([row[place] or None for row in rows], pa.string()) for place in self.places]


def _without_guards(column: pa.Array) -> pa.Array:
    letters = column.buffers()[2]
    if letters is None or b"'" not in letters.to_pybytes():
        return column
    return pa.array([cell and (without_guard(cell) or None) for cell in column.to_pylist()], pa.string())
