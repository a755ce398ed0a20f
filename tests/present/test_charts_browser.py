"""Charts in a real Chromium, from file:// and under the site's policy: nothing asked of anybody."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Study
from flipsite.present.charts.bias import bias_intervals
from flipsite.present.charts.interactive import bundle, figure_files
from flipsite.present.pages.page import Page as SitePage
from flipsite.present.pages.templates import environment, render
from flipsite.present.sparklines.sparklines import SparklineSpec, running_mean_twin, strip_twin
from flipsite.present.sparklines.specs import twin_files

pytestmark = pytest.mark.browser

TEMPLATES = Path(__file__).parents[2] / "templates"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)
NAMES = ["author/plain", "</script><script>alert(1)</script>", "javascript:alert(1)", "{{x}}", "שלום/א"]


@pytest.fixture
def page_path(
    estimated: Callable[[list[tuple[str, int, int]]], tuple[Estimate, ...]], study: Study, tmp_path: Path
) -> Path:
    """A page two folders deep with one chart of its own and two small ones that models share."""
    figure = bias_intervals(estimated([(name, 5 + 9 * i, 50) for i, name in enumerate(NAMES)]), study)
    page = SitePage(path="trial/deep/index.html", title="", description="", template="")
    chart = render(environment([TEMPLATES]), "parts/figure.html", figure=figure, page=page)
    outcomes = np.array([1, 0, -1, 0, 1, 1, 0], np.int8)
    mean, marks = running_mean_twin(outcomes[outcomes >= 0], target=0.5), strip_twin(outcomes)
    assert mean is not None
    files = figure_files(figure) | twin_files([mean, marks])
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

    def __init__(self, browser: Browser, path: Path, *, width: int = 1280, javascript: bool = True) -> None:
        context = browser.new_context(
            offline=True, viewport={"width": width, "height": 800}, java_script_enabled=javascript
        )
        self.page: Page = context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri())

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
        for place, result in enumerate(("one", "zero", "neither", "zero", "one", "one", "zero"), start=1)
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
