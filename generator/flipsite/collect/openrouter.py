"""Ask once: one request, one exchange, whatever comes back. Who asks again, and when, is the sampler's.

The key travels in one header to one address: no redirect is followed, no answer that repeats it is kept as it
came, and nothing here prints it. Many clients of one connection serve faster than one client of many: a pool
looks through all its connections at every request (docs/performance.md).
"""

import asyncio
import json
import logging
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from flipsite.collect.replies import (
    Json,
    Reply,
    Todo,
    Trouble,
    one_line,
    read_exchange,
    read_limit,
    read_price,
)
from flipsite.errors import CollectError, UsageError

OPENROUTER = "https://openrouter.ai/api/v1"
Application = Callable[..., Awaitable[None]]
"""An ASGI application."""

MOST_ANSWER_BYTES = 8 * 2**20
MOST_CATALOGUE_BYTES = 64 * 2**20

for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)  # below it they print headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds: to connect, between two pieces of an answer, and for a whole draw."""

    connect_s: float = 15.0
    read_s: float = 180.0
    draw_s: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request's end: the raw answer, and what it is.

    Attributes:
        code: HTTP status; None where none came.
        body: The raw answer; None where none came whole.
        latency_s: From the request to the whole answer.
        headers: Of the answer.
    """

    code: int | None
    body: bytes | None
    latency_s: float
    result: Reply | Trouble
    headers: Mapping[str, str] = field(default_factory=dict)


class Key:
    """The account's key; shows itself to nobody but the header it is for."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Take the key.

        Raises:
            UsageError: If it holds what no header may; the message does not.
        """
        self._text = text.strip()
        if not self._text.isascii() or not self._text.isprintable() or " " in self._text:
            raise UsageError(
                "OPENROUTER_API_KEY: holds signs no key has; copy it again, without line breaks."
            )

    def __repr__(self) -> str:
        return "Key(…)"

    def header(self) -> str:
        """The value of the `Authorization` header."""
        return f"Bearer {self._text}"

    def hide(self, body: bytes) -> bytes:
        """A body without the key, should the other side repeat it."""
        return body.replace(self._text.encode(), b"[key]")


class OpenRouter:
    """A client of anything that speaks OpenRouter's language; use as an async context manager."""

    def __init__(
        self,
        base: str = OPENROUTER,
        *,
        key: Key | None,
        concurrency: int,
        timeouts: Timeouts | None = None,
        app: Application | None = None,
    ) -> None:
        """Name the endpoint; nothing is connected yet.

        Args:
            base: Address that ends before `/models` and `/chat/completions`.
            key: Sent over TLS or to this machine, never in the clear elsewhere.
            concurrency: How many completions will be in flight at most; the caller keeps to it.
            timeouts: The defaults where None.
            app: Instead of the network: an ASGI application, the simulated endpoint.

        Raises:
            UsageError: If the address is none.
        """
        self._base = _checked(base)
        self._local = _is_loopback(self._base)
        self._key = key if self._base.startswith("https:") or self._local else None
        self._timeouts = timeouts or Timeouts()
        self._transport = httpx.ASGITransport(app) if app else None
        self._concurrency = concurrency
        self._idle: list[httpx.AsyncClient] = []
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> Self:
        context = ssl.create_default_context() if self._base.startswith("https:") else False
        self._beside = await self._exit.enter_async_context(self._client(context))
        for _ in range(self._concurrency):
            self._idle.append(await self._exit.enter_async_context(self._client(context)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exit.aclose()

    async def complete(
        self, request: Mapping[str, object], *, mode: str, extra: Mapping[str, str] | None = None
    ) -> Exchange:
        """Ask for one completion; every fault is a `Trouble`, none is raised."""
        started = time.perf_counter()
        client = self._idle.pop()  # the one used last, whose connection is warm
        try:
            async with asyncio.timeout(self._timeouts.draw_s):
                code, headers, body = await self._exchange(
                    client, "POST", "chat/completions", content=request, extra=extra
                )
        except (TimeoutError, httpx.HTTPError, _UnreadError, httpx.InvalidURL) as error:
            return Exchange(
                code=None, body=None, latency_s=time.perf_counter() - started, result=self._broken(error)
            )
        finally:
            self._idle.append(client)
        result = read_exchange(code, headers, body, mode=mode, now=time.time())
        return Exchange(
            code=code, body=body, latency_s=time.perf_counter() - started, result=result, headers=headers
        )

    async def get(self, path: str) -> Json:
        """The JSON body at a path below the endpoint, such as `/models`.

        Raises:
            CollectError: If it cannot be had.
        """
        try:
            code, _, body = await self._ask("GET", path.lstrip("/"), most=MOST_CATALOGUE_BYTES)
            content: Json = json.loads(body)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, _UnreadError) as error:
            reason = self._broken(error).reason
            raise CollectError(f"{self._base}{path}: {reason}; is --api-base right?") from None
        except (ValueError, RecursionError):
            raise CollectError(
                f"{self._base}{path}: HTTP {code}, and no JSON; is --api-base right? It ends before /models."
            ) from None
        if code != 200:
            raise CollectError(
                f"{self._base}{path}: HTTP {code}; is --api-base right? It ends before /models."
            )
        return content

    async def limit_usd(self) -> float | None:
        """What the account's key has left, in dollars; None without a limit, or where nobody tells.

        Raises:
            CollectError: If the key is not accepted.
        """
        if self._key is None:
            return None
        try:
            code, _, body = await self._ask("GET", "key")
        except (TimeoutError, httpx.HTTPError, _UnreadError):
            return None
        if code == 401:
            raise CollectError(
                f"{self._base}: the key was not accepted; set OPENROUTER_API_KEY to a valid one."
            )
        return read_limit(body) if code == 200 else None

    async def price_usd(self, generation: str) -> float | None:
        """What an answer cost, in dollars; None where nobody tells (yet)."""
        try:
            code, _, body = await self._ask("GET", "generation", query={"id": generation})
        except (TimeoutError, httpx.HTTPError, _UnreadError):
            return None
        return read_price(body) if code == 200 else None

    def _client(self, context: ssl.SSLContext | bool) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=4, max_keepalive_connections=1, keepalive_expiry=60)
        timeout = httpx.Timeout(self._timeouts.read_s, connect=self._timeouts.connect_s, pool=None)
        return httpx.AsyncClient(
            headers=self._headers(),
            limits=limits,
            timeout=timeout,
            transport=self._transport,
            verify=context,
            follow_redirects=False,
            trust_env=not self._local,  # a proxy is for the world outside
        )

    def _headers(self) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # a small answer gains nothing, and a bomb cannot go off
            "X-OpenRouter-Cache": "false",
            "X-OpenRouter-Title": "flipsite",
            "X-Title": "flipsite",
        }
        return headers | ({"Authorization": self._key.header()} if self._key else {})

    async def _ask(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, most: int = MOST_ANSWER_BYTES
    ) -> tuple[int, httpx.Headers, bytes]:
        async with asyncio.timeout(self._timeouts.draw_s):
            return await self._exchange(self._beside, method, path, query=query, most=most)

    async def _exchange(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        *,
        content: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
        extra: Mapping[str, str] | None = None,
        most: int = MOST_ANSWER_BYTES,
    ) -> tuple[int, httpx.Headers, bytes]:
        body = None if content is None else json.dumps(content).encode()
        request = client.build_request(
            method, f"{self._base}/{path}", content=body, params=query, headers=extra
        )
        response = await client.send(request, stream=True)
        try:
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise _UnreadError("the answer came compressed, though plain was asked for")
            pieces, size = [], 0
            async for piece in response.aiter_raw():
                size += len(piece)
                if size > most:
                    raise _UnreadError(f"the answer is longer than {most // 2**20} MiB")
                pieces.append(piece)
        finally:
            await response.aclose()
        whole = b"".join(pieces)
        return response.status_code, response.headers, self._key.hide(whole) if self._key else whole

    def _broken(self, error: Exception) -> Trouble:
        """A request that brought nothing: what it cost is known only where it was never sent."""
        unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        said = one_line(str(error))
        reason = "no answer in time" if isinstance(error, TimeoutError | httpx.TimeoutException) else said
        reason = "no connection" + (f" ({said})" if said else "") if unsent else reason
        return Trouble(
            todo=Todo.AGAIN, reason=reason or type(error).__name__, cost_usd=0.0 if unsent else None
        )


class _UnreadError(Exception):
    """An answer that is not read to its end."""


def _checked(base: str) -> str:
    parts = urlsplit(base)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"--api-base {base}: no address; it looks like https://host/api/v1.")
    if parts.username or parts.password:
        raise UsageError("--api-base: holds a password; the key comes from OPENROUTER_API_KEY alone.")
    return base.rstrip("/")


def _is_loopback(base: str) -> bool:
    host = urlsplit(base).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")
