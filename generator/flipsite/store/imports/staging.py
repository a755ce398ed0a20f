"""The cells of a file too large to hold, in a table on disk: one row a row, each cell as JSON text.

Text is unzipped, decoded and cut as that of a small file. DuckDB reads the objects in JSON lines, and a line
that it cannot read is read as in a small file; a CSV's cells are those that a small one gives. Memory is
bounded: what does not fit goes to disk for a while.

What the cells of a large file mean, in tables beside them: read once for all rows that have the same.

A cell that is a plain number, text or time is read by DuckDB in SQL. Any other is read here, by the reader
that a small file has, and stands in a table with its value, or why it has none.
"""

import gzip
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from flipsite.errors import StoreError
from flipsite.store.imports.cells import is_missing, number_of, text_of, whole_of
from flipsite.store.imports.columns import ImportOptions, Matcher
from flipsite.store.imports.csv import opened_csv
from flipsite.store.imports.files import (
    head_of,
    is_gzip,
    is_json,
    is_parquet,
    json_object,
    lost_line,
    opened_text,
    told,
)
from flipsite.store.imports.rows import (
    AMOUNTS,
    LONGEST_WORD,
    READ,
    WORDS,
    Problem,
    cell_fault,
    reader_of,
    unread_amount,
)
from flipsite.store.snapshot.columns import COUNTS, NUMBERS, RESPONSE_CHARACTERS, unicode_text

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


Read = Callable[[Any], Any]

