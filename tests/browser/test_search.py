"""The search in a browser: a box on the first screen, `/` from everywhere, one typo forgiven."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

FIRST_SCREENS = ("index.html", "article-2025/index.html", "article-2025/leaderboard/index.html")


@pytest.mark.parametrize("path", FIRST_SCREENS)
@pytest.mark.parametrize("width", [390, 1280])
def test_the_first_screen_has_a_finding_a_picture_and_a_search(
    opened: Callable[..., Any], path: str, width: int
) -> None:
    """The finding names a model and leads to it; all models on a ruler and a search box are in sight."""
    with opened(path, viewport={"width": width, "height": 844}) as page:
        link = page.locator(".lede a").first
        assert "models/" in link.get_attribute("href")
        assert page.locator(".bias-ruler .models use").count() == 40
        search = page.locator(".finder input, .controls input[type=search]").first
        for part in (link, page.locator(".bias-ruler .models"), search):
            box = part.bounding_box()
            assert box["y"] + box["height"] <= 844


@pytest.mark.parametrize("path", [*FIRST_SCREENS, "methods/index.html", "trial/spend/index.html"])
def test_a_slash_focuses_the_search_everywhere(opened: Callable[..., Any], served: str, path: str) -> None:
    """The page's own box, or one in a dialog; in a field a slash is a slash."""
    with opened(path, root=served) as page:
        page.keyboard.press("/")
        page.locator("input[type=search]:focus").wait_for()
        page.keyboard.type("a/b")
        assert page.locator("input[type=search]:focus").input_value() == "a/b"


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("euryale", "/models/sao10k/l3."),
        ("eurylae", "/models/sao10k/l3."),
        ("claud opus", "/models/anthropic/claude-opus-"),
        ("anthropic", "leaderboard/index.html?author=anthropic"),
        ("noise floor", "glossary/index.html#noise-floor"),
        ("noize floor", "glossary/index.html#noise-floor"),
        ("methods", "methods/index.html"),
    ],
)
def test_models_authors_words_and_pages_are_found(opened: Callable[..., Any], asked: str, path: str) -> None:
    """From the home page, with a typo too; each result says where it is."""
    with opened("index.html") as page:
        page.get_by_label("Find a model").fill(asked)
        page.locator(".finds a").first.wait_for()
        links = page.evaluate("[...document.querySelectorAll('.finds a')].map((link) => link.href)")
        assert any(path in link for link in links), links
        assert page.locator(".finds small").first.inner_text()


def test_the_best_result_is_a_key_away(opened: Callable[..., Any]) -> None:
    with opened("article-2025/index.html") as page:
        page.get_by_label("Find a model").fill("gpt-4-1106")
        page.locator(".finds a").first.wait_for()
        page.keyboard.press("Enter")
        page.wait_for_url("**/models/openai/gpt-4-1106-preview/index.html")


def test_results_are_walked_with_arrows_and_left_with_escape(opened: Callable[..., Any]) -> None:
    with opened("index.html") as page:
        page.get_by_label("Find a model").fill("coin")
        page.locator(".finds a").first.wait_for()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement === document.querySelectorAll('.finds a')[1]")
        page.keyboard.press("Escape")
        assert page.locator(".finds").is_hidden()
        assert page.evaluate("document.activeElement.name") == "find"


def test_without_scripts_no_box_pretends_to_search(opened: Callable[..., Any]) -> None:
    with opened("index.html", java_script_enabled=False) as page:
        assert page.locator(".finder").is_hidden()
        assert page.get_by_role("link", name="Search", exact=True).is_visible()
