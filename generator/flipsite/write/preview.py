"""Build, show, watch, build again: a site as its writer sees it grow."""

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
from flipsite.write.broadcast import Broadcast, State
from flipsite.write.manifest import NAME
from flipsite.write.serving import PreviewServer
from flipsite.write.watching import watching

PORT, TRIES = 8000, 20
"""Where to listen unless told, and how many ports to try from there."""

log = logging.getLogger(__name__)

Echo = Callable[[str], object]


def serve(
    site: Path,
    *,
    build: Callable[[], object],
    watched: Sequence[Path],
    host: str = "127.0.0.1",
    port: int | None = None,
    open_browser: bool = False,
    watch: bool = True,
    echo: Echo,
) -> None:
    """Show a site until interrupted; a build that fails is told in the page, and the last good site stays up.

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
                changed.wait()
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
    """What tells a site from another: the digest of its list of digests."""
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
        broadcast.tell(error=reason)
    else:
        echo(f"Built in {perf_counter() - began:.2f} s.")
        broadcast.tell(version=site_version(site))


def _announce(address: str, *, open_browser: bool, echo: Echo) -> None:
    echo(f"The site is at {address} until you press Ctrl-C.")
    if open_browser and not webbrowser.open(address):
        echo("No browser could be opened; open the address yourself.")
