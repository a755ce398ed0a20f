"""The private folder of a project, and the lock on each of its studies.

The lock is the operating system's, so a dead holder frees it; a file beside it names the holder.
"""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flipsite.errors import StoreError
from flipsite.files import lock_file, refuse_link, replacing


def private_folder(folder: Path) -> None:
    """Make the cache's folder, for its owner alone and ignored by git.

    Raises:
        StoreError: If it cannot be made or written, or is a link, which might lead out of the project.
    """
    try:
        refuse_link(folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
        ignore = folder / ".gitignore"
        if not os.path.lexists(ignore):
            with replacing(ignore) as file:
                file.write(b"*\n")
    except OSError as error:
        raise _unwritable(folder, error) from error


@contextmanager
def hold(folder: Path, *, study: str, now: str) -> Iterator[None]:
    """Hold a study for one collector.

    Raises:
        StoreError: If another one holds it: who, where, and since when.
    """
    holder, lock = folder / f"{study}.holder.json", folder / f"{study}.lock"
    try:
        refuse_link(lock)
        descriptor = lock_file(lock)
    except OSError as error:
        raise _unwritable(folder, error) from error
    if descriptor is None:
        raise StoreError(f"{study}: {_who(holder)}; wait for it, or stop it.")
    try:
        with suppress(StoreError), replacing(holder) as file:  # the lock counts; the note is for people
            file.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now}).encode())
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        os.close(descriptor)


def _unwritable(folder: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{folder}: cannot be written ({error.strerror}); give yourself the right to write there."
    )


def _who(holder: Path) -> str:
    try:
        found = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {found['pid']} on {found['host']} collects it since {found['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process collects it"
