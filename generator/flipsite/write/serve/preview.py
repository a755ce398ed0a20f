"""Build, show, watch, build again: a site as its writer sees it grow.

`watching` notices when a file that the site is built from has changed.
"""

import errno
import hashlib
import logging
import socket
import traceback
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

from flipsite.errors import FlipsiteError, SiteError
from flipsite.write.serve.livereload import Broadcast, State
from flipsite.write.serve.server import PreviewServer
from flipsite.write.site.manifest import NAME

log = logging.getLogger(__name__)

TICK_MS = 250
"""How often to look whether a folder came, went, or is another than before."""

SETTLE_MS, STEP_MS = 400, 50
"""How long to gather changes that follow each other, and the silence that ends them."""


@contextmanager
def watching(folders: Sequence[Path], *, except_for: Path) -> Iterator[Event]:
    """Watch folders while in the context.

    Args:
        folders: What to watch, with all below, or single files; one that does not exist is waited for.
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
            raise SiteError(f"changes cannot be watched: {watch.failure}; fix that, or use --no-watch")
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
        """Watch what is there until it is stopped; begin again when a folder comes or goes."""
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
        """The folders and files that exist, each with its identity on disk."""
        return [(folder, folder.stat().st_ino) for folder in self.folders if folder.exists()]


INTERRUPTED_S = 1.0
"""How soon an interrupt is seen that came just as a wait began; an endless wait would sleep through it."""

PORT, TRIES = 8000, 20
"""Where to listen by default, and how many ports to try from there."""


Echo = Callable[[str], object]


def serve(
    site: Path,
    *,
    build: Callable[[], object],
    watched: Sequence[Path],
    host: str,
    port: int | None,
    open_browser: bool,
    watch: bool,
    echo: Echo,
) -> None:
    """Show a site until interrupted; a failed build is shown in the page, and the last good site stays up.

    Args:
        site: The folder that `build` writes.
        build: Builds the site; what it raises is shown.
        watched: Folders whose change calls for a build.
        host: The address to listen at.
        port: The port to listen at; None for the first free one from 8000 on.
        open_browser: Whether to show it in the user's browser.
        watch: Whether to look for changes at all.
        echo: Says a line to the user.

    Raises:
        SiteError: If nothing can listen there.
    """
    broadcast = Broadcast(State(version=site_version(site)))
    server = listen(site, broadcast, host=host, port=port, echo=echo)
    with ExitStack() as stack:
        stack.enter_context(_answering(server))
        try:
            changed = stack.enter_context(watching(watched, except_for=site)) if watch else Event()
            _rebuild(site, build, broadcast, echo)
            _announce(address_of(server), open_browser=open_browser, echo=echo)
            while True:
                while not changed.wait(INTERRUPTED_S):
                    pass
                changed.clear()
                _rebuild(site, build, broadcast, echo)
        except KeyboardInterrupt:
            echo("Stopped.")


def listen(site: Path, broadcast: Broadcast, *, host: str, port: int | None, echo: Echo) -> PreviewServer:
    """Take the port asked for, or the first free one where none was."""
    candidates = range(PORT, PORT + TRIES) if port is None else (port,)
    for candidate in candidates:
        try:
            server = PreviewServer((host, candidate), site=site, broadcast=broadcast)
        except socket.gaierror as error:
            raise SiteError(
                f"--host {host}: this is no address of this machine ({error.strerror}); try 127.0.0.1"
            ) from error
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise SiteError(
                    f"{host}:{candidate}: cannot listen there: {error.strerror}; try another"
                ) from error
            continue
        if candidate not in {port, PORT}:
            echo(f"Port {PORT} is taken.")
        return server
    tried = f"port {port} is" if port is not None else f"ports {PORT} to {PORT + TRIES - 1} are all"
    raise SiteError(f"{host}: {tried} taken; end what listens there, or name a free one with --port")


def address_of(server: PreviewServer) -> str:
    """The address to type into a browser on this machine."""
    host = server.host
    try:
        number = ip_address(host)
        host = {4: "127.0.0.1", 6: "::1"}[number.version] if number.is_unspecified else host
        host = f"[{host}]" if number.version == 6 else host
    except ValueError:  # a name
        pass
    return f"http://{host}:{server.server_port}/"


@contextmanager
def _answering(server: PreviewServer) -> Iterator[None]:
    """Answer requests from another thread while in the context."""
    Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    try:
        yield
    finally:
        server.broadcast.close()
        server.shutdown()
        server.server_close()


def site_version(site: Path) -> str:
    """The site's version: the digest of its list of digests."""
    try:
        return hashlib.sha256((site / NAME).read_bytes()).hexdigest()[:16]
    except OSError:
        return "none"


def explain(error: Exception) -> str:
    """Why a build failed, in the error's own sentence; of a bug or a template, with the way there."""
    if isinstance(error, FlipsiteError):
        return str(error)
    return "".join(traceback.format_exception(error)).rstrip()


def _rebuild(site: Path, build: Callable[[], object], broadcast: Broadcast, echo: Echo) -> None:
    began = perf_counter()
    try:
        build()
    except Exception as error:  # noqa: BLE001 (whatever a template or a bug of ours raises, the preview outlives it)
        reason = explain(error)
        echo(f"Not built: {reason}")
        broadcast.announce(error=reason)
    else:
        echo(f"Built in {perf_counter() - began:.2f} s.")
        broadcast.announce(version=site_version(site))


def _announce(address: str, *, open_browser: bool, echo: Echo) -> None:
    echo(f"The site is at {address} until you press Ctrl-C.")
    if open_browser and not webbrowser.open(address):
        echo("No browser could be opened; open the address yourself.")
