"""The private folder, and who holds a study.

The lock is the operating system's, so a dead holder frees it; who it is stands in a file beside it.
"""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from flipsite.errors import StoreError


def private_folder(folder: Path) -> None:
    """Make the cache's folder, for its owner alone and ignored by git.

    Raises:
        StoreError: If it cannot be made or written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot be written ({error.strerror}); give yourself the right to write there."
        ) from error


@contextmanager
def hold(folder: Path, *, study: str, now: str) -> Iterator[None]:
    """Hold a study for one collector.

    Raises:
        StoreError: If another one holds it: who, where, and since when.
    """
    holder = folder / f"{study}.holder.json"
    lock = FileLock(folder / f"{study}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StoreError(f"{study}: {_who(holder)}; wait for it, or stop it.") from error
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot be written ({error.strerror}); give yourself the right to write there."
        ) from error
    try:
        with suppress(OSError):  # the lock counts; the note is for people
            holder.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now}))
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


def _who(holder: Path) -> str:
    try:
        found = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {found['pid']} on {found['host']} collects it since {found['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process collects it"
