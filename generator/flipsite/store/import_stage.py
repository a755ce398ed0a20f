"""The cells of a file too large to hold, in a table on disk: one row a row, each cell as JSON text.

Text is unzipped, decoded and cut as that of a small file. DuckDB reads the objects in JSON lines, and a line
that it cannot read is read as in a small file; a CSV's cells are those that a small one gives. Memory is
bounded: what does not fit goes to disk for a while.
"""

import gzip
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from flipsite.errors import StoreError
from flipsite.store.arrow import unicode_text
from flipsite.store.import_csv import opened_csv
from flipsite.store.import_files import (
    head_of,
    is_gzip,
    is_json,
    is_parquet,
    json_object,
    lost_line,
    opened_text,
    told,
)

MOST_BYTES = 2**27
"""Text of more, unzipped, is not read into memory: about half a million draws."""

MOST_ROWS = 500_000
"""Nor is text of more lines, or a Parquet file of more rows."""

MEMORY = "512MB"
"""Most that DuckDB takes; flipsite's own work comes on top. Twice as much makes nothing faster."""

MOST_THREADS = 4
"""Each needs room of its own, and lines are cut by one."""

LOST_KEPT = 10
"""Of the lines that gave no row, so many are kept to be shown."""

_BLOCK = 2**23
_BATCH = 16_384
_LINES = pa.schema([("n", pa.int64()), ("line", pa.string())])
_NUMBERED = (("n", pa.int64()), ("flaw", pa.string()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The wanted columns of a file, in the table `cells` of a database.

    Attributes:
        path: The file.
        database: A DuckDB connection. The table has `n`, the line or row that each row stands on, and `c0`,
            `c1` and so on: JSON text, null where a cell is missing.
        columns: The wanted columns that are there, and what each is called in the table.
        names: The columns of the first row, and in JSON lines the wanted ones that come later.
        n_rows: Rows of the file, and lines that gave none.
        n_lost: Lines that gave none.
        lost: The first of them, and why.
        flawed: Whether there are rows that cannot be trusted; then the table has `flaw`, which says why.
        unit: What `n` counts, `line` or `row`.
    """

    path: Path
    database: Any
    columns: Mapping[str, str]
    names: tuple[str, ...]
    n_rows: int
    n_lost: int = 0
    lost: tuple[tuple[int, str], ...] = ()
    flawed: bool = False
    unit: str = "line"


def too_large(path: Path) -> bool:
    """Whether a file is not read into memory: for its size, its lines, or the rows of a Parquet file.

    Raises:
        UsageError: If it cannot be read.
    """
    with told(path):
        head = head_of(path)
        if is_parquet(head):
            return int(pq.read_metadata(path).num_rows) > MOST_ROWS
        if path.stat().st_size > MOST_BYTES:
            return True
        with gzip.open(path) if is_gzip(head) else path.open("rb") as text:
            n_bytes, n_lines = 0, {b"\n": 0, b"\r": 0}
            while block := text.read(_BLOCK):
                n_bytes += len(block)
                for end in n_lines:
                    n_lines[end] += block.count(end)
                if n_bytes > MOST_BYTES or max(n_lines.values()) > MOST_ROWS:
                    return True
        return False


@contextmanager
def staged(path: Path, *, wanted: Iterable[str], needed: Iterable[str]) -> Iterator[Stage]:
    """The wanted columns of a file, in a database that is gone in the end.

    Args:
        path: As `read_sheet` takes it.
        wanted: Names of the columns to keep, where they are there.
        needed: Those that must be there, by which a CSV's delimiter is told.

    Raises:
        StoreError: If DuckDB is not installed, or has no room.
        UsageError: If the file cannot be read as what it seems to be.
    """
    names = frozenset(wanted)
    with told(path), _database(path) as database:
        head = head_of(path)
        if is_parquet(head):
            stage = _stage_parquet(database, path, names)
        else:
            with opened_text(path, head) as text:
                if is_json(path, text):
                    stage = _stage_lines(database, path, text, names)
                else:
                    stage = _stage_csv(database, path, text, names, tuple(needed))
        yield stage


@contextmanager
def _database(path: Path) -> Iterator[Any]:
    try:
        import duckdb
    except ImportError as error:
        raise StoreError(
            f"{path}: so many draws are read by DuckDB, which is not installed; "
            "run `pip install 'flipsite[large]'`"
        ) from error
    with tempfile.TemporaryDirectory(prefix="flipsite-") as scratch:
        threads = min(MOST_THREADS, os.cpu_count() or 1)
        bounds = {"memory_limit": MEMORY, "threads": threads, "temp_directory": f"{scratch}/spilled"}
        try:
            with duckdb.connect(f"{scratch}/cells.duckdb", config=bounds) as database:
                database.execute("SET enable_progress_bar = false").fetchall()  # it goes to standard output
                yield database
        except duckdb.Error as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise StoreError(
                f"{path}: DuckDB cannot read it ({reason}); is there room in {tempfile.gettempdir()}? "
                "The environment's TMPDIR names another folder"
            ) from error


def _stage_csv(
    database: Any, path: Path, text: TextIO, wanted: frozenset[str], needed: Sequence[str]
) -> Stage:
    with opened_csv(path, text, wanted=wanted, needed=needed) as found:
        there = {name: f"c{index}" for index, name in enumerate(found.columns)}
        schema = pa.schema([*_NUMBERED, *((column, pa.string()) for column in there.values())])

        def batches() -> Iterator[pa.RecordBatch]:
            for piece in found.pieces:
                flaws = [piece.faults.get(row) for row in range(len(piece.lines))]
                numbered = [pa.array(piece.lines, pa.int64()), pa.array(flaws, pa.string())]
                yield pa.record_batch([*numbered, *piece.cells], schema=schema)

        cells = "".join(f", to_json({column})::VARCHAR AS {column}" for column in there.values())
        with _registered(database, schema, batches()):
            database.execute(f"CREATE TABLE cells AS SELECT n, flaw{cells} FROM lines")
    ((n_rows, n_flaws),) = database.execute("SELECT count(*), count(flaw) FROM cells").fetchall()
    return Stage(
        path=path, database=database, columns=there, names=found.names, n_rows=n_rows, flawed=n_flaws > 0
    )


def _stage_lines(database: Any, path: Path, text: TextIO, wanted: frozenset[str]) -> Stage:
    names = sorted(wanted)
    pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in names]
    columns = [f"c{index}" for index in range(len(names))]
    told = ", ".join(f"v[{index + 1}]::VARCHAR AS {column}" for index, column in enumerate(columns))
    with _registered(database, _LINES, _lines(text)):
        database.execute(
            f"CREATE TABLE told AS SELECT n, bad, {told} FROM ("
            "  SELECT n, json_extract(object, $pointers) AS v,"
            "    CASE WHEN object IS NULL OR json_type(object) != 'OBJECT' THEN line END AS bad"
            "  FROM (SELECT n, line, try_cast(line AS JSON) AS object FROM lines))",
            {"pointers": pointers},
        )
    n_lost, lost = _read_again(database, names)
    text.seek(0)
    first = next((found for line in text if (found := json_object(line))), {})
    counts = ", ".join(f"count({column})" for column in columns)
    ((*n_told, n_rows),) = database.execute(f"SELECT {counts}, count(*) FROM told").fetchall()
    there = {name: column for name, column, n in zip(names, columns, n_told, strict=True) if n}
    cells = "".join(f", nullif({column}, 'null') AS {column}" for column in columns)
    database.execute(f"CREATE VIEW cells AS SELECT n{cells} FROM told")
    return Stage(
        path=path,
        database=database,
        columns=there,
        names=tuple(dict.fromkeys([*first, *there])),
        n_rows=n_rows + n_lost,
        n_lost=n_lost,
        lost=lost,
    )


def _lines(text: TextIO) -> Iterator[pa.RecordBatch]:
    n_lines = 0
    while lines := text.readlines(_BLOCK):
        numbers = pa.array(range(n_lines + 1, n_lines + 1 + len(lines)), pa.int64())
        n_lines += len(lines)
        yield pa.record_batch([numbers, pa.array(lines, pa.string())], schema=_LINES)


@contextmanager
def _registered(database: Any, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[None]:
    """Rows as the table `lines`, to be read once; what fails in making them is raised as it is."""
    failed = list[Exception]()

    def watched() -> Iterator[pa.RecordBatch]:
        try:
            yield from batches
        except Exception as error:
            failed.append(error)
            raise

    database.register("lines", pa.RecordBatchReader.from_batches(schema, watched()))
    try:
        yield
    except Exception:
        if failed:  # DuckDB tells no more than that there was an error
            raise failed[0] from None
        raise
    finally:
        database.unregister("lines")


def _read_again(database: Any, names: list[str]) -> tuple[int, tuple[tuple[int, str], ...]]:
    """Read what DuckDB could not: an object is put in its place, anything else is taken out and counted."""
    n_lost, lost, last = 0, list[tuple[int, str]](), 0
    bad = "SELECT n, bad FROM told WHERE bad IS NOT NULL AND n > ? ORDER BY n LIMIT ?"
    there = f"INSERT INTO told VALUES (?, NULL{', ?' * len(names)})"
    while rows := database.execute(bad, [last, _BATCH]).fetchall():
        for line, source in rows:
            record = json_object(source)
            if record is not None:
                database.execute(there, [line, *(_dumped(record, name) for name in names)])
            elif source.strip():
                n_lost += 1
                lost += [lost_line(line, source)] if len(lost) < LOST_KEPT else []
        last = rows[-1][0]
    database.execute("DELETE FROM told WHERE bad IS NOT NULL")
    return n_lost, tuple(lost)


def _dumped(record: dict[str, Any], name: str) -> str | None:
    """A cell as JSON that DuckDB reads: a lone surrogate, which it cannot hold, becomes U+FFFD."""
    return unicode_text(json.dumps(record[name], ensure_ascii=False)) if name in record else None


def _stage_parquet(database: Any, path: Path, wanted: frozenset[str]) -> Stage:
    names = pq.read_schema(path).names
    once = {name: index for index, name in enumerate(names) if names.count(name) == 1}
    there = {name: f"c{index}" for name, index in once.items() if name in wanted}
    quoted = {name: '"' + name.replace('"', '""') + '"' for name in there}
    cells = "".join(f", to_json({quoted[name]})::VARCHAR AS {column}" for name, column in there.items())
    database.execute(
        f"CREATE TABLE cells AS SELECT file_row_number + 1 AS n{cells}"
        " FROM read_parquet($path, file_row_number = true)",
        {"path": str(path)},
    )
    n_rows = int(pq.read_metadata(path).num_rows)
    return Stage(path=path, database=database, columns=there, names=tuple(names), n_rows=n_rows, unit="row")
