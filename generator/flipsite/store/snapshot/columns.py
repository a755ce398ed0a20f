"""Draws put together column by column: sorted, counted, and checked for doubles.

Draws as an Arrow table, and Arrow's columns as numpy's: the tidy columns of the design, typed.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flipsite.domain.draws import (
    OPTIONAL,
    OPTIONAL_CODES,
    OPTIONAL_NUMBERS,
    OPTIONAL_TEXTS,
    STATUSES,
    Declined,
    Draw,
    Draws,
    Failed,
    Outcome,
    OutcomeSequence,
    Rejected,
    Status,
)
from flipsite.errors import StoreError

TEXTS = ("labels", "response", "finish_reason", "provider", "mode", "asked_at")
"""Columns of `Draws` that are text, None where missing."""

CODES = ("outcome", "status", "order")
"""Columns of `Draws` that are small codes, -1 where missing."""

COUNTS = ("prompt_tokens", "completion_tokens", "reasoning_tokens")
"""Columns of `Draws` that are whole numbers kept as float64, NaN where missing."""

NUMBERS = ("cost_usd", "latency_s")
"""Columns of `Draws` that are float64, NaN where missing."""

RESPONSE_CHARACTERS = 4_000
"""A longer response is cut to this many characters in the snapshot."""

STATUS_CODE = {status: code for code, status in enumerate(STATUSES)}


def labels_text(labels: Sequence[str]) -> str:
    """A pair of labels as it stands in a file: `["0","1"]`."""
    return _labels_text(tuple(labels))


@lru_cache(maxsize=1024)  # most studies have one
def _labels_text(labels: tuple[str, ...]) -> str:
    return json.dumps(list(labels), ensure_ascii=False, separators=(",", ":"))


def brief(draw: Draw) -> Draw:
    """The draw without what the snapshot has no room for: thousands of long ones would not fit in memory."""
    if draw.response is None or len(draw.response) <= RESPONSE_CHARACTERS:
        return draw
    return replace(draw, response=draw.response[:RESPONSE_CHARACTERS])


def assemble(model: Sequence[str], draw: NDArray[np.int64], columns: dict[str, Any]) -> Draws:
    """Sort rows by model (code point) and draw into the snapshot in memory.

    Args:
        model: Each row's model.
        draw: Each row's index within its model.
        columns: The other columns of `Draws`, as they are in it.

    Raises:
        StoreError: If a model has two draws of one index.
    """
    models, code = _coded(model)
    order = np.lexsort((draw, code))
    code, draw = code[order], draw[order]
    double = np.flatnonzero((code[1:] == code[:-1]) & (draw[1:] == draw[:-1]))
    if double.size:
        row = int(double[0])
        raise StoreError(f"{models[code[row]]}: draw {draw[row]} is there twice; keep one of the two")
    return Draws(
        models=models,
        starts=np.searchsorted(code, np.arange(len(models) + 1)).astype(np.int64),
        draw=draw,
        **{name: _taken(column, order) for name, column in columns.items()},
    )


def collect_draws(draws: Iterable[Draw], *, optional: Collection[str] | None = None) -> Draws:
    """The tidy columns of single draws, whatever order they come in.

    Args:
        draws: The rows.
        optional: The optional columns to hold; None for those that these draws have a use for.

    Raises:
        StoreError: If a model has two draws of one index.
    """
    rows = list(draws)
    if optional is None:
        optional = _used_columns(rows)
    columns: dict[str, Any] = {
        name: [getattr(row, name) for row in rows]
        for name in (*TEXTS, *(name for name in OPTIONAL_TEXTS if name in optional))
        if name != "labels"
    }
    columns["labels"] = [labels_text(row.labels) for row in rows]
    columns["order"] = np.array([row.order for row in rows], np.int16)
    columns["outcome"] = np.array([_outcome(row) for row in rows], np.int16)
    columns["status"] = np.array([STATUS_CODE[_status(row)] for row in rows], np.int8)
    for name in (*COUNTS, *NUMBERS, *(name for name in OPTIONAL_NUMBERS if name in optional)):
        columns[name] = np.array([getattr(row, name) for row in rows], np.float64)
    return assemble([row.model for row in rows], np.array([row.draw for row in rows], np.int64), columns)


def _used_columns(rows: Sequence[Draw]) -> tuple[str, ...]:
    """The optional columns that some draws have a use for."""
    used = {
        "sequence": any(isinstance(row.result, OutcomeSequence) for row in rows),
        "served_model": any(served_otherwise(row.model, row.served_model) for row in rows),
        **dict.fromkeys(("p_labels", "p_cover"), any(row.probabilities for row in rows)),
        **dict.fromkeys(OPTIONAL_CODES, any(row.proposed is not None for row in rows)),
        "seed_text": any(row.seed_text is not None for row in rows),
    }
    return tuple(name for name in OPTIONAL if used[name])


def served_otherwise(model: str, served_model: str | None) -> bool:
    """Whether an answer names another model than the one that was asked."""
    return served_model is not None and served_model != model


def appended(draws: Draws, more: Draws) -> Draws:
    """Both sets of draws as one.

    Raises:
        StoreError: If a model has two draws of one index.
    """
    columns: dict[str, Any] = {name: [*getattr(draws, name), *getattr(more, name)] for name in TEXTS}
    for name in draws.optional_columns | more.optional_columns:
        both = [*_optional(draws, name), *_optional(more, name)]
        columns[name] = np.array(both, np.float64) if name in OPTIONAL_NUMBERS else both
    for name in (*CODES, *COUNTS, *NUMBERS):
        columns[name] = np.concatenate([getattr(draws, name), getattr(more, name)])
    names = model_column(draws) + model_column(more)
    return assemble(names, np.concatenate([draws.draw, more.draw]), columns)


def _optional(draws: Draws, name: str) -> Sequence[str | float | None]:
    """An optional column, without values where the draws lack it."""
    values: Sequence[str | float | None] | None = getattr(draws, name)
    return [None] * len(draws) if values is None else values


def model_column(draws: Draws) -> list[str]:
    """The model of each row."""
    lengths = np.diff(draws.starts).tolist()
    return [name for name, n in zip(draws.models, lengths, strict=True) for _ in range(n)]


def _coded(model: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    models = tuple(sorted(set(model)))
    index = {name: code for code, name in enumerate(models)}
    return models, np.fromiter((index[name] for name in model), np.int64, count=len(model))


def without_models(draws: Draws, left_out: Callable[[str], bool]) -> Draws:
    """The draws without some models; the same object where none is left out."""
    dropped = [index for index, model in enumerate(draws.models) if left_out(model)]
    return without_rows(
        draws,
        np.flatnonzero(np.isin(np.repeat(np.arange(len(draws.models)), np.diff(draws.starts)), dropped)),
    )


def without_rows(draws: Draws, dropped: NDArray[np.int64]) -> Draws:
    """The draws without some rows, and without models that have no other; the same object without any."""
    if not len(dropped):
        return draws
    return repeated_rows(draws, np.delete(np.arange(len(draws)), dropped))


def repeated_rows(draws: Draws, rows: NDArray[np.int64]) -> Draws:
    """Some rows of the draws, each as often as it is named, in order; models without a row are gone."""
    model = np.repeat(np.arange(len(draws.models)), np.diff(draws.starts))[rows]
    sizes = np.bincount(model, minlength=len(draws.models))
    columns: dict[str, Any] = {
        field.name: None if (column := getattr(draws, field.name)) is None else _taken(column, rows)
        for field in fields(draws)
        if field.name not in ("models", "starts")
    }
    return Draws(
        models=tuple(name for name, n in zip(draws.models, sizes.tolist(), strict=True) if n),
        starts=np.concatenate([[0], np.cumsum(sizes[sizes > 0])]).astype(np.int64),
        **columns,
    )


def _taken(column: Any, order: NDArray[np.int64]) -> Any:
    return column[order] if isinstance(column, np.ndarray) else [column[row] for row in order.tolist()]


def _outcome(draw: Draw) -> int:
    return draw.result.index if isinstance(draw.result, Outcome) else -1


def _status(draw: Draw) -> Status:
    match draw.result:
        case Outcome() | OutcomeSequence() | Declined():
            return Status.VALID
        case Rejected(status=status):
            return status
        case Failed():
            return Status.ERROR


SCHEMA = pa.schema(
    [
        pa.field("study", pa.string(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("draw", pa.int64(), nullable=False),
        ("labels", pa.string()),
        ("order", pa.int8()),
        ("outcome", pa.int8()),
        pa.field("status", pa.string(), nullable=False),
        ("response", pa.string()),
        ("finish_reason", pa.string()),
        ("provider", pa.string()),
        ("mode", pa.string()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("reasoning_tokens", pa.int64()),
        ("cost_usd", pa.float64()),
        ("latency_s", pa.float64()),
        ("asked_at", pa.string()),
    ]
)
"""The tidy draws of the design that every study has, in its order."""

_OPTIONAL_FIELDS = (
    ("outcome", pa.field("sequence", pa.string())),
    ("provider", pa.field("served_model", pa.string())),
    ("mode", pa.field("seed_text", pa.string())),
    ("mode", pa.field("accepted", pa.int8())),
    ("mode", pa.field("proposed", pa.int8())),
    ("mode", pa.field("p_cover", pa.float64())),
    ("mode", pa.field("p_labels", pa.string())),
)
"""Optional columns, each behind one that is always there; the last of those behind the same comes first."""

_NARROW = 128
"""Of more outcomes than this, the columns of their indices are 16 bits wide."""

WIDE_SCHEMA = pa.schema(
    [pa.field(each.name, pa.int16()) if each.name in ("order", "outcome") else each for each in SCHEMA]
)
"""SCHEMA for so many outcomes."""


def schema_with(optional: Collection[str], *, wide: bool = False) -> pa.Schema:
    """The columns of a snapshot that has some optional ones; `wide` for the indices of many outcomes."""
    schema = WIDE_SCHEMA if wide else SCHEMA
    for before, field in _OPTIONAL_FIELDS:
        if field.name in optional:
            schema = schema.insert(schema.get_field_index(before) + 1, field)
    return schema


def conformed(table: pa.Table, optional: Collection[str]) -> pa.Table:
    """A snapshot's table with just these optional columns, missing values where it lacks one."""
    schema = schema_with(optional, wide=table["outcome"].type == pa.int16())
    for field in schema:
        if field.name not in table.column_names:
            table = table.append_column(field, pa.nulls(len(table), field.type))
    return table.select(schema.names).cast(schema)


