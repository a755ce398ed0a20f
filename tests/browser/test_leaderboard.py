"""The leaderboard in a browser: sorting, searching, filtering, sending, taking away, and doing without."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page
from tests.narrowing import not_none
from tests.windows import Windows

import keystroke

pytestmark = pytest.mark.browser

BOARD = "trial/leaderboard/index.html"
NAMES = "() => [...document.querySelectorAll('#all-table tbody th a')].map((a) => a.textContent)"
CELLS = """(n) => [...document.querySelectorAll('#all-table tbody:not(.reference) tr')].map(
    (row) => row.cells[n].firstChild?.textContent)"""


def settled(page: Page) -> None:
    """Wait until a change is shown, with all the rows that follow."""
    page.wait_for_function("() => document.querySelector('.board.linked:not([aria-busy])')")


def row(page: Page, model: str) -> Locator:
    return page.locator("#least-biased tr", has=page.get_by_role("link", name=model, exact=True))


def query(page: Page, has: str) -> dict[str, list[str]]:
    """The address once it contains this: it follows the table by a quarter of a second."""
    page.wait_for_url(lambda url: has in url)
    return parse_qs(urlsplit(page.url).query)


def test_every_model_stands_there_without_scripts(opened: Callable[..., Any]) -> None:
    """All rows, and no control that would do nothing."""
    with opened(BOARD, java_script_enabled=False) as page:
        assert page.locator("#least-biased tr").count() == 60
        assert page.locator("#least-biased tr").last.is_visible()
        assert page.locator("[data-js]:visible").count() == 0
        assert page.locator("th button").count() == 0


def test_a_click_sorts_by_value_and_a_second_one_the_other_way(opened: Callable[..., Any]) -> None:
    """Missing values come last both ways, and one heading at a time says how it is sorted."""
    with opened(BOARD) as page:
        for direction, order in (("ascending", 1), ("descending", -1)):
            page.click("#all-table th[data-key=mean] button")
            settled(page)
            shares = page.evaluate(CELLS, 5)
            numbers = [float(text.lstrip("<>")) for text in shares[:-1]]
            assert shares[-1] == "–"
            assert numbers == sorted(numbers, reverse=order < 0)
            assert page.locator("#all-table th[aria-sort]").count() == 1
            assert page.get_attribute("#all-table th[data-key=mean]", "aria-sort") == direction
        assert query(page, "dir=desc") == {"sort": ["mean"], "dir": ["desc"]}


def test_names_sort_as_people_count(opened: Callable[..., Any]) -> None:
    with opened(BOARD) as page:
        page.click("#all-table th[data-key=model] button")
        settled(page)
        coins = [name for name in page.evaluate(NAMES) if name.startswith("mint-0/")]
        assert coins == sorted(coins)


def test_searching_shows_what_matches_and_says_how_many(opened: Callable[..., Any]) -> None:
    """Every word must match, in any case and any order."""
    with opened(BOARD) as page:
        page.get_by_label("Search").fill("COIN-1 mint-0")
        settled(page)
        assert sorted(page.evaluate(NAMES)) == ["mint-0/coin-10", "mint-0/coin-15"]
        assert page.locator("output.count").inner_text() == "2 of 60 models"
        page.get_by_label("Search").fill("no such coin")
        settled(page)
        assert page.evaluate(NAMES) == []


def test_filters_narrow_together(opened: Callable[..., Any]) -> None:
    with opened(BOARD) as page:
        page.get_by_text("Filters").click()
        page.locator("select[name=author]").select_option("mint-3")
        page.locator("[name=verdict][value=biased]").click()
        settled(page)
        names = page.evaluate(NAMES)
        assert names
        assert all(name.startswith("mint-3/") for name in names)
        assert set(page.evaluate(CELLS, 4)) == {"biased"}
        assert query(page, "verdict") == {"author": ["mint-3"], "verdict": ["biased"]}
        assert page.locator("[name=verdict][aria-pressed=true]").count() == 1


def test_models_are_found_by_what_they_are(opened: Callable[..., Any]) -> None:
    """Choices say how many models they leave; a view can be sent; numbers are fetched on use."""
    with opened(BOARD) as page:
        assert page.evaluate(
            "performance.getEntriesByType('resource').every((e) => !e.name.includes('board-'))"
        )
        page.get_by_text("Filters").click()
        tuned, size = page.get_by_label("Tuned for"), page.get_by_label("Size").first
        assert "role-playing (2)" in tuned.inner_text()
        tuned.select_option("roleplay")
        settled(page)
        assert sorted(page.evaluate(NAMES)) == ["mint-1/coin-01", "mint-2/coin-02"]
        size.select_option("under 10 billion")
        settled(page)
        assert page.evaluate(NAMES) == ["mint-2/coin-02"]
        query(page, "size=under")
        sent = urlsplit(page.url).query
    with opened(f"{BOARD}?{sent}") as page:
        settled(page)
        assert page.evaluate(NAMES) == ["mint-2/coin-02"]
        page.get_by_text("Filters (2)").click()
        assert page.get_by_label("Tuned for").input_value() == "roleplay"


def test_counts_follow_the_other_filters(opened: Callable[..., Any]) -> None:
    """Each choice says how many models it would leave, given all other filters but its own."""
    with opened(BOARD) as page:
        page.get_by_label("Search").fill("mint-2")
        settled(page)
        chips = page.locator("[name=verdict] b").all_inner_texts()
        assert sum(map(int, chips)) == 11
        page.locator("[name=verdict][value=biased]").click()
        settled(page)
        assert page.locator("[name=verdict] b").all_inner_texts() == chips
        assert page.locator("[name=view][value=''] b").inner_text() == chips[0]
        options = page.locator("select[name=author] option")
        assert f"mint-2 ({chips[0]})" in options.all_text_contents()
        assert "mint-1 (0)" in options.all_text_contents()


def test_either_end_is_a_filter_of_the_one_table(opened: Callable[..., Any]) -> None:
    """No model stands there twice; the ends narrow together with the other filters; an anchor chooses one."""
    with opened(BOARD) as page:
        every = page.evaluate(NAMES)
        assert len(every) == len(set(every)) == 60
        page.get_by_role("button", name="Most biased").click()
        settled(page)
        biases = [float(text) for text in page.evaluate(CELLS, 2)]
        assert len(biases) == 20
        assert biases == sorted(biases)[::-1]
        assert query(page, "view") == {"view": ["most"]}
        page.get_by_label("Search").fill("mint-1")
        settled(page)
        assert page.locator("output.count").inner_text() == "11 of 60 models"
        page.get_by_role("button", name="Reset").click()
        settled(page)
        assert page.evaluate(NAMES) == every
        assert page.get_by_role("button", name="Reset").is_hidden()
    with opened(f"{BOARD}#least-biased") as page:
        settled(page)
        page.wait_for_function("() => document.querySelector('output.count').textContent.startsWith('20 of')")
        assert page.evaluate(NAMES) == every[:20]


def test_columns_can_be_added_and_taken_off(opened: Callable[..., Any]) -> None:
    """The choice stands in the address; what is unknown is a dash; added columns sort and download."""
    with opened(BOARD) as page:
        page.get_by_text("Columns", exact=True).click()
        page.get_by_role("checkbox", name="Author", exact=True).check()
        page.get_by_role("checkbox", name="Size").check()
        page.get_by_role("checkbox", name="p", exact=True).uncheck()
        page.locator("th[data-key=parameters_total_b]").wait_for()
        settled(page)
        assert page.locator("th[data-key=p_value]").is_hidden()
        page.locator("th[data-key=parameters_total_b] button").click()
        settled(page)
        assert page.evaluate(NAMES)[:2] == ["mint-2/coin-02", "mint-1/coin-01"]
        cells = page.locator("#least-biased tr").first.locator("td").all_inner_texts()
        assert cells[-2:] == ["mint-2", "8 B"]
        asked = query(page, "sort=parameters_total_b")
        assert "parameters_total_b" in asked["columns"][0]
    with opened(f"{BOARD}?columns=bias,parameters_total_b&sort=parameters_total_b&dir=desc") as page:
        settled(page)
        page.locator("th[data-key=parameters_total_b]").wait_for()
        assert page.evaluate(NAMES)[0] == "mint-1/coin-01"
        assert page.locator("th[data-key=verdict]").is_hidden()


def test_a_column_says_in_how_many_studies_a_model_was_asked(opened: Callable[..., Any]) -> None:
    """Where any was asked in several; what it was asked for is another column."""
    with opened("small-models/leaderboard/index.html?columns=bias,asked_in,asked_for&sort=asked_in") as page:
        page.locator("th[data-key=asked_in]").wait_for()
        page.wait_for_function(
            "() => document.querySelector('#least-biased tr td:last-child').textContent !== ''"
        )
        cells = page.locator("#least-biased tr").first.locator("td").all_inner_texts()
        assert re.fullmatch(r"\d+ studies", cells[-1])
        assert cells[-2] == "structured"
    with opened(BOARD) as page:
        assert page.locator("[name=column][value=asked_in]").count() == 0


def test_the_link_to_a_view_can_be_copied(opened: Callable[..., Any], served: str) -> None:
    with opened(BOARD, root=served, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.get_by_label("Search").fill("mint-4")
        page.get_by_text("Share", exact=True).click()
        page.get_by_role("button", name="Copy link").click()
        page.wait_for_function("() => document.querySelector('output.count').textContent.includes('copied')")
        assert page.evaluate("navigator.clipboard.readText()").endswith("?q=mint-4")


def test_a_perfect_sampler_stands_above_the_models(opened: Callable[..., Any]) -> None:
    """A computed row of its own, which no filter takes away and which is no model."""
    with opened(BOARD) as page:
        page.get_by_label("Search").fill("no such coin")
        settled(page)
        row = page.locator(".reference tr")
        assert "A perfect sampler" in row.inner_text()
        assert "0.081" in row.inner_text()  # the typical model has 48 valid draws, 24 in either order
        assert row.locator("a").count() == 0


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_a_name_is_never_broken_inside_a_word(opened: Callable[..., Any], width: int) -> None:
    """Every line of a name ends with the name or after a separator."""
    with opened("article-2025/leaderboard/index.html", viewport={"width": width, "height": 900}) as page:
        broken = page.evaluate(
            """() => [...document.querySelectorAll('#least-biased th a')].filter((link) => {
                const walker = document.createTreeWalker(link, NodeFilter.SHOW_TEXT);
                const range = document.createRange();
                let last = null, sign = "";
                for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                    for (let at = 0; at < node.length; at += 1) {
                        range.setStart(node, at);
                        range.setEnd(node, at + 1);
                        const { bottom, height } = range.getBoundingClientRect();
                        if (last !== null && bottom - last > height / 2 && !/[-_/:]/.test(sign)) return true;
                        last = bottom;
                        sign = node.data[at];
                    }
                }
                return false;
            }).map((link) => link.textContent)"""
        )
        assert broken == []


def test_costs_are_sorted_by_any_column(opened: Callable[..., Any]) -> None:
    """The table of a study's spend sorts by number; the view stands in the address."""
    with opened("trial/spend/index.html") as page:
        page.locator("th[data-key=prompt_tokens] button").click()
        tokens = page.locator("[data-sortable] tbody td:nth-child(7)").all_inner_texts()
        numbers = [int(text.replace(",", "")) for text in tokens]
        assert numbers == sorted(numbers)[::-1]
        assert page.get_attribute("th[data-key=prompt_tokens]", "aria-sort") == "descending"
        page.locator("th[data-key=model] button").click()
        assert page.get_attribute("th[data-key=model]", "aria-sort") == "ascending"
        assert page.url.endswith("?sort=model&dir=asc")
    with opened("trial/spend/index.html", java_script_enabled=False) as page:
        assert page.locator("[data-table=spend] tbody tr").count() == 60
        assert page.locator("th button").count() == 0


