"""A study's draws as a pandas frame, for a notebook."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
import pyarrow as pa

from flipsite.domain.draws import Draws
from flipsite.store.arrow import SCHEMA, draws_table

_WHOLE: dict[Any, Any] = {pa.int8(): pd.Int8Dtype(), pa.int64(): pd.Int64Dtype()}
"""pandas' whole numbers that know a missing one; its other types have NaN, None or NaT."""


def draws_frame(groups: Iterable[Draws], *, study: str) -> pd.DataFrame:
    """The tidy draws, one row each, with the columns of `draws.csv` in its order; `asked_at` is UTC."""
    rows = pa.concat_tables([SCHEMA.empty_table(), *(draws_table(draws, study=study) for draws in groups)])
    rows = rows.sort_by([("model", "ascending"), ("draw", "ascending")])  # parts of imports share models
    table: pd.DataFrame = rows.to_pandas(types_mapper=_WHOLE.get)
    return table.assign(asked_at=pd.to_datetime(table["asked_at"], utc=True, format="ISO8601"))
