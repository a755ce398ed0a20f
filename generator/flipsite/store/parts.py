"""A snapshot in parts, for download: each file as it stands in the study, and a manifest that lists them."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from flipsite.projects import PARTS
from flipsite.store.arrow import SCHEMA
from flipsite.store.snapshot import n_draws as draws_in

MANIFEST = "manifest.json"


def part_files(files: Sequence[Path]) -> dict[str, Path]:
    """The parts of a snapshot by the path that each has within its study's data, `draws/…`."""
    if not files:
        return {}
    root = files[0].parent if len(files) == 1 else Path(os.path.commonpath(files))
    while root.name.partition("=")[1]:  # a single partition is a folder of the parts all the same
        root = root.parent
    return {f"{PARTS}/{path.relative_to(root).as_posix()}": path for path in files}


def manifest(parts: Mapping[str, Path], *, n_draws: int, address: str | None = None) -> bytes:
    """What the parts are: each with its draws, its size and its SHA-256; paths are beside the manifest.

    Args:
        parts: The parts that are offered beside the manifest.
        n_draws: Draws of the study.
        address: Where the draws lie, if they lie elsewhere.
    """
    listed = [
        {
            "path": name.removeprefix(f"{PARTS}/"),
            "draws": draws_in(path),
            "bytes": path.stat().st_size,
            "sha256": _digest(path),
        }
        for name, path in sorted(parts.items())
    ]
    told: dict[str, object] = {
        "format": "parquet",
        "columns": SCHEMA.names,
        "draws": n_draws,
        "files": listed,
    }
    if address:
        told["address"] = address
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
