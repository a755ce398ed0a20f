"""An embed as text: Markdown for any engine, CSV and JSON for any program."""

import json
from collections.abc import Iterator
from typing import Final

from flipsite.domain.display import Cell
from flipsite.present.embeds.registry import Embed, source_record
from flipsite.present.tables import markdown_table, without_residue
from flipsite.present.text.escaping import foreign_address, foreign_text, plain_words, shown

EMBED_FORMAT: Final = 1
"""The version of the JSON of an embed; it grows when a reader of the last one would break."""


def markdown_embed(embed: Embed) -> str:
    """GitHub-flavoured Markdown that survives kramdown, Goldmark and Pandoc; links only where absolute.

    A chart is its picture, `NAME.png` beside the text unless the site's address is known, and its words.
    """
    source = embed.source
    title = foreign_text(source.title)
    if source.url:
        title = f"[{title}]({foreign_address(source.url)})"
    line = f"Source: {title}; {foreign_text(source.words)}. Made with flipsite.\n"
    figure = embed.figure() if embed.is_chart and embed.figure else None
    if figure is None:
        note = f" {foreign_text(embed.table.note)}" if embed.table.note else ""
        table = markdown_table(embed.table, absolute=embed.base_url)
        return f"**{foreign_text(embed.table.caption)}**{note}\n\n{table}\n{line}"
    folder = f"{embed.base_url}{source.study}/embed/" if embed.base_url else ""
    picture = f"![{plain_words(figure.title)}]({foreign_address(folder + embed.name)}.png)"
    return f"**{foreign_text(figure.title)}**\n\n{picture}\n\n{foreign_text(figure.caption)}\n\n{line}"


def json_embed(embed: Embed) -> str:
    """The table as a JSON object; docs/reference/embeds.md describes each key."""
    table = embed.table
    shape: dict[str, object] = {
        "format": EMBED_FORMAT,
        "name": embed.name,
        "caption": table.caption,
        "note": table.note,
        "source": source_record(embed.source),
        "columns": [
            {
                "key": heading.key,
                "label": heading.label,
                "help": heading.help,
                "numeric": heading.numeric,
            }
            for heading in table.headings
        ],
    }
    head = json.dumps(shape | {"rows": []}, ensure_ascii=False, indent=1, allow_nan=False)
    rows = ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in _rows(embed))
    return head.removesuffix("[]\n}") + f"[\n{rows}\n]\n}}\n"


def _rows(embed: Embed) -> Iterator[dict[str, object]]:
    """Each row as JSON gives it: by the columns' keys, the value to reckon with and the text to show."""
    for row in embed.table.rows:
        pairs = zip(embed.table.headings, row, strict=True)
        yield {heading.key: _cell(cell, embed.base_url) for heading, cell in pairs}


def _cell(cell: Cell, base_url: str | None) -> dict[str, object]:
    shape: dict[str, object] = {"value": without_residue(cell.value), "text": shown(cell.text)}
    if cell.link and base_url:
        shape["url"] = f"{base_url}{cell.link}"
    return shape
