"""A file read as a small one and as a large one."""

import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from draw_strategies import same

from flipsite.domain.draws import Draws
from flipsite.errors import UsageError
from flipsite.store.imports.columns import ImportOptions, check_columns, parse_options
from flipsite.store.imports.files import read_sheet
from flipsite.store.imports.large import LargeRows, large_rows
from flipsite.store.imports.rows import Rows, rows_of
from flipsite.store.imports.staging import staged
from flipsite.store.snapshot.columns import SCHEMA, draws_table
from flipsite.store.snapshot.read import draws_of_table


def small(path: Path, options: ImportOptions) -> Rows:
    sheet = read_sheet(path, wanted=options.wanted, needed=options.needed)
    check_columns(path, sheet.names, options)
    return rows_of(sheet, options)


def large(path: Path, options: ImportOptions) -> tuple[LargeRows, Draws]:
    with staged(path, wanted=options.wanted, needed=options.needed) as stage:
        check_columns(path, stage.names, options)
        rows = large_rows(stage, options)
        tables = [SCHEMA.empty_table(), *rows.draws(study="s", last={})]
        return rows, draws_of_table("s", pa.concat_tables(tables))


def compare(
    path: Path, *columns: str, where: Sequence[str] = (), labels: str | None = None
) -> LargeRows | None:
    """Read a file both ways, and see to it that nothing differs."""
    options = parse_options(columns, where, labels)
    try:
        expected = small(path, options)
    except UsageError as refused:
        with pytest.raises(UsageError, match=re.escape(str(refused))):
            large(path, options)
        return None
    found, draws = large(path, options)
    assert same(draws, draws_of_table("s", draws_table(expected.draws, study="s")))
    assert (found.reading, found.n_contradictions) == (
        expected.drawn.reading,
        expected.drawn.n_contradictions,
    )
    assert (found.n_filtered, found.n_lost) == (expected.n_filtered, expected.n_lost)
    assert found.numbered == expected.numbered
    assert (found.n_problems, found.problems) == (len(expected.problems), expected.problems[:10])
    return found
