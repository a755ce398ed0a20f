"""Bias against one number of each model: its release date, its price, its size.

A chart needs three models of known value; of a study without such values there is none.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import atanh, ceil, floor, log10, sqrt, tanh
from statistics import correlation
from typing import Any

import altair as alt

from flipsite.domain.display import Figure, plural, usd_text
from flipsite.domain.estimates import Estimate
from flipsite.domain.fit import Fit
from flipsite.domain.money import usd_or_none
from flipsite.domain.study import Feature, Study
from flipsite.present.charts.figure import AnyChart, Canvas, Margins, Row, figure, layered, placed
from flipsite.present.charts.marks import (
    bias_of,
    bias_scale,
    extreme_names,
    largest_bias,
    named_row,
    thinned,
    upward_axis,
    verdict_points,
)
from flipsite.present.charts.theme import ink
from flipsite.present.text.escaping import shown
from flipsite.present.text.formats import bias_text, count_text
from flipsite.present.text.predictors import adjusted_effect_sentence

FEWEST_MODELS = 3
"""Two marks show no trend."""

_HIGHEST = 0.995
"""A correlation of 1 counts as this much in an interval: it prints as 1.00, and Fisher's z is finite."""

_HEIGHT_PX = {False: 360, True: 280}
_MARGINS = Margins(left=36, right=14, top=68, bottom=46)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScatterAxis:
    """The number that a chart sets bias against.

    Attributes:
        name: The chart's.
        title: The axis's, with its unit.
        noun: Name of the number, as in "Bias shows no clear link with size".
        more: Models that have more of it, as in "Larger models".
        logarithmic: Whether the axis is.
    """

    name: str
    title: str
    noun: str
    more: str
    logarithmic: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureAxis(ScatterAxis):
    """A feature of the models that a chart sets bias against.

    Attributes:
        feature: Its name among the features.
        value_text: A value for people, from the feature's text.
    """

    feature: str
    value_text: Callable[[str], str]


AXES = (
    FeatureAxis(
        feature="released",
        name="bias-by-release",
        title="Release date",
        noun="release date",
        more="Newer models",
        value_text="released {}".format,
        logarithmic=False,
    ),
    FeatureAxis(
        feature="price_completion",
        name="bias-by-price",
        title="US dollars for a million completion tokens",
        noun="price",
        more="More expensive models",
        value_text=lambda value: f"{usd_text(usd_or_none(float(value)))} a million tokens",
    ),
    FeatureAxis(
        feature="parameters_total_b",
        name="bias-by-size",
        title="Parameters, billion",
        noun="size",
        more="Larger models",
        value_text=lambda value: f"{float(value):,.15g} billion parameters",
    ),
)


def scatter_drawings(
    estimates: Sequence[Estimate],
    features: Mapping[str, Sequence[Feature]],
    study: Study,
    fit: Fit | None = None,
) -> dict[str, Callable[[], Figure]]:
    """The charts of bias against what is known of the models, by name; captions add the regression."""
    drawings: dict[str, Callable[[], Figure]] = {}
    for axis in AXES:
        values = known_values(features, axis)
        shown_here = [e for e in estimates if e.model in values and e.ranking_bias is not None]
        if len(shown_here) >= FEWEST_MODELS and len({values[e.model][0] for e in shown_here}) > 1:
            drawings[axis.name] = partial(bias_by, axis, shown_here, features, study, fit)
    return drawings


def known_values(
    features: Mapping[str, Sequence[Feature]], axis: FeatureAxis
) -> dict[str, tuple[float, str]]:
    """Each model's place on an axis, and the value as text; on a logarithmic axis nothing has no place."""
    found = {}
    for model, known in features.items():
        text = next((each.value for each in known if each.feature == axis.feature), "")
        number = (year_of(text) if axis.feature == "released" else float(text)) if text else 0.0
        if number > 0:
            found[model] = (number, text)
    return found


def year_of(date: str) -> float:
    """A date of ISO 8601 as a year; a month or a year alone is taken at its middle."""
    year, month, day = [*map(int, date.split("-")), None, None][:3]
    if not year or not month:
        return (year or 0) + 0.5
    return year + (month - 1 + ((day - 1) / 31 if day else 0.5)) / 12


