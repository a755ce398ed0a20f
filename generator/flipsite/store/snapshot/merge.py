"""Draws woven into a snapshot: what is new takes its place among what was there.

Tables and files are sorted by model and draw, from the first of them to the last; so is what comes of them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from flipsite.store.snapshot.arrow import dictionary, numbers
from flipsite.store.snapshot.read import readable
from flipsite.store.snapshot.tables import snapshot_tables

Key = tuple[str, int]
"""A row's model and draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReusedFile:
    """A file of a snapshot whose rows all stay, and nothing comes between them.

    Attributes:
        first: Its first row.
        last: Its last row.
        n_draws: Its rows.
        following: The row that comes next, in whatever file; None at the end.
    """

    path: Path
    first: Key
    last: Key
    n_draws: int
    following: Key | None = None


def woven(files: Sequence[Path], new: Iterable[pa.Table]) -> "Iterator[pa.Table | ReusedFile]":
    """The rows of a snapshot and the new ones, in order.

    Args:
        files: The snapshot's.
        new: A row of it replaces the one of the same model and draw in the snapshot.

    Yields:
        Tables of any size, and files as they are.
    """
    news = _Lookahead(new)
    spans = sorted((span for path in files if (span := _span(path))), key=lambda span: span.first)
    for index, span in enumerate(spans):
        yield from news.before(span.first)
        ahead, after = news.key(), spans[index + 1].first if index + 1 < len(spans) else None
        if ahead is None or ahead > span.last:
            nearest = min((key for key in (ahead, after) if key is not None), default=None)
            yield replace(span, following=nearest)
        else:
            model, draw = span.last
            yield from merged(snapshot_tables([span.path]), news.before((model, draw + 1)))
    yield from news.before(None)


def merged(old: Iterable[pa.Table], new: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The rows of two streams of tables, in order; of two rows with one key the new one."""
    olds, news = _Lookahead(old), _Lookahead(new)
    while (here := olds.table()) is not None and (there := news.table()) is not None:
        if key_of(here, -1) < key_of(there, 0):
            yield olds.take(len(here))
        elif key_of(there, -1) < key_of(here, 0):
            yield news.take(len(there))
        else:
            last = min(key_of(here, -1), key_of(there, -1))
            yield _together(olds.take(_rows_to(here, last)), news.take(_rows_to(there, last)))
    yield from olds.before(None)
    yield from news.before(None)


def key_of(table: pa.Table, row: int) -> Key:
    """The key of a row, counted from the end where it is negative."""
    row %= len(table)
    return table["model"][row].as_py(), table["draw"][row].as_py()


class _Lookahead:
    """A stream of tables of which the next rows can be seen."""

    def __init__(self, tables: Iterable[pa.Table]) -> None:
        self._tables = filter(len, tables)
        self._next: pa.Table | None = next(self._tables, None)

    def table(self) -> pa.Table | None:
        """The next rows; None at the end."""
        return self._next

    def key(self) -> Key | None:
        """The next row's key; None at the end."""
        return None if self._next is None else key_of(self._next, 0)

    def take(self, n: int) -> pa.Table:
        """Some of the next table's rows, which are then behind."""
        table: pa.Table = self._next
        self._next = table.slice(n) if n < len(table) else next(self._tables, None)
        return table.slice(0, n)

    def before(self, key: Key | None) -> Iterator[pa.Table]:
        """The rows before a key, or all."""
        while self._next is not None:
            n = len(self._next) if key is None else _rows_before(self._next, key)
            if not n:
                return
            yield self.take(n)


def _span(path: Path) -> ReusedFile | None:
    """A file as if nothing followed; None of a file without rows."""
    with readable(path), pq.ParquetFile(path) as file:
        groups = [index for index in range(file.num_row_groups) if file.metadata.row_group(index).num_rows]
        if not groups:
            return None
        start, end = (file.read_row_group(groups[place], columns=["model", "draw"]) for place in (0, -1))
        n_draws = int(file.metadata.num_rows)
        return ReusedFile(path=path, first=key_of(start, 0), last=key_of(end, -1), n_draws=n_draws)


def _rows_to(table: pa.Table, key: Key) -> int:
    """How many rows of a table go up to a key."""
    return bisect_right(range(len(table)), key, key=lambda row: key_of(table, row))


def _rows_before(table: pa.Table, key: Key) -> int:
    """How many rows of a table come before a key."""
    return bisect_left(range(len(table)), key, key=lambda row: key_of(table, row))


def _together(old: pa.Table, new: pa.Table) -> pa.Table:
    """Two tables as one; of two rows with one key the new one."""
    both = pa.concat_tables([new, old], promote_options="default")
    model, draw = _ranks(both["model"]), numbers(both["draw"], np.int64, missing=-1)
    order = np.lexsort((draw, model))  # equals stay as they come: the new one first
    again = (np.diff(model[order]) == 0) & (np.diff(draw[order]) == 0)
    return both.take(pa.array(order[~np.concatenate([[False], again])]))


def _ranks(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Each row's model as its place among the models' names in order."""
    names, codes = dictionary(column)
    rank = np.empty(len(names), np.int64)
    rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    return rank[codes]
