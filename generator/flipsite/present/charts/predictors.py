"""Charts of the regressions: coefficients, conditional effects, and the predictive check."""

from collections.abc import Callable, Sequence
from functools import partial
from math import ceil, floor, log10

import altair as alt

from flipsite.domain.display import Figure, plural
from flipsite.domain.features import FEATURES
from flipsite.domain.fit import Effect, Fit, FittedForm, Part, Term
from flipsite.domain.study import Study
from flipsite.present.charts.figure import AnyChart, Canvas, Margins, Row, figure, layered, placed
from flipsite.present.charts.marks import NAMES_PX, ROW_PX, place_axis
from flipsite.present.charts.theme import ink
from flipsite.present.text.escaping import shown
from flipsite.present.text.formats import count_text, share_text
from flipsite.present.text.predictors import (
    FORM_NAMES,
    class_text,
    contrasts,
    end_text,
    excludes_one,
    factor_text,
    findings_sentence,
    main_form,
)

_LOGARITHMIC = {"parameters_total_b", "price_completion", "context_length"}
"""Drawn on a logarithmic axis."""


def effect_drawings(form: FittedForm, study: Study) -> dict[str, Callable[[], Figure]]:
    """Charts of a form's conditional effects: a curve for each number, one chart for all classes."""
    known = [effect for effect in form.effects if effect.covariate in FEATURES and len(effect.points) > 1]
    curves = [effect for effect in known if isinstance(effect.points[0].at, float)]
    classes = [effect for effect in known if effect not in curves]
    drawings: dict[str, Callable[[], Figure]] = {
        f"predictors-effect-{effect.covariate}": partial(curve_effect, effect, form, study)
        for effect in curves
    }
    if classes:
        drawings["predictors-effect-classes"] = partial(class_effects, classes, form, study)
    return drawings


def curve_effect(effect: Effect, form: FittedForm, study: Study) -> Figure:
    """The expected bias or share over one number, all else at its average.

    Raises:
        ValueError: If the covariate is not a number.
    """
    rows = [
        {"at": point.at, "mean": point.mean, "low": point.low, "high": point.high}
        for point in effect.points
        if isinstance(point.at, float)
    ]
    if len(rows) < 2:
        raise ValueError("no curve to draw.")
    spec = FEATURES[effect.covariate]
    label = "Release date" if spec.kind == "date" else f"{spec.label.capitalize()}, {spec.unit}"
    first, last = effect.points[0], effect.points[-1]
    title = (
        f"By {spec.label}, the expected {effect.quantity} goes from {share_text(first.mean, decimals=2)} to "
        f"{share_text(last.mean, decimals=2)}"
    )
    low, high = share_text(last.low, decimals=2), share_text(last.high, decimals=2)
    return figure(
        lambda canvas: _curve(rows, canvas, effect=effect, label=label),
        name=f"{study.id}-predictors-effect-{effect.covariate.replace('_', '-')}",
        title=title,
        caption=(
            f"The expected {effect.quantity} of a model that is average in all else, in the "
            f"{FORM_NAMES[form.form]} form, with its 95 % band, over the models whose value is known."
        ),
        description=f"{title}; at its right end the 95 % interval is {low} to {high}.",
        records=rows,
    )


def class_effects(effects: Sequence[Effect], form: FittedForm, study: Study) -> Figure:
    """Dots with intervals: the expected bias or share of a model of each class.

    Raises:
        ValueError: If there is no class.
    """
    points = [(effect, point) for effect in effects for point in effect.points]
    rows: list[Row] = [
        {
            "row": place,
            "class": shown(f"{FEATURES[effect.covariate].label}: {class_text(str(point.at))}"),
            "mean": point.mean,
            "low": point.low,
            "high": point.high,
            "label": shown(f"{class_text(str(point.at))}: {_interval(point.mean, point.low, point.high)}"),
        }
        for place, (effect, point) in enumerate(points)
    ]
    if not rows:
        raise ValueError("no class to draw.")
    quantity = effects[0].quantity
    lowest, highest = (share_text(pick(row["mean"] for row in rows), decimals=2) for pick in (min, max))
    title = f"By class, the expected {quantity} lies between {lowest} and {highest}"
    return figure(
        lambda canvas: _classes(rows, canvas, quantity=quantity),
        name=f"{study.id}-predictors-effect-classes",
        title=title,
        caption=(
            f"The expected {quantity} of a model of each class that is average in all else, in the "
            f"{FORM_NAMES[form.form]} form: posterior median and 95 % interval."
        ),
        description=f"{title}.",
        records=[{key: row[key] for key in ("class", "mean", "low", "high")} for row in rows],
    )


