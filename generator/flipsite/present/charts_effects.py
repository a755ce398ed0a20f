"""What a model is expected to show over one covariate, all else at its average: curves, and classes."""

from collections.abc import Callable, Sequence
from functools import partial
from math import ceil, floor, log10

import altair as alt

from flipsite.domain.display import Figure
from flipsite.domain.features import FEATURES
from flipsite.domain.fit import Effect, FittedForm
from flipsite.domain.study import Study
from flipsite.present.figures import AnyChart, Canvas, Margins, Row, figure, placed
from flipsite.present.formats import share_text
from flipsite.present.marks import NAMES_PX, ROW_PX, place_axis
from flipsite.present.picture_text import shown
from flipsite.present.plain_predictors import FORM_NAMES, class_text
from flipsite.present.theme import ink

_LOGARITHMIC = {"parameters_total_b", "price_completion", "context_length"}
"""Drawn on a logarithmic axis."""


def effect_drawings(form: FittedForm, study: Study) -> dict[str, Callable[[], Figure]]:
    """What draws a form's conditional effects: a curve for each number, one chart for all classes."""
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
    """The curve of what a model is expected to show over one number, all else at its average.

    Raises:
        ValueError: If the covariate is no number.
    """
    rows = [
        {"at": point.at, "mean": point.mean, "low": point.low, "high": point.high}
        for point in effect.points
        if isinstance(point.at, float)
    ]
    if len(rows) < 2:
        raise ValueError("no curve to draw.")
    spec = FEATURES[effect.covariate]
    label = spec.label if spec.kind == "date" else f"{spec.label}, {spec.unit}"
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
            f"The expected {effect.quantity} of a model that is average in all else, by the "
            f"{FORM_NAMES[form.form]} form, with its 95 % band, over the models of which it is known."
        ),
        description=f"{title}; at its right end the 95 % interval is {low} to {high}.",
        records=rows,
    )


def class_effects(effects: Sequence[Effect], form: FittedForm, study: Study) -> Figure:
    """Dots with intervals: what a model of each class is expected to show.

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
            f"The expected {quantity} of a model of each class that is average in all else, by the "
            f"{FORM_NAMES[form.form]} form: posterior median and 95 % interval."
        ),
        description=f"{title}.",
        records=[{key: row[key] for key in ("class", "mean", "low", "high")} for row in rows],
    )


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
    return placed(alt.layer(*layers), canvas, margins, height=200 if canvas.narrow else 240)


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
        ),
        marks.mark_text(baseline="middle", limit=260, **where).encode(
            x=alt.XValue(0 if canvas.narrow else -10), y=y, text=alt.Text("class:N")
        ),
    ]
    margins = Margins(left=12 if canvas.narrow else NAMES_PX, right=16, top=58, bottom=12)
    return placed(alt.layer(*layers), canvas, margins, height=len(rows) * ROW_PX[canvas.width])
