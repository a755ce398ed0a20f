"""The page that shows each embed of a site, with its sources to copy."""

from collections.abc import Sequence
from dataclasses import dataclass

from flipsite.present.embed import Embed
from flipsite.present.embed_formats import FORMATS, ON_SITE, frame_path
from flipsite.present.embed_html import frame_snippet, html_fragment
from flipsite.present.embed_text import markdown_embed
from flipsite.present.page import Page

PATH = "embed/index.html"

LONGEST = 24_000
"""Signs of a source that stands in the page; a longer one is a file to download."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One embed as the page shows it.

    Attributes:
        embed: The embed.
        anchor: Its id on the page.
        frame: Path of its page for an iframe.
        sources: Label and text of each source that is short enough to stand in the page.
        files: Label and path of each file.
        command: What makes it at home.
    """

    embed: Embed
    anchor: str
    frame: str
    sources: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]
    command: str


def embed_page(embeds: Sequence[Embed], *, base_url: str | None) -> Page:
    """Every embed with a preview, its short sources and its files."""
    return Page(
        path=PATH,
        title="Embed",
        description="Tables and charts of this site to paste into your own page.",
        template="embed.html",
        crumbs=(("Home", "index.html"),),
        context={"embeds": [_shown(embed, base_url) for embed in embeds]},
    )


def _shown(embed: Embed, base_url: str | None) -> Shown:
    study, frame = embed.source.study, frame_path(embed)
    forms = [form for form in ON_SITE if embed.figure is not None or not FORMATS[form].is_picture]
    sources = [("HTML", html_fragment(embed)), ("Markdown", markdown_embed(embed))]
    if base_url:
        sources.append(("iframe", frame_snippet(embed, base_url + frame)))
    return Shown(
        embed=embed,
        anchor=f"{study}-{embed.name}",
        frame=frame,
        sources=tuple((label, text) for label, text in sources if len(text) <= LONGEST),
        files=tuple(
            (
                form.upper() if form != "markdown" else "Markdown",
                f"{study}/embed/{embed.name}.{FORMATS[form].suffix}",
            )
            for form in forms
        ),
        command=f"flipsite embed {embed.name} --study {study}",
    )