_ROWS_A_BATCH = 65_536
_TEXT = "CASE WHEN starts_with({0}, '\"') THEN json_extract_string({0}, '$') END"
_MOMENT = (
    r"CASE WHEN regexp_full_match({0}, '\"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\"')"
    " THEN substr({0}, 2, length({0}) - 2) END"
)
_WHOLE = (
    r"CASE WHEN regexp_full_match({0}, '\d{{1,15}}|\"\d{{1,15}}(\.0{{1,3}})?\"')"
    " THEN trim({0}, '\"')::BIGINT END"
)
_A_NUMBER = r"-?\d{{1,17}}(\.\d{{1,25}})?([eE][-+]?\d{{1,2}})?"
_NUMBER = (
    f"CASE WHEN regexp_full_match({{0}}, '{_A_NUMBER}|\"{_A_NUMBER}\"') THEN trim({{0}}, '\"')::DOUBLE END"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A column that DuckDB reads where its cells are plain.

    Attributes:
        kind: The type of its values.
        plain: SQL of the value of a plain cell, null of any other; `{0}` is the cell.
        read: Reads any other.
        fault: What a cell is that cannot be read; None where that is not told.
        most: Letters that are kept.
    """

    kind: str
    plain: str
    read: Read
    fault: str | None = None
    most: int | None = None


PLAIN: dict[str, Plain] = {
    "draw": Plain(kind="BIGINT", plain=_WHOLE, read=lambda cell: whole_of(cell, most=2**62)),
    "response": Plain(kind="VARCHAR", plain=_TEXT, read=text_of, most=RESPONSE_CHARACTERS),
    **{name: Plain(kind="VARCHAR", plain=_TEXT, read=text_of, most=LONGEST_WORD) for name in WORDS},
    **{name: Plain(kind="BIGINT", plain=_WHOLE, read=whole_of, fault=READ[name][1]) for name in COUNTS},
    **{name: Plain(kind="DOUBLE", plain=_NUMBER, read=number_of, fault=READ[name][1]) for name in NUMBERS},
    "asked_at": Plain(kind="VARCHAR", plain=_MOMENT, read=READ["asked_at"][0], fault=READ["asked_at"][1]),
}
"""Each column whose cells stand for themselves."""


def cell_of(text: str | None) -> Any:
    """A cell from its JSON text; a number that is not finite is missing."""
    return None if text is None else json.loads(text, parse_constant=lambda _: None)


@dataclass(slots=True, kw_only=True)
class Tables:
    """The tables beside a file's cells.

    Attributes:
        stage: The cells.
        options: Which columns mean what.
        odd: Columns of which some cells are not plain.
        faults: SQL of what could not be read so far: `n` and `text`.
        alike: SQL that joins `draws` with what its rows drew.
    """

    stage: Stage
    options: ImportOptions
    odd: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    alike: str = "false"

    def columns_of(self, ours: str) -> tuple[str, ...]:
        """What a column of ours is called in `cells`, two names for labels that are two; empty without it."""
        theirs = self.options.mapping[ours]
        if not theirs or theirs[0] not in self.stage.columns:
            return ()
        return tuple(self.stage.columns[name] for name in theirs)

    def make_wanted(self) -> int:
        """The view `wanted`, of the rows that fit `--where`; returns how many they are."""
        fits = []
        for index, (theirs, value) in enumerate(self.options.where):
            matches, cell = Matcher(value), f"coalesce({self.stage.columns[theirs]}, 'null')"
            self.execute(f"CREATE OR REPLACE TABLE fits{index} (cell VARCHAR)")
            for (cells,) in self.batches(f"SELECT DISTINCT {cell} FROM cells"):
                self.insert(f"fits{index}", [each for each in cells if matches(cell_of(each))])
            fits.append(f"{cell} IN (SELECT cell FROM fits{index})")
        self.execute(
            f"CREATE OR REPLACE VIEW wanted AS SELECT * FROM cells WHERE {' AND '.join(fits) or 'true'}"
        )
        return int(self.one("SELECT count(*) FROM wanted"))

    def make_read(self, ours: str) -> None:
        """The table `read_…` of a column's cells that are not plain, where there are any."""
        for column in self.columns_of(ours):
            plain, table = PLAIN[ours], f"read_{ours}"
            self.execute(f"CREATE OR REPLACE TABLE {table} (cell VARCHAR, value {plain.kind}, fault VARCHAR)")
            odd = f"{column} IS NOT NULL AND {plain.plain.format(column)} IS NULL"
            for (texts,) in self.batches(f"SELECT DISTINCT {column} FROM draws WHERE {odd}"):
                cells = [cell_of(text) for text in texts]
                read = reader_of(ours, self.options) if ours in READ else plain.read
                values = [None if cell is None else read(cell) for cell in cells]
                faults = [
                    cell_fault(ours, cell, plain.fault)
                    if plain.fault and value is None and not is_missing(cell)
                    else None
                    for cell, value in zip(cells, values, strict=True)
                ]
                self.insert(table, texts, values, faults)
                self.odd.add(ours)
            if ours in self.odd and ours in AMOUNTS:
                self._check_amounts(ours, column)
            if ours in self.odd and plain.fault:
                self.faults.append(
                    f"SELECT n, fault AS text FROM draws JOIN {table} ON {column} = cell"
                    " WHERE fault IS NOT NULL"
                )

    def _check_amounts(self, ours: str, column: str) -> None:
        """Raise a UsageError if money or times cannot be read."""
        unread = f"FROM draws JOIN read_{ours} ON {column} = cell WHERE fault IS NOT NULL"
        n_cells = self.one(f"SELECT count(*) {unread}")
        if n_cells:
            ((n, cell, fault),) = self.execute(f"SELECT n, cell, fault {unread} ORDER BY n LIMIT 1")
            raise unread_amount(
                self.stage.path,
                f"{self.stage.unit} {n}",
                ours=ours,
                fault=fault,
                n_cells=n_cells,
                comma=ours in NUMBERS and number_of(cell_of(cell), decimal=",") is not None,
            )

    def value(self, ours: str) -> str:
        """SQL of a column's values, in rows of `draws` joined with `joins`."""
        plain = PLAIN[ours]
        value = f"NULL::{plain.kind}"
        for column in self.columns_of(ours):
            value = plain.plain.format(column)
            value = f"coalesce({value}, read_{ours}.value)" if ours in self.odd else value
        return value if plain.most is None else f"left({value}, {plain.most})"

    def joins(self, *columns: str) -> str:
        """SQL that joins `draws` with what is known of their odd cells."""
        odd = [(ours, *self.columns_of(ours)) for ours in columns if ours in self.odd]
        return " ".join(f"LEFT JOIN read_{ours} ON {column} = read_{ours}.cell" for ours, column in odd)

    def problems(self, *, most: int) -> tuple[int, tuple[Problem, ...]]:
        """How much could not be read, and the first of it by line."""
        every = " UNION ALL ".join([*self.faults, "SELECT 0::BIGINT, '' WHERE false"])
        n_problems = int(self.one(f"SELECT count(*) FROM ({every})"))
        first = self.execute(f"SELECT * FROM ({every}) ORDER BY ALL LIMIT {most}") if n_problems else []
        return n_problems, tuple(Problem(line=n, text=text) for n, text in first)

    def execute(self, question: str) -> list[tuple[Any, ...]]:
        """All rows of an answer. A question is put together of our own names: none of the file's, no cell."""
        rows: list[tuple[Any, ...]] = self.stage.database.execute(question).fetchall()
        return rows

    def one(self, question: str) -> Any:
        """The one value that answers a question."""
        ((value,),) = self.execute(question)
        return value

    def batches(self, question: str) -> Iterator[tuple[list[Any], ...]]:
        """The rows that answer a question, some at a time, as columns; others may be asked meanwhile."""
        with self.stage.database.cursor() as cursor:
            for batch in cursor.sql(question).to_arrow_reader(_ROWS_A_BATCH):
                yield tuple(column.to_pylist() for column in batch.columns)

    def stream(self, question: str) -> pa.RecordBatchReader:
        """The rows that answer a question, some at a time, and never all of them in memory."""
        return self.stage.database.sql(question).to_arrow_reader(_ROWS_A_BATCH)

    def insert(self, table: str, *columns: list[Any]) -> None:
        """Append rows, given as columns, to a table."""
        if columns[0]:
            names = [row[0] for row in self.execute(f"DESCRIBE {table}")]
            arrays = [pa.array(column, from_pandas=False) for column in columns]
            rows = pa.table(dict(zip(names, arrays, strict=True)))
            self.stage.database.register("rows_to_insert", rows)
            self.execute(f"INSERT INTO {table} SELECT * FROM rows_to_insert")
            self.stage.database.unregister("rows_to_insert")
