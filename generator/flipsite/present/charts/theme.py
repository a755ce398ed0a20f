"""The look of the charts: colours by meaning, for a light and a dark page.

A chart never names a colour. It names what the colour means, `heads` or `band`, as a CSS custom property with
the light colour behind it: `var(--heads, #a35f00)`. So an inline picture follows the page, and a picture that
stands alone is given its colours by `painted`.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal

from flipsite.domain.estimates import Verdict

Token = Literal[
    "page",
    "surface",
    "ink",
    "muted",
    "rule",
    "band",
    "edge",
    "heads",
    "tails",
    "missing",
    "biased",
    "fair",
    "undecided",
]

LIGHT: Final[Mapping[Token, str]] = {
    "page": "#fdfcf9",
    "surface": "#ffffff",
    "ink": "#17191e",
    "muted": "#565b65",
    "rule": "#ded9cc",
    "band": "#ece6d6",
    "edge": "#8a7f68",
    "heads": "#a35f00",
    "tails": "#2f5f9e",
    "missing": "#757a83",
    "biased": "#b3261e",
    "fair": "#0f6b50",
    "undecided": "#5f646e",
}
"""On a light page. Heads are the coin's gold, tails its steel; the band is what chance allows."""

DARK: Final[Mapping[Token, str]] = {
    "page": "#111318",
    "surface": "#1a1d24",
    "ink": "#eceae4",
    "muted": "#a9aeb8",
    "rule": "#343842",
    "band": "#302d26",
    "edge": "#8d8878",
    "heads": "#eeb04a",
    "tails": "#85b4f2",
    "missing": "#8d939e",
    "biased": "#ff8078",
    "fair": "#4ccb9d",
    "undecided": "#a2a8b3",
}

VERDICT_MARKS: Final[Mapping[Verdict, tuple[str, Token, Token]]] = {
    Verdict.FAIR: ("circle", "fair", "fair"),
    Verdict.UNDECIDED: ("circle", "undecided", "page"),
    Verdict.BIASED: ("diamond", "biased", "biased"),
}
"""Shape, line and filling: a coin, an empty ring, a diamond. In the order of legends."""

FONT: Final = "system-ui, sans-serif"
FONT_SIZE: Final = 13

_REFERENCE = re.compile(r"var\(--([a-z]+), (#[0-9a-f]{6})\)")


def ink(token: Token) -> str:
    """The colour of a meaning, as CSS: the page's, or the light one where the page sets none."""
    return f"var(--{token}, {LIGHT[token]})"


def painted(text: str, colours: Mapping[Token, str]) -> str:
    """The text with each reference to a colour replaced by the colour itself."""

    def colour(match: re.Match[str]) -> str:
        return next((colours[token] for token in colours if token == match[1]), match[2])

    return _REFERENCE.sub(colour, text)


def config() -> dict[str, object]:
    """Vega-Lite's configuration of every chart: quiet axes, words in the page's colours, no frame.

    Padding and sizes are each chart's own: nothing here depends on the fonts of the machine that draws.
    """
    words = {"labelColor": ink("muted"), "labelFontSize": FONT_SIZE, "labelFontWeight": "normal"}
    titles = {"titleColor": ink("muted"), "titleFontSize": FONT_SIZE, "titleFontWeight": "normal"}
    return {
        "background": "transparent",
        "font": FONT,
        "view": {"stroke": None, "fill": None},
        "axis": {
            **words,
            **titles,
            "domain": False,
            "ticks": False,
            "gridColor": ink("rule"),
            "labelPadding": 8,
            "titlePadding": 8,
        },
        "legend": {
            **words,
            **titles,
            "labelColor": ink("ink"),
            "orient": "top",
            "direction": "horizontal",
            "columnPadding": 16,
            "symbolStrokeWidth": 2,
            "offset": 10,
        },
        "text": {"color": ink("ink"), "fontSize": FONT_SIZE},
        "point": {"filled": True, "opacity": 1, "strokeWidth": 2},
        "rule": {"color": ink("muted"), "aria": False},
        "rect": {"aria": False},
        "area": {"aria": False},
        "line": {"aria": False},
    }
