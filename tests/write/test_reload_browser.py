"""A page that is open in a real browser follows the site."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.write.sites import FILES, page, write_site

from flipsite.write.serve.livereload import Broadcast, State
from flipsite.write.serve.preview import site_version
from flipsite.write.serve.server import PreviewServer

pytestmark = pytest.mark.browser


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 800, "height": 600})
    yield context.new_page()
    context.close()


def long_page(word: str) -> str:
    return page("\n".join(f"<p>{word} {n}</p>" for n in range(400)))


def test_an_open_page_reloads_keeps_its_place_and_shows_a_failed_build(
    tmp_path: Path, browser_page: Page
) -> None:
    """Under the page's own strict policy, without a complaint on the console."""
    site = write_site(tmp_path / "site", {**FILES, "index.html": long_page("first")})
    server = PreviewServer(
        ("127.0.0.1", 0), site=site, broadcast=Broadcast(State(version=site_version(site)))
    )
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    complaints: list[str] = []
    browser_page.on("console", lambda message: complaints.append(message.text))
    browser_page.on("pageerror", lambda error: complaints.append(str(error)))
    browser_page.goto(f"http://127.0.0.1:{server.server_port}/")
    expect(browser_page.get_by_text("first 399")).to_be_attached()
    browser_page.evaluate("window.scrollTo(0, 5000)")

    server.broadcast.announce(error="story.md:3: <b>no such table</b>")
    notice = browser_page.get_by_role("alert")
    expect(notice).to_contain_text("story.md:3: <b>no such table</b>")
    expect(browser_page.get_by_text("first 399")).to_be_attached()

    write_site(site, {**FILES, "index.html": long_page("second")})
    server.broadcast.announce(version=site_version(site))
    expect(browser_page.get_by_text("second 399")).to_be_attached()
    expect(notice).to_have_count(0)
    browser_page.wait_for_function("() => window.scrollY === 5000")
    assert complaints == []
    server.broadcast.close()
    server.shutdown()
    server.server_close()


def test_a_page_that_waits_for_the_first_site_turns_into_it(tmp_path: Path, browser_page: Page) -> None:
    server = PreviewServer(
        ("127.0.0.1", 0), site=tmp_path / "site", broadcast=Broadcast(State(version="none", error="one"))
    )
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    browser_page.goto(f"http://127.0.0.1:{server.server_port}/")
    expect(browser_page.locator("#flipsite-reason")).to_have_text("one")
    server.broadcast.announce(error="two")
    expect(browser_page.locator("#flipsite-reason")).to_have_text("two")
    server.broadcast.announce(version=site_version(write_site(tmp_path / "site")))
    expect(browser_page.get_by_role("heading", name="Coins")).to_be_visible()
    server.broadcast.close()
    server.shutdown()
    server.server_close()
