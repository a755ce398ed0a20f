"""Pictures fit to stand in a page: small, linked, named, without anything a strict policy would block."""

import os
import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from tests.present.pictures import root_of, roots

from flipsite.domain.display import Figure
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Study
from flipsite.present.charts import theme
from flipsite.present.charts.bias import bias_intervals
from flipsite.present.charts.svg import drawings, png, relinked, standalone_svg


@pytest.fixture
def figure(many: Callable[[int], tuple[Estimate, ...]], study: Study) -> Figure:
    return bias_intervals(many(7), study)


def test_links_stay_relative(figure: Figure) -> None:
    """vl-convert sends relative links to another host; here they are as they were given."""
    links = set(re.findall(r'href="([^"]*)"', figure.svg))
    assert links == {f"trial/models/author-{i}/model-{i}/index.html" for i in range(7)}
    assert "://" not in figure.svg


def test_a_page_puts_its_own_links(figure: Figure) -> None:
    there = relinked(figure.svg, lambda link: f"../../{link}&x")
    assert there.count('href="../../trial/models/author-3/model-3/index.html&amp;x"') == figure.svg.count(
        'href="trial/models/author-3/model-3/index.html"'
    )


def test_nothing_needs_an_inline_style_or_a_script(figure: Figure) -> None:
    assert not re.search(r"\sstyle=|<style|<script|\son\w+=|<foreignObject|<image", figure.svg)


def test_numbers_have_two_decimals_at_most(figure: Figure) -> None:
    assert not re.search(r'(?:d|transform|x2?|y2?)="[^"]*\.\d{3}', figure.svg)


def test_the_picture_says_what_it_shows(figure: Figure) -> None:
    """Both layouts are named by the finding and described; only one is shown without a style sheet."""
    wide, narrow = roots(figure)
    for root in (wide, narrow):
        by_id = {element.get("id"): element for element in root.iter() if element.get("id")}
        assert by_id[root.get("aria-labelledby")].text == figure.title
        assert by_id[root.get("aria-describedby")].text == figure.description
        assert root.get("role") == "group"
    assert (wide.get("display"), narrow.get("display")) == (None, "none")


def test_links_are_named_and_no_tab_stops(figure: Figure) -> None:
    root = roots(figure)[0]
    links = [element for element in root.iter() if element.tag == "a"]
    assert len(links) == 14  # a name and a mark for each of seven models
    for link in links:
        assert link.get("tabindex") == "-1"
        assert "bias" in (link.findtext("title") or "")


def test_ids_are_the_figures_own(many: Callable[[int], tuple[Estimate, ...]], study: Study) -> None:
    """Two pictures on one page share no id."""
    ids = re.findall(r' id="([^"]*)"', bias_intervals(many(70), study).svg)
    assert len(ids) == len(set(ids)) >= 4
    assert all(name.startswith("trial-bias-intervals-") for name in ids)


def test_colours_are_the_pages(figure: Figure) -> None:
    """Every paint is a custom property or none: nothing stays black on a dark page."""
    paints = set(re.findall(r'(?:fill|stroke)="([^"]*)"', figure.svg))
    assert {paint for paint in paints if paint != "none" and not paint.startswith("var(--")} == set()


def test_a_picture_that_stands_alone_brings_both_themes(figure: Figure) -> None:
    alone = standalone_svg(drawings(figure.svg)[0])
    assert root_of(alone)
    assert alone.count("<svg") == 1
    assert "<a " not in alone
    assert f"--heads:{theme.LIGHT['heads']}" in alone
    assert f"--heads:{theme.DARK['heads']}" in alone
    assert "prefers-color-scheme:dark" in alone


def test_a_png_is_small_and_of_the_light_theme(figure: Figure) -> None:
    picture = png(figure, scale=1)
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 20_000
    assert png(figure, scale=1) == picture


@pytest.mark.slow
def test_two_processes_draw_the_same(figure: Figure) -> None:
    """Another hash seed, locale and time zone, and other charts drawn before, change no byte."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import conftest as c\n"
        "from flipsite.analyse.estimates import estimates\n"
        "from flipsite.present.charts.bias import bias_intervals\n"
        "from flipsite.domain.draws import Tally\n"
        "from flipsite.domain.urls import model_page\n"
        "tallies = [Tally(model=m, n_draws=n, n_valid=n, n_ones=k) for m, k, n in c.some_counts(7)]\n"
        "made = bias_intervals(estimates(c.a_study(), tallies), c.a_study())\n"
        "sys.stdout.buffer.write(made.svg.encode())\n"
    )
    where = os.path.dirname(__file__)  # noqa: PTH120 - a plain text for the other process
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    other = subprocess.run(
        [sys.executable, "-c", program, where], capture_output=True, check=True, env=environment
    )
    assert other.stdout.decode() == figure.svg
