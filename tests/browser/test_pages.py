"""Every type of page: valid, accessible in both themes, at home on every screen, light, quick."""

import csv
import datetime
import gzip
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import html5lib
import httpx
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import JSHandle, Page, ViewportSize
from tests.windows import DESK

import keystroke

pytestmark = pytest.mark.browser

TYPES = [
    "index.html",
    "methods/index.html",
    "departures/index.html",
    "data/index.html",
    "glossary/index.html",
    "search/index.html?q=coin",
    "cite/index.html",
    "embed/index.html",
    "article-2025/index.html",
    "article-2025/predictors/index.html",
    "article-2025/leaderboard/index.html",
    "article-2025/models/openai/gpt-4/index.html",
    "article-2025/models/cohere/command/index.html",
    "trial/index.html",
    "trial/leaderboard/index.html",
    "trial/models/coin/long-run/index.html",
    "trial/models/coin/never-parses/index.html",
    "trial/spend/index.html",
    "trial/answers/index.html",
    "trial/compare/index.html",
    "compare/index.html?m=trial/coin/always-one&m=trial/mint-1/coin-01",
    "autumn/index.html",
    "autumn/compare/spring/index.html",
    "autumn/calibration/index.html",
    "autumn/models/house/turncoat/index.html",
    "models/house/turncoat/index.html",
    "models/index.html",
    "small-models-range/models/google/gemma-3-270m/index.html",
    "small-models-dozen/models/google/gemma-3-270m/index.html",
    "trial/embed/frame/leaderboard.html",
    "models/google/gemma-3-270m/index.html",
    "small-models/methods/index.html",
    "small-models/models/google/gemma-3-270m/index.html",
    "small-models-die/index.html",
    "small-models-die/models/google/gemma-3-270m/index.html",
    "small-models-range/leaderboard/index.html",
    "small-models-dozen/index.html",
    "small-models-logprobs/models/google/gemma-3-270m/index.html",
    "small-models-text/models/google/gemma-3-270m/index.html",
]
OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],  # nobody asks where all is well
    "preload": False,  # axe would fetch our style sheet, which a page from a file may not
}
BY_LOOKS = OPTIONS | {
    "runOnly": {
        "type": "rule",
        "values": ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"],
    }
}
"""The rules that colours and the width decide."""
NARROWEST: ViewportSize = {"width": 320, "height": 800}
PAINTED = """() => new Promise((done) => {
    let shift = 0, paint = 0;
    const watch = (type, seen) => new PerformanceObserver((list) => list.getEntries().forEach(seen))
        .observe({ type, buffered: true });
    watch("layout-shift", (entry) => { shift += entry.value; });
    watch("largest-contentful-paint", (entry) => { paint = entry.startTime; });
    setTimeout(() => done([shift, paint]), 300);
})"""
GROUND = """const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
        const colour = getComputedStyle(at).backgroundColor;
        if (!/, 0\\)$|transparent/.test(colour)) return colour;
    }
};"""
STOPS = f"""() => {{ {GROUND}
    const reached = [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
        .filter((e) => e.checkVisibility() && !e.disabled).slice(0, 150);
    return reached.map((element) => {{
        element.focus();
        if (document.activeElement !== element) return null;
        const {{ outlineStyle, outlineWidth, outlineColor }} = getComputedStyle(element);
        const width = outlineStyle === "none" ? 0 : parseFloat(outlineWidth);
        const what = element.outerHTML.slice(0, 80);
        return {{ what, width, outline: outlineColor, ground: ground(element.parentElement) }};
    }}).filter(Boolean);
}}"""
SVG_WORDS = f"""() => {{ {GROUND}
    return [...document.querySelectorAll("svg text")]
        .filter((e) => e.checkVisibility() && e.textContent.trim())
        .map((e) => ({{ text: e.textContent, fill: getComputedStyle(e).fill, ground: ground(e) }}));
}}"""
DESCRIBED = """(e) => e.alt ?? [e.getAttribute("aria-labelledby"), e.getAttribute("aria-describedby")]
    .map((id) => document.getElementById(id).textContent).join(". ")"""
