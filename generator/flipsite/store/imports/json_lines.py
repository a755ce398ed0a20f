"""JSON lines that are alike, cut into columns by Arrow; whatever is not alike is left to `json_records`."""

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from flipsite.store.draws_columns import COUNTS, NUMBERS
from flipsite.store.imports.json_records import MOST_CHARACTERS, Record

BLOCK = 1 << 24
"""Characters that are cut at a time."""

_KINDS: Mapping[type[Any], pa.DataType] = {str: pa.string(), int: pa.int64(), bool: pa.bool_()}
_BETWEEN = "\x1f"


def schema_of(records: Sequence[Record], columns: Mapping[str, str]) -> pa.Schema | None:
    """The types of some columns, by the first records; None where values of one column differ in kind.

    Args:
        records: The first of a file.
        columns: Theirs to ours.
    """
    fields = []
    for theirs, ours in columns.items():
        values = [record[theirs] for record in records if record.get(theirs) is not None]
        kind = _kind({*map(type, values)}, values, ours)
        if kind is None:
            return None
        fields.append(pa.field(theirs, kind))
    return pa.schema(fields)


def _kind(kinds: set[type[Any]], values: list[Any], ours: str) -> pa.DataType | None:
    if ours in NUMBERS and kinds <= {int, float}:
        return pa.float64()
    if not kinds:
        return pa.int64() if ours in COUNTS else pa.string()
    if len(kinds) > 1:
        return None
    if kinds == {list}:
        texts = all(isinstance(label, str) for value in values for label in value)
        return pa.list_(pa.string()) if texts else None
    return _KINDS.get(next(iter(kinds)))


def next_block(text: TextIO) -> str:
    """The next lines of a text; empty at its end."""
    block = text.read(BLOCK)
    return block if block.endswith("\n") else block + text.readline(MOST_CHARACTERS + 1)


def columns_of(block: str, schema: pa.Schema) -> tuple[int, dict[str, pa.Array]] | None:
    """The number of rows, and the cells of each column as text; None where the lines are not alike.

    Args:
        block: Whole lines, an object on each.
        schema: As `schema_of` gives it.
    """
    n_lines = block.count("\n") + (not block.endswith("\n"))
    if f"\n{block}".count("\n{") != n_lines:
        return None  # else a blank line and one of two objects would pass for two rows
    options = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    try:
        content = block.encode()
        table = pj.read_json(pa.BufferReader(content), parse_options=options)
        cells = {name: _texts(table[name].combine_chunks()) for name in schema.names}
    except (pa.ArrowException, UnicodeError, ValueError):
        return None
    return (n_lines, cells) if len(table) == n_lines else None


def _texts(column: pa.Array) -> pa.Array:
    """A column as text, lists as JSON."""
    if not pa.types.is_list(column.type):
        return column.cast(pa.string())
    if column.flatten().null_count or pc.any(pc.match_substring(column.flatten(), _BETWEEN)).as_py():
        raise ValueError("a list that is no list of labels")
    codes = pc.dictionary_encode(pc.binary_join(column, _BETWEEN))
    lists = [json.dumps(text.split(_BETWEEN), ensure_ascii=False) for text in codes.dictionary.to_pylist()]
    return pa.array(lists, pa.string()).take(codes.indices)


class Rest(io.TextIOBase):
    """The rest of a text: lines that were read already, and what follows them."""

    def __init__(self, block: str, text: TextIO) -> None:
        self._block, self._text = io.StringIO(block), text

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        """Read a line, or so much of it."""
        return self._block.readline(size) or self._text.readline(size)

    def read(self, size: int = -1, /) -> str:  # type: ignore[override]
        """Read a number of characters."""
        return self._block.read(size) or self._text.read(size)
