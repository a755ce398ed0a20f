"""Charts of cost: the most expensive models, and whether money buys a fair coin."""

from collections.abc import Sequence
from itertools import pairwise
from math import inf
from typing import Protocol

import altair as alt

from flipsite.domain.display import Figure, plural, usd_text
from flipsite.domain.estimates import Estimate
from flipsite.domain.money import NOTHING, Usd, total
from flipsite.domain.study import Study
from flipsite.domain.urls import model_page
from flipsite.present.charts.figure import AnyChart, Canvas, Margins, Row, figure, layered, placed
from flipsite.present.charts.marks import (
    NAMES_PX,
    ROW_PX,
    bias_of,
    place_axis,
    row_names,
    thinned,
)
from flipsite.present.charts.scatter import ScatterAxis, link_sentence, scatter, scatter_row
from flipsite.present.charts.theme import ink
from flipsite.present.text.escaping import shown
from flipsite.present.text.formats import count_text, percent_text


class ModelSpend(Protocol):
    """One model's known spending."""

    @property
    def model(self) -> str:
        """The endpoint's name."""

    @property
    def cost_usd(self) -> Usd:
        """All that it cost."""

    @property
    def failed_usd(self) -> Usd:
        """The part that went to draws without an outcome."""


def spend_by_model(spendings: Sequence[ModelSpend], study: Study, *, top: int = 20) -> Figure:
    """The most expensive models, the part that bought nothing set apart.

    Raises:
        ValueError: If nothing was spent.
    """
    ranked = sorted(spendings, key=lambda spending: (-spending.cost_usd, spending.model))
    whole = total(spending.cost_usd for spending in ranked)
    if not whole:
        raise ValueError("nothing was spent.")
    rows = [_spend_row(place, spending, study) for place, spending in enumerate(ranked[:top])]
    title = _spend_sentence(ranked, whole)
    failed = total(spending.failed_usd for spending in ranked)
    return figure(
        lambda canvas: _spend_bars(rows, canvas),
        name=f"{study.id}-spend",
        title=title,
        caption=(
            f"{_extent(len(rows), len(ranked))}, the most expensive first; the study cost {usd_text(whole)}. "
            f"The hollow parts went to draws without an outcome: {usd_text(failed)} in all."
        ),
        description=f"{title}. The most expensive is {rows[0]['model']}, {rows[0]['words']}.",
        records=[
            {
                "model": spending.model,
                "cost_usd": spending.cost_usd.dollars,
                "failed_usd": spending.failed_usd.dollars,
            }
            for spending in ranked
        ],
    )


def _extent(n_drawn: int, n_models: int) -> str:
    if n_drawn < n_models:
        return f"{n_drawn} of {plural(n_models, 'model')}"
    return plural(n_models, "model")


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
    free = sum(e.bias is not None and e.cost_usd == NOTHING for e in estimates)
    frontier = undercut_by_none(priced)
    drawn = thinned(priced, keep=frontier)
    rows = [_cost_row(estimate) for estimate in drawn]
    steps = _steps([_cost_row(estimate) for estimate in frontier])
    title = link_sentence(
        [(_usd_per_draw(e).dollars, bias_of(e)) for e in priced], noun=_COST.noun, more=_COST.more
    )
    left_out = (
        f" {plural(free, 'model')} that cost nothing {'is' if free == 1 else 'are'} left out." if free else ""
    )
    fewer = f" {count_text(len(drawn))} of them are drawn." if len(drawn) < len(priced) else ""
    return figure(
        lambda canvas: scatter(rows, canvas, axis=_COST, study=study, edges=steps),
        name=f"{study.id}-cost-against-bias",
        title=title,
        caption=(
            f"{plural(len(priced), 'model')}, by US dollars for a valid draw, on a logarithmic axis.{fewer}"
            f"{left_out} {_frontier_sentence(frontier)}"
        ),
        description=f"{title}. {_frontier_ends(frontier)}",
        records=[
            {
                "model": e.model,
                "usd_per_valid_draw": _usd_per_draw(e).dollars,
                "bias": e.ranking_bias,
                "verdict": str(e.verdict),
            }
            for e in priced
        ],
    )


