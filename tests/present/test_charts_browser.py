"""Charts in a real Chromium, from file:// and under the site's policy: nothing asked of anybody."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from tests.present.conftest import Counts, some_counts
from tests.windows import Window, Windows

from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Study
from flipsite.present.charts.bias import bias_intervals
from flipsite.present.charts.interactive import figure_files
from flipsite.present.pages.page import Page as SitePage
from flipsite.present.pages.templates import environment, render
from flipsite.present.renderer import bundle
from flipsite.present.sparklines.interactive import SparklineSpec, running_mean_twin, strip_twin
from flipsite.present.sparklines.specs import twin_file

pytestmark = pytest.mark.browser

TEMPLATES = Path(__file__).parents[2] / "templates"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)
NAMES = ["author/plain", "</script><script>alert(1)</script>", "javascript:alert(1)", "{{x}}", "שלום/א"]


@pytest.fixture(scope="module")
def page_path(
    estimated: Callable[[Counts], tuple[Estimate, ...]],
    study: Study,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
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
    files = (
        figure_files(figure) | figure_files(fetched) | {twin.path: twin_file(twin) for twin in (mean, marks)}
    )
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
    folder = tmp_path_factory.mktemp("charts")
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder / page.path


def small(name: str, twin: SparklineSpec) -> str:
    return (
        f'<figure class="chart" id="{name}" data-chart="{twin.name}" data-spec="../../{twin.path}" '
        f'data-drawn="{twin.drawn}" data-stride="{twin.stride}"><div class="chart-still">picture</div>'
        f'<button class="chart-switch" data-back="Back" hidden>Go</button><span class="chart-note"></span>'
        "</figure>"
    )


Visit = Callable[..., Window]


@pytest.fixture(scope="module")
def windows(browser: Browser) -> Windows:
    """Windows without a network."""
    return Windows(browser, offline=True)


@pytest.fixture
def visit(windows: Windows, page_path: Path) -> Iterator[Visit]:
    """Open the page, or one like it; the window is left when the test ends."""
    with ExitStack() as open_windows:

        def go(*, path: Path = page_path, query: str = "", width: int = 1280, **options: Any) -> Window:
            viewport: ViewportSize = {"width": width, "height": 800}
            opened = windows.visit(path.as_uri() + query, viewport=viewport, **options)
            return open_windows.enter_context(opened)

        yield go


def make_interactive(page: Page, figure: str) -> None:
    page.click(f"#{figure} .chart-switch")
    page.wait_for_selector(f"#{figure} .chart-live svg")


def test_without_a_script_the_chart_is_a_picture_and_offers_nothing_else(visit: Visit) -> None:
    window = visit(java_script_enabled=False)
    assert window.page.is_visible("#trial-bias-intervals svg.chart-wide")
    assert not window.page.is_visible("#trial-bias-intervals svg.chart-narrow")
    assert not window.page.is_visible(".chart-switch")


def test_a_phone_gets_the_narrow_picture_without_scrolling_sideways(visit: Visit) -> None:
    window = visit(width=390)
    assert window.page.is_visible("#trial-bias-intervals svg.chart-narrow")
    assert not window.page.is_visible("#trial-bias-intervals svg.chart-wide")
    assert window.page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [390, 1280])
def test_a_click_makes_it_interactive_from_this_folder_alone(width: int, visit: Visit) -> None:
    """The bundle is loaded once, on demand; the policy is never tried; text of models stays text."""
    window = visit(width=width)
    assert not any("vega" in url for url in window.asked)
    make_interactive(window.page, "trial-bias-intervals")
    make_interactive(window.page, "mean")
    assert sum("vega" in url for url in window.asked) == 1
    assert all(url.startswith("file:") or url == "data:," for url in window.asked)
    assert window.said == []
    texts = window.page.eval_on_selector_all(".chart-live text", "all => all.map(e => e.textContent)")
    assert set(NAMES) <= set(texts)


def test_the_script_makes_a_models_rows_of_what_it_drew(visit: Visit) -> None:
    """Its running mean inside the shared envelope, and each draw as a mark in its place."""
    window = visit()
    for name in ("mean", "strip"):
        make_interactive(window.page, name)
    told = "all => all.map(e => e.getAttribute('aria-label'))"
    means = window.page.eval_on_selector_all("#mean .chart-live [aria-roledescription=point]", told)
    assert [re.findall(r"Share of ones: ([\d.]+)", label)[0] for label in means] == [
        *("1.000", "0.500", "0.333", "0.500", "0.600", "0.500")
    ]
    marks = window.page.eval_on_selector_all("#strip .chart-live [aria-roledescription=point]", told)
    assert [re.findall(r"Draw: (\d+); Outcome: (\w+)", label)[0] for label in marks] == [
        (str(place), result)
        for place, result in enumerate(("one", "zero", "neither", "zero", "one", "one", "zero"))
    ]
    assert window.said == []


def test_tooltips_show_a_models_text_as_text(visit: Visit) -> None:
    window = visit()
    make_interactive(window.page, "trial-bias-intervals")
    for mark in window.page.query_selector_all(".chart-live [aria-roledescription=point]"):
        mark.hover()
        assert window.page.inner_text(".chart-tip dd:first-of-type") in NAMES
        assert (
            window.page.eval_on_selector(".chart-tip", "e => e.querySelectorAll('script,img,a').length") == 0
        )


def test_the_keyboard_goes_from_mark_to_mark_and_opens_a_page(visit: Visit) -> None:
    window = visit()
    make_interactive(window.page, "trial-bias-intervals")
    window.page.focus("#trial-bias-intervals .chart-live")
    for _ in range(10):
        window.page.keyboard.press("ArrowRight")
        label = window.page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert window.page.is_visible(".chart-tip")
        if label.startswith("author/plain"):
            break
    window.page.keyboard.press("Enter")
    window.page.wait_for_url("**/trial/models/author/plain/index.html")
    assert window.said == []


def test_the_picture_comes_back(visit: Visit) -> None:
    window = visit()
    make_interactive(window.page, "trial-bias-intervals")
    assert window.page.inner_text("#trial-bias-intervals .chart-switch") == "Back to the picture"
    window.page.keyboard.press("Enter")  # the button has kept the focus
    assert window.page.is_visible("#trial-bias-intervals .chart-still")
    assert not window.page.query_selector(".chart-live")
    assert window.page.inner_text("#trial-bias-intervals .chart-switch") == "Make interactive"


def test_a_missing_bundle_is_told_and_the_picture_stays(
    visit: Visit, page_path: Path, tmp_path: Path
) -> None:
    shutil.copytree(page_path.parents[2], tmp_path, dirs_exist_ok=True)
    (tmp_path / "assets/vega.js").unlink()
    window = visit(path=tmp_path / page_path.relative_to(page_path.parents[2]))
    window.page.click("#trial-bias-intervals .chart-switch")
    window.page.wait_for_function("() => document.querySelector('.chart-note').textContent")
    assert "could not be loaded" in window.page.inner_text("#trial-bias-intervals .chart-note")
    assert window.page.is_visible("#trial-bias-intervals .chart-still")


CHART = "#trial-bias-intervals"
MARKS = f"{CHART} .chart-wide a:has(path, use)"


def test_without_a_script_every_mark_has_a_title(visit: Visit) -> None:
    page = visit(java_script_enabled=False).page
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


def test_hover_names_the_nearest_mark(visit: Visit) -> None:
    """On the mark and a little beside it, in one tooltip, without the browser's own; away from it nothing."""
    window = visit()
    page = window.page
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
    assert not window.said


