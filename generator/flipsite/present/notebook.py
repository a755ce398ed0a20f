"""Charts and tables for a notebook.

A chart is an Altair chart that shows by itself, in the colours of the light theme. A table is a pandas frame
with the columns and types that `schema` promises.
"""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any, Final

import altair as alt
import pandas as pd

from flipsite.domain.display import Figure
from flipsite.present.charts.figure import AnyChart
from flipsite.present.charts.theme import FONT_SIZE, LIGHT, painted
from flipsite.schema import Column

_LETTERS: Final = 84
"""Of a finding that fit a line of the widest chart."""
_LINE_PX: Final = 20


def altair_chart(figure: Figure) -> AnyChart:
    """The chart with its finding above it; its marks lead nowhere, for there is no site beside a notebook."""
    spec = _standalone({key: value for key, value in figure.spec.items() if key != "usermeta"})
    lines = wrap(figure.title, _LETTERS)
    padding = dict(spec["padding"])
    spec["title"] = {
        "text": lines,
        "anchor": "start",
        "frame": "group",
        "dx": 8 - padding["left"],
        "offset": 8,
        "fontSize": FONT_SIZE + 2,
        "lineHeight": _LINE_PX,
    }
    spec["padding"] = padding | {"top": padding["top"] + _LINE_PX * len(lines) + 8}
    spec["background"] = LIGHT["page"]
    chart: AnyChart = alt.Chart.from_dict(spec)
    return chart


def _standalone(part: Any) -> Any:
    """A part of a specification with its colours put in and its links left out; rows stay as they are."""
    if isinstance(part, dict):
        return {
            key: value if key == "datasets" else _standalone(value)
            for key, value in part.items()
            if key != "href"
        }
    if isinstance(part, list):
        return [_standalone(each) for each in part]
    return painted(part, LIGHT) if isinstance(part, str) else part


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