def bias_by(
    axis: FeatureAxis,
    estimates: Sequence[Estimate],
    features: Mapping[str, Sequence[Feature]],
    study: Study,
    fit: Fit | None = None,
) -> Figure:
    """Bias against an axis, the extremes named; against size, models of a family are joined.

    Args:
        axis: What the bias is set against.
        estimates: Models with a bias and a known value.
        features: What is known of each model.
        study: Theirs.
        fit: Its regressions.
    """
    values = known_values(features, axis)
    ranked = sorted(estimates, key=lambda e: (bias_of(e), e.model))
    drawn = thinned(ranked, keep=(ranked[0], ranked[-1]))
    texts = {model: axis.value_text(text) for model, (_, text) in values.items()}
    rows = [scatter_row(e, at=values[e.model][0], value=texts[e.model]) for e in drawn]
    edges = _edges(drawn, features, values) if axis.feature == "parameters_total_b" else []
    title = link_sentence(
        [(values[e.model][0], bias_of(e)) for e in estimates], noun=axis.noun, more=axis.more
    )
    fewer = f" {count_text(len(drawn))} of them are drawn." if len(drawn) < len(ranked) else ""
    joined = (
        " Lines join the sizes of one family, and a base model with the one tuned from it." if edges else ""
    )
    return figure(
        lambda canvas: scatter(rows, canvas, axis=axis, study=study, edges=edges),
        name=f"{study.id}-{axis.name}",
        title=title,
        caption=(
            f"{_extent(ranked, study)} whose {axis.noun} is known.{fewer}{joined}"
            f"{_regression_words(fit, axis) if fit else ''}"
        ),
        description=f"{title}. " + " ".join(f"{row['label']}." for row in (rows[0], rows[-1])),
        records=[
            {
                "model": e.model,
                axis.feature: values[e.model][1],
                "bias": bias_of(e),
                "verdict": str(e.verdict),
            }
            for e in ranked
        ],
    )


def _regression_words(fit: Fit, axis: FeatureAxis) -> str:
    """The effect of an axis in the main regression, beside which the chart shows one feature alone."""
    effect = adjusted_effect_sentence(fit, axis.feature)
    return f" The chart shows {axis.noun} alone. {effect}" if effect else ""


def _extent(ranked: Sequence[Estimate], study: Study) -> str:
    printed = "printed " if study.kind == "published" else ""
    return plural(len(ranked), f"{printed}model")


def scatter_row(estimate: Estimate, *, at: float, value: str, said: str = "") -> Row:
    """A model's mark.

    Args:
        estimate: With a bias.
        at: Its place on the axis.
        value: The same for people.
        said: As it stands in the mark's name; as `value` where it is empty.
    """
    bias = bias_of(estimate)
    label = f"{shown(estimate.model)}: bias {bias_text(bias)}, {said or value}, {estimate.verdict}"
    return named_row(estimate) | {"at": at, "bias": bias, "value": value, "label": label}


def link_sentence(pairs: Sequence[tuple[float, float]], *, noun: str, more: str) -> str:
    """Whether a number and bias go together: claimed where the interval of their rank correlation excludes 0.

    Args:
        pairs: The number and the bias, of each model.
        noun: The number's name.
        more: Models that have more of it.
    """
    unclear = f"Bias shows no clear link with {noun}"
    rho = rank_correlation(pairs)
    if rho is None:
        return unclear
    found = f"rank correlation {_signed(rho)}"
    if (ends := correlation_interval(rho, len(pairs))) is None:
        return f"{unclear}: {found}, of too few models for an interval"
    low, high = ends
    link = f"{more} are {'more' if rho > 0 else 'less'} biased" if low > 0 or high < 0 else unclear
    return f"{link}: {found} (95\N{NO-BREAK SPACE}% {_signed(low)} to {_signed(high)})"


def _signed(number: float) -> str:
    """Two decimals with a minus sign, never `−0.00`."""
    return f"{number:z.2f}".replace("-", "−")


def correlation_interval(rho: float, n_pairs: int) -> tuple[float, float] | None:
    """The 95 % interval of a rank correlation; None of fewer than five pairs, which exclude nothing.

    Source:
        Bonett, D. G. and Wright, T. A. (2000), Psychometrika 65, 23-28: Fisher's z with the variance
        (1 + ρ²/2) / (n − 3).
    """
    if n_pairs < 5:
        return None
    z = atanh(min(_HIGHEST, max(-_HIGHEST, rho)))
    half = 1.96 * sqrt((1 + rho**2 / 2) / (n_pairs - 3))
    return tanh(z - half), tanh(z + half)


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


