"""A real Chromium over a real site, from file:// and under a folder of a local server.

Debian's browser is used as it is; nothing is downloaded. Whatever a page says on its console, and whatever it
asks of another host, fails the test.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.flips import scratch_project

from flipsite.project import find_project
from flipsite.workflows.build import build


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address under which a local server has the site: a folder `/repo`."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    folder = tmp_path_factory.mktemp("www")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        address = f"http://127.0.0.1:{server.server_port}/repo"
        project = scratch_project(tmp_path_factory.mktemp("project"))
        build(find_project(project), out=folder / "repo", base_url=address)
        SITES[address] = folder / "repo"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield address
        server.shutdown()


SITES: dict[str, Path] = {}


@pytest.fixture(scope="session")
def site(served: str) -> Path:
    """The shipped studies and one with draws, among them hostile answers."""
    return SITES[served]


@pytest.fixture
def opened(opening: Callable[..., Any]) -> Callable[..., Any]:
    """Open a page of the site in a fresh context; see `visit`."""
    return opening


@pytest.fixture(scope="session")
def opening(browser: Browser, site: Path) -> Callable[..., Any]:
    """The same for what several tests look at together."""

    def go(path: str, *, root: str | None = None, **options: Any) -> Any:
        return visit(browser, f"{root or site.as_uri()}/{path}", **options)

    return go


@contextmanager
def visit(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    """A page at this address; its console and its requests are looked through when it is left."""
    options = {"viewport": {"width": 1280, "height": 900}, **options}
    context = browser.new_context(**options)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    root = address.split("/repo/", maxsplit=1)[0]
    try:
        page.goto(address)
        yield page
        assert said == []
        assert [url for url in asked if not url.startswith((root, "data:", "blob:"))] == []
    finally:
        context.close()
