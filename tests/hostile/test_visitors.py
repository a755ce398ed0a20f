"""The preview against visitors that nobody invited: raw bytes, many connections, slow ones, other names.

`tests/write/test_serving.py` has what it serves, and the first addresses and names it refuses.
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from flipsite.write.serve import server as server_module
from flipsite.write.serve.livereload import Broadcast, State
from flipsite.write.serve.server import PreviewServer
from flipsite.write.site.manifest import NAME, Manifest

SECRET = "canary-of-the-secret"  # noqa: S105 (what must not be found)
PAGE = "<!doctype html><title>Coins</title><p>Coins"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site of a page, a folder and a picture; beside it, above it and linked from it lies a secret."""
    site = tmp_path / "site"
    (site / "s").mkdir(parents=True)
    for path in ("index.html", "s/index.html"):
        (site / path).write_text(PAGE)
    (site / "s" / "big.parquet").write_bytes(os.urandom(4_000_000))
    pages = ("index.html", "s/index.html", "s/big.parquet")
    outputs = dict.fromkeys([*pages, "s/out", "s/twice", "s/folder/secret"], "")
    (site / NAME).write_bytes(Manifest(version="1", inputs={}, outputs=outputs).text())
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "site-more").mkdir()
    (tmp_path / "site-more" / "secret").write_text(SECRET)
    (site / ".env").write_text(SECRET)
    (site / "s" / "out").symlink_to(tmp_path / "secret")
    (site / "s" / "twice").symlink_to("out")
    (site / "s" / "folder").symlink_to(tmp_path / "site-more")
    return site


@contextmanager
def served(site: Path) -> Iterator[PreviewServer]:
    server = PreviewServer(("127.0.0.1", 0), site=site, broadcast=Broadcast(State(version="v1")))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.broadcast.close()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server(site: Path) -> Iterator[PreviewServer]:
    with served(site) as server:
        yield server


def connect(server: PreviewServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.server_port), timeout=60)


def rest(connection: socket.socket) -> bytes:
    """All that still comes, until the other side hangs up."""
    answer = b""
    try:
        while piece := connection.recv(65536):
            answer += piece
    except ConnectionResetError:  # it hung up while we had more to say
        pass
    return answer


def say(server: PreviewServer, request: bytes) -> bytes:
    with connect(server) as connection:
        with suppress(OSError):  # it may have hung up already
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        return rest(connection)


def get(target: bytes, *, host: bytes = b"localhost", method: bytes = b"GET", more: bytes = b"") -> bytes:
    return (
        method + b" " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n" + more + b"\r\n"
    )


OUTSIDE = [
    *(b"/%252e%252e/secret", b"/%252e%252e%252fsecret", b"/s/%2e%2e%2f%2e%2e%2fsecret"),
    *(b"/%c0%ae%c0%ae/secret", b"/%e0%80%ae%e0%80%ae/secret", b"/\xc0\xae\xc0\xae/secret"),
    *(b"/%ef%bc%8e%ef%bc%8e/secret", b"/..;/secret", b"/.%00./secret", b"/..%00/secret", b"/secret%00.html"),
    *(b"/..%5csecret", b"/%5c..%5c..%5csecret", b"/\\..\\secret", b"/s\\..\\..\\secret", b"/C:/secret"),
    *(b"/../site-more/secret", b"/../site/../secret", b"//secret", b"///../secret", b"/./../secret"),
    *(b"/s/out", b"/s/twice", b"/s/folder/secret", b"/s/folder/", b"/s/folder", b"/.env", b"/%2eenv"),
    *(b"/?/../secret", b"/#/../secret", b"/secret#", b"/%2f%2e%2e%2fsecret", b"/s%2f..%2f..%2fsecret"),
    *(b"http://localhost/../secret", b"file:///secret", b"*", b"?", b"\\secret", b"~/secret"),
]


@pytest.mark.parametrize("target", [*OUTSIDE, b"/ABSOLUTE", b"//ABSOLUTE"])
def test_no_spelling_of_a_path_leads_outside(server: PreviewServer, site: Path, target: bytes) -> None:
    """Encoded once or twice, overlong, wide, cut by NUL, turned, linked, absolute: never the secret."""
    target = target.replace(b"ABSOLUTE", str(site.parent / "secret").lstrip("/").encode())
    answer = say(server, get(target))
    assert SECRET.encode() not in answer
    assert answer.split(b" ")[1] in {b"200", b"302", b"400", b"404"}
    if answer.split(b" ")[1] == b"200":
        assert b"<p>Coins" in answer  # what stands before ? or # is the site's own page
    if b"Location:" in answer:
        location = answer.partition(b"Location: ")[2].partition(b"\r\n")[0]
        assert location.startswith(b"/")
        assert not location.startswith((b"//", b"/\\"))


