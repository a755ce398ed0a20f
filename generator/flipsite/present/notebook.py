"""A chart for a notebook: an Altair chart that shows by itself, in the colours of the light theme."""

from textwrap import wrap
from typing import Any, Final

import altair as alt

from flipsite.domain.display import Figure
from flipsite.present.figures import AnyChart
from flipsite.present.theme import FONT_SIZE, LIGHT, painted

_LETTERS: Final = 84
"""Of a finding that fit a line of the widest chart."""
_LINE_PX: Final = 20


def altair_chart(figure: Figure) -> AnyChart:
    """The chart with its finding above it; its marks lead nowhere, for there is no site beside a notebook."""
    spec = _standalone({key: value for key, value in figure.spec.items() if key != "usermeta"})
    lines = wrap(figure.title, _LETTERS)
    padding = dict(spec["padding"])
    spec["title"] = {
        "text": lines,
        "anchor": "start",
        "frame": "group",
        "dx": 8 - padding["left"],
        "offset": 8,
        "fontSize": FONT_SIZE + 2,
        "lineHeight": _LINE_PX,
    }
    spec["padding"] = padding | {"top": padding["top"] + _LINE_PX * len(lines) + 8}
    spec["background"] = LIGHT["page"]
    chart: AnyChart = alt.Chart.from_dict(spec)
    return chart


def _standalone(part: Any) -> Any:
    """A part of a specification with its colours put in and its links left out; rows stay as they are."""
    if isinstance(part, dict):
        return {
            key: value if key == "datasets" else _standalone(value)
            for key, value in part.items()
            if key != "href"
        }
    if isinstance(part, list):
        return [_standalone(each) for each in part]
    return painted(part, LIGHT) if isinstance(part, str) else part
