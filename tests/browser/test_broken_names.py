"""Names of models on narrow and wide screens: a line breaks after a mark of a name, never inside a word."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page

from flipsite.present.text.escaping import breakable

pytestmark = pytest.mark.browser

WIDTHS = (320, 390, 1280)
BROKEN = """() => {
  const found = [];
  const root = document.querySelector("main") ?? document.body;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const around = node.parentElement;
    if (!around.checkVisibility() || around.closest("pre, code, bdi, svg")) continue;
    for (const { 0: word, index } of node.data.matchAll(/[\\p{L}\\p{N}]{2,}/gu)) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const tops = [...range.getClientRects()].map(({ top }) => Math.round(top));
      const height = Math.max(...tops) - Math.min(...tops);
      if (height > 3) found.push(`${innerWidth} px: ${word} in ${node.data.trim()}`);
    }
  }
  return found;
}"""
LISTS = (
    "index.html",
    "article-2025/index.html",
    "article-2025/leaderboard/index.html",
    "article-2025/compare/index.html",
    "models/index.html",
    "search/index.html?q=model",
    "small-models/leaderboard/index.html",
    "trial/leaderboard/index.html",
    "trial/spend/index.html",
    "trial/answers/index.html",
    "autumn/compare/spring/index.html",
    "autumn/calibration/index.html",
    "trial/embed/frame/leaderboard.html",
)


def broken_words(page: Page) -> Iterator[str]:
    """Words with a line break in them, at each width."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        yield from page.evaluate(BROKEN)


@pytest.fixture(scope="module")
def printed(site: Path) -> list[str]:
    """The models of the article's study, as AUTHOR/SLUG."""
    pages = site.glob("article-2025/models/*/*/index.html")
    return sorted(f"{page.parent.parent.name}/{page.parent.name}" for page in pages)


@pytest.mark.parametrize("path", LISTS)
def test_no_word_of_a_page_is_broken(opened: Callable[..., Any], path: str) -> None:
    with opened(path) as page:
        page.wait_for_load_state()
        if path.startswith("search"):
            page.locator(".found a").nth(40).wait_for()
        assert list(broken_words(page)) == []


def test_no_title_of_a_model_is_broken(opened: Callable[..., Any], site: Path, printed: list[str]) -> None:
    assert len(printed) == 40
    found: list[str] = []
    with opened("index.html") as page:
        for model in printed:
            page.goto(f"{site.as_uri()}/article-2025/models/{model}/index.html")
            found += broken_words(page)
    assert found == []


def test_no_name_is_broken_in_a_comparison(
    opened: Callable[..., Any], site: Path, printed: list[str]
) -> None:
    found: list[str] = []
    with opened("index.html") as page:
        for six in (printed[start : start + 6] for start in range(0, 40, 6)):
            asked = urlencode([("m", f"article-2025/{model}") for model in six])
            page.goto(f"{site.as_uri()}/compare/index.html?{asked}")
            page.locator(".compared tbody tr").nth(len(six) - 1).wait_for()
            found += broken_words(page)
    assert found == []


def test_scripts_break_names_as_templates_do(opened: Callable[..., Any], printed: list[str]) -> None:
    """One rule, written twice: real names, short ends, long parts, and signs of other alphabets."""
    odd = [
        "a-b-c",
        "x" * 60,
        "lab/" + "part-" * 9 + "q" * 30,
        "лаборатория/модель-один",
        "a/b😀" * 8,
        "no author",
    ]
    broken = """(names) => names.map((name) => {
        const span = document.createElement("span");
        span.append(...flipsiteBreakable(name));
        return span.innerHTML;
    })"""
    with opened("glossary/index.html") as page:
        ours = [
            str(breakable(name)).replace("<span class=long>", '<span class="long">') for name in odd + printed
        ]
        assert page.evaluate(broken, odd + printed) == ours


def test_a_broken_word_is_seen(opened: Callable[..., Any]) -> None:
    """The measure itself, on a page that breaks all of its words."""
    with opened("article-2025/leaderboard/index.html", viewport={"width": 320, "height": 844}) as page:
        page.evaluate("document.querySelector('h1').append('x'.repeat(99))")
        assert page.evaluate(BROKEN)
