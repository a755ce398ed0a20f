"""The parts that charts share: a verdict's mark, a model's name, the axis of bias."""

from collections.abc import Sequence
from typing import Any, Final

import altair as alt

from flipsite.domain import Estimate
from flipsite.present.figures import Layout, Row, address, shown, values
from flipsite.present.theme import VERDICT_MARKS, ink

NAMES_PX: Final = 290
"""What names take left of a wide plot; on a phone they stand above their marks instead."""

_NAME_LIMIT_PX: Final = {"wide": 250, "narrow": 290}
"""As measured in the drawing font; a reader's own may be a fifth wider."""

ROW_PX: Final = {"wide": 24, "narrow": 40}


def named_row(estimate: Estimate) -> Row:
    """What each mark of a model carries: its name, its verdict, its page."""
    return {
        "model": shown(estimate.model),
        "verdict": str(estimate.verdict),
        "page": address(estimate.page),
    }


def verdict_points(
    rows: Sequence[Row],
    *,
    size: int,
    x: Any,
    y: Any,
    tooltip: Sequence[Any],
    legend_y: int,
    linked: bool = True,
) -> alt.Chart:
    """One mark a row, telling the verdict by colour and by shape, and leading to the model's page."""
    there = [verdict for verdict in VERDICT_MARKS if any(row["verdict"] == verdict for row in rows)]
    shapes, lines, fillings = zip(*(VERDICT_MARKS[verdict] for verdict in there), strict=True)
    legend = alt.Legend(title=None, symbolSize=80, orient="none", legendX=0, legendY=legend_y)

    def told(kinds: Sequence[str]) -> dict[str, Any]:
        return {"scale": alt.Scale(domain=list(map(str, there)), range=list(kinds)), "legend": legend}

    points: alt.Chart = alt.Chart(values(rows)).mark_point(
        size=size, filled=False, strokeWidth=2 if size > 50 else 1.5
    )
    points = points.encode(
        x=x,
        y=y,
        shape=alt.Shape("verdict:N", **told(shapes)),
        stroke=alt.Stroke("verdict:N", **told([ink(token) for token in lines])),
        fill=alt.Fill("verdict:N", **told([ink(token) for token in fillings])),
        tooltip=list(tooltip),
    )
    if linked:
        points = points.encode(href="page:N", description="label:N")
    return points


def row_names(rows: Sequence[Row], layout: Layout, *, y: Any) -> alt.Chart:
    """Each row's name, leading to the model's page: left of the plot, on a phone above the row."""
    limit = _NAME_LIMIT_PX[layout.name]
    where = {"align": "left", "dy": -14} if layout.narrow else {"align": "right"}
    names: alt.Chart = alt.Chart(values(rows)).mark_text(baseline="middle", limit=limit, **where)
    return names.encode(
        x=alt.value(0 if layout.narrow else -10), y=y, text="model:N", href="page:N", description="label:N"
    )


def place_axis(n_rows: float, field: str = "row") -> alt.Y:
    """Rows from the top down, each at its whole number, without an axis of their own."""
    return alt.Y(
        f"{field}:Q", scale=alt.Scale(domain=[-0.5, n_rows - 0.5], reverse=True, nice=False), axis=None
    )
