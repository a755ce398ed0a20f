"""Models side by side: ticked on a leaderboard, chosen in the address, and pairs without a script."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

TWO = "compare/index.html?m=trial/coin/always-one&m=trial/mint-1/coin-01"


def test_ticked_models_stand_side_by_side(opened: Callable[..., Any]) -> None:
    with opened("trial/leaderboard/index.html") as page:
        page.get_by_label("Compare coin/always-one").check()
        page.get_by_label("Compare mint-1/coin-01").check()
        page.get_by_role("link", name="Compare 2 models").click()
        page.locator(".compared tbody tr").nth(1).wait_for()
        names = page.locator(".compared tbody th a").all_inner_texts()
        assert names == ["coin/always-one", "mint-1/coin-01"]


def test_a_difference_has_its_interval(opened: Callable[..., Any]) -> None:
    """The more biased model stands first, whichever was chosen first."""
    with opened("compare/index.html?m=trial/mint-1/coin-01&m=trial/coin/always-one") as page:
        cells = page.locator(".differences tbody tr").first.locator("th, td").all_inner_texts()
        assert cells[:2] == ["coin/always-one", "mint-1/coin-01"]
        value, (low, high) = float(cells[2]), map(float, cells[3].replace("−", "-").split(" to "))
        assert 0 < low < value < high
        assert cells[4] == "yes"
        assert (
            page.locator(".count")
            .inner_text()
            .startswith(f"coin/always-one is more biased than {cells[1]}, by 0.")
        )


def test_the_ruler_ends_at_a_number_of_few_digits(opened: Callable[..., Any]) -> None:
    """The largest bias of a die is five in six."""
    with opened("compare/index.html?m=small-models-die/google/gemma-3-270m") as page:
        assert page.locator(".compared .ruler small span").all_inner_texts() == ["0", "0.833"]


def test_a_model_leads_to_its_answers_and_has_the_bias_of_its_interval(opened: Callable[..., Any]) -> None:
    """Where two orders were asked, both are those within the orders."""
    with opened("compare/index.html?m=small-models/google/gemma-3-270m&m=article-2025/openai/gpt-4") as page:
        asked, printed = page.locator(".compared tbody tr").all()
        cell = asked.locator("td").first.inner_text().split("\n")
        low, high = map(float, cell[1].split(" to "))
        assert low <= float(cell[0]) <= high
        assert len(cell) == 2
        assert "answers" not in printed.inner_text()
        asked.get_by_role("link", name="answers").click()
        page.wait_for_url("**/small-models/models/google/gemma-3-270m/index.html#draws")


def test_one_model_of_two_studies_has_their_titles(opened: Callable[..., Any]) -> None:
    with opened("compare/index.html?m=spring/house/turncoat&m=autumn/house/turncoat") as page:
        names = page.locator(".differences tbody :is(th, td)").all_inner_texts()[:2]
        assert sorted(names) == ["house/turncoat (Autumn)", "house/turncoat (Spring)"]


def test_models_are_added_and_removed_and_stand_in_the_address(opened: Callable[..., Any]) -> None:
    with opened(TWO) as page:
        page.get_by_label("Add a model").fill("coin-07")
        page.get_by_role("button", name="Add").click()
        page.locator(".compared tbody tr").nth(2).wait_for()
        assert page.locator(".differences tbody tr").count() == 3
        page.get_by_role("button", name="Remove coin/always-one").click()
        assert page.url.endswith("?m=trial%2Fmint-1%2Fcoin-01&m=trial%2Fmint-2%2Fcoin-07")
        page.get_by_label("Add a model").fill("no such model")
        page.keyboard.press("Enter")
        assert "No one model is called" in page.locator(".count").inner_text()
        page.get_by_role("button", name="Remove all").click()
        assert page.locator(".compared tbody tr").count() == 0


def test_simulated_coins_never_stand_beside_real_models(opened: Callable[..., Any]) -> None:
    with opened(f"{TWO}&m=article-2025/openai/gpt-4") as page:
        assert page.locator(".compared tbody tr").count() == 2
        assert "not put beside real models" in page.locator(".count").inner_text()


def test_without_a_script_there_is_a_page_of_pairs(opened: Callable[..., Any]) -> None:
    """Linked from the page that needs one, with the same numbers."""
    with opened("compare/index.html", java_script_enabled=False) as page:
        assert page.locator(".compare-add").is_hidden()
        page.get_by_role("link", name="Coins of a trial").click()
        page.wait_for_url("**/trial/compare/index.html")
        assert page.locator("tbody tr").count() == 66


@pytest.mark.parametrize("width", [320, 1280])
def test_six_models_never_scroll_the_page_sideways(opened: Callable[..., Any], width: int) -> None:
    six = "&".join(f"m=trial/mint-{i % 5}/coin-{i:02d}" for i in range(6))
    with opened(f"compare/index.html?{six}", viewport={"width": width, "height": 800}) as page:
        assert page.locator(".differences tbody tr").count() == 15
        assert page.evaluate("document.documentElement.scrollWidth") <= width
