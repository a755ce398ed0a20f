"""The pages about the site itself: data, glossary, search, citing, and the picture for sharing."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from flipsite import __version__
from flipsite.analyse.report import StudyReport
from flipsite.domain.site import SiteInfo
from flipsite.domain.study import Kind
from flipsite.present.leaderboard.board import board
from flipsite.present.leaderboard.page import leaderboard_page
from flipsite.present.pages.data import data_package, data_page
from flipsite.present.pages.glossary import (
    GLOSSARY,
    anchor,
    cite_page,
    glossary_page,
    term_html,
)
from flipsite.present.pages.page import Page
from flipsite.present.pages.search import search_index
from flipsite.present.pages.social_card import card_svg, share_card
from flipsite.project import packaged
from flipsite.workflows.load import load_report

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def article() -> StudyReport:
    return load_report(packaged("content") / "studies" / "article-2025")


FILES = {
    "article-2025/data/estimates.csv": 2500,
    "article-2025/data/estimates.json": 2,
    "article-2025/data/study.json": 2,
    "article-2025/embed/leaderboard.md": 1,
}


def test_the_data_page_names_every_file_and_only_tables_that_are_there(article: StudyReport) -> None:
    page = data_page([article], {"article-2025": FILES})
    context: dict[str, Any] = dict(page.context)
    ((study, downloads),) = context["downloads"]
    assert study is article.study
    assert sorted(path for download in downloads for _, path, _ in download.files) == sorted(FILES)
    assert [name for name, _ in context["tables"]] == ["estimates"]


def test_a_data_package_has_a_schema_for_each_table(article: StudyReport) -> None:
    """Paths beside the package, unique names, every column typed and explained."""
    package = json.loads(data_package(article, FILES))
    resources = {resource["name"]: resource for resource in package["resources"]}
    assert list(resources) == ["estimates", "estimates-json", "study-json"]
    fields = resources["estimates"]["schema"]["fields"]
    assert [field["name"] for field in fields][:3] == ["model", "author", "kind"]
    assert all(field["description"] for field in fields)
    assert {field["type"] for field in fields} <= {"string", "integer", "number", "datetime"}
    assert package["name"] == "article-2025"


def test_words_have_anchors_of_their_own() -> None:
    assert len({anchor(word) for word in GLOSSARY}) == len(GLOSSARY)
    context: dict[str, Any] = dict(glossary_page().context)
    assert [word for word, _, _ in context["words"]] == sorted(GLOSSARY)


def test_a_term_leads_to_its_word_and_carries_its_meaning() -> None:
    html = term_html("noise floor", "<floor>", lambda target: f"../{target}")
    assert html.startswith('<a class="term" href="../glossary/index.html#noise-floor" data-def="The bias')
    assert html.endswith("&lt;floor&gt;</a>")


def test_the_search_index_is_a_script_that_no_title_can_end() -> None:
    pages = [
        Page(path="a/index.html", title="</script><script>alert(1)", description="", template="x.html"),
        Page(path="b/index.html", title="hidden", description="", template="x.html", listed=False),
    ]
    script = search_index(pages).decode()
    assert script.startswith("window.flipsiteIndex=[[")
    assert "<" not in script
    assert "hidden" not in script


def test_the_search_index_has_what_is_inside_of_pages(article: StudyReport) -> None:
    """Authors lead to their models on the leaderboard, words and headings to their place."""
    pages = [leaderboard_page(article, {}, board(article)), glossary_page()]
    text = search_index(pages).decode().removeprefix("window.flipsiteIndex=").removesuffix(";\n")
    entries = {(title, kind): path + rest for title, path, kind, rest in json.loads(text)}
    author = ("sao10k", f"Author of 2 models in “{article.study.title}”")
    assert entries[author] == "article-2025/leaderboard/index.html?author=sao10k"
    assert entries["noise floor", "Word of the glossary"] == "glossary/index.html#noise-floor"


def test_bibtex_escapes_what_tex_would_read(article: StudyReport) -> None:
    hostile = replace(article.study, title=r"100 % of $k_i$ & {more} \input{x}", started="2025-03-01")
    page = cite_page(
        [hostile], SiteInfo(author="Ann & Co"), version=__version__, address="https://example.org/x/"
    )
    context: dict[str, Any] = dict(page.context)
    (_, entry) = context["entries"][1]
    assert r"100 \% of \$k\_i\$ \& \{more\} \textbackslash input\{x\}" in entry
    assert "year = {2025}" in entry
    assert "url = {https://example.org/x/article-2025/index.html}" in entry
    assert entry.count("{") - entry.count(r"\{") == entry.count("}") - entry.count(r"\}")


def test_the_citation_file_has_this_version() -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {__version__}" in text
    assert re.search(r"^cff-version: 1\.2\.0$", text, flags=re.MULTILINE)


def test_a_card_is_a_small_picture_of_the_size_that_is_shared(article: StudyReport) -> None:
    png = share_card(article, site="Coins")
    assert Image.open(io.BytesIO(png)).size == (1200, 630)
    assert len(png) < 30_000


def test_a_card_says_simulated_and_escapes_its_title(article: StudyReport) -> None:
    study = replace(article.study, kind=Kind.SIMULATED, title="<b>&\x00 coins")
    svg = card_svg(replace(article, study=study), site="<i>")
    assert "SIMULATED" in svg
    assert "&lt;b&gt;&amp;\ufffd coins" in svg
