"""A model's page in a browser: answers open, and stay text."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

PAGE = "trial/models/coin/long-run/index.html"


@pytest.mark.parametrize("scripts", [True, False])
def test_a_coin_opens_its_answer_with_the_keyboard(opened: Callable[..., Any], scripts: bool) -> None:
    """With scripts and without; Escape closes it and gives the focus back."""
    with opened(PAGE, java_script_enabled=scripts) as page:
        assert page.locator(".answers > li > button").count() == 50
        coin = page.get_by_role("button", name="Draw 3:")
        coin.focus()
        page.keyboard.press("Enter")
        answer = page.locator("#draw-3")
        assert answer.is_visible()
        assert "</script><script>alert(1)</script> <b>Output: 1</b> {{ 7 * 7 }}" in answer.inner_text()
        assert "A <i>provider</i>" in page.locator(".alike").inner_text()
        assert page.locator(".alike i").count() == 0
        assert answer.locator("pre b, i, script").count() == 0
        assert answer.get_by_role("button", name="Close").count() == int(scripts)
        page.keyboard.press("Escape")
        assert answer.is_hidden()


def test_an_address_opens_an_answer(opened: Callable[..., Any]) -> None:
    with opened(f"{PAGE}#draw-5") as page:
        assert page.locator("#draw-5").is_visible()


def test_all_draws_can_be_downloaded(opened: Callable[..., Any], served: str) -> None:
    with opened(PAGE, root=served) as page:
        with page.expect_download() as waiting:
            page.get_by_role("link", name="All draws (CSV)").click()
        assert waiting.value.suggested_filename == "draws.csv"
        rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8"))))
        assert [int(row["draw"]) for row in rows] == list(range(1000))


def test_a_model_tells_what_it_is_and_leads_to_its_like(opened: Callable[..., Any]) -> None:
    """With who says so and how sure that is; a hostile note stays text."""
    with opened("trial/models/mint-1/coin-01/index.html") as page:
        told = page.locator(".features tbody tr")
        rows = [" | ".join(told.nth(i).locator("th, td").all_inner_texts()) for i in range(told.count())]
        assert (
            "Architecture | mixture of experts | a language model that was asked | 60\u00a0% | <b>a guess</b>"
            in rows
        )
        assert rows[-1] == "Reasons by default | unknown | – | – | nobody says"
        page.get_by_role("link", name="role-playing").click()
        page.wait_for_url("**/trial/leaderboard/index.html?tuning=roleplay")
        page.wait_for_function(
            "() => document.querySelector('output.count').textContent === '2 of 60 models'"
        )


@pytest.mark.parametrize("model", ["coin/never-parses", "coin/always-one", "~none/no-author~~"])
def test_pages_of_odd_models_are_whole(opened: Callable[..., Any], site: Any, model: str) -> None:
    """One without a valid draw, one with a certain side, one whose name is no address."""
    folder = next(site.glob(f"trial/models/{model}*"))
    with opened(folder.relative_to(site).as_posix() + "/index.html") as page:
        assert page.locator("h1").count() == 1
        assert page.locator(".sentence").inner_text().endswith(".")
        assert page.locator(".around tbody tr").count() >= 3


@pytest.mark.parametrize("scripts", [True, False])
def test_a_model_says_most_in_its_own_words(opened: Callable[..., Any], scripts: bool) -> None:
    """Hostile answers stay text."""
    with opened(PAGE, java_script_enabled=scripts) as page:
        said = page.locator("section[aria-labelledby=said]")
        assert said.locator("tbody tr").count() >= 1
        assert said.locator("pre b, pre i, script").count() == 0


@pytest.mark.parametrize("scripts", [True, False])
def test_the_page_says_what_would_change_the_verdict(opened: Callable[..., Any], scripts: bool) -> None:
    with opened(PAGE, java_script_enabled=scripts) as page:
        change = page.locator("section[aria-labelledby=change]")
        assert change.get_by_role("heading").inner_text() == "What would change this verdict"
        change.get_by_role("link", name="How this is computed").click()
        page.wait_for_url("**/methods/index.html#how-many-draws")


KINDS = (
    "article-2025/models/openai/gpt-4/index.html",
    "article-2025/models/arcee-ai/spotlight/index.html",
    "small-models/models/google/gemma-3-270m/index.html",
    "small-models-labels/models/google/gemma-3-270m/index.html",
    "small-models-die/models/google/gemma-3-270m/index.html",
    "small-models-rps/models/huggingfacetb/smollm2-135m-instruct/index.html",
    "small-models-range/models/google/gemma-3-270m/index.html",
    "small-models-dozen/models/google/gemma-3-270m/index.html",
    "small-models-dozen-range/models/huggingfacetb/smollm2-135m-instruct/index.html",
    "small-models-logprobs/models/google/gemma-3-270m/index.html",
    "small-models-text/models/google/gemma-3-270m/index.html",
    "small-models-seed/models/huggingfacetb/smollm2-135m-instruct/index.html",
    PAGE,
    "trial/models/coin/always-one/index.html",
    "trial/models/coin/never-parses/index.html",
    "autumn/models/house/turncoat/index.html",
)
"""Printed; collected; following the order; of k outcomes; of many; of a dozen at once; odd ones."""


@pytest.mark.parametrize("path", KINDS)
def test_no_half_of_a_wide_screen_is_empty(opened: Callable[..., Any], path: str) -> None:
    """Nowhere down the page has only one half something to show for more than half a screen."""
    with opened(path) as page:
        runs = page.evaluate(EMPTY_RUNS)
        assert max(runs.values()) < 450, runs


def test_an_empty_half_is_seen(opened: Callable[..., Any]) -> None:
    """The measure itself, where all sections stand in the left half."""
    with opened("article-2025/models/arcee-ai/spotlight/index.html") as page:
        page.eval_on_selector_all(".beside", "all => all.forEach((each) => { each.className = 'pair'; })")
        assert max(page.evaluate(EMPTY_RUNS).values()) > 450


EMPTY_RUNS = """() => {
  const main = document.querySelector("main");
  const { left, right, top, bottom } = document.querySelector(".figures").getBoundingClientRect();
  const middle = (left + right) / 2;
  const filled = { left: [], right: [] };
  for (const each of main.querySelectorAll(":is(h2, p, dl, ul, table, pre, svg)")) {
    const box = each.getBoundingClientRect();
    if (!each.checkVisibility() || !box.height || box.top < bottom) continue;
    if (box.left < middle - 100) filled.left.push(box);
    if (box.right > middle + 100) filled.right.push(box);
  }
  const end = main.querySelector(".turn").getBoundingClientRect().top;
  const longest = (boxes) => {
    let [at, found] = [bottom, 0];
    for (const box of [...boxes, { top: end, bottom: end }].sort((one, other) => one.top - other.top)) {
      found = Math.max(found, box.top - at);
      at = Math.max(at, box.bottom);
    }
    return found;
  };
  return { left: longest(filled.left), right: longest(filled.right) };
}"""


def test_sections_take_the_whole_width_of_a_phone(opened: Callable[..., Any]) -> None:
    with opened(PAGE, viewport={"width": 390, "height": 844}) as page:
        lefts = page.eval_on_selector_all(".beside > *", "all => all.map((e) => e.offsetLeft)")
        assert len(lefts) > 5
        assert len(set(lefts)) == 1
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_printed_page_is_not_wider_than_its_sheet(opened: Callable[..., Any]) -> None:
    """The verdict's stamp stands upright on paper: at an angle its corner would lie beyond the edge."""
    with opened(PAGE, media="print") as page:
        assert page.locator(".stamp").bounding_box()["width"] > 0
        assert page.evaluate("document.documentElement.scrollWidth") == 1280


def test_draws_have_one_number_everywhere(opened: Callable[..., Any], served: str) -> None:
    """In the strip, its interactive twin, the answers and the download."""
    with opened(PAGE, root=served) as page:
        assert page.locator("svg.strip text").first.inner_html() == "0"
        assert page.locator(".answers button").first.get_attribute("popovertarget") == "draw-0"
        strip = page.locator("figure[data-chart=model-strip]")
        strip.get_by_role("button", name="Make interactive").click()
        live = strip.locator(".chart-live svg")
        live.wait_for()
        first = strip.locator('[aria-roledescription="point"]').first
        assert "Draw: 0" in (first.get_attribute("aria-label") or "")
