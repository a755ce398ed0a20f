"""Ask once: one request, one exchange, whatever comes back. Who asks again, and when, is the scheduler's.

The key travels in one header to one address: no redirect is followed, no answer that repeats it is kept as it
came, and nothing here prints it.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit

import httpx

from flipsite import __version__
from flipsite.collect.reading.body import Json, plain_text, read_json
from flipsite.collect.reading.protocol import other_protocol, plain_words, tls_remedy
from flipsite.collect.requests import sent_bound
from flipsite.collect.responses import (
    BETWEEN,
    Action,
    Failure,
    Reply,
    read_exchange,
    read_limit,
    read_price,
    redirect,
    server_words,
)
from flipsite.collect.transport import (
    FAULTS,
    MOST_BYTES,
    Application,
    Connections,
    HttpResponse,
    OtherProtocolError,
    UnreadableBodyError,
    is_loopback,
)
from flipsite.domain.display import one_line
from flipsite.domain.money import NOTHING, Usd
from flipsite.errors import CollectError, UsageError

OPENROUTER = "https://openrouter.ai/api/v1"
MOST_CATALOGUE_BYTES = 32 * 2**20
"""A hundred thousand models, or the catalogue of 2026 forty times over."""

BYTES_A_TOKEN, BYTES_A_TOKEN_WITH_LOGPROBS = 64, 4_096
"""More than a token takes, said twice and escaped, or with its alternatives: what is longer is no answer."""

SHORTEST_SECRET = 8

BESIDE = 4
"""Connections for what is asked beside the draws: the catalogue, prices, what is left."""

HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # a small answer gains nothing, and a bomb cannot go off
    "User-Agent": f"flipsite/{__version__}",
    "X-OpenRouter-Cache": "false",
    "X-OpenRouter-Title": "flipsite",
    "X-Title": "flipsite",
}


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
        large: A large answer holds a slot until `OpenRouter.kept` is called.
    """

    code: int | None
    body: bytes | None
    latency_s: float
    result: Reply | Failure
    headers: Mapping[str, str] = field(default_factory=dict)
    large: bool = False


