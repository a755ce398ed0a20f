"""A file's cells as text, some thousand rows at a time, in memory or beyond a bound in a temporary file.

Whatever a file is, each cell becomes a text, or null where it is missing: a number as it is written, a list
or an object as JSON. So a cell means the same in CSV, JSON and Parquet.
"""

import json
import mmap
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import chain, islice
from math import isnan
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from flipsite.domain.display import plural
from flipsite.domain.progress import Progress, unwatched
from flipsite.errors import UsageError
from flipsite.store.draws_columns import HEADERS, unicode_text
from flipsite.store.imports.columns import ImportOptions, check_columns, match_case
from flipsite.store.imports.csv import opened_csv
from flipsite.store.imports.files import (
    head_of,
    inspect_log,
    is_inspect_log,
    is_json,
    is_parquet,
    opened_text,
    reading,
)
from flipsite.store.imports.json_lines import Rest, columns_of, next_block, schema_of
from flipsite.store.imports.json_records import (
    Numbered,
    Record,
    is_in_lines,
    json_from_lines,
    json_records,
    list_inside,
    table_inside,
)
from flipsite.store.imports.logs import (
    CACHED,
    INSPECT,
    LogFormat,
    log_in,
    log_records,
    model_beside,
    recognised,
)
from flipsite.store.imports.record_paths import base_of, has_value, value_at
from flipsite.store.snapshot.arrow import numbers

ROWS_A_BATCH = 65_536
MOST_BYTES = 2**27
"""Cells of more bytes than this lie in a temporary file."""

_MOST_MAPPED = 2**26
"""The most bytes read of a temporary file that may still count as memory."""

LOST_KEPT = 10
"""The most texts without a row that are kept to be shown."""

_FIRST_RECORDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some rows that follow each other.

    Attributes:
        lines: The line (from 1) that each begins on; in Parquet the row's number.
        cells: Columns by their names; a column without a cell may be absent.
        faults: Rows that cannot be trusted, by their index, and why.
    """

    lines: NDArray[np.int64]
    cells: Mapping[str, pa.Array]
    faults: Mapping[int, str] = field(default_factory=dict)

    def column(self, name: str | None) -> pa.Array:
        """The cells of a column, all null where it is absent."""
        found = self.cells.get(name) if name is not None else None
        return pa.nulls(len(self.lines), pa.string()) if found is None else found


class Spool:
    """Arrow tables that are read again in the order in which they came, in memory or in a temporary file."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._tables: list[pa.Table] = []
        self._n_bytes = 0
        self._file: BinaryIO | None = None
        self._map: mmap.mmap | None = None
        self._places: list[tuple[int, int]] = []
        self._n_mapped = 0

    def add(self, table: pa.Table) -> None:
        """Add a table; it may be written to disk, with those before it."""
        self._n_bytes += table.nbytes
        self._tables.append(table)
        if self._n_bytes > self._most_bytes:
            for each in self._tables:
                self._write(each)
            self._tables = []

    def __len__(self) -> int:
        return len(self._places) + len(self._tables)

    def __getitem__(self, index: int) -> pa.Table:
        if index >= len(self._places):
            return self._tables[index - len(self._places)]
        start, length = self._places[index]
        if self._map is None or len(self._map) < start + length:
            self._map = mmap.mmap(cast("BinaryIO", self._file).fileno(), 0, access=mmap.ACCESS_READ)
        self._n_mapped += length
        if self._n_mapped > _MOST_MAPPED:
            self._map.madvise(mmap.MADV_DONTNEED)  # else all of the file that was read counts as memory
            self._n_mapped = length
        return pa.ipc.open_stream(pa.py_buffer(memoryview(self._map)[start : start + length])).read_all()

    def __iter__(self) -> Iterator[pa.Table]:
        return (self[index] for index in range(len(self)))

    def close(self) -> None:
        """Remove the temporary file."""
        if self._file is not None:
            self._file.close()

    def _write(self, table: pa.Table) -> None:
        if self._file is None:
            self._file = cast("BinaryIO", tempfile.TemporaryFile(prefix="flipsite-"))  # noqa: SIM115 -- `close` closes it
        start = self._file.tell()
        with pa.ipc.new_stream(self._file, table.schema) as writer:
            writer.write_table(table)
        self._file.flush()
        self._places.append((start, self._file.tell() - start))


