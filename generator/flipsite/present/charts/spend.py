"""Charts of cost: the most expensive models, and whether money buys a fair coin."""

from collections.abc import Sequence
from math import inf, sqrt
from statistics import correlation
from typing import Protocol

import altair as alt

from flipsite.domain.display import Figure, plural, usd_text
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Study
from flipsite.domain.urls import model_page
from flipsite.present.charts.figure import AnyChart, Canvas, Margins, Row, figure, placed
from flipsite.present.charts.marks import (
    NAMES_PX,
    ROW_PX,
    bias_scale,
    named_row,
    place_axis,
    row_names,
    thinned,
    verdict_points,
)
from flipsite.present.charts.theme import ink
from flipsite.present.text.escaping import shown
from flipsite.present.text.formats import bias_text, count_text, percent_text


class ModelSpend(Protocol):
    """One model's known spending, in US dollars."""

    @property
    def model(self) -> str:
        """The endpoint's name."""

    @property
    def cost_usd(self) -> float:
        """All that it cost."""

    @property
    def failed_usd(self) -> float:
        """The part that went to draws without an outcome."""


def spend_by_model(spendings: Sequence[ModelSpend], study: Study, *, top: int = 20) -> Figure:
    """The most expensive models, the part that bought nothing set apart.

    Raises:
        ValueError: If nothing was spent.
    """
    ranked = sorted(spendings, key=lambda spending: (-spending.cost_usd, spending.model))
    total = sum(spending.cost_usd for spending in ranked)
    if total <= 0:
        raise ValueError("nothing was spent.")
    rows = [_spend_row(place, spending, study) for place, spending in enumerate(ranked[:top])]
    title = _spend_sentence(ranked, total)
    failed = sum(spending.failed_usd for spending in ranked)
    return figure(
        lambda canvas: _spend_bars(rows, canvas),
        name=f"{study.id}-spend",
        title=title,
        caption=(
            f"The {len(rows)} most expensive of {plural(len(ranked), 'model')}; all together cost "
            f"{usd_text(total)}. Hollow is what went to draws without an outcome, {usd_text(failed)} in all."
        ),
        description=f"{title}. The most expensive is {rows[0]['model']}, {rows[0]['words']}.",
        records=[
            {"model": spending.model, "cost_usd": spending.cost_usd, "failed_usd": spending.failed_usd}
            for spending in ranked
        ],
    )


def cost_against_bias(estimates: Sequence[Estimate], study: Study) -> Figure:
    """Dollars for a valid draw against bias, on a logarithmic axis, with the models that nobody undercuts.

    Raises:
        ValueError: If fewer than two models have a bias and a cost above nothing.
    """
    priced = sorted(
        (e for e in estimates if e.bias is not None and e.valid and e.cost_usd), key=_usd_per_draw
    )
    if len(priced) < 2:
        raise ValueError("fewer than two models have a bias and a cost.")
    free = sum(e.bias is not None and e.cost_usd == 0 for e in estimates)
    frontier = undercut_by_none(priced)
    drawn = thinned(priced, keep=frontier)
    rows = [_cost_row(estimate) for estimate in drawn]
    title = _cost_sentence(priced)
    left_out = (
        f" {plural(free, 'model')} that cost nothing {'is' if free == 1 else 'are'} left out." if free else ""
    )
    fewer = f" {count_text(len(drawn))} of them are drawn." if len(drawn) < len(priced) else ""
    return figure(
        lambda canvas: _cost_points(rows, [_cost_row(e) for e in frontier], canvas, study=study),
        name=f"{study.id}-cost-against-bias",
        title=title,
        caption=(
            f"{plural(len(priced), 'model')}, by US dollars for a valid draw, on a logarithmic axis.{fewer}"
            f"{left_out} The line joins those that none undercuts: whoever is cheaper is more biased."
        ),
        description=(
            f"{title}. Of the models that none undercuts the cheapest is {shown(frontier[0].model)} at "
            f"{usd_text(_usd_per_draw(frontier[0]))} a draw, the least biased {shown(frontier[-1].model)} at "
            f"{usd_text(_usd_per_draw(frontier[-1]))}."
        ),
        records=[
            {
                "model": e.model,
                "usd_per_valid_draw": _usd_per_draw(e),
                "bias": e.ranking_bias,
                "verdict": str(e.verdict),
            }
            for e in priced
        ],
    )


def undercut_by_none(priced: Sequence[Estimate]) -> list[Estimate]:
    """The models of which no other is both cheaper (or as cheap) and less biased, the cheapest first."""
    found: list[Estimate] = []
    least = inf
    for estimate in sorted(priced, key=lambda e: (_usd_per_draw(e), _bias(e), e.model)):
        if _bias(estimate) < least:
            least = _bias(estimate)
            found.append(estimate)
    return found


def rank_correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Spearman's rank correlation, ties at their mean rank; None where either side is constant."""
    one, other = (_mean_ranks([pair[side] for pair in pairs]) for side in (0, 1))
    if len(set(one)) < 2 or len(set(other)) < 2:
        return None
    return correlation(one, other)


def _mean_ranks(numbers: Sequence[float]) -> list[float]:
    order = sorted(range(len(numbers)), key=numbers.__getitem__)
    ranks = [0.0] * len(numbers)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and numbers[order[end]] == numbers[order[start]]:
            end += 1
        for index in order[start:end]:
            ranks[index] = (start + 1 + end) / 2
        start = end
    return ranks