def test_arrow_keys_name_mark_after_mark(visit: Visit) -> None:
    page = visit().page
    page.focus(f"{CHART} .chart-still")
    names = []
    for _ in NAMES:
        page.keyboard.press("ArrowRight")
        names.append(page.locator(".chart-tip strong").inner_text())
    assert len(set(names)) > 1
    assert set(names) <= set(NAMES)
    page.keyboard.press("Escape")
    expect(page.locator(".chart-tip")).to_be_hidden()


def test_enter_opens_the_page_of_a_mark(visit: Visit) -> None:
    page = visit().page
    page.focus(f"{CHART} .chart-still")
    page.keyboard.press("ArrowRight")
    while page.locator(".chart-tip strong").inner_text() != "author/plain":
        page.keyboard.press("ArrowRight")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.title() == "plain"


def test_a_first_tap_names_and_a_second_opens(visit: Visit) -> None:
    page = visit(has_touch=True).page
    box = middle_of_plain(page)
    page.touchscreen.tap(box["x"], box["y"])
    expect(page.locator(".chart-tip")).to_contain_text("Tap again to open its page")
    with page.expect_navigation():
        page.touchscreen.tap(box["x"], box["y"])
    assert page.title() == "plain"


def test_an_image_gives_way_to_named_marks(visit: Visit) -> None:
    """A picture too heavy to stand in the page is an image until the pointer comes to it."""
    window = visit()
    page = window.page
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
    make_interactive(window.page, "many-bias-intervals")
    assert not window.said


def test_the_readers_models_are_named_in_pictures_and_in_interactive_charts(visit: Visit) -> None:
    """Ringed; where rows have names these are bold, else the name stands beside the mark."""
    window = visit(query="?m=trial/author/plain&m=many/author-3/model-3&m=other/author/plain")
    page = window.page
    expect(page.locator(f"{CHART} .chart-wide .chosen-marks circle")).to_have_count(1)
    expect(page.locator(f"{CHART} .chart-wide a.chosen")).to_have_count(1)
    expect(page.locator("#many-bias-intervals .chart-wide .chosen-marks text")).to_have_text(
        "author-3/model-3"
    )
    make_interactive(window.page, "many-bias-intervals")
    expect(page.locator("#many-bias-intervals .chart-live .chosen-marks text")).to_have_text(
        "author-3/model-3"
    )
    links = page.locator('#many-bias-intervals .chart-live [aria-roledescription="point"]')
    assert links.first.evaluate("mark => mark.__data__.href").startswith("../../trial/models/")
    assert not window.said
