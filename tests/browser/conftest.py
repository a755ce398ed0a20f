"""A real Chromium over a real site, from file:// and under a folder of a local server.

Debian's browser is used as it is; nothing is downloaded. Whatever a page says on its console, and whatever it
asks of another host, fails the test.
"""

import fcntl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.flips import scratch_project
from tests.windows import Windows

from flipsite.project import find_project
from flipsite.workflows.build import build

ADDRESS = "http://flips.localhost/repo"


@pytest.fixture(scope="session")
def site(run_folder: Path) -> Path:
    """The shipped studies and one with draws, among them hostile answers; built once for all workers."""
    out = run_folder / "www" / "repo"
    with (run_folder / "www.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.is_dir():
            build(find_project(scratch_project(run_folder / "flips")), out=out, base_url=ADDRESS)
    return out


@pytest.fixture(scope="session")
def proxy(site: Path) -> Iterator[str]:
    """A server of this worker's own that answers for the site's address, which all workers share."""

    class Answering(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            """The file; what asks a proxy names the host too."""
            return super().translate_path(urlsplit(path).path)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Answering, directory=str(site.parent))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def served(proxy: str) -> str:
    """The address under which a server has the site: a folder `/repo`."""
    return ADDRESS


@pytest.fixture(scope="session")
def windows(browser: Browser, proxy: str) -> Windows:
    return Windows(browser, proxy={"server": proxy})


@pytest.fixture(scope="session")
def opened(windows: Windows, site: Path) -> Callable[..., Any]:
    """Visit a page of the site; its console and its requests are looked through when it is left."""

    @contextmanager
    def visit(path: str, *, root: str | None = None, **options: Any) -> Iterator[Page]:
        base = root or site.as_uri()
        with windows.visit(f"{base}/{path}", **options) as window:
            yield window.page
            assert window.said == []
            ours = (base.removesuffix("/repo"), "data:", "blob:")
            assert [url for url in window.asked if not url.startswith(ours)] == []

    return visit
