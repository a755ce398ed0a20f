"""A process forked from this one, which works on what is here and gives back its result through a pipe."""

import os
import pickle
import select
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from flipsite.errors import SiteError

CAN_FORK = hasattr(os, "fork")

T = TypeVar("T")


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
        with open(self._reading, "rb", closefd=False) as pipe:
            message = pipe.read()
        self._leave()
        try:
            found = pickle.loads(message)  # noqa: S301 - written by this program's own fork
        except (EOFError, pickle.UnpicklingError) as error:
            raise SiteError(
                "a process of this build was ended from outside; build again, or with --jobs 1"
            ) from error
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
