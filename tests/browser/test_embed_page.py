"""The page of embeds as a reader uses it: previews that fit, sources that copy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.windows import Windows

from flipsite.present.embeds.html import LISTENER

pytestmark = pytest.mark.browser

FIRST = "article-2025-least-biased"
ADDRESS = f"embed/index.html#{FIRST}"


@pytest.mark.parametrize("over_http", [False, True], ids=["file", "http"])
def test_a_preview_is_as_high_as_what_it_shows(
    opened: Callable[..., Any], served: str, over_http: bool
) -> None:
    with opened(ADDRESS, root=served if over_http else None) as page:
        assert len(page.frames) == 1  # no preview loads before it is opened
        section = page.locator(f"[id='{FIRST}']")
        section.locator("summary", has_text="Preview of").click()
        frame = section.locator("iframe")
        shown = section.frame_locator("iframe")
        expect(shown.locator("tbody tr")).to_have_count(20)
        height = shown.locator("html").evaluate("each => Math.ceil(each.getBoundingClientRect().height)")
        expect(frame).to_have_attribute("height", str(height))
        assert height > 500


def test_a_source_is_copied_whole(opened: Callable[..., Any], served: str, site: Path) -> None:
    options = {"permissions": ["clipboard-read", "clipboard-write"]}
    with opened(ADDRESS, root=served, **options) as page:
        for label, suffix in (("HTML", "html"), ("Markdown", "md")):
            assert copied(page, label) == (site / f"article-2025/embed/least-biased.{suffix}").read_text()


def copied(page: Page, label: str) -> str:
    box = page.locator(f"[id='{FIRST}'] details", has=page.locator("summary", has_text=label))
    box.locator("summary").click()
    box.get_by_role("button", name="Copy").click()
    expect(box.get_by_role("status")).to_have_text("Copied.")
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def test_without_scripts_the_sources_are_there(opened: Callable[..., Any]) -> None:
    with opened(ADDRESS, java_script_enabled=False) as page:
        assert page.locator(f"[id='{FIRST}'] .embed-files a[href$='least-biased.html']").first.is_visible()
        assert page.locator(".embed-copy:visible").count() == 0


@pytest.mark.parametrize("java_script_enabled", [False, True], ids=["plain", "scripts"])
@pytest.mark.parametrize("width", [390, 1280])
def test_studies_are_closed_until_they_are_wanted(
    opened: Callable[..., Any], width: int, java_script_enabled: bool
) -> None:
    """A link to an embed, or to a study, opens that study; the reader opens the others."""
    options = {"viewport": {"width": width, "height": 800}, "java_script_enabled": java_script_enabled}
    shown = "details.embeds[open]"
    with opened("embed/index.html", **options) as page:
        studies = page.locator("details.embeds")
        assert studies.count() > 5
        assert page.locator(shown).count() == 0
        assert page.locator("body").evaluate("body => body.scrollHeight") < 3000
        summary = studies.first.locator("> summary")
        n_sections = studies.first.locator(".embed").count()
        assert summary.inner_text().split("\n")[-1].endswith(f"{n_sections} tables and charts")
        summary.click()
        expect(page.locator(shown)).to_have_count(1)
    for anchor in (FIRST, "study-article-2025"):
        with opened(f"embed/index.html#{anchor}", **options) as page:
            expect(page.locator(shown)).to_have_count(1)
            expect(page.locator(f"{shown} [id='{anchor}']")).to_be_in_viewport()
            expect(page.locator(f"{shown} > summary")).to_contain_text("flip a coin")


def test_a_foreign_page_gives_a_frame_its_height(windows: Windows, served: str, site: Path) -> None:
    """Across origins, in a sandbox, with the snippet's listener and nothing else."""
    address = f"{served}/article-2025/embed/frame/most-biased.html"
    (site.parent / "host.html").write_text(
        f'<!doctype html><title>host</title><iframe class="flipsite-embed-frame" src="{address}" title="t" '
        f'height="600" sandbox="allow-scripts allow-top-navigation-by-user-activation"></iframe>{LISTENER}'
    )
    with windows.visit("http://blog.localhost/host.html") as window:
        frame = window.page.locator("iframe")
        expect(frame).not_to_have_attribute("height", "600")
        assert int(frame.get_attribute("height") or 0) > 600


@pytest.mark.parametrize(
    ("width", "shown", "hidden"), [(390, ".narrow", ".wide"), (1280, ".wide", ".narrow")]
)
def test_a_chart_in_a_frame_is_drawn_for_its_width(
    opened: Callable[..., Any], width: int, shown: str, hidden: str
) -> None:
    """Letters have ten pixels at least, on a phone too, and nothing scrolls aside."""
    path = "article-2025/embed/frame/bias-by-size.html"
    with opened(path, viewport={"width": width, "height": 800}) as page:
        assert page.locator(shown).is_visible()
        assert page.locator(hidden).is_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        sizes = page.locator(f"{shown} text").evaluate_all(
            """(texts) => texts.filter((e) => e.textContent.trim()).map((e) =>
                parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a)"""
        )
        assert min(sizes) >= 10
