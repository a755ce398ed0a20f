"""Serve a site to its writer's browser: read-only, from this machine, as it is at the moment.

An address finds only a file that the site's build.json lists, whatever the address says.
"""

import logging
import re
import shutil
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedReader
from ipaddress import ip_address
from os import fstat
from pathlib import Path
from threading import BoundedSemaphore
from time import monotonic
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from flipsite.write.serve.livereload import EVENTS_PATH, SCRIPT, SCRIPT_PATH, Broadcast, follow, stand_in
from flipsite.write.site.manifest import NAME, read_manifest

log = logging.getLogger(__name__)

INDEX = "index.html"
PAGE = "text/html; charset=utf-8"
CONTENT_TYPES = {
    ".html": PAGE,
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".map": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml",
    ".parquet": "application/vnd.apache.parquet",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".ico": "image/vnd.microsoft.icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".pdf": "application/pdf",
    ".zip": "application/zip",
    ".gz": "application/gzip",
    ".ipynb": "application/x-ipynb+json",
    ".webmanifest": "application/manifest+json",
}
"""By ending, and not from the machine's own table, which differs from one to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedFolder:
    """The address of a folder without its slash: relative links would lead astray."""

    to: str


def find_file(site: Path, address: str) -> Path | MovedFolder | None:
    """The file that an address asks for, if flipsite wrote it: build.json lists it.

    Args:
        site: The site's folder.
        address: The target of a request: percent-encoded, maybe with a query.

    Returns:
        A plain file of the site; of a folder its index.html. None if there is none.
    """
    path = address.partition("#")[0].partition("?")[0]
    parts = _parts(path)
    if parts is None:
        return None
    try:
        listed, name = _listed_files(site), "/".join(parts)
        if name not in listed:
            index = "/".join([*parts, INDEX])
            if parts and index in listed and not path.endswith("/"):
                return MovedFolder(to="/" + "".join(f"{quote(part)}/" for part in parts))
            name = index
        found = site / name
        is_own = name in listed and found.resolve().is_relative_to(site.resolve())
        return found if is_own and found.is_file() else None
    except (OSError, RuntimeError):  # a name too long, a loop of links
        return None


def _listed_files(site: Path) -> frozenset[str]:
    status = (site / NAME).stat()
    return _read_listed(site, status.st_ino, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1)
def _read_listed(site: Path, *_stamp: int) -> frozenset[str]:
    """The files that a site's build.json lists, and itself; read again when its stamp changes."""
    manifest = read_manifest(site)
    return frozenset([NAME, *manifest.outputs]) if manifest else frozenset()


def content_type(path: Path) -> str:
    """The media type of a file."""
    return CONTENT_TYPES.get(path.suffix.lower(), "application/octet-stream")


def _parts(path: str) -> list[str] | None:
    """The names on the way to a file; None if one of them has no business in an address."""
    try:
        text = unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return None
    if not text.startswith("/") or not text.isprintable() or "\\" in text:
        return None
    parts = [part for part in text.split("/") if part]
    return None if any(part.startswith(".") for part in parts) else parts


HEARTBEAT_S = 10.0
"""How often a page that waits is written to, which is how a page that is gone is noticed."""

IDLE_S = 60.0
"""How long a connection may say nothing between two requests, and take for one piece of an answer."""

REQUEST_S = 10.0
"""How long a request may take to come, from the connection or from its first byte on."""

MOST_CONNECTIONS = 256
"""At once; a browser has six, and one for each page that listens."""


class PreviewServer(ThreadingHTTPServer):
    """A server of one site on one address."""

    daemon_threads = True
    request_queue_size = 128  # the parent's five make a burst of visitors wait for seconds

    def __init__(self, address: tuple[str, int], *, site: Path, broadcast: Broadcast) -> None:
        """Listen, without answering yet.

        Args:
            address: Host and port; port 0 lets the system choose.
            site: The folder to serve; it need not exist yet.
            broadcast: Sends the preview's state to the pages.

        Raises:
            OSError: If the address is taken, or not this machine's.
        """
        host, port = address
        self.address_family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        self.site = site
        self.broadcast = broadcast
        self.host = host
        self._places = BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind, without asking a name server who we are as the parent does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.host, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, where there is a place for one more; else hang up."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system has no thread for it
            self._places.release()
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader who went away is no error."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            log.exception("a request from %s failed", client_address)


def answers_to(host: str | None, *, bound: str) -> bool:
    """Whether a request's Host names this machine.

    A page elsewhere can give its own name this machine's number (DNS rebinding) and read what we serve; its
    requests still carry that name. A number cannot be given away so, and `localhost` always is this machine.

    Args:
        host: The header, maybe with a port.
        bound: The host that the server listens at.
    """
    found = _HOST.fullmatch((host or "").strip().lower())
    name = (found[1] or found[2].rstrip(".")) if found else ""
    if name == "localhost" or name.endswith(".localhost") or (name and name == bound.lower()):
        return True
    with suppress(ValueError):
        return ip_address(name).is_loopback or _is_everywhere(bound)
    return _is_everywhere(bound) and name == socket.gethostname().lower()


