"""Answers of several draws: how often neighbours differ against how counts scatter, among those of chance."""

from collections import Counter
from collections.abc import Sequence
from math import ceil

import altair as alt

from flipsite.analyse.sequences.estimates import SequenceEstimate, SequenceVerdict
from flipsite.analyse.sequences.statistics import null_laws
from flipsite.analyse.sequences.study import SequenceStudy
from flipsite.domain.display import Figure, plural
from flipsite.domain.study import Study
from flipsite.domain.urls import model_page
from flipsite.present.charts.figure import AnyChart, Canvas, Margins, Row, figure, layered, placed
from flipsite.present.charts.marks import MOST_MARKS, extreme_names, upward_axis
from flipsite.present.charts.theme import ink
from flipsite.present.sequences.words import names_of
from flipsite.present.text.escaping import address, shown
from flipsite.present.text.formats import count_text, how_many, percent_text

CLOUD = 300
"""Simulated models of independent draws that are drawn."""

_TOOLTIP = [
    alt.Tooltip("model:N", title="Model"),
    alt.Tooltip("alternation:Q", title="Alternation", format=".1%"),
    alt.Tooltip("dispersion:Q", title="Dispersion", format=".2f"),
    alt.Tooltip("found:N", title="Found"),
]


def alternation_against_dispersion(found: SequenceStudy, study: Study) -> Figure:
    """Each model's alternation and dispersion among those of simulated independent draws.

    Raises:
        ValueError: If no model has two valid answers.
    """
    known = [each for each in found.sequences.values() if each.dispersion_own is not None]
    if not known:
        raise ValueError("no model has two valid answers.")
    drawn = sorted(known, key=lambda each: (each.verdict is not SequenceVerdict.PATTERNED, each.model))
    rows = [_row(each, study) for each in drawn[:MOST_MARKS]]
    commonest = Counter(each.valid for each in known).most_common(1)[0][0]
    law = null_laws((commonest,), study.sampling.per_answer, study.prompt.shares)[commonest]
    cloud: list[Row] = [
        {"alternation": a, "dispersion": d}
        for a, d in zip(law.alternation[:CLOUD].tolist(), law.dispersion_own[:CLOUD].tolist(), strict=True)
    ]
    patterned = sum(each.verdict is SequenceVerdict.PATTERNED for each in known)
    what = "answers whose draws are not independent"
    title = how_many(patterned, len(known), "model", does=f"gives {what}", do=f"give {what}")
    fewer = f" {plural(len(rows), 'model')} are drawn." if len(rows) < len(known) else ""
    return figure(
        lambda canvas: _points(rows, cloud, canvas),
        name=f"{study.id}-sequences",
        title=title,
        caption=(
            f"Small dots are {CLOUD} simulated models that make independent draws, {count_text(commonest)} "
            f"answers of {count_text(study.sampling.per_answer)} each. To the right, neighbours differ too "
            f"often; at the bottom, the counts of all answers are too similar.{fewer}"
        ),
        description=f"{title}. " + " ".join(f"{row['label']}." for row in rows[:20]),
        records=[
            {
                "model": each.model,
                "alternation": each.alternation,
                "dispersion": each.dispersion_own,
                "verdict": str(each.verdict),
            }
            for each in known
        ],
    )


def _row(each: SequenceEstimate, study: Study) -> Row:
    dispersion = each.dispersion_own or 0.0
    differ = f"{percent_text(each.alternation)} of neighbours differ"
    said = f"{shown(each.model)}: {differ}, dispersion {dispersion:.2f}"
    return {
        "model": shown(each.model),
        "page": address(model_page(study.id, each.model)),
        "alternation": each.alternation,
        "dispersion": dispersion,
        "patterned": each.verdict is SequenceVerdict.PATTERNED,
        "found": names_of(each),
        "label": f"{said}, {names_of(each)}",
    }


def _points(rows: Sequence[Row], cloud: Sequence[Row], canvas: Canvas) -> AnyChart:
    top = max(2, ceil(max(row["dispersion"] for row in [*rows, *cloud])))
    x = alt.X(
        "alternation:Q",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(format=".0%", tickCount=5, title="Draws that differ from the one before", grid=False),
    )
    y = alt.Y(
        "dispersion:Q",
        scale=alt.Scale(domain=[0, top], type="pow", exponent=0.5, nice=False),
        axis=upward_axis("Dispersion of the counts"),
    )
    own = canvas.chart(rows)
    linked = {"href": alt.Href("page:N"), "description": alt.Description("label:N"), "tooltip": _TOOLTIP}
    layers = [
        canvas.chart(cloud).mark_circle(size=9, opacity=0.4, color=ink("undecided")).encode(x=x, y=y),
        own.mark_point(size=70, filled=False, strokeWidth=2, color=ink("fair"))
        .transform_filter(~alt.datum.patterned)
        .encode(x=x, y=y, **linked),
        own.mark_point(size=80, filled=True, shape="diamond", color=ink("biased"))
        .transform_filter(alt.datum.patterned)
        .encode(x=x, y=y, **linked),
    ]
    height = 250 if canvas.narrow else 360
    margins = Margins(left=40, right=canvas.width - (290 if canvas.narrow else 520) - 40, top=34, bottom=46)
    width = canvas.width - margins.left - margins.right

    def place(row: Row) -> tuple[float, float]:
        return row["alternation"] * width, (1 - (row["dispersion"] / top) ** 0.5) * height

    names = extreme_names(rows, canvas, place=place, width=width, height=height)
    return placed(layered(*layers, *names), canvas, margins, height=height)