def test_an_address_brings_the_same_view_back(opened: Callable[..., Any], served: str) -> None:
    """From a file and from a server alike, whatever stands in it."""
    for root in (None, served):
        with opened(f"{BOARD}?q=mint-1&sort=bias&dir=desc&verdict=undecided,biased", root=root) as page:
            settled(page)
            assert page.get_by_label("Search").input_value() == "mint-1"
            assert len(page.evaluate(NAMES)) == 11
            biases = [float(text) for text in page.evaluate(CELLS, 2)]
            assert biases == sorted(biases, reverse=True)
    with opened(f"{BOARD}?sort=__proto__&author=nobody&verdict=%3Cb%3E&dir=x") as page:
        settled(page)
        assert len(page.evaluate(NAMES)) == 60


def test_all_of_it_works_with_the_keyboard(opened: Callable[..., Any]) -> None:
    with opened(BOARD) as page:
        page.get_by_label("Search").focus()
        page.keyboard.type("always")
        settled(page)
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.closest('th')?.dataset.key") == "bias":
                break
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        page.keyboard.press("Enter")
        settled(page)
        assert query(page, "sort")["sort"] == ["bias"]


def test_a_click_beside_the_name_opens_the_model(opened: Callable[..., Any]) -> None:
    with opened(BOARD) as page:
        row(page, "coin/always-one").locator("td").nth(1).click()
        page.wait_for_url("**/trial/models/coin/always-one/index.html")


