"""Fair bits that each valid draw of a model is worth."""

from collections.abc import Sequence

import altair as alt

from flipsite.analyse.methods.bits import study_bits
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Figure
from flipsite.domain.urls import model_page
from flipsite.present.charts.figure import AnyChart, Canvas, Margins, Row, figure, layered, placed
from flipsite.present.charts.marks import NAMES_PX, ROW_PX, place_axis, row_names
from flipsite.present.charts.theme import ink
from flipsite.present.tables import TOP
from flipsite.present.text.escaping import address, shown
from flipsite.present.text.formats import how_many

MOST_ROWS = 60
"""Of more models, the first ones are drawn, as many as rankings have; the table has the others."""


def bits_a_draw(report: StudyReport) -> Figure:
    """Bits a valid draw, with those at the interval's farther end; hollow where they are not claimed.

    Raises:
        ValueError: If no model has a valid draw.
    """
    known = [each for each in study_bits(report) if each.bits is not None and each.valid]
    if not known:
        raise ValueError("no model has a valid draw.")
    known.sort(key=lambda each: (not each.claimed, -(each.bits_low or 0.0) / each.valid, each.model))
    drawn = known if len(known) <= MOST_ROWS else known[:TOP]
    rows: list[Row] = [
        {
            "row": place,
            "model": shown(each.model),
            "page": address(model_page(report.study.id, each.model)),
            "bits": (each.bits or 0.0) / each.valid,
            "low": (each.bits_low or 0.0) / each.valid,
            "claimed": each.claimed,
            "why": shown(each.why),
            "label": f"{shown(each.model)}: {(each.bits_low or 0.0) / each.valid:.2f} bits a draw at least",
        }
        for place, each in enumerate(drawn)
    ]
    claimed = sum(each.claimed for each in known)
    words = "bits that may be claimed"
    title = how_many(claimed, len(known), "model", does=f"gives {words}", do=f"give {words}")
    if len(drawn) < len(known):
        title += f"; the first {TOP}"
    return figure(
        lambda canvas: _rows(rows, canvas),
        name=f"{report.study.id}-bits",
        title=title,
        caption=(
            "Fair bits that a valid draw is worth, at the end of its interval that is farther from even "
            "(left) and at the observed share (right). Grey: not claimed, because the draws may not be "
            "independent draws of one coin."
        ),
        description=f"{title}. " + " ".join(f"{row['label']}." for row in rows[:20]),
        records=[
            {
                "model": each.model,
                "bits": each.bits,
                "bits_low": each.bits_low,
                "valid": each.valid,
                "claimed": each.claimed,
            }
            for each in known
        ],
    )


def _rows(rows: Sequence[Row], canvas: Canvas) -> AnyChart:
    top = max(1.0, *(row["bits"] for row in rows))
    axis = alt.Axis(orient="top", offset=6, format=".1f", tickCount=5, title="Bits a valid draw")
    x = alt.X("low:Q", scale=alt.Scale(domain=[0, top], nice=False), axis=axis)
    y = place_axis(len(rows))
    colour = alt.Color(
        "claimed:N", scale=alt.Scale(domain=[True, False], range=[ink("fair"), ink("undecided")]), legend=None
    )
    tooltip = [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("low:Q", title="At least", format=".3f"),
        alt.Tooltip("bits:Q", title="At the share found", format=".3f"),
        alt.Tooltip("why:N", title="Not claimed because"),
    ]
    lines = canvas.chart(rows).mark_rule(strokeWidth=2).encode(x=x, x2=alt.X2("bits:Q"), y=y, color=colour)
    points = (
        canvas.chart(rows)
        .mark_point(filled=True, size=70)
        .encode(
            x=x,
            y=y,
            color=colour,
            tooltip=tooltip,
            href=alt.Href("page:N"),
            description=alt.Description("label:N"),
        )
    )
    margins = Margins(left=10 if canvas.narrow else NAMES_PX, right=14, top=60, bottom=20)
    chart = layered(lines, points, row_names(rows, canvas, y=y))
    return placed(chart, canvas, margins, height=len(rows) * ROW_PX[canvas.width])
