"""Hostile text on every kind of page, in a real browser: nothing of theirs runs, asks or breaks the page."""

import csv
import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from tests.hostile.hostile_site import hostile_project

from flipsite.present.pages.model.csv import DRAW_KEYS
from flipsite.project import find_project
from flipsite.workflows.build import build
from flipsite.write.check.check import check_site
from flipsite.write.check.findings import Rule

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page, ViewportSize

pytestmark = pytest.mark.browser

PHONE: "ViewportSize" = {"width": 390, "height": 844}
OURS = ("file:", "data:", "blob:", "about:blank")


class Canary:
    """A server that nobody may ask."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        canary = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                canary.asked.append(self.path)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    canary = Canary()
    yield canary
    canary.server.shutdown()
    canary.server.server_close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, canary: Canary) -> Path:
    """The built site of the hostile project."""
    project = hostile_project(tmp_path_factory.mktemp("hostile"), server=canary.address)
    out = project / "site"
    build(find_project(project), out=out, base_url="https://example.org/coins/")
    return out


class Watched:
    """A phone whose pages must run nothing of others and ask nobody."""

    def __init__(self, browser: "Browser", canary: Canary) -> None:
        self.canary, self.ran, self.answered = canary, list[str](), list[str]()
        context = browser.new_context()
        context.expose_function("canary", lambda *_: self.ran.append("canary() was called"))
        self.page = context.new_page()
        self.page.on("dialog", self._dismiss)
        self.page.on("popup", lambda popup: self.ran.append(f"opened {popup.url}"))
        self.page.on("download", lambda download: download.cancel())
        self.page.on("response", lambda response: self.answered.append(response.url))

    def _dismiss(self, dialog: "Dialog") -> None:
        self.ran.append(dialog.message)
        dialog.dismiss()

    def judge(self, address: str) -> None:
        """Fail on every sign of a foreign script or request since the visits began."""
        assert self.ran == [], address
        assert [url for url in self.answered if not url.startswith(OURS)] == [], address
        assert self.canary.asked == [], address
        assert (
            self.page.url.partition("#")[0].partition("?")[0] == address.partition("#")[0].partition("?")[0]
        )

    def empty(self) -> None:
        self.page.goto("about:blank")
        self.page.set_viewport_size(PHONE)
        for seen in (self.ran, self.answered, self.canary.asked):
            seen.clear()


@pytest.fixture(scope="module")
def watched(browser: "Browser", canary: Canary) -> Iterator[Watched]:
    watched = Watched(browser, canary)
    yield watched
    watched.page.context.close()


@contextmanager
def browsing(watched: Watched) -> Iterator[Callable[[str], "Page"]]:
    """Opens addresses one after the other; each is judged before the next, and the last at the end."""
    watched.empty()
    seen: list[str] = []

    def go(address: str) -> "Page":
        if seen:
            watched.judge(seen[-1])
        watched.page.goto(address)
        seen.append(address)
        return watched.page

    yield go
    watched.page.wait_for_load_state("networkidle")
    watched.judge(seen[-1])


@contextmanager
def opened(watched: Watched, address: str) -> Iterator["Page"]:
    with browsing(watched) as go:
        yield go(address)


# The story is the project's own text and has a test of its own; 404.html names the site's address.
KINDS: dict[str, Callable[[str], bool]] = {
    "models": lambda path: "/models/" in f"/{path}",
    "others": lambda path: "/models/" not in f"/{path}" and path not in {"index.html", "404.html"},
}


def pages(site: Path, kind: str) -> list[str]:
    found = [path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html"))]
    return [path for path in found if KINDS[kind](path)]


def look(page: "Page") -> list[str]:
    """The faults of a page as it is."""
    found: list[str] = page.evaluate(
        """() => {
          const wrong = [];
          const cited = 'a[rel="external nofollow noopener noreferrer"]'; // the study's author names a source
          const wide = document.documentElement.scrollWidth;
          if (wide > innerWidth + 1) wrong.push(`${wide} px wide`);
          for (const element of document.querySelectorAll("*")) {
            for (const attribute of element.attributes) {
              const value = attribute.value.trim().toLowerCase();
              if (attribute.name.startsWith("on")) wrong.push(`${element.tagName} ${attribute.name}`);
              const leads = ["href", "src", "action", "xlink:href"].includes(attribute.name);
              const place = value.split(/[?#]/)[0]; // a query of our own may name a model
              const data = value.startsWith("data:") && !value.startsWith("data:image");
              const elsewhere = place.includes("127.0.0.1") && !element.matches(cited);
              if (leads && (value.startsWith("javascript:") || data || elsewhere))
                wrong.push(`${element.tagName} ${attribute.name}=${value.slice(0, 80)}`);
            }
            if (["IFRAME", "BASE", "OBJECT", "EMBED", "FORM"].includes(element.tagName)
                && !element.matches(".flipsite-embed-frame, .vega-bindings")
                && !element.matches('base[target="_top"]:not([href])'))
              wrong.push(element.tagName);
          }
          return wrong;
        }"""
    )
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_page_stays_a_page(site: Path, watched: Watched, kind: str) -> None:
    """At 390 px: nothing runs, nothing is asked, nothing leads elsewhere, nothing scrolls sideways."""
    paths = pages(site, kind)
    assert len(paths) > 20
    wrong: dict[str, list[str]] = {}
    with browsing(watched) as go:
        for path in paths:
            if found := look(go(f"{site.as_uri()}/{path}")):
                wrong[path] = found[:5]
    assert wrong == {}


def test_a_story_with_scripts_runs_none_and_asks_nobody(site: Path, watched: Watched) -> None:
    """What the project's own story holds is shown as written; the page's policy lets none of it run."""
    with opened(watched, f"{site.as_uri()}/index.html") as page:
        assert page.locator("main b", has_text="coins").count() == 1


def test_the_leaderboards_controls_take_any_name(site: Path, watched: Watched) -> None:
    """Search, filters, sorting, copying and the address itself, with hostile names in all of them."""
    address = f"{site.as_uri()}/first/leaderboard/index.html"
    image = "%3Cimg%20src=x%20onerror=canary()%3E"
    query = f"?q=%3Cscript%3Ecanary()%3C/script%3E&author=%22%3E{image}&sort=__proto__"
    for start in ("", query, f"#{image}", "?verdict=constructor&dir=x&feature=%00"):
        with opened(watched, address + start) as page:
            page.fill('input[name="q"]', "<img src=x onerror=canary()>")
            page.fill('input[name="q"]', "script")
            page.get_by_text("Filters", exact=True).click()
            for name in ("author", "feature"):
                for select in page.locator(f'select[name="{name}"]').all():
                    values = select.locator("option").evaluate_all("all => all.map((one) => one.value)")
                    for value in values[:6]:
                        select.select_option(value)
                    select.select_option("")
            page.fill('input[name="q"]', "")
            for head in page.locator("#all-table thead button").all()[:4]:
                head.evaluate("button => button.click()")
            for button in page.locator('button[name="verdict"], button[data-take^="copy"]').all():
                button.evaluate("button => button.click()")
            assert [fault for fault in look(page) if "px wide" not in fault] == []


def test_the_search_takes_any_word(site: Path, watched: Watched) -> None:
    """What is typed and what is found is text; what is found leads to a page of the site."""
    with opened(watched, f"{site.as_uri()}/search/index.html") as page:

        def search(word: str) -> None:
            """Type a word and wait for what is found: it then stands in the address."""
            page.locator('input[type="search"]').first.fill(word)
            page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("q") == [word])

        for word in ("script", "<img src=x onerror=canary()>", "maker", "$&", "(((", "\\", "unbroken"):
            search(word)
            assert look(page) == []
        search("script")
        links = page.locator("main a").evaluate_all("all => all.map((a) => a.href)")
        assert any("/models/" in link for link in links)
        assert all(link.startswith("file:") for link in links)


INTERACTIVE = ["first/index.html", "first/spend/index.html", "methods/index.html", "compare/*/*.html"]


@pytest.mark.parametrize("pattern", INTERACTIVE)
def test_charts_made_interactive_run_no_text(site: Path, watched: Watched, pattern: str) -> None:
    """Vega reads expressions and addresses; names in its data stay data, under the pointer and the keys."""
    found = sorted(site.glob(pattern))
    assert found or "*" in pattern
    for path in found[:1]:
        with opened(watched, path.as_uri()) as page:
            for switch in page.locator("button.chart-switch:visible").all()[:6]:
                switch.click()
                live = page.locator(".chart-live").last
                with suppress(Exception):
                    live.locator("svg").wait_for(timeout=15_000)
                assert live.locator("svg").count() == 1, "the chart is drawn"
                live.focus()
                for _ in range(8):
                    page.keyboard.press("ArrowRight")
                for mark in live.locator('[aria-roledescription="point"]').all()[:8]:
                    mark.dispatch_event("mousemove")
                assert [fault for fault in look(page) if "data:" not in fault] == []
                switch.click()


def test_a_strangers_story_scrolls_within_its_paragraphs(site: Path, watched: Watched) -> None:
    """Its own raw markup may hold a formula of 5,000 px; the page stays as wide as the window."""
    with browsing(watched) as go:
        for width in (320, 390, 1280):
            page = go((site / "index.html").as_uri())
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_models_small_charts_and_answers_run_no_text(site: Path, watched: Watched) -> None:
    """Each answer is opened, and each small chart made interactive."""
    for path in sorted(site.glob("first/models/*/*/index.html"))[:3]:
        with opened(watched, path.as_uri()) as page:
            for button in page.locator("button[popovertarget]").all():
                button.evaluate("button => button.click()")
                assert look(page) == []
            for switch in page.locator("button.chart-switch:visible").all():
                switch.click()
                page.wait_for_function("button => !button.disabled", arg=switch.element_handle())
            assert look(page) == []


def test_the_feed_and_the_pictures_stand_alone(site: Path, watched: Watched) -> None:
    """Opened by themselves, outside every policy: well formed, and nothing runs."""
    with browsing(watched) as go:
        for path in (site / "feed.xml", site / "sitemap.xml", *site.glob("first/embed/*.svg")):
            assert go(path.as_uri()).locator("parsererror").count() == 0
    for path in site.rglob("*.svg"):
        for element in ElementTree.parse(path).iter():  # noqa: S314 (our own file, and it is what is tested)
            assert element.tag.rpartition("}")[2] not in {"script", "foreignObject", "image", "iframe"}
            assert not [name for name in element.attrib if name.startswith("on")], path
            leads = [value for name, value in element.attrib.items() if "href" in name]
            assert all(value.startswith("#") for value in leads), path  # a shape that its marks share


def test_an_embed_in_a_foreign_page_without_a_policy_runs_nothing(
    site: Path, watched: Watched, tmp_path: Path
) -> None:
    """A blog has no policy of ours: a fragment itself must hold nothing that runs or asks."""
    with browsing(watched) as go:
        for path in sorted(site.glob("first/embed/*.html")):
            text = path.read_text(encoding="utf-8")
            foreign = tmp_path / path.name
            foreign.write_text(
                f"<!doctype html><meta charset=utf-8><title>Blog</title><body>{text}", encoding="utf-8"
            )
            assert look(go(foreign.as_uri())) == []


RUN = ("=", "+", "-", "@", "\t", "\r", "\n")
NUMBER = re.compile(r"[+-]?[\d.]+(e[+-]?\d+)?")


def test_no_table_holds_a_formula(site: Path) -> None:
    """In every CSV of the site: no cell begins one, as a spreadsheet splits rows and cells; CR splits too."""
    files = sorted(site.rglob("*.csv"))
    assert len(files) > 60
    for path in files:
        text = path.read_bytes().decode()
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert len({len(row) for row in rows}) == 1, path
        for cell in (cell for row in rows for cell in row):
            assert not cell.startswith(RUN) or NUMBER.fullmatch(cell), (path, cell)
    model = next(path for path in files if path.match("models/*/*/draws.csv"))
    assert model.read_text(encoding="utf-8").startswith(",".join(DRAW_KEYS[:4]))


def test_every_json_and_script_of_data_is_what_it_should_be(site: Path) -> None:
    """JSON is JSON without NaN; a script of data holds no end of a script element."""
    for path in sorted(site.rglob("*.json")):
        json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    for path in (*site.rglob("charts/*.js"), *site.glob("assets/search-index*.js")):
        assert b"</script" not in path.read_bytes().lower()
        assert b"<!--" not in path.read_bytes()


def test_no_markdown_embed_holds_a_tag_or_a_link_elsewhere(site: Path) -> None:
    """A Markdown embed of hostile names has no element, and links to the site and the source alone."""
    for path in sorted(site.glob("first/embed/*.md")):
        text = path.read_text(encoding="utf-8")
        reader = _Tags()
        reader.feed(text)
        assert reader.tags == []
        links = re.findall(r"\]\((\S*?)\)", text)
        assert all(link.startswith("https://example.org/") for link in links if ":" in link)


def test_the_check_finds_nothing_unsafe(site: Path) -> None:
    """`flipsite check` agrees, but for what the story itself says."""
    unsafe = {Rule.UNSAFE, Rule.MARKUP, Rule.POLICY, Rule.OUTSIDE}
    found = [
        fault
        for fault in check_site(site)
        if fault.kind in unsafe and fault.path not in {"index.html", "404.html"}
    ]
    assert found == []


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
