"""Notice that a file a site is built from has changed."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from flipsite.errors import SiteError

TICK_MS = 250
"""How often to look whether a folder came, went, or is another than before."""

SETTLE_MS, STEP_MS = 400, 50
"""How long to gather changes that follow each other, and the silence that ends them."""

log = logging.getLogger(__name__)


@contextmanager
def watching(folders: Sequence[Path], *, except_for: Path) -> Iterator[Event]:
    """Watch folders while in the context.

    Args:
        folders: What to watch, with all below; one that does not exist is waited for.
        except_for: The site, which may lie in one of them.

    Yields:
        An event that is set at each change from now on.

    Raises:
        SiteError: If the system cannot watch them.
    """
    watch = _Watch(folders, except_for)
    thread = Thread(target=watch.run, daemon=True)
    thread.start()
    watch.ready.wait()
    try:
        if watch.failure is not None:
            raise SiteError(f"changes cannot be watched: {watch.failure}; mend that, or use --no-watch")
        yield watch.changed
    finally:
        watch.stop.set()
        thread.join()


class _Watch:
    """A thread's work, and what it says to the other."""

    def __init__(self, folders: Sequence[Path], except_for: Path) -> None:
        self.folders = folders
        self.hidden = [except_for, except_for.parent / f".{except_for.name}.flipsite"]
        self.changed, self.ready, self.stop = Event(), Event(), Event()
        self.failure: OSError | None = None

    def run(self) -> None:
        """Watch what is there until told to stop; begin again when a folder comes or goes."""
        there = self._there()
        while not self.stop.is_set():
            try:
                self._watch(there)
            except FileNotFoundError:
                log.debug("a watched folder went while the watch began")
            except OSError as error:
                self.failure = error
                self.ready.set()
                return
            if (now := self._there()) != there:
                there = now
                self.changed.set()

    def _watch(self, there: list[tuple[Path, int]]) -> None:
        from watchfiles import DefaultFilter, watch

        if not there:
            self.ready.set()
            self.stop.wait(TICK_MS / 1000)
            return
        for changes in watch(
            *(path for path, _ in there),
            watch_filter=DefaultFilter(ignore_paths=self.hidden),
            debounce=SETTLE_MS,
            step=STEP_MS,
            stop_event=self.stop,
            rust_timeout=TICK_MS,
            yield_on_timeout=True,
        ):
            self.ready.set()
            if changes:
                self.changed.set()
            if self._there() != there:
                return

    def _there(self) -> list[tuple[Path, int]]:
        """The folders that exist, each with what tells it from another of its name."""
        return [(folder, folder.stat().st_ino) for folder in self.folders if folder.is_dir()]
