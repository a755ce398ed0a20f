"""Charts in a real Chromium, from file:// and under the site's policy: nothing asked of anybody."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.present.conftest import Counts, some_counts

from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Study
from flipsite.present.charts.bias import bias_intervals
from flipsite.present.charts.interactive import bundle, figure_files
from flipsite.present.pages.page import Page as SitePage
from flipsite.present.pages.templates import environment, render
from flipsite.present.sparklines.interactive import SparklineSpec, running_mean_twin, strip_twin
from flipsite.present.sparklines.specs import twin_files

pytestmark = pytest.mark.browser

TEMPLATES = Path(__file__).parents[2] / "templates"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)
NAMES = ["author/plain", "</script><script>alert(1)</script>", "javascript:alert(1)", "{{x}}", "שלום/א"]


@pytest.fixture
def page_path(estimated: Callable[[Counts], tuple[Estimate, ...]], study: Study, tmp_path: Path) -> Path:
    """A page two folders deep with one chart of its own and two small ones that models share."""
    figure = bias_intervals(estimated([(name, 5 + 9 * i, 50) for i, name in enumerate(NAMES)]), study)
    page = SitePage(path="trial/deep/index.html", title="", description="", template="")
    templates = environment([TEMPLATES])
    fetched = bias_intervals(estimated(some_counts(70)), replace(study, id="many"))
    chart = render(templates, "parts/figure.html", figure=figure, page=page)
    chart += render(templates, "parts/figure.html", figure=fetched, page=page, most_bytes=1000)
    outcomes = np.array([1, 0, -1, 0, 1, 1, 0], np.int8)
    mean, marks = running_mean_twin(outcomes[outcomes >= 0], target=0.5), strip_twin(outcomes)
    assert mean is not None
    files = figure_files(figure) | figure_files(fetched) | twin_files([mean, marks])
    files |= {
        "assets/vega.js": bundle(),
        "trial/models/author/plain/index.html": b"<!doctype html><title>plain</title>",
    }
    files |= {
        f"assets/{name}": (TEMPLATES / "static" / name).read_bytes() for name in ("charts.js", "charts.css")
    }
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="../../assets/charts.css">'
        f'<script defer src="../../assets/charts.js" data-bundle="../../assets/vega.js" data-root="../../">'
        f"</script>"
        f"</head><body><main>{chart}"
        f"{small('mean', mean)}{small('strip', marks)}</main></body></html>"
    )
    files[page.path] = html.encode()
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    return tmp_path / page.path


def small(name: str, twin: SparklineSpec) -> str:
    return (
        f'<figure class="chart" id="{name}" data-chart="{twin.name}" data-spec="../../{twin.path}" '
        f'data-drawn="{twin.drawn}" data-stride="{twin.stride}"><div class="chart-still">picture</div>'
        f'<button class="chart-switch" data-back="Back" hidden>Go</button><span class="chart-note"></span>'
        "</figure>"
    )


class Visit:
    """A page with what it asked for and what it complained of."""

    def __init__(
        self,
        browser: Browser,
        path: Path,
        *,
        width: int = 1280,
        javascript: bool = True,
        touch: bool = False,
        query: str = "",
    ) -> None:
        context = browser.new_context(
            offline=True,
            viewport={"width": width, "height": 800},
            java_script_enabled=javascript,
            has_touch=touch,
        )
        self.page: Page = context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri() + query)

    def make_interactive(self, figure: str) -> None:
        self.page.click(f"#{figure} .chart-switch")
        self.page.wait_for_selector(f"#{figure} .chart-live svg")


def test_without_a_script_the_chart_is_a_picture_and_offers_nothing_else(
    browser: Browser, page_path: Path
) -> None:
    visit = Visit(browser, page_path, javascript=False)
    assert visit.page.is_visible("#trial-bias-intervals svg.chart-wide")
    assert not visit.page.is_visible("#trial-bias-intervals svg.chart-narrow")
    assert not visit.page.is_visible(".chart-switch")


def test_a_phone_gets_the_narrow_picture_without_scrolling_sideways(
    browser: Browser, page_path: Path
) -> None:
    visit = Visit(browser, page_path, width=390)
    assert visit.page.is_visible("#trial-bias-intervals svg.chart-narrow")
    assert not visit.page.is_visible("#trial-bias-intervals svg.chart-wide")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [390, 1280])
def test_a_click_makes_it_interactive_from_this_folder_alone(
    width: int, browser: Browser, page_path: Path
) -> None:
    """The bundle is loaded once, on demand; the policy is never tried; text of models stays text."""
    visit = Visit(browser, page_path, width=width)
    assert not any("vega" in url for url in visit.requests)
    visit.make_interactive("trial-bias-intervals")
    visit.make_interactive("mean")
    assert sum("vega" in url for url in visit.requests) == 1
    assert all(url.startswith("file:") or url == "data:," for url in visit.requests)
    assert visit.complaints == []
    texts = visit.page.eval_on_selector_all(".chart-live text", "all => all.map(e => e.textContent)")
    assert set(NAMES) <= set(texts)


def test_the_script_makes_a_models_rows_of_what_it_drew(browser: Browser, page_path: Path) -> None:
    """Its running mean inside the shared envelope, and each draw as a mark in its place."""
    visit = Visit(browser, page_path)
    for name in ("mean", "strip"):
        visit.make_interactive(name)
    told = "all => all.map(e => e.getAttribute('aria-label'))"
    means = visit.page.eval_on_selector_all("#mean .chart-live [aria-roledescription=point]", told)
    assert [re.findall(r"Share of ones: ([\d.]+)", label)[0] for label in means] == [
        *("1.000", "0.500", "0.333", "0.500", "0.600", "0.500")
    ]
    marks = visit.page.eval_on_selector_all("#strip .chart-live [aria-roledescription=point]", told)
    assert [re.findall(r"Draw: (\d+); Outcome: (\w+)", label)[0] for label in marks] == [
        (str(place), result)
        for place, result in enumerate(("one", "zero", "neither", "zero", "one", "one", "zero"))
    ]
    assert visit.complaints == []


def test_tooltips_show_a_models_text_as_text(browser: Browser, page_path: Path) -> None:
    visit = Visit(browser, page_path)
    visit.make_interactive("trial-bias-intervals")
    for mark in visit.page.query_selector_all(".chart-live [aria-roledescription=point]"):
        mark.hover()
        assert visit.page.inner_text(".chart-tip dd:first-of-type") in NAMES
        assert (
            visit.page.eval_on_selector(".chart-tip", "e => e.querySelectorAll('script,img,a').length") == 0
        )


def test_the_keyboard_goes_from_mark_to_mark_and_opens_a_page(browser: Browser, page_path: Path) -> None:
    visit = Visit(browser, page_path)
    visit.make_interactive("trial-bias-intervals")
    visit.page.focus("#trial-bias-intervals .chart-live")
    for _ in range(10):
        visit.page.keyboard.press("ArrowRight")
        label = visit.page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert visit.page.is_visible(".chart-tip")
        if label.startswith("author/plain"):
            break
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**/trial/models/author/plain/index.html")
    assert visit.complaints == []


def test_the_picture_comes_back(browser: Browser, page_path: Path) -> None:
    visit = Visit(browser, page_path)
    visit.make_interactive("trial-bias-intervals")
    assert visit.page.inner_text("#trial-bias-intervals .chart-switch") == "Back to the picture"
    visit.page.keyboard.press("Enter")  # the button has kept the focus
    assert visit.page.is_visible("#trial-bias-intervals .chart-still")
    assert not visit.page.query_selector(".chart-live")
    assert visit.page.inner_text("#trial-bias-intervals .chart-switch") == "Make interactive"


def test_a_missing_bundle_is_told_and_the_picture_stays(browser: Browser, page_path: Path) -> None:
    (page_path.parents[2] / "assets/vega.js").unlink()
    visit = Visit(browser, page_path)
    visit.page.click("#trial-bias-intervals .chart-switch")
    visit.page.wait_for_function("() => document.querySelector('.chart-note').textContent")
    assert "could not be loaded" in visit.page.inner_text("#trial-bias-intervals .chart-note")
    assert visit.page.is_visible("#trial-bias-intervals .chart-still")


CHART = "#trial-bias-intervals"
MARKS = f"{CHART} .chart-wide a:has(path, use)"


def test_without_a_script_every_mark_has_a_title(browser: Browser, page_path: Path) -> None:
    page = Visit(browser, page_path, javascript=False).page
    titles = page.locator(f"{MARKS} > title").all_text_contents()
    assert sorted(title.rsplit(": bias")[0] for title in titles) == sorted(NAMES)
    narrow = page.locator(f"{CHART} .chart-narrow a > title").all_text_contents()
    assert set(titles) <= set(narrow)


def middle_of_plain(page: Page) -> dict[str, float]:
    """The place of the mark of `author/plain`, in the window."""
    mark = page.locator(MARKS).filter(has=page.locator("title", has_text="author/plain"))
    box = mark.bounding_box()
    assert box
    return {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}


def test_hover_names_the_nearest_mark(browser: Browser, page_path: Path) -> None:
    """On the mark and a little beside it, in one tooltip, without the browser's own; away from it nothing."""
    visit = Visit(browser, page_path)
    page = visit.page
    box = middle_of_plain(page)
    page.mouse.move(box["x"], box["y"])
    tip = page.locator(".chart-tip")
    expect(tip.locator("strong")).to_have_text("author/plain")
    expect(tip).to_contain_text("50 valid draws")
    page.mouse.move(box["x"] + 14, box["y"] + 4)
    expect(tip).to_be_visible()
    page.mouse.move(box["x"] + 60, box["y"] - 60)
    expect(tip).to_be_hidden()
    assert page.locator(f"{CHART} .chart-wide a > title").count() == 0
    assert not visit.complaints


