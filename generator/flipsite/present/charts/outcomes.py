"""The chart of all models and all outcomes: who draws what, and how often."""

from collections.abc import Sequence

import altair as alt

from flipsite.analyse.outcomes.estimates import ModelOutcomes
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Figure, plural
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Study
from flipsite.present.charts.figure import AnyChart, Canvas, Margins, Row, figure, layered, placed
from flipsite.present.charts.marks import MOST_MARKS, NAMES_PX, ROW_PX, named_row, place_axis, row_names
from flipsite.present.charts.theme import ink
from flipsite.present.outcomes.favourites import favourites
from flipsite.present.sparklines.outcomes import short_label
from flipsite.present.text.escaping import shown
from flipsite.present.text.formats import how_many, percent_text

MOST_ROWS = 60
"""Models that are drawn; of more, those of the largest bias."""

_STRONGEST = 4.0
"""Multiple of the target from which on a cell is as strong as can be."""


def outcome_shares(report: StudyReport) -> Figure:
    """Every model's share of every outcome, most biased first, as strong as it exceeds what was asked for.

    Raises:
        ValueError: If no model has a valid draw.
    """
    study = report.study
    ranked = sorted(
        (e for e in report.estimates if e.model in report.outcomes),
        key=lambda e: (-(e.ranking_bias or 0.0), e.model),
    )
    if not ranked:
        raise ValueError("no model has a valid draw.")
    drawn = ranked[:MOST_ROWS]
    names = [named_row(e) | {"row": place, "label": _label(e)} for place, e in enumerate(drawn)]
    cells = [
        cell for place, e in enumerate(drawn) for cell in _cells(place, e, report.outcomes[e.model], study)
    ]
    title = _title(report)
    left_out = len(ranked) - len(drawn)
    return figure(
        lambda canvas: _grid(cells, names, canvas, study=study),
        name=f"{study.id}-outcomes",
        title=title,
        caption=(
            f"{plural(len(drawn), 'model')}, most biased first, and {study.prompt.n_outcomes} outcomes in "
            f"their order. The stronger the colour, the more often an outcome was drawn relative to its "
            f"target; an empty cell was never drawn."
            + (f" {plural(left_out, 'less biased model')} left out." if left_out else "")
        ),
        description=f"{title}. " + " ".join(f"{row['label']}." for row in names[:20]),
        records=[
            {"model": e.model, "label": o.label, "target": o.target, "count": o.count, "share": o.share}
            for e in ranked
            for o in report.outcomes[e.model].outcomes
        ],
    )


def _title(report: StudyReport) -> str:
    """The commonest favourite in words."""
    found = favourites(report)
    if not found:
        return "What each model draws"
    n_models = sum(bool(record.valid) for record in report.estimates)
    n_first, n_tied = len(found[0].models), n_models - sum(len(each.models) for each in found)
    if n_first == 1 and n_tied:
        return "No two models have the same favourite"
    if n_first == 1 < n_models:
        which = "The two" if n_models == 2 else f"All {n_models}"
        return f"{which} models have different favourites"
    said = f"“{shown(found[0].label)}” most often"
    return how_many(n_first, n_models, "model", does=f"says {said}", do=f"say {said}")


def _label(estimate: Estimate) -> str:
    said = f", says {shown(estimate.top)} most, {percent_text(estimate.top_share)}" if estimate.top else ""
    return f"{shown(estimate.model)}{said}, {estimate.verdict}"


def _cells(place: int, estimate: Estimate, model: ModelOutcomes, study: Study) -> list[Row]:
    return [
        {
            "row": place,
            "outcome": index,
            "next": index + 1,
            "top": place - 0.42,
            "below_name": place - 0.05,
            "end": place + 0.42,
            "model": shown(estimate.model),
            "name": shown(each.label),
            "share": each.share,
            "label": f"{shown(estimate.model)}: {shown(each.label)} in {percent_text(each.share)}",
            "strength": min((each.share or 0.0) / each.target if each.target else _STRONGEST, _STRONGEST),
        }
        for index, each in enumerate(model.outcomes)
        if each.count
    ]


def _grid(cells: Sequence[Row], names: Sequence[Row], canvas: Canvas, *, study: Study) -> AnyChart:
    k, n_rows = study.prompt.n_outcomes, len(names)
    y, pitch = place_axis(n_rows), ROW_PX[canvas.width]
    scale = alt.Scale(domain=[0, k], nice=False)
    strength = alt.Opacity(
        "strength:Q", scale=alt.Scale(domain=[0, _STRONGEST], range=[0.08, 1]), legend=None
    )
    tooltip = [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("name:N", title="Outcome"),
        alt.Tooltip("share:Q", title="Share", format=".3f"),
    ]
    ends = canvas.chart(_ticks(study))
    layers = [
        canvas.chart(cells)
        .mark_rect(color=ink("tails"), aria=len(cells) <= MOST_MARKS)
        .encode(
            x=alt.X("outcome:Q", scale=scale, axis=None),
            x2=alt.X2("next:Q"),
            y=place_axis(n_rows, "below_name" if canvas.narrow else "top"),
            y2=alt.Y2("end:Q"),
            opacity=strength,
            tooltip=tooltip,
            description=alt.Description("label:N"),
        ),
        ends.mark_text(baseline="bottom", dy=-6, color=ink("muted")).encode(
            x=alt.X("at:Q", scale=scale), y=alt.YValue(0), text=alt.Text("words:N")
        ),
        row_names(names, canvas, y=y),
    ]
    margins = Margins(left=10 if canvas.narrow else NAMES_PX, right=14, top=40, bottom=12)
    return placed(layered(*layers), canvas, margins, height=n_rows * pitch)


def _ticks(study: Study) -> list[Row]:
    """Names of the outcomes where they have room, else of the first and the last."""
    labels = study.prompt.outcomes if study.prompt.labels == "fixed" else ()
    if labels and len(labels) * max(map(len, labels)) <= 48:
        return [{"at": j + 0.5, "words": shown(label)} for j, label in enumerate(labels)]
    ends = ((0, labels[0]), (len(labels) - 1, labels[-1]))
    return [{"at": j + 0.5, "words": shown(short_label(label, most=10))} for j, label in ends]
