"""The parts that charts share: a verdict's mark, a model's name, the axis of bias."""

from collections.abc import Sequence
from typing import Any, Final

import altair as alt

from flipsite.domain.estimates import Estimate
from flipsite.present.figures import NARROW_PX, WIDE_PX, Canvas, Row
from flipsite.present.picture_text import address, shown
from flipsite.present.theme import VERDICT_MARKS, ink

NAMES_PX: Final = 290
"""What names take left of a wide plot; on a phone they stand above their marks instead."""

_NAME_LIMIT_PX: Final = {WIDE_PX: 250, NARROW_PX: 290}
"""As measured in the drawing font; a reader's own may be a fifth wider."""

MOST_MARKS: Final = 300
"""More marks than this cannot be told apart: a chart of more models draws fewer, and says so."""

ROW_PX: Final = {WIDE_PX: 24, NARROW_PX: 40}


def named_row(estimate: Estimate) -> Row:
    """What each mark of a model carries: its name, its verdict, its page."""
    return {
        "model": shown(estimate.model),
        "verdict": str(estimate.verdict),
        "page": address(estimate.page),
    }


def verdict_points(
    rows: Sequence[Row],
    canvas: Canvas,
    *,
    size: int,
    x: Any,
    y: Any,
    tooltip: Sequence[Any],
    legend_y: int | None,
    linked: bool = True,
) -> alt.Chart:
    """One mark a row, telling the verdict by colour and by shape, and leading to the model's page."""
    points: alt.Chart = canvas.chart(rows)
    points = points.mark_point(size=size, filled=False, strokeWidth=2 if size > 50 else 1.5)
    points = points.encode(x=x, y=y, tooltip=list(tooltip), **verdict_scales(rows, legend_y=legend_y))
    if linked:
        points = points.encode(href=alt.Href("page:N"), description=alt.Description("label:N"))
    return points


def verdict_scales(rows: Sequence[Row], *, legend_y: int | None, shaped: bool = True) -> dict[str, Any]:
    """The encodings that tell a verdict, of the verdicts that occur; `legend_y` is None for no legend.

    Args:
        rows: Records with a verdict.
        legend_y: The legend's place below the plot's top, in pixels; negative is above.
        shaped: Whether the mark has a shape, as points have and bars have not.
    """
    there = [verdict for verdict in VERDICT_MARKS if any(row["verdict"] == verdict for row in rows)]
    shapes, lines, fillings = zip(*(VERDICT_MARKS[verdict] for verdict in there), strict=True)
    legend = (
        alt.Legend(title=None, symbolSize=80, orient="none", legendX=0, legendY=legend_y)
        if legend_y is not None
        else None
    )

    def told(kinds: Sequence[str]) -> dict[str, Any]:
        return {"scale": alt.Scale(domain=list(map(str, there)), range=list(kinds)), "legend": legend}

    scales = {
        "stroke": alt.Stroke("verdict:N", **told([ink(token) for token in lines])),
        "fill": alt.Fill("verdict:N", **told([ink(token) for token in fillings])),
    }
    return scales | ({"shape": alt.Shape("verdict:N", **told(shapes))} if shaped else {})


def row_names(rows: Sequence[Row], canvas: Canvas, *, y: Any) -> alt.Chart:
    """Each row's name, leading to the model's page: left of the plot, on a phone above the row."""
    limit = _NAME_LIMIT_PX[canvas.width]
    where = {"align": "left", "dy": -14} if canvas.narrow else {"align": "right"}
    names: alt.Chart = canvas.chart(rows).mark_text(baseline="middle", limit=limit, **where)
    return names.encode(
        x=alt.XValue(0 if canvas.narrow else -10),
        y=y,
        text=alt.Text("model:N"),
        href=alt.Href("page:N"),
        description=alt.Description("label:N"),
    )


def place_axis(n_rows: float, field: str = "row") -> alt.Y:
    """Rows from the top down, each at its whole number, without an axis of their own."""
    return alt.Y(
        f"{field}:Q", scale=alt.Scale(domain=[-0.5, n_rows - 0.5], reverse=True, nice=False), axis=None
    )


def thinned(estimates: Sequence[Estimate], *, keep: Sequence[Estimate]) -> list[Estimate]:
    """At most about MOST_MARKS models, evenly taken in their order, those to keep among them."""
    stride = -(-len(estimates) // MOST_MARKS)
    kept = {estimate.model for estimate in keep}
    return [e for index, e in enumerate(estimates) if index % stride == stride // 2 or e.model in kept]
