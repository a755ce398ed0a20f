"""A study's snapshot in place of its last one, whole or not at all: one file, or parts where it is large.

How draws are cut into parts depends on the draws alone, and mostly on those nearby: a part ends with a model
once it is half full, and within one when it is full. So a few new draws change a part or two; the others are
linked, not written again.

Parts are offered for download with a manifest. `WrittenSnapshot` notes the state of the cache that a snapshot
was made from: while it is valid, the snapshot's rows are copied.
"""

import json
import os
import shutil
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import chain, count, islice
from pathlib import Path

import pyarrow as pa

from flipsite.files import file_digest, put_in_place, swapping, sync_folder
from flipsite.project import PARTS, SNAPSHOT, snapshot_files
from flipsite.store.cache.changes import StudyMark
from flipsite.store.draws_schema import conformed, schema_with
from flipsite.store.snapshot.merge import Key, ReusedFile, key_of
from flipsite.store.snapshot.parquet import ROWS_A_GROUP, parquet_writer
from flipsite.store.snapshot.read import n_draws as draws_in
from flipsite.store.snapshot.read import optional_in
from flipsite.store.snapshot.tables import grouped, snapshot_tables

MANIFEST = "manifest.json"

GROUPS_A_PART = 8
"""Groups of rows in a part: a million draws, well under the 100 MB that GitHub takes of a file."""


def add_parts(folder: Path, tables: Iterable[pa.Table], *, name: str, notes: Mapping[str, str]) -> int:
    """Add draws to a study in parts: files of at most a million, that appear together or not at all.

    Args:
        folder: The study's; a snapshot that is one file becomes the first part.
        tables: The draws in the snapshot's columns, sorted by model and draw.
        name: The name of these parts among others, as `import=5f3a`.
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
    """The parts, each with its draws, size and SHA-256; paths are relative to the manifest.

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
            "sha256": file_digest(path),
        }
        for name, path in sorted(parts.items())
    ]
    fields: dict[str, object] = {
        "format": "parquet",
        "columns": schema_with(optional_in(tuple(parts.values()))).names,
        "draws": n_draws,
        "files": listed,
    }
    if address:
        fields["address"] = address
    return (json.dumps(fields, ensure_ascii=False, indent=1) + "\n").encode()


MOST_IN_A_FILE = 500_000
"""Draws of a snapshot that is one file: as many as a build holds in memory."""

FULL = GROUPS_A_PART * ROWS_A_GROUP
"""Most draws of a part: a million."""

HALF = FULL // 2


def replace_snapshot(
    folder: Path,
    rows: "Iterable[pa.Table | ReusedFile]",
    *,
    notes: Mapping[str, str],
    known: Mapping[Path, str] | None = None,
    optional: Collection[str] = (),
) -> dict[str, str]:
    """Write a study's snapshot in place of the one that is there.

    Args:
        folder: The study's.
        rows: Tables in the snapshot's columns, and files whose rows stay; sorted by model and draw.
        notes: Further key-value metadata of each file.
        known: The SHA-256 of files among the rows that were written here with the same notes. They are
            linked where they would be cut alike.
        optional: The optional columns to write; `known` files have just these.

    Returns:
        The SHA-256 of each file by its path within the folder. None is written where there is neither a draw
        nor a note.

    Raises:
        StoreError: If it cannot be written; what was there is as it was.
    """
    scratch = folder / f".{PARTS}.{os.getpid()}.part"
    shutil.rmtree(scratch, ignore_errors=True)  # of a killed process that had the same number
    try:
        with swapping(folder / SNAPSHOT):
            parts = _Parts(rows, known or {}, optional)
            written = dict(parts.write(scratch, notes))
            if parts.n_draws or notes:
                written = _publish(folder, scratch, written, n_draws=parts.n_draws)
    finally:
        with suppress(OSError):
            shutil.rmtree(scratch, ignore_errors=True)
    return written


