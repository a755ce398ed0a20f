"""Processes beside this one: a fork that works on what is here, and bare ones that hold next to nothing.

A fork gives back its result through a pipe. A bare process calls functions for this process and for all that
are forked from it later; it holds what those functions need, and not what this process comes to hold.
"""

import os
import pickle
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from flipsite.errors import SiteError

CAN_FORK = hasattr(os, "fork")

T = TypeVar("T")

_ENDED = "a process of this build was ended from outside; build again, or with --jobs 1"


class Fork(Generic[T]):
    """Work that goes on in a process of its own; nothing has to be sent to it.

    A process with threads at work must not fork: their locks would be copied, and they would not.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._reading, writing = os.pipe()
        self._id = os.fork()
        if self._id:
            os.close(writing)
            return
        try:  # from here on another process, which must never go back to its parent's code
            os.close(self._reading)
            try:
                message = pickle.dumps(work())
            except BaseException as error:  # noqa: BLE001 - whatever it is, the parent raises it
                message = pickle.dumps(error)
            with open(writing, "wb") as results:  # noqa: PTH123 - a descriptor
                results.write(message)
        finally:
            os._exit(0)

    def is_ready(self) -> bool:
        """Whether the result begins to come."""
        return bool(select.select([self._reading], [], [], 0)[0])

    def result(self) -> T:
        """The result, once.

        Raises:
            SiteError: If the process was ended from outside.
            BaseException: What the work raised.
        """
        try:
            with open(self._reading, "rb", closefd=False) as pipe:
                found = pickle.load(pipe)  # noqa: S301 - written by this program's own fork
        except (EOFError, pickle.UnpicklingError) as error:
            self._leave()
            raise SiteError(_ENDED) from error
        self._leave()
        if isinstance(found, BaseException):
            raise found
        return found  # type: ignore[no-any-return]

    def end(self) -> None:
        """End the process, unless its result was fetched."""
        if self._id:
            with suppress(ProcessLookupError):
                os.kill(self._id, signal.SIGKILL)
            self._leave()

    def _leave(self) -> None:
        os.waitpid(self._id, 0)
        os.close(self._reading)
        self._id = 0


class BareProcesses:
    """Processes that call functions for others; leaving the context ends them.

    Each calls one function at a time. The numbers of the free ones wait in a pipe: who takes one has that
    process to itself until the number is back.
    """

    def __init__(self, n: int, prepare: Callable[[], object] | None = None) -> None:
        """Fork them from this process, which should hold little and have no threads.

        Args:
            n: How many, at most 255.
            prepare: What each does before it is asked.
        """
        self._connections: list[_Connection] = []
        self._forks: list[Fork[None]] = []
        self._free, self._freed = os.pipe()
        for _ in range(n):
            replies, requests = os.pipe(), os.pipe()
            self._connections.append(_Connection(replies[0], requests[1]))
            theirs = _Connection(requests[0], replies[1])
            self._forks.append(Fork(partial(self._serve, theirs, prepare)))
            theirs.close()
        os.write(self._freed, bytes(range(n)))

    def call(self, function: Callable[..., T], *given: object) -> T:
        """Have a function called by the first process that is free.

        Args:
            function: A function of a module, which that process imports.
            given: Its arguments; they are pickled, as is what it returns.

        Raises:
            SiteError: If that process was ended from outside.
            Exception: What the function raised.
        """
        [number] = os.read(self._free, 1)
        try:
            _send(self._connections[number], (function, given))
            reply = _receive(self._connections[number])
        except (BrokenPipeError, EOFError, pickle.UnpicklingError) as error:
            raise SiteError(_ENDED) from error
        finally:
            os.write(self._freed, bytes([number]))
        if isinstance(reply, Exception):
            raise reply
        return reply  # type: ignore[no-any-return]

    def __enter__(self) -> "BareProcesses":
        return self

    def __exit__(self, *_: object) -> None:
        for fork in self._forks:
            fork.end()
        for connection in self._connections:
            connection.close()
        os.close(self._free)
        os.close(self._freed)

    def _serve(self, connection: "_Connection", prepare: Callable[[], object] | None) -> None:
        """Call functions until every process that could ask has ended."""
        for ours in self._connections:  # else this process itself could
            ours.close()
        if prepare:
            with suppress(Exception):  # a fault is reported to the one who asks
                prepare()
        with suppress(EOFError, BrokenPipeError):
            while True:
                function, given = _receive(connection)
                try:
                    reply = function(*given)
                except Exception as error:  # noqa: BLE001 - whatever it is, the one who asked raises it
                    reply = error
                _send(connection, reply)


_elsewhere: dict[Callable[..., Any], BareProcesses] = {}


@contextmanager
def calling_elsewhere(processes: BareProcesses, *functions: Callable[..., Any]) -> Iterator[None]:
    """Have `call` leave these functions to other processes meanwhile."""
    _elsewhere.update(dict.fromkeys(functions, processes))
    try:
        yield
    finally:
        for function in functions:
            del _elsewhere[function]


def call(function: Callable[..., T], *given: object) -> T:
    """Call a function: in this process, unless it is left to another one.

    Raises:
        SiteError: If that process was ended from outside.
        Exception: What the function raised.
    """
    processes = _elsewhere.get(function)
    return processes.call(function, *given) if processes else function(*given)


class _Connection(NamedTuple):
    """One end of two pipes."""

    reading: int
    writing: int

    def close(self) -> None:
        os.close(self.reading)
        os.close(self.writing)


def _send(connection: _Connection, message: object) -> None:
    with open(connection.writing, "wb", closefd=False) as pipe:
        pickle.dump(message, pipe, pickle.HIGHEST_PROTOCOL)


def _receive(connection: _Connection) -> Any:
    with open(connection.reading, "rb", closefd=False) as pipe:
        return pickle.load(pipe)  # noqa: S301 - written by this program
