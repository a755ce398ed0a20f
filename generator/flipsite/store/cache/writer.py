"""One thread that writes the cache, many requests in one transaction.

A disk takes as long to sync one answer as fifty. A writer waits until the transaction with its change is on
disk; what arrives meanwhile goes into the next one. So 256 requests in flight wait for a few syncs.

Here too: the private folder, and the lock on a study. The lock is the operating system's, so a dead holder
frees it; a file beside it names the holder.
"""

import asyncio
import json
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar, cast

from flipsite.errors import StoreError
from flipsite.files import lock_file, refuse_link, replacing
from flipsite.store.cache.schema import complaints, connect

MOST_AT_ONCE = 512
"""Changes in one transaction at most."""

Change = Callable[[sqlite3.Connection], object]
T = TypeVar("T")

_Waiting = tuple[Change, "asyncio.Future[object]", asyncio.AbstractEventLoop]


class Writer:
    """Applies changes in the order they come, and reports each when it is durable."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._broken: StoreError | None = None
        self._thread = Thread(target=self._run, name="cache-writer", daemon=True)
        self._thread.start()

    async def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Apply a change; returns its result once it is on disk.

        Raises:
            StoreError: If it could not be written. Nothing is written after that.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        self._queue.put((change, future, loop))
        return cast("T", await future)

    def close(self) -> None:
        """Write what is waiting, and end."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        try:
            try:
                connection = connect(self._path)
            except StoreError as error:
                self._broken = error
            while batch := self._next():
                self._tell(batch, *self._commit(connection, batch))
        finally:
            if connection is not None:
                connection.close()

    def _next(self) -> list[_Waiting]:
        """Wait for a change, and take what else is there; empty at the end."""
        first = self._queue.get()
        if first is None:
            return []
        batch = [first]
        while len(batch) < MOST_AT_ONCE:
            try:
                item = self._queue.get_nowait()
            except Empty:
                break
            if item is None:
                self._queue.put(None)
                break
            batch.append(item)
        return batch

    def _commit(
        self, connection: sqlite3.Connection | None, batch: list[_Waiting]
    ) -> tuple[list[object], BaseException | None]:
        if self._broken is not None or connection is None:
            return [], self._broken
        try:
            with complaints(self._path):
                connection.execute("BEGIN IMMEDIATE")
                results = [change(connection) for change, _, _ in batch]
                connection.execute("COMMIT")
        except StoreError as error:
            self._broken = error
            _roll_back(connection)
            return [], error
        except Exception as error:  # noqa: BLE001  a bug in a change must reach its caller, not end the thread
            _roll_back(connection)
            return [], error
        return results, None

    def _tell(self, batch: list[_Waiting], results: list[object], error: BaseException | None) -> None:
        futures = [future for _, future, _ in batch]

        def report() -> None:
            for index, future in enumerate(futures):
                if future.done():  # its task was cancelled; the change is on disk all the same
                    continue
                if error is not None:
                    future.set_exception(error)
                else:
                    future.set_result(results[index])

        loop = batch[0][2]
        if not loop.is_closed():
            loop.call_soon_threadsafe(report)


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


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
