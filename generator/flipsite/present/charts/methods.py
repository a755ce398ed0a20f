"""The ways of asking of a family: dollars for 1,000 valid draws against bias above the noise floor."""

from collections.abc import Sequence
from math import ceil, log10
from typing import Any, Final

import altair as alt

from flipsite.analyse.methods.family import MethodFamily, MethodRecord
from flipsite.analyse.verdict import FAIR_MARGIN
from flipsite.domain.display import Figure, plural, usd_text
from flipsite.domain.money import dollars
from flipsite.domain.urls import model_page
from flipsite.present.charts.figure import AnyChart, Canvas, Margins, Row, figure, layered, placed
from flipsite.present.charts.marks import MOST_MARKS, bias_scale, extreme_names, upward_axis
from flipsite.present.charts.theme import Token, ink
from flipsite.present.methods.words import way_text
from flipsite.present.text.escaping import address, shown
from flipsite.present.text.formats import bias_text

_MARKS: Final[dict[str, tuple[str, Token, Token]]] = {
    "direct": ("circle", "tails", "tails"),
    "seed": ("circle", "heads", "page"),
    "rejection": ("diamond", "biased", "biased"),
}
"""Shape, line and filling of each method, in the order of the legend."""

MOST_LEVEL_WAYS: Final = 6
"""Names of ways that fit beside one another below a wide chart."""


def has_chart(family: MethodFamily) -> bool:
    """Whether any record has a bias to draw."""
    return any(record.excess is not None for record in family.records)


def price_against_bias(family: MethodFamily) -> Figure:
    """Each model by each way of asking, a line joining those of one model.

    Where nothing cost anything the ways themselves stand on the axis instead of their prices.

    Raises:
        ValueError: If no record has a bias.
    """
    known = [record for record in family.records if record.excess is not None]
    if not known:
        raise ValueError("no model has a valid draw.")
    priced = [record for record in known if record.fair.usd_per_1000_valid]
    rows = [_row(record) for record in (priced or known)[:MOST_MARKS]]
    n_models = len({record.model for record in known})
    within = f"{FAIR_MARGIN:g}"
    able = {record.model for record in known if record.usd_per_1000_within is not None}
    title = (
        f"{len(able)} of {plural(n_models, 'model')} can be asked in a way that is within {within}"
        if able
        else f"No way of asking is shown to bring a model within {within} of the target"
    )
    free = len(known) - len(priced) if priced else 0
    left_out = (
        f" {plural(free, 'way')} that cost nothing {'is' if free == 1 else 'are'} left out." if free else ""
    )
    fewer = f" The first {plural(len(rows), 'mark')} are drawn." if len(rows) == MOST_MARKS else ""
    return figure(
        lambda canvas: _points(rows, canvas, priced=bool(priced)),
        name=f"{family.base.id}-methods",
        title=title,
        caption=(
            "Bias above what a perfect sampler shows on average, "
            + ("by US dollars for 1,000 valid draws, on a logarithmic axis" if priced else "by way of asking")
            + f". A line joins the ways of one model.{left_out}{fewer}"
        ),
        description=f"{title}. " + " ".join(f"{row['label']}." for row in rows[:20]),
        records=[
            {
                "model": record.model,
                "way": way_text(record),
                "usd_per_1000_valid": dollars(record.fair.usd_per_1000_valid),
                "bias_above_floor": record.excess,
            }
            for record in known
        ],
    )


def _row(record: MethodRecord) -> Row:
    way, price = way_text(record), record.fair.usd_per_1000_valid
    said = f"{usd_text(price)} for 1,000 draws, bias {bias_text(record.ranking_bias)}"
    return {
        "model": shown(record.model),
        "page": address(model_page(record.study, record.model)),
        "method": record.method,
        "way": way,
        "usd": dollars(price),
        "price": usd_text(price),
        "excess": record.excess,
        "bias": bias_text(record.ranking_bias),
        "label": f"{shown(record.model)}, {way}: {said}",
    }


