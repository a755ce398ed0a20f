"""Charts of published studies and of the two ends of a ranking."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import altair as alt
import numpy as np

from flipsite.analyse.empirical_bayes.population import Population, expected_models
from flipsite.analyse.fair_share import FairShare
from flipsite.analyse.noise_floor import noise_floor
from flipsite.analyse.published.enrichment import Enrichment
from flipsite.domain.display import Figure, plural
from flipsite.domain.estimates import Estimate, Printed
from flipsite.domain.study import Study
from flipsite.present.charts.figure import AnyChart, Canvas, Margins, Row, figure, layered, placed
from flipsite.present.charts.marks import (
    TOOLTIP,
    bias_of,
    bias_record,
    bias_row,
    largest_bias,
    place_axis,
    row_band,
    with_names,
)
from flipsite.present.charts.theme import ink
from flipsite.present.text.formats import bias_text, count_text


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
        bias_row(place, estimate, study) | {"note": "role-play" if estimate.model in printed.roleplay else ""}
        for place, estimate in zip(places, least + most, strict=True)
    ]
    widest, narrowest = bias_of(least[-1]), bias_of(most[0])
    between: Row = {
        "row": len(least) + gap / 2 - 0.5,
        "low": widest,
        "high": narrowest,
        "middle": (widest + narrowest) / 2,
        "words": f"{plural(unprinted, 'model')} not printed",
    }
    title = _printed_sentence(least, most, noise_floor=floor)
    return figure(
        partial(_printed_rows, rows, between, floor=floor, top=largest_bias(study), n_rows=places[-1] + 1),
        name=f"{study.id}-printed-tables",
        title=title,
        caption=(
            f"The {len(least)} least and {len(most)} most biased of {count_text(printed.n_models)} models, "
            f"as printed. The band is what a fair coin shows on average at {printed.draws_about} draws, "
            f"{bias_text(floor)}. Marked are the models that the source calls role-playing finetunes."
        ),
        description=f"{title}. {plural(unprinted, 'model')} in between were not printed.",
        records=[bias_record(estimate, study) for estimate in least + most],
    )


def stated_spend(printed: Printed, study: Study) -> Figure:
    """A published study's own account of its cost: the run behind its tables, and all spending around it.

    Args:
        printed: Both sums.
        study: The published study.
    """
    run, total = printed.spend_run_usd.dollars, printed.spend_total_usd.dollars
    sums = (
        ("the run of the tables", run, f"less than ${run:g}"),
        ("with tries and one mistake", total, f"about ${total:g}"),
    )
    rows: list[Row] = [
        {"row": place, "zero": 0, "what": what, "usd": usd, "words": words}
        for place, (what, usd, words) in enumerate(sums)
    ]
    title = f"The run cost less than ${run:g}, everything about ${total:g}"
    return figure(
        lambda canvas: _stated_bars(rows, canvas, top=max(run, total)),
        name=f"{study.id}-spend",
        title=title,
        caption="US dollars, as the source states them; it does not say what each model cost.",
        description=f"{title}.",
        records=[{"what": row["what"], "usd": row["usd"], "stated": row["words"]} for row in rows],
    )


def _stated_bars(rows: Sequence[Row], canvas: Canvas, *, top: float) -> AnyChart:
    y = place_axis(len(rows))
    scale = alt.Scale(domain=[0, 1.35 * top], nice=False)
    x, zero = (alt.X(f"{field}:Q", scale=scale, axis=None) for field in ("usd", "zero"))
    whole = canvas.chart(rows)
    bars = whole.mark_bar(height=16, color=ink("heads"))
    named: dict[str, Any] = {"align": "left", "dy": -20} if canvas.narrow else {"align": "right"}
    left = alt.XValue(0 if canvas.narrow else -12)
    layers = [
        bars.encode(x=zero, x2=alt.X2("usd:Q"), y=y, description=alt.Description("words:N")),
        whole.mark_text(align="left", baseline="middle", dx=8).encode(x=x, y=y, text=alt.Text("words:N")),
        whole.mark_text(baseline="middle", **named).encode(x=left, y=y, text=alt.Text("what:N")),
    ]
    margins = Margins(left=10 if canvas.narrow else 200, right=16, top=14, bottom=10)
    return placed(layered(*layers), canvas, margins, height=len(rows) * (56 if canvas.narrow else 40))


def _in_order(estimates: Sequence[Estimate], printed: Printed, table: str) -> list[Estimate]:
    """One table's models from the least biased on; ties stay as near as they were printed."""
    by_model = {estimate.model: estimate for estimate in estimates}
    rows = sorted((row for row in printed.rows if row.table == table), key=lambda row: -row.position)
    return sorted((by_model[row.model] for row in rows), key=bias_of)


