"""The preview serves the site it is given, to this machine, and nothing else."""

import json
import os
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.write.sites import FILES, POLICY, page, write_site

from flipsite.write.serve.livereload import SCRIPT, Broadcast, State, amended
from flipsite.write.serve.server import PreviewServer, answers_to, find_file
from flipsite.write.site.replace import replace_site


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_site(tmp_path / "site")


@pytest.fixture
def server(site: Path) -> Iterator[PreviewServer]:
    server = PreviewServer(("127.0.0.1", 0), site=site, broadcast=Broadcast(State(version="v1")))
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.broadcast.close()
    server.shutdown()
    server.server_close()
    thread.join()


def ask(
    server: PreviewServer, path: str, *, method: str = "GET", **headers: str
) -> tuple[HTTPResponse, bytes]:
    """One request on a connection of its own."""
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def say(server: PreviewServer, request: bytes) -> bytes:
    """Raw bytes, as no honest client would send them; the answer to the end of the connection."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=30) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


def test_a_page_is_served_with_the_reloading_script_and_the_file_stays_as_it_was(
    server: PreviewServer, site: Path
) -> None:
    response, body = ask(server, "/s/index.html")
    script = b'<script src="/.flipsite/reload.js" data-version="v1"></script></body>'
    assert (response.status, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert response.headers["Cache-Control"] == "no-store"
    assert script in body
    assert body.replace(script, b"</body>").count(b"<script") == FILES["s/index.html"].count("<script")
    assert (site / "s/index.html").read_text() == FILES["s/index.html"]
    assert ask(server, "/.flipsite/reload.js")[1] == SCRIPT


@pytest.mark.parametrize(
    ("policy", "served"),
    [
        ("default-src 'none'", "default-src 'none'; script-src 'self'; connect-src 'self'"),
        ("script-src 'none'; img-src *", "script-src 'self'; img-src *; connect-src 'self'"),
        (POLICY, POLICY.rstrip(";")),
    ],
)
def test_a_policy_is_widened_by_the_reloading_script_and_no_more(policy: str, served: str) -> None:
    assert amended(policy) == served
    assert amended(served) == served


def test_a_policy_with_escaped_quotes_is_widened_too(server: PreviewServer, site: Path) -> None:
    (site / "x.html").write_text(page(policy="default-src &#39;none&#39;"))
    assert b"default-src &#x27;none&#x27;; script-src &#x27;self&#x27;" in ask(server, "/x.html")[1]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.css", "text/css; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.csv", "text/csv; charset=utf-8"),
        ("a.md", "text/markdown; charset=utf-8"),
        ("a.xml", "application/xml"),
        ("a.parquet", "application/vnd.apache.parquet"),
        ("a.SVG", "image/svg+xml"),
        ("a.png", "image/png"),
        ("a.woff2", "font/woff2"),
        ("LICENSE", "application/octet-stream"),
    ],
)
def test_a_file_comes_whole_and_with_its_type(
    server: PreviewServer, site: Path, name: str, kind: str
) -> None:
    replace_site({name: (content := os.urandom(300_000))}, site, version="1", inputs={})
    response, body = ask(server, f"/{name}?v=1")
    assert (response.status, response.headers["Content-Type"], body) == (200, kind, content)
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_folder_is_its_index_and_never_a_listing(server: PreviewServer) -> None:
    assert b"<h1>Coins" in ask(server, "/")[1]
    assert b"<h1>Coins" in ask(server, "/s/")[1]
    response, _ = ask(server, "/s?x=1")
    assert (response.status, response.headers["Location"]) == (302, "/s/")
    assert ask(server, "/assets/")[0].status == 404


def test_what_is_missing_gets_the_sites_own_page(server: PreviewServer, site: Path) -> None:
    response, body = ask(server, "/s/nothing/here.html")
    assert (response.status, b"<h1>Coins" in body, b"reload.js" in body) == (404, True, True)
    (site / "404.html").unlink()
    assert b"<h1>No such page" in ask(server, "/<b>.html")[1]
    assert b"<b>" not in ask(server, "/<b>.html")[1]


SECRETS = [
    "/../secret.html",
    "/s/../../secret.html",
    "/%2e%2e/secret.html",
    "/%2e%2e%2fsecret.html",
    "/..%2fsecret.html",
    "/..%5csecret.html",
    "/..\\secret.html",
    "//../secret.html",
    "/link.html",
    "/up/secret.html",
    "/index.html%00.css",
    "/%00",
    "/%ff",
    "/.git/config",
    "/s/./index.html",
    "/loop",
    "/pipe",
    "/" + "x" * 5000,
    "secret.html",
]


@pytest.mark.parametrize("path", SECRETS)
def test_no_address_leads_out_of_the_site(server: PreviewServer, site: Path, path: str) -> None:
    (site.parent / "secret.html").write_text("secret")
    (site / "link.html").symlink_to("../secret.html")
    (site / "up").symlink_to("..")
    (site / "loop").symlink_to("loop")
    (site / ".git").mkdir()
    (site / ".git/config").write_text("secret")
    os.mkfifo(site / "pipe")
    answer = say(server, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"secret" not in answer.replace(path.encode(), b"")


@pytest.fixture(scope="module")
def walled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("walled")
    (root / "secret").write_text("secret")
    return write_site(root / "site")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    address=st.lists(
        st.sampled_from([*"/.%?#\\0", "..", "%2f", "%2e", "s", "index.html", "secret", "\0"])
    ).map("".join)
)
def test_whatever_is_asked_only_files_of_the_site_are_found(walled: Path, address: str) -> None:
    found = find_file(walled, address)
    assert not isinstance(found, Path) or found.is_relative_to(walled)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_nothing_is_taken_in(server: PreviewServer, method: str) -> None:
    response, _ = ask(server, "/index.html", method=method)
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")


def test_head_is_get_without_the_body(server: PreviewServer) -> None:
    for path in ("/index.html", "/assets/coin.svg", "/nothing", "/s"):
        get, _ = ask(server, path)
        head, body = ask(server, path, method="HEAD")
        assert body == b""
        assert [(k, v) for k, v in head.getheaders() if k != "Date"] == [
            (k, v) for k, v in get.getheaders() if k != "Date"
        ]


@pytest.mark.parametrize(
    ("host", "bound", "is_answered"),
    [
        ("localhost", "127.0.0.1", True),
        ("LOCALHOST.:8000", "127.0.0.1", True),
        ("127.0.0.1:8000", "127.0.0.1", True),
        ("127.8.9.1", "127.0.0.1", True),
        ("[::1]:8000", "::1", True),
        ("coins.localhost:8000", "127.0.0.1", True),
        ("evil.example", "127.0.0.1", False),
        ("evil.example:8000", "0.0.0.0", False),  # noqa: S104 (told, not bound)
        ("localhost.evil.example", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("192.168.1.5", "127.0.0.1", False),
        ("192.168.1.5:8000", "192.168.1.5", True),
        ("192.168.1.5", "0.0.0.0", True),  # noqa: S104 (told, not bound)
        (socket.gethostname(), "::", True),
        ("mybox:8000", "mybox", True),
        ("", "127.0.0.1", False),
        (None, "127.0.0.1", False),
        ("[", "127.0.0.1", False),
    ],
)
def test_only_this_machines_names_are_answered(host: str | None, bound: str, is_answered: bool) -> None:
    assert answers_to(host, bound=bound) is is_answered


def test_a_request_under_a_strange_name_gets_nothing(server: PreviewServer) -> None:
    response, body = ask(server, "/index.html", Host="evil.example")
    assert (response.status, b"Coins" in body) == (403, False)
    assert ask(server, "/.flipsite/events", Host="evil.example")[0].status == 403
    assert say(server, b"GET /index.html HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 403 ")
    twice = b"GET /index.html HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"
    assert say(server, twice).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    "request_line", [b"GET", b"\x16\x03\x01", b"GET / HTTP/9.9", b"x" * 70_000, b"GET / x HTTP/1.1"]
)
def test_what_is_no_request_is_refused_in_a_line(server: PreviewServer, request_line: bytes) -> None:
    answer = say(server, request_line + b"\r\nHost: localhost\r\n\r\n")
    assert answer == b"" or b"Coins" not in answer
    assert ask(server, "/index.html")[0].status == 200


def test_a_body_is_not_read_as_the_next_request(server: PreviewServer) -> None:
    answer = say(
        server,
        b"GET /s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\nGET /index.html HTTP/1.1\r\n",
    )
    assert answer.count(b"HTTP/1.1 ") == 1


def test_one_connection_serves_many_requests(server: PreviewServer) -> None:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    for path in ("/index.html", "/assets/coin.svg", "/nothing", "/s/data/draws.csv"):
        connection.request("GET", path)
        sock = connection.sock
        connection.getresponse().read()
        assert connection.sock is sock
    connection.close()


def test_a_page_that_listens_hears_of_each_change(server: PreviewServer) -> None:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    connection.request("GET", "/.flipsite/events")
    response = connection.getresponse()
    assert response.headers["Content-Type"] == "text/event-stream"

    def hear() -> object:
        line = response.readline()
        assert response.readline() == b"\n"
        return json.loads(line.removeprefix(b"data: "))

    assert hear() == {"version": "v1", "error": None}
    server.broadcast.announce(error="content/story.md:3: bad\n</script>")
    assert hear() == {"version": "v1", "error": "content/story.md:3: bad\n</script>"}
    server.broadcast.announce(version="v2")
    assert hear() == {"version": "v2", "error": None}
    server.broadcast.close()
    assert response.read().strip(b":\n") in {b"", b'data: {"version": "v2", "error": null}'}
    connection.close()


def test_before_there_is_a_site_the_reason_is_the_page(tmp_path: Path) -> None:
    server = PreviewServer(
        ("127.0.0.1", 0), site=tmp_path / "none", broadcast=Broadcast(State(version="none"))
    )
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    server.broadcast.announce(error="base.html:7: unexpected '<end>'")
    response, body = ask(server, "/")
    assert response.status == 503
    assert b"base.html:7: unexpected &#x27;&lt;end&gt;&#x27;" in body
    assert b"reload.js" in body
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_server_also_speaks_the_newer_protocol(site: Path) -> None:
    server = PreviewServer(("::1", 0), site=site, broadcast=Broadcast(State(version="v1")))
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    connection = HTTPConnection("::1", server.server_port, timeout=30)
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    connection.close()
    server.shutdown()
    server.server_close()
    thread.join()
