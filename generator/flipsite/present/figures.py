"""From a chart to a Figure: drawn for a wide and a narrow column, its words, its specification.

A chart is a function of a `Layout`. It places everything itself (padding is explicit, Vega sizes nothing), so
a picture does not depend on the fonts of the machine that draws it; and it stays readable on a phone because
it is drawn again for that width and not shrunk.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt

from flipsite.domain import Figure
from flipsite.present import theme
from flipsite.present.svg import render_svg

Row = dict[str, Any]
AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart


@dataclass(frozen=True, slots=True)
class Layout:
    """The column a chart is drawn for; `width` is the whole picture's, in CSS pixels."""

    name: str
    width: int

    @property
    def narrow(self) -> bool:
        """Whether it is the phone's."""
        return self.name == "narrow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """Pixels around the plot, for words."""

    left: int
    right: int
    top: int
    bottom: int


WIDE: Final = Layout("wide", 720)
NARROW: Final = Layout("narrow", 358)
"""A phone of 390 px, less the page's margins."""


def placed(chart: AnyChart, layout: Layout, margins: Margins, *, height: int | alt.Step) -> AnyChart:
    """The chart at its size: `height` is the plot's, the width what the margins leave of the layout's."""
    sized: AnyChart = chart.properties(
        width=layout.width - margins.left - margins.right,
        height=height,
        padding={"left": margins.left, "right": margins.right, "top": margins.top, "bottom": margins.bottom},
        autosize=alt.AutoSizeParams(type="none"),
    )
    return sized


def figure(
    draw: Callable[[Layout], AnyChart],
    *,
    name: str,
    title: str,
    caption: str,
    description: str,
    records: Sequence[Mapping[str, object]],
) -> Figure:
    """Draw a chart in both layouts.

    The specification is the wide one; what the narrow one has different stands in `usermeta.narrow`, for the
    script that makes the chart interactive.
    """
    wide, narrow = (_specification(draw(layout), description) for layout in (WIDE, NARROW))
    pictures = [
        render_svg(wide, name=name, title=title, description=description, css_class="chart-wide"),
        render_svg(
            narrow, name=f"{name}-narrow", title=title, description=description, css_class="chart-narrow"
        ),
    ]
    different = {key: value for key, value in narrow.items() if value != wide.get(key)}
    return Figure(
        name=name,
        title=title,
        caption=caption,
        description=description,
        spec=wide | {"usermeta": {"narrow": different}},
        svg=pictures[0] + pictures[1].replace("<svg ", '<svg display="none" ', 1),
        records=tuple(dict(record) for record in records),
    )


def values(rows: Sequence[Row]) -> alt.InlineData:
    """Rows as a chart's data; floats keep six decimals, more than any picture shows."""
    return alt.InlineData(
        values=[
            {key: round(value, 6) if isinstance(value, float) else value for key, value in row.items()}
            for row in rows
        ]
    )


_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"


def shown(name: str) -> str:
    """A name as a picture can show it, `\ufffd` for what XML forbids and for what turns text around."""
    if name.isascii() and name.isprintable():
        return name
    return "".join(
        "\ufffd" if unicodedata.category(sign) in _UNSEEN and sign not in _JOINERS else sign for sign in name
    )


_ADDRESS = re.compile(r"(?!//)(?:[\w.~%-]+/)*[\w.~%-]*(?:\?[\w.~%&=-]*)?(?:#[\w.~%-]*)?", re.ASCII)


def address(link: str) -> str:
    """A link into the site, unchanged.

    Raises:
        ValueError: If it leads elsewhere or is no address; a model's name never gets this far by itself.
    """
    if not _ADDRESS.fullmatch(link):
        raise ValueError(f"{link!r} is not a relative address of the site.")
    return link


def _specification(chart: AnyChart, description: str) -> dict[str, object]:
    spec: dict[str, object] = chart.properties(description=description).to_dict()
    return spec | {"config": theme.config()}
