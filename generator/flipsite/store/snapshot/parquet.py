"""The snapshot's file: a study's tidy draws in Parquet.

Equal draws give equal bytes (for one version of pyarrow, which writes its name into the file). Text is UTF-8:
a lone surrogate, which it cannot hold, becomes U+FFFD. A response longer than RESPONSE_CHARACTERS is cut to
that length; the whole answer stays in the private cache. A number that is not finite is written as missing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from flipsite.domain.draws import Draws
from flipsite.files import replacing
from flipsite.store.draws_columns import RESPONSE_CHARACTERS
from flipsite.store.draws_schema import SCHEMA
from flipsite.store.snapshot.arrow import draws_table

FORMAT = 1
"""Of the files written here; a reader refuses a newer one."""

LIBRARY = f"pyarrow {pa.__version__}"
"""The writer's name and version; one version writes equal draws as equal bytes."""

_NOTES = {"flipsite_format": str(FORMAT), "flipsite_response_cut": str(RESPONSE_CHARACTERS)}

ROWS_A_GROUP = 131_072


def write_draws(path: Path, draws: Draws, *, study: str, notes: Mapping[str, str] | None = None) -> None:
    """Write a study's snapshot in place of the one that is there.

    Args:
        path: The snapshot's file; its folder is made where it is missing.
        draws: What to write.
        study: The study's id, which is in each row.
        notes: Further key-value metadata of the file.

    Raises:
        StoreError: If the file cannot be written, or a model's name is no Unicode text.
    """
    with replacing(path) as file:
        write_parquet(file, draws, study=study, notes=notes)


def write_parquet(
    file: BinaryIO, draws: Draws, *, study: str, notes: Mapping[str, str] | None = None
) -> None:
    """Write the draws to an open file, as a snapshot; arguments and errors as for `write_draws`."""
    with parquet_writer(file, notes) as writer:
        writer.write_table(draws_table(draws, study=study), row_group_size=ROWS_A_GROUP)


class SnapshotWriter:
    """Writes tables of the snapshot's columns to an open file; the first one says how wide its codes are."""

    def __init__(self, file: BinaryIO, notes: Mapping[str, str]) -> None:
        self._file, self._notes = file, notes
        self._writer: pq.ParquetWriter | None = None

    def write_table(self, table: pa.Table, *, row_group_size: int) -> None:
        """Write a table's rows, at most `row_group_size` of them a group."""
        writer = self._writer or self._open(table.schema)
        writer.write_table(table.cast(writer.schema), row_group_size=row_group_size)

    def close(self) -> None:
        """Finish the file; without a table it is a snapshot of no draws."""
        (self._writer or self._open(SCHEMA)).close()

    def _open(self, schema: pa.Schema) -> pq.ParquetWriter:
        self._writer = pq.ParquetWriter(
            self._file,
            schema,
            version="2.6",
            compression="zstd",
            compression_level=9,
            data_page_version="1.0",
            write_page_checksum=True,
            store_schema=False,
        )
        self._writer.add_key_value_metadata(self._notes)
        return self._writer


@contextmanager
def parquet_writer(file: BinaryIO, notes: Mapping[str, str] | None) -> Iterator[SnapshotWriter]:
    """Open a writer of the snapshot's columns; the file is finished unless an error ends it."""
    writer = SnapshotWriter(file, {**_NOTES, **(notes or {})})
    yield writer
    writer.close()
