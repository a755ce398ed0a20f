"""The formats of an embed, and the files of it that stand on a site."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from flipsite.addresses import relative
from flipsite.present.embed import Embed
from flipsite.present.embed_blogs import hugo_shortcode, jekyll_include, quarto_include
from flipsite.present.embed_html import frame_page, html_fragment
from flipsite.present.embed_picture import png_file, svg_file
from flipsite.present.embed_text import json_embed, markdown_embed
from flipsite.present.tables import csv_table


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

ON_SITE: Final = ("html", "markdown", "csv", "json", "svg", "png")
"""The formats that stand under `<study>/embed/`; the others follow from them or are made by the command."""


def rendered(embed: Embed, form: str) -> bytes:
    """The embed in one format, as bytes.

    Raises:
        ValueError: If it has no picture and one is asked for.
    """
    content = FORMATS[form].render(embed)
    return content if isinstance(content, bytes) else content.encode("utf-8", "replace")


def embed_files(
    embeds: Sequence[Embed], *, kept: Mapping[str, Path] | None = None, jobs: int = 1
) -> dict[str, bytes | Path]:
    """The embeds' files on a site, by path: each format, and a page for an iframe.

    Args:
        embeds: What to write.
        kept: Files of the last site that are still good; the others are made.
        jobs: How many to make at once.
    """
    with ThreadPoolExecutor(jobs) as pool:  # drawing leaves the interpreter for most of its time
        made = pool.map(partial(_files, kept=kept or {}), embeds)
        return {path: content for files in made for path, content in files.items()}


def _files(embed: Embed, *, kept: Mapping[str, Path]) -> dict[str, bytes | Path]:
    frame = frame_path(embed)
    files: dict[str, bytes | Path] = {}
    for form in ON_SITE:
        path = f"{embed.source.study}/embed/{embed.name}.{FORMATS[form].suffix}"
        if embed.figure is not None or not FORMATS[form].is_picture:
            files[path] = kept.get(path) or rendered(embed, form)
    files[frame] = kept.get(frame) or _framed(embed, frame)
    return files


def _framed(embed: Embed, here: str) -> bytes:
    return frame_page(embed, lambda path: relative(path, here)).encode("utf-8", "replace")


def frame_path(embed: Embed) -> str:
    """Where the page for an iframe stands."""
    return f"{embed.source.study}/embed/frame/{embed.name}.html"
