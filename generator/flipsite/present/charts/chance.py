"""Charts of chance: a study's biases beside those of as many fair coins; the verdicts in one bar."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import Any

import altair as alt

from flipsite.analyse.noise_floor import chance_within
from flipsite.domain.display import Figure, plural
from flipsite.domain.estimates import Estimate, Verdict
from flipsite.domain.study import Study
from flipsite.present.charts.bias import verdict_sentence
from flipsite.present.charts.figure import AnyChart, Canvas, Margins, Row, figure, layered, placed
from flipsite.present.charts.marks import upward_axis, verdict_scales
from flipsite.present.charts.theme import VERDICT_MARKS, ink
from flipsite.present.text.formats import count_text, how_many, percent_text

_WIDTHS = (0.01, 0.02, 0.05, 0.1)
"""Widths of a bin; the narrowest that holds two steps of 1/n for most models is taken."""


def bias_distribution(estimates: Sequence[Estimate], study: Study) -> Figure:
    """How many models have which bias, over how many of as many fair coins would.

    The expectation is exact: for each model the probability that a coin at the target, drawn as often as that
    model gave a valid answer, falls into the bin; summed over the models.

    Raises:
        ValueError: If no model has both a bias and a known number of draws.
    """
    known = [estimate for estimate in estimates if estimate.bias is not None and estimate.valid]
    if not known:
        raise ValueError("no model has a bias and a number of draws.")
    target = study.prompt.target
    width = _bin_width(known)
    edges = [index * width for index in range(ceil(max(target, 1 - target) / width - 1e-9) + 1)]
    expected = expected_counts([estimate.valid or 0 for estimate in known], edges, target=target)
    rows = _bins(known, edges, expected)
    rare = next((i for i in range(len(edges)) if sum(expected[i:]) < 1), len(edges) - 1)
    beyond = sum(row["models"] for row in rows if row["bin"] >= rare)
    far = f"a bias of {edges[rare]:.2f} or more"
    title = how_many(beyond, len(known), "model", does=f"has {far}", do=f"have {far}")
    title += f"; of {plural(len(known), *_coins(study))}, fewer than one would"
    return figure(
        lambda canvas: _histogram(rows, edges, expected, canvas, coins=_coins(study)[1]),
        name=f"{study.id}-bias-distribution",
        title=title,
        caption=(
            f"{plural(len(known), 'model')}, counted by bias in steps of {width:g}. The band behind is "
            f"what the same number of {_coins(study)[1]} would show, each drawn as often as its model "
            f"(computed, not simulated)."
            f"{_which_bias(known)}"
        ),
        description=f"{title}. {_shape_sentence(rows, expected, edges, study)}",
        records=[
            {"bias_from": edges[i], "bias_to": edges[i + 1], "expected_if_fair": expected[i]}
            | _counted(rows, i)
            for i in range(len(edges) - 1)
        ],
    )


def verdicts(estimates: Sequence[Estimate], study: Study) -> Figure:
    """The verdicts on all models as one bar."""
    counts = Counter(estimate.verdict for estimate in estimates)
    there = [verdict for verdict in VERDICT_MARKS if counts[verdict]]
    rows: list[Row] = []
    start = 0
    for verdict in there:
        share = counts[verdict] / len(estimates)
        words = f"{count_text(counts[verdict])} {verdict}"
        rows.append({"verdict": str(verdict), "start": start, "end": start + counts[verdict], "words": words})
        rows[-1] |= {"share": percent_text(share), "label": f"{words}, {percent_text(share)}"}
        start += counts[verdict]
    title = verdict_sentence(estimates)
    return figure(
        lambda canvas: _one_bar(rows, canvas, n_models=len(estimates)),
        name=f"{study.id}-verdicts",
        title=title,
        caption=f"The verdicts on {plural(len(estimates), 'model')}.",
        description=f"{title}: " + ", ".join(f"{row['words']} ({row['share']})" for row in rows) + ".",
        records=[{"verdict": str(verdict), "models": counts[verdict]} for verdict in VERDICT_MARKS],
    )


def expected_counts(valid: Sequence[int], edges: Sequence[float], *, target: float) -> list[float]:
    """How many coins at the target, drawn a number of times each, are expected between neighbouring edges.

    A bin holds its lower edge; the last one holds its upper edge too.

    Args:
        valid: Draws of each coin, at least 1.
        edges: Biases, rising from 0; the last at least the largest bias there can be.
        target: Probability of a one.
    """
    within = [0.0] * len(edges)
    for n, coins in Counter(valid).items():
        for index, edge in enumerate(edges[1:-1], 1):
            within[index] += coins * _below(edge, n, target)
        within[-1] += coins
    return [high - low for low, high in pairwise(within)]


def _which_bias(known: Sequence[Estimate]) -> str:
    """Which bias is counted, where models rank by another."""
    if all(estimate.bias_within is None for estimate in known):
        return ""
    return (
        " Counted is the article’s bias, of both orders together; models rank by that within each order, "
        "which shows those that follow the order."
    )


def _below(edge: float, n: int, target: float) -> float:
    """P(|X/n − p| < edge): at most the largest bias that n draws can show below it."""
    return chance_within(edge - 1e-6 / n, n, target)


def _bin_width(known: Sequence[Estimate]) -> float:
    draws = sorted(estimate.valid or 1 for estimate in known)[len(known) // 2]
    return next((width for width in _WIDTHS if width * draws >= 2), _WIDTHS[-1])


def _bins(known: Sequence[Estimate], edges: Sequence[float], expected: Sequence[float]) -> list[Row]:
    """One piece of a bar for each bin and verdict that occurs, stacked in the order of the legend."""
    width, last = edges[1], len(edges) - 2
    counts = Counter((min(last, int((e.bias or 0) / width + 1e-9)), e.verdict) for e in known)
    rows: list[Row] = []
    for index in range(last + 1):
        base = 0
        for verdict in VERDICT_MARKS:
            models = counts[index, verdict]
            if models:
                piece = {"bin": index, "from": edges[index], "to": edges[index + 1], "verdict": str(verdict)}
                rows.append(
                    piece
                    | {"models": models, "base": base, "top": base + models}
                    | {"expected": expected[index]}
                    | {"label": _piece_label(models, verdict, edges[index], edges[index + 1])}
                )
                base += models
    return rows


def _piece_label(models: int, verdict: Verdict, low: float, high: float) -> str:
    return f"bias {low:.2f} to {high:.2f}: {plural(models, 'model')} {verdict}"


def _counted(rows: Sequence[Row], index: int) -> Row:
    found = {row["verdict"]: row["models"] for row in rows if row["bin"] == index}
    return {f"models_{verdict}": found.get(str(verdict), 0) for verdict in Verdict}


def _coins(study: Study) -> tuple[str, str]:
    """What a perfect sampler is called, one and several."""
    if study.prompt.target == 0.5:
        return "fair coin", "fair coins"
    return "coin at the target", "coins at the target"


def _shape_sentence(
    rows: Sequence[Row], expected: Sequence[float], edges: Sequence[float], study: Study
) -> str:
    first = sum(row["models"] for row in rows if row["bin"] == 0)
    of_coins = plural(round(expected[0]), *_coins(study))
    return f"{plural(first, 'model')} and, by chance, {of_coins} have a bias below {edges[1]:.2f}."


def _histogram(
    rows: Sequence[Row], edges: Sequence[float], expected: Sequence[float], canvas: Canvas, *, coins: str
) -> AnyChart:
    tallest = max(*expected, *(row["top"] for row in rows))
    x_scale = alt.Scale(domain=[0, edges[-1]], nice=False)
    y_scale = alt.Scale(domain=[0, tallest * 1.08], nice=False)
    across = alt.Axis(title="Bias", grid=False, format=".1f", tickCount=5)
    up = upward_axis("Models", tickMinStep=1, grid=False)
    fair = [
        {"from": edges[i], "to": edges[i + 1], "zero": 0, "coins": each} for i, each in enumerate(expected)
    ]
    peak = max(fair, key=lambda row: row["coins"])
    behind = canvas.chart(fair)
    x, y = alt.X("from:Q", scale=x_scale, axis=across), alt.Y("coins:Q", scale=y_scale, axis=up)
    band = behind.mark_rect(color=ink("band")).encode(x=x, x2=alt.X2("to:Q"), y=y, y2=alt.Y2("zero:Q"))
    lid = behind.mark_rule(color=ink("edge"), strokeWidth=1.5).encode(x=x, x2=alt.X2("to:Q"), y=y)
    named = canvas.chart([peak | {"words": f"◂ if all were {coins}"}])
    name = named.mark_text(align="left", baseline="top", dx=6, color=ink("muted")).encode(
        x=alt.X("to:Q"), y=y, text=alt.Text("words:N")
    )
    bars = _verdict_bars(
        canvas.chart(rows),
        rows,
        x=alt.X("from:Q", scale=x_scale, axis=across),
        x2=alt.X2("to:Q"),
        y=alt.Y("base:Q", scale=y_scale, axis=up),
        y2=alt.Y2("top:Q"),
    )
    margins = Margins(left=36, right=12, top=68, bottom=44)
    return placed(layered(band, lid, bars, name), canvas, margins, height=240 if canvas.narrow else 300)


def _verdict_bars(chart: alt.Chart, rows: Sequence[Row], *, x: Any, x2: Any, y: Any, y2: Any) -> alt.Chart:
    bars: alt.Chart = chart.mark_rect(aria=True, strokeWidth=1.5, xOffset=2.5, x2Offset=-2.5)
    return bars.encode(
        x=x,
        x2=x2,
        y=y,
        y2=y2,
        tooltip=[
            alt.Tooltip("from:Q", title="Bias from", format=".2f"),
            alt.Tooltip("to:Q", title="to", format=".2f"),
            alt.Tooltip("verdict:N", title="Verdict"),
            alt.Tooltip("models:Q", title="Models"),
            alt.Tooltip("expected:Q", title="Of fair coins", format=".1f"),
        ],
        description=alt.Description("label:N"),
        **verdict_scales(rows, legend_y=-62, shaped=False),
    )


def _one_bar(rows: Sequence[Row], canvas: Canvas, *, n_models: int) -> AnyChart:
    scale = alt.Scale(domain=[0, n_models], nice=False)
    x = alt.X("start:Q", scale=scale, axis=None)
    bar = canvas.chart(rows).mark_rect(aria=True, strokeWidth=1.5, xOffset=1, x2Offset=-1, height=24)
    drawn = bar.encode(
        x=x,
        x2=alt.X2("end:Q"),
        y=alt.YValue(0),
        y2=alt.Y2Value(26),
        tooltip=[alt.Tooltip("words:N"), alt.Tooltip("share:N")],
        description=alt.Description("label:N"),
        **verdict_scales(rows, legend_y=None, shaped=False),
    )
    text = canvas.chart(rows).mark_text(align="left", baseline="top", dx=2)
    words = text.encode(x=x, y=alt.YValue(34), text=alt.Text("words:N"))
    return placed(layered(drawn, words), canvas, Margins(left=2, right=2, top=4, bottom=28), height=26)