def is_code(name: str, kind: pa.DataType) -> bool:
    """Whether a column holds indices of outcomes, of either width."""
    return name in ("order", "outcome") and kind in (pa.int8(), pa.int16())


LIBRARY = f"pyarrow {pa.__version__}"
"""The writer's name and version; one version writes equal draws as equal bytes."""

MOST_TEXT_BYTES = 200_000_000
"""Text of the draws that are held at a time, as it is published: half a million answers of 400 letters."""

LONGEST_TEXT = 1_000_000
"""Characters of any other text than an answer, which is cut; the sum is bounded with it."""

MOST_MODELS = 50_000
"""Of a study that is read whole; each has a page."""

LONGEST_MODEL = 1_000
"""Characters of a model's name, which stands on many pages."""

_EXACT = 2**53
"""Whole numbers beyond this are not exact in a float64 column."""

_SURROGATE = re.compile("[\ud800-\udfff]")


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
        told = pa.array(values, pa.float64(), mask=~np.isfinite(values))
        columns[name] = told.cast(schema.field(name).type)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def dictionary(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct values of a text column without nulls, and each row's index into them.

    Raises:
        ValueError: If an index leads nowhere, as in a file without checksums that was damaged.
    """
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    column = encoded.unify_dictionaries()
    if not column.num_chunks:
        return [], np.zeros(0, np.int64)
    codes = np.concatenate([_values(chunk.indices, np.int32) for chunk in column.chunks])
    names = column.chunk(0).dictionary.to_pylist()
    if len(codes) and not 0 <= codes.min() <= codes.max() < len(names):
        raise ValueError("an index beyond the end of its dictionary")
    return names, codes.astype(np.int64)


def numbers(column: pa.ChunkedArray, kind: type[Any], *, missing: float) -> NDArray[Any]:
    """A column of numbers as numpy's, with `missing` for null; NaN makes it float64.

    Arrow's own ways to numpy import pandas where it is installed, which costs more than the reading.
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
    return np.concatenate(parts)


def texts(column: pa.ChunkedArray, *, longest: int | None = None) -> list[str | None]:
    """A text column's values, cut to `longest`, None where missing; a dictionary's are one object each."""
    if not pa.types.is_dictionary(column.type):
        found: list[str | None] = column.to_pylist()
        return [value and value[:longest] for value in found] if longest else found
    found = []
    for chunk in column.chunks:
        known = [name and name[:longest] for name in chunk.dictionary.to_pylist()]
        names = np.array([*known, None], np.object_)
        places = numbers(pa.chunked_array([chunk.indices]), np.int32, missing=-1)
        found += names[places].tolist()
    return found


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


def unicode_text(text: str) -> str:
    """Text that UTF-8 can hold: a lone surrogate becomes U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


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
