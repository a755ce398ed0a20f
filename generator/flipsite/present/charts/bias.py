"""How biased: every model with its interval, least biased first."""

from collections.abc import Sequence
from functools import partial
from itertools import groupby

import altair as alt

from flipsite.domain.display import Figure, plural
from flipsite.domain.estimates import Estimate, Verdict
from flipsite.domain.study import Study
from flipsite.present.charts.figure import AnyChart, Canvas, Margins, Row, figure, layered, placed
from flipsite.present.charts.marks import (
    DRAWN_TOOLTIP,
    MOST_MARKS,
    NAMED_ROWS,
    TOOLTIP,
    bias_interval,
    bias_of,
    bias_record,
    bias_row,
    bias_scale,
    extreme_names,
    largest_bias,
    place_axis,
    row_band,
    upward_axis,
    verdict_points,
    with_names,
)
from flipsite.present.charts.theme import ink
from flipsite.present.outcomes.words import sampler_text
from flipsite.present.text.escaping import shown
from flipsite.present.text.formats import bias_text, count_text, how_many_are, so_many


def bias_intervals(estimates: Sequence[Estimate], study: Study, *, narrow: bool = True) -> Figure:
    """Every model's bias with its 95 % interval, least biased first, over what a fair coin shows.

    Up to 60 models are named rows, more a curve of ranked marks; of more than 300 each mark is the middle one
    of several neighbours in rank, and the caption says so. `narrow` is whether it is drawn for a phone too.

    Raises:
        ValueError: If no model has a bias.
    """
    ranked = _ranked(estimates)
    named = len(ranked) <= NAMED_ROWS
    stride = -(-len(ranked) // MOST_MARKS)
    middles = range(stride // 2, len(ranked), stride)
    rows = [bias_row(place, ranked[place], study) for place in middles]
    form = partial(_named_rows, sampler=sampler_text(study)) if named else _ranked_marks
    draw = partial(form, rows, top=largest_bias(study), n_models=len(ranked))
    title = verdict_sentence(estimates)  # those without a bias too, as in the sentence above the leaderboard
    return figure(
        draw,
        name=f"{study.id}-bias-intervals",
        title=title,
        caption=_caption(ranked, study, stride=stride, n_silent=len(estimates) - len(ranked)),
        description=f"{title}. {_spread_sentence(ranked)}",
        records=[bias_record(estimate, study) for estimate in ranked],
        narrow=narrow,
    )


def verdict_sentence(estimates: Sequence[Estimate]) -> str:
    """How many are shown to be biased, how many fair, and how many follow the order or the labels."""
    finding = _verdicts_counted(estimates)
    followers = sum(estimate.sway is not None for estimate in estimates)
    if not followers:
        return finding
    follow = so_many(followers, len(estimates), does="follows", do="follow")
    return f"{finding}; {follow} the order or the labels"


def _verdicts_counted(estimates: Sequence[Estimate]) -> str:
    n_models = len(estimates)
    biased, fair = (
        sum(estimate.verdict == verdict for estimate in estimates)
        for verdict in (Verdict.BIASED, Verdict.FAIR)
    )
    if not biased and not fair:
        return how_many_are(0, n_models, "shown to be biased or fair")
    finding = how_many_are(biased, n_models, "shown to be biased")
    if biased == n_models:
        return finding
    return f"{finding}, {count_text(fair) if fair else 'none'} to be fair"


def _ranked(estimates: Sequence[Estimate]) -> list[Estimate]:
    ranked = sorted(
        (estimate for estimate in estimates if estimate.bias is not None),
        key=lambda estimate: (bias_of(estimate), estimate.model),
    )
    if not ranked:
        raise ValueError("no model has a bias to draw.")
    return ranked


def _runs(rows: Sequence[Row]) -> list[Row]:
    """The band in pieces: neighbouring rows of one noise floor; rows of an unknown one leave a gap."""
    pieces: list[Row] = []
    for floor, group in groupby(rows, key=lambda row: row["floor"]):
        members = list(group)
        if floor is not None:
            start, end = members[0]["row"] - 0.5, members[-1]["row"] + 0.5
            pieces.append({"floor": floor, "zero": 0, "start": start, "end": end})
    return pieces


def _caption(ranked: Sequence[Estimate], study: Study, *, stride: int, n_silent: int) -> str:
    draws = [estimate.valid for estimate in ranked if estimate.valid]
    n_draws = study.sampling.per_answer
    valid = f"valid answers of {count_text(n_draws)} draws" if n_draws > 1 else "valid draws"
    each = f", {_from_to(min(draws), max(draws))} {valid} each" if draws else ""
    marks = f"{plural(len(ranked), 'model')}{each}, least biased first."
    if n_silent:
        marks += (
            f" {plural(n_silent, 'model')} without a valid draw {'is' if n_silent == 1 else 'are'} not drawn."
        )
    if stride > 1:
        marks += f" Each mark is the middle one of {stride} neighbours in rank."
    drawn = "Lines are" if len(ranked) <= NAMED_ROWS else "The grey area holds their"
    lines = f" {drawn} 95 % intervals." if any(bias_interval(estimate) for estimate in ranked) else ""
    if any(estimate.bias_within is not None for estimate in ranked):
        lines += (
            " The bias is the mean of those within each order of the labels."
            if study.is_coin
            else " The bias is the larger of those by label and by position."
        )
    return f"{marks}{lines} The band is what {sampler_text(study)} shows on average at as many draws."


def _from_to(low: int, high: int) -> str:
    return count_text(low) if low == high else f"{count_text(low)} to {count_text(high)}"


def _spread_sentence(ranked: Sequence[Estimate]) -> str:
    least, middle, most = ranked[0], ranked[(len(ranked) - 1) // 2], ranked[-1]
    if len(ranked) == 1:
        return f"The bias of {shown(least.model)} is {bias_text(bias_of(least))}."
    half = f"; half of them are at most {bias_text(bias_of(middle))}" if len(ranked) > 2 else ""
    return (
        f"Biases run from {bias_text(bias_of(least))} ({shown(least.model)}) to {bias_text(bias_of(most))} "
        f"({shown(most.model)}){half}."
    )


def _has_intervals(rows: Sequence[Row]) -> bool:
    return all("low" in row for row in rows)


def _named_rows(rows: Sequence[Row], canvas: Canvas, *, top: float, n_models: int, sampler: str) -> AnyChart:
    y = place_axis(n_models)
    layers = row_band(_runs(rows), canvas, top=top, n_rows=n_models, sampler=sampler)
    tooltip = TOOLTIP
    if _has_intervals(rows):
        tooltip = DRAWN_TOOLTIP
        layers.append(
            canvas.chart(rows)
            .mark_rule(strokeWidth=2, color=ink("muted"), opacity=0.7)
            .encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=y)
        )
    return with_names(layers, rows, canvas, top=top, n_rows=n_models, tooltip=tooltip)


def _ranked_marks(rows: Sequence[Row], canvas: Canvas, *, top: float, n_models: int) -> AnyChart:
    """A curve of marks; on a phone they are too small to be links, and are none."""
    place = alt.Scale(domain=[-0.5, n_models - 0.5], nice=False)
    across = alt.Axis(title="Models, least biased first", labels=False, grid=False)
    up = upward_axis("Bias", format=".1f")
    x, y = alt.X("row:Q", scale=place, axis=across), alt.Y("bias:Q", scale=bias_scale(top), axis=up)
    step = canvas.chart(rows).encode(x=x)
    layers = [
        step.mark_area(
            interpolate="step", opacity=1, color=ink("band"), line={"color": ink("edge"), "strokeWidth": 1}
        ).encode(y=alt.Y("floor:Q"))
    ]
    if _has_intervals(rows):
        layers.append(
            step.mark_area(interpolate="step", color=ink("muted"), opacity=0.22).encode(
                y=alt.Y("low:Q"), y2=alt.Y2("high:Q")
            )
        )
    layers.append(
        verdict_points(
            rows,
            canvas,
            size=24 if canvas.narrow else 36,
            x=x,
            y=y,
            tooltip=DRAWN_TOOLTIP if _has_intervals(rows) else TOOLTIP,
            legend_y=-62,
            linked=not canvas.narrow,
        )
    )
    margins = Margins(left=36, right=12, top=68, bottom=30)
    width, height = canvas.width - margins.left - margins.right, 260 if canvas.narrow else 340

    def mark(row: Row) -> tuple[float, float]:
        return (row["row"] + 0.5) / n_models * width, (1 - row["bias"] / top) * height

    names = extreme_names(rows, canvas, place=mark, width=width, height=height)
    return placed(layered(*layers, *names), canvas, margins, height=height)
