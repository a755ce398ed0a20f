"""An embed as HTML: a fragment that stands in anybody's page, and a page of its own for an iframe.

A fragment holds no script, no id that could clash, no blank line and no indentation (either would end raw
HTML in Markdown), asks nobody for anything, and styles each of its own elements and nothing else.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from typing import Final

from flipsite.domain.display import Cell, Figure, Heading, Table
from flipsite.present.embeds.image import inline_svg
from flipsite.present.embeds.registry import Embed, Source
from flipsite.present.text.escaping import foreign_address, foreign_text

Linker = Callable[[str], str | None]
"""The address of a page of the site, by its path; None where there is none to give."""

LEFT: Final = "text-align:left;padding:.3em .6em"
RIGHT: Final = "text-align:right;padding:.3em .6em"
ROW: Final = "border-bottom:1px solid rgba(128,128,128,.35)"
TABLE: Final = (
    "border-collapse:collapse;width:auto;max-width:none;margin:0;font-size:inherit;line-height:1.4;"
    "font-variant-numeric:tabular-nums;white-space:nowrap"
)
BOX: Final = "overflow-x:auto;max-width:100%;margin:1.5em 0"
CAPTION: Final = (
    "caption-side:top;text-align:left;padding:.3em .6em;font-weight:bold;white-space:normal;"
    "position:sticky;left:0;max-width:85vw"
)
SOURCE: Final = "margin:.5em .6em;font-size:.85em;text-align:left"
STYLES: Final = {
    "left": LEFT,
    "right": RIGHT,
    "row": ROW,
    "table": TABLE,
    "box": BOX,
    "caption": CAPTION,
    "source": SOURCE,
}
"""Each element's own style, by the part it plays; the includes of the blog engines have the same."""

_SCRIPT: Final = (
    '(function(){function tell(){parent.postMessage({type:"flipsite:height",'
    'height:Math.ceil(document.documentElement.getBoundingClientRect().height)},"*")}'
    'new ResizeObserver(tell).observe(document.documentElement);addEventListener("load",tell)})();'
)
"""Reports the page's height to the page that frames it, at first and after each change."""

LISTENER: Final = (
    '<script>addEventListener("message",function(e){if(e.data&&e.data.type==="flipsite:height")'
    'document.querySelectorAll("iframe.flipsite-embed-frame").forEach(function(f){'
    "if(f.contentWindow===e.source)f.height=Math.min(Number(e.data.height)||0,20000)})});</script>"
)
"""The script that a page needs once to give its iframes their heights."""


def html_fragment(embed: Embed) -> str:
    """The embed for a foreign page; links only where the site's address is known."""
    return _fragment(embed, _absolute(embed.base_url))


def frame_page(embed: Embed, link: Linker | None = None) -> str:
    """The embed as a page of its own, for an iframe: it reports its height, and its links leave the frame.

    Args:
        embed: What to show.
        link: Its links; those of the fragment where it is None.
    """
    digest = b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    title = foreign_text(embed.heading)
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">',
            f'<title>{title}</title><base target="_top">',
            "<style>:root{color-scheme:light dark}body{margin:0;padding:.1px 0;"
            "font:16px/1.5 system-ui,sans-serif}a{color:inherit}"
            "h1{position:absolute;width:1px;height:1px;margin:0;overflow:hidden;clip-path:inset(50%)}"
            ".narrow{display:none}@media(max-width:599px){.wide{display:none}.narrow{display:block}}</style>",
            f"</head><body><main><h1>{title}</h1>",
            _fragment(embed, link or _absolute(embed.base_url), picture=_both_widths).rstrip("\n"),
            f"</main><script>{_SCRIPT}</script></body></html>\n",
        )
    )


def frame_snippet(embed: Embed, address: str) -> str:
    """The HTML that shows an iframe page in another site's page, at its own height."""
    return (
        f'<iframe class="flipsite-embed-frame" src="{foreign_address(address)}" '
        f'title="{foreign_text(embed.heading)}" loading="lazy" height="600" '
        f'style="width:100%;border:0"></iframe>\n{LISTENER}\n'
    )


def source_html(source: Source) -> str:
    """The source line, its study a link where an address is known."""
    title = foreign_text(source.title)
    if source.url:
        title = f'<a href="{foreign_address(source.url)}">{title}</a>'
    said = foreign_text(source.words)
    return (
        f'<p class="flipsite-embed-source" style="{SOURCE}">Source: {title}; {said}. Made with flipsite.</p>'
    )


def _both_widths(figure: Figure) -> str:
    """Both pictures of a chart; the style of the frame's page shows the one that fits."""
    pictures = (("wide", inline_svg(figure)), ("narrow", inline_svg(figure, narrow=True)))
    return "\n".join(f'<div class="{width}">{picture}</div>' for width, picture in pictures)


def _fragment(embed: Embed, link: Linker, *, picture: Callable[[Figure], str] = inline_svg) -> str:
    figure = embed.figure() if embed.is_chart and embed.figure else None
    if figure is None:
        body = _table(embed.table, link)
    else:
        body = (
            f'<figure style="margin:0"><figcaption style="{LEFT};font-weight:bold">'
            f"{foreign_text(figure.title)}</figcaption>\n{picture(figure)}\n"
            f'<p style="{SOURCE}">{foreign_text(figure.caption)}</p></figure>'
        )
    label = foreign_text(embed.heading)
    return (
        f'<div class="flipsite-embed" role="region" tabindex="0" aria-label="{label}" style="{BOX}">\n'
        f"{body}\n{source_html(embed.source)}\n</div>\n"
    )


def _table(table: Table, link: Linker) -> str:
    note = f'<br><span style="font-weight:normal">{foreign_text(table.note)}</span>' if table.note else ""
    head = "".join(
        f'<th scope="col" style="{_side(heading)}">{foreign_text(heading.label)}</th>'
        for heading in table.headings
    )
    rows = [
        f'<tr style="{ROW}">'
        + "".join(_cell(heading, cell, link) for heading, cell in zip(table.headings, row, strict=True))
        + "</tr>"
        for row in table.shown_rows
    ]
    return "\n".join(
        (
            f'<table class="flipsite-embed-table" style="{TABLE}">',
            f'<caption style="{CAPTION}">{foreign_text(table.caption)}{note}</caption>',
            f'<thead><tr style="{ROW}">{head}</tr></thead>',
            "<tbody>",
            *rows,
            "</tbody>",
            "</table>",
        )
    )


def _cell(heading: Heading, cell: Cell, link: Linker) -> str:
    text = foreign_text(cell.text)
    if cell.link and (address := link(cell.link)):
        text = f'<a href="{foreign_address(address)}">{text}</a>'
    if heading.key == "model":
        return f'<th scope="row" style="{_side(heading)};font-weight:inherit">{text}</th>'
    return f'<td style="{_side(heading)}">{text}</td>'


def _side(heading: Heading) -> str:
    return RIGHT if heading.numeric else LEFT


def _absolute(base_url: str | None) -> Linker:
    def link(path: str) -> str | None:
        return f"{base_url}{path}" if base_url else None

    return link