@dataclass(slots=True, kw_only=True)
class Sheet:
    """The wanted columns of a file.

    Attributes:
        path: The file.
        names: All columns that have a name, trimmed, in the file's order; a name may occur twice.
        n_rows: Rows, those without a cell included; texts that gave no row are not among them.
        n_lost: Texts that gave no row at all.
        lost: The first of them by their lines, and why.
        unit: The things that lines count: `line`, `row` or `record`.
        flawed: Whether there are rows that cannot be trusted.
        notes: Sentences on how the file was understood.
        progress: Told of the rows that are read, and read again.
    """

    path: Path
    spool: Spool
    progress: Progress = unwatched
    names: tuple[str, ...] = ()
    n_rows: int = 0
    n_lost: int = 0
    lost: list[tuple[int, str]] = field(default_factory=list)
    unit: str = "line"
    flawed: bool = False
    notes: list[str] = field(default_factory=list)

    def batches(self, noun: str = "row") -> Iterator[Batch]:
        """The rows, some at a time, as often as they are asked for.

        Args:
            noun: What the rows are read for, as the progress names it.
        """
        n_done = 0
        for table in self.spool:
            self.progress(noun, n_done, self.n_rows)
            n_done += len(table)
            lines, flaws, *columns = (_whole(column) for column in table.columns)
            faults = {row: text for row, text in enumerate(flaws.to_pylist()) if text} if self.flawed else {}
            cells = dict(zip(table.column_names[2:], columns, strict=True))
            yield Batch(
                lines=numbers(pa.chunked_array([lines]), np.int64, missing=-1), cells=cells, faults=faults
            )

    def add(self, batch: Batch) -> None:
        """Append rows."""
        n_rows = len(batch.lines)
        flaws = pa.nulls(n_rows, pa.string())
        if batch.faults:
            flaws = pa.array([batch.faults.get(row) for row in range(n_rows)], pa.string())
        columns = [pa.array(batch.lines, pa.int64()), flaws, *batch.cells.values()]
        self.spool.add(pa.table(columns, names=["line", "fault", *batch.cells]))
        self.flawed = self.flawed or bool(batch.faults)
        self.n_rows += n_rows

    def lose(self, line: int, text: str) -> None:
        """Note a text that gave no row."""
        self.n_lost += 1
        if len(self.lost) < LOST_KEPT:
            self.lost.append((line, text))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


@contextmanager
def read_sheet(
    path: Path, options: ImportOptions, *, most_bytes: int = MOST_BYTES, progress: Progress = unwatched
) -> Iterator[Sheet]:
    """Read the columns of a file that the options name, or that differ from these only in case.

    Args:
        path: CSV, JSON or Parquet, packed or not.
        options: Which columns are wanted.
        most_bytes: Cells of more bytes lie in a temporary file, which is gone in the end.
        progress: Told of the megabytes that are read, and then of the rows.

    Raises:
        UsageError: If the file cannot be read as what it seems to be, or a column is missing.
    """
    sheet = Sheet(path=path, spool=Spool(most_bytes), progress=progress)
    try:
        with reading(path):
            if is_parquet(head_of(path)):
                _read_parquet(sheet, options)
            elif is_inspect_log(path):
                _read_eval_log(sheet, options)
            else:
                with opened_text(path, encoding=options.encoding, progress=progress) as text:
                    read = _read_json if is_json(path, text) else _read_csv
                    read(sheet, text, options)
        if not sheet.n_rows and sheet.lost:
            line, why = sheet.lost[0]
            raise UsageError(f"{path}: not one draw could be read ({sheet.unit} {line} {why})")
        if not sheet.names:
            raise UsageError(f"{path}: no rows; export the file anew")
        check_columns(path, sheet.names, match_case(options, sheet.names)[0])
        if sheet.names in HEADERS:
            sheet.notes.append("The file was recognised as draws that flipsite exported.")
        yield sheet
    finally:
        sheet.spool.close()


def cell_text(value: Any) -> str | None:
    """A value as the text of its cell; NaN is how a data frame writes a missing one."""
    if isinstance(value, str):
        return unicode_text(value)
    if value is None or (isinstance(value, float) and isnan(value)):
        return None
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return unicode_text(format(value, "f") if isinstance(value, Decimal) else _ENCODER.encode(value))


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)


def _read_csv(sheet: Sheet, text: TextIO, options: ImportOptions) -> None:
    with opened_csv(sheet.path, text, wanted=None, needed=options.needed) as found:
        if log := recognised(sheet.path, found.names, options.source_of_log):
            entries = (
                (line, dict(zip(found.columns, row, strict=True)))
                for piece in found.pieces
                for line, *row in zip(piece.lines, *(cells.to_pylist() for cells in piece.cells), strict=True)
            )
            _read_log(sheet, iter(entries), options, log)
            return
        names = found.names
        if found.n_before:
            sheet.notes.append(
                f"The header was taken from line {found.header_line}; the lines before it were skipped."
            )
    text.seek(0)
    spelled, _ = match_case(options, names)
    nested = _nested(spelled, names)
    sheet.names = (*names, *nested)
    check_columns(sheet.path, sheet.names, spelled)  # a long reading should not end in this
    wanted = spelled.wanted | set(nested.values())
    with opened_csv(sheet.path, text, wanted=frozenset(wanted), needed=options.needed) as found:
        for piece in found.pieces:
            cells = dict(zip(found.columns, piece.cells, strict=True))
            for name, base in nested.items():
                values = [value_at({base: cell}, name) for cell in cells[base].to_pylist()]
                cells[name] = pa.array([cell_text(value) for value in values], pa.string())
            for line, why in piece.passed:
                sheet.lose(line, why)
            if piece.lines:
                sheet.add(Batch(lines=np.array(piece.lines, np.int64), cells=cells, faults=piece.faults))