def test_an_anchor_shows_its_row(opened: Callable[..., Any]) -> None:
    with opened(f"{BOARD}#m-coin--never-parses") as page:
        marked = page.locator("#all-table .pointed")
        marked.wait_for()
        assert marked.locator("th a").inner_text() == "coin/never-parses"
        assert 0 <= marked.bounding_box()["y"] < 900


def test_what_is_shown_can_be_taken_away(opened: Callable[..., Any]) -> None:
    """The download holds the shown rows in their order, with numbers, and nothing a spreadsheet runs."""
    with opened(f"{BOARD}?q=coin/&sort=bias&dir=desc") as page:
        settled(page)
        page.get_by_text("Share", exact=True).click()
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Download CSV").click()
        rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8"))))
        assert waiting.value.suggested_filename == "trial-leaderboard.csv"
        assert rows[0]["model"] == "coin/always-one"
        assert float(rows[0]["bias"]) == 0.5
        assert (rows[-1]["model"], rows[-1]["rank"]) == ("coin/never-parses", "")
        assert {row["model"] for row in rows} == set(page.evaluate(NAMES))


def test_a_copy_says_how_many_rows_it_holds(opened: Callable[..., Any]) -> None:
    with opened(f"{BOARD}?q=long-run", permissions=["clipboard-read", "clipboard-write"]) as page:
        settled(page)
        page.get_by_text("Share", exact=True).click()
        page.get_by_role("button", name="Copy as Markdown").click()
        page.wait_for_function("() => document.querySelector('output.count').textContent === '1 rows copied'")
        text = page.evaluate("navigator.clipboard.readText()")
        assert text.splitlines()[0].startswith("| rank | model | bias | interval_low |")
        assert "| coin/long-run |" in text.splitlines()[2]