def test_no_folder_is_listed(server: PreviewServer, site: Path) -> None:
    """A folder without a page of its own is missing, whatever the address ends in."""
    (site / "bare").mkdir()
    (site / "bare" / "hidden-name.txt").write_text("x")
    for target in (b"/bare/", b"/bare", b"/bare/.", b"/bare/?C=M;O=D", b"/bare//"):
        assert b"hidden-name" not in say(server, get(target))


@pytest.mark.parametrize(
    "target", [b"/notes.html", b"/s/notes/", b"/s/draft.txt", b"/.flipsite/cache.sqlite"]
)
def test_only_what_the_manifest_lists_is_served(server: PreviewServer, site: Path, target: bytes) -> None:
    """Files in the site's folder that flipsite did not write are not served."""
    for place in ("notes.html", "s/notes/index.html", "s/draft.txt"):
        (site / place).parent.mkdir(exist_ok=True)
        (site / place).write_text(SECRET)
    answer = say(server, get(target))
    assert answer.split(b" ")[1] == b"404"
    assert SECRET.encode() not in answer


NAMES = [
    *(b"evil.example", b"evil.example:80", b"127.0.0.1.evil.example", b"localhost.evil.example"),
    *(b"evil.example#localhost", b"evil.example/localhost", b"user@evil.example", b"localhost@evil.example"),
    *(b"192.168.1.5", b"10.0.0.1", b"[fe80::1]", b"0x7f000001", b"2130706433", b"127.1", b"localhostt"),
    *(b"xn--localhost-", b"LOCALHOST\x00.evil.example", b"localhost, evil.example", b"", b" ", b":80"),
    *(b"[::1", b"[::1]evil.example", b"[localhost]", b"::1"),
]


@pytest.mark.parametrize("name", NAMES)
def test_no_other_name_gets_an_answer(server: PreviewServer, name: bytes) -> None:
    """A page elsewhere that gives its name this machine's number learns nothing, nor hears of changes."""
    for target in (b"/index.html", b"/.flipsite/events", b"/.flipsite/reload.js"):
        answer = say(server, get(target, host=name))
        assert answer.split(b" ")[1] in {b"400", b"403"}
        assert b"Coins" not in answer
        assert b"version" not in answer


@pytest.mark.parametrize(
    "method", [b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"CONNECT", b"MKCOL", b"PROPFIND"]
)
def test_nothing_can_be_written(server: PreviewServer, site: Path, method: bytes) -> None:
    """405 to each, with a body or without; the site is as it was, and a body is not the next request."""
    before = sorted((path, path.stat().st_mtime_ns) for path in site.rglob("*"))
    body = get(b"/index.html")
    more = b"Content-Length: %d\r\n" % len(body)
    answer = say(server, get(b"/index.html", method=method, more=more) + body)
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"Allow: GET, HEAD" in answer
    assert answer.count(b"HTTP/1.1 ") == 1
    assert sorted((path, path.stat().st_mtime_ns) for path in site.rglob("*")) == before


SMUGGLED = {
    "two lengths": b"Content-Length: 0\r\nContent-Length: 45\r\n",
    "length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "chunks": b"Transfer-Encoding: chunked\r\n",
    "folded": b"X: a\r\n Transfer-Encoding: chunked\r\n",
    "two names": b"Host: evil.example\r\n",
}


@pytest.mark.parametrize("case", SMUGGLED)
def test_a_request_hides_no_other(server: PreviewServer, case: str) -> None:
    """One answer at most to what could be read as one request or as two."""
    hidden = b"0\r\n\r\n" + get(b"/s/index.html")
    head = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n" + SMUGGLED[case] + b"\r\n"
    answer = say(server, head + hidden)
    assert answer.count(b"HTTP/1.1 200") == 0 if case != "folded" else answer.count(b"HTTP/1.1 200") <= 1