class Key:
    """The account's key; appears nowhere but in its header."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Take the key.

        Raises:
            UsageError: If it holds what no header may; the message does not.
        """
        self._text = text.strip()
        if not self._text.isascii() or not self._text.isprintable() or " " in self._text:
            raise UsageError(
                "OPENROUTER_API_KEY: has characters that no key has; copy it again, without line breaks."
            )

    def __repr__(self) -> str:
        return "Key(…)"

    @property
    def _is_secret(self) -> bool:
        """A server on one's own machine takes any word; to strike out `1` would change answers."""
        return len(self._text) >= SHORTEST_SECRET

    def header(self) -> str:
        """The value of the `Authorization` header."""
        return f"Bearer {self._text}"

    def hide(self, text: str) -> str:
        """A text without the key, should the other side repeat it."""
        return text.replace(self._text, "[key]") if self._is_secret else text

    def hide_in(self, received: HttpResponse) -> HttpResponse:
        """An answer without the key, should the other side repeat it in its body or its headers."""
        own = self._text.encode()
        repeated = own in received.body or any(self._text in value for value in received.headers.values())
        if not self._is_secret or not repeated:
            return received
        headers = {name: self.hide(value) for name, value in received.headers.items()}
        return replace(received, headers=headers, body=received.body.replace(own, b"[key]"))


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
        self._key = key if self._base.startswith("https:") or is_loopback(self._base) else None
        self._timeouts = timeouts or Timeouts()
        self.key_withheld = key is not None and self._key is None
        bounds = {
            "connect_s": self._timeouts.connect_s,
            "read_s": self._timeouts.read_s,
            "whole_s": self._timeouts.draw_s,
        }
        headers = HEADERS | ({"Authorization": self._key.header()} if self._key else {})
        self._draws = Connections(self._base, headers=headers, most=concurrency, app=app, **bounds)
        self._beside = Connections(self._base, headers=headers, most=BESIDE, app=app, **bounds)
        self._beside_free = asyncio.Semaphore(BESIDE)
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._exit.enter_async_context(self._draws)
        await self._exit.enter_async_context(self._beside)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exit.aclose()

    async def complete(
        self, request: Mapping[str, object], *, mode: str, extra: Mapping[str, str] | None = None
    ) -> Exchange:
        """Ask for one completion; every fault is a `Failure`, none is raised."""
        started = time.perf_counter()
        content = json.dumps(request).encode()
        try:
            received = await self._draws.exchange(
                "POST", "/chat/completions", content=content, extra=extra, most=_most_bytes(request)
            )
        except FAULTS as error:
            return Exchange(
                code=None, body=None, latency_s=time.perf_counter() - started, result=self._broken(error)
            )
        received = self._hidden(received)
        return Exchange(
            code=received.code,
            body=received.body,
            latency_s=time.perf_counter() - started,
            result=read_exchange(
                received.code,
                received.headers,
                received.body,
                mode=mode,
                now=time.time(),
                logprobs="logprobs" in request,
            ),
            headers=received.headers,
            large=received.large,
        )

    def kept(self, exchange: Exchange) -> None:
        """An answer is stored: if it is large, another may come in its place."""
        if exchange.large:
            self._draws.let_go()

    async def get(self, path: str) -> Json:
        """The JSON body at a path below the endpoint, such as `/models`.

        Raises:
            CollectError: If it cannot be had.
        """
        address = f"{self._base}{path}"
        try:
            received = await self._get(path, most=MOST_CATALOGUE_BYTES)
        except FAULTS as error:
            broken = self._broken(error)
            raise CollectError(f"{address}: {broken.reason}{self._question(broken)}") from None
        if received.code != 200:
            raise CollectError(f"{address}: {self._no_catalogue(received)}")
        content = read_json(received.body)
        if content is None:
            words = plain_text(received.body) if received.body.lstrip().startswith(b"<") else "no JSON"
            raise CollectError(f"{address}: HTTP 200, and {one_line(words)}; {_IS_BASE_RIGHT}")
        if isinstance(content, dict) and content.get("error"):
            raise CollectError(f"{address}: HTTP 200 ({server_words(received.body)}); {_IS_BASE_RIGHT}")
        return content

    def _question(self, broken: Failure) -> str:
        """The end of a sentence about a catalogue that did not come; its remedy, unless there is one."""
        if broken.action is Action.RUN or "--api-base" in broken.reason:
            return "."
        silent = "without sending" in broken.reason and self._base.startswith("http:")
        return "; is --api-base right" + (", or should it begin with https://?" if silent else "?")

    def _no_catalogue(self, received: HttpResponse) -> str:
        """Why an endpoint gives no catalogue, and the remedy."""
        code, words = received.code, server_words(received.body)
        said = f"HTTP {code}" + (f" ({words})" if words else "")
        if code in {401, 403, *BETWEEN}:
            return f"{said}; {self._rejected(code)}"
        if code == 503:  # as a local server says while it loads its model
            return f"{said}: the server is not ready; wait a moment and try again."
        if code == 402:
            return f"{said}; the account has no credit."
        if code in {408, 425, 429} or code >= 500:
            return f"{said}; try again later."
        if 300 <= code < 400:
            return f"{said}: {redirect(received.headers)}."
        return f"{said}; {_IS_BASE_RIGHT}"

    def _rejected(self, code: int) -> str:
        """Why an endpoint that wants a key, or something before it, got none that it takes."""
        if code in BETWEEN:
            return f"{BETWEEN[code]}."
        if self.key_withheld:
            return "the key was withheld, for it is never sent over plain http; use https."
        if self._key is None:
            return "it wants a key; set OPENROUTER_API_KEY."
        return "the key was not accepted; set OPENROUTER_API_KEY to a valid one."

    async def limit_usd(self) -> Usd | None:
        """The rest of the account; None without a limit, or where the server does not say.

        Raises:
            CollectError: If the key is not accepted.
        """
        if self._key is None:
            return None
        try:
            received = await self._get("/key")
        except FAULTS:
            return None
        if received.code == 401:
            raise CollectError(
                f"{self._base}: the key was not accepted; set OPENROUTER_API_KEY to a valid one."
            )
        return read_limit(received.body) if received.code == 200 else None

    async def price_usd(self, generation: str) -> Usd | None:
        """An answer's cost; None where the server does not say (yet)."""
        try:
            received = await self._get(f"/generation?id={quote(generation, safe='', errors='replace')}")
        except FAULTS:
            return None
        return read_price(received.body) if received.code == 200 else None

    async def _get(self, path: str, *, most: int = MOST_BYTES) -> HttpResponse:
        async with self._beside_free:
            received = self._hidden(await self._beside.exchange("GET", path, most=most))
        if received.large:  # there are never more of them than connections
            self._beside.let_go()
        return received

    def _hidden(self, received: HttpResponse) -> HttpResponse:
        return self._key.hide_in(received) if self._key else received

    def _broken(self, error: Exception) -> Failure:
        """A request that brought nothing: what it cost is known only where it was never sent.

        An unread answer would come again as it came; asking until one is short enough would be choosing.
        """
        if isinstance(error, UnreadableBodyError):
            return Failure(action=Action.DRAW, reason=str(error))
        if isinstance(error, OtherProtocolError):
            action = Action.DRAW if error.late else Action.AGAIN
            return Failure(
                action=action, reason=self._hide(other_protocol(error.first)) + self._draws.through
            )
        words = one_line(self._hide(plain_words(str(error))))
        if isinstance(error, _UNSENT):
            return self._unsent(words, by_proxy=isinstance(error, httpx.ProxyError))
        if isinstance(error, TimeoutError | httpx.TimeoutException):  # it may have been billed
            patience = f"{min(self._timeouts.read_s, self._timeouts.draw_s):g} s"
            reason = f"no answer within {patience}; --timeout or timeout_s in study.toml allow longer"
            return Failure(action=Action.DRAW, reason=reason)
        if isinstance(error, httpx.RemoteProtocolError):
            cut = "clos" in words or "disconnected" in words
            what = "the connection broke off before the whole answer came" if cut else _NOT_HTTP
            return Failure(action=Action.AGAIN, reason=f"{what} ({words})")
        return Failure(action=Action.AGAIN, reason=words or type(error).__name__)

    def _unsent(self, words: str, *, by_proxy: bool) -> Failure:
        """A request that no server saw, so it cost nothing."""
        action = Action.AGAIN
        said = f" ({words})" if words else ""
        if not by_proxy:
            remedy = tls_remedy(words)
            reason = f"no connection{said}" + (f": {remedy}" if remedy else "") + self._draws.through
        elif words.startswith("407"):
            action, reason = Action.RUN, f"{BETWEEN[407]}{said}"
        else:
            reason = f"the proxy gives no connection{self._draws.through}{said}"
        return Failure(action=action, reason=reason, cost_usd=NOTHING)

    def _hide(self, text: str) -> str:
        return self._key.hide(text) if self._key else text


