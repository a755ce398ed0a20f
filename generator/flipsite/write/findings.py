"""What a check of a site can find."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What sort of fault; the value is printed."""

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
    kind: Kind
    message: str

    @property
    def is_warning(self) -> bool:
        """Whether the site works all the same: it only nears a limit of the place it is published at."""
        return self.kind is Kind.SIZE

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.kind}: {self.message}"