NO_REQUESTS = {
    "nothing": b"\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "http/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a line too long": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    "a header too long": get(b"/", more=b"X: " + b"a" * 100_000 + b"\r\n"),
    "headers too many": get(b"/", more=b"".join(b"X%d: a\r\n" % place for place in range(5_000))),
    "a nul": b"GET /\0index.html HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no version": b"GET /index.html\r\n\r\n",
    "an old version": b"GET /index.html HTTP/1.0\r\n\r\n",
    "a bare return": b"GET /index.html HTTP/1.1\rHost: localhost\r\r",
    "letters of no code": b"GET /\xff\xfe HTTP/1.1\r\nHost: \xff\r\n\r\n",
}


@pytest.mark.parametrize("case", NO_REQUESTS)
def test_what_is_no_request_gets_a_line_at_most(server: PreviewServer, case: str) -> None:
    """Nothing of the site, no traceback, and the next visitor is served."""
    answer = say(server, NO_REQUESTS[case])
    assert b"Coins" not in answer
    assert b"Traceback" not in answer
    assert len(answer) < 1_000
    assert b"<p>Coins" in say(server, get(b"/index.html"))


@pytest.mark.parametrize(
    "asked",
    [b"bytes=0-3", b"bytes=5-", b"bytes=-5", b"bytes=9-1", b"bytes=0-1,3-4,0-0", b"bytes=" + b"0-0," * 5_000],
)
def test_a_range_is_the_whole_file_or_none(server: PreviewServer, site: Path, asked: bytes) -> None:
    """The preview knows no ranges and says so by sending all; HEAD tells its length and sends nothing."""
    more = b"Range: " + asked + b"\r\n"
    whole = (site / "s/big.parquet").read_bytes()
    head, _, body = say(server, get(b"/s/big.parquet", more=more)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"Content-Range" not in head
    assert body == whole
    head, _, body = say(server, get(b"/s/big.parquet", method=b"HEAD", more=more)).partition(b"\r\n\r\n")
    assert (b"Content-Length: %d\r\n" % len(whole) in head + b"\r\n", body) == (True, b"")


def test_a_request_that_drips_is_hung_up_on(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then does not hold a place; the visitor who comes meanwhile does not wait."""
    monkeypatch.setattr(server_module, "REQUEST_S", 0.6)
    with served(site) as server, connect(server) as slow:
        hung_up = False
        for byte in get(b"/index.html", more=b"X: " + b"y" * 500 + b"\r\n"):
            try:
                slow.sendall(bytes([byte]))
            except ConnectionError:
                hung_up = True
                break
            time.sleep(0.05)
        assert hung_up
        assert b"<p>Coins" in say(server, get(b"/index.html"))


def test_hundreds_of_silent_visitors_hold_a_bounded_number_of_places(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the most there are it hangs up at once; when their time is over, everybody is served again."""
    monkeypatch.setattr(server_module, "REQUEST_S", 0.8)
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 20)
    n_before = threading.active_count()
    with served(site) as server, ExitStack() as stack:
        silent = [stack.enter_context(connect(server)) for _ in range(120)]
        n_threads = []
        for connection in silent:
            n_threads.append(threading.active_count())
            assert rest(connection) == b""
        assert max(n_threads) <= n_before + 1 + 20
        assert b"<p>Coins" in say(server, get(b"/index.html"))


def test_who_takes_nothing_in_holds_no_more_than_one_place(server: PreviewServer) -> None:
    """A visitor who never reads four megabytes keeps nobody else waiting."""
    with connect(server) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(get(b"/s/big.parquet"))
        for _ in range(20):
            assert b"<p>Coins" in say(server, get(b"/index.html"))


@pytest.mark.slow
def test_the_command_listens_to_this_machine_alone_unless_told(tmp_path: Path) -> None:
    """`flipsite serve` is found at 127.0.0.1 and at no other address of the machine."""
    (tmp_path / "content" / "studies").mkdir(parents=True)
    command = [sys.executable, "-m", "flipsite", "serve", "--port", "0", "--no-watch"]
    with Popen(command, cwd=tmp_path, stdout=PIPE, text=True) as child:
        assert child.stdout
        try:
            line = next(line for line in child.stdout if "http://" in line)
            assert "http://127.0.0.1:" in line
            port = int(line.partition("127.0.0.1:")[2].partition("/")[0])
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
            for other in ("127.0.0.2", socket.gethostbyname(socket.gethostname()), "::1"):
                if other != "127.0.0.1":
                    with pytest.raises(OSError, match=r"refused|unreachable|assign"):
                        socket.create_connection((other, port), timeout=10)
        finally:
            child.terminate()
