"""The client over real loopback HTTP: it bounds time and size, and keeps the key to itself."""

import asyncio
import gzip
import json
import logging
import re
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, Self

import pytest
from tests.narrowing import not_none

from flipsite.collect.client import Exchange, Key, OpenRouter, Timeouts
from flipsite.collect.responses import Action, Failure, Reply
from flipsite.collect.transport import MOST_BYTES
from flipsite.domain.money import NOTHING, usd
from flipsite.errors import CollectError, UsageError

KEY = "sk-or-v1-canary0123456789abcdef"
ANSWER = json.dumps({"id": "gen-1", "choices": [{"message": {"content": "Output: 1"}}]}).encode()
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
QUICK = Timeouts(connect_s=1.0, read_s=0.15, draw_s=0.4)


def whole(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body


class Server:
    """Answers each request on loopback with given bytes, and remembers what it was sent."""

    def __init__(self, *answers: bytes, drip_s: float = 0.0, hang_up: bool = False) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.drip_s = drip_s
        self.hang_up = hang_up

    async def __aenter__(self) -> Self:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.base = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/api/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
                self.requests.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                step = 1 if self.drip_s else len(answer) or 1
                for start in range(0, len(answer), step):
                    writer.write(answer[start : start + step])
                    await writer.drain()
                    await asyncio.sleep(self.drip_s)
                if self.hang_up:
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


def asked(
    server: Server, *, key: str | None = KEY, timeouts: Timeouts = QUICK, mode: str = "text"
) -> Exchange:
    """One completion asked of a server; returns the exchange."""

    async def run() -> Exchange:
        async with (
            server,
            OpenRouter(
                server.base, key=Key(key) if key else None, concurrency=2, timeouts=timeouts
            ) as client,
        ):
            return await client.complete({"model": "a/b", "messages": []}, mode=mode)

    return asyncio.run(run())


async def catalogue(server: Server) -> object:
    """The body at `/models` of a server."""
    async with server, OpenRouter(server.base, key=None, concurrency=1, timeouts=QUICK) as client:
        return await client.get("/models")


def failure_of(exchange: Exchange) -> Failure:
    assert isinstance(exchange.result, Failure)
    return exchange.result


def test_what_is_sent() -> None:
    """The key, the title, no replayed answers, nothing compressed, and the draw's body."""
    server = Server(whole(ANSWER))
    exchange = asked(server)
    assert isinstance(exchange.result, Reply)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().lower()
    assert lines.startswith("post /api/v1/chat/completions http/1.1")
    for line in (
        f"authorization: bearer {KEY}",
        "x-openrouter-cache: false",
        "x-openrouter-title: flipsite",
        "accept-encoding: identity",
    ):
        assert line in lines
    assert json.loads(body) == {"model": "a/b", "messages": []}


def test_a_local_server_needs_no_key() -> None:
    """Without a key there is no header for it."""
    server = Server(whole(ANSWER))
    assert isinstance(asked(server, key=None).result, Reply)
    assert b"authorization" not in server.requests[0].lower()


def test_a_redirect_is_not_followed() -> None:
    """The key must not travel to another address; the run stops with a sentence."""
    elsewhere = Server(whole(ANSWER))

    async def run() -> Exchange:
        async with elsewhere:
            moved = whole(b"", status="307 Temporary Redirect", headers=f"location: {elsewhere.base}\r\n")
            async with (
                Server(moved) as server,
                OpenRouter(server.base, key=Key(KEY), concurrency=1) as client,
            ):
                return await client.complete({}, mode="text")

    moved = failure_of(asyncio.run(run()))
    assert moved.action is Action.RUN
    assert f"a redirect to {elsewhere.base}, which is never followed" in moved.reason
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (Server(whole(ANSWER)[:-5], hang_up=True), "peer closed connection"),
        (Server(b"", hang_up=True), "disconnected"),
        (Server(b"HTTP/1.1 200 OK\r\ncontent-le", hang_up=True), "the connection broke off"),
        (
            Server(b"ICY 200 OK\r\n\r\n"),
            r"proper HTTP; check --api-base, .*\(illegal status line: ICY 200 OK\)",
        ),
        (Server(CHUNKED + b"-5\r\n" + ANSWER), "not proper HTTP"),
        (Server(CHUNKED + b"f" * 40 + b"\r\n" + ANSWER), "not proper HTTP"),
        (Server(b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n" + ANSWER), "bad Content-Length"),
        (Server(b"HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n" + ANSWER), "not proper HTTP"),
        (Server(b"HTTP/1.1 204 No Content\r\n\r\n"), "the answer is not JSON"),
        (Server(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n"), ""),
    ],
    ids=[
        "cut",
        "hangs up",
        "half a header",
        "not http",
        "negative chunk",
        "huge chunk",
        "negative length",
        "other protocol",
        "nothing",
        "huge header",
    ],
)
def test_a_transport_fault_is_asked_again_and_may_have_cost(server: Server, reason: str) -> None:
    """Whatever breaks after the request was sent, its price is unknown."""
    exchange = asked(server)
    trouble = failure_of(exchange)
    assert trouble.action is Action.AGAIN
    assert trouble.cost_usd is None
    assert not exchange.body
    assert re.search(reason, trouble.reason)
    assert exchange.latency_s < 1.5


SETTINGS = bytes.fromhex("00000c040000000000000300000064000400010000")
OTHER_PROTOCOLS = {
    "TLS alert": (
        b"\x15\x03\x01\x00\x02\x02\x16",
        "speaks TLS; give an --api-base that begins with https://",
    ),
    "HTTP/2": (SETTINGS, "the server speaks HTTP/2 alone; give the --api-base of an HTTP/1.1 server"),
    "HTTP/0.9": (ANSWER, """the answer is not HTTP, it begins with '{"id": "gen-1","""),
    "mail": (
        b"220 mail.example ESMTP\r\n",
        "it begins with '220 mail.example ESMTP'; check the host and port",
    ),
    "bytes": (b"\x05\xff\x00\x00", "it begins with '05 ff 00 00'"),
    "100 kB of a line": (b"\x1b[2J" + b"y" * 200_000, "it begins with '1b 5b 32 4a 79"),
    "an echo of the key": (f"> {KEY}\n".encode(), "it begins with '> [key]'"),
}


@pytest.mark.parametrize("protocol", OTHER_PROTOCOLS)
def test_a_server_of_another_protocol_is_named_by_what_it_said(protocol: str) -> None:
    """To draws and to the catalogue; nothing of it is an answer, and it may have cost."""
    said, sentence = OTHER_PROTOCOLS[protocol]
    exchange = asked(Server(said, hang_up=True))
    trouble = failure_of(exchange)
    assert (trouble.action, trouble.cost_usd, exchange.body) == (Action.AGAIN, None, None)
    assert sentence in trouble.reason
    assert trouble.reason.isprintable()
    with pytest.raises(CollectError, match=r"^http://127\.0\.0\.1:\d+/api/v1/models: .*--api-base[^;]*\.$"):
        asyncio.run(catalogue(Server(said, hang_up=True)))


def test_a_server_that_greets_and_waits_is_named_too() -> None:
    """As SSH and mail do; asked again, it would wait again."""
    trouble = failure_of(asked(Server(b"SSH-2.0-OpenSSH_9.6\r\n")))
    assert trouble.action is Action.DRAW
    assert "it begins with 'SSH-2.0-OpenSSH_9.6'" in trouble.reason


def test_headers_without_end_are_left_after_100_kb() -> None:
    """They are neither held in memory nor read to their end."""
    exchange = asked(Server(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200_000))
    assert "the headers of 100 KiB and more" in failure_of(exchange).reason


def test_an_odd_status_of_success_and_many_interim_ones_are_an_answer() -> None:
    """Any status from 200 to 299, after however many of 1xx."""
    storm = b"HTTP/1.1 102 Processing\r\n\r\n" * 50
    for server in (Server(whole(ANSWER, status="299 Odd")), Server(storm + whole(ANSWER))):
        assert isinstance(asked(server).result, Reply)


def test_a_second_answer_on_a_connection_is_not_that_of_the_next_request() -> None:
    """What comes beyond an answer is dropped with its connection; the next request gets its own answer."""
    split = whole(ANSWER) + whole(ANSWER.replace(b"gen-1", b"smuggled"))

    async def run() -> list[Exchange]:
        async with (
            Server(split, whole(ANSWER.replace(b"gen-1", b"gen-2"))) as server,
            OpenRouter(server.base, key=None, concurrency=1, timeouts=QUICK) as client,
        ):
            return [await client.complete({}, mode="text") for _ in range(3)]

    assert [exchange.result.generation for exchange in asyncio.run(run())] == ["gen-1", "gen-2", "gen-2"]


@pytest.mark.parametrize(
    ("status", "remedy"),
    [("407 Proxy Authentication Required", "name:password@host"), ("511 Network", "log in, then run again")],
)
def test_a_login_between_us_and_the_server_ends_the_run(status: str, remedy: str) -> None:
    """Nothing reached the server, so nothing was billed; the catalogue has the same remedy."""
    page = b"<html><title>Log in</title>"
    trouble = failure_of(asked(Server(whole(page, status=status))))
    assert (trouble.action, trouble.cost_usd) == (Action.RUN, NOTHING)
    assert remedy in trouble.reason
    with pytest.raises(CollectError, match=remedy):
        asyncio.run(catalogue(Server(whole(page, status=status))))


@pytest.mark.parametrize(
    "server", [Server(whole(ANSWER), drip_s=0.05), Server(b"HTTP/1.1 200 OK\r\n")], ids=["drip", "hangs"]
)
def test_an_answer_that_takes_too_long_is_not_asked_again(server: Server) -> None:
    """The model may have run, and been billed: the sentence names what to change."""
    exchange = asked(server)
    trouble = failure_of(exchange)
    assert trouble.action is Action.DRAW
    assert trouble.cost_usd is None
    assert "--timeout or timeout_s" in trouble.reason


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (Server(whole(b"x" * (MOST_BYTES + 1))), "longer than 1 MiB"),
        (Server(whole(gzip.compress(bytes(10**6)), headers="content-encoding: gzip\r\n")), "compressed"),
    ],
    ids=["endless", "bomb"],
)
def test_what_is_not_read_to_its_end_is_not_asked_for_again(server: Server, reason: str) -> None:
    """It would come as it came, and be billed as it was."""
    exchange = asked(server)
    trouble = failure_of(exchange)
    assert (trouble.action, trouble.cost_usd) == (Action.DRAW, None)
    assert reason in trouble.reason
    assert exchange.body is None


def test_a_request_that_was_never_sent_cost_nothing() -> None:
    """Nobody listens: no connection, no bill, ask again."""

    async def run() -> Exchange:
        async with OpenRouter("http://127.0.0.1:9/api/v1", key=None, concurrency=1) as client:
            return await client.complete({}, mode="text")

    trouble = failure_of(asyncio.run(run()))
    assert (trouble.action, trouble.cost_usd) == (Action.AGAIN, NOTHING)
    assert "no connection" in trouble.reason


def test_the_key_is_in_no_error_log_or_stored_answer(caplog: pytest.LogCaptureFixture) -> None:
    """A server that repeats the key in its answer, its error and its headers, at every log level."""
    caplog.set_level(logging.DEBUG)
    echo = json.dumps({"error": {"code": 400, "message": f"bad key {KEY}"}}).encode()
    exchange = asked(Server(whole(echo, status="400 Bad Request", headers=f"x-echo: {KEY}\r\n")))
    assert KEY not in failure_of(exchange).reason
    assert KEY.encode() not in not_none(exchange.body)
    assert KEY not in repr(exchange.result)
    assert KEY not in caplog.text
    key = Key(KEY)
    assert KEY not in repr(key) + str(key) + f"{key}"


@pytest.mark.parametrize("key", [KEY + "\nx-evil: 1", KEY + "\x00", f"{KEY} two", "schlüssel"])
def test_a_key_no_header_can_carry_is_refused_without_showing_it(key: str) -> None:
    """The sentence names the variable, not its value."""
    with pytest.raises(UsageError, match="OPENROUTER_API_KEY: has characters that no key has") as caught:
        Key(key)
    assert key[:8] not in "".join(traceback.format_exception(caught.value)).replace("Key(key)", "")


@pytest.mark.parametrize(
    "base",
    [
        "openrouter.ai/api/v1",
        "ftp://host/v1",
        "https://",
        "https://user:pw@host/v1",
        "http://h/?q=1",
        "http://h/v1?",
        "http://h/v1#",
        "http://h:99999/v1",
        "http://h:0/v1",
        "http://h:x/v1",
        "http://[::1/v1",
        "http://xn--/v1",
        "http://h/v1\n/models",
        "http://user:pw@[::1/v1",
    ],
)
def test_an_address_that_is_none_is_told(base: str) -> None:
    """Before anything is sent, and without a password in it."""
    with pytest.raises(UsageError, match="--api-base") as caught:
        OpenRouter(base, key=None, concurrency=1)
    assert "pw" not in str(caught.value)


def test_the_scheme_of_an_address_may_be_in_capitals() -> None:
    """It means TLS all the same, and the key is sent."""
    assert not OpenRouter(" HTTPS://host/v1/ ", key=Key(KEY), concurrency=1).key_withheld


def test_the_key_is_not_sent_in_the_clear_to_another_machine() -> None:
    """Over TLS, or to this machine, or not at all."""
    assert OpenRouter("https://host/api/v1", key=Key(KEY), concurrency=1)._key is not None
    assert OpenRouter("http://127.0.0.1:1/v1", key=Key(KEY), concurrency=1)._key is not None
    assert OpenRouter("http://host/api/v1", key=Key(KEY), concurrency=1)._key is None


def ask_beside(server: Server, question: Callable[[OpenRouter], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with server, OpenRouter(server.base, key=Key(KEY), concurrency=1, timeouts=QUICK) as client:
            return await question(client)

    return asyncio.run(run())


def test_what_is_left_is_asked_for_and_need_not_be_told() -> None:
    """`/key` with a limit, without one, absent, and refused."""
    left = b'{"data": {"limit_remaining": 12.5}}'
    assert ask_beside(Server(whole(left)), OpenRouter.limit_usd) == usd(12.5)
    assert ask_beside(Server(whole(b"", status="404 Not Found")), OpenRouter.limit_usd) is None
    assert ask_beside(Server(b"", hang_up=True), OpenRouter.limit_usd) is None
    with pytest.raises(CollectError, match="the key was not accepted"):
        ask_beside(Server(whole(b"", status="401 Unauthorized")), OpenRouter.limit_usd)


@pytest.mark.parametrize(
    "server",
    [
        Server(whole(b"<html>")),
        Server(whole(b"{}", status="405 Oops")),
        Server(b"", hang_up=True),
        Server(whole(b"[" * 100_000)),
    ],
)
def test_a_catalogue_that_cannot_be_had_is_a_sentence(server: Server) -> None:
    """It names the address and asks whether it is right."""
    with pytest.raises(CollectError, match=r"127\.0\.0\.1:\d+/api/v1/models: .* is --api-base right"):
        ask_beside(server, lambda client: client.get("/models"))


@pytest.mark.parametrize(
    ("scheme", "remedy"), [("http", ", or should it begin with https://?"), ("https", "?")]
)
def test_a_server_that_closes_at_once_may_speak_tls(scheme: str, remedy: str) -> None:
    """As some servers of TLS do with a plain request."""

    async def run() -> None:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        base = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        async with server, OpenRouter(base, key=None, concurrency=1) as client:
            await client.get("/models")

    with pytest.raises(CollectError, match=re.escape(f"; is --api-base right{remedy}")):
        asyncio.run(run())


def test_a_server_that_still_loads_its_model_is_not_a_wrong_address() -> None:
    """As llama.cpp's is for the first seconds."""
    loading = b'{"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}'
    server = Server(whole(loading, status="503 Service Unavailable"))
    with pytest.raises(
        CollectError, match=r"HTTP 503 \(Loading model\): the server is not ready; wait a moment"
    ):
        ask_beside(server, lambda client: client.get("/models"))
