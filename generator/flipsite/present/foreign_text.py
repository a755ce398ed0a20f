"""Text that stays what it is in somebody else's page, whatever reads that page's source."""

import re
from functools import lru_cache

from flipsite.present.picture_text import shown

_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|!~$&^\"'@:+=]|-{2,}|\.{2,}")
"""What Liquid, kramdown, Goldmark, Pandoc, GitHub, Hugo's typographer or HTML read as more than text."""

_LIST = re.compile(r"^(?:-|\(?\w+[.)](?=\s|$))")
"""What begins a list; a cell of HTML begins one in Pandoc."""

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
