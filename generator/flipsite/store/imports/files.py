"""Other people's files as columns of cells, each row with the line it begins on: CSV, JSON lines, Parquet.

What a file is, is told by its first bytes; only between JSON lines and CSV does its name have a say.
"""

import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from flipsite.errors import UsageError
from flipsite.files import file_digest
from flipsite.store.imports.csv import opened_csv

_JSON_SUFFIXES = {".jsonl", ".ndjson", ".json"}
_FIRST_LINES = 100
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The wanted columns of a file.

    Attributes:
        path: The file.
        names: All columns that have a name, trimmed, in the file's order; a name may stand twice.
        cells: The wanted columns that are there; a cell that is missing, in CSV an empty one, is None.
        lines: The line (from 1) that each row begins on; in Parquet the row's number.
        faults: Rows that cannot be trusted, by their index, and why.
        lost: Lines that gave no row at all, and why.
        unit: What `lines` counts, `line` or `row`.
    """

    path: Path
    names: tuple[str, ...]
    cells: dict[str, list[Any]]
    lines: list[int]
    faults: dict[int, str] = field(default_factory=dict)
    lost: tuple[tuple[int, str], ...] = ()
    unit: str = "line"


def read_sheet(path: Path, *, wanted: Iterable[str], needed: Iterable[str]) -> Sheet:
    """Read a file's wanted columns.

    Args:
        path: CSV (comma, semicolon or tab), JSON lines, either of them gzipped, or Parquet.
        wanted: Names of the columns to keep, where they are there.
        needed: Those that must be there, by which a CSV's delimiter is told.

    Raises:
        UsageError: If the file cannot be read as what it seems to be.
    """
    names = frozenset(wanted)
    with told(path):
        head = head_of(path)
        if is_parquet(head):
            return _read_parquet(path, names)
        with opened_text(path, head) as text:
            if is_json(path, text):
                return _read_json_lines(path, text, names)
            return _read_csv(path, text, names, tuple(needed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The columns that the beginning of a file shows.

    Attributes:
        names: The columns, as a sheet of the file names them.
        complete: Whether no other can follow; objects in JSON lines may bring further ones.
    """

    names: tuple[str, ...]
    complete: bool


def header_of(path: Path, *, wanted: Iterable[str], needed: Iterable[str]) -> Header:
    """Read the columns of a file from its beginning.

    Raises:
        UsageError: As `read_sheet`.
    """
    with told(path):
        head = head_of(path)
        if is_parquet(head):
            return Header(names=tuple(pq.read_schema(path).names), complete=True)
        with opened_text(path, head) as text:
            if is_json(path, text):
                records = (json_object(line) for line in islice(text, _FIRST_LINES))
                names = dict.fromkeys(name for record in records for name in record or ())
                return Header(names=tuple(names), complete=False)
            with opened_csv(path, text, wanted=frozenset(wanted), needed=tuple(needed)) as found:
                return Header(names=found.names, complete=True)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        UsageError: If there is no such file, or it cannot be read.
    """
    with told(path):
        return file_digest(path)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What can go wrong with anybody's file, in our words."""
    try:
        yield
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such file; check the name") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UsageError(f"{path}: the gzipped file is damaged or cut short; fetch it again") from error
    except UnicodeDecodeError as error:
        wrong = error.object[error.start : error.start + 1].hex()
        raise UsageError(f"{path}: not UTF-8 text (byte 0x{wrong}); save it as UTF-8") from error
    except (OSError, pa.ArrowException) as error:
        reason = next(iter(str(getattr(error, "strerror", None) or error).splitlines()), "unknown")
        raise UsageError(f"{path}: cannot be read ({reason})") from error


def head_of(path: Path) -> bytes:
    """A file's first bytes, which tell what it is."""
    with path.open("rb") as file:
        return file.read(4)


def is_parquet(head: bytes) -> bool:
    """Whether a file that begins so is Parquet."""
    return head == b"PAR1"


def is_gzip(head: bytes) -> bool:
    """Whether a file that begins so is gzipped."""
    return head[:2] == b"\x1f\x8b"


def opened_text(path: Path, head: bytes) -> TextIO:
    """A file as text, unzipped, by its first bytes."""
    encoding = "utf-16" if head[:2] in _UTF16 else "utf-8-sig"
    if is_gzip(head):
        return io.TextIOWrapper(gzip.GzipFile(path), encoding=encoding, newline="")
    return path.open(encoding=encoding, newline="")


def is_json(path: Path, text: TextIO) -> bool:
    """Whether a file is JSON lines and not CSV, by its name and its first text.

    Raises:
        UsageError: If it is empty, or one JSON list.
    """
    first = text.read(1 << 16)
    text.seek(0)
    if not first.strip("\ufeff \t\r\n"):
        raise UsageError(f"{path}: the file is empty; export it anew")
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    beginning = first.lstrip()[:1]
    if suffix == ".json" and beginning == "[":
        raise UsageError(f"{path}: one JSON list; write one object a line (JSON lines)")
    return suffix in _JSON_SUFFIXES or beginning == "{"


def _read_csv(path: Path, text: TextIO, wanted: frozenset[str], needed: Sequence[str]) -> Sheet:
    with opened_csv(path, text, wanted=wanted, needed=needed) as found:
        cells: dict[str, list[Any]] = {name: [] for name in found.columns}
        lines: list[int] = []
        faults: dict[int, str] = {}
        for piece in found.pieces:
            faults |= {len(lines) + index: fault for index, fault in piece.faults.items()}
            lines += piece.lines
            for name, column in zip(cells, piece.cells, strict=True):
                cells[name] += column.to_pylist()
    return Sheet(path=path, names=found.names, cells=cells, lines=lines, faults=faults)


def _read_json_lines(path: Path, text: TextIO, wanted: frozenset[str]) -> Sheet:
    cells: dict[str, list[Any]] = {}
    names: dict[str, None] = {}
    lines: list[int] = []
    lost: list[tuple[int, str]] = []
    for line, source in enumerate(text, start=1):
        if not source.strip():
            continue
        record = json_object(source)
        if record is None:
            lost.append(lost_line(line, source))
            continue
        names.update(dict.fromkeys(record))
        for name in wanted.intersection(record):
            column = cells.setdefault(name, [])
            column += [None] * (len(lines) - len(column))
            column.append(record[name])
        lines.append(line)
    whole = {name: column + [None] * (len(lines) - len(column)) for name, column in cells.items()}
    return Sheet(path=path, names=tuple(names), cells=whole, lines=lines, lost=tuple(lost))


def json_object(source: str) -> dict[str, Any] | None:
    """The object that a line holds; a number that is not finite is missing."""
    try:
        record = json.loads(source, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def lost_line(line: int, source: str) -> tuple[int, str]:
    """A line that holds none, and the words for it."""
    return line, f"is no JSON object: {source.strip()[:60]!r}"


def _finite(column: pa.ChunkedArray) -> list[Any]:
    """A column's cells; a number that is not finite is missing, as pandas writes it."""
    cells: list[Any] = column.to_pylist()
    if pa.types.is_floating(column.type):
        return [cell if cell is None or isfinite(cell) else None for cell in cells]
    return cells


def _read_parquet(path: Path, wanted: frozenset[str]) -> Sheet:
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        names = file.schema_arrow.names
        count = Counter(names)
        table = file.read(columns=[name for name in count if name in wanted and count[name] == 1])
    cells = {name: _finite(table[name]) for name in table.column_names}
    rows = list(range(1, table.num_rows + 1))
    return Sheet(path=path, names=tuple(names), cells=cells, lines=rows, unit="row")
