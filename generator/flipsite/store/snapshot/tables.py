"""Draws as a stream of Arrow tables with the snapshot's columns, however many there are.

`draws_frame` makes a pandas frame of them, for a notebook.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from flipsite.domain.draws import Draw, Draws
from flipsite.errors import StoreError
from flipsite.store.draws_schema import SCHEMA, conformed, schema_with
from flipsite.store.snapshot.arrow import draws_table
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.parquet import ROWS_A_GROUP
from flipsite.store.snapshot.read import optional_in, readable

if TYPE_CHECKING:
    import pandas as pd

_AT_ONCE = 8_192
"""Single draws held at a time: they take ten times the memory of their rows in a table."""


def draw_tables(draws: Iterable[Draw], *, study: str, optional: Collection[str] = ()) -> Iterator[pa.Table]:
    """Tables of single draws.

    Args:
        draws: Sorted by model and draw.
        study: The study's id, which is in each row.
        optional: The optional columns that the tables have.

    Raises:
        StoreError: If a draw is there twice or out of order, or a model's name is no Unicode text.
    """
    rows, last = iter(draws), ("", -1)
    while some := list(islice(rows, _AT_ONCE)):
        if (some[0].model, some[0].draw) <= last:
            raise StoreError(f"{some[0].model}: draw {some[0].draw} comes after a later one; sort the draws")
        last = (some[-1].model, some[-1].draw)
        yield draws_table(collect_draws(some, optional=optional), study=study)


def snapshot_tables(files: Sequence[Path]) -> Iterator[pa.Table]:
    """The rows of a snapshot's files as they are there, a group at a time, all with the same columns.

    Raises:
        StoreError: If a file cannot be read, or its columns are not those of a snapshot.
    """
    optional = optional_in(files)
    for path in files:
        with readable(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
            for index in range(file.metadata.num_row_groups):
                yield conformed(file.read_row_group(index, columns=schema_with(optional).names), optional)


def grouped(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows, ROWS_A_GROUP at a time, each group's columns in one piece."""
    waiting: list[pa.Table] = []
    n_waiting = 0
    for table in tables:
        waiting.append(table)
        n_waiting += len(table)
        while n_waiting >= ROWS_A_GROUP:
            n_waiting -= ROWS_A_GROUP
            cut = len(waiting[-1]) - n_waiting
            yield _joined([*waiting[:-1], waiting[-1].slice(0, cut)])
            waiting = [waiting[-1].slice(cut)]
    if n_waiting:
        yield _joined(waiting)


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables in one piece, their codes as wide as the widest."""
    return pa.concat_tables(tables, promote_options="permissive").combine_chunks()


def draws_frame(groups: Iterable[Draws], *, study: str) -> "pd.DataFrame":
    """The tidy draws, one row each, with the columns of `draws.csv` in its order; `asked_at` is UTC."""
    import pandas as pd  # a tenth of a second, only for frames

    # Whole numbers that know a missing one; pandas' other types have NaN, None or NaT.
    whole: dict[Any, Any] = {
        pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int64(): pd.Int64Dtype(),
    }
    tables = [SCHEMA.empty_table(), *(draws_table(draws, study=study) for draws in groups)]
    rows = pa.concat_tables(tables, promote_options="permissive")
    rows = rows.select(schema_with(rows.column_names).names)
    rows = rows.sort_by([("model", "ascending"), ("draw", "ascending")])  # parts of imports share models
    table: pd.DataFrame = rows.to_pandas(types_mapper=whole.get)
    return table.assign(asked_at=pd.to_datetime(table["asked_at"], utc=True, format="ISO8601"))
