"""The page that shows each embed of a site, with its sources to copy; long ones are fetched on use."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from flipsite.present.embed import Embed
from flipsite.present.embed_formats import FORMATS, ON_SITE, frame_path
from flipsite.present.embed_html import frame_snippet, html_fragment
from flipsite.present.embed_text import markdown_embed
from flipsite.present.interactive import spec_json
from flipsite.present.page import Page

PATH = "embed/index.html"

LONGEST = 300
"""Signs of a source that stands in the page; longer ones come in a script when one of them is opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One embed as the page shows it.

    Attributes:
        embed: The embed.
        anchor: Its id on the page.
        frame: Path of its page for an iframe.
        sources: Label of each source, its text where that is short enough to stand in the page, and its file
            where there is one.
        script: Path of the script that brings the longer ones.
        files: Label and path of each file.
        command: What makes it at home.
    """

    embed: Embed
    anchor: str
    frame: str
    sources: tuple[tuple[str, str | None, str], ...]
    script: str
    files: tuple[tuple[str, str], ...]
    command: str


def embed_page(embeds: Sequence[Embed], *, base_url: str | None) -> Page:
    """Every embed with a preview, its sources and its files."""
    shown = [_shown(embed, base_url) for embed in embeds]
    return Page(
        path=PATH,
        title="Embed",
        description="Tables and charts of this site to paste into your own page.",
        template="embed.html",
        crumbs=(("Home", "index.html"),),
        context={"embeds": [each for each, _ in shown]},
        attached={each.script: content for each, content in shown},
    )


def _shown(embed: Embed, base_url: str | None) -> tuple[Shown, bytes]:
    """An embed as the page shows it, and the script of its longer sources."""
    study, frame = embed.source.study, frame_path(embed)
    forms = [form for form in ON_SITE if embed.figure is not None or not FORMATS[form].is_picture]
    stem = f"{study}/embed/{embed.name}"
    sources = [
        ("HTML", html_fragment(embed), f"{stem}.html"),
        ("Markdown", markdown_embed(embed), f"{stem}.md"),
    ]
    if base_url:
        sources.append(("iframe", frame_snippet(embed, base_url + frame), ""))
    long = {label: text for label, text, _ in sources if len(text) > LONGEST}
    script = f"flipsiteEmbed({spec_json({'embed': f'{study}-{embed.name}', 'sources': long})});\n".encode()
    shown = Shown(
        embed=embed,
        anchor=f"{study}-{embed.name}",
        frame=frame,
        sources=tuple((label, None if label in long else text, file) for label, text, file in sources),
        script=f"assets/embed-{study}-{embed.name}.{hashlib.sha256(script).hexdigest()[:10]}.js",
        files=tuple(
            (
                form.upper() if form != "markdown" else "Markdown",
                f"{stem}.{FORMATS[form].suffix}",
            )
            for form in forms
        ),
        command=f"flipsite embed {embed.name} --study {study}",
    )
    return shown, script
