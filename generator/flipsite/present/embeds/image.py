"""A chart away from its site: inside a foreign page in colours for any, or as a file that says it all."""

import hashlib
import re
from dataclasses import replace
from html import unescape
from textwrap import wrap
from typing import Final

from flipsite.domain.display import Figure
from flipsite.present.charts import svg, theme
from flipsite.present.embeds.registry import Embed
from flipsite.present.text.escaping import foreign_text, shown

ANYWHERE: Final[dict[theme.Token, str]] = {
    "page": "transparent",
    "surface": "transparent",
    "ink": "currentColor",
    "muted": "currentColor",
    "rule": "rgba(128,128,128,.35)",
    "band": "rgba(140,125,90,.28)",
    "edge": "#8a7f68",
    "heads": "#b9700f",
    "tails": "#4a7fc4",
    "missing": "#7a7f88",
    "biased": "#d8454a",
    "fair": "#1a8f68",
    "undecided": "#7d828c",
}
"""Colours on a page that may be light or dark: words take the page's, marks are 3:1 from white and black."""

_LETTERS: Final = 92
"""Of the drawing font at 13 px that fit a picture's width."""


def inline_svg(figure: Figure, *, narrow: bool = False) -> str:
    """The picture for a foreign page: no ids but its own, nothing that Markdown or Liquid could read."""
    picture = theme.painted(svg.unlinked(svg.drawings(figure.svg)[-1 if narrow else 0]), ANYWHERE)
    # GitHub turns <title> into text; a label needs neither that nor an id.
    picture = re.sub(r"<(title|desc)[^>]*>.*?</\1>", "", picture).replace("<defs></defs>", "")
    start, _, rest = picture.partition(">")
    label = foreign_text(figure.description or figure.title)
    style = f"max-width:100%;height:auto;font-family:{theme.FONT}"
    start = re.sub(r' (?:class|role|display|aria-[a-z]+)="[^"]*"', "", start)
    start = start.replace("<svg", f'<svg role="img" aria-label="{label}" style="{style}"', 1)
    rest = re.sub(r">([^<]+)<", lambda m: f">{foreign_text(unescape(m[1]))}<", _own_ids(rest, figure.name))
    return f"{start}>{rest}".replace("{", "&#123;").replace("}", "&#125;")


def _own_ids(picture: str, name: str) -> str:
    """The picture with ids that no other embed and no host has."""
    digest = hashlib.sha256(f"{name}\0{picture}".encode("utf-8", "replace")).hexdigest()[:10]
    found = re.findall(r' id="([^"]*)"', picture)
    ids = {old: f"flipsite-{digest}-{number}" for number, old in enumerate(found, 1)}
    picture = re.sub(r' id="([^"]*)"', lambda m: f' id="{ids[m[1]]}"', picture)
    return re.sub(r'(url\(#|href="#)([^)"]*)', lambda m: f"{m[1]}{ids.get(m[2], m[2])}", picture)


def svg_file(embed: Embed) -> str:
    """The embed's picture as a file, with its heading above and its source line below.

    Raises:
        ValueError: If it has none.
    """
    return svg.standalone_svg(svg.drawings(_framed(embed).svg)[0])


def png_file(embed: Embed) -> bytes:
    """The embed's picture as a PNG, with its heading above and its source line below.

    Raises:
        ValueError: If it has none.
    """
    return svg.png(_framed(embed))


def _framed(embed: Embed) -> Figure:
    if embed.figure is None:
        raise ValueError(f"{embed.name}: there is nothing to draw.")
    figure = embed.figure()
    picture = _only_wide(figure)
    width, height = (
        float(re.findall(rf'<svg [^>]*? {key}="([\d.]+)"', picture)[0]) for key in ("width", "height")
    )
    heading = figure.title if embed.is_chart or embed.has_chart_title else embed.heading
    title = wrap(shown(heading), _LETTERS - 12)
    source = wrap(shown(embed.source.line), _LETTERS)
    above, below = 12 + 20 * len(title), 8 + 17 * len(source)
    total = height + above + below
    words = [_line(text, 20 + 20 * row, weight=600, size=15) for row, text in enumerate(title)]
    words += [
        _line(text, above + height + 14 + 17 * row, size=12, colour="muted")
        for row, text in enumerate(source)
    ]
    start, _, rest = picture.partition(">")
    start = re.sub(r' height="[^"]*"', f' height="{total:g}"', start, count=1)
    start = re.sub(r' viewBox="[^"]*"', f' viewBox="0 0 {width:g} {total:g}"', start, count=1)
    inside = rest.removesuffix("</svg>")
    framed = f'{start}><g transform="translate(0,{above:g})">{inside}</g>{"".join(words)}</svg>'
    return replace(figure, svg=framed)


def _line(text: str, y: float, *, size: int, weight: int = 400, colour: theme.Token = "ink") -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return (
        f'<text x="10" y="{y:g}" font-size="{size}" font-weight="{weight}" fill="{theme.ink(colour)}">'
        f"{escaped}</text>"
    )


def _only_wide(figure: Figure) -> str:
    return svg.unlinked(figure.svg.partition("</svg>")[0] + "</svg>")
