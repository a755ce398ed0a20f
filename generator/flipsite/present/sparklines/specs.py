"""The small pictures' interactive twins: one validated specification a kind, which all models share.

Building and validating a chart takes some ten milliseconds. So a model's page holds only what its model
drew, as text, and `templates/static/charts.js` makes the rows of it; what depends on the number of draws
alone, the envelope, is in the shared file.
"""

from functools import cache
from typing import Any

import altair as alt

from flipsite.present.charts import theme
from flipsite.present.charts.figure import NARROW_PX, AnyChart, Canvas, Margins, Row, placed
from flipsite.present.charts.interactive import spec_call
from flipsite.present.charts.theme import Token, ink
from flipsite.present.sparklines.interactive import SparklineSpec
from flipsite.present.sparklines.running_mean import envelope
from flipsite.present.sparklines.strip import COLUMNS

_KINDS: tuple[tuple[str, Token], ...] = (("one", "heads"), ("zero", "tails"), ("neither", "missing"))
_DASH = "M-1,-.25H1V.25H-1Z"
_MARGINS = Margins(left=44, right=16, top=12, bottom=40)


def twin_file(twin: SparklineSpec) -> bytes:
    """The specification that a twin shares with others, as the script of its path."""
    if twin.kind == "strip":
        whole = strip_spec() | {"datasets": {"draws": []}, "usermeta": {"rows": "strip", "columns": COLUMNS}}
    else:
        rows = envelope_rows(twin.n_valid, target=twin.target)
        whole = running_mean_spec(twin.target)
        whole = whole | {"datasets": {"draws": rows}, "usermeta": {"rows": "running-mean"}}
    return spec_call(twin.name, whole)


@cache
def running_mean_spec(target: float) -> dict[str, Any]:
    """The running mean inside the envelope of a coin at the target, without its rows."""
    return full_spec(running_mean_chart(alt.NamedData(name="draws"), target=target))


@cache
def strip_spec() -> dict[str, Any]:
    """The draws in rows of fifty, without them."""
    return full_spec(strip_chart(alt.NamedData(name="draws")))


def envelope_rows(n_valid: int, *, target: float) -> list[Row]:
    """One row a drawn point: the valid draws so far and the envelope; the script adds the share of ones."""
    at, low, high = envelope(n_valid, target)
    numbers = zip(at.tolist(), low.tolist(), high.tolist(), strict=True)
    return [{"draw": draw, "low": round(below, 4), "high": round(above, 4)} for draw, below, above in numbers]


def running_mean_chart(data: Any, *, target: float) -> AnyChart:
    """The chart that `running_mean_spec` is made of."""
    chart = alt.Chart(data)
    across = alt.Axis(title="Valid draws", grid=False, tickMinStep=1, tickCount=5, format="d")
    x = alt.X("draw:Q", scale=alt.Scale(nice=False, zero=False), axis=across)
    scale = alt.Scale(domain=[0, 1], nice=False)
    up = alt.Axis(values=sorted({0, target, 1}), format="~g", title=None)
    tooltip = [
        alt.Tooltip("draw:Q", title="Valid draws"),
        alt.Tooltip("mean:Q", title="Share of ones", format=".3f"),
        alt.Tooltip("low:Q", title="Chance: from", format=".3f"),
        alt.Tooltip("high:Q", title="to", format=".3f"),
    ]
    y = alt.Y("mean:Q", scale=scale, axis=up)
    band = chart.mark_area(color=ink("band"), opacity=1).encode(
        x=x, y=alt.Y("low:Q", scale=scale, axis=up), y2=alt.Y2("high:Q")
    )
    line = chart.mark_line(color=ink("ink"), strokeWidth=2).encode(x=x, y=y)
    points = chart.mark_point(size=60, color=ink("ink"), opacity=0).encode(x=x, y=y, tooltip=tooltip)
    return placed(alt.layer(band, line, points), Canvas(NARROW_PX), _MARGINS, height=200)


def strip_chart(data: Any) -> AnyChart:
    """The chart that `strip_spec` is made of."""
    names = [name for name, _ in _KINDS]
    place = alt.Scale(domain=[-0.5, COLUMNS - 0.5], nice=False)
    y = alt.Y("row:O", axis=None)
    colours = alt.Scale(domain=names, range=[ink(token) for _, token in _KINDS])
    shapes = alt.Scale(domain=names, range=["triangle-up", "triangle-down", _DASH])
    legend = alt.Legend(title=None, orient="none", legendX=0, legendY=-34)
    chart = (
        alt.Chart(data)
        .mark_point(size=36, strokeWidth=1.5)
        .encode(
            x=alt.X("column:Q", scale=place, axis=None),
            y=y,
            color=alt.Color("result:N", scale=colours, legend=legend),
            shape=alt.Shape("result:N", scale=shapes, legend=legend),
            tooltip=[
                alt.Tooltip("draw:Q", title="Draw", format=","),
                alt.Tooltip("result:N", title="Outcome"),
            ],
        )
    )
    return placed(chart, Canvas(NARROW_PX), Margins(left=8, right=8, top=44, bottom=8), height=alt.Step(26))


def full_spec(chart: AnyChart) -> dict[str, Any]:
    """The validated specification of a chart with whatever data it has, in the charts' configuration."""
    return chart.to_dict() | {"config": theme.config()}
