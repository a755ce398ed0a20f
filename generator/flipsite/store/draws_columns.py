"""The columns of a study's draws, in their order: of `draws.csv`, `draws.jsonl` and `draws.parquet`.

`flipsite.schema` says what each of them means.
"""

from collections.abc import Collection
from itertools import combinations

import pyarrow as pa

from flipsite.domain.draws import OPTIONAL

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

WIDE_SCHEMA = pa.schema(
    [pa.field(each.name, pa.int16()) if each.name in ("order", "outcome") else each for each in SCHEMA]
)
"""SCHEMA for more than 128 outcomes."""


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


HEADERS = frozenset(
    tuple(schema_with(optional).names)
    for n in range(len(OPTIONAL) + 1)
    for optional in combinations(OPTIONAL, n)
)
"""All headers that an export may have."""