def _interval(mean: float, low: float, high: float) -> str:
    return f"{share_text(mean, decimals=2)} ({share_text(low, decimals=2)} to {share_text(high, decimals=2)})"


def _curve(rows: Sequence[Row], canvas: Canvas, *, effect: Effect, label: str) -> AnyChart:
    first, last = rows[0]["at"], rows[-1]["at"]
    if effect.covariate in _LOGARITHMIC:
        across = alt.Scale(type="log", domain=[first, last], nice=False)
        ticks = [10.0**k * m for k in range(floor(log10(first)), ceil(log10(last)) + 1) for m in (1, 3)]
    else:
        across = alt.Scale(domain=[first, last], nice=False)
        ticks = [float(year) for year in range(ceil(first), floor(last) + 1)]
    axis = alt.Axis(
        values=[tick for tick in ticks if first <= tick <= last],
        format="d" if effect.covariate == "released" else "~g",
        title=label,
        grid=False,
    )
    up = alt.Axis(
        tickCount=5,
        format=".1f",
        title=f"Expected {effect.quantity}",
        titleAngle=0,
        titleAlign="left",
        titleX=-32,
        titleY=-16,
    )
    top = 0.5 if effect.quantity == "bias" and max(row["high"] for row in rows) <= 0.5 else 1.0
    scale = alt.Scale(domain=[0, top], nice=False)
    x = alt.X("at:Q", scale=across, axis=axis)
    line = canvas.chart(rows)
    layers = [
        line.mark_area(color=ink("band"), opacity=1).encode(
            x=x, y=alt.Y("low:Q", scale=scale, axis=up), y2=alt.Y2("high:Q")
        ),
        line.mark_line(color=ink("heads"), strokeWidth=3).encode(
            x=x, y=alt.Y("mean:Q", scale=scale, axis=up)
        ),
    ]
    margins = Margins(left=40, right=18, top=30, bottom=46)
    return placed(layered(*layers), canvas, margins, height=200 if canvas.narrow else 240)


def _classes(rows: Sequence[Row], canvas: Canvas, *, quantity: str) -> AnyChart:
    y = place_axis(len(rows))
    top = 0.5 if quantity == "bias" and max(row["high"] for row in rows) <= 0.5 else 1.0
    axis = alt.Axis(
        orient="top", offset=6, tickCount=5, format=".1f", title=f"Expected {quantity}", titleAnchor="start"
    )
    scale = alt.Scale(domain=[0, top], nice=False)
    marks = canvas.chart(rows)
    where = {"align": "left", "dy": -14} if canvas.narrow else {"align": "right"}
    layers = [
        marks.mark_rule(strokeWidth=3, color=ink("heads")).encode(
            x=alt.X("low:Q", scale=scale, axis=axis), x2=alt.X2("high:Q"), y=y
        ),
        marks.mark_point(size=80, filled=True, opacity=1, color=ink("heads")).encode(
            x=alt.X("mean:Q", scale=scale, axis=axis),
            y=y,
            tooltip=[
                alt.Tooltip("class:N", title="Class"),
                alt.Tooltip("mean:Q", title=f"Expected {quantity}", format=".2f"),
                alt.Tooltip("low:Q", title="95 %, from", format=".2f"),
                alt.Tooltip("high:Q", title="to", format=".2f"),
            ],
            description=alt.Description("label:N"),
        ),
        marks.mark_text(baseline="middle", limit=260, **where).encode(
            x=alt.XValue(0 if canvas.narrow else -10), y=y, text=alt.Text("class:N")
        ),
    ]
    margins = Margins(left=12 if canvas.narrow else NAMES_PX, right=16, top=58, bottom=12)
    return placed(layered(*layers), canvas, margins, height=len(rows) * ROW_PX[canvas.width])


