"""The page that shows each embed of a site; its sources to copy are fetched when one of them is opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from flipsite.present.embeds.formats import anchor, form_path, forms_on_site, frame_path
from flipsite.present.embeds.registry import Embed
from flipsite.present.pages.page import Page

PATH = "embed/index.html"

_LABELS = {"html": "HTML", "markdown": "Markdown", "csv": "CSV", "json": "JSON", "svg": "SVG", "png": "PNG"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedView:
    """One embed as the page shows it.

    Attributes:
        embed: The embed.
        anchor: Its id on the page.
        frame: Path of its page for an iframe.
        sources: Label of each source, and its file; empty for the words that show the frame.
        files: Label and path of each file.
    """

    embed: Embed
    anchor: str
    frame: str
    sources: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]


def embed_page(embeds: Sequence[Embed]) -> Page:
    """Every embed with a preview, its sources and its files; those of a study stand together."""
    shown = [list(group) for _, group in groupby(map(_shown, embeds), lambda each: each.embed.source.study)]
    return Page(
        path=PATH,
        title="Embed",
        description="Tables and charts of this site to paste into your own page.",
        template="embed.html",
        crumbs=(("Home", "index.html"),),
        context={"studies": shown},
    )


def _shown(embed: Embed) -> EmbedView:
    sources = [(_LABELS[form], form_path(embed, form)) for form in ("html", "markdown")]
    return EmbedView(
        embed=embed,
        anchor=anchor(embed),
        frame=frame_path(embed),
        sources=(*sources, ("iframe", "")) if embed.base_url else tuple(sources),
        files=tuple((_LABELS[form], form_path(embed, form)) for form in forms_on_site(embed)),
    )
