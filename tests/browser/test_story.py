"""The story page: a coin to flip along."""

import re
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

SAID = ".toy-said"


def test_without_scripts_the_picture_and_its_words_stand_for_themselves(opened: Callable[..., Any]) -> None:
    with opened("index.html", java_script_enabled=False) as page:
        assert page.locator(".toy button:visible").count() == 0
        assert page.locator(".toy .chance rect").count() > 10
        models = page.locator(".toy .models a")
        assert models.count() == 40
        assert ": bias " in models.first.locator("title").text_content()
        assert "33\u00a0%" in page.locator(SAID).inner_text()


def test_one_luck_gives_one_result(opened: Callable[..., Any]) -> None:
    """The same number flips the same coins, on any machine."""
    said = []
    for _ in range(2):
        with opened("index.html?luck=7", reduced_motion="reduce") as page:
            page.get_by_role("button", name="Flip 50 times").click()
            said.append(page.locator(SAID).inner_text())
            heads = page.locator(".toy-strip i.heads").count()
            assert page.locator(".toy-strip i").count() == 50
            assert page.get_attribute(".toy-strip", "aria-label") == f"{heads} heads, {50 - heads} tails"
            bias = f"{abs(heads / 50 - 0.5):.2f}".rstrip("0").rstrip(".")
            assert said[-1].startswith(f"{heads} heads, {50 - heads} tails: a bias of {bias}")
    assert said[0] == said[1]


def test_the_coin_is_fair(opened: Callable[..., Any]) -> None:
    """Of 10,000 tries as many land among the least biased as chance says, to within four standard errors."""
    with opened("index.html?luck=1") as page:
        for _ in range(100):
            page.evaluate("document.querySelector('[data-flip=\"100\"]').click()")
        found = re.search(r"(\d+) of your 10000 fair coins", page.locator(SAID).inner_text())
        assert found
        assert abs(int(found[1]) / 10_000 - 0.3282) < 4 * (0.33 * 0.67 / 10_000) ** 0.5


def test_piles_hold_as_many_coins_as_were_flipped(opened: Callable[..., Any]) -> None:
    with opened("index.html?luck=3") as page:
        page.get_by_role("button", name="Do that 100 times").click()
        page.get_by_role("button", name="Flip 50 times").click()
        assert page.locator(".toy .flipped rect").count() == 101
        assert page.locator(".toy .flipped rect.last").count() == 1
        page.get_by_role("button", name="Start over").click()
        assert page.locator(".toy .flipped rect").count() == 0
        assert "in 33\u00a0% of all tries" in page.locator(SAID).inner_text()


def test_the_coin_is_flipped_with_the_keyboard_and_told_aloud(opened: Callable[..., Any]) -> None:
    with opened("index.html?luck=5") as page:
        page.get_by_role("button", name="Flip 50 times").focus()
        page.keyboard.press("Space")
        assert "of your 1 fair coin landed" in page.locator(SAID).inner_text()
        assert page.get_attribute(SAID, "aria-live") == "polite"


def test_nothing_moves_for_those_who_ask_for_stillness(opened: Callable[..., Any]) -> None:
    with opened("index.html?luck=5", reduced_motion="reduce") as page:
        page.get_by_role("button", name="Flip 50 times").click()
        assert page.evaluate("document.getAnimations().length") == 0


def test_the_newest_coin_has_the_legends_colour(opened: Callable[..., Any]) -> None:
    """It differs by its outline alone."""
    with opened("index.html?luck=3", reduced_motion="reduce") as page:
        page.get_by_role("button", name="Flip 50 times").click()
        fill = "element => getComputedStyle(element).fill"
        key = "element => getComputedStyle(element).backgroundColor"
        newest = page.locator(".flipped rect.last").evaluate(fill)
        assert newest == page.locator(".toy-key .key-gold").evaluate(key)


def test_the_toys_models_are_named_by_the_pointer_and_by_keys(opened: Callable[..., Any]) -> None:
    with opened("index.html", reduced_motion="reduce") as page:
        page.locator(".toy-picture .models a").last.hover()
        named = page.locator(".chart-tip strong").inner_text()
        assert "/" in named
        page.focus(".toy-picture")
        page.keyboard.press("ArrowRight")
        assert page.locator(".chart-tip strong").inner_text() != named


def test_the_home_page_shows_each_model_once(opened: Callable[..., Any]) -> None:
    """No second picture or table of the models in the toy."""
    with opened("index.html", java_script_enabled=False) as page:
        shown = page.locator("main :is(svg, table) a[href*='/models/']")
        links = [link.get_attribute("href") for link in shown.all()]
        assert len(links) >= 40
        assert len(links) == len(set(links))