def scatter(
    rows: Sequence[Row], canvas: Canvas, *, axis: ScatterAxis, study: Study, edges: Sequence[Row] = ()
) -> AnyChart:
    """Marks of the rows' `at` and `bias` with their extremes named, over lines that join some of them."""
    values = [row["at"] for row in rows]
    domain = _domain(values, logarithmic=axis.logarithmic)
    x, y = _across(axis, values, canvas), bias_axis(study)
    points = verdict_points(
        rows,
        canvas,
        size=40 if canvas.narrow else 56,
        x=x,
        y=y,
        tooltip=[
            alt.Tooltip("model:N", title="Model"),
            alt.Tooltip("value:N", title=axis.noun.capitalize()),
            alt.Tooltip("bias:Q", title="Bias", format=".3f"),
            alt.Tooltip("verdict:N", title="Verdict"),
        ],
        legend_y=-62,
        linked=not canvas.narrow,
    )
    lines = canvas.chart(edges).mark_rule(color=ink("heads"), strokeWidth=2, opacity=0.7)
    joined = [lines.encode(x=x, x2=alt.X2("at2:Q"), y=y, y2=alt.Y2("bias2:Q"))] if edges else []
    width, height = canvas.width - _MARGINS.left - _MARGINS.right, _HEIGHT_PX[canvas.narrow]
    top = largest_bias(study)

    def place(row: Row) -> tuple[float, float]:
        share = _share(row["at"], domain, logarithmic=axis.logarithmic)
        return share * width, (1 - row["bias"] / top) * height

    names = extreme_names(rows, canvas, place=place, width=width, height=height)
    return placed(layered(*joined, points, *names), canvas, _MARGINS, height=height)


def bias_axis(study: Study) -> alt.Y:
    """Bias upwards, from none to the largest there can be."""
    up = upward_axis("Bias", format=".1f")
    return alt.Y("bias:Q", scale=bias_scale(largest_bias(study)), axis=up)


def _domain(values: Sequence[float], *, logarithmic: bool) -> tuple[float, float]:
    """From a little below the lowest value to a little above the highest."""
    lowest, highest = min(values), max(values)
    if logarithmic:
        return lowest / 1.5, highest * 1.5
    margin = 0.06 * (highest - lowest)
    return lowest - margin, highest + margin


def _share(value: float, domain: tuple[float, float], *, logarithmic: bool) -> float:
    low, high, at = (log10(each) for each in (*domain, value)) if logarithmic else (*domain, value)
    return (at - low) / (high - low)


def _across(axis: ScatterAxis, values: Sequence[float], canvas: Canvas) -> alt.X:
    domain = _domain(values, logarithmic=axis.logarithmic)
    if axis.logarithmic:
        sign = "$,~g" if axis.noun == "price" else ",~g"
        ticks: dict[str, Any] = {"format": sign, "tickCount": 4 if canvas.narrow else 6}
    else:
        ticks = _years(values)
    scale = alt.Scale(type="log" if axis.logarithmic else "linear", domain=list(domain), nice=False)
    # A label near an end stands inside it: it would lie partly outside the picture.
    shown_axis = alt.Axis(title=axis.title, grid=False, labelOverlap=True, labelFlush=16, **ticks)
    return alt.X("at:Q", scale=scale, axis=shown_axis)


def _years(values: Sequence[float]) -> dict[str, Any]:
    """A tick each new year; where there is one at most, the months of both ends."""
    ends = (min(values), max(values))
    years = [*range(ceil(ends[0]), floor(ends[1]) + 1)]
    if len(years) > 1:
        return {"format": "d", "values": years}
    first, last = (f"{int(at)}-{int(at % 1 * 12 + 1e-6) + 1:02d}" for at in ends)
    return {"values": [*ends], "labelExpr": f"datum.index < 0.5 ? '{first}' : '{last}'"}


_TUNED = re.compile(r"(?:^|[-_.])(?:instruct|it|chat|base|pt)(?=$|[-_.])")
_SIZE = re.compile(r"(?:^|[-_.])a?\d+(?:\.\d+)?[bm](?=$|[-_.])")


def _edges(
    drawn: Sequence[Estimate],
    features: Mapping[str, Sequence[Feature]],
    values: Mapping[str, tuple[float, str]],
) -> list[Row]:
    """Lines between the sizes of a family that are tuned alike, and from each base model to its tuned one."""
    families: dict[tuple[str, bool], list[Estimate]] = defaultdict(list)
    for estimate in drawn:
        if ":" not in estimate.model:
            families[_family(estimate.model), _is_base(estimate.model, features)].append(estimate)
    pairs = []
    for (family, base), members in families.items():
        members.sort(key=lambda e: (values[e.model][0], e.model))
        pairs += [(a, b) for a, b in pairwise(members) if values[a.model][0] < values[b.model][0]]
        if base:
            tuned = families.get((family, False), ())
            pairs += [(a, b) for a in members for b in tuned if values[a.model][0] == values[b.model][0]]
    return [
        {
            "at": values[a.model][0],
            "at2": values[b.model][0],
            "bias": bias_of(a),
            "bias2": bias_of(b),
        }
        for a, b in pairs
    ]


def _family(model: str) -> str:
    """A model's name without its size and without the word that says how it is tuned."""
    return _TUNED.sub("", _SIZE.sub("", model.lower()))


def _is_base(model: str, features: Mapping[str, Sequence[Feature]]) -> bool:
    tuning = next((each.value for each in features.get(model, ()) if each.feature == "tuning"), "")
    return tuning == "base" or bool(re.search(r"[-_](?:base|pt)(?=$|[-_.])", model.lower()))