SQUEEZED = """() => [...document.querySelectorAll(".scroll > .data :is(td, th)")].filter((e) => {
        const words = document.createRange();
        words.selectNodeContents(e);
        const lines = words.getBoundingClientRect().height / parseFloat(getComputedStyle(e).lineHeight);
        return lines > 11 && e.clientWidth < innerWidth / 2;
    })
    .map((e) => [innerWidth, e.clientWidth, e.innerText])"""
UNMARKED = """() => [...document.querySelectorAll("li")].filter((e) => {
        const { overflowX, listStyleType, display } = getComputedStyle(e);
        return display === "list-item" && listStyleType !== "none" && overflowX !== "visible";
    })
    .map((e) => ["its mark is cut off", e.innerText])"""
BEYOND = """(width) => [...document.querySelectorAll("main *")]
    .filter((e) => e.getBoundingClientRect().right > width + 1)
    .map((e) => e.outerHTML.slice(0, 99))"""
LINKS = """[...new Set([...document.links].map((a) => a.href.split("#")[0]))]
    .filter((h) => h.startsWith(location.origin)).slice(0, 40)"""
AXE = f"() => {{ {AXE_SCRIPT}; return axe; }}"
SCREENS = pytest.mark.parametrize("screen", ["desk", "phone"])


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast of two colours as the browser computes them, `rgb(1, 2, 3)`."""
    lights = []
    for colour in (one, other):
        found = re.fullmatch(r"rgb\((\d+), (\d+), (\d+)\)", colour)
        assert found, colour
        shares = [int(each) / 255 for each in found.groups()]
        linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


@dataclass(frozen=True)
class Looked:
    """The findings of one look at a page on one screen; eight tests use it."""

    paint: float
    """Milliseconds until its largest part was painted; 0 where nothing was yet."""

    shift: float
    words: list[dict[str, Any]]
    faults: Sequence[object]
    stops: list[dict[str, Any]]
    links: list[str]
    n_headings: int
    wide: list[object]
    """Elements that scroll the page sideways, or are squeezed, with the width."""


@pytest.fixture(scope="module", params=TYPES)
def path(request: pytest.FixtureRequest) -> str:
    """A page of each type; tests of one page follow each other."""
    return str(request.param)


@pytest.fixture(scope="module")
def looked(opened: Callable[..., Any], served: str, path: str) -> Callable[[str], Looked]:
    """Look at the page once on a desk, light at first and from a server, and once on a phone, dark at first.

    On a light desk axe asks all its rules, in the three other views those that colours and the width decide.
    """

    @cache
    def look(screen: str) -> Looked:
        desk = screen == "desk"
        schemes = ("light", "dark") if desk else ("dark", "light")
        window = DESK if desk else NARROWEST
        with opened(path, root=served if desk else None, color_scheme=schemes[0], viewport=window) as page:
            shift, paint = page.evaluate(PAINTED)
            links, n_headings = page.evaluate(LINKS), page.locator("h1").count()
            page.emulate_media(reduced_motion="reduce")
            words = page.evaluate(SVG_WORDS)
            axe = page.evaluate_handle(AXE)
            faults = axe_faults(axe, OPTIONS if desk else BY_LOOKS, seen=f"{screen}, {schemes[0]}")
            page.keyboard.press("Tab")
            stops = page.evaluate(STOPS)
            page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
            page.emulate_media(color_scheme=schemes[1])
            faults += axe_faults(axe, BY_LOOKS, seen=f"{screen}, {schemes[1]}")
            wide = [] if desk else [*too_wide(page)]
            return Looked(paint, shift, words, faults, stops, links, n_headings, wide)

    return look


def axe_faults(axe: JSHandle, options: dict[str, Any], *, seen: str) -> list[object]:
    """The rules that a page breaks as it stands, each with the first elements that break it."""
    rules = axe.evaluate("(axe, options) => axe.run(options)", options)["violations"]
    return [(seen, rule["id"], [node["target"] for node in rule["nodes"]][:3]) for rule in rules]


def too_wide(page: Page) -> Iterator[object]:
    """Elements that scroll a page with all its details open, are squeezed or cut, from 320 pixels on."""
    page.evaluate("document.querySelectorAll('details').forEach((more) => { more.open = true; })")
    for width in (320, 390, 640, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        yield from page.evaluate(SQUEEZED)
        yield from page.evaluate(UNMARKED)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            yield width, page.evaluate(BEYOND, width)


@SCREENS
def test_axe_finds_nothing(looked: Callable[[str], Looked], screen: str) -> None:
    """WCAG 2.2 AA and axe's best practices in both themes; what the page says on its console fails too."""
    assert looked(screen).faults == []