def _points(rows: Sequence[Row], canvas: Canvas, *, priced: bool) -> AnyChart:
    top = max(0.1, ceil(10 * max(row["excess"] for row in rows)) / 10)
    up = upward_axis("Bias above the floor", format=".1f")
    y = alt.Y("excess:Q", scale=bias_scale(top), axis=up)
    x = _across_price(rows) if priced else _across_ways(upright=_upright(rows, canvas))
    there = [method for method in _MARKS if any(row["method"] == method for row in rows)]
    shapes, lines, fillings = zip(*(_MARKS[method] for method in there), strict=True)
    legend = alt.Legend(title=None, symbolSize=80, orient="none", legendX=0, legendY=-62)

    def by_method(kinds: Sequence[str]) -> dict[str, Any]:
        return {"scale": alt.Scale(domain=there, range=list(kinds)), "legend": legend}

    whole = canvas.chart(rows)
    joined = whole.mark_line(color=ink("edge"), strokeWidth=1, opacity=0.6).encode(
        x=x, y=y, detail=alt.Detail("model:N")
    )
    marks = whole.mark_point(size=70, strokeWidth=2).encode(
        x=x,
        y=y,
        stroke=alt.Stroke("method:N", **by_method([ink(token) for token in lines])),
        fill=alt.Fill("method:N", **by_method([ink(token) for token in fillings])),
        shape=alt.Shape("method:N", **by_method(shapes)),
        href=alt.Href("page:N"),
        description=alt.Description("label:N"),
        tooltip=[
            alt.Tooltip("model:N", title="Model"),
            alt.Tooltip("way:N", title="Way"),
            alt.Tooltip("price:N", title="1,000 valid draws"),
            alt.Tooltip("bias:N", title="Bias"),
        ],
    )
    bottom = 46 if priced or not _upright(rows, canvas) else 176
    margins, height = Margins(left=40, right=20, top=74, bottom=bottom), 250 if canvas.narrow else 320
    names = _names(rows, canvas, margins=margins, height=height, top=top) if priced else []
    return placed(layered(joined, marks, *names), canvas, margins, height=height)


def _names(
    rows: Sequence[Row], canvas: Canvas, *, margins: Margins, height: float, top: float
) -> list[alt.Chart]:
    """The names of the models at either end, each beside its most biased way."""
    low, high = (log10(price) for price in _price_domain(rows))
    width = canvas.width - margins.left - margins.right

    def place(row: Row) -> tuple[float, float]:
        return (log10(row["usd"]) - low) / (high - low) * width, (1 - row["excess"] / top) * height

    worst = {row["model"]: row for row in sorted(rows, key=lambda row: row["excess"])}
    return extreme_names(list(worst.values()), canvas, place=place, width=width, height=height, others=rows)


def _price_domain(rows: Sequence[Row]) -> tuple[float, float]:
    prices = [row["usd"] for row in rows]
    return min(prices) / 1.3, max(prices) * 1.3


def _across_price(rows: Sequence[Row]) -> alt.X:
    return alt.X(
        "usd:Q",
        scale=alt.Scale(type="log", domain=list(_price_domain(rows)), nice=False),
        axis=alt.Axis(
            title="US dollars for 1,000 valid draws", format="$~g", tickCount=4, grid=False, labelOverlap=True
        ),
    )


def _upright(rows: Sequence[Row], canvas: Canvas) -> bool:
    """Whether the ways' names are turned, for want of room beside one another."""
    return canvas.narrow or len({row["way"] for row in rows}) > MOST_LEVEL_WAYS


def _across_ways(*, upright: bool) -> alt.X:
    axis = (
        alt.Axis(title=None, labelAngle=-90, labelLimit=170, grid=False)
        if upright
        else alt.Axis(title=None, labelAngle=0, labelExpr="split(datum.label, ', ')", grid=False)
    )
    return alt.X("way:N", sort=None, scale=alt.Scale(type="point", padding=0.5), axis=axis)