def _nested(options: ImportOptions, names: Collection[str]) -> dict[str, str]:
    """The wanted columns that are paths into a column of the file, and that column."""
    bases = {name: base_of(name) for name in sorted(options.wanted.difference(names))}
    return {name: base for name, base in bases.items() if base in names and name != base}


def _read_json(sheet: Sheet, text: TextIO, options: ImportOptions) -> None:
    in_lines, records = is_in_lines(text), json_records(sheet.path, text)
    first = list(islice(records, 2))
    only = first[0][1] if len(first) == 1 else None
    if isinstance(only, dict):
        _read_object(sheet, only, options)
        return
    entry = next((record for _, record in first if isinstance(record, dict)), {})
    log = recognised(sheet.path, entry, options.source_of_log)
    if log is None and in_lines:
        _read_lines(sheet, text, options)
    else:
        _read_log(sheet, chain(first, records), options, log)


def _read_lines(sheet: Sheet, text: TextIO, options: ImportOptions) -> None:
    """Read JSON lines: by Arrow as long as they are alike, and then one by one."""
    text.seek(0)
    numbered = islice(json_records(sheet.path, text), _FIRST_RECORDS)
    first = [record for _, record in numbered if isinstance(record, dict)]
    text.seek(0)
    names = dict.fromkeys(name for record in first for name in record)
    spelled, _ = match_case(options, tuple(names))
    wanted = options.wanted | spelled.wanted
    ours = {column: name for name, theirs in spelled.mapping.items() for column in theirs}
    paths = [name for name in wanted.difference(names) if base_of(name) != name]
    columns = {name: ours.get(name, "") for name in sorted(wanted.difference(paths))}
    schema = None if any(base_of(name) in names for name in paths) else schema_of(first, columns)
    n_lines, found, rest = 0, dict[str, None](), text
    while schema is not None and (block := next_block(text)):
        cut = columns_of(block, schema)
        if cut is None:
            rest = cast("TextIO", Rest(block, text))
            break
        n_rows, cells = cut
        cells = {name: each for name, each in cells.items() if name in names or each.null_count < n_rows}
        found |= dict.fromkeys(cells)
        sheet.add(Batch(lines=np.arange(n_lines + 1, n_lines + n_rows + 1), cells=cells))
        n_lines += n_rows
    records = json_from_lines(sheet.path, rest, n_before=n_lines)
    found |= dict.fromkeys(_add_records(sheet, records, wanted=wanted, names=names))
    sheet.names = tuple(dict.fromkeys([*names, *found]))


def _read_object(sheet: Sheet, document: Record, options: ImportOptions) -> None:
    """Read a text that is one object: a log, a draw, or an object with a list of draws inside."""
    if found := log_in(document, options.source_of_log):
        known, entries, model = found
        sheet.unit = "record"
        _read_log(sheet, iter(enumerate(entries, start=1)), options, known, model)
        return
    spelled = match_case(options, tuple(document))[0]
    entry = recognised(sheet.path, document, "auto")
    is_entry = entry is not None and options.source_of_log in {"auto", entry.name}
    table = None if is_entry else table_inside(document, spelled.needed)
    is_draw = is_entry or all(has_value(document, name) for name in spelled.needed if name != "outcome")
    entries = table or (None if is_draw else list_inside(sheet.path, document, spelled.needed)) or [document]
    sheet.unit = "line" if entries[0] is document else "record"
    log = recognised(sheet.path, entries[0], options.source_of_log)
    _read_log(sheet, iter(enumerate(entries, start=1)), options, log)


def _read_eval_log(sheet: Sheet, options: ImportOptions) -> None:
    """Read a log of Inspect that is a zip archive of JSON, a sample a file."""
    with inspect_log(sheet.path) as (header, samples):
        model = value_at(header, "eval.model")
        sheet.unit = "record"
        _read_log(sheet, samples, options, INSPECT, model if isinstance(model, str) else None)


