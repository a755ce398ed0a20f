"""An embed for the blog engines: an include for Jekyll, a shortcode for Hugo, an include for Quarto.

The first two show any table out of its JSON, put among the blog's data. A chart is its own include.
"""

from functools import cache
from importlib.resources import files

from flipsite.present.embed import Embed
from flipsite.present.embed_html import STYLES, html_fragment
from flipsite.present.embed_text import markdown_embed


def jekyll_include(embed: Embed) -> str:
    """For Jekyll's `_includes`: shows any table of `_data/flipsite/`, or this one chart."""
    return html_fragment(embed) if embed.is_chart else _styled("embed_jekyll.html")


def hugo_shortcode(embed: Embed) -> str:
    """For Hugo's `layouts/shortcodes`: shows any table of `data/flipsite/`, or this one chart."""
    return html_fragment(embed) if embed.is_chart else _styled("embed_hugo.html")


def quarto_include(embed: Embed) -> str:
    """For Quarto's `include`: a table is Markdown, in every output format; a chart is HTML."""
    if embed.is_chart:
        return f"```{{=html}}\n{html_fragment(embed)}```\n"
    return markdown_embed(embed)


@cache
def _styled(name: str) -> str:
    text = files("flipsite.present").joinpath(name).read_text(encoding="utf-8")
    for style, rules in STYLES.items():
        text = text.replace(f"@{style}@", rules)
    return text
