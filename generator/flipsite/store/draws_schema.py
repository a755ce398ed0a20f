"""The columns of a study's draws with their types in Arrow."""

from collections.abc import Collection

import pyarrow as pa

from flipsite.store.draws_columns import COLUMNS, columns_with

_FIELDS = {
    field.name: field
    for field in pa.schema(
        [
            pa.field("study", pa.string(), nullable=False),
            pa.field("model", pa.string(), nullable=False),
            pa.field("draw", pa.int64(), nullable=False),
            ("labels", pa.string()),
            ("order", pa.int8()),
            ("outcome", pa.int8()),
            ("sequence", pa.string()),
            pa.field("status", pa.string(), nullable=False),
            ("response", pa.string()),
            ("finish_reason", pa.string()),
            ("provider", pa.string()),
            ("served_model", pa.string()),
            ("mode", pa.string()),
            ("p_labels", pa.string()),
            ("p_cover", pa.float64()),
            ("proposed", pa.int8()),
            ("accepted", pa.int8()),
            ("seed_text", pa.string()),
            ("prompt_tokens", pa.int64()),
            ("completion_tokens", pa.int64()),
            ("reasoning_tokens", pa.int64()),
            ("cost_usd", pa.float64()),
            ("latency_s", pa.float64()),
            ("asked_at", pa.string()),
        ]
    )
}

SCHEMA = pa.schema([_FIELDS[name] for name in COLUMNS])
"""The tidy draws of the design that every study has."""

_WIDE_FIELDS = _FIELDS | {name: pa.field(name, pa.int16()) for name in ("order", "outcome")}

WIDE_SCHEMA = pa.schema([_WIDE_FIELDS[name] for name in COLUMNS])
"""SCHEMA for more than 128 outcomes."""


def schema_with(optional: Collection[str], *, wide: bool = False) -> pa.Schema:
    """The columns of a snapshot that has some optional ones; `wide` for the indices of many outcomes."""
    fields = _WIDE_FIELDS if wide else _FIELDS
    return pa.schema([fields[name] for name in columns_with(optional)])


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