_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_NOT_HTTP = "the answer is not proper HTTP; check --api-base, and what is between you and the server"
_IS_BASE_RIGHT = "is --api-base right? It ends before /models."


def _most_bytes(request: Mapping[str, object]) -> int:
    """How long an answer may be: the room for its tokens, and for what surrounds them."""
    bytes_a_token = BYTES_A_TOKEN_WITH_LOGPROBS if "logprobs" in request else BYTES_A_TOKEN
    return MOST_BYTES + bytes_a_token * sent_bound(request)


def _checked(base: str) -> str:
    """An address with its scheme in small letters, which all that follows looks at."""
    scheme, colon, rest = base.strip().partition(":")
    address = f"{scheme.lower()}{colon}{rest}".rstrip("/")
    try:
        parts = urlsplit(address)
        if parts.username or parts.password:
            raise UsageError("--api-base: holds a password; the key comes from OPENROUTER_API_KEY alone.")
        host, port = httpx.URL(address).host, parts.port
    except (ValueError, httpx.InvalidURL):
        host, port, base = "", None, base.rpartition("@")[2]
    if not address.startswith(("http://", "https://")) or not host or port == 0:
        raise UsageError(f"--api-base {one_line(base)}: no address; it looks like https://host/api/v1.")
    if "?" in address or "#" in address:
        raise UsageError(f"--api-base {one_line(base)}: ends before any ? or #, as https://host/api/v1 does.")
    return address
