"""What a check wants to know of one page, picture, stylesheet or feed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from flipsite.write.findings import Kind


class Use(Enum):
    """What becomes of an address."""

    LINK = 1
    """A reader may follow it."""
    WISH = 2
    """A browser asks for it if a script, a choice of size or a click says so."""
    LOAD = 3
    """A browser asks for it with the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An address in a document, where it first stands there."""

    url: str
    line: int
    use: Use


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault that shows without looking at another file."""

    line: int | None
    kind: Kind
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file, read.

    Attributes:
        ids: What an anchor can lead to; None where that could not be read.
        references: Addresses, in their order.
        faults: What is wrong with the file itself.
        canonical: The address the page gives for itself.
    """

    ids: frozenset[str] | None = None
    references: tuple[Reference, ...] = ()
    faults: tuple[Fault, ...] = ()
    canonical: str | None = None


_CSS_URL = re.compile(
    r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"'\s]*))\s*\)|@import\s+(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE
)
_CSS_COMMENT = re.compile(r"/\*(?:.*?\*/|.*)", re.DOTALL)


def css_urls(text: str) -> Iterator[tuple[str, int]]:
    """Each address in a stylesheet or a style, and its line counted from 0."""
    text = _CSS_COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)
    for match in _CSS_URL.finditer(text):
        yield "".join(filter(None, match.groups())), text.count("\n", 0, match.start())