def _printed_sentence(least: Sequence[Estimate], most: Sequence[Estimate], *, noise_floor: float) -> str:
    within = sum(bias_of(estimate) <= noise_floor for estimate in least)
    all_or = "All" if within == len(least) else f"{within}"
    return (
        f"{all_or} of the {len(least)} least biased show no more bias than a fair coin does on average; "
        f"the {len(most)} most biased begin at {bias_text(bias_of(most[0]), decimals=2)}"
    )


def _printed_rows(
    rows: Sequence[Row], between: Row, canvas: Canvas, *, floor: float, top: float, n_rows: int
) -> AnyChart:
    y = place_axis(n_rows)
    whole: Row = {"floor": floor, "zero": 0, "start": -0.5, "end": n_rows - 0.5}
    layers = row_band([whole], canvas, top=top, n_rows=n_rows)
    gap = canvas.chart([between])
    notes = [{"row": row["row"], "floor": floor, "note": row["note"]} for row in rows if row["note"]]
    noted = canvas.chart(notes)
    layers += [
        gap.mark_rule(strokeDash=[2, 4], color=ink("muted")).encode(
            x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=y
        ),
        gap.mark_text(color=ink("muted"), dy=-10, align="center").encode(
            x=alt.X("middle:Q"), y=y, text=alt.Text("words:N")
        ),
        noted.mark_text(align="left", baseline="middle", dx=8, color=ink("muted")).encode(
            x=alt.X("floor:Q"), y=y, text=alt.Text("note:N")
        ),
    ]
    return with_names(layers, rows, canvas, top=top, n_rows=n_rows, tooltip=TOOLTIP)


KINDS = {"roleplay": "role-playing", "coding": "coding and problem solving", "reasoning": "reasoning"}
"""The name of a kind of claim."""

_NAMES_PX = 200
_ROW_PX = 46
_MARK: dict[str, Any] = {"size": 90, "filled": False}


def fair_room(share: FairShare, population: Population | None, study: Study) -> Figure:
    """How many of the models could be fair: a 95 % bound, and one or two estimates with 95 % intervals.

    Args:
        share: The estimate and the bound.
        population: The fitted population; None where none was fitted.
        study: Theirs.
    """
    n = share.n_models
    rows: list[Row] = [
        {
            "way": "counted at the fair end",
            "models": share.share * n,
            "low": share.share_low * n,
            "high": share.share_high * n,
        },
        {"way": "at most, exact bound", "models": share.n_most, "low": 0, "high": share.n_most},
    ]
    if population is not None:
        rows.append(
            {
                "way": "fitted to all of them",
                "models": population.fair * n,
                "low": population.fair_low * n,
                "high": population.fair_high * n,
            }
        )
    for place, row in enumerate(rows):
        row |= {"row": place, "label": _room_sentence(row)}
    title = (
        f"With 95 % confidence at most {count_text(share.n_most)} of {plural(n, 'model')} could be fair"
        if share.n_most < n
        else f"All of {plural(n, 'model')} could be fair"
    )
    return figure(
        lambda canvas: _room_rows(rows, canvas, n_models=n),
        name=f"{study.id}-fair-room",
        title=title,
        caption=(
            f"{count_text(len(rows))} answers among all {plural(n, 'model')}: a 95 % bound, and "
            "the others with 95 % intervals. They rest on different assumptions; fair means too near the "
            "target to be distinguished from it."
        ),
        description=f"{title}. " + " ".join(f"{row['label']}." for row in rows),
        records=[{key: row[key] for key in ("way", "models", "low", "high")} for row in rows],
    )


def _room_sentence(row: Row) -> str:
    if row["low"] == 0 and row["high"] == row["models"]:
        return f"{row['way']}: {count_text(row['models'])}"
    low, high = count_text(row["low"]), count_text(row["high"])
    return f"{row['way']}: {count_text(row['models'])}, {low} to {high}"