_FACTORS = (0.1, 0.2, 0.5, 1, 2, 5, 10)
PARTS: tuple[Part, ...] = ("mean", "spread")


def predictor_drawings(fit: Fit | None, study: Study) -> dict[str, Callable[[], Figure]]:
    """The charts of a study's regressions, by name; none without any."""
    main = main_form(fit) if fit else None
    if fit is None or main is None:
        return {}
    drawings: dict[str, Callable[[], Figure]] = {
        f"predictors-{form.form}-{part}": partial(coefficients, form, part, study)
        for form in fit.forms
        for part in PARTS
        if contrasts(form, part)
    }
    drawings |= effect_drawings(main, study)
    if main.bias_bins:
        drawings["predictors-check"] = partial(bias_check, main, study, models=fit.models)
    return drawings


def coefficients(form: FittedForm, part: Part, study: Study) -> Figure:
    """The forest plot of one part of a form: the factor of each contrast with its 95 % interval.

    Raises:
        ValueError: If the part has no coefficient.
    """
    terms = contrasts(form, part)
    rows = [_coefficient_row(place, term) for place, term in enumerate(terms)]
    if not rows:
        raise ValueError("no coefficient to draw.")
    title = findings_sentence(form, part)
    what = "bias" if part == "spread" else "the odds of a one"
    return figure(
        lambda canvas: _forest(rows, canvas, title="Bias ×" if part == "spread" else "Odds of a one ×"),
        name=f"{study.id}-predictors-{form.form}-{part}",
        title=title,
        caption=(
            f"The factor of each comparison on {what}, in the {FORM_NAMES[form.form]} form, all else equal: "
            "posterior median and 95 % interval, on a logarithmic axis. Marks are filled where the interval "
            "excludes 1; of twenty comparisons without any association, about one would be."
        ),
        description=f"{title}. " + " ".join(f"{row['label']}." for row in rows[:5]),
        records=[
            {
                "contrast": term.contrast,
                "factor": term.factor,
                "low": term.factor_low,
                "high": term.factor_high,
                "seen_below": term.seen_below,
                "seen_above": term.seen_above,
            }
            for term in terms
        ],
    )


def bias_check(form: FittedForm, study: Study, *, models: int) -> Figure:
    """The number of models in each tenth of the range of bias: observed and predicted.

    Raises:
        ValueError: If the form has no checks.
    """
    if not form.bias_bins:
        raise ValueError("no check to draw.")
    rows: list[Row] = [
        {
            "bin": check.name.replace(" to ", "–"),
            "observed": check.observed,
            "mean": check.mean,
            "low": check.low,
            "high": check.high,
            "prior_low": check.prior_low,
            "prior_high": check.prior_high,
            "label": f"bias {check.name.replace(' to ', '–')}: {check.observed:g} observed, "
            f"{check.low:g} to {check.high:g} predicted",
        }
        for check in form.bias_bins
    ]
    outside = sum(not row["low"] <= row["observed"] <= row["high"] for row in rows)
    missed = f"{count_text(outside)} of {len(rows)}" if outside else f"none of {len(rows)}"
    title = f"The {FORM_NAMES[form.form]} form misses {missed} parts of the distribution of bias"
    return figure(
        lambda canvas: _bins(rows, canvas),
        name=f"{study.id}-predictors-check",
        title=title,
        caption=(
            f"{plural(models, 'model')} by bias. Marks are observed; 95 % of studies simulated from the "
            "posterior lie in the wide bands, and of those simulated from the prior on the thin lines."
        ),
        description=title,
        records=[{key: value for key, value in row.items() if key != "label"} for row in rows],
    )


def _coefficient_row(place: int, term: Term) -> Row:
    words = f"× {factor_text(term.factor)}"
    interval = f"{end_text(term.factor_low)} to {end_text(term.factor_high)}"
    return {
        "row": place,
        "name": shown(term.contrast),
        "factor": term.factor,
        "low": term.factor_low,
        "high": term.factor_high,
        "found": "yes" if excludes_one(term) else "no",
        "words": words,
        "interval": interval,
        "label": f"{shown(term.contrast)}: {words}, 95 % {interval}",
    }


