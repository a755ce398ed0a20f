"""A table as a pandas frame, for a notebook: with the columns and types that `schema` promises."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from flipsite.schema import Column


def frame(records: Sequence[Mapping[str, object]], columns: Sequence[Column]) -> pd.DataFrame:
    """Records as a frame, in their order.

    Args:
        records: The rows, by column; keys that are no column of the table are left out.
        columns: What the table promises.

    Returns:
        One row a record. Whole numbers are `Int64`, which knows a missing one; other numbers are float64 with
        NaN, texts are pandas' own.
    """
    return pd.DataFrame({column.name: _series(records, column) for column in columns})


def _series(records: Sequence[Mapping[str, object]], column: Column) -> Any:
    values: list[Any] = [record[column.name] for record in records]
    if column.type == "integer":
        return pd.Series(values, dtype="Int64")
    if column.type == "number":
        return pd.Series(values, dtype="float64")
    return pd.Series(values) if values else pd.Series([], dtype="object")