def _room_rows(rows: Sequence[Row], canvas: Canvas, *, n_models: int) -> AnyChart:
    y = place_axis(len(rows))
    axis = alt.Axis(orient="top", offset=6, format="d", tickCount=5, title="Fair models", titleAnchor="start")
    scale = alt.Scale(domain=[0, n_models], nice=False)
    x = alt.X("models:Q", scale=scale, axis=axis)
    whole = canvas.chart(rows)
    spans = whole.mark_bar(height=14, color=ink("band"), stroke=ink("edge"), strokeWidth=1)
    layers = [
        spans.encode(
            x=alt.X("low:Q", scale=scale, axis=axis),
            x2=alt.X2("high:Q"),
            y=y,
            description=alt.Description("label:N"),
        ),
        whole.mark_point(size=90, color=ink("fair"), filled=True).encode(
            x=x,
            y=y,
            tooltip=[
                alt.Tooltip("way:N", title="Answer"),
                alt.Tooltip("models:Q", title="Fair", format=".0f"),
                alt.Tooltip("low:Q", title="At least", format=".0f"),
                alt.Tooltip("high:Q", title="At most", format=".0f"),
            ],
            description=alt.Description("label:N"),
        ),
        _names(rows, canvas, y=y, field="way"),
    ]
    return _placed(layers, canvas, n_rows=len(rows))


def population_fit(population: Population, printed: Printed, study: Study) -> Figure:
    """How many models have which bias: printed, and expected by the fitted population.

    Args:
        population: As fitted to the printed figures.
        printed: The printed figures.
        study: Theirs.
    """
    rows: list[Row] = [
        {
            "row": place,
            "bias": label,
            "observed": observed,
            "expected": expected,
            "zero": 0,
            "words": f"{count_text(observed)}, expected {expected:.1f}",
        }
        for place, (label, observed, expected) in enumerate(
            expected_models(population, printed, target=study.prompt.target)
        )
    ]
    farthest = max(rows, key=lambda row: abs(row["observed"] - row["expected"]))
    shape = "two beta distributions" if population.second else "a beta distribution"
    between = str(farthest["bias"]).startswith("between")
    where = "between the two tables" if between else f"at a bias of {farthest['bias']}"
    title = (
        f"The fitted population is farthest off {where}: {plural(farthest['observed'], 'model')} observed, "
        f"{farthest['expected']:.0f} expected"
    )
    return figure(
        lambda canvas: _population_rows(rows, canvas),
        name=f"{study.id}-population-fit",
        title=title,
        caption=(
            "Models by bias: marks are observed, bars expected by the fitted population, in which models "
            f"that are not fair follow {shape}. Each number of draws from {printed.draws_low} to "
            f"{printed.draws_high} is equally likely."
        ),
        description=f"{title}. " + " ".join(f"{row['bias']}: {row['words']}." for row in rows),
        records=[{key: row[key] for key in ("bias", "observed", "expected")} for row in rows],
    )


def _population_rows(rows: Sequence[Row], canvas: Canvas) -> AnyChart:
    y = place_axis(len(rows))
    top = max(max(row["observed"], row["expected"]) for row in rows)
    axis = alt.Axis(orient="top", offset=6, format="d", tickCount=5, title="Models", titleAnchor="start")
    scale = alt.Scale(domain=[0, (1.7 if canvas.narrow else 1.3) * top], nice=False)  # room for the words
    whole = canvas.chart(rows)
    bars = whole.mark_bar(height=14, color=ink("band"), stroke=ink("edge"), strokeWidth=1)
    marks = whole.mark_point(size=90, color=ink("heads"), filled=True, opacity=1)
    ends = [row | {"end": max(row["observed"], row["expected"])} for row in rows]
    words = canvas.chart(ends).mark_text(align="left", baseline="middle", dx=10, color=ink("muted"))
    layers = [
        bars.encode(
            x=alt.X("zero:Q", scale=scale, axis=axis),
            x2=alt.X2("expected:Q"),
            y=y,
            description=alt.Description("words:N"),
        ),
        marks.encode(
            x=alt.X("observed:Q", scale=scale, axis=axis), y=y, description=alt.Description("words:N")
        ),
        words.encode(x=alt.X("end:Q", scale=scale, axis=axis), y=y, text=alt.Text("words:N")),
        _names(rows, canvas, y=y, field="bias"),
    ]
    return _placed(layers, canvas, n_rows=len(rows))


