"""The progress of long work: a callback that is called by the work and shows it."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Progress = Callable[[str, int, int], None]
"""Called with one of the things that are counted, such as `page`, how many are done, and of how many.

Both numbers are 0 where nothing can be counted; the text then names the work. It may be called often: the
watcher decides what is shown.
"""

T = TypeVar("T")


def unwatched(_noun: str, _n_done: int, _n_all: int) -> None:
    """Show nothing."""


def counted(things: Sequence[T], noun: str, progress: Progress) -> Iterator[T]:
    """The things one by one; each counts as done when the next is asked for."""
    for number, thing in enumerate(things):
        progress(noun, number, len(things))
        yield thing
    progress(noun, len(things), len(things))