class _Parts:
    """Rows on their way into parts."""

    def __init__(
        self, rows: "Iterable[pa.Table | ReusedFile]", known: Mapping[Path, str], optional: Collection[str]
    ) -> None:
        self._rows = iter(rows)
        self._known = known
        self._optional = optional
        self._next = next(self._rows, None)
        self.n_draws = 0

    def write(self, scratch: Path, notes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Write the parts; each one's path and SHA-256. There is one, be it empty, where there are notes."""
        for number in count():
            if self._next is None and not (notes and number == 0):
                return
            name = f"part={number:05d}/{SNAPSHOT}"
            place = scratch / name
            place.parent.mkdir(parents=True)
            if isinstance(self._next, ReusedFile) and self._ends_a_part(self._next):
                yield name, self._link(self._next, place)
            else:
                self._write(place, notes)
                yield name, file_digest(place)
            sync_folder(place.parent)

    def _ends_a_part(self, reused: ReusedFile) -> bool:
        """Whether the file, once more at the beginning of a part, would be cut where it was."""
        if reused.path not in self._known:
            return False
        if reused.following is None or reused.n_draws == FULL:
            return True
        return reused.n_draws >= HALF and reused.following[0] != reused.last[0]

    def _link(self, reused: ReusedFile, place: Path) -> str:
        try:
            os.link(reused.path, place)
        except OSError:  # a file system without links
            shutil.copyfile(reused.path, place)
            with place.open("rb+") as file:
                os.fsync(file.fileno())
        self.n_draws += reused.n_draws
        self._next = next(self._rows, None)
        return self._known[reused.path]

    def _write(self, place: Path, notes: Mapping[str, str]) -> None:
        with place.open("wb") as file:
            with parquet_writer(file, notes) as writer:
                for group in grouped(conformed(table, self._optional) for table in self._part()):
                    writer.write_table(group, row_group_size=ROWS_A_GROUP)
                    self.n_draws += len(group)
            file.flush()
            os.fsync(file.fileno())

    def _part(self) -> Iterator[pa.Table]:
        """The rows of one part."""
        n, last = 0, ""
        while self._next is not None:
            if isinstance(self._next, ReusedFile):
                if _room(n, last, first=self._next.first):
                    self._open(self._next)
                    continue
                return
            table = self._next
            take = min(len(table), HALF - n) if n < HALF else min(_rows_of(table, last), FULL - n)
            if not take:
                return
            yield table.slice(0, take)
            n, last = n + take, key_of(table, take - 1)[0]
            self._next = table.slice(take) if take < len(table) else next(self._rows, None)

    def _open(self, reused: ReusedFile) -> None:
        """Take a file's rows as tables."""
        rest = self._rows
        tables = filter(len, snapshot_tables([reused.path]))

        def rows() -> "Iterator[pa.Table | ReusedFile]":
            yield from tables
            yield from rest

        self._rows = rows()
        self._next = next(self._rows, None)


def _room(n_draws: int, last: str, *, first: Key) -> bool:
    """Whether a row still belongs to a part of that many draws, the last of them of some model."""
    return n_draws < HALF or (n_draws < FULL and first[0] == last)


def _rows_of(table: pa.Table, model: str) -> int:
    """How many of a table's first rows are of a model."""
    return bisect_right(range(len(table)), model, key=lambda row: key_of(table, row)[0])


def _publish(folder: Path, scratch: Path, written: Mapping[str, str], *, n_draws: int) -> dict[str, str]:
    """Put the parts where they belong; at each instant the old snapshot is whole there, or the new one."""
    file, parts = folder / SNAPSHOT, folder / PARTS
    has_file = file.exists()
    in_parts = bool(snapshot_files(folder)) and not has_file
    if n_draws <= MOST_IN_A_FILE and not in_parts:
        ((name, sha256),) = written.items()
        (scratch / name).replace(file)
        sync_folder(folder)
        return {SNAPSHOT: sha256}
    if has_file:  # a file and parts are no snapshot: it becomes the one part, which the new ones replace
        parts.mkdir(exist_ok=True)
        file.rename(parts / SNAPSHOT)
    elif in_parts:
        _keep_others(parts, scratch)
    sync_folder(scratch)
    aside = folder / f".{PARTS}.{os.getpid()}.old"
    if parts.exists():
        shutil.rmtree(aside, ignore_errors=True)
    replaced = put_in_place(scratch, parts, aside=aside)
    sync_folder(folder)
    if replaced is not None:
        shutil.rmtree(replaced, ignore_errors=True)
    return {f"{PARTS}/{name}": sha256 for name, sha256 in written.items()}


def _keep_others(parts: Path, scratch: Path) -> None:
    """Keep the files that people have beside the parts."""
    for path in parts.rglob("*"):
        place = scratch / path.relative_to(parts)
        if path.is_file() and path.suffix != ".parquet" and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSnapshot:
    """A snapshot, and what it was made of.

    Attributes:
        by: The version of flipsite, on which rows may depend.
        mark: How far the cache had come.
        notes: Further key-value metadata of each file.
        files: The SHA-256 of each file by its path within the study's folder.
    """

    by: str
    mark: StudyMark
    notes: Mapping[str, str]
    files: Mapping[str, str]


def dump_written(written: WrittenSnapshot) -> str:
    """As the cache keeps it."""
    return json.dumps(asdict(written), separators=(",", ":"))


def load_written(text: str | None, *, by: str) -> WrittenSnapshot | None:
    """The cache's record; None where it is missing, damaged, or another flipsite's."""
    try:
        note = json.loads(text or "{}")
        if note.get("by") != by:
            return None
        counts = {model: (n, billed, open_) for model, (n, billed, open_) in note["mark"]["counts"].items()}
        mark = StudyMark(attempt=note["mark"]["attempt"], counts=counts)
        return WrittenSnapshot(by=by, mark=mark, notes=note["notes"], files=note["files"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def stands(written: WrittenSnapshot, folder: Path) -> bool:
    """Whether a study's snapshot is, to the byte, the one that was written."""
    found = {path.relative_to(folder).as_posix(): path for path in snapshot_files(folder)}
    return found.keys() == written.files.keys() and all(
        file_digest(path) == written.files[name] for name, path in found.items()
    )
