"""Make a site's files with every core: batches are taken one by one by whichever process is free.

Processes are forked, so that nothing that was read or analysed has to be sent to them, and each puts its
files in place itself, so that none has to be sent back: only their names and digests are.
"""

import gc
import os
import pickle
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from flipsite.content import Content
from flipsite.errors import SiteError
from flipsite.write.names import check_paths

Batch = Callable[[], Mapping[str, Content]]
"""Makes some of a site's files, by path."""

MOST_BATCHES = 8_000
"""Their numbers wait in a pipe, which holds so many."""

_NUMBER = 4
"""Bytes of a batch's number in the pipe: one read takes one number whole."""


class Placed(NamedTuple):
    """A file of the new site: what it holds, and whether it is the last site's."""

    path: str
    size: int
    digest: str
    kept: bool


Place = Callable[[str, Content], Placed]


def run_batches(batches: Sequence[Batch], place: Place, *, jobs: int) -> list[Placed]:
    """Make all files and put each in its place.

    Args:
        batches: At most MOST_BATCHES. The first one is made by this very process; the others by whoever is
            free.
        place: Puts one file where it belongs.
        jobs: Processes, this one included; one where the system cannot fork. A process with threads at work
            asks for one: a fork would copy their locks and not them.

    Raises:
        FlipsiteError: What a batch raised; the other processes are then ended.
    """
    shared = hasattr(os, "fork") and len(batches) <= MOST_BATCHES
    n_helpers = min(jobs, len(batches)) - 1 if shared else 0
    gc.freeze()  # what is there now stays; looking through it again and again takes a fifth of the time
    try:
        if n_helpers <= 0:
            return [placed for batch in batches for placed in _made(batch, place)]
        return _shared(batches, place, n_helpers=n_helpers)
    finally:
        gc.unfreeze()


def _made(batch: Batch, place: Place) -> list[Placed]:
    files = batch()
    check_paths(files)  # before anything is written: a name might lead elsewhere
    return [place(path, content) for path, content in files.items()]


def _shared(batches: Sequence[Batch], place: Place, *, n_helpers: int) -> list[Placed]:
    numbers, writing = os.pipe()
    os.write(writing, b"".join(number.to_bytes(_NUMBER, "big") for number in range(1, len(batches))))
    os.close(writing)
    helpers: dict[int, int] = {}
    try:
        for _ in range(n_helpers):
            helper, results = _helper(lambda: _take(batches, place, numbers))
            helpers[helper] = results
        placed = _made(batches[0], place) + _take(batches, place, numbers)
        for helper, results in list(helpers.items()):
            placed += _result(results)
            os.waitpid(helper, 0)
            del helpers[helper]
            os.close(results)
    finally:
        os.close(numbers)
        for helper, results in helpers.items():
            os.close(results)
            with suppress(ProcessLookupError):
                os.kill(helper, signal.SIGKILL)
            os.waitpid(helper, 0)
    return placed


def _take(batches: Sequence[Batch], place: Place, numbers: int) -> list[Placed]:
    """Make batches until none is left."""
    return [placed for number in _numbers(numbers) for placed in _made(batches[number], place)]


def _numbers(pipe: int) -> Iterator[int]:
    while number := os.read(pipe, _NUMBER):
        yield int.from_bytes(number, "big")


def _helper(work: Callable[[], list[Placed]]) -> tuple[int, int]:
    """A process that works; its id, and where its result will be."""
    reading, writing = os.pipe()
    helper = os.fork()
    if helper:
        os.close(writing)
        return helper, reading
    try:  # from here on another process, which must never go back to its parent's code
        try:
            message = pickle.dumps(work())
        except BaseException as error:  # noqa: BLE001 - whatever it is, the parent raises it
            message = pickle.dumps(error)
        with open(writing, "wb") as results:  # noqa: PTH123 - a descriptor
            results.write(message)
    finally:
        os._exit(0)


def _result(results: int) -> list[Placed]:
    with open(results, "rb", closefd=False) as pipe:
        message = pipe.read()
    if not message:
        raise SiteError("a process of this build was ended from outside; build again, or with --jobs 1")
    found = pickle.loads(message)  # noqa: S301 - written by this program's own fork
    if isinstance(found, BaseException):
        raise found
    return [Placed(*placed) for placed in found]
