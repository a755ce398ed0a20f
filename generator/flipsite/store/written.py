"""What a snapshot was made of, as its cache remembers it: while it stands, its rows are copied."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from flipsite.project import snapshot_files
from flipsite.store.cache_kept import Mark
from flipsite.store.parts import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A snapshot, and what it was made of.

    Attributes:
        by: What tells one flipsite from another, whose rows may differ.
        mark: How far the cache had come.
        notes: Further key-value metadata of each file.
        files: The SHA-256 of each file by its path within the study's folder.
    """

    by: str
    mark: Mark
    notes: Mapping[str, str]
    files: Mapping[str, str]


def dump_written(written: Written) -> str:
    """As the cache keeps it."""
    return json.dumps(asdict(written), separators=(",", ":"))


def load_written(text: str | None, *, by: str) -> Written | None:
    """What the cache keeps; None where that is nothing, damaged, or another flipsite's."""
    try:
        told = json.loads(text or "{}")
        if told.get("by") != by:
            return None
        counts = {model: (n, billed, open_) for model, (n, billed, open_) in told["mark"]["counts"].items()}
        mark = Mark(attempt=told["mark"]["attempt"], counts=counts)
        return Written(by=by, mark=mark, notes=told["notes"], files=told["files"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def stands(written: Written, folder: Path) -> bool:
    """Whether a study's snapshot is, to the byte, the one that was written."""
    found = {path.relative_to(folder).as_posix(): path for path in snapshot_files(folder)}
    return found.keys() == written.files.keys() and all(
        digest(path) == written.files[name] for name, path in found.items()
    )
