"""A snapshot in parts: written a few million draws a file, and offered for download with a manifest."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa

from flipsite.files import swapping, sync_folder
from flipsite.project import PARTS, SNAPSHOT
from flipsite.store.arrow import SCHEMA
from flipsite.store.snapshot import ROWS_A_GROUP, parquet_writer
from flipsite.store.snapshot import n_draws as draws_in
from flipsite.store.tables import grouped

MANIFEST = "manifest.json"

GROUPS_A_PART = 8
"""Groups of rows in a part: a million draws, well under the 100 MB that GitHub takes of a file."""


def add_parts(folder: Path, tables: Iterable[pa.Table], *, name: str, notes: Mapping[str, str]) -> int:
    """Add draws to a study in parts: files of at most a million, that appear together or not at all.

    Args:
        folder: The study's; a snapshot that is one file becomes the first part.
        tables: The draws in the snapshot's columns, sorted by model and draw.
        name: What tells these parts from others, as `import=5f3a`.
        notes: Further key-value metadata of each file.

    Returns:
        How many draws were written.

    Raises:
        StoreError: If they cannot be written; what was there is as it was.
    """
    place, scratch = folder / PARTS / name, folder / f".{PARTS}.{os.getpid()}.part"
    groups, n_draws = grouped(tables), 0
    shutil.rmtree(scratch, ignore_errors=True)  # of a killed process that had the same number
    try:
        with swapping(place):
            for number, first in enumerate(groups):
                path = scratch / f"part={number:03d}" / SNAPSHOT
                path.parent.mkdir(parents=True)
                with path.open("wb") as file:
                    with parquet_writer(file, notes) as writer:
                        for group in chain([first], islice(groups, GROUPS_A_PART - 1)):
                            writer.write_table(group, row_group_size=ROWS_A_GROUP)
                            n_draws += len(group)
                    file.flush()
                    os.fsync(file.fileno())
            place.parent.mkdir(parents=True, exist_ok=True)
            if (folder / SNAPSHOT).exists():
                (place.parent / "part=000").mkdir(exist_ok=True)
                (folder / SNAPSHOT).rename(place.parent / "part=000" / SNAPSHOT)
            scratch.rename(place)
            sync_folder(place.parent)
    finally:
        with suppress(OSError):
            shutil.rmtree(scratch, ignore_errors=True)
    return n_draws


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
            "sha256": digest(path),
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


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
