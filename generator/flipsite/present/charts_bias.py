"""How biased: every model with its interval, and the two tables of a published study."""

from collections.abc import Sequence
from functools import partial
from itertools import groupby

import altair as alt
import numpy as np

from flipsite.analyse.estimate import noise_floor
from flipsite.domain import Estimate, Figure, Kind, Printed, Study, Verdict
from flipsite.present.figures import AnyChart, Layout, Margins, Row, figure, placed, shown, values
from flipsite.present.formats import bias_text, count_text, plural
from flipsite.present.marks import NAMES_PX, ROW_PX, named_row, place_axis, row_names, verdict_points
from flipsite.present.theme import ink

NAMED_ROWS = 60
"""Up to so many models have a row each, with a name; more are told apart by their place alone."""

MOST_MARKS = 300
"""More marks than this cannot be told apart; each then stands for several models."""


def bias_intervals(estimates: Sequence[Estimate], study: Study) -> Figure:
    """Every model's bias with its 95 % interval, least biased first, over what a fair coin shows.

    Up to 60 models are named rows, more a curve of ranked marks; of more than 300 each mark is the middle one
    of several neighbours in rank, and the caption says so.

    Raises:
        ValueError: If no model has a bias.
    """
    ranked = _ranked(estimates)
    named = len(ranked) <= NAMED_ROWS
    stride = -(-len(ranked) // MOST_MARKS)
    middles = range(stride // 2, len(ranked), stride)
    rows = [_row(place, ranked[place], study) for place in middles]
    draw = partial(_named_rows if named else _ranked_marks, rows, top=_top(study), n_models=len(ranked))
    title = verdict_sentence(ranked, study)
    return figure(
        draw,
        name=f"{study.id}-bias-intervals",
        title=title,
        caption=_caption(ranked, study, stride=stride),
        description=f"{title}. {_spread_sentence(ranked)}",
        records=[_record(estimate, study) for estimate in ranked],
    )


def printed_tables(estimates: Sequence[Estimate], printed: Printed, study: Study) -> Figure:
    """The two printed tables as one dot plot, the models that were not printed as a gap between them.

    Args:
        estimates: One record a printed model.
        printed: The printed figures, in the order of the source.
        study: The published study.
    """
    floor = float(noise_floor(np.array([printed.draws_about]), study.prompt.target)[0])
    least, most = (_in_order(estimates, printed, table) for table in ("least", "most"))
    unprinted = printed.n_models - len(least) - len(most)
    gap = 2 if unprinted > 0 else 0
    places = [*range(len(least)), *range(len(least) + gap, len(least) + gap + len(most))]
    rows = [
        _row(place, estimate, study) | {"note": "role-play" if estimate.model in printed.roleplay else ""}
        for place, estimate in zip(places, least + most, strict=True)
    ]
    widest, narrowest = _bias(least[-1]), _bias(most[0])
    between: Row = {
        "row": len(least) + gap / 2 - 0.5,
        "low": widest,
        "high": narrowest,
        "middle": (widest + narrowest) / 2,
        "words": f"{plural(unprinted, 'model')} not printed",
    }
    title = _printed_sentence(least, most, noise_floor=floor)
    return figure(
        partial(_printed_rows, rows, between, floor=floor, top=_top(study), n_rows=places[-1] + 1),
        name=f"{study.id}-printed-tables",
        title=title,
        caption=(
            f"The {len(least)} least and {len(most)} most biased of {count_text(printed.n_models)} models, "
            f"as printed. The band is what a fair coin shows on average at {printed.draws_about} draws, "
            f"{bias_text(floor)}. Marked are the models that the source calls role-playing finetunes."
        ),
        description=f"{title}. {plural(unprinted, 'model')} in between were not printed.",
        records=[_record(estimate, study) for estimate in least + most],
    )


def bias_interval(estimate: Estimate, target: float) -> tuple[float, float] | None:
    """The 95 % interval of |p − target| that follows from that of p; None without draws.

    Where the interval of p holds the target, that of the bias begins at 0.
    """
    low, high = estimate.mean_low, estimate.mean_high
    if low is None or high is None:
        return None
    near, far = sorted((abs(low - target), abs(high - target)))
    return (0.0 if low <= target <= high else near), far


def verdict_sentence(estimates: Sequence[Estimate], study: Study) -> str:
    """How many are shown to be biased, and how many fair."""
    n_models, noun = len(estimates), "coin" if study.kind == Kind.SIMULATED else "model"
    biased, fair = (
        sum(estimate.verdict == verdict for estimate in estimates)
        for verdict in (Verdict.BIASED, Verdict.FAIR)
    )
    of = f"{count_text(biased)} of {plural(n_models, noun)}"
    if biased in {0, n_models} and n_models > 1:
        of = f"None of {n_models} {noun}s" if not biased else f"All {count_text(n_models)} {noun}s"
    told = f"{of} {'is' if biased == 1 or not biased else 'are'} shown to be biased"
    return f"{told}, {count_text(fair) if fair else 'none'} to be fair"


def _ranked(estimates: Sequence[Estimate]) -> list[Estimate]:
    ranked = sorted(
        (estimate for estimate in estimates if estimate.bias is not None),
        key=lambda estimate: (_bias(estimate), estimate.model),
    )
    if not ranked:
        raise ValueError("no model has a bias to draw.")
    return ranked


def _in_order(estimates: Sequence[Estimate], printed: Printed, table: str) -> list[Estimate]:
    """One table's models from the least biased on; ties stay as near as they were printed."""
    by_model = {estimate.model: estimate for estimate in estimates}
    rows = sorted((row for row in printed.rows if row.table == table), key=lambda row: -row.position)
    return sorted((by_model[row.model] for row in rows), key=_bias)


def _bias(estimate: Estimate) -> float:
    assert estimate.bias is not None  # noqa: S101 - callers have left out those without
    return estimate.bias


def _top(study: Study) -> float:
    """The largest bias there can be."""
    return max(study.prompt.target, 1 - study.prompt.target)


def _row(place: int, estimate: Estimate, study: Study) -> Row:
    interval = bias_interval(estimate, study.prompt.target)
    bounds = {"low": interval[0], "high": interval[1]} if interval else {}
    drawn = f", {plural(estimate.valid, 'valid draw')}" if estimate.valid else ""
    said = f"{shown(estimate.model)}: bias {bias_text(estimate.bias)}{drawn}, {estimate.verdict}"
    numbers = {"row": place, "bias": _bias(estimate), "floor": estimate.noise_floor, "draws": estimate.valid}
    return named_row(estimate) | bounds | numbers | {"label": said}


def _record(estimate: Estimate, study: Study) -> Row:
    low, high = bias_interval(estimate, study.prompt.target) or (None, None)
    return {
        "model": estimate.model,
        "bias": estimate.bias,
        "bias_low": low,
        "bias_high": high,
        "valid": estimate.valid,
        "noise_floor": estimate.noise_floor,
        "verdict": str(estimate.verdict),
    }


def _runs(rows: Sequence[Row]) -> list[Row]:
    """The band in pieces: neighbouring rows of one noise floor; rows of an unknown one leave a gap."""
    pieces: list[Row] = []
    for floor, group in groupby(rows, key=lambda row: row["floor"]):
        members = list(group)
        if floor is not None:
            start, end = members[0]["row"] - 0.5, members[-1]["row"] + 0.5
            pieces.append({"floor": floor, "zero": 0, "start": start, "end": end})
    return pieces


def _caption(ranked: Sequence[Estimate], study: Study, *, stride: int) -> str:
    noun = "coin" if study.kind == Kind.SIMULATED else "model"
    draws = [estimate.valid for estimate in ranked if estimate.valid]
    each = f", {_from_to(min(draws), max(draws))} valid draws each" if draws else ""
    marks = f"{plural(len(ranked), noun)}{each}, least biased first."
    if stride > 1:
        marks += f" Each mark is the middle one of {stride} neighbours in rank."
    drawn = "Lines are" if len(ranked) <= NAMED_ROWS else "The grey area holds their"
    lines = f" {drawn} 95 % intervals." if any(estimate.mean_low is not None for estimate in ranked) else ""
    return f"{marks}{lines} The band is what a fair coin shows on average at as many draws."


def _from_to(low: int, high: int) -> str:
    return count_text(low) if low == high else f"{count_text(low)} to {count_text(high)}"


def _spread_sentence(ranked: Sequence[Estimate]) -> str:
    least, most = ranked[0], ranked[-1]
    return (
        f"Biases run from {bias_text(least.bias)} ({shown(least.model)}) to {bias_text(most.bias)} "
        f"({shown(most.model)}); half of them are at most {bias_text(ranked[(len(ranked) - 1) // 2].bias)}."
    )


def _printed_sentence(least: Sequence[Estimate], most: Sequence[Estimate], *, noise_floor: float) -> str:
    within = sum(_bias(estimate) <= noise_floor for estimate in least)
    all_or = "All" if within == len(least) else f"{within}"
    return (
        f"{all_or} of the {len(least)} least biased show no more bias than a fair coin does on average; "
        f"the {len(most)} most biased begin at {bias_text(_bias(most[0]), decimals=2)}"
    )


_TOOLTIP = [
    alt.Tooltip("model:N", title="Model"),
    alt.Tooltip("bias:Q", title="Bias", format=".3f"),
    alt.Tooltip("verdict:N", title="Verdict"),
]
_DRAWN_TOOLTIP = [
    *_TOOLTIP[:2],
    alt.Tooltip("low:Q", title="At least", format=".3f"),
    alt.Tooltip("high:Q", title="At most", format=".3f"),
    alt.Tooltip("draws:Q", title="Valid draws", format=","),
    _TOOLTIP[2],
]


def _bias_scale(top: float) -> alt.Scale:
    return alt.Scale(domain=[0, top], nice=False)


def _has_intervals(rows: Sequence[Row]) -> bool:
    return all("low" in row for row in rows)


def _named_rows(rows: Sequence[Row], layout: Layout, *, top: float, n_models: int) -> AnyChart:
    y = place_axis(n_models)
    layers = _row_band(_runs(rows), layout, top=top, n_rows=n_models)
    tooltip = _TOOLTIP
    if _has_intervals(rows):
        tooltip = _DRAWN_TOOLTIP
        layers.append(
            alt.Chart(values(rows))
            .mark_rule(strokeWidth=2, color=ink("muted"), opacity=0.7)
            .encode(x="low:Q", x2="high:Q", y=y)
        )
    return _with_names(layers, rows, layout, top=top, n_rows=n_models, tooltip=tooltip)


def _printed_rows(
    rows: Sequence[Row], between: Row, layout: Layout, *, floor: float, top: float, n_rows: int
) -> AnyChart:
    y = place_axis(n_rows)
    whole: Row = {"floor": floor, "zero": 0, "start": -0.5, "end": n_rows - 0.5}
    layers = _row_band([whole], layout, top=top, n_rows=n_rows)
    gap = alt.Chart(values([between]))
    noted = alt.Chart(
        values([{"row": row["row"], "floor": floor, "note": row["note"]} for row in rows if row["note"]])
    )
    layers += [
        gap.mark_rule(strokeDash=[2, 4], color=ink("muted")).encode(x="low:Q", x2="high:Q", y=y),
        gap.mark_text(color=ink("muted"), dy=-10, align="center").encode(x="middle:Q", y=y, text="words:N"),
        noted.mark_text(align="left", baseline="middle", dx=8, color=ink("muted")).encode(
            x="floor:Q", y=y, text="note:N"
        ),
    ]
    return _with_names(layers, rows, layout, top=top, n_rows=n_rows, tooltip=_TOOLTIP)


def _with_names(
    layers: Sequence[alt.Chart],
    rows: Sequence[Row],
    layout: Layout,
    *,
    top: float,
    n_rows: int,
    tooltip: Sequence[alt.Tooltip],
) -> AnyChart:
    axis = alt.Axis(orient="top", offset=6, format=".1f", tickCount=5, title="Bias", titleAnchor="start")
    x, y = alt.X("bias:Q", scale=_bias_scale(top), axis=axis), place_axis(n_rows)
    points = verdict_points(rows, size=80, x=x, y=y, tooltip=tooltip, legend_y=-80)
    margins = Margins(left=10 if layout.narrow else NAMES_PX, right=14, top=86, bottom=30)
    chart = alt.layer(*layers, points, row_names(rows, layout, y=y))
    return placed(chart, layout, margins, height=n_rows * ROW_PX[layout.name])


def _row_band(runs: Sequence[Row], layout: Layout, *, top: float, n_rows: int) -> list[alt.Chart]:
    """The band behind rows, with its edge, and its name at its foot."""
    if not runs:
        return []
    y = place_axis(n_rows, "start")
    pieces = alt.Chart(values(runs))
    foot = alt.Chart(values([{"floor": runs[-1]["floor"], "words": "◂ a fair coin on average"}]))
    zero = alt.X("zero:Q", scale=_bias_scale(top))
    return [
        pieces.mark_rect(color=ink("band")).encode(x=zero, x2="floor:Q", y=y, y2="end:Q"),
        pieces.mark_rule(color=ink("edge"), strokeDash=[3, 3]).encode(x="floor:Q", y=y, y2="end:Q"),
        foot.mark_text(align="left", baseline="top", dx=4, dy=6, color=ink("muted")).encode(
            x="floor:Q", y=alt.value(n_rows * ROW_PX[layout.name]), text="words:N"
        ),
    ]


def _ranked_marks(rows: Sequence[Row], layout: Layout, *, top: float, n_models: int) -> AnyChart:
    """A curve of marks; on a phone they are too small to be links, and are none."""
    place = alt.Scale(domain=[-0.5, n_models - 0.5], nice=False)
    across = alt.Axis(title="Models, least biased first", labels=False, grid=False)
    up = alt.Axis(
        format=".1f", tickCount=5, title="Bias", titleAngle=0, titleAlign="left", titleX=-34, titleY=-16
    )
    x, y = alt.X("row:Q", scale=place, axis=across), alt.Y("bias:Q", scale=_bias_scale(top), axis=up)
    step = alt.Chart(values(rows)).encode(x=x)
    layers = [
        step.mark_area(
            interpolate="step", opacity=1, color=ink("band"), line={"color": ink("edge"), "strokeWidth": 1}
        ).encode(y=alt.Y("floor:Q"))
    ]
    if _has_intervals(rows):
        layers.append(
            step.mark_area(interpolate="step", color=ink("muted"), opacity=0.22).encode(
                y="low:Q", y2="high:Q"
            )
        )
    layers.append(
        verdict_points(
            rows,
            size=24 if layout.narrow else 36,
            x=x,
            y=y,
            tooltip=_DRAWN_TOOLTIP if _has_intervals(rows) else _TOOLTIP,
            legend_y=-62,
            linked=not layout.narrow,
        )
    )
    margins = Margins(left=36, right=12, top=68, bottom=30)
    return placed(alt.layer(*layers), layout, margins, height=260 if layout.narrow else 340)
