"""The charts that the last build drew, in the project's private folder, so as not to draw them again.

A file that is damaged, foreign, or of another flipsite counts as none: everything in it can be drawn anew.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from flipsite.errors import StoreError

DRAWINGS = "drawings.json"


def read_drawings(folder: Path, *, made_by: str) -> dict[str, str]:
    """The drawings by what they were drawn from; none unless `made_by` the same flipsite and libraries.

    Args:
        folder: The private folder, `.flipsite/` of a project.
        made_by: What tells one flipsite with its libraries from another.
    """
    with suppress(OSError, ValueError, RecursionError):
        head, _, body = (folder / DRAWINGS).read_bytes().partition(b"\n")
        if head.decode() == _head(body, made_by):
            found = json.loads(body)
            return {str(key): str(drawn) for key, drawn in found.items()}
    return {}


def write_drawings(folder: Path, drawings: Mapping[str, str], *, made_by: str) -> None:
    """Keep drawings in place of those that were there; where they cannot be kept, the next build draws."""
    body = json.dumps(dict(drawings)).encode()
    from flipsite.files import replacing
    from flipsite.store.cache.writer import private_folder  # brings filelock, which takes longer than a chart

    with suppress(StoreError, OSError):
        private_folder(folder)
        with replacing(folder / DRAWINGS) as file:
            file.write(_head(body, made_by).encode() + b"\n" + body)


def _head(body: bytes, made_by: str) -> str:
    return f"{made_by} {hashlib.sha256(body).hexdigest()}"
