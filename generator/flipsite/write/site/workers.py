"""Make a site's files with every core: batches are taken one by one by whichever process is free.

Processes are forked, so that nothing that was read or analysed has to be sent to them, and each puts its
files in place itself, so that none has to be sent back: only their names and digests are.
"""

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from flipsite.domain.progress import Progress, counted
from flipsite.files import Content
from flipsite.processes import CAN_FORK, Fork
from flipsite.write.site.paths import check_paths

Batch = Callable[[], Mapping[str, Content] | Iterable[Mapping[str, Content]]]
"""Makes some of a site's files, by path; all at once, or a few at a time where all would take much memory."""

MOST_BATCHES = 8_000
"""Their numbers wait in a pipe, which holds this many."""

_NOUN = "step"
"""A batch, as the progress calls it."""

_AFTER_OTHERS = 10
"""Steps of priority by which a process gives way to those whose work the next step waits for."""

_NUMBER = 4
"""Bytes of a batch's number in the pipe: one read takes one number whole."""


class PlacedFile(NamedTuple):
    """A file of the new site: what it holds, whether it is the last site's, and a page's source."""

    path: str
    size: int
    digest: str
    kept: bool
    source: str = ""


Place = Callable[[str, Content], PlacedFile]


class DeferredBatches(Protocol):
    """Batches that cannot be made before something has come that is worked at elsewhere."""

    def is_ready(self) -> bool:
        """Whether it has come."""

    def batches(self) -> Sequence[Batch]:
        """The batches; waits until it has come."""


def run_batches(
    batches: Sequence[Batch],
    place: Place,
    *,
    jobs: int,
    meanwhile: Callable[[], Sequence[Batch]] | None,
    later: DeferredBatches | None,
    progress: Progress,
) -> list[PlacedFile]:
    """Make all files and put each in its place.

    Args:
        batches: Made by any free process.
        place: Puts one file where it belongs.
        jobs: Processes, this one included; one where the system cannot fork. A process with threads at work
            asks for one: a fork would copy their locks and not them.
        meanwhile: The work of this process while another one makes those batches; it gives more of them.
        later: More of them; until they are ready this process makes of the others what it can. The first one
            of all is then made by this very process.
        progress: Told after each batch that this process makes, and while it waits for others.

    Raises:
        FlipsiteError: What a batch raised; the other processes are then ended.
    """
    if not meanwhile:
        return _run(batches, place, jobs=jobs, later=later, progress=progress)
    if not (batches and jobs > 1 and CAN_FORK):
        return _run([*meanwhile(), *batches], place, jobs=jobs, later=later, progress=progress)
    parent = os.getpid()

    def take() -> list[PlacedFile]:
        os.nice(_AFTER_OTHERS)
        return _take(batches, place, parent)

    helper = Fork(take)
    try:
        placed = _run(meanwhile(), place, jobs=jobs, later=later, progress=progress)
        return placed + helper.result()
    finally:
        helper.end()


def _run(
    batches: Sequence[Batch],
    place: Place,
    *,
    jobs: int,
    later: DeferredBatches | None,
    progress: Progress,
) -> list[PlacedFile]:
    gc.freeze()  # what is there now stays; looking through it again and again takes a fifth of the time
    try:
        placed, waiting = list[PlacedFile](), list(batches)
        if later:
            while waiting and not later.is_ready():
                progress("drawing charts", 0, 0)
                placed += _made(waiting.pop(0), place)
            progress("drawing charts", 0, 0)
            waiting = [*later.batches(), *waiting]
        shared = CAN_FORK and len(waiting) <= MOST_BATCHES
        n_helpers = min(jobs, len(waiting)) - 1 if shared else 0
        if n_helpers > 0:
            return placed + _shared(waiting, place, n_helpers=n_helpers, progress=progress)
        return placed + [each for batch in counted(waiting, _NOUN, progress) for each in _made(batch, place)]
    finally:
        gc.unfreeze()


def _made(batch: Batch, place: Place) -> list[PlacedFile]:
    made = batch()
    placed = list[PlacedFile]()
    for files in (made,) if isinstance(made, Mapping) else made:
        check_paths(files)  # before they are written: a name might lead elsewhere
        placed += [place(path, content) for path, content in files.items()]
        del files  # before the next are made
    return placed


def _shared(
    batches: Sequence[Batch], place: Place, *, n_helpers: int, progress: Progress
) -> list[PlacedFile]:
    numbers, writing = os.pipe()
    os.write(writing, b"".join(number.to_bytes(_NUMBER, "big") for number in range(1, len(batches))))
    os.close(writing)
    helpers: list[Fork[list[PlacedFile]]] = []
    try:
        parent = os.getpid()
        left = (batches[number] for number in _numbers(numbers))
        helpers += (Fork(lambda: _take(left, place, parent)) for _ in range(n_helpers))
        placed = _made(batches[0], place)
        for number in _numbers(numbers):
            placed += _ended(helpers)  # while there is work left, only a fault ends a process
            placed += _made(batches[number], place)
            progress(_NOUN, number, len(batches))  # they are taken in order, so about as many are made
        for helper in helpers:
            placed += helper.result()
        progress(_NOUN, len(batches), len(batches))
    finally:
        os.close(numbers)
        for helper in helpers:
            helper.end()
    return placed


def _ended(helpers: list[Fork[list[PlacedFile]]]) -> list[PlacedFile]:
    """Collect the results of processes that have ended, and drop those processes."""
    ended = [helper for helper in helpers if helper.is_ready()]
    for helper in ended:
        helpers.remove(helper)
    return [placed for helper in ended for placed in helper.result()]


def _take(batches: Iterable[Batch], place: Place, parent: int) -> list[PlacedFile]:
    """Make batches until none is left, or the process that shares them was ended."""
    placed = list[PlacedFile]()
    for batch in batches:
        if os.getppid() != parent:
            break
        placed += _made(batch, place)
    return placed


def _numbers(pipe: int) -> Iterator[int]:
    while number := os.read(pipe, _NUMBER):
        yield int.from_bytes(number, "big")
