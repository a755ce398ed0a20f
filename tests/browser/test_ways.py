"""Ways through the site: from study to study, from a model to itself elsewhere, along the order, and back."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_a_study_leads_to_the_next_one_and_back(opened: Callable[..., Any]) -> None:
    """Real studies by id, then simulated ones."""
    with opened("autumn/index.html") as page:
        page.get_by_role("link", name="Next study").click()
        page.wait_for_url("**/seven/index.html")
        page.get_by_role("link", name="Previous study").click()
        page.wait_for_url("**/autumn/index.html")
        page.get_by_role("link", name="Previous study").click()
        page.wait_for_url("**/article-2025/index.html")
        assert page.get_by_role("link", name="Previous study").count() == 0
    with opened("spring/index.html") as page:
        page.get_by_role("link", name="Next study").click()
        page.wait_for_url("**/control*/index.html")
        assert page.locator(".banner").is_visible()


def test_a_study_leads_to_its_comparisons(opened: Callable[..., Any]) -> None:
    """The model that moved comes first, though its bias is the same: it says the other side."""
    with opened("autumn/index.html") as page:
        beside = page.locator("#compared + ul li")
        assert beside.first.inner_text() == "Spring: 10 models in both studies; 1 moved."
        beside.first.get_by_role("link").click()
        page.wait_for_url("**/autumn/compare/spring/index.html")
        first = page.locator("table.data tbody tr").first
        assert first.locator("th").inner_text() == "house/turncoat"
        assert first.locator("td").last.inner_text() == "yes"


def test_a_model_leads_to_itself_in_other_studies(opened: Callable[..., Any]) -> None:
    with opened("spring/models/house/turncoat/index.html") as page:
        others = page.locator("#elsewhere + ul")
        assert others.get_by_role("link").all_inner_texts() == ["Autumn", "Seven"]
        page.get_by_role("link", name="All of them side by side").click()
        page.wait_for_url("**/models/house/turncoat/index.html")
        assert page.locator("tbody th").all_inner_texts() == ["Spring", "Autumn", "Seven"]
        page.get_by_role("link", name="Autumn").click()
        page.wait_for_url("**/autumn/models/house/turncoat/index.html")


def test_models_follow_each_other_in_the_order_of_their_bias(opened: Callable[..., Any]) -> None:
    with opened("autumn/leaderboard/index.html?sort=bias") as page:
        page.wait_for_selector(".board.linked:not([aria-busy])")
        names = page.locator("#all-table tbody th a").all_inner_texts()
        page.locator("#all-table tbody th a").first.click()
        for name in names[1:4]:
            page.get_by_role("link", name="More biased").click()
            page.wait_for_function("(name) => document.title.startsWith(name)", arg=name)
        page.get_by_role("link", name="Less biased").click()
        page.wait_for_function("(name) => document.title.startsWith(name)", arg=names[2])


def test_crumbs_lead_back_step_by_step(opened: Callable[..., Any]) -> None:
    with opened("trial/models/coin/long-run/index.html") as page:
        for step, address in (
            ("Leaderboard", "trial/leaderboard"),
            ("Coins of a trial", "trial"),
            ("Home", ""),
        ):
            page.get_by_label("Breadcrumbs").get_by_role("link", name=step).click()
            page.wait_for_url(f"**/{address}/index.html" if address else "**/index.html")


def test_answers_that_hang_together_are_told_beside_the_verdict(opened: Callable[..., Any]) -> None:
    """A coin that sticks to its side has a share that can be a fair coin’s, and is none."""
    with opened("controls/models/simulated/sticky/index.html") as page:
        warning = page.locator(".model-head .warning")
        assert "draws are not independent: 4 unbroken runs in 50 readable draws" in warning.inner_text()
        warning.get_by_role("link").click()
        assert page.url.endswith("#one-coin")
    with opened("controls/models/simulated/fair/index.html") as page:
        assert page.locator(".model-head .warning").count() == 0


def test_a_phone_hears_the_verdict_and_sees_its_shape(opened: Callable[..., Any]) -> None:
    with opened("trial/leaderboard/index.html", viewport={"width": 390, "height": 800}) as page:
        cell = page.locator("#least-biased tr.biased td:nth-child(5)").first
        assert cell.inner_text() == "biased"
        assert cell.evaluate("(e) => getComputedStyle(e).fontSize") == "0px"
        assert "◆" in cell.evaluate("(e) => getComputedStyle(e, '::before').content")
        assert cell.bounding_box()["width"] < 40


def test_a_long_table_of_words_keeps_its_head_in_sight(opened: Callable[..., Any]) -> None:
    with opened("trial/spend/index.html") as page:
        page.locator(".data tbody tr").nth(50).scroll_into_view_if_needed()
        assert -1 <= page.locator(".data thead th").first.bounding_box()["y"] <= 1


def test_what_scrolls_aside_keeps_its_first_column(opened: Callable[..., Any]) -> None:
    with opened("trial/spend/index.html", viewport={"width": 390, "height": 800}) as page:
        table = page.locator(".scroll", has=page.locator(".data"))
        table.evaluate("(e) => { e.scrollLeft = 200; }")
        left = table.bounding_box()["x"]
        assert abs(table.locator("tbody th").first.bounding_box()["x"] - left) < 1