def _frontier_sentence(frontier: Sequence[Estimate]) -> str:
    if len(frontier) == 1:
        return f"{shown(frontier[0].model)} is the cheapest and the least biased."
    return "The line joins the models that are the least biased at their price."


def _frontier_ends(frontier: Sequence[Estimate]) -> str:
    cheapest, least = (
        f"{shown(e.model)} at {usd_text(_usd_per_draw(e))} a draw" for e in (frontier[0], frontier[-1])
    )
    if len(frontier) == 1:
        return f"The cheapest and least biased is {cheapest}."
    return f"The cheapest is {cheapest}, the least biased {least}."


def undercut_by_none(priced: Sequence[Estimate]) -> list[Estimate]:
    """The models of which no other is both cheaper (or as cheap) and less biased, the cheapest first."""
    found: list[Estimate] = []
    least = inf
    for estimate in sorted(priced, key=lambda e: (_usd_per_draw(e), bias_of(e), e.model)):
        if bias_of(estimate) < least:
            least = bias_of(estimate)
            found.append(estimate)
    return found


def _usd_per_draw(estimate: Estimate) -> Usd:
    return (estimate.cost_usd or NOTHING) / (estimate.valid or 1)


def _spend_row(place: int, spending: ModelSpend, study: Study) -> Row:
    name = shown(spending.model)
    failed = f", of which {usd_text(spending.failed_usd)} failed" if spending.failed_usd else ""
    return {
        "row": place,
        "model": name,
        "page": model_page(study.id, spending.model),
        "bought": (spending.cost_usd - spending.failed_usd).dollars,
        "cost": spending.cost_usd.dollars,
        "zero": 0,
        "words": usd_text(spending.cost_usd),
        "failed": usd_text(spending.failed_usd),
        "label": f"{name}: {usd_text(spending.cost_usd)}{failed}",
    }


def _spend_sentence(ranked: Sequence[ModelSpend], whole: Usd) -> str:
    """How few models took half of the money."""
    spent, few = NOTHING, 0
    for spending in ranked:
        spent, few = spent + spending.cost_usd, few + 1
        if 2 * spent >= whole:
            break
    if few == len(ranked):
        return f"{plural(few, 'model')} cost {usd_text(whole)}"
    took = f"{count_text(few)} of {plural(len(ranked), 'model')} took"
    return f"{took} {percent_text(spent / whole)} of the {usd_text(whole)} spent"


def _spend_bars(rows: Sequence[Row], canvas: Canvas) -> AnyChart:
    y = place_axis(len(rows))
    scale = alt.Scale(domain=[0, rows[0]["cost"] * 1.22], nice=False)
    x = alt.X("zero:Q", scale=scale, axis=None)
    half = 6 if canvas.narrow else 8
    bars = canvas.chart(rows).mark_bar(height=2 * half, strokeWidth=1.5, stroke=ink("heads"))
    tooltip = [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("words:N", title="Cost"),
        alt.Tooltip("failed:N", title="Without an outcome"),
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
    return placed(layered(*layers), canvas, margins, height=len(rows) * ROW_PX[canvas.width])


def _cost_row(estimate: Estimate) -> Row:
    each = _usd_per_draw(estimate)
    cost = usd_text(each)
    return scatter_row(estimate, at=each.dollars, value=cost, said=f"{cost} a draw")


_COST = ScatterAxis(
    name="cost-against-bias",
    title="US dollars for a valid draw",
    noun="price",
    more="More expensive models",
)


def _steps(frontier: Sequence[Row]) -> list[Row]:
    """From each model across to the price of the next one, then down to its bias."""
    return [
        piece
        for one, other in pairwise(frontier)
        for piece in (
            {"at": one["at"], "at2": other["at"], "bias": one["bias"], "bias2": one["bias"]},
            {"at": other["at"], "at2": other["at"], "bias": one["bias"], "bias2": other["bias"]},
        )
    ]
