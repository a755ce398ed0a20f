"""The small pictures' interactive twins: one validated specification a kind, its data swapped for each model.

Building and validating a chart takes some ten milliseconds, swapping its data a few hundredths of one.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from flipsite.present import theme
from flipsite.present.figures import NARROW_PX, AnyChart, Canvas, Margins, Row, placed
from flipsite.present.interactive import spec_json
from flipsite.present.micro import COLUMNS, MOST_POINTS, envelope
from flipsite.present.theme import Token, ink

_SLOT = "the rows of one model"
_KINDS: tuple[tuple[str, Token], ...] = (("one", "heads"), ("zero", "tails"), ("neither", "missing"))
_DASH = "M-1,-.25H1V.25H-1Z"
_MARGINS = Margins(left=44, right=16, top=12, bottom=40)


@dataclass(frozen=True, slots=True)
class Swappable:
    """A specification as JSON text in two halves; between them go the rows."""

    head: str
    tail: str

    def with_rows(self, rows: Sequence[Row]) -> str:
        """The whole specification, fit to stand inside a script element."""
        return f"{self.head}{spec_json(rows)}{self.tail}"


@cache
def running_mean_spec(target: float) -> Swappable:
    """The running mean inside the envelope of a coin at the target; rows of `running_mean_rows`."""
    return _halves(running_mean_chart(alt.NamedData(name="draws"), target=target))


@cache
def strip_spec() -> Swappable:
    """The draws in rows of fifty; rows of `strip_rows`."""
    return _halves(strip_chart(alt.NamedData(name="draws")))


def running_mean_rows(outcomes: NDArray[np.int8], *, target: float) -> list[Row]:
    """One row a drawn point: the draw from 1, the share of ones so far, and the envelope there."""
    valid = outcomes[outcomes >= 0]
    if not len(valid):
        return []
    at, low, high = envelope(len(valid), target)
    shares = np.cumsum(valid, dtype=np.int64)[at - 1] / at
    numbers = zip(at.tolist(), shares.tolist(), low.tolist(), high.tolist(), strict=True)
    return [
        {"draw": draw, "mean": round(mean, 4), "low": round(below, 4), "high": round(above, 4)}
        for draw, mean, below, above in numbers
    ]


def strip_rows(outcomes: NDArray[np.int8]) -> list[Row]:
    """One row a shown draw: its number from 1, its place, and what came of it."""
    stride = max(1, -(-len(outcomes) // MOST_POINTS))
    names = {1: "one", 0: "zero", -1: "neither"}
    return [
        {"draw": i * stride + 1, "column": i % COLUMNS, "row": i // COLUMNS, "result": names[outcome]}
        for i, outcome in enumerate(outcomes[::stride].tolist())
    ]


def running_mean_chart(data: Any, *, target: float) -> AnyChart:
    """The chart that `running_mean_spec` is made of."""
    chart = alt.Chart(data)
    across = alt.Axis(title="Valid draw", grid=False, tickMinStep=1, tickCount=5, format="d")
    x = alt.X("draw:Q", scale=alt.Scale(nice=False, zero=False), axis=across)
    scale = alt.Scale(domain=[0, 1], nice=False)
    up = alt.Axis(values=sorted({0, target, 1}), format="~g", title=None)
    tooltip = [
        alt.Tooltip("draw:Q", title="Valid draw"),
        alt.Tooltip("mean:Q", title="Share of ones", format=".3f"),
        alt.Tooltip("low:Q", title="Chance: from", format=".3f"),
        alt.Tooltip("high:Q", title="to", format=".3f"),
    ]
    y = alt.Y("mean:Q", scale=scale, axis=up)
    band = chart.mark_area(color=ink("band"), opacity=1).encode(
        x=x, y=alt.Y("low:Q", scale=scale, axis=up), y2="high:Q"
    )
    line = chart.mark_line(color=ink("ink"), strokeWidth=2).encode(x=x, y=y)
    points = chart.mark_point(size=60, color=ink("ink"), opacity=0).encode(x=x, y=y, tooltip=tooltip)
    return placed(alt.layer(band, line, points), Canvas(NARROW_PX), _MARGINS, height=200)


def strip_chart(data: Any) -> AnyChart:
    """The chart that `strip_spec` is made of."""
    names = [name for name, _ in _KINDS]
    place = alt.Scale(domain=[-0.5, COLUMNS - 0.5], nice=False)
    y = alt.Y("row:O", axis=None)
    colours = alt.Scale(domain=names, range=[ink(token) for _, token in _KINDS])
    shapes = alt.Scale(domain=names, range=["triangle-up", "triangle-down", _DASH])
    legend = alt.Legend(title=None, orient="none", legendX=0, legendY=-34)
    chart = (
        alt.Chart(data)
        .mark_point(size=36, strokeWidth=1.5)
        .encode(
            x=alt.X("column:Q", scale=place, axis=None),
            y=y,
            color=alt.Color("result:N", scale=colours, legend=legend),
            shape=alt.Shape("result:N", scale=shapes, legend=legend),
            tooltip=[
                alt.Tooltip("draw:Q", title="Draw", format=","),
                alt.Tooltip("result:N", title="Outcome"),
            ],
        )
    )
    return placed(chart, Canvas(NARROW_PX), Margins(left=8, right=8, top=44, bottom=8), height=alt.Step(26))


def full_spec(chart: AnyChart) -> dict[str, Any]:
    """The validated specification of a chart with whatever data it has, in the charts' configuration."""
    return chart.to_dict() | {"config": theme.config()}


def _halves(chart: AnyChart) -> Swappable:
    text = spec_json(full_spec(chart) | {"datasets": {"draws": _SLOT}})
    head, tail = text.split(json.dumps(_SLOT))
    return Swappable(head, tail)
