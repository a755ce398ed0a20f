"""Read a snapshot: a study's tidy draws, whole or a group of rows at a time, everything in it checked."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from flipsite.domain.draws import (
    OPTIONAL,
    OPTIONAL_NUMBERS,
    OPTIONAL_TEXTS,
    STATUSES,
    Codes,
    Draws,
    Status,
    probabilities_of,
)
from flipsite.errors import StoreError
from flipsite.project import PARTS, SNAPSHOT
from flipsite.store.draws_columns import COUNTS, NUMBERS, RESPONSE_CHARACTERS, TEXTS
from flipsite.store.draws_schema import is_code, schema_with
from flipsite.store.snapshot.arrow import (
    dictionary,
    numbers,
    text_bytes,
    texts,
)
from flipsite.store.snapshot.parquet import FORMAT

REPEATED = "flipsite_repeated"
"""The note on answers whose id and body had come before."""

MOST_HELD = 500_000
"""Draws that are read whole: a gigabyte of memory, and a hundred megabytes of CSV. Of more, counts are."""

MOST_UNPACKED_BYTES = 1 << 30
"""Of a snapshot that is read whole, as its own footer states it."""

MOST_TEXT_BYTES = 200_000_000
"""Text of the draws that are held at a time, as it is published: half a million answers of 400 letters."""

LONGEST_TEXT = 1_000_000
"""Characters of any other text than an answer, which is cut; the sum is bounded with it."""

MOST_MODELS = 50_000
"""Of a study that is read whole; each has a page."""

LONGEST_MODEL = 1_000
"""Characters of a model's name, which is on many pages."""

_NOTHING = "__HIVE_DEFAULT_PARTITION__"
"""Hive's name of the folder of rows without a value."""


def read_draws(path: Path) -> Draws:
    """Read a study's snapshot.

    Raises:
        StoreError: If there is none, it is damaged, a column is missing or is not what it should be, or a
            newer flipsite wrote it.
    """
    with readable(path):
        draws = draws_of_table(path, _read_table(path))
    pa.default_memory_pool().release_unused()  # a fifth of a small build's memory otherwise
    return draws


