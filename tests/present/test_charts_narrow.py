"""Bias against date, price and size, and over time, on the narrowest phone: one page of four pictures."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect
from tests.present.conftest import Counts
from tests.windows import Windows

from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Figure
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Feature, Study
from flipsite.present.charts.compare import history_drawings
from flipsite.present.charts.scatter import scatter_drawings
from flipsite.present.pages.page import Page as SitePage
from flipsite.present.pages.templates import environment, render

pytestmark = pytest.mark.browser

TEMPLATES = Path(__file__).parents[2] / "templates"
NARROWEST: ViewportSize = {"width": 320, "height": 800}
COUNTS = [
    ("lab/tiny-7b", 50, 50),
    ("lab/tiny-7b-it", 40, 50),
    ("a-very-long-author/a-model-of-a-very-long-name-instruct-2026-01-01", 27, 50),
    ("else/big-700b", 3, 50),
    ("else/other", 25, 50),
]
KNOWN = {
    "released": ("2023-06-13", "2024-03", "2025", "2025-06-01", "2026-01-01"),
    "price_completion": ("0.0000001", "0.00000025", "0.000015", "0.0006", "0.000002"),
    "parameters_total_b": ("7", "7", "0.27", "700", "70"),
}
TITLES = {
    "trial-bias-by-release": "Release date",
    "trial-bias-by-price": "US dollars for a million completion tokens",
    "trial-bias-by-size": "Parameters, billion",
    "history": "2026",
}
"""A word that each picture's horizontal axis shows."""

WORDS = """(svg) => {
    const whole = svg.getBoundingClientRect();
    return [...svg.querySelectorAll("text")].filter((e) => e.textContent.trim()).map((e) => {
        const { left, right, top, bottom } = e.getBoundingClientRect();
        const inside = left >= whole.left - 1 && right <= whole.right + 1
            && top >= whole.top - 1 && bottom <= whole.bottom + 1;
        return { text: e.textContent, box: [left, right, top, bottom], inside, size: bottom - top };
    });
}"""


@pytest.fixture(scope="module")
def figures(estimated: Callable[[Counts], tuple[Estimate, ...]], study: Study) -> list[Figure]:
    found = estimated(COUNTS)
    features = {
        model: [
            Feature(model=model, feature=name, value=values[place], source="curated")
            for name, values in KNOWN.items()
        ]
        for place, (model, _, _) in enumerate(COUNTS)
    }
    later = estimated([(model, 50 - ones, n) for model, ones, n in COUNTS[:2]] + COUNTS[2:])
    reports = [
        StudyReport(study=replace(study, id=f"on-{date}", started=date), estimates=shown)
        for date, shown in (("2025-03-01", found), ("2026-02-01", later))
    ]
    drawings = scatter_drawings(found, features, study) | history_drawings(reports)
    return [draw() for draw in drawings.values()]


@pytest.fixture(scope="module")
def phone(
    browser: Browser, figures: list[Figure], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("narrow")
    for name in ("charts.js", "charts.css", "flipsite.css"):
        (folder / name).write_bytes((TEMPLATES / "static" / name).read_bytes())
    page = SitePage(path="index.html", title="", description="", template="")
    shown = "".join(
        render(environment([TEMPLATES]), "parts/figure.html", figure=figure, page=page, most_bytes=10**6)
        for figure in figures
    )
    path = folder / "index.html"
    path.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        '<link rel="stylesheet" href="flipsite.css"><link rel="stylesheet" href="charts.css">'
        f'<script defer src="charts.js" data-bundle="none.js"></script><main>{shown}</main>',
        encoding="utf-8",
    )
    with Windows(browser, offline=True).visit(path.as_uri(), viewport=NARROWEST, has_touch=True) as window:
        yield window.page
        assert window.said == []


@pytest.fixture(params=TITLES)
def picture(phone: Page, request: pytest.FixtureRequest) -> Locator:
    """The narrow picture of one chart."""
    return phone.locator(f"figure[id$='{request.param}'] svg.chart-narrow")


def test_axis_titles_and_legends_are_readable_and_inside_the_picture(
    picture: Locator, request: pytest.FixtureRequest
) -> None:
    """Letters are at least as high as those of a footnote, and no word covers another."""
    words = picture.evaluate(WORDS)
    assert [word["text"] for word in words if not word["inside"] or word["size"] < 9] == []
    assert [*_covering(words)] == []
    texts = [word["text"] for word in words]
    axis = TITLES[request.node.callspec.params["picture"]]
    assert "Bias" in texts
    assert any(text.startswith(axis) for text in texts)


def _covering(words: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Pairs of words whose boxes overlap by more than the space above their letters."""
    for one, other in combinations(words, 2):
        lefts, rights, tops, bottoms = zip(one["box"], other["box"], strict=True)
        if min(rights) - max(lefts) > 1 and min(bottoms) - max(tops) > 4:
            yield one["text"], other["text"]


def test_the_arrow_keys_and_a_tap_name_the_marks(phone: Page, picture: Locator) -> None:
    tip = phone.locator(".chart-tip strong")
    models = {model for model, _, _ in COUNTS}
    picture.locator("xpath=..").focus()
    named = set()
    for _ in range(2 * len(COUNTS)):
        phone.keyboard.press("ArrowRight")
        named.add(tip.inner_text())
    assert named == models
    phone.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    picture.locator("path[aria-label]").last.tap(force=True)
    expect(tip).to_be_visible()
    assert tip.inner_text() in models