def _forest(rows: Sequence[Row], canvas: Canvas, *, title: str) -> AnyChart:
    y = place_axis(len(rows))
    lowest, highest = min(row["low"] for row in rows), max(row["high"] for row in rows)
    domain = [max(0.05, min(0.5, lowest * 0.9)), min(20, max(2, highest * 1.1))]
    scale = alt.Scale(type="log", domain=domain, nice=False)
    ticks = [tick for tick in _FACTORS if domain[0] <= tick <= domain[1]]
    axis = alt.Axis(orient="top", offset=6, values=ticks, format="~g", title=title, titleAnchor="start")
    marks = canvas.chart(rows)
    at_one = canvas.chart([{"one": 1}]).mark_rule(color=ink("edge"), strokeWidth=2)
    tooltip = [
        alt.Tooltip("name:N", title="Contrast"),
        alt.Tooltip("words:N", title="Factor"),
        alt.Tooltip("interval:N", title="95 %"),
    ]
    filled = alt.Fill(
        "found:N", scale=alt.Scale(domain=["yes", "no"], range=[ink("heads"), ink("page")]), legend=None
    )
    where = {"align": "left", "dy": -14} if canvas.narrow else {"align": "right"}
    layers = [
        at_one.encode(x=alt.X("one:Q", scale=scale, axis=axis)),
        marks.mark_rule(strokeWidth=3, color=ink("heads"), clip=True).encode(
            x=alt.X("low:Q", scale=scale, axis=axis), x2=alt.X2("high:Q"), y=y
        ),
        marks.mark_point(size=80, filled=False, strokeWidth=2, stroke=ink("heads"), clip=True).encode(
            x=alt.X("factor:Q", scale=scale, axis=axis),
            y=y,
            fill=filled,
            tooltip=tooltip,
            description=alt.Description("label:N"),
        ),
        marks.mark_text(baseline="middle", limit=260, **where).encode(
            x=alt.XValue(0 if canvas.narrow else -10), y=y, text=alt.Text("name:N")
        ),
    ]
    margins = Margins(left=12 if canvas.narrow else NAMES_PX, right=16, top=58, bottom=12)
    return placed(layered(*layers), canvas, margins, height=len(rows) * ROW_PX[canvas.width])


def _bins(rows: Sequence[Row], canvas: Canvas) -> AnyChart:
    order = [row["bin"] for row in rows]
    axis = alt.Axis(title="Bias", labelAngle=-90 if canvas.narrow else 0, labelFontSize=11)
    x = alt.X("bin:N", sort=order, axis=axis, scale=alt.Scale(paddingInner=0.25, paddingOuter=0.1))
    up = alt.Axis(tickCount=5, title="Models", titleAngle=0, titleAlign="left", titleX=-32, titleY=-16)
    highest = max(max(row["observed"], row["high"], row["prior_high"]) for row in rows)
    scale = alt.Scale(domain=[0, highest * 1.05], nice=False)
    y = alt.Y("low:Q", scale=scale, axis=up)
    bars = canvas.chart(rows)
    tooltip = [
        alt.Tooltip("bin:N", title="Bias"),
        alt.Tooltip("observed:Q", title="Observed"),
        alt.Tooltip("low:Q", title="Predicted, at least"),
        alt.Tooltip("high:Q", title="At most"),
    ]
    layers = [
        bars.mark_rule(color=ink("edge"), strokeWidth=1).encode(
            x=x, y=alt.Y("prior_low:Q", scale=scale, axis=up), y2=alt.Y2("prior_high:Q")
        ),
        bars.mark_bar(color=ink("band"), stroke=ink("edge"), strokeWidth=1).encode(
            x=x, y=y, y2=alt.Y2("high:Q")
        ),
        bars.mark_point(size=80, filled=True, color=ink("heads"), opacity=1).encode(
            x=x,
            y=alt.Y("observed:Q", scale=scale, axis=up),
            tooltip=tooltip,
            description=alt.Description("label:N"),
        ),
    ]
    margins = Margins(left=40, right=12, top=30, bottom=84 if canvas.narrow else 46)
    return placed(layered(*layers), canvas, margins, height=220)