@SCREENS
def test_whoever_comes_by_keyboard_sees_where_they_are(
    looked: Callable[[str], Looked], path: str, screen: str
) -> None:
    """What takes the focus has an outline of at least two pixels, whose contrast to the ground is 3:1."""
    stops = looked(screen).stops
    if "/frame/" not in path:  # those are a host's page
        assert len(stops) > 5
        faint = [s for s in stops if s["width"] < 2 or contrast(s["outline"], s["ground"]) < 3]
        assert faint == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_lost_addresses_is_accessible(
    opened: Callable[..., Any], served: str, scheme: str
) -> None:
    """It is served at any depth, so its style comes from the site's address."""
    with opened("404.html", root=served, color_scheme=scheme, viewport=NARROWEST) as page:
        assert axe_faults(page.evaluate_handle(AXE), OPTIONS, seen="404") == []


@SCREENS
def test_words_in_pictures_can_be_read(looked: Callable[[str], Looked], path: str, screen: str) -> None:
    """4.5:1 against the ground the picture lies on; axe does not look into SVG."""
    words = looked(screen).words
    assert len(words) > 40 or path != "article-2025/index.html"  # it has pictures on any screen
    assert [word for word in words if contrast(word["fill"], word["ground"]) < 4.5] == []


def test_no_page_scrolls_sideways(looked: Callable[[str], Looked]) -> None:
    """640 pixels are 1280 at 200 %; 320 are 1280 at 400 %, where it is opened.

    Wide tables scroll in themselves, and squeeze none of their columns into a pile of words for that.
    """
    assert looked("phone").wide == []


@pytest.mark.parametrize(
    "path",
    [
        "article-2025/index.html",
        "data/index.html",
        "article-2025/models/openai/gpt-4/index.html",
        "trial/models/coin/long-run/index.html",
    ],
)
def test_cells_of_wide_tables_stand_below_the_heading_of_their_row_on_a_phone(
    opened: Callable[..., Any], path: str
) -> None:
    """Nothing scrolls aside, and each cell says what it is."""
    with opened(path, viewport={"width": 390, "height": 844}) as page:
        tables = page.locator("table.folds")
        assert tables.count() > 0
        wide = (
            "tables => tables.filter(({ parentElement: each }) => each.scrollWidth > each.clientWidth).length"
        )
        assert tables.evaluate_all(wide) == 0
        assert tables.locator("td:not(:empty, .words, [data-label])").count() == 0


def test_every_page_is_valid_html(site: Path) -> None:
    """html5lib's strict parser stops at the first fault."""
    seen = 0
    for path in site.rglob("*.html"):
        parser, text = html5lib.HTMLParser(strict=True), path.read_text(encoding="utf-8")
        if text.startswith("<!doctype"):
            parser.parse(text)
        else:  # an embed is a part of somebody's page
            parser.parseFragment(text)
        seen += 1
    assert seen > 100


LONGEST = ("article-2025/predictors/index.html", "embed/index.html", "methods/index.html")
"""Every comparison in words and numbers, of four regressions; eighty embeds of six studies."""


def first_view(site: Path, path: str) -> tuple[int, int]:
    """Bytes of a page with everything it loads by itself: as they lie on the disk, and as they are sent.

    Hosts of static pages compress text; GitHub Pages does. What is fetched on a wish does not count: the
    charts' bundle, the numbers behind a leaderboard, pictures far below.
    """
    text = (site / path).read_text(encoding="utf-8")
    document = html5lib.parse(text, namespaceHTMLElements=False)
    loaded = [script.get("src") for script in document.iter("script") if script.get("src")]
    loaded += [
        link.get("href") for link in document.iter("link") if link.get("rel") in ("stylesheet", "icon")
    ]
    files = [text.encode(), *(((site / path).parent / name).resolve().read_bytes() for name in loaded)]
    return sum(map(len, files)), sum(len(gzip.compress(content)) for content in files)