def read_groups(files: Sequence[Path]) -> Iterator[Draws]:
    """Read a snapshot of any size, a group of rows at a time, each sorted; errors as for `read_draws`."""
    optional = optional_in(files)
    schema = schema_with(optional)
    for path in files:
        there = {name: text for name, text in partition_of(path).items() if name in schema.names}
        names = [name for name in schema.names if name not in {*there, "study"}]
        with readable(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
            for index in range(file.metadata.num_row_groups):
                table = file.read_row_group(index, columns=names)
                for name, text in there.items():
                    value = pa.scalar(None if text == _NOTHING else text).cast(schema.field(name).type)
                    table = table.append_column(name, pa.repeat(value, len(table)))
                for name in optional.difference(table.column_names):
                    table = table.append_column(name, pa.nulls(len(table), schema.field(name).type))
                yield draws_of_table(path, table.sort_by([("model", "ascending"), ("draw", "ascending")]))


def read_notes(path: Path) -> dict[str, str]:
    """The key-value metadata of a snapshot; errors as for `read_draws`."""
    with readable(path), pq.ParquetFile(path) as file:
        notes = file.metadata.metadata or {}
        check_format(path, notes)
        return {key.decode(): value.decode() for key, value in notes.items()}


def repeated_note(repeated: Mapping[str, int]) -> dict[str, str]:
    """The note of a snapshot on answers that came before, by model; none where there were none."""
    return {REPEATED: json.dumps(repeated, ensure_ascii=True)} if repeated else {}


def read_repeated(path: Path) -> dict[str, int]:
    """How many answers of each model came with an id and a body that had come before, as a snapshot notes it.

    Raises:
        StoreError: As for `read_draws`, or if the note is damaged.
    """
    with readable(path):
        noted = json.loads(read_notes(path).get(REPEATED, "{}"))
        if not isinstance(noted, dict) or not all(type(n) is int and n > 0 for n in noted.values()):
            raise ValueError(f"{REPEATED} is no count by model")
        return noted


def n_draws(path: Path) -> int:
    """How many draws a Parquet file of tidy draws holds, by its metadata alone.

    Raises:
        StoreError: As for `read_draws`; the values themselves are not looked at.
    """
    with readable(path), pq.ParquetFile(path) as file:
        check_format(path, file.metadata.metadata or {})
        _check_columns(path, file)
        return int(file.metadata.num_rows)


def is_large(files: Sequence[Path]) -> bool:
    """Whether a snapshot is not read whole: it is in parts, or holds more than MOST_HELD draws."""
    return len(files) > 1 or (len(files) == 1 and n_draws(files[0]) > MOST_HELD)


def optional_in(files: Sequence[Path]) -> frozenset[str]:
    """The optional columns that any of a snapshot's files has; errors as for `n_draws`."""
    found: set[str] = set()
    for path in files:
        n_draws(path)  # its error names the fault of a file
        with readable(path), pq.ParquetFile(path) as file:
            found.update(file.schema_arrow.names, partition_of(path))
    return frozenset(OPTIONAL) & found


def partition_of(path: Path) -> dict[str, str]:
    """The values that a part's folders give all its rows, as Hive writes them: `model=a%2Fb`."""
    pairs = (folder.partition("=") for folder in path.parent.parts if "=" in folder)
    return {key: unquote(value) for key, _, value in pairs}


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """The possible faults of a snapshot's file, in our words."""
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(
            f"{path}: no draws yet; run `flipsite collect` or `flipsite import` first"
        ) from error
    except (
        OSError,
        ValueError,
        LookupError,
        MemoryError,
        pa.ArrowException,
    ) as error:  # all seen of bad footers
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        remedy = "restore it from version control or make it again"
        raise StoreError(f"{path}: cannot be read as a snapshot ({reason}); {remedy}") from error


def _read_table(path: Path) -> pa.Table:
    """All columns; those of text as dictionaries, for what is said often need be held but once."""
    with pq.ParquetFile(path) as file:
        known = file.metadata
        check_format(path, known.metadata or {})
        _check_columns(path, file)
        _check_unpacked(path, file)
        optional = set(OPTIONAL).intersection(file.schema_arrow.names)
    names = [name for name in schema_with(optional).names if name != "study"]
    dictionaries = ["model", "status", *TEXTS, *optional.intersection(OPTIONAL_TEXTS)]
    with pq.ParquetFile(
        path, metadata=known, read_dictionary=dictionaries, page_checksum_verification=True
    ) as file:
        return file.read(columns=names, use_threads=False)  # each thread keeps memory of its own


def draws_of_table(path: Path | str, table: pa.Table) -> Draws:
    """Draws of a table with the snapshot's columns, sorted by model and draw.

    Raises:
        StoreError: If a column holds what no snapshot may; `path` is then named as its source.
    """
    draws = _draws(path, table)
    _check(path, draws)
    return draws


def _draws(path: Path | str, table: pa.Table) -> Draws:
    for name in ("model", "draw", "status"):
        if table[name].null_count:
            raise StoreError(f"{path}: the column {name!r} has a row without a value; make the snapshot anew")
    _check_size(path, table)
    models, starts = _model_runs(path, table)
    columns: dict[str, Any] = {
        name: texts(table[name], longest=RESPONSE_CHARACTERS if name == "response" else None)
        for name in (*TEXTS, *(name for name in OPTIONAL_TEXTS if name in table.column_names))
    }
    columns |= {name: numbers(table[name], np.int64, missing=np.nan) for name in COUNTS}
    floats = (*NUMBERS, *(name for name in OPTIONAL_NUMBERS if name in table.column_names))
    columns |= {name: numbers(_as_floats(table[name]), np.float64, missing=np.nan) for name in floats}
    return Draws(
        models=models,
        starts=starts,
        draw=numbers(table["draw"], np.int64, missing=-1),
        outcome=_codes(table["outcome"]),
        status=_status_codes(path, table),
        order=_codes(table["order"]),
        **columns,
    )


def _as_floats(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column in double precision; Arrow's own cast imports more than the reading costs."""
    return column if column.type == pa.float64() else column.cast(pa.float64())


def _codes(column: pa.ChunkedArray) -> Codes:
    kind = np.int16 if column.type == pa.int16() else np.int8
    return numbers(column, kind, missing=-1).astype(np.int16)


def _check_size(path: Path | str, table: pa.Table) -> None:
    """Refuse a table whose texts, a repeated one written out each time, are more than a site should hold."""
    found = sum(
        text_bytes(table[name], longest=RESPONSE_CHARACTERS if name == "response" else LONGEST_TEXT)
        for name in ("model", *TEXTS, *OPTIONAL_TEXTS)
        if name in table.column_names
    )
    if found > MOST_TEXT_BYTES:
        raise StoreError(
            f"{path}: unpacks to {found / 1e6:,.0f} MB of text, of which {MOST_TEXT_BYTES / 1e6:,.0f} MB can "
            "be published; if you trust it, split it into parts or into several studies"
        )


def _check_unpacked(path: Path, file: pq.ParquetFile) -> None:
    """Refuse a file that says itself that it unpacks to more than can be held."""
    groups = (file.metadata.row_group(index) for index in range(file.metadata.num_row_groups))
    size = sum(group.total_byte_size for group in groups)
    if size > MOST_UNPACKED_BYTES:
        raise StoreError(
            f"{path}: unpacks to {size / 1e6:,.0f} MB, of which {MOST_UNPACKED_BYTES / 1e6:,.0f} MB can be "
            "read; make the snapshot anew, in parts"
        )


def check_format(path: Path, notes: dict[bytes, bytes]) -> None:
    """See to it that a file is a snapshot of a format that is known, or another program's part."""
    found = notes.get(b"flipsite_format", b"").decode("ascii", "replace")
    if not found and (path.name != SNAPSHOT or path.parent.name == PARTS or partition_of(path)):
        return  # a part that another program wrote: its columns are checked
    if not found.isdecimal():
        raise StoreError(
            f"{path}: no snapshot of flipsite's; bring it in with `flipsite import FILE --study ID`"
        )
    if int(found) > FORMAT:
        raise StoreError(f"{path}: written by a newer flipsite (format {found}); upgrade flipsite to read it")


def _check_columns(path: Path, file: pq.ParquetFile) -> None:
    found = {column.name: column for column in file.schema_arrow}
    for field in schema_with(OPTIONAL):
        if field.name in partition_of(path) or (field.name in OPTIONAL and field.name not in found):
            continue
        if field.name not in found:
            raise StoreError(f"{path}: the column {field.name!r} is missing; make the snapshot anew")
        kind = found[field.name].type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if kind != field.type and not is_code(field.name, kind):
            raise StoreError(
                f"{path}: the column {field.name!r} is {kind}, not {field.type}; make the snapshot anew"
            )


def _check(path: Path | str, draws: Draws) -> None:
    """The promises of `Draws` that a file can break."""
    valid = draws.status == STATUSES.index(Status.VALID)
    most = draws.n_outcomes
    within = np.ones(max(len(draws) - 1, 0), bool)
    within[draws.starts[1:-1] - 1] = False
    rows = np.array([text is not None for text in draws.sequence or ()] or [False] * len(draws), bool)
    declined = np.zeros(len(draws), bool) if draws.accepted is None else draws.accepted == 0
    faults = {
        "draw": bool(np.any(draws.draw < 0)) or bool(np.any(within & (np.diff(draws.draw) <= 0))),
        "order": bool(np.any((draws.order < -1) | (draws.order >= most))),
        "outcome": bool(
            np.any(
                (draws.outcome < -1)
                | (draws.outcome >= most)
                | (valid != ((draws.outcome >= 0) | rows | declined))
            )
        ),
        "sequence": bool(np.any(rows & (draws.outcome >= 0))) or not _are_rows(draws.sequence, most),
        "p_labels": not _are_probabilities(draws.p_labels, most),
        "p_cover": draws.p_cover is not None and bool(np.any((draws.p_cover < 0) | (draws.p_cover > 1))),
    }
    for column, broken in faults.items():
        if broken:
            raise StoreError(
                f"{path}: the column {column!r} holds what no snapshot may; make the snapshot anew"
            )


def _are_rows(sequences: Sequence[str | None] | None, n_outcomes: int) -> bool:
    """Whether each text is a row of at least two indices of outcomes."""
    known = set(map(str, range(n_outcomes)))
    rows = [text.split(" ") for text in set(sequences or ()) if text is not None]
    return all(len(row) > 1 and known.issuperset(row) for row in rows)


def _are_probabilities(cells: Sequence[str | None] | None, n_outcomes: int) -> bool:
    """Whether each text is a list of a probability, or null, for each outcome."""
    lists = [probabilities_of(text) for text in set(cells or ()) if text is not None]
    return all(p is not None and len(p) == n_outcomes for p in lists)


def _model_runs(path: Path | str, table: pa.Table) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    names, codes = dictionary(table["model"])
    changes = np.flatnonzero(np.diff(codes)) + 1
    starts = np.concatenate([[0], changes, [len(codes)]]) if len(codes) else np.zeros(1)
    models = tuple(names[code] for code in codes[starts[:-1].astype(np.int64)].tolist())
    if any(a >= b for a, b in pairwise(models)):
        raise StoreError(f"{path}: the column 'model' is not in order; make the snapshot anew")
    if len(models) > MOST_MODELS or any(len(name) > LONGEST_MODEL for name in models):
        raise StoreError(
            f"{path}: has {len(models):,} models, or one with a name of more than {LONGEST_MODEL:,} letters; "
            f"a study may have {MOST_MODELS:,}"
        )
    return models, starts.astype(np.int64)


def _status_codes(path: Path | str, table: pa.Table) -> NDArray[np.int8]:
    names, codes = dictionary(table["status"])
    unknown = sorted(set(names) - set(STATUSES))
    if unknown:
        raise StoreError(
            f"{path}: the column 'status' holds {unknown[0]!r}; it may be one of {', '.join(STATUSES)}"
        )
    place = np.array([STATUSES.index(Status(name)) for name in names], np.int8)
    return place[codes] if len(codes) else np.zeros(0, np.int8)
