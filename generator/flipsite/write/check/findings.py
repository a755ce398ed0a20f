"""The findings of a check, and the record of one file that they are found in.

A `Document` holds what the check needs to know of a page, a picture, a stylesheet or a feed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum


class Rule(StrEnum):
    """The kind of fault; the value is printed."""

    BROKEN = "broken link"
    FOLDER = "link to a folder"
    OUTSIDE = "request to another host"
    UNSAFE = "unsafe content"
    POLICY = "content policy"
    DUPLICATE = "duplicate id"
    ALTERNATIVE = "missing alternative"
    PAGE = "incomplete page"
    MARKUP = "broken markup"
    WEIGHT = "page weight"
    DIGEST = "changed file"
    SIZE = "size warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault of a site.

    Attributes:
        path: The file, in the site.
        line: Of the file, from 1; None where the whole file is meant.
        kind: What sort.
        message: What is wrong, in words.
    """

    path: str
    line: int | None
    kind: Rule
    message: str

    @property
    def is_warning(self) -> bool:
        """Whether the site works all the same: it only nears a limit of the place it is published at."""
        return self.kind is Rule.SIZE

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.kind}: {self.message}"


class Use(Enum):
    """The result of following an address."""

    LINK = 1
    """A reader may follow it."""
    WISH = 2
    """A browser asks for it if a script, a choice of size or a click says so."""
    LOAD = 3
    """A browser asks for it with the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An address in a document, and its first line there."""

    url: str
    line: int
    use: Use


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFault:
    """A fault that shows without looking at another file."""

    line: int | None
    kind: Rule
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
    faults: tuple[LocalFault, ...] = ()
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