@pytest.mark.parametrize("path", [*TYPES, "trial/models/coin/always-one/index.html"])
def test_a_first_view_is_light(site: Path, path: str) -> None:
    """Under 60 kB as it is sent; and under the 150 kB of the budget even where nothing is compressed."""
    whole, sent = first_view(site, path.partition("?")[0])
    assert sent < 60_000
    assert whole < (230_000 if path in LONGEST else 150_000)


def test_a_leaderboard_as_long_as_the_article_had_is_light(tmp_path: Path) -> None:
    """All 240 models with their pictures stand in the page: under 40 kB as it is sent."""
    board = keystroke.write_board(keystroke.many_models(240), tmp_path / "site")
    whole, sent = first_view(tmp_path / "site", str(board.relative_to(tmp_path / "site")))
    assert sent < 40_000
    assert whole < 215_000


def test_pages_work_under_a_folder_of_a_server(
    looked: Callable[[str], Looked], answers: Callable[[str], bool]
) -> None:
    """And every link among them leads somewhere."""
    found = looked("desk")
    assert found.n_headings == 1
    assert [link for link in found.links if not answers(link)] == []


@pytest.fixture(scope="module")
def answers(proxy: str) -> Iterator[Callable[[str], bool]]:
    """Whether the server has something at an address."""
    with httpx.Client(proxy=proxy, timeout=60) as client:
        yield cache(lambda address: client.head(address).status_code == 200)


def test_a_page_appears_at_once_and_stays_where_it_is(
    opened: Callable[..., Any], looked: Callable[[str], Looked], served: str, path: str
) -> None:
    """Largest contentful paint under a second, no layout shift; served locally to a headless browser.

    The best of five visits: the machine may be busy with other tests. None of them may shift.
    """
    found = looked("desk")
    paints, shifts = [found.paint], [found.shift]
    while len(paints) < 5 and not 0 < paints[-1] < 1000:  # 0 is none yet
        with opened(path, root=served) as page:
            shift, paint = page.evaluate(PAINTED)
        shifts.append(shift)
        paints.append(paint)
    assert max(shifts) < 0.01
    assert min(filter(None, paints)) < 1000


def test_nothing_moves_on_a_phone(looked: Callable[[str], Looked]) -> None:
    assert looked("phone").shift < 0.01


def test_every_chart_says_its_finding_and_has_its_numbers(opened: Callable[..., Any], site: Path) -> None:
    """A name for those who do not see it, its finding as its title, and a table or a file behind it."""
    for path in ("index.html", "article-2025/index.html", "trial/spend/index.html", "methods/index.html"):
        with opened(path) as page:
            for chart in page.locator("figure.chart").all():
                picture = chart.locator(".chart-still svg[role]:visible, img.chart-still, .chart-still img")
                assert len(picture.first.evaluate(DESCRIBED)) > 40
                assert chart.locator(".chart-title").inner_text().strip()
                assert chart.locator("a[href$='.csv']").count() == 1


def test_a_lost_reader_finds_the_way_back(opened: Callable[..., Any], served: str) -> None:
    """404.html is served at any depth: its links start at the site's address."""
    with opened("404.html", root=served) as page:
        assert axe_faults(page.evaluate_handle(AXE), OPTIONS, seen="404") == []
        page.get_by_role("link", name="Start from the first page").click()
        page.wait_for_url("**/repo/index.html")


def test_the_coin_turns_the_page_and_the_page_remembers(opened: Callable[..., Any], served: str) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with opened("index.html", root=served, color_scheme="light") as page:
        light = page.evaluate(ground)
        page.get_by_role("button", name="Dark mode").click()
        dark = page.evaluate(ground)
        assert dark != light
        page.goto(f"{served}/methods/index.html")
        assert page.evaluate(ground) == dark
        page.get_by_role("button", name="Light mode").click()
        assert page.evaluate(ground) == light


def test_a_word_is_explained_on_hover_and_on_focus(opened: Callable[..., Any]) -> None:
    """The explanation can be reached with the pointer, and Escape hides it."""
    with opened("index.html") as page:
        term = page.locator(".term").first
        tip = page.locator("#tip")
        term.focus()
        assert tip.is_visible()
        assert term.get_attribute("aria-describedby") == "tip"
        page.keyboard.press("Escape")
        assert tip.is_hidden()
        term.hover()
        assert tip.is_visible()
        tip.hover()
        page.wait_for_timeout(400)
        assert tip.is_visible()
        page.mouse.move(5, 5)
        page.wait_for_timeout(400)
        assert tip.is_hidden()


