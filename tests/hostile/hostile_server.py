"""A server on loopback that answers as badly as it is told to, and remembers what it was sent."""

import asyncio
import json
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Bytes = AsyncIterator[bytes]
Answer = Callable[["Request"], Bytes] | bytes
"""The response: bytes at once, or piece by piece for as long as the client reads."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came: its path without the query, its head in lower case, its body."""

    path: str
    query: str
    head: str
    body: bytes

    def json(self) -> dict[str, object]:
        loaded: dict[str, object] = json.loads(self.body)
        return loaded


@dataclass(slots=True)
class Hostile:
    """The server's response at each path, and the requests it saw.

    Attributes:
        answers: By the last part of the path, such as `models`; what is not named is 404.
        host: The address to listen at.
        tls: Speaks TLS with this context.
        greeting: Sent to each client, before anything is read; then it hangs up.
        base: Where it listens, as `--api-base` takes it.
        requests: Everything that was asked.
        n_sent: Bytes that were handed to the system.
    """

    answers: Mapping[str, Answer]
    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    greeting: bytes = b""
    base: str = ""
    requests: list[Request] = field(default_factory=list)
    n_sent: int = 0

    def asked(self, path: str) -> list[Request]:
        """Requests at a path."""
        return [request for request in self.requests if request.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.greeting:
                writer.write(self.greeting)
                await writer.drain()
                return
            while head := await reader.readuntil(b"\r\n\r\n"):
                request = await self._request(head, reader)
                self.requests.append(request)
                async for piece in _pieces(self.answers.get(request.path, NOT_FOUND), request):
                    if not piece:
                        return
                    writer.write(piece)
                    await writer.drain()
                    self.n_sent += len(piece)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _request(self, head: bytes, reader: asyncio.StreamReader) -> Request:
        text = head.decode("latin-1").lower()
        length = int(text.partition("content-length: ")[2].split("\r\n")[0] or 0)
        target = urlsplit(head.split(b" ", 2)[1].decode("latin-1"))
        body = await reader.readexactly(length)
        return Request(target.path.rpartition("/")[2], target.query, text, body)


@contextmanager
def serving(hostile: Hostile) -> Iterator[Hostile]:
    """Serve from a thread of its own until the block ends."""
    loop = asyncio.new_event_loop()
    started = threading.Event()

    async def run() -> None:
        server = await asyncio.start_server(hostile.serve, hostile.host, 0, ssl=hostile.tls, backlog=1024)
        scheme, port = ("https" if hostile.tls else "http"), server.sockets[0].getsockname()[1]
        hostile.base = f"{scheme}://{hostile.host}:{port}/api/v1"
        started.set()
        with suppress(asyncio.CancelledError):
            await server.serve_forever()

    async def end() -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # transports close their sockets in the next turn
        loop.stop()

    task = loop.create_task(run())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield hostile
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop)
        thread.join(10)
        assert task.done()
        loop.close()


async def _pieces(answer: Answer, request: Request) -> Bytes:
    if isinstance(answer, bytes):
        yield answer
        return
    async for piece in answer(request):
        yield piece


def whole(body: bytes, *, status: str = "200 OK", **headers: str) -> bytes:
    """An answer with its length, and more headers; `_` in their names stands for `-`."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{lines}\r\n".encode("latin-1") + body


def as_json(value: object, *, status: str = "200 OK", **headers: str) -> bytes:
    return whole(json.dumps(value).encode(), status=status, content_type="application/json", **headers)


NOT_FOUND = whole(b"{}", status="404 Not Found")


def entry(name: str, **changes: object) -> dict[str, object]:
    """A model of the catalogue."""
    return {
        "id": name,
        "name": name,
        "created": 1_757_289_600,
        "context_length": 8192,
        "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
        "pricing": {"prompt": "0.0000001", "completion": "0.0000004"},
        "supported_parameters": ["max_tokens", "temperature"],
    } | changes


def catalogue_of(*names: str) -> bytes:
    return as_json({"data": [entry(name) for name in names]})


def completion(content: object = "Output: 1", **changes: object) -> dict[str, object]:
    """An answer, as the protocol has it."""
    return {
        "id": "gen-1",
        "provider": "Hostile",
        "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": content}}],
        "usage": {"prompt_tokens": 200, "completion_tokens": 20, "cost": 0.00003},
    } | changes
