"""Bodies as JSON: as they should be, after comments, as a stream of events; and what a page says instead."""

import json
import re
from collections.abc import Mapping
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""The values of a parsed body."""


def read_json(body: bytes) -> Json:
    """A body's JSON, also after comments, or as a stream of events; None where it is none."""
    try:
        content: Json = json.loads(body)
    except (ValueError, RecursionError):
        return _streamed(body)
    return content


def mapping(value: Json) -> Mapping[str, Json]:
    """An object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def first_object(content: Json) -> Mapping[str, Json]:
    """A body's object; some servers wrap it in a list."""
    return mapping(content[0] if isinstance(content, list) and content else content)


def plain_text(body: bytes) -> str:
    """The beginning of a body that is no JSON; of a web page its title."""
    text = body[:4_000].decode("utf-8", "replace").strip().removeprefix("\ufeff")
    if not text.startswith("<"):
        return "" if text in {"{}", "[]", "null"} else text[:500]
    title = _TITLE.search(text)
    return f"a web page, {' '.join(title[1].split())!r}" if title else "a web page"


_TITLE = re.compile(r"<title[^<>]{0,200}>\s*([^<>]{1,200}?)\s*</title>", re.IGNORECASE)


def _streamed(body: bytes) -> Json:
    """A body in the form of server-sent events: comments and JSON, or pieces of a completion put together."""
    lines = [line for line in body.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith((b":", b"event:", b"id:", b"retry:"))]
    if not said or (len(said) == len(lines) and not said[0].startswith(b"data:")):
        return None
    events = [line.removeprefix(b"data:").strip() for line in said]
    if not said[0].startswith(b"data:"):
        events = [b"\n".join(said)]
    try:
        pieces = [json.loads(event) for event in events if event != b"[DONE]"]
    except (ValueError, RecursionError):
        return None
    return _joined([piece for piece in pieces if isinstance(piece, dict)], ended=b"[DONE]" in events)


def _joined(pieces: list[dict[str, Json]], *, ended: bool) -> Json:
    """Pieces of one completion as the whole: their texts in order, of other fields the last.

    Pieces without an end are no completion: what would have followed may say something else.
    """
    whole: dict[str, Json] = {}
    message: dict[str, Json] = {}
    choice: dict[str, Json] = {}
    in_pieces = False
    for piece in pieces:
        choices = piece.get("choices")
        part = first_object(choices) if isinstance(choices, list) else {}
        in_pieces = in_pieces or "delta" in part
        delta = mapping(part.get("delta")) or mapping(part.get("message"))
        for key, value in delta.items():
            before = message.get(key)
            message[key] = before + value if isinstance(before, str) and isinstance(value, str) else value
        choice |= {key: value for key, value in part.items() if key != "delta" and value is not None}
        whole |= {key: value for key, value in piece.items() if value is not None}
    if in_pieces and not ended and not choice.get("finish_reason"):
        whole.setdefault("error", {"message": "the stream broke off before its end"})
        return whole | {"choices": []}
    if choice or message:
        whole["choices"] = [choice | {"message": message}]
    return whole or None
