"""Visits that share a window know nothing of each other."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Error
from tests.windows import Windows

pytestmark = pytest.mark.browser

HOVERED = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>
    done(document.querySelectorAll(":hover").length))))"""
STORED = "() => localStorage.length + sessionStorage.length"
SEEN = "() => [innerWidth, matchMedia('print').matches, matchMedia('(prefers-color-scheme: dark)').matches]"


@pytest.mark.parametrize("over_http", [False, True], ids=["file", "http"])
def test_a_visit_finds_nothing_of_the_one_before(
    opened: Callable[..., Any], served: str, over_http: bool
) -> None:
    """Neither what was stored nor the pointer, the media, the width, a permission or an anchor."""
    root = served if over_http else None
    narrow = {"width": 320, "height": 800}
    with opened(
        "cite/index.html", root=root, viewport=narrow, color_scheme="dark", permissions=["clipboard-read"]
    ) as page:
        window = page
        page.evaluate("() => { localStorage.setItem('a', 'b'); sessionStorage.setItem('a', 'b'); }")
        page.mouse.move(100, 20)
        page.emulate_media(media="print")
        assert page.evaluate(HOVERED) > 0
        assert page.evaluate(STORED) == 2
        assert page.evaluate(SEEN) == [320, True, True]
    with opened("cite/index.html", root=root) as page:
        assert page is window
        assert page.evaluate(HOVERED) == 0
        assert page.evaluate(STORED) == 0
        assert page.evaluate(SEEN) == [1280, False, False]
        granted = "navigator.permissions.query({ name: 'clipboard-read' }).then((found) => found.state)"
        assert page.evaluate(granted) != "granted"
    with opened("cite/index.html#main", root=root) as page:
        assert page.evaluate("performance.getEntriesByType('navigation')[0].name").endswith("#main")


def test_a_visit_that_failed_leaves_its_window_to_nobody(windows: Windows) -> None:
    def fail() -> None:
        with windows.visit("data:text/html,failed") as window:
            failed.append(window.page)
            raise LookupError

    failed: list[Any] = []
    with pytest.raises(LookupError):
        fail()
    with pytest.raises(Error, match="closed"):
        failed[0].title()
