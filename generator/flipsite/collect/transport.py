"""Connections: bytes out, bytes in, bounded in time and size, and nothing followed.

One transport a connection: a pool of many looks through all of them at every request. Transports, and not
clients: a client's cookies, redirects and merging of settings cost a fifth of a request, and none is wanted.
"""

import asyncio
import logging
import os
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from flipsite.collect.reading.protocol import is_http, unparsed
from flipsite.errors import UsageError

Application = Callable[..., Awaitable[None]]
"""An ASGI application."""

MOST_BYTES = 2**20
"""Of one answer, unless more is allowed."""

LARGE_BYTES, LARGE_AT_ONCE = 2**18, 8
"""The size of a large answer, and how many of them are in memory at once, however many are in flight."""

for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)  # below it they print headers


class UnreadableBodyError(Exception):
    """An answer that is not read to its end: asked again, it would come as it came."""


class OtherProtocolError(Exception):
    """An answer that does not begin as HTTP does.

    Attributes:
        first: Its first bytes.
        late: It had not ended when its time was over.
    """

    def __init__(self, first: bytes, *, late: bool) -> None:
        super().__init__()
        self.first = first
        self.late = late


FAULTS = (TimeoutError, httpx.HTTPError, httpx.InvalidURL, UnreadableBodyError, OtherProtocolError)
"""The exceptions of a failed exchange."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """One whole HTTP answer; names of headers are in lower case.

    Attributes:
        large: It takes one of the places for large answers until it is given to `let_go`.
    """

    code: int
    headers: Mapping[str, str]
    body: bytes
    large: bool = False


class Connections:
    """Connections to one address, each lent to one request at a time; use as an async context manager."""

    def __init__(
        self,
        base: str,
        *,
        headers: Mapping[str, str],
        most: int,
        connect_s: float,
        read_s: float,
        whole_s: float,
        app: Application | None = None,
    ) -> None:
        """Name the address; nothing is connected yet.

        Args:
            base: The address all paths begin with.
            headers: Sent with every request.
            most: Connections at most.
            connect_s: Seconds to connect.
            read_s: Seconds between two pieces of an answer.
            whole_s: Seconds for a whole answer.
            app: Instead of the network: an ASGI application.

        Attributes:
            through: For errors: which proxy is in between, once entered.
        """
        self._base = base
        self._headers = httpx.Headers(dict(headers))
        self._most = most
        self._extensions = {"timeout": {"connect": connect_s, "read": read_s, "write": read_s, "pool": None}}
        self._whole_s = whole_s
        self._app = app
        self._idle: list[httpx.AsyncBaseTransport] = []
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._exit = AsyncExitStack()
        self.through = ""

    async def __aenter__(self) -> Self:
        context = ssl.create_default_context() if self._base.startswith("https:") else False
        found = None if self._app else _proxy(self._base)
        proxy = found[0] if found else None
        self.through = f"; the proxy is the one that {found[1]} names" if found else ""
        for _ in range(self._most):
            self._idle.append(await self._exit.enter_async_context(self._transport(context, proxy)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exit.aclose()

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        extra: Mapping[str, str] | None = None,
        most: int = MOST_BYTES,
    ) -> HttpResponse:
        """Send one request and receive its whole answer.

        Raises:
            UnreadableBodyError: If the answer is longer than `most` bytes, or compressed.
            OtherProtocolError: If what came is not HTTP.
            TimeoutError: If the answer is not whole in time.
            httpx.HTTPError: If the connection fails (one of FAULTS).
        """
        transport = self._idle.pop()  # the one used last, whose connection is warm
        first = b""

        async def look(event: str, _: object) -> None:
            nonlocal first
            if event == "http11.receive_response_headers.failed":
                first = _unread(transport)

        request = httpx.Request(
            method,
            _url(self._base + path),
            headers=self._headers,
            content=content,
            extensions=self._extensions | {"trace": look},
        )
        if extra:
            request.headers.update(extra)
        try:
            async with asyncio.timeout(self._whole_s):
                response = await transport.handle_async_request(request)
                try:
                    return await self._received(response, most=most)
                finally:
                    await response.aclose()
                    if _unread(transport):  # it would be taken for the answer of the next request
                        await transport.aclose()
        except (TimeoutError, httpx.HTTPError) as error:
            if is_http(first) or (isinstance(error, httpx.RemoteProtocolError) and not unparsed(str(error))):
                raise
            late = isinstance(error, TimeoutError | httpx.TimeoutException)
            raise OtherProtocolError(first, late=late) from error
        finally:
            self._idle.append(transport)

    def let_go(self) -> None:
        """A large answer is done with: its place is free."""
        self._large.release()

    async def _received(self, response: httpx.Response, *, most: int) -> HttpResponse:
        """The whole answer; a large one is read on only where there is a place for it."""
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw
        }
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise UnreadableBodyError("the answer came compressed, though plain was asked for")
        pieces, size, large = [], 0, False
        try:
            async for piece in response.aiter_raw():
                size += len(piece)
                if size > most:
                    raise UnreadableBodyError(f"the answer is longer than {most / 2**20:.3g} MiB")
                if size > LARGE_BYTES and not large:
                    large = await self._large.acquire()
                pieces.append(piece)
        except BaseException:
            if large:
                self.let_go()
            raise
        return HttpResponse(code=response.status_code, headers=headers, body=b"".join(pieces), large=large)

    def _transport(self, context: ssl.SSLContext | bool, proxy: str | None) -> httpx.AsyncBaseTransport:
        if self._app is not None:
            return httpx.ASGITransport(self._app)
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=60)
        return httpx.AsyncHTTPTransport(verify=context, limits=limits, proxy=proxy, trust_env=False)


def _unread(transport: httpx.AsyncBaseTransport) -> bytes:
    """The bytes that came and belong to no answer; neither httpx nor httpcore shows them, h11 has them."""
    return next((state.trailing_data[0] for state in _h11_states(transport) if state.trailing_data[0]), b"")


def _h11_states(transport: httpx.AsyncBaseTransport) -> Iterator[Any]:
    """The HTTP parsers of a transport, each below a connection for each proxy in between."""
    connections: list[Any] = getattr(getattr(transport, "_pool", None), "connections", [])
    for connection in connections:
        inner = connection
        while hasattr(inner, "_connection"):
            inner = inner._connection
        state = getattr(inner, "_h11_state", None)
        if state is not None:
            yield state


@lru_cache(maxsize=64)
def _url(address: str) -> httpx.URL:
    """Reading an address costs a tenth of a request; few are asked for more than once."""
    return httpx.URL(address)


_PROXY_SCHEMES = {"http", "https", "socks5", "socks5h"}


def _proxy(base: str) -> tuple[str, str] | None:
    """The environment's proxy for an address and the variable that names it.

    An address that the environment exempts has none, nor has this machine.

    Raises:
        UsageError: If the proxy is no address.
    """
    parts = urlsplit(base)
    if is_loopback(base) or proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    kind = parts.scheme if parts.scheme in proxies else "all"
    if not proxies.get(kind):
        return None
    name = next(
        (name for name in (f"{kind}_proxy", f"{kind}_proxy".upper()) if os.environ.get(name)), f"{kind}_proxy"
    )
    return _proxy_address(proxies[kind].strip(), name), name


def _proxy_address(text: str, variable: str) -> str:
    """A proxy's address with its scheme; `socks` is SOCKS 5, and none is HTTP."""
    address = text if "://" in text else f"http://{text}"
    scheme, _, rest = address.partition("://")
    scheme = {"socks": "socks5"}.get(scheme.lower(), scheme.lower())
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        sound = scheme in _PROXY_SCHEMES and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound:
        raise UsageError(
            f"{variable}: no proxy's address; it looks like http://host:8080 or socks5://host:1080. "
            "Correct it, or unset it."
        )
    if scheme.startswith("socks") and find_spec("socksio") is None:
        raise UsageError(
            f"{variable}: a SOCKS proxy takes the extra socks; install flipsite[socks], or unset {variable}."
        )
    return f"{scheme}://{rest}"


def is_local(base: str) -> bool:
    """Whether an address is this machine's or its private network's: it costs nothing."""
    host = urlsplit(base).hostname or ""
    if (
        is_loopback(base)
        or ("." not in host and ":" not in host)
        or host.endswith((".local", ".lan", ".internal"))
    ):
        return True
    try:
        return ip_address(host).is_private
    except ValueError:
        return False


def is_loopback(base: str) -> bool:
    """Whether an address is this machine's own."""
    host = urlsplit(base).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")
