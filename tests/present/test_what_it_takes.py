"""The story's answer to the article's question, from the families that a site holds."""

from dataclasses import replace
from pathlib import Path

import pytest

from flipsite.analyse.methods.family import MethodFamily, method_families
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import usd_text
from flipsite.domain.money import Usd
from flipsite.domain.site import SiteInfo
from flipsite.domain.study import Kind
from flipsite.present.leaderboard.board import board
from flipsite.present.methods.answer import NO_FAMILY, what_it_takes
from flipsite.present.pages.narrative_pages import narrative_pages, narrative_sources
from flipsite.present.pages.templates import environment
from flipsite.present.text.markdown import Narrative
from flipsite.project import packaged
from flipsite.workflows.load import load_report

STUDIES = packaged("content") / "studies"
REAL = (
    "small-models",
    "small-models-rejection",
    "small-models-seed",
    "small-models-t0-5",
    "small-models-t1-5",
)
CONTROLS = ("control-methods", "control-methods-rejection", "control-methods-seed")


@pytest.fixture(scope="module")
def reports() -> list[StudyReport]:
    return [load_report(STUDIES / study) for study in (*REAL, "small-models-dozen", *CONTROLS)]


@pytest.fixture(scope="module")
def families(reports: list[StudyReport]) -> tuple[MethodFamily, ...]:
    return method_families(reports)


def cheapest(family: MethodFamily, model: str) -> Usd | None:
    """The price of the model's cheapest way that is within the margin."""
    prices = [each.usd_per_1000_within for each in family.records if each.model == model]
    return min((price for price in prices if price is not None), default=None)


def test_prices_of_the_best_the_typical_and_the_worst_model_are_those_of_the_family(
    reports: list[StudyReport], families: tuple[MethodFamily, ...]
) -> None:
    """The three prices are the least, the lower middle and the highest over the models that can do it."""
    (controls,) = (each for each in families if each.base.kind is Kind.SIMULATED)
    prices = sorted(
        price
        for model in {each.model for each in controls.records}
        if (price := cheapest(controls, model)) is not None
    )
    text = what_it_takes(reports, families)[-1].text
    assert text.startswith("Simulated models of known truth were asked in 3 ways. The best model, simulated/")
    said = [part.partition(" for 1,000")[0] for part in text.split("takes ")[1:]]
    assert said == [usd_text(prices[0]), usd_text(prices[(len(prices) - 1) // 2]), usd_text(prices[-1])]


def test_real_models_come_first_and_no_simulated_one_stands_beside_them(
    reports: list[StudyReport], families: tuple[MethodFamily, ...]
) -> None:
    """Real families, then answers of several draws, then simulated families, each in its own paragraph."""
    real, dozen, simulated = what_it_takes(reports, families)
    assert real.path == "small-models/methods/index.html"
    assert "simulated" not in real.text.lower()
    assert dozen.path == "small-models-dozen/leaderboard/index.html"
    assert "12 draws in one answer. Both models give answers that follow a pattern." in dozen.text
    assert "gemma" not in simulated.text


def test_bits_of_models_that_cost_nothing_are_counted_by_the_draw(
    reports: list[StudyReport], families: tuple[MethodFamily, ...]
) -> None:
    """The best rate among the records whose bits are claimed."""
    (real,) = (each for each in families if each.base.kind is not Kind.SIMULATED)
    claimed = [each for each in real.records if each.fair.claimed and each.fair.bits_low]
    best = max(claimed, key=lambda each: (each.fair.bits_low or 0) / each.valid)
    said = f"The most fair bits are in the draws of {best.model}"
    assert said in what_it_takes(reports, families)[0].text
    assert (
        f"at least {best.fair.bits_low:,.0f} in {best.valid} draws"
        in what_it_takes(reports, families)[0].text
    )


def test_a_site_without_families_says_so(reports: list[StudyReport]) -> None:
    """Nothing is answered from a study alone."""
    alone = [reports[0]]
    assert [each.text for each in what_it_takes(alone, method_families(alone))] == [NO_FAMILY]


def test_a_narrative_shows_the_answer_with_its_links(
    tmp_path: Path, reports: list[StudyReport], families: tuple[MethodFamily, ...]
) -> None:
    """`takes()` is a paragraph a family; names are escaped."""
    (tmp_path / "story.md").write_text("# Story\n\nText.\n\n{{ takes() }}\n", encoding="utf-8")
    hostile = [replace(each, model="<b>a</b>/b") for each in families[0].records]
    shown = [replace(families[0], records=tuple(hostile))]
    boards = {report.study.id: board(report) for report in reports}
    sources, templates = narrative_sources([tmp_path]), environment([packaged("templates")])
    home, *_ = narrative_pages(reports, {"": {}}, boards, sources, templates, info=SiteInfo(), families=shown)
    narrative = home.context["narrative"]
    assert isinstance(narrative, Narrative)
    assert "<b>a</b>" not in narrative.html
    assert "&lt;b&gt;a&lt;/b&gt;" in narrative.html
    assert '"small-models/methods/index.html"' in narrative.html