def kinds_at_the_ends(claims: Sequence[Enrichment], study: Study) -> Figure:
    """Where the models of each kind stand: each a mark, at the left if among the least biased.

    Args:
        claims: One a kind.
        study: Theirs.

    Raises:
        ValueError: If there is no claim.
    """
    if not claims:
        raise ValueError("no kind of model is known at either end.")
    counts = [(claim, claim.table.ones_a, claim.table.n_a - claim.table.ones_a) for claim in claims]
    rows: list[Row] = [
        {
            "row": place,
            "kind": KINDS[claim.kind],
            "label": f"{KINDS[claim.kind]}: {least} among the least biased, {most} among the most",
            "unknown": f"{claim.n_unknown} more of unknown kind" if claim.n_unknown else "",
        }
        for place, (claim, least, most) in enumerate(counts)
    ]
    marks: list[Row] = [
        rows[place] | {"at": side * (nth + 0.5)}
        for place, (_, least, most) in enumerate(counts)
        for side, number in ((-1, least), (1, most))
        for nth in range(number)
    ]
    widest = max(3, *(max(least, most) for _, least, most in counts))
    kinds = ", ".join(f"{KINDS[claim.kind]} {least} to {most}" for claim, least, most in counts)
    title = f"Least biased to most biased: {kinds}"
    return figure(
        lambda canvas: _kind_rows(rows, marks, canvas, widest=widest),
        name=f"{study.id}-kinds",
        title=title,
        caption=(
            "Each mark is a model of the kind: left of the line one of the least biased, right of it one of "
            "the most. Grey shows how many more at the two ends may be of the kind."
        ),
        description=f"{title}. " + " ".join(f"{row['label']}; {row['unknown']}." for row in rows),
        records=[
            {
                "kind": KINDS[claim.kind],
                "least_biased": least,
                "most_biased": most,
                "unknown": claim.n_unknown,
                "p": claim.p_value,
                "p_authors": claim.p_authors,
            }
            for claim, least, most in counts
        ],
    )


def _kind_rows(rows: Sequence[Row], marks: Sequence[Row], canvas: Canvas, *, widest: int) -> AnyChart:
    y = place_axis(len(rows))
    scale = alt.Scale(domain=[-widest - 0.5, widest + 0.5], nice=False)
    x = alt.X("at:Q", scale=scale, axis=None)
    layers: list[alt.Chart] = [
        canvas.chart([{"at": 0}]).mark_rule(color=ink("ink"), strokeWidth=2).encode(x=x),
        canvas.chart([row | {"at": 0.3} for row in rows])
        .mark_text(align="left", baseline="middle", dy=18, color=ink("muted"))
        .encode(x=x, y=y, text=alt.Text("unknown:N")),
        _names(rows, canvas, y=y, field="kind"),
    ]
    left, right = ([mark for mark in marks if mark["at"] * side > 0] for side in (-1, 1))
    rings = canvas.chart(left).mark_point(shape="circle", stroke=ink("undecided"), fill=ink("page"), **_MARK)
    diamonds = canvas.chart(right).mark_point(
        shape="diamond", stroke=ink("biased"), fill=ink("biased"), **_MARK
    )
    layers += [
        points.encode(x=x, y=y, description=alt.Description("label:N"))
        for points, there in ((rings, left), (diamonds, right))
        if there
    ]
    for at, align, words in ((-0.3, "right", "◂ least biased"), (0.3, "left", "most biased ▸")):
        named = canvas.chart([{"at": at, "words": words}])
        how: dict[str, Any] = {"align": align, "baseline": "bottom", "color": ink("muted")}
        named = named.mark_text(**how)
        layers.append(named.encode(x=x, y=alt.YValue(-8), text=alt.Text("words:N")))
    return _placed(layers, canvas, n_rows=len(rows))


def _names(rows: Sequence[Row], canvas: Canvas, *, y: alt.Y, field: str) -> alt.Chart:
    """Label each row: left of the plot, on a phone above the row."""
    where = {"align": "left", "dy": -20} if canvas.narrow else {"align": "right"}
    names: alt.Chart = canvas.chart(rows).mark_text(baseline="middle", **where)
    return names.encode(x=alt.XValue(0 if canvas.narrow else -12), y=y, text=alt.Text(f"{field}:N"))


def _placed(layers: Sequence[alt.Chart], canvas: Canvas, *, n_rows: int) -> AnyChart:
    margins = Margins(left=10 if canvas.narrow else _NAMES_PX, right=16, top=54, bottom=14)
    tall = _ROW_PX + (18 if canvas.narrow else 0)
    return placed(layered(*layers), canvas, margins, height=n_rows * tall)
