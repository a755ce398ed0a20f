"""The two tables of a published study as one picture."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import altair as alt
import numpy as np

from flipsite.analyse.binomial import noise_floor
from flipsite.domain.display import Figure
from flipsite.domain.estimates import Estimate, Printed
from flipsite.domain.study import Study
from flipsite.present.bias_rows import (
    TOOLTIP,
    bias_of,
    bias_record,
    bias_row,
    largest_bias,
    row_band,
    with_names,
)
from flipsite.present.figures import AnyChart, Canvas, Margins, Row, figure, placed
from flipsite.present.formats import bias_text, count_text, plural
from flipsite.present.marks import place_axis
from flipsite.present.theme import ink


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
    """What a published study says it cost: the run that its tables are of, and all that was spent around it.

    Args:
        printed: Both sums.
        study: The published study.
    """
    run, total = printed.spend_run_usd, printed.spend_total_usd
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
        caption="US dollars, as the source states them; what each model cost is not told.",
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
    return placed(alt.layer(*layers), canvas, margins, height=len(rows) * (56 if canvas.narrow else 40))


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
