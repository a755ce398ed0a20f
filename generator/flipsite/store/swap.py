"""A file appears whole or not at all: written beside its place, synced, and swapped in."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from flipsite.errors import StoreError


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when the block ends well.

    A reader sees the old file or the new one, whatever is killed in between. What a killed process leaves
    behind is a hidden `.part` file that nothing reads.

    Raises:
        StoreError: If the file cannot be written; the old one is as it was.
    """
    if path.is_dir():
        raise StoreError(f"{path}: this is a folder; name a file")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with swapping(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            sync_folder(path.parent)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def swapping(path: Path) -> Iterator[None]:
    """What the system refuses of a block that leaves `path` whole until it ends well, in our words.

    Raises:
        StoreError: If the path cannot be written.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{path}: cannot be written ({reason}); what was there is as it was") from error


def sync_folder(folder: Path) -> None:
    """See to it that what a folder names outlives a power cut."""
    if os.name == "nt":
        return  # a folder cannot be opened there; the rename is journalled
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
