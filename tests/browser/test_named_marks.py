"""The marks of the first picture have names: by pointer, key and tap, and without scripts."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

FEW, MANY = "controls/leaderboard/index.html", "trial/leaderboard/index.html"
SUMMARY = "trial/index.html"
NAME, NUMBERS = ".chart-tip strong", ".chart-tip p"
MARKS = ".bias-ruler .models :is(a, use:not(a > use))"


@pytest.mark.parametrize(("path", "n_marks"), [(FEW, 16), (MANY, 59), (SUMMARY, 59), ("index.html", 40)])
def test_without_scripts_every_mark_has_a_title(opened: Callable[..., Any], path: str, n_marks: int) -> None:
    """A browser shows it on hover: the model, and its bias."""
    with opened(path, java_script_enabled=False) as page:
        titles = page.locator(f"{MARKS} > title").all_text_contents()
        assert len(titles) == page.locator(MARKS).count() == n_marks
        assert all(": " in title for title in titles)
        assert len({title.rpartition(": ")[0] for title in titles}) == n_marks


@pytest.mark.parametrize("path", [FEW, SUMMARY])
def test_the_pointer_and_the_arrow_keys_name_marks(opened: Callable[..., Any], path: str) -> None:
    """The pointer the nearest; the keys one after the other, from a single stop of the tab key."""
    with opened(path) as page:
        page.locator(MARKS).last.hover()
        expect(page.locator(NAME)).not_to_be_empty()
        expect(page.locator(NUMBERS)).to_contain_text("0.")
        page.mouse.move(0, 0)
        expect(page.locator(NAME)).to_be_hidden()
        page.focus(".ruler-marks")
        names = []
        for _ in range(3):
            page.keyboard.press("ArrowRight")
            expect(page.locator(NAME)).to_be_visible()
            names.append(page.locator(NAME).inner_text())
        assert len(set(names)) == 3
        page.keyboard.press("Escape")
        expect(page.locator(NAME)).to_be_hidden()


def test_a_first_tap_names_a_mark_and_a_second_one_opens_its_page(opened: Callable[..., Any]) -> None:
    with opened(FEW, has_touch=True, viewport={"width": 390, "height": 800}) as page:
        page.locator(".ruler-marks[role=group]").wait_for()
        mark = page.locator(MARKS).last
        mark.tap()
        expect(page.locator(".chart-tip")).to_contain_text("Tap again to open its page")
        model = page.locator(NAME).inner_text()
        mark.tap()
        page.wait_for_url(f"**/models/{model}/index.html")


def test_the_models_that_a_reader_ticked_are_ringed_and_named(opened: Callable[..., Any]) -> None:
    with opened(f"{SUMMARY}?m=trial/coin/always-one") as page:
        expect(page.locator(".ruler-marks .chosen-marks circle")).to_have_count(1)
        expect(page.locator(".ruler-marks .chosen-marks text")).to_have_text("coin/always-one")
