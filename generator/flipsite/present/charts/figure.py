"""From a chart to a Figure: drawn for a wide and a narrow column, its words, its specification.

A chart is a function of a `Canvas`. It places everything itself (padding is explicit, Vega sizes nothing), so
a picture does not depend on the fonts of the machine that draws it; and it stays readable on a phone because
it is drawn again for that width and not shrunk.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import altair as alt
from altair.utils.schemapi import debug_mode

from flipsite.domain.display import Figure
from flipsite.present.charts import theme
from flipsite.present.charts.svg import render_svg

Row = dict[str, Any]
AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart


WIDE_PX: Final = 720
NARROW_PX: Final = 358
"""A phone of 390 px, less the page's margins."""


@dataclass(slots=True)
class Canvas:
    """The column a chart is drawn for, and the rows it is drawn from.

    Altair copies and validates each row that it is given, many times over; rows are not its business. So a
    chart names its data, and the canvas keeps them until the specification is made.

    Attributes:
        width: The whole picture's, in CSS pixels.
        datasets: The rows by name; the same rows have the same name on every canvas.
    """

    width: int
    datasets: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def narrow(self) -> bool:
        """Whether it is the phone's."""
        return self.width == NARROW_PX

    def chart(self, rows: Sequence[Row]) -> alt.Chart:
        """A chart of these rows; floats keep six decimals, more than any picture shows."""
        brief = [
            {key: round(value, 6) if isinstance(value, float) else value for key, value in row.items()}
            for row in rows
        ]
        text = json.dumps(brief, sort_keys=True)
        name = f"rows-{sha256(text.encode()).hexdigest()[:10]}"
        self.datasets[name] = brief
        return alt.Chart(alt.NamedData(name=name))


def canvas_spec(
    chart: AnyChart, description: str, datasets: Mapping[str, Sequence[Row]]
) -> dict[str, object]:
    """The whole specification: the chart, the rows of all its canvases, the look of all charts.

    Whether Vega-Lite's schema admits it hangs on our code and not on the rows, so that tests ask.
    """
    spec: dict[str, object] = chart.to_dict(validate=False)
    return spec | {"description": description, "datasets": datasets, "config": theme.config()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """Pixels around the plot, for words."""

    left: int
    right: int
    top: int
    bottom: int


def layered(*charts: AnyChart) -> alt.LayerChart:
    """The charts on top of each other, with the data that all of them share stated once.

    `alt.layer` copies each of them four times over, to look for parameters; ours have none.
    """
    layers: list[Any] = list(charts)
    data = charts[0].data
    if not all(chart.data is data for chart in charts):
        data = alt.Undefined
    elif data is not alt.Undefined:
        layers = [chart.copy(deep=False) for chart in charts]
        for layer in layers:
            layer.data = alt.Undefined
    made = alt.LayerChart()
    made.data, made.layer = data, layers
    return made


def placed(chart: AnyChart, canvas: Canvas, margins: Margins, *, height: int | alt.Step) -> AnyChart:
    """The chart at its size: `height` is the plot's, the width what the margins leave of the canvas's."""
    # `properties` would copy every layer twice.
    chart.width = canvas.width - margins.left - margins.right
    chart.height = height
    chart.padding = {
        "left": margins.left,
        "right": margins.right,
        "top": margins.top,
        "bottom": margins.bottom,
    }
    chart.autosize = alt.AutoSizeParams(type="none")
    return chart


def figure(
    draw: Callable[[Canvas], AnyChart],
    *,
    name: str,
    title: str,
    caption: str,
    description: str,
    records: Sequence[Mapping[str, object]],
    narrow: bool = True,
) -> Figure:
    """Draw a chart on a wide and, unless it is only for a file, on a narrow canvas.

    The specification is the wide one; what the narrow one has different stands in `usermeta.narrow`, for the
    script that makes the chart interactive.
    """
    titled = {"title": title, "description": description}
    with debug_mode(False):  # parts are not validated either
        canvases = [Canvas(WIDE_PX), *([Canvas(NARROW_PX)] if narrow else [])]
        charts = [draw(canvas) for canvas in canvases]
        whole = {name: rows for canvas in canvases for name, rows in canvas.datasets.items()}
        wide, *others = (canvas_spec(chart, description, whole) for chart in charts)
    svg = render_svg(wide, name=name, css_class="chart-wide", **titled)
    for spec in others:
        drawn = render_svg(spec, name=f"{name}-narrow", css_class="chart-narrow", **titled)
        svg += drawn.replace("<svg ", '<svg display="none" ', 1)
    different = {key: value for spec in others for key, value in spec.items() if value != wide.get(key)}
    return Figure(
        name=name,
        title=title,
        caption=caption,
        description=description,
        spec=wide | {"usermeta": {"narrow": different}},
        svg=svg,
        records=tuple(dict(record) for record in records),
    )