def _read_log(
    sheet: Sheet,
    entries: Iterator[Numbered],
    options: ImportOptions,
    log: LogFormat | None,
    model: str | None = None,
) -> None:
    """Read records, those of a tool's log through its function."""
    if log is not None:
        if log.name == "lm-eval" and options.model is None:
            model = model_beside(sheet.path)
            if model is None:
                raise UsageError(
                    f"{sheet.path}: samples of lm-evaluation-harness name no model; put their results file "
                    "beside them, or name the model with --model"
                )
        sheet.notes.append(f"The file was recognised as {log.title}.")
        asked = options.requests.models if options.requests and log.name == "openai-batch" else None
        entries = log_records(entries, log, model=options.model or model, asked=asked)
    first = list(islice(entries, _FIRST_RECORDS))
    names = dict.fromkeys(name for _, record in first if isinstance(record, dict) for name in record)
    spelled, _ = match_case(options, tuple(names))
    cached = Counter[bool]()
    records = _counted(chain(first, entries), cached) if CACHED in names else chain(first, entries)
    found = _add_records(sheet, records, wanted=options.wanted | spelled.wanted, names=names)
    sheet.names = tuple(dict.fromkeys([*names, *found]))
    if cached[True]:
        sheet.notes.append(
            f"{plural(cached[True], 'answer')} came from a cache, which repeats answers; "
            f"--where {CACHED}=false leaves such rows out."
        )


def _counted(records: Iterable[Numbered], cached: Counter[bool]) -> Iterator[Numbered]:
    """The same records; those whose answer came from a cache are counted."""
    for line, record in records:
        cached[isinstance(record, dict) and record.get(CACHED) is True] += 1
        yield line, record


def _add_records(
    sheet: Sheet, records: Iterable[Numbered], *, wanted: frozenset[str], names: dict[str, None]
) -> list[str]:
    """Add all records; returns the wanted columns that were found, and adds all keys to the names."""
    remaining, found = iter(records), dict[str, None]()
    while some := list(islice(remaining, ROWS_A_BATCH)):
        lines, rows = [], []
        for line, record in some:
            if isinstance(record, dict):
                lines.append(line)
                rows.append(record)
                if not record.keys() <= names.keys():
                    names.update(dict.fromkeys(record))
            else:
                sheet.lose(line, record)
        cells = {}
        for name in sorted(wanted):
            is_path = base_of(name) != name
            values = [value_at(record, name) if is_path else record.get(name) for record in rows]
            if name in names or any(value is not None for value in values):
                cells[name] = _texts(values)
                found[name] = None
        if rows:
            sheet.add(Batch(lines=np.array(lines, np.int64), cells=cells))
    return list(found)


def _texts(values: list[Any]) -> pa.Array:
    """The values of a column as the texts of its cells; those of one kind all together."""
    kinds = {*map(type, values)} - {type(None)}
    kind = next(iter(kinds)) if len(kinds) == 1 else None
    try:
        if kind is str:
            return pa.array(values, pa.string())
        if kind is int:
            return pa.array(values, pa.int64()).cast(pa.string())
    except (UnicodeError, OverflowError):
        pass  # half a surrogate pair, or more digits than a column of numbers holds
    return pa.array([None if value is None else cell_text(value) for value in values], pa.string())


def _read_parquet(sheet: Sheet, options: ImportOptions) -> None:
    with pq.ParquetFile(sheet.path, page_checksum_verification=True) as file:
        names = tuple(file.schema_arrow.names)
        sheet.names, sheet.unit = names, "row"
        spelled, _ = match_case(options, names)
        nested = _nested(spelled, names)
        sheet.names = (*names, *nested)
        check_columns(sheet.path, sheet.names, spelled)
        wanted = [name for name in dict.fromkeys(names) if name in spelled.wanted and names.count(name) == 1]
        bases = [base for base in dict.fromkeys(nested.values()) if base not in wanted]
        first = 1
        for batch in file.iter_batches(ROWS_A_BATCH, columns=[*wanted, *bases]):
            cells = {name: _text_column(_column(batch, name)) for name in wanted}
            for name, base in nested.items():
                values = [value_at({base: value}, name) for value in _column(batch, base).to_pylist()]
                cells[name] = pa.array([cell_text(value) for value in values], pa.string())
            sheet.add(Batch(lines=np.arange(first, first + len(batch)), cells=cells))
            sheet.progress("stored row", first - 1 + len(batch), file.metadata.num_rows)
            first += len(batch)


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    return batch.column(batch.schema.get_field_index(name))


def _text_column(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type):
        return column
    if (
        pa.types.is_large_string(column.type)
        or pa.types.is_integer(column.type)
        or pa.types.is_boolean(column.type)
        or pa.types.is_binary(column.type)
        or pa.types.is_large_binary(column.type)
    ):
        return column.cast(pa.string())
    return pa.array([cell_text(value) for value in column.to_pylist()], pa.string())