def test_arrow_keys_name_mark_after_mark(browser: Browser, page_path: Path) -> None:
    page = Visit(browser, page_path).page
    page.focus(f"{CHART} .chart-still")
    names = []
    for _ in NAMES:
        page.keyboard.press("ArrowRight")
        names.append(page.locator(".chart-tip strong").inner_text())
    assert len(set(names)) > 1
    assert set(names) <= set(NAMES)
    page.keyboard.press("Escape")
    expect(page.locator(".chart-tip")).to_be_hidden()


def test_enter_opens_the_page_of_a_mark(browser: Browser, page_path: Path) -> None:
    page = Visit(browser, page_path).page
    page.focus(f"{CHART} .chart-still")
    page.keyboard.press("ArrowRight")
    while page.locator(".chart-tip strong").inner_text() != "author/plain":
        page.keyboard.press("ArrowRight")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.title() == "plain"


def test_a_first_tap_names_and_a_second_opens(browser: Browser, page_path: Path) -> None:
    page = Visit(browser, page_path, touch=True).page
    box = middle_of_plain(page)
    page.touchscreen.tap(box["x"], box["y"])
    expect(page.locator(".chart-tip")).to_contain_text("Tap again to open its page")
    with page.expect_navigation():
        page.touchscreen.tap(box["x"], box["y"])
    assert page.title() == "plain"


