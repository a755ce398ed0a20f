"""Hostile text as a picture can bear it."""

import re
import unicodedata

_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"


def shown(name: str) -> str:
    """A name as a picture can show it, `\ufffd` for what XML forbids and for what turns text around."""
    if name.isascii() and name.isprintable():
        return name
    return "".join(
        "\ufffd" if unicodedata.category(sign) in _UNSEEN and sign not in _JOINERS else sign for sign in name
    )


_ADDRESS = re.compile(r"(?!//)(?:[\w.~%-]+/)*[\w.~%-]*(?:\?[\w.~%&=-]*)?(?:#[\w.~%-]*)?", re.ASCII)


def address(link: str) -> str:
    """A link into the site, unchanged.

    Raises:
        ValueError: If it leads elsewhere or is no address; a model's name never gets this far by itself.
    """
    if not _ADDRESS.fullmatch(link):
        raise ValueError(f"{link!r} is not a relative address of the site.")
    return link
