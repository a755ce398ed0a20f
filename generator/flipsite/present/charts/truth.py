"""Charts of the instrument's limits: coins of known truth, uncertain ranks, power, asked against drawn."""

from collections.abc import Mapping, Sequence

import altair as alt

from flipsite.domain.display import Figure, plural
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Study
from flipsite.present.charts.figure import AnyChart, Canvas, Margins, Row, figure, layered, placed
from flipsite.present.charts.marks import NAMES_PX, ROW_PX, named_row, place_axis, row_names, verdict_points
from flipsite.present.charts.theme import ink
from flipsite.present.text.escaping import shown
from flipsite.present.text.formats import count_text, interval_text, share_text


def truth(estimates: Sequence[Estimate], truths: Mapping[str, float], study: Study) -> Figure:
    """Each simulated coin's share of ones with its 95 % interval, against the probability it was made with.

    Args:
        estimates: One record a coin.
        truths: The probability of a one, by coin; a coin without one is left out.
        study: The simulated study.

    Raises:
        ValueError: If no coin has both a truth and a valid draw.
    """
    known = sorted(
        (e for e in estimates if e.model in truths and e.mean is not None),
        key=lambda e: (truths[e.model], e.model),
    )
    if not known:
        raise ValueError("no coin has a truth and a valid draw.")
    rows = [_truth_row(place, e, truths[e.model]) for place, e in enumerate(known)]
    held = sum(row["low"] <= row["truth"] <= row["high"] for row in rows)
    title = f"The 95 % interval holds the truth for {count_text(held)} of {plural(len(rows), 'coin')}"
    return figure(
        lambda canvas: _truth_rows(rows, canvas, target=study.prompt.target),
        name=f"{study.id}-truth",
        title=title,
        caption=(
            f"{plural(len(rows), 'simulated coin')}: the share of ones drawn (marks) with its 95 % interval "
            f"(lines), and the true probability of the coin (gold bars). The dashed line is fair."
        ),
        description=f"{title}. " + " ".join(f"{row['label']}." for row in rows[:20]),
        records=[
            {
                "model": e.model,
                "truth": truths[e.model],
                "mean": e.mean,
                "mean_low": e.mean_low,
                "mean_high": e.mean_high,
                "valid": e.valid,
                "verdict": str(e.verdict),
            }
            for e in known
        ],
    )


def _truth_row(place: int, estimate: Estimate, p: float) -> Row:
    low, high = estimate.mean_low or 0.0, 1.0 if estimate.mean_high is None else estimate.mean_high
    said = f"{shown(estimate.model)}: {share_text(estimate.mean, decimals=2)} ({interval_text(low, high)})"
    numbers = {"row": place, "truth": p, "mean": estimate.mean, "low": low, "high": high}
    return named_row(estimate) | numbers | {"label": f"{said}, true share {p:g}, {estimate.verdict}"}


def _truth_rows(rows: Sequence[Row], canvas: Canvas, *, target: float) -> AnyChart:
    y = place_axis(len(rows))
    scale = alt.Scale(domain=[0, 1], nice=False)
    axis = alt.Axis(
        orient="top", offset=6, format=".1f", tickCount=5, title="Share of ones", titleAnchor="start"
    )
    x = alt.X("mean:Q", scale=scale, axis=axis)
    whole = canvas.chart(rows)
    fair = canvas.chart([{"target": target}])
    layers = [
        fair.mark_rule(strokeDash=[3, 3], color=ink("edge")).encode(x=alt.X("target:Q", scale=scale)),
        whole.mark_tick(thickness=4, size=18, color=ink("heads"), orient="vertical").encode(
            x=alt.X("truth:Q"), y=y
        ),
        whole.mark_rule(strokeWidth=2, opacity=0.7).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=y),
        verdict_points(
            rows,
            canvas,
            size=80,
            x=x,
            y=y,
            legend_y=-80,
            tooltip=[
                alt.Tooltip("model:N", title="Coin"),
                alt.Tooltip("truth:Q", title="Made with"),
                alt.Tooltip("mean:Q", title="Drawn", format=".3f"),
                alt.Tooltip("low:Q", title="At least", format=".3f"),
                alt.Tooltip("high:Q", title="At most", format=".3f"),
                alt.Tooltip("verdict:N", title="Verdict"),
            ],
        ),
        row_names(rows, canvas, y=y),
    ]
    margins = Margins(left=10 if canvas.narrow else NAMES_PX, right=14, top=86, bottom=12)
    return placed(layered(*layers), canvas, margins, height=len(rows) * ROW_PX[canvas.width])
