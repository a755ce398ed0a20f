"""The formats of an embed, and the files of it that stand on a site.

Three of them are for blog engines. The include for Jekyll and the shortcode for Hugo show any table whose
JSON is among the blog's data; a chart has an include of its own. The include for Quarto holds one embed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from flipsite.domain.display import encoded
from flipsite.domain.urls import relative
from flipsite.files import Content
from flipsite.present.charts.interactive import spec_json
from flipsite.present.embeds.html import STYLES, frame_page, frame_snippet, html_fragment
from flipsite.present.embeds.image import png_file, svg_file
from flipsite.present.embeds.registry import Embed
from flipsite.present.embeds.text import json_embed, markdown_embed
from flipsite.present.tables import csv_table


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
    text = files("flipsite.present.embeds").joinpath(name).read_text(encoding="utf-8")
    for style, rules in STYLES.items():
        text = text.replace(f"@{style}@", rules)
    return text


@dataclass(frozen=True, slots=True)
class Format:
    """One format: what its files end in, and how it is made; a picture needs one to be drawn."""

    suffix: str
    render: Callable[[Embed], str | bytes]
    is_picture: bool = False


FORMATS: Final[Mapping[str, Format]] = {
    "html": Format("html", html_fragment),
    "markdown": Format("md", markdown_embed),
    "csv": Format("csv", lambda embed: csv_table(embed.table)),
    "json": Format("json", json_embed),
    "svg": Format("svg", svg_file, is_picture=True),
    "png": Format("png", png_file, is_picture=True),
    "iframe": Format("html", frame_page),
    "jekyll": Format("html", jekyll_include),
    "hugo": Format("html", hugo_shortcode),
    "quarto": Format("qmd", quarto_include),
}
"""By the word that `--format` takes."""

_PASTED: Final = ("html", "markdown")
ON_SITE: Final = (*_PASTED, "csv", "json", "svg", "png")
"""The formats that stand under `<study>/embed/`; the others follow from them or are made by the command."""


def rendered(embed: Embed, form: str) -> bytes:
    """The embed in one format, as bytes.

    Raises:
        ValueError: If it has no picture and one is asked for.
    """
    content = FORMATS[form].render(embed)
    return content if isinstance(content, bytes) else encoded(content)


def pasted_files(embed: Embed, *, kept: Mapping[str, Content]) -> dict[str, Content]:
    """List an embed's files to paste elsewhere, by path: HTML, Markdown, an iframe, and sources to copy.

    Args:
        embed: What to write.
        kept: Files of the last site that are still good; if all of these are, none is made.
    """
    markup, words = form_path(embed, "html"), form_path(embed, "markdown")
    frame, sources = frame_path(embed), sources_path(embed)
    if kept.keys() >= {markup, words, frame, sources}:
        return {path: kept[path] for path in (markup, words, frame, sources)}
    said = {"HTML": html_fragment(embed), "Markdown": markdown_embed(embed)}
    files: dict[str, Content] = {markup: encoded(said["HTML"]), words: encoded(said["Markdown"])}
    if embed.base_url:
        said["iframe"] = frame_snippet(embed, embed.base_url + frame)
    files[sources] = encoded(f"flipsiteEmbed({spec_json({'embed': anchor(embed), 'sources': said})});\n")
    said.clear()  # of ten thousand models they take memory
    return {**files, frame: encoded(frame_page(embed, lambda path: relative(path, frame)))}


def saved_files(embed: Embed, *, kept: Mapping[str, Content]) -> dict[str, Content]:
    """List an embed's files to download, by path: its rows and its picture; `kept` as for `pasted_files`."""
    forms = {form_path(embed, form): form for form in forms_on_site(embed) if form not in _PASTED}
    if kept.keys() >= forms.keys():
        return {path: kept[path] for path in forms}
    return {path: rendered(embed, form) for path, form in forms.items()}


def forms_on_site(embed: Embed) -> list[str]:
    """The formats in which it stands on the site: all, or all but pictures where nothing can be drawn."""
    return [form for form in ON_SITE if embed.figure is not None or not FORMATS[form].is_picture]


def form_path(embed: Embed, form: str) -> str:
    """Where a format of it stands."""
    return f"{embed.source.study}/embed/{embed.name}.{FORMATS[form].suffix}"


def frame_path(embed: Embed) -> str:
    """Where the page for an iframe stands."""
    return f"{embed.source.study}/embed/frame/{embed.name}.html"


def sources_path(embed: Embed) -> str:
    """Where the script stands that brings its sources to the page of embeds."""
    return f"{embed.source.study}/embed/{embed.name}.js"


def anchor(embed: Embed) -> str:
    """Its id on the page of embeds."""
    return f"{embed.source.study}-{embed.name}"
