"""Everyday proxy settings: followed over real HTTP, or one sentence that names the variable."""

import asyncio
import importlib.util
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from flipsite.collect.client import OpenRouter
from flipsite.collect.responses import Action, Failure
from flipsite.domain.money import NOTHING
from flipsite.errors import CollectError, UsageError

ELSEWHERE = "http://llm.invalid/v1"
CATALOGUE = {"data": [{"id": "a/b"}]}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@contextmanager
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy on loopback that answers itself; yields its host and port, and what it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            asked.append(self.path)
            body = json.dumps(CATALOGUE).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def models(base: str = ELSEWHERE) -> Any:
    """The catalogue, as `flipsite models` asks for it."""

    async def ask() -> Any:
        async with OpenRouter(base, key=None, concurrency=1) as client:
            return await client.get("/models")

    return asyncio.run(ask())


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("form", ["http://{}", "{}", " http://{}/ "])
def test_a_proxy_of_the_environment_is_asked(
    monkeypatch: pytest.MonkeyPatch, variable: str, form: str
) -> None:
    """By each variable in either case, with and without a scheme."""
    with proxy() as (place, asked):
        monkeypatch.setenv(variable, form.format(place))
        assert models() == CATALOGUE
    assert asked == [f"{ELSEWHERE}/models"]


def test_this_machine_and_what_is_exempt_are_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy() as (place, asked):
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        assert models(f"http://{place}/v1") == CATALOGUE
        monkeypatch.setenv("no_proxy", "llm.invalid")
        with pytest.raises(CollectError) as found:
            models()
    assert asked == ["/v1/models"]
    assert "proxy" not in str(found.value)


def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with pytest.raises(CollectError, match=r"no connection .*the proxy is the one that ALL_PROXY names"):
        models()


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        ("407 Proxy Authentication Required", "the proxy wants a name and a password"),
        ("502 Bad Gateway", "the proxy gives no connection; the proxy is the one that HTTPS_PROXY names"),
    ],
)
def test_a_proxy_that_refuses_a_tunnel_is_named_and_its_password_is_not(
    monkeypatch: pytest.MonkeyPatch, status: str, remedy: str
) -> None:
    """Nothing was sent through it, so it cost nothing."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode())
        writer.close()

    async def ask() -> tuple[Failure, str]:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:s3cret@{place}")
        async with server, OpenRouter("https://llm.invalid/v1", key=None, concurrency=1) as client:
            with pytest.raises(CollectError) as caught:
                await client.get("/models")
            result = (await client.complete({}, mode="text")).result
            assert isinstance(result, Failure)
            return result, str(caught.value)

    failure, sentence = asyncio.run(ask())
    assert failure.cost_usd == NOTHING
    assert failure.action is (Action.RUN if status.startswith("407") else Action.AGAIN)
    assert remedy in failure.reason
    assert remedy in sentence
    assert "s3cret" not in failure.reason + sentence


@pytest.mark.parametrize("address", ["http://127.0.0.1:port", "ftp://127.0.0.1:9", "http://", "http://h:0"])
def test_what_is_no_address_of_a_proxy_is_a_sentence(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("http_proxy", address)
    with pytest.raises(UsageError, match=r"^http_proxy: no proxy's address; .*Correct it, or unset it\.$"):
        models()


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks", "SOCKS5"])
def test_a_socks_proxy_takes_the_extra(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """Without it one sentence names the variable and the extra; with it the proxy is asked."""
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:9")
    if importlib.util.find_spec("socksio") is None:
        with pytest.raises(
            UsageError, match=r"^ALL_PROXY: .* install flipsite\[socks\], or unset ALL_PROXY\.$"
        ):
            models()
    else:
        with pytest.raises(CollectError, match="the proxy is the one that ALL_PROXY names"):
            models()
