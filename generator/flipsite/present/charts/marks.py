"""The parts that charts share: a verdict's mark, a model's name, the axis of bias.

Charts that give each model a row take from here what its mark carries, the names and the band behind them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt

from flipsite.domain.display import plural
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Study
from flipsite.present.charts.figure import NARROW_PX, WIDE_PX, AnyChart, Canvas, Margins, Row, layered, placed
from flipsite.present.charts.theme import VERDICT_MARKS, ink
from flipsite.present.text.escaping import address, shown
from flipsite.present.text.formats import bias_text

NAMES_PX: Final = 290
"""The width of names left of a wide plot; on a phone they stand above their marks instead."""

_NAME_LIMIT_PX: Final = {WIDE_PX: 250, NARROW_PX: 290}
"""As measured in the drawing font; a reader's own may be a fifth wider."""

MOST_MARKS: Final = 300
"""More marks than this cannot be distinguished: a chart of more models draws fewer, and says so."""

ROW_PX: Final = {WIDE_PX: 24, NARROW_PX: 40}


def named_row(estimate: Estimate) -> Row:
    """The columns of every model's mark: its name, its verdict, its page."""
    return {
        "model": shown(estimate.model),
        "verdict": str(estimate.verdict),
        "page": address(estimate.page),
    }


def verdict_points(
    rows: Sequence[Row],
    canvas: Canvas,
    *,
    size: int,
    x: Any,
    y: Any,
    tooltip: Sequence[Any],
    legend_y: int | None,
    linked: bool = True,
) -> alt.Chart:
    """One mark a row, named by its label; colour and shape show the verdict, a link the model's page."""
    points: alt.Chart = canvas.chart(rows)
    points = points.mark_point(size=size, filled=False, strokeWidth=2 if size > 50 else 1.5)
    points = points.encode(x=x, y=y, tooltip=list(tooltip), description=alt.Description("label:N"))
    points = points.encode(**verdict_scales(rows, legend_y=legend_y))
    return points.encode(href=alt.Href("page:N")) if linked else points


def verdict_scales(rows: Sequence[Row], *, legend_y: int | None, shaped: bool = True) -> dict[str, Any]:
    """The encodings that show a verdict, of the verdicts that occur; `legend_y` is None for no legend.

    Args:
        rows: Records with a verdict.
        legend_y: The legend's place below the plot's top, in pixels; negative is above.
        shaped: Whether the mark has a shape, as points have and bars have not.
    """
    there = [verdict for verdict in VERDICT_MARKS if any(row["verdict"] == verdict for row in rows)]
    shapes, lines, fillings = zip(*(VERDICT_MARKS[verdict] for verdict in there), strict=True)
    legend = (
        alt.Legend(title=None, symbolSize=80, orient="none", legendX=0, legendY=legend_y)
        if legend_y is not None
        else None
    )

    def scale_of(kinds: Sequence[str]) -> dict[str, Any]:
        return {"scale": alt.Scale(domain=list(map(str, there)), range=list(kinds)), "legend": legend}

    scales = {
        "stroke": alt.Stroke("verdict:N", **scale_of([ink(token) for token in lines])),
        "fill": alt.Fill("verdict:N", **scale_of([ink(token) for token in fillings])),
    }
    return scales | ({"shape": alt.Shape("verdict:N", **scale_of(shapes))} if shaped else {})


def row_names(rows: Sequence[Row], canvas: Canvas, *, y: Any) -> alt.Chart:
    """Each row's name, leading to the model's page: left of the plot, on a phone above the row."""
    limit = _NAME_LIMIT_PX[canvas.width]
    where = {"align": "left", "dy": -14} if canvas.narrow else {"align": "right"}
    names: alt.Chart = canvas.chart(rows).mark_text(baseline="middle", limit=limit, **where)
    return names.encode(
        x=alt.XValue(0 if canvas.narrow else -10),
        y=y,
        text=alt.Text("model:N"),
        href=alt.Href("page:N"),
        description=alt.Description("label:N"),
    )


def place_axis(n_rows: float, field: str = "row") -> alt.Y:
    """Rows from the top down, each at its whole number, without an axis of their own."""
    return alt.Y(
        f"{field}:Q", scale=alt.Scale(domain=[-0.5, n_rows - 0.5], reverse=True, nice=False), axis=None
    )