def test_search_finds_models_and_pages_from_a_file(opened: Callable[..., Any]) -> None:
    with opened("search/index.html") as page:
        page.get_by_label("Model, author, study, term or page").fill("GPT-4 openai")
        page.wait_for_function("() => document.querySelectorAll('.found li').length > 0")
        assert page.locator(".found a").first.inner_text() == "openai/gpt-4"
        page.locator(".found a").first.click()
        page.wait_for_url("**/article-2025/models/openai/gpt-4/index.html")


def test_search_links_lead_to_models_of_any_name(opened: Callable[..., Any]) -> None:
    with opened("search/index.html?q=weird") as page:
        page.locator(".found a").first.click()
        assert page.locator("h1").inner_text().endswith("<b>&amp;:free")


def test_forced_colours_leave_the_marks_visible(opened: Callable[..., Any]) -> None:
    with opened("trial/leaderboard/index.html", forced_colors="active") as page:
        mark = page.locator("#least-biased rect:nth-of-type(3)").first
        assert mark.evaluate("(e) => getComputedStyle(e).fill") != "rgba(0, 0, 0, 0)"
        assert page.locator(".chip").first.evaluate("(e) => getComputedStyle(e).borderStyle") == "solid"


def test_print_shows_every_row_and_no_controls(opened: Callable[..., Any]) -> None:
    with opened("trial/leaderboard/index.html") as page:
        page.emulate_media(media="print")
        assert page.locator("#least-biased tr").last.is_visible()
        assert page.locator(".controls").is_hidden()
        assert page.locator(".site-head nav").is_hidden()


def test_paper_says_simulated_without_a_ground(opened: Callable[..., Any]) -> None:
    """Browsers print no backgrounds: white words on red would be white on white."""
    with opened("trial/index.html") as page:
        page.emulate_media(media="print")
        banner = page.locator(".banner")
        assert banner.is_visible()
        colour = banner.evaluate("(e) => getComputedStyle(e).color")
        assert contrast(colour, "rgb(255, 255, 255)") > 4.5


def test_data_packages_say_what_the_files_hold(site: Path) -> None:
    """By the rules of Data Package 1 and Table Schema 1: names, paths, headers, types, constraints."""
    packages = sorted(site.glob("*/data/datapackage.json"))
    assert len(packages) == len([*site.glob("*/data/study.json")]) >= 6
    n_cells = 0
    for path in packages:
        package = json.loads(path.read_text(encoding="utf-8"))
        assert re.fullmatch(r"[a-z0-9._-]+", package["name"])
        names = [resource["name"] for resource in package["resources"]]
        assert len(set(names)) == len(names) > 2
        for resource in package["resources"]:
            assert re.fullmatch(r"[a-z0-9._-]+", resource["name"])
            assert (path.parent / resource["path"]).is_file()
            if resource["format"] == "csv":
                n_cells += cells_that_fit(path.parent / resource["path"], resource["schema"])
    assert n_cells > 30_000


CASTS: dict[str, Callable[[str], object]] = {
    "string": str,
    "integer": int,
    "number": float,
    "date": datetime.date.fromisoformat,
    "datetime": datetime.datetime.fromisoformat,
    "boolean": {"true": True, "false": False}.__getitem__,
    "any": str,
}


def cells_that_fit(path: Path, schema: Any) -> int:
    """How many cells of a file its schema holds for; the first for which it does not fails."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert header == [field["name"] for field in schema["fields"]]
    for line in lines:
        for field, text in zip(schema["fields"], line, strict=True):
            limits = field.get("constraints", {})
            if text in schema["missingValues"]:
                assert not limits.get("required"), (path, field)
                continue
            value: Any = CASTS[field["type"]](text)
            assert "enum" not in limits or text in limits["enum"], (path, field, text)
            assert limits.get("minimum", value) <= value <= limits.get("maximum", value), (path, field, text)
    return len(header) * len(lines)