@pytest.mark.parametrize("path", [BOARD, "article-2025/leaderboard/index.html"])
def test_the_page_never_scrolls_sideways(opened: Callable[..., Any], path: str) -> None:
    """Opened at each width: a row in ranks that are partly luck has the most to say."""
    for width in (320, 390, 640, 1280):
        with opened(path, viewport={"width": width, "height": 800}) as page:
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_head_of_the_table_stays_in_sight(opened: Callable[..., Any]) -> None:
    with opened(BOARD) as page:
        page.locator("#least-biased tr").nth(40).scroll_into_view_if_needed()
        top = page.locator("#all-table thead th").first.bounding_box()["y"]
        assert -1 <= top <= 1


def test_every_column_can_be_had_on_a_phone(opened: Callable[..., Any]) -> None:
    with opened(BOARD, viewport={"width": 390, "height": 800}) as page:
        assert page.locator("#all-table th[data-key=p_value]").is_hidden()
        page.get_by_text("Columns", exact=True).click()
        page.get_by_role("checkbox", name="p", exact=True).check()
        page.locator("#all-table th[data-key=p_value]").wait_for()
        assert page.locator("#all-table th[data-key=p_value]").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.fixture(scope="module")
def long_board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A leaderboard of 10,000 models."""
    return keystroke.write_board(keystroke.many_models(10_000), tmp_path_factory.mktemp("long") / "site")


@pytest.fixture(scope="module")
def longer_than_a_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A leaderboard of 1,200 models, more than the script puts in place unasked."""
    return keystroke.write_board(keystroke.many_models(1200), tmp_path_factory.mktemp("longer") / "site")


