"""A file read as a small one, and as one that does not fit into memory."""

import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow as pa
import pytest
from tests.store.draw_strategies import same

from flipsite.domain.draws import Draws
from flipsite.errors import UsageError
from flipsite.store.draws_schema import SCHEMA
from flipsite.store.imports import csv, sheet
from flipsite.store.imports.columns import ImportOptions, match_case, parse_options
from flipsite.store.imports.rows import Rows, rows_of
from flipsite.store.imports.sheet import read_sheet
from flipsite.store.snapshot.read import draws_of_table


def read(
    path: Path, options: ImportOptions, *, most_bytes: int = sheet.MOST_BYTES, rows_a_run: int = 10**6
) -> tuple[Rows, Draws]:
    """All draws of a file, with their own numbers."""
    with read_sheet(path, options, most_bytes=most_bytes) as found:
        spelled, _ = match_case(options, found.names)
        rows = rows_of(found, spelled, rows_a_run=rows_a_run)
        with closing(rows.runs):
            tables = rows.runs.tables(study="s", shift=np.zeros(len(rows.models), np.int64), rows=rows_a_run)
            return rows, draws_of_table("s", pa.concat_tables([SCHEMA.empty_table(), *tables]))


def large(path: Path, options: ImportOptions) -> tuple[Rows, Draws]:
    """The same in pieces of a few rows, all of them on disk, in runs of two rows or so."""
    with mock.patch.object(sheet, "ROWS_A_BATCH", 2), mock.patch.object(csv, "_BLOCK", 40):
        return read(path, options, most_bytes=0, rows_a_run=2)


def compare(path: Path, *columns: str, where: Sequence[str] = (), labels: str | None = None) -> Rows | None:
    """Read a file both ways, and see to it that nothing differs."""
    options = parse_options(columns, where, labels)
    try:
        expected, draws = read(path, options)
    except UsageError as refused:
        with pytest.raises(UsageError, match=re.escape(str(refused))):
            large(path, options)
        return None
    found, pieced = large(path, options)
    assert same(pieced, draws)
    assert (found.reading, found.n_contradictions) == (expected.reading, expected.n_contradictions)
    assert (found.n_filtered, found.n_lost) == (expected.n_filtered, expected.n_lost)
    assert found.numbered == expected.numbered
    assert (found.problems.n, found.problems.first) == (expected.problems.n, expected.problems.first)
    return found
