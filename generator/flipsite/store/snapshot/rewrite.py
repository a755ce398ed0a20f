"""A snapshot's files under another study's name, and a snapshot without some of its models."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flipsite.files import replacing
from flipsite.project import snapshot_files
from flipsite.store.draws_schema import SCHEMA
from flipsite.store.snapshot.parquet import ROWS_A_GROUP, parquet_writer
from flipsite.store.snapshot.read import (
    REPEATED,
    optional_in,
    read_notes,
    read_repeated,
    readable,
    repeated_note,
)
from flipsite.store.snapshot.shards import STUDY
from flipsite.store.snapshot.tables import snapshot_tables
from flipsite.store.snapshot.write import replace_snapshot


def rename_rows(path: Path, *, study: str) -> None:
    """Write a new study id into the rows and the notes of a snapshot's file, in place.

    A file of others, without the column `study`, stays as it is.

    Raises:
        StoreError: If the file cannot be read or written; it is then as it was.
    """
    with readable(path), pq.ParquetFile(path) as file:
        if "study" not in file.schema_arrow.names:
            return
    notes = _own_notes(path)
    if STUDY in notes:
        notes[STUDY] = study
    with replacing(path) as out, parquet_writer(out, notes) as writer:
        place, field = SCHEMA.names.index("study"), SCHEMA.field("study")
        for table in snapshot_tables([path]):
            name = pa.repeat(pa.scalar(study), len(table)).cast(field.type)
            writer.write_table(table.set_column(place, field, name), row_group_size=ROWS_A_GROUP)


def drop_model(folder: Path, model: str) -> int:
    """Write a study's snapshot again without a model, whole or not at all.

    Returns:
        How many draws were dropped.

    Raises:
        StoreError: If the snapshot cannot be read or written; what was there is as it was.
    """
    files = snapshot_files(folder)
    n_dropped = 0

    def rest() -> Iterator[pa.Table]:
        nonlocal n_dropped
        for table in snapshot_tables(files):
            kept = table.filter(pc.not_equal(table["model"], model))
            n_dropped += len(table) - len(kept)
            if len(kept):
                yield kept

    if not files:
        return 0
    repeated = {name: n for name, n in read_repeated(files[0]).items() if name != model}
    notes = {key: text for key, text in _own_notes(files[0]).items() if key != REPEATED} | repeated_note(
        repeated
    )
    if not replace_snapshot(folder, rest(), notes=notes, optional=optional_in(files)):
        for path in files:  # it held nothing else
            path.unlink()
    return n_dropped


def _own_notes(path: Path) -> dict[str, str]:
    """The notes of a file, without those that its writer adds by itself."""
    reserved = ("flipsite_format", "flipsite_response_cut", "ARROW:schema", "pandas")
    return {key: text for key, text in read_notes(path).items() if key not in reserved}
