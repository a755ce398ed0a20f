"""A study's snapshot in place of its last one, whole or not at all: one file, or parts where it is large.

How draws are cut into parts depends on the draws alone, and mostly on those nearby: a part ends with a model
once it is half full, and within one when it is full. So a few new draws change a part or two; the others are
linked, not written again.
"""

import os
import shutil
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path

import pyarrow as pa

from flipsite.files import put_in_place, swapping, sync_folder
from flipsite.project import PARTS, SNAPSHOT, snapshot_files
from flipsite.store.parts import GROUPS_A_PART, digest
from flipsite.store.snapshot import ROWS_A_GROUP, parquet_writer
from flipsite.store.tables import grouped, snapshot_tables
from flipsite.store.weaving import Key, Standing, key_of

MOST_IN_A_FILE = 500_000
"""Draws of a snapshot that is one file: as many as a build holds in memory."""

FULL = GROUPS_A_PART * ROWS_A_GROUP
"""Most draws of a part: a million."""

HALF = FULL // 2


def replace_snapshot(
    folder: Path,
    rows: "Iterable[pa.Table | Standing]",
    *,
    notes: Mapping[str, str],
    known: Mapping[Path, str] | None = None,
) -> dict[str, str]:
    """Write a study's snapshot in place of the one that is there.

    Args:
        folder: The study's.
        rows: Tables in the snapshot's columns, and files whose rows stay; sorted by model and draw.
        notes: Further key-value metadata of each file.
        known: The SHA-256 of files among the rows that were written here with the same notes. They are
            linked where they would be cut alike.

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
            parts = _Parts(rows, known or {})
            written = dict(parts.write(scratch, notes))
            if parts.n_draws or notes:
                written = _publish(folder, scratch, written, n_draws=parts.n_draws)
    finally:
        with suppress(OSError):
            shutil.rmtree(scratch, ignore_errors=True)
    return written


class _Parts:
    """Rows on their way into parts."""

    def __init__(self, rows: "Iterable[pa.Table | Standing]", known: Mapping[Path, str]) -> None:
        self._rows = iter(rows)
        self._known = known
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
            if isinstance(self._next, Standing) and self._ends_a_part(self._next):
                yield name, self._link(self._next, place)
            else:
                self._write(place, notes)
                yield name, digest(place)
            sync_folder(place.parent)

    def _ends_a_part(self, standing: Standing) -> bool:
        """Whether the file, once more at the beginning of a part, would be cut where it was."""
        if standing.path not in self._known:
            return False
        if standing.following is None or standing.n_draws == FULL:
            return True
        return standing.n_draws >= HALF and standing.following[0] != standing.last[0]

    def _link(self, standing: Standing, place: Path) -> str:
        try:
            os.link(standing.path, place)
        except OSError:  # a file system without links
            shutil.copyfile(standing.path, place)
            with place.open("rb+") as file:
                os.fsync(file.fileno())
        self.n_draws += standing.n_draws
        self._next = next(self._rows, None)
        return self._known[standing.path]

    def _write(self, place: Path, notes: Mapping[str, str]) -> None:
        with place.open("wb") as file:
            with parquet_writer(file, notes) as writer:
                for group in grouped(self._part()):
                    writer.write_table(group, row_group_size=ROWS_A_GROUP)
                    self.n_draws += len(group)
            file.flush()
            os.fsync(file.fileno())

    def _part(self) -> Iterator[pa.Table]:
        """The rows of one part."""
        n, last = 0, ""
        while self._next is not None:
            if isinstance(self._next, Standing):
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

    def _open(self, standing: Standing) -> None:
        """Take a file's rows as tables."""
        rest = self._rows
        tables = filter(len, snapshot_tables([standing.path]))

        def rows() -> "Iterator[pa.Table | Standing]":
            yield from tables
            yield from rest

        self._rows = rows()
        self._next = next(self._rows, None)


def _room(n_draws: int, last: str, *, first: Key) -> bool:
    """Whether a row still belongs to a part of so many draws, the last of them of some model."""
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
    """What people keep beside the parts stays beside them."""
    for path in parts.rglob("*"):
        place = scratch / path.relative_to(parts)
        if path.is_file() and path.suffix != ".parquet" and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)
