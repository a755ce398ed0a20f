"""Five things that readers come for, from a study's front page: three clicks or keys each at most."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

MOST = 3


class Hands:
    """A reader's hands: a click, a key, or a text typed at once is one action."""

    def __init__(self, page: Page) -> None:
        self.page, self.actions = page, 0

    def click(self, target: Locator) -> None:
        self.actions += 1
        target.click()

    def press(self, key: str) -> None:
        self.actions += 1
        self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        self.actions += 1
        self.page.keyboard.type(text)


@pytest.fixture
def reader(opened: Callable[..., Any]) -> Callable[..., Any]:
    """Hands on a page; they must not have done more than MOST when it is left."""

    @contextmanager
    def hands_on(path: str) -> Iterator[Hands]:
        with opened(path) as page:
            hands = Hands(page)
            yield hands
            assert hands.actions <= MOST

    return hands_on


def search(hands: Hands, text: str) -> None:
    """`/`, the words, Enter: on the best result."""
    hands.press("/")
    hands.page.locator("input[type=search]:focus").wait_for()
    hands.write(text)
    hands.page.locator(".finds a").first.wait_for()
    hands.press("Enter")


def test_a_model_is_found(reader: Callable[..., Any]) -> None:
    with reader("index.html") as hands:
        search(hands, "claude-opus-4.1")
        hands.page.wait_for_url("**/models/anthropic/claude-opus-4.1/index.html")


def test_a_model_s_verdict_is_seen_without_scrolling(reader: Callable[..., Any]) -> None:
    with reader("methods/index.html") as hands:
        search(hands, "claude-opus-4.1")
        stamp = hands.page.locator(".stamp .verdict")
        stamp.wait_for()
        assert stamp.inner_text() == "biased"
        box = stamp.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 900


def test_two_models_difference_is_a_search_away(reader: Callable[..., Any]) -> None:
    with reader("index.html") as hands:
        search(hands, "claude-opus-4.1 vs gpt-4-1106")
        rows = hands.page.locator(".differences tbody tr")
        rows.first.wait_for()
        told = rows.first.locator("th, td").all_inner_texts()
        assert told[:2] == ["anthropic/claude-opus-4.1", "openai/gpt-4-1106-preview"]
        assert float(told[2]) > 0


def test_two_models_difference_is_two_ticks_away(reader: Callable[..., Any]) -> None:
    with reader("trial/leaderboard/index.html") as hands:
        hands.click(hands.page.get_by_label("Compare coin/always-one"))
        hands.click(hands.page.get_by_label("Compare mint-1/coin-01"))
        hands.click(hands.page.get_by_role("link", name="Compare 2 models"))
        hands.page.locator(".differences tbody tr").first.wait_for()


def test_the_cheapest_fair_model_is_found(reader: Callable[..., Any]) -> None:
    with reader("trial/index.html") as hands:
        page = hands.page
        hands.click(page.get_by_label("Site").get_by_role("link", name="Leaderboard"))
        hands.click(page.locator("[name=verdict][value=fair]"))
        hands.click(page.locator("th[data-key=cost_usd] button"))
        page.locator("th[data-key=cost_usd][aria-sort=ascending]").wait_for()
        assert page.locator("#least-biased tr th a").first.inner_text() == "coin/long-run"


@pytest.mark.parametrize("study", ["small-models", "controls"])
def test_who_follows_the_order_is_found(reader: Callable[..., Any], study: str) -> None:
    """The choice stands in the address, and a second click takes it back."""
    with reader(f"{study}/index.html") as hands:
        page = hands.page
        hands.click(page.get_by_label("Site").get_by_role("link", name="Leaderboard"))
        hands.click(page.locator("[name=follows][value=order]"))
        page.wait_for_url("**?sway=order")
        verdicts = page.locator("#least-biased td:nth-of-type(4)").all_inner_texts()
        assert verdicts
        said = ("follows the order", "order matters too")
        assert all(any(words in verdict for words in said) for verdict in verdicts)
        chip = page.locator("[name=follows][value=order]")
        assert chip.locator("b").inner_text() == str(len(verdicts))
        hands.click(chip)
        page.wait_for_url("**/leaderboard/index.html")
