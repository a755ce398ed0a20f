"""Foreign text made safe: for a page, ours or somebody else's, for a picture, for a narrow column."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from markupsafe import Markup, escape

_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"


_APART: Final = "\x1e\x1f"


def escaped_texts(texts: Sequence[str]) -> list[str]:
    """Texts of models as HTML; escaped at once, unless a text holds the mark that separates them."""
    found = str(escape(_APART.join(texts))).split(_APART)
    return found if len(found) == len(texts) else [str(escape(text)) for text in texts]


def shown(name: str) -> str:
    """A name as a picture can show it, `\ufffd` for what XML forbids and for what turns text around."""
    if name.isascii() and name.isprintable():
        return name
    return "".join(
        "\ufffd" if unicodedata.category(sign) in _UNSEEN and sign not in _JOINERS else sign for sign in name
    )


_SHORT_PART, _LONG_PART, _LONGEST_PART = 8, 16, 24
"""Longer parts of a name are set smaller; still longer ones, which no real name has, are broken."""

_PLAIN = re.compile(r"[A-Za-z0-9_/:.-]*")
_PARTS = re.compile(r"[^-_/:.]*[-_/:.]+|[^-_/:.]+")


@lru_cache(maxsize=32_768)
def breakable(name: str) -> Markup:
    """A model's name that breaks between its parts and not inside a word; escaped.

    Browsers break after a hyphen, but not before a digit, and not after `_`, `.`, `:` or a slash before one.
    """
    parts = _PARTS.findall(name)
    pieces = [
        part[start : start + _LONGEST_PART] for part in parts for start in range(0, len(part), _LONGEST_PART)
    ]
    broken, joined = len(pieces) > len(parts), _short_ends_joined(pieces)
    if _PLAIN.fullmatch(name) and max(map(len, joined), default=0) <= _LONG_PART:  # as most are
        return Markup("<wbr>".join(joined))
    return Markup("<wbr>".join([_whole(piece, broken) for piece in joined]))


def _whole(piece: str, broken: bool) -> str:
    """A piece of a name as HTML; one of a broken part, or of no plain letters, breaks wherever it must."""
    is_long, html = len(piece) > _LONG_PART, escape(piece)
    if (is_long and broken) or (len(piece) > _SHORT_PART and not _PLAIN.fullmatch(piece)):
        return f'<span class="long odd">{html}</span>'
    return f"<span class=long>{html}</span>" if is_long else html


def _short_ends_joined(pieces: list[str]) -> list[str]:
    """Pieces of at least four signs: a line is not broken for less."""
    joined: list[str] = []
    for piece in pieces:
        if joined and len(joined[-1]) < _SHORTEST_PIECE:
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


_SHORTEST_PIECE = 4

_ADDRESS = re.compile(r"(?!//)(?:[\w.~%-]+/)*[\w.~%-]*(?:\?[\w.~%&=-]*)?(?:#[\w.~%-]*)?", re.ASCII)


def address(link: str) -> str:
    """A link into the site, unchanged.

    Raises:
        ValueError: If it leads elsewhere or is no address; a model's name never gets this far by itself.
    """
    if not _ADDRESS.fullmatch(link):
        raise ValueError(f"{link!r} is not a relative address of the site.")
    return link


_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|!~$&^\"'@:+=]|-{2,}|\.{2,}")
"""Characters that Liquid, kramdown, Goldmark, Pandoc, GitHub, Hugo or HTML read as more than text."""

_LIST = re.compile(r"^(?:-|\(?\w+[.)](?=\s|$))")
"""The start of a list, which Pandoc also sees in a cell of HTML."""

_NO_ADDRESS = re.compile(r"[^\w.~%/:?#=&;,+@-]", re.ASCII)


@lru_cache(maxsize=32_768)  # a study's embeds say the same names and figures in several formats
def foreign_text(text: str) -> str:
    """Text for a page of HTML or of any Markdown: whatever could be markup becomes an entity.

    It is one line; signs that cannot be seen, or turn text around, become `\ufffd`.
    """
    flat = shown(" ".join(text.split()))
    begun = _LIST.match(flat)
    start = begun[0] if begun else ""
    return re.sub(r"\W", _entities, start) + _MARKUP.sub(_entities, flat[len(start) :])


def plain_words(text: str) -> str:
    """Text without the signs that could be markup: Hugo shows the entities of a picture's alternative."""
    return " ".join(re.sub(r"[^\w\s.,;:%()’“”–−-]", " ", shown(text)).replace("_", " ").split())


def foreign_address(address: str) -> str:
    """A web address for an attribute or a Markdown link: what could end it is percent-encoded."""
    return _NO_ADDRESS.sub(_percent, address).replace("&", "&amp;")


def _entities(found: re.Match[str]) -> str:
    return "".join(f"&#{ord(sign)};" for sign in found[0])


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace"))