_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^:/@\[\]]+))(?::\d*)?")
"""A number of IPv6, or a name or number; and maybe a port."""


def _is_everywhere(bound: str) -> bool:
    with suppress(ValueError):
        return ip_address(bound).is_unspecified
    return False


class _Incoming(socket.SocketIO):
    """A client's bytes, with a time limit on the whole request, however slowly they come."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection, "rb")
        self._connection = connection
        self._until = monotonic() + REQUEST_S
        self._is_waiting = False

    def await_request(self) -> None:
        """The next bytes begin another request, whenever they come."""
        self._until = monotonic() + IDLE_S
        self._is_waiting = True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        count = super().readinto(buffer)
        if self._is_waiting:
            self._until, self._is_waiting = monotonic() + REQUEST_S, False
        return count


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: PreviewServer
    protocol_version = "HTTP/1.1"
    server_version = "flipsite"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        self._incoming = _Incoming(self.connection)
        self.rfile = BufferedReader(self._incoming)

    def handle(self) -> None:
        self.close_connection = True
        self.handle_one_request()
        while not self.close_connection:
            self._incoming.await_request()
            self.handle_one_request()

    def do_GET(self) -> None:
        self.connection.settimeout(IDLE_S)
        if self._is_welcome():
            self._answer()

    def do_HEAD(self) -> None:
        self.do_GET()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Say no in a line, and end the connection: what else it holds is not known."""
        if code == HTTPStatus.NOT_IMPLEMENTED:  # what the parent says of a method it finds no function for
            code = HTTPStatus.METHOD_NOT_ALLOWED
        self.close_connection = True
        self._send(
            HTTPStatus(code), (message or HTTPStatus(code).phrase)[:200].encode(), CONTENT_TYPES[".txt"]
        )

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the parent's name)
        log.debug(format, *args)

    def _is_welcome(self) -> bool:
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or not answers_to(hosts[0], bound=self.server.host):
            self.send_error(
                HTTPStatus.FORBIDDEN, "This preview answers to localhost and to its own address only."
            )
            return False
        if "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # nothing of what follows is read
        return True

    def _answer(self) -> None:
        if self.path == SCRIPT_PATH:
            self._send(HTTPStatus.OK, SCRIPT, CONTENT_TYPES[".js"])
        elif self.path == EVENTS_PATH:
            self._send_events()
        else:
            match find_file(self.server.site, self.path):
                case MovedFolder(to=to):
                    self._send(HTTPStatus.FOUND, b"", CONTENT_TYPES[".txt"], Location=to)
                case None:
                    self._send_missing()
                case path:
                    self._send_file(HTTPStatus.OK, path)

    def _send_missing(self) -> None:
        if isinstance(page := find_file(self.server.site, "/404.html"), Path):
            self._send_file(HTTPStatus.NOT_FOUND, page)
            return
        version, error = self.server.broadcast.state.version, self.server.broadcast.state.error
        if isinstance(find_file(self.server.site, "/"), Path):
            page_text = stand_in("No such page", self.path, version=version)
            self._send(HTTPStatus.NOT_FOUND, page_text, PAGE)
        else:
            page_text = stand_in("There is no site yet", error or "It is being built.", version=version)
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, page_text, PAGE)

    def _send_file(self, status: HTTPStatus, path: Path) -> None:
        version = (
            self.server.broadcast.state.version
        )  # before the page: one too old reloads it, one too new would not
        kind = content_type(path)
        with path.open("rb") as file:
            if kind == PAGE:
                self._send(status, follow(file.read(), version=version), kind)
                return
            self._send_head(status, kind, length=fstat(file.fileno()).st_size)
            if self.command != "HEAD":
                shutil.copyfileobj(file, self.wfile)

    def _send(self, status: HTTPStatus, body: bytes, kind: str, **headers: str) -> None:
        self._send_head(status, kind, length=len(body), **headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_head(self, status: HTTPStatus, kind: str, *, length: int | None, **headers: str) -> None:
        self.send_response(status)
        headers |= {"Content-Type": kind, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if length is not None:
            headers["Content-Length"] = str(length)
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = "GET, HEAD"
        if self.close_connection or length is None:
            headers["Connection"] = "close"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_events(self) -> None:
        """Tell the page of each change, until it or the preview is gone."""
        self.close_connection = True
        self._send_head(HTTPStatus.OK, "text/event-stream", length=None)
        if self.command == "HEAD":
            return
        broadcast = self.server.broadcast
        seen = broadcast.state
        self.wfile.write(seen.event())
        while not broadcast.is_closed:
            state = broadcast.wait(seen, timeout_s=HEARTBEAT_S)
            self.wfile.write(b":\n\n" if state == seen else state.event())
            seen = state
