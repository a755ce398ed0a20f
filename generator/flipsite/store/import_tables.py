"""What the cells of a large file mean, in tables beside them: read once for all rows that have the same.

A cell that is a plain number, text or time is read by DuckDB in SQL. Any other is read here, by the reader
that a small file has, and stands in a table with its value, or why it has none.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from flipsite.store.columns import COUNTS, NUMBERS, RESPONSE_CHARACTERS
from flipsite.store.import_cells import number_of, text_of, whole_of
from flipsite.store.import_columns import ImportOptions, Matcher
from flipsite.store.import_rows import LONGEST_WORD, READ, WORDS, Problem, cell_fault
from flipsite.store.import_stage import Stage

Read = Callable[[Any], Any]

_BATCH = 65_536
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
                values = [None if cell is None else plain.read(cell) for cell in cells]
                faults = [
                    cell_fault(ours, cell, plain.fault)
                    if plain.fault and value is None and cell is not None and str(cell).strip()
                    else None
                    for cell, value in zip(cells, values, strict=True)
                ]
                self.insert(table, texts, values, faults)
                self.odd.add(ours)
            if ours in self.odd and plain.fault:
                self.faults.append(
                    f"SELECT n, fault AS text FROM draws JOIN {table} ON {column} = cell"
                    " WHERE fault IS NOT NULL"
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
            for batch in cursor.sql(question).to_arrow_reader(_BATCH):
                yield tuple(column.to_pylist() for column in batch.columns)

    def stream(self, question: str) -> pa.RecordBatchReader:
        """The rows that answer a question, some at a time, and never all of them in memory."""
        return self.stage.database.sql(question).to_arrow_reader(_BATCH)

    def insert(self, table: str, *columns: list[Any]) -> None:
        """Append rows, given as columns, to a table."""
        if columns[0]:
            names = [row[0] for row in self.execute(f"DESCRIBE {table}")]
            arrays = [pa.array(column, from_pandas=False) for column in columns]
            rows = pa.table(dict(zip(names, arrays, strict=True)))
            self.stage.database.register("rows_to_insert", rows)
            self.execute(f"INSERT INTO {table} SELECT * FROM rows_to_insert")
            self.stage.database.unregister("rows_to_insert")
