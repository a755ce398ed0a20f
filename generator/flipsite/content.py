"""What a file of a site holds, on its way from what makes it to what writes it."""

from pathlib import Path
from typing import NamedTuple


class Kept(NamedTuple):
    """A file of the last site at this very path, which stays: it is known to be whole."""

    size: int
    digest: str


Content = bytes | Path | Kept
"""Bytes to write, a file to copy, or what is there already."""


def encoded(text: str) -> bytes:
    """A text as a file holds it: one of a model's may have a lone surrogate, which UTF-8 cannot."""
    return text.encode("utf-8", "replace")
