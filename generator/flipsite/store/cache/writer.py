"""One thread that writes the cache, many requests in one transaction.

A disk takes as long to sync one answer as fifty. A writer waits until the transaction with its change is on
disk; what arrives meanwhile goes into the next one. So 256 requests in flight wait for a few syncs.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar, cast

from flipsite.errors import StoreError
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
