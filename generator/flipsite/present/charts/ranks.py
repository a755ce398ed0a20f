"""How sure the order is: each model's rank with its 95 % interval."""

from collections.abc import Sequence

import altair as alt

from flipsite.domain.display import Figure, plural
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Study
from flipsite.present.charts.figure import AnyChart, Canvas, Margins, Row, figure, layered, placed
from flipsite.present.charts.marks import (
    MOST_MARKS,
    NAMED_ROWS,
    NAMES_PX,
    ROW_PX,
    named_row,
    place_axis,
    row_names,
    verdict_points,
)
from flipsite.present.charts.theme import ink
from flipsite.present.text.escaping import shown
from flipsite.present.text.formats import count_text

_TOOLTIP = [
    alt.Tooltip("model:N", title="Model"),
    alt.Tooltip("rank_text:N", title="Rank"),
    alt.Tooltip("low:Q", title="At least"),
    alt.Tooltip("high:Q", title="At most"),
    alt.Tooltip("verdict:N", title="Verdict"),
]


def rank_intervals(estimates: Sequence[Estimate], study: Study, *, n_models: int | None = None) -> Figure:
    """Every model's rank by bias, the least biased first, with the ranks that its draws allow.

    Args:
        estimates: The models.
        study: Theirs.
        n_models: How many models are ranked, where not all of them are among the estimates.

    Raises:
        ValueError: If no model has a rank interval.
    """
    known = sorted(
        (e for e in estimates if e.rank is not None and e.rank_low is not None and e.rank_high is not None),
        key=lambda e: (e.rank, e.model),
    )
    if not known:
        raise ValueError("no model has a rank interval.")
    widths = sorted(_width(estimate) for estimate in known)
    stride = -(-len(known) // MOST_MARKS)
    rows = [_row(place, known[place]) for place in range(stride // 2, len(known), stride)]
    title = _title(widths, n_models or len(known))
    unseen = f" Ranks run to {count_text(n_models)}, as many models as were asked." if n_models else ""
    luck = sum(estimate.is_rank_luck for estimate in known)
    outside = f" Ranks outside their interval, which are partly luck: {count_text(luck)}." if luck else ""
    fewer = f" Each mark is the middle one of {stride} neighbours." if stride > 1 else ""
    draw = _named_ranks if len(known) <= NAMED_ROWS else _ranked_marks
    return figure(
        lambda canvas: draw(rows, canvas, n_rows=len(known), last=max(2, n_models or len(known))),
        name=f"{study.id}-rank-intervals",
        title=title,
        caption=(
            f"{plural(len(known), 'model')} by rank, with the 95 % interval of the rank: the positions that "
            f"are compatible with chance in every model’s draws.{unseen}{outside}{fewer}"
        ),
        description=(
            f"{title}. The widest interval spans {count_text(widths[-1])}, the narrowest "
            f"{plural(widths[0], 'place')}."
        ),
        records=[
            {
                "model": e.model,
                "rank": e.rank,
                "rank_low": e.rank_low,
                "rank_high": e.rank_high,
                "verdict": str(e.verdict),
            }
            for e in known
        ],
    )


def _title(widths: Sequence[int], n_models: int) -> str:
    """How well half of the ranks are known, or that they are not known at all; `widths` ascending."""
    middle = widths[(len(widths) - 1) // 2]
    if middle == n_models > 1:
        half = "Both" if len(widths) == 2 else f"Half of the {count_text(len(widths))}"
        return f"{half} rank intervals hold every place"
    within = f"known to within {plural(middle, 'place')}"
    if len(widths) > 2:
        return f"Half of the {count_text(len(widths))} ranks are {within}"
    return f"{'Both ranks are' if len(widths) == 2 else 'The only rank is'} {within}"


def _width(estimate: Estimate) -> int:
    return (estimate.rank_high or 0) - (estimate.rank_low or 0) + 1


def _row(place: int, estimate: Estimate) -> Row:
    luck = ", partly luck" if estimate.is_rank_luck else ""
    label = (
        f"{shown(estimate.model)}: rank {estimate.rank}, {estimate.rank_low} to {estimate.rank_high}{luck}"
    )
    numbers = {"row": place, "rank": estimate.rank, "low": estimate.rank_low, "high": estimate.rank_high}
    return named_row(estimate) | numbers | {"label": label, "rank_text": f"{estimate.rank}{luck}"}


def _scale(last: int) -> alt.Scale:
    return alt.Scale(domain=[1, last], nice=False)


def _named_ranks(rows: Sequence[Row], canvas: Canvas, *, n_rows: int, last: int) -> AnyChart:
    y = place_axis(n_rows)
    axis = alt.Axis(orient="top", offset=6, format="d", tickCount=5, title="Rank", titleAnchor="start")
    x = alt.X("rank:Q", scale=_scale(last), axis=axis)
    span = canvas.chart(rows).mark_bar(height=8, color=ink("band"), stroke=ink("edge"), strokeWidth=1)
    layers = [
        span.encode(x=alt.X("low:Q", scale=_scale(last), axis=axis), x2=alt.X2("high:Q"), y=y),
        verdict_points(rows, canvas, size=70, x=x, y=y, tooltip=_TOOLTIP, legend_y=-80),
        row_names(rows, canvas, y=y),
    ]
    margins = Margins(left=10 if canvas.narrow else NAMES_PX, right=14, top=86, bottom=12)
    return placed(layered(*layers), canvas, margins, height=n_rows * ROW_PX[canvas.width])


def _ranked_marks(rows: Sequence[Row], canvas: Canvas, *, n_rows: int, last: int) -> AnyChart:
    place = alt.Scale(domain=[-0.5, n_rows - 0.5], nice=False)
    x = alt.X(
        "row:Q", scale=place, axis=alt.Axis(title="Models, least biased first", labels=False, grid=False)
    )
    up = alt.Axis(
        format="d", tickCount=5, title="Rank", titleAngle=0, titleAlign="left", titleX=-40, titleY=-16
    )
    y = alt.Y("rank:Q", scale=_scale(last), axis=up)
    span = canvas.chart(rows).mark_area(
        interpolate="step", opacity=1, color=ink("band"), stroke=ink("edge"), strokeWidth=1
    )
    points = verdict_points(
        rows,
        canvas,
        size=24 if canvas.narrow else 36,
        x=x,
        y=y,
        tooltip=_TOOLTIP,
        legend_y=-62,
        linked=not canvas.narrow,
    )
    margins = Margins(left=44, right=12, top=68, bottom=30)
    chart = layered(
        span.encode(x=x, y=alt.Y("low:Q", scale=_scale(last), axis=up), y2=alt.Y2("high:Q")), points
    )
    return placed(chart, canvas, margins, height=260 if canvas.narrow else 340)