def test_an_image_gives_way_to_named_marks(browser: Browser, page_path: Path) -> None:
    """A picture too heavy to stand in the page is an image until the pointer comes to it."""
    visit = Visit(browser, page_path)
    page = visit.page
    assert page.is_visible("#many-bias-intervals picture")
    image = page.locator("#many-bias-intervals img")
    image.scroll_into_view_if_needed()
    box = image.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] - 14, box["y"] + 60)
    marks = page.locator("#many-bias-intervals .chart-wide a")
    expect(marks).to_have_count(70)
    page.mouse.move(box["x"] + box["width"] - 14, box["y"] + 70)
    expect(page.locator(".chart-tip strong")).to_contain_text("author-")
    assert marks.first.get_attribute("href").startswith("../../trial/models/")  # type: ignore[union-attr]
    visit.make_interactive("many-bias-intervals")
    assert not visit.complaints


def test_the_readers_models_are_named_in_pictures_and_in_interactive_charts(
    browser: Browser, page_path: Path
) -> None:
    """Ringed; where rows have names these are bold, else the name stands beside the mark."""
    visit = Visit(
        browser, page_path, query="?m=trial/author/plain&m=many/author-3/model-3&m=other/author/plain"
    )
    page = visit.page
    expect(page.locator(f"{CHART} .chart-wide .chosen-marks circle")).to_have_count(1)
    expect(page.locator(f"{CHART} .chart-wide a.chosen")).to_have_count(1)
    expect(page.locator("#many-bias-intervals .chart-wide .chosen-marks text")).to_have_text(
        "author-3/model-3"
    )
    visit.make_interactive("many-bias-intervals")
    expect(page.locator("#many-bias-intervals .chart-live .chosen-marks text")).to_have_text(
        "author-3/model-3"
    )
    links = page.locator('#many-bias-intervals .chart-live [aria-roledescription="point"]')
    assert links.first.evaluate("mark => mark.__data__.href").startswith("../../trial/models/")
    assert not visit.complaints