COUNTING = """() => {
    const board = document.getElementById("all-table");
    const field = document.querySelector(".controls input[type=search]");
    const answer = (act) => new Promise((done) => {
        const changes = [];
        const watch = new MutationObserver((records) => changes.push(...records));
        watch.observe(board, { childList: true, subtree: true });
        act();
        requestAnimationFrame(() => {
            const count = (nodes) => changes.flatMap((each) => [...each[nodes]]).length;
            watch.disconnect();
            done([count("addedNodes"), count("removedNodes")]);
        });
    });
    window.typed = (word) => answer(() => {
        field.value = word;
        field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    window.sorted = (column) => answer(() => board.tHead.querySelectorAll("button")[column].click());
}"""
"""Types or sorts, and counts the nodes added to the table and removed from it in the frame of the answer."""

MOST_ADDED = 1 + 16 + 32
"""The table's body, a screenful of rows, and a slice of those that follow."""


@pytest.fixture
def long_page(windows: Windows, long_board: Path) -> Iterator[Page]:
    """The leaderboard of 10,000 models, in which work is counted."""
    with windows.visit(long_board.as_uri()) as window:
        window.page.wait_for_selector(".board.linked")
        window.page.evaluate(COUNTING)
        yield window.page


def test_a_keystroke_over_ten_thousand_rows_moves_a_screenful(long_page: Page) -> None:
    """Each answer replaces the body with a screenful of rows; the others follow when there is time."""
    for word in ("gemma-2-9b-it-000", "no such model"):
        for text in (*accumulate(word), *reversed([*accumulate(word[:-1])]), ""):
            added, removed = long_page.evaluate("(text) => typed(text)", text)
            assert 1 <= added <= MOST_ADDED, text
            assert 1 <= removed <= MOST_ADDED, text
    long_page.get_by_label("Search").fill("mixtral-8x7b-00")
    long_page.wait_for_function("() => document.querySelectorAll('#least-biased tr').length === 25")


def test_ten_thousand_rows_are_sorted_and_scrolled(long_page: Page) -> None:
    """A sort by any column, either way, moves a screenful too; scrolling brings more rows."""
    assert long_page.locator("#least-biased tr").count() < 500
    buttons = long_page.locator("#all-table thead button")
    buttons.last.press("Enter")  # fetches the numbers
    settled(long_page)
    for column in range(buttons.count()):
        for _ in range(2):
            added, removed = long_page.evaluate("(column) => sorted(column)", column)
            assert 1 + 16 <= added <= MOST_ADDED
            assert 1 <= removed <= MOST_ADDED
    long_page.get_by_role("button", name="Model").press("Enter")
    long_page.wait_for_selector("#all-table [data-key=model][aria-sort=ascending]")
    coins = long_page.evaluate(NAMES)[:16]
    assert coins == sorted(coins)
    before = long_page.locator("#least-biased tr").count()
    long_page.locator(".more-rows").scroll_into_view_if_needed()
    long_page.wait_for_function("(n) => document.querySelectorAll('#least-biased tr').length > n", arg=before)


def test_all_rows_of_a_long_table_are_a_click_away(windows: Windows, longer_than_a_page: Path) -> None:
    with windows.visit(longer_than_a_page.as_uri()) as window:
        page = window.page
        page.wait_for_selector(".board.linked")
        assert page.locator("#least-biased tr").count() < 500
        every = page.get_by_role("button", name="Show all rows")
        every.dispatch_event("click")  # more rows come as it is scrolled to, and move it away
        assert page.locator("#least-biased tr").count() == 1200


def test_without_scripts_a_long_table_is_all_there(windows: Windows, longer_than_a_page: Path) -> None:
    with windows.visit(longer_than_a_page.as_uri(), java_script_enabled=False) as window:
        rows = window.page.locator("#least-biased tr")
        assert rows.count() == 1200
        assert not_none(rows.last.bounding_box())["height"] > 10
