"""The page of a study's answers: filtered by words and status, whole without a script."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

ANSWERS = "trial/answers/index.html"


def test_answers_are_filtered_by_status_and_by_words(opened: Callable[..., Any]) -> None:
    """Counts follow the words, the view stands in the address and comes back."""
    with opened(ANSWERS) as page:
        page.get_by_role("button", name="refused").click()
        assert page.locator("section:visible").count() == 1
        page.get_by_label("Words or a model").fill("cannot flip")
        assert page.locator(".said tbody tr:visible").count() == 1
        assert page.url.endswith("?q=cannot+flip&status=refused")
    with opened(f"{ANSWERS}?q=cannot+flip&status=refused") as page:
        assert page.locator(".said tbody tr:visible").count() == 1
        assert page.get_by_role("button", name="refused").get_attribute("aria-pressed") == "true"
        page.get_by_role("link", name="coin/never-parses").click()
        page.wait_for_url("**/trial/models/coin/never-parses/index.html")


def test_without_a_script_every_answer_is_listed(opened: Callable[..., Any]) -> None:
    """Hostile answers are text; no control stands there that would do nothing."""
    with opened(ANSWERS, java_script_enabled=False) as page:
        assert page.get_by_role("heading", name="Refused").is_visible()
        assert page.locator("#answers script, #answers b").count() == 0
        assert "</script><script>alert(1)" in page.locator("#answers").inner_text()
        assert page.locator(".controls").is_hidden()
        page.get_by_role("link", name="Valid").first.click()
        page.wait_for_url("**#status-valid")
