"""Studies of the same models: the bias in one against that in another, and over time."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import altair as alt

from flipsite.analyse.cross_study.comparisons import BiasChange, began, in_order
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Figure, plural
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Kind, Study
from flipsite.present.charts.figure import AnyChart, Canvas, Margins, Row, figure, layered, placed
from flipsite.present.charts.marks import (
    MOST_MARKS,
    bias_of,
    bias_scale,
    extreme_names,
    largest_bias,
    named_row,
    upward_axis,
)
from flipsite.present.charts.scatter import ScatterAxis, scatter, scatter_row, year_of
from flipsite.present.charts.theme import ink
from flipsite.present.text.escaping import shown
from flipsite.present.text.formats import bias_text, how_many

MOST_CROSSES = 60
"""Up to this many models carry their intervals as crosses; more would hide each other."""


def bias_against_bias(changes: Sequence[BiasChange], before: Study, after: Study) -> Figure:
    """Bias in both studies with 95 % intervals, those that moved marked by shape and colour.

    Raises:
        ValueError: If no model has a bias in both.
    """
    both = [change for change in changes if change.difference is not None]
    if not both:
        raise ValueError("no model has a bias in both studies.")
    drawn = sorted(both, key=lambda change: (not change.moved, change.model))[:MOST_MARKS]
    rows = [_row(change) for change in drawn]
    moved = sum(change.moved for change in both)
    title = (
        how_many(moved, len(both), "model", does="moved", do="moved")
        if moved
        else "No model is shown to have moved"
    )
    fewer = f" {plural(len(rows), 'model')} are drawn." if len(rows) < len(both) else ""
    return figure(
        lambda canvas: _points(rows, canvas, after),
        name=f"{after.id}-against-{before.id}",
        title=title,
        caption=(
            f"Bias of {plural(len(both), 'model')} in “{before.title}” and in “{after.title}”; the "
            f"{_doubt(rows)}.{fewer} On the dashed line both are the same; filled marks moved."
        ),
        description=f"{title}. " + " ".join(f"{row['label']}." for row in rows[:20]),
        records=[
            {
                "model": change.model,
                "bias_before": change.biases[0],
                "bias_after": change.biases[1],
                "q_value": change.q_value,
                "moved": change.moved,
            }
            for change in both
        ],
    )


def _doubt(rows: Sequence[Row]) -> str:
    """Where the intervals are to be seen."""
    return "lines are 95 % intervals" if len(rows) <= MOST_CROSSES else "95 % intervals are in the table"


def _row(change: BiasChange) -> Row:
    was, now = change.biases
    (was_low, was_high), (now_low, now_high) = (
        ends or (bias, bias) for ends, bias in zip(change.intervals, change.biases, strict=True)
    )
    said = f"{shown(change.model)}: bias {bias_text(was)} before, {bias_text(now)} after"
    return named_row(change.after) | {
        "before": was,
        "before_low": was_low,
        "before_high": was_high,
        "after": now,
        "after_low": now_low,
        "after_high": now_high,
        "moved": "moved" if change.moved else "not shown to have moved",
        "label": said,
    }


def _points(rows: Sequence[Row], canvas: Canvas, study: Study) -> AnyChart:
    top = study.prompt.largest_bias
    across = alt.Axis(format=".1f", tickCount=5, title="Bias before", grid=False)
    up = upward_axis("Bias after", format=".1f")
    x = alt.X("before:Q", scale=bias_scale(top), axis=across)
    y = alt.Y("after:Q", scale=bias_scale(top), axis=up)
    ends = canvas.chart([{"before": 0, "after": 0}, {"before": top, "after": top}])
    whole = canvas.chart(rows)
    tooltip = [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("before:Q", title="Bias before", format=".3f"),
        alt.Tooltip("after:Q", title="Bias after", format=".3f"),
        alt.Tooltip("moved:N", title="Change"),
    ]
    here = alt.datum.moved == "moved"
    lines = [
        whole.mark_rule(opacity=0.35).encode(x=x, y=alt.Y("after_low:Q"), y2=alt.Y2("after_high:Q")),
        whole.mark_rule(opacity=0.35).encode(x=alt.X("before_low:Q"), x2=alt.X2("before_high:Q"), y=y),
    ]
    layers = [
        ends.mark_line(strokeDash=[3, 3], color=ink("edge")).encode(x=x, y=y),
        *(lines if len(rows) <= MOST_CROSSES else []),
        whole.mark_point(size=60, filled=False, color=ink("undecided"))
        .transform_filter(~here)
        .encode(x=x, y=y, tooltip=tooltip, href=alt.Href("page:N"), description=alt.Description("label:N")),
        whole.mark_point(size=80, filled=True, shape="diamond", color=ink("biased"))
        .transform_filter(here)
        .encode(x=x, y=y, tooltip=tooltip, href=alt.Href("page:N"), description=alt.Description("label:N")),
    ]
    side = 250 if canvas.narrow else 380
    margins = Margins(
        left=40, right=canvas.width - side - 40 - (0 if canvas.narrow else 150), top=34, bottom=46
    )

    def mark(row: Row) -> tuple[float, float]:
        return row["before"] / top * side, (1 - row["after"] / top) * side

    names = extreme_names(rows, canvas, place=mark, width=side, height=side)
    return placed(layered(*layers, *names), canvas, margins, height=side)


_BEGAN = ScatterAxis(
    name="history",
    title="Start of the study",
    noun="start of the study",
    more="Later studies",
    logarithmic=False,
)

MOST_LINES = 40
"""Models of a history; those whose bias changed most."""


def history_drawings(reports: Sequence[StudyReport]) -> dict[str, Callable[[], Figure]]:
    """The chart of the bias over time, where studies of other dates asked the same of the same models."""
    lines = _lines_over_time(reports)
    return {_BEGAN.name: partial(bias_over_time, lines)} if lines else {}


Line = Sequence[tuple[str, Study, Estimate]]
"""One model in studies that asked alike: each one's date, the study, the estimate, by date."""


