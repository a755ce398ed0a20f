"""Draws as an Arrow table, and Arrow's columns as numpy's."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flipsite.domain.columns import TextColumn
from flipsite.domain.draws import OPTIONAL_NUMBERS, OPTIONAL_TEXTS, STATUSES, Draws
from flipsite.errors import StoreError
from flipsite.store.draws_columns import COUNTS, NUMBERS, RESPONSE_CHARACTERS, TEXTS, unicode_text
from flipsite.store.draws_schema import schema_with
from flipsite.store.snapshot.assemble import model_column

_NARROW = 128
"""Of more outcomes than this, the columns of their indices are 16 bits wide."""

_EXACT = 2**53
"""Whole numbers beyond this are not exact in a float64 column."""


def draws_table(draws: Draws, *, study: str) -> pa.Table:
    """The draws as an Arrow table: what the snapshot and the Parquet export hold."""
    optional = draws.optional_columns
    schema = schema_with(optional, wide=draws.n_outcomes > _NARROW)
    model = model_column(draws)
    try:
        columns = {
            "study": pa.array([study] * len(model), pa.string()),
            "model": pa.array(model, pa.string()),
        }
    except UnicodeEncodeError as error:
        raise StoreError(
            f"{error.object!r}: a name with a lone surrogate cannot be stored; leave that model out"
        ) from error
    columns["draw"] = pa.array(draws.draw, pa.int64())
    for name in (*TEXTS, *(name for name in OPTIONAL_TEXTS if name in optional)):
        columns[name] = _text_array(getattr(draws, name))
    columns["response"] = _text_array(_cut(draws.response))
    for name in ("order", "outcome"):
        codes = getattr(draws, name)
        columns[name] = pa.array(codes, schema.field(name).type, mask=codes < 0)
    columns["status"] = pa.DictionaryArray.from_arrays(pa.array(draws.status), pa.array(STATUSES)).cast(
        pa.string()
    )
    for name in COUNTS:
        columns[name] = _count_array(getattr(draws, name), name)
    for name in (*NUMBERS, *(name for name in OPTIONAL_NUMBERS if name in optional)):
        values = getattr(draws, name)
        numbers_of = pa.array(values, pa.float64(), mask=~np.isfinite(values))
        columns[name] = numbers_of.cast(schema.field(name).type)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def dictionary(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct values of a text column without nulls, and each row's index into them.

    Raises:
        ValueError: If an index leads nowhere, as in a file without checksums that was damaged.
    """
    names, codes = _coded(column if pa.types.is_dictionary(column.type) else column.dictionary_encode())
    return names, codes.astype(np.int64)


def _coded(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int32]]:
    """A dictionary column's distinct values, and each row's index into them; of a null one beyond them."""
    column = column.unify_dictionaries()
    names: list[str] = column.chunk(0).dictionary.to_pylist() if column.num_chunks else []
    codes = numbers(
        pa.chunked_array([chunk.indices for chunk in column.chunks], pa.int32()),
        np.int32,
        missing=len(names),
    )
    most = len(names) - (not column.null_count)
    if len(codes) and not 0 <= codes.min() <= codes.max() <= most:
        raise ValueError("an index beyond the end of its dictionary")
    return names, codes


def numbers(column: pa.ChunkedArray, kind: type[Any], *, missing: float) -> NDArray[Any]:
    """A column of numbers as numpy's, with `missing` for null; NaN makes it float64.

    A column of one and the same number holds it once and is read-only. Arrow's own ways to numpy import
    pandas where it is installed, which costs more than the reading.
    """
    shown: type[Any] = np.float64 if np.isnan(missing) else kind
    parts = [np.zeros(0, shown)]
    for chunk in column.chunks:
        values = _values(chunk, kind).astype(shown)
        if chunk.null_count:
            present = np.frombuffer(chunk.buffers()[0], np.uint8)
            bits = np.unpackbits(present, bitorder="little")[chunk.offset : chunk.offset + len(chunk)]
            values[bits == 0] = missing
        parts.append(values)
    found = np.concatenate(parts)
    bits = found.view(f"i{found.itemsize}")  # which are equal for NaN too
    return np.broadcast_to(found[:1].copy(), found.shape) if len(bits) and (bits == bits[0]).all() else found


def texts(column: pa.ChunkedArray, *, longest: int | None = None) -> Sequence[str | None]:
    """A text column's values, cut to `longest`, None where missing; a dictionary's are held once."""
    if not pa.types.is_dictionary(column.type):
        found: list[str | None] = column.to_pylist()
        return [value and value[:longest] for value in found] if longest else found
    names, codes = _coded(column)
    missing = [None] if column.null_count else []
    return TextColumn([*(name and name[:longest] for name in names), *missing], codes)


def text_bytes(column: pa.ChunkedArray, *, longest: int) -> int:
    """Bytes of a text column written out, each value counted up to `longest` characters of four bytes."""
    total = 0
    for chunk in column.chunks:
        plain = chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk
        offsets = np.frombuffer(plain.buffers()[1], np.int32, offset=4 * plain.offset, count=len(plain) + 1)
        lengths = np.minimum(np.diff(offsets), 4 * longest)
        if plain is not chunk:
            places = numbers(pa.chunked_array([chunk.indices]), np.int32, missing=-1)
            lengths = np.append(lengths, 0)[places]
        total += int(lengths.sum(dtype=np.int64))
    return total


def _values(chunk: pa.Array, kind: type[Any]) -> NDArray[Any]:
    offset = chunk.offset * np.dtype(kind).itemsize
    return np.frombuffer(chunk.buffers()[1], kind, count=len(chunk), offset=offset)


def _text_array(values: Sequence[str | None]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        return pa.array([value and unicode_text(value) for value in values], pa.string())


def _cut(values: Sequence[str | None]) -> Sequence[str | None]:
    if any(value is not None and len(value) > RESPONSE_CHARACTERS for value in values):
        return [value and value[:RESPONSE_CHARACTERS] for value in values]
    return values


def _count_array(values: NDArray[np.float64], name: str) -> pa.Array:
    missing = ~np.isfinite(values)
    whole = np.where(missing, 0.0, values)
    if np.any((whole != np.floor(whole)) | (np.abs(whole) > _EXACT)):
        raise StoreError(
            f"the column {name!r} holds a count that is no whole number; correct it at its source"
        )
    return pa.array(whole.astype(np.int64), pa.int64(), mask=missing)