def thinned(estimates: Sequence[Estimate], *, keep: Sequence[Estimate]) -> list[Estimate]:
    """At most about MOST_MARKS models, evenly taken in their order, those to keep among them."""
    stride = -(-len(estimates) // MOST_MARKS)
    kept = {estimate.model for estimate in keep}
    return [e for index, e in enumerate(estimates) if index % stride == stride // 2 or e.model in kept]


_LETTER_PX: Final = 7
"""A letter's width on average, rather more than less."""

_EXTREME_NAME_PX: Final = 190
_BESIDE: Final = ((0, -12), (9, 0), (0, 14), (9, -12), (9, 14), (0, -28))
"""Where a name may stand, from its mark: sideways away from the mark's middle, and down."""


def extreme_names(
    rows: Sequence[Row],
    canvas: Canvas,
    *,
    place: Callable[[Row], tuple[float, float]],
    width: float,
    height: float,
    others: Sequence[Row] = (),
) -> list[alt.Chart]:
    """Names beside the highest, lowest, leftmost and rightmost mark, each where it covers no mark.

    Args:
        rows: Records with a `model`, one for each.
        canvas: Where they are drawn.
        place: A row's mark in pixels from the plot's left and top.
        width: The plot's, in pixels.
        height: Likewise.
        others: Records of marks that have no name.
    """
    places = {row["model"]: place(row) for row in rows}
    room = _Room(width=width, height=height, marks=[place(row) for row in (*rows, *others)])
    named: dict[str, NameBox] = {}
    for side, sign in ((1, 1), (1, -1), (0, 1), (0, -1)):
        end = min(sign * mark[side] for mark in places.values())
        at_end = sorted(model for model, mark in places.items() if sign * mark[side] == end)
        if not named.keys() & set(at_end):
            room.name_one(at_end, places, named)
    texts = [{"x": box.left, "y": box.middle, "name": _slug(model)} for model, box in named.items()]
    if not texts:
        return []
    pixels: dict[str, Any] = {"scale": None, "axis": None}
    words = canvas.chart(texts).mark_text(
        align="left", baseline="middle", limit=_EXTREME_NAME_PX, fontSize=12, aria=False
    )
    return [words.encode(x=alt.X("x:Q", **pixels), y=alt.Y("y:Q", **pixels), text=alt.Text("name:N"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameBox:
    """The room that a name takes, in pixels."""

    left: float
    right: float
    middle: float

    def covers(self, x: float, y: float) -> bool:
        """Whether a mark lies under the name."""
        return self.left - 5 < x < self.right + 5 and abs(self.middle - y) < 11

    def meets(self, other: "NameBox") -> bool:
        """Whether two names run into each other."""
        apart = self.right < other.left or self.left > other.right
        return not apart and abs(self.middle - other.middle) < 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _Room:
    """A plot with its marks, in pixels."""

    width: float
    height: float
    marks: Sequence[tuple[float, float]]

    def name_one(
        self, models: Sequence[str], places: Mapping[str, tuple[float, float]], named: dict[str, NameBox]
    ) -> None:
        """Name the first of these models that has free room beside its mark."""
        for model in models:
            long = min(len(_slug(model)) * _LETTER_PX, _EXTREME_NAME_PX)
            box = next((each for each in _boxes(*places[model], long) if self._is_free(each, named)), None)
            if box:
                named[model] = box
                return

    def _is_free(self, box: NameBox, named: Mapping[str, NameBox]) -> bool:
        inside = box.left >= -10 and box.right <= self.width + 5 and box.middle < self.height - 4
        covers = any(box.covers(*mark) for mark in self.marks)
        return inside and not covers and not any(map(box.meets, named.values()))


def _boxes(x: float, y: float, long: float) -> Iterator[NameBox]:
    """The places for a name beside a mark, the best first."""
    for aside, down in _BESIDE:
        for left in (x + aside, x - long - aside) if aside else (x - 5, x - long + 5):
            yield NameBox(left=left, right=left + long, middle=y + down)


def _slug(model: str) -> str:
    """A model's name without its author."""
    return model.rpartition("/")[2] or model


NAMED_ROWS = 60
"""Up to this many models have a row each, with a name; more are distinguished by their place alone."""

TOOLTIP = [
    alt.Tooltip("model:N", title="Model"),
    alt.Tooltip("bias:Q", title="Bias", format=".3f"),
    alt.Tooltip("verdict:N", title="Verdict"),
]
DRAWN_TOOLTIP = [
    *TOOLTIP[:2],
    alt.Tooltip("low:Q", title="At least", format=".3f"),
    alt.Tooltip("high:Q", title="At most", format=".3f"),
    alt.Tooltip("draws:Q", title="Valid draws", format=","),
    TOOLTIP[2],
]


def bias_interval(estimate: Estimate) -> tuple[float, float] | None:
    """The 95 % interval of the bias that ranks; None without draws."""
    return None if estimate.draws is None else estimate.ranking_interval


def bias_of(estimate: Estimate) -> float:
    """The bias by which a model ranks; callers leave out those without."""
    assert estimate.ranking_bias is not None  # noqa: S101
    return estimate.ranking_bias


def largest_bias(study: Study) -> float:
    """The largest bias there can be."""
    return study.prompt.largest_bias


def bias_row(place: int, estimate: Estimate, study: Study) -> Row:
    """A model's mark at its place in the order; it has an interval only where there are draws."""
    interval = bias_interval(estimate)
    bounds = {"low": interval[0], "high": interval[1]} if interval else {}
    drawn = f", {plural(estimate.valid, 'valid draw')}" if estimate.valid else ""
    said = f"{shown(estimate.model)}: bias {bias_text(bias_of(estimate))}{drawn}, {estimate.verdict}"
    numbers = {
        "row": place,
        "bias": bias_of(estimate),
        "floor": estimate.ranking_noise_floor,
        "draws": estimate.valid,
    }
    return named_row(estimate) | bounds | numbers | {"label": said}


def bias_record(estimate: Estimate, study: Study) -> Row:
    """The numbers behind a model's mark, for download."""
    low, high = bias_interval(estimate) or (None, None)
    return {
        "model": estimate.model,
        "bias": bias_of(estimate),
        "bias_low": low,
        "bias_high": high,
        "valid": estimate.valid,
        "noise_floor": estimate.ranking_noise_floor,
        "verdict": str(estimate.verdict),
    }


def upward_axis(title: str, **given: Any) -> alt.Axis:
    """An axis whose title stands level above it."""
    return alt.Axis(
        title=title, tickCount=5, titleAngle=0, titleAlign="left", titleX=-34, titleY=-16, **given
    )


def bias_scale(top: float) -> alt.Scale:
    """From no bias to the largest there can be."""
    return alt.Scale(domain=[0, top], nice=False)


def with_names(
    layers: Sequence[alt.Chart],
    rows: Sequence[Row],
    canvas: Canvas,
    *,
    top: float,
    n_rows: int,
    tooltip: Sequence[alt.Tooltip],
) -> AnyChart:
    """The layers under each model's mark and name, with the axis of bias above."""
    axis = alt.Axis(orient="top", offset=6, format=".1f", tickCount=5, title="Bias", titleAnchor="start")
    x, y = alt.X("bias:Q", scale=bias_scale(top), axis=axis), place_axis(n_rows)
    points = verdict_points(rows, canvas, size=80, x=x, y=y, tooltip=tooltip, legend_y=-80)
    margins = Margins(left=10 if canvas.narrow else NAMES_PX, right=14, top=86, bottom=30)
    chart = layered(*layers, points, row_names(rows, canvas, y=y))
    return placed(chart, canvas, margins, height=n_rows * ROW_PX[canvas.width])


def row_band(
    runs: Sequence[Row], canvas: Canvas, *, top: float, n_rows: int, sampler: str = "a fair coin"
) -> list[alt.Chart]:
    """The band behind rows, with its edge, and its name at its foot."""
    if not runs:
        return []
    y = place_axis(n_rows, "start")
    pieces = canvas.chart(runs)
    foot = canvas.chart([{"floor": runs[-1]["floor"], "words": f"◂ {sampler} on average"}])
    zero = alt.X("zero:Q", scale=bias_scale(top))
    return [
        pieces.mark_rect(color=ink("band")).encode(x=zero, x2=alt.X2("floor:Q"), y=y, y2=alt.Y2("end:Q")),
        pieces.mark_rule(color=ink("edge"), strokeDash=[3, 3]).encode(
            x=alt.X("floor:Q"), y=y, y2=alt.Y2("end:Q")
        ),
        foot.mark_text(align="left", baseline="top", dx=4, dy=6, color=ink("muted")).encode(
            x=alt.X("floor:Q"), y=alt.YValue(n_rows * ROW_PX[canvas.width]), text=alt.Text("words:N")
        ),
    ]