def _lines_over_time(reports: Sequence[StudyReport]) -> list[Line]:
    asked: defaultdict[object, dict[str, tuple[str, Study, Estimate]]] = defaultdict(dict)
    for report in in_order(reports):
        study, date = report.study, began(report)[:10]
        if study.kind == Kind.SIMULATED or not date:
            continue
        alike = (study.prompt.shares, study.prompt.labels, study.sampling, study.method)
        for estimate in report.estimates:
            if estimate.ranking_bias is not None:
                asked[estimate.model, alike][date] = (date, study, estimate)
    lines = [list(line.values()) for line in asked.values() if len(line) > 1]
    return sorted(lines, key=lambda line: (-_change(line), line[0][2].model))


def _change(line: Line) -> float:
    return abs(bias_of(line[-1][2]) - bias_of(line[0][2]))


def bias_over_time(lines: Sequence[Line]) -> Figure:
    """The bias of each model in studies that asked the same at other times, as lines.

    Args:
        lines: At least one, those that changed most first.
    """
    drawn = lines[:MOST_LINES]
    rows = [_time_row(*point) for line in drawn for point in line]
    edges = [
        {"at": one["at"], "at2": other["at"], "bias": one["bias"], "bias2": other["bias"]}
        for line in drawn
        for one, other in pairwise([_time_row(*point) for point in line])
    ]
    most = lines[0]
    first, last = (bias_text(bias_of(point[2])) for point in (most[0], most[-1]))
    title = f"{shown(most[0][2].model)} changed most: from a bias of {first} to {last}"
    fewer = f" The {len(drawn)} that changed most are drawn." if len(drawn) < len(lines) else ""
    study = max((study for line in drawn for _, study, _ in line), key=largest_bias)
    return figure(
        lambda canvas: scatter(rows, canvas, axis=_BEGAN, study=study, edges=edges),
        name=_BEGAN.name,
        title=title,
        caption=(
            f"Bias of {plural(len(lines), 'model')} in studies that asked the same at other times.{fewer} "
            "A line joins the studies of a model."
        ),
        description=f"{title}. " + " ".join(f"{row['label']}." for row in rows[:20]),
        records=[
            {
                "model": e.model,
                "study": study.id,
                "began": date,
                "bias": bias_of(e),
                "verdict": str(e.verdict),
            }
            for line in lines
            for date, study, e in line
        ],
    )


def _time_row(date: str, study: Study, estimate: Estimate) -> Row:
    return scatter_row(estimate, at=year_of(date), value=f"{date}, {shown(study.title)}")