def _bias(estimate: Estimate) -> float:
    return estimate.ranking_bias if estimate.ranking_bias is not None else inf


def _usd_per_draw(estimate: Estimate) -> float:
    return (estimate.cost_usd or 0) / (estimate.valid or 1)


def _spend_row(place: int, spending: ModelSpend, study: Study) -> Row:
    name = shown(spending.model)
    failed = f", of which {usd_text(spending.failed_usd)} failed" if spending.failed_usd else ""
    return {
        "row": place,
        "model": name,
        "page": model_page(study.id, spending.model),
        "bought": spending.cost_usd - spending.failed_usd,
        "cost": spending.cost_usd,
        "zero": 0,
        "words": usd_text(spending.cost_usd),
        "failed": usd_text(spending.failed_usd),
        "label": f"{name}: {usd_text(spending.cost_usd)}{failed}",
    }


def _spend_sentence(ranked: Sequence[ModelSpend], total: float) -> str:
    """How few models took half of the money."""
    spent, few = 0.0, 0
    for spending in ranked:
        spent, few = spent + spending.cost_usd, few + 1
        if spent >= total / 2:
            break
    if few == len(ranked):
        return f"{plural(few, 'model')} cost {usd_text(total)}"
    took = f"{count_text(few)} of {plural(len(ranked), 'model')} took"
    return f"{took} {percent_text(spent / total)} of the {usd_text(total)} spent"


def _spend_bars(rows: Sequence[Row], canvas: Canvas) -> AnyChart:
    y = place_axis(len(rows))
    scale = alt.Scale(domain=[0, rows[0]["cost"] * 1.22], nice=False)
    x = alt.X("zero:Q", scale=scale, axis=None)
    half = 6 if canvas.narrow else 8
    bars = canvas.chart(rows).mark_bar(height=2 * half, strokeWidth=1.5, stroke=ink("heads"))
    tooltip = [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("words:N", title="Cost"),
        alt.Tooltip("failed:N", title="Of it failed"),
    ]
    named = {"tooltip": tooltip, "description": alt.Description("label:N")}
    layers = [
        bars.encode(x=x, x2=alt.X2("cost:Q"), y=y, fill=alt.FillValue(ink("page")), **named),
        bars.encode(x=x, x2=alt.X2("bought:Q"), y=y, fill=alt.FillValue(ink("heads")), **named),
        canvas.chart(rows)
        .mark_text(align="left", baseline="middle", dx=8)
        .encode(x=alt.X("cost:Q", scale=scale), y=y, text=alt.Text("words:N")),
        row_names(rows, canvas, y=y),
    ]
    margins = Margins(left=10 if canvas.narrow else NAMES_PX, right=10, top=4, bottom=8)
    return placed(alt.layer(*layers), canvas, margins, height=len(rows) * ROW_PX[canvas.width])


def _cost_row(estimate: Estimate) -> Row:
    cost = usd_text(_usd_per_draw(estimate))
    said = (
        f"{shown(estimate.model)}: bias {bias_text(estimate.ranking_bias)}, {cost} a draw, {estimate.verdict}"
    )
    numbers = {"usd": _usd_per_draw(estimate), "bias": _bias(estimate), "cost": cost}
    return named_row(estimate) | numbers | {"label": said}


def _cost_sentence(priced: Sequence[Estimate]) -> str:
    """Whether price and bias go together, claimed where chance would seldom show as much.

    Source:
        Spearman's ρ has a standard deviation of 1/√(n − 1) without a link (Kendall 1948, Rank Correlation
        Methods, chapter 4).
    """
    rho = rank_correlation([(_usd_per_draw(estimate), _bias(estimate)) for estimate in priced])
    if rho is None or abs(rho) * sqrt(len(priced) - 1) < 1.96:
        said = "No link between price and bias is shown"
    else:
        said = f"Dearer models are the {'more' if rho > 0 else 'less'} biased ones"
    if rho is None:
        return said
    return f"{said}: their rank correlation is {rho:.2f}".replace("-", "−")


def _cost_points(rows: Sequence[Row], frontier: Sequence[Row], canvas: Canvas, *, study: Study) -> AnyChart:
    costs = [row["usd"] for row in rows]
    x = alt.X(
        "usd:Q",
        scale=alt.Scale(type="log", domain=[min(costs) / 1.5, max(costs) * 1.5], nice=False),
        axis=alt.Axis(
            title="US dollars for a valid draw", format="$~g", tickCount=4, grid=False, labelOverlap=True
        ),
    )
    top = study.prompt.largest_bias
    up = alt.Axis(
        format=".1f", tickCount=5, title="Bias", titleAngle=0, titleAlign="left", titleX=-34, titleY=-16
    )
    y = alt.Y("bias:Q", scale=bias_scale(top), axis=up)
    line = canvas.chart(frontier).mark_line(
        interpolate="step-after", color=ink("heads"), strokeWidth=2.5, opacity=0.8
    )
    tooltip = [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("cost:N", title="A valid draw"),
        alt.Tooltip("bias:Q", title="Bias", format=".3f"),
        alt.Tooltip("verdict:N", title="Verdict"),
    ]
    size = 40 if canvas.narrow else 56
    points = verdict_points(
        rows, canvas, size=size, x=x, y=y, tooltip=tooltip, legend_y=-62, linked=not canvas.narrow
    )
    margins = Margins(left=36, right=14, top=68, bottom=46)
    chart = alt.layer(line.encode(x=x, y=y), points)
    return placed(chart, canvas, margins, height=280 if canvas.narrow else 360)
