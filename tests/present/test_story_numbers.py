"""Each computed sentence of the story beside the number that it states."""

from functools import cache
from pathlib import Path

import pytest
from markupsafe import Markup
from scipy import stats
from tests.narrowing import not_none

from flipsite.analyse.report import StudyReport
from flipsite.domain.estimates import Sway, Verdict
from flipsite.present.pages.narrative import render_narrative
from flipsite.present.pages.narrative_values import model_values, study_values
from flipsite.present.text.formats import bias_text, percent_text, share_text
from flipsite.present.text.predictors import could_see_sentence, overall_sentence
from flipsite.workflows.load import load_report

CONTENT = Path(__file__).parents[2] / "content"


@pytest.fixture(scope="module")
def report() -> StudyReport:
    return load_report(CONTENT / "studies" / "article-2025")


@pytest.fixture(scope="module")
def story(report: StudyReport) -> str:
    """The story as it reads, without its charts and tables."""
    reports = cache(lambda study: report if study is None else load_report(CONTENT / "studies" / study))

    def nothing(*_: object, **__: object) -> Markup:
        return Markup("")

    def value(name: str, *, study: str | None = None, model: str | None = None) -> str:
        found = reports(study)
        return (study_values(found) if model is None else model_values(found, model))[name]

    functions = {"value": value, "term": lambda word: word}
    functions |= dict.fromkeys(("chart", "table", "coin", "model", "takes"), nothing)
    html = render_narrative(CONTENT / "story.md", functions, raw={"link": str}).html
    return plain(html.striptags())


def plain(text: str) -> str:
    """As it reads, free to break anywhere."""
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{WORD JOINER}", "").split())


def test_the_far_end(story: str, report: StudyReport) -> None:
    """How many are biased, and how often any of 240 fair coins would show as much as the mildest of them."""
    most = [row for row in not_none(report.printed).rows if row.table == "most"]
    verdicts = {record.model: record.verdict for record in report.estimates}
    biased = sum(verdicts[row.model] is Verdict.BIASED for row in most)
    assert (
        f"having been tested, {biased} of the {len(most)} printed as most biased are shown to be biased"
        in story
    )
    reach = 0.345
    worst = max(
        sum(stats.binom.pmf(k, n, 0.5) for k in range(n + 1) if abs(k / n - 0.5) >= reach - 1e-9)
        for n in range(40, 56)
    )
    chance = 1 - (1 - worst) ** 240
    assert f"a bias of 0.35, would turn up about once in {1 / chance:.0f} tries" in story


def test_the_surprise_at_the_other_end(story: str, report: StudyReport) -> None:
    fair = sum(record.verdict is Verdict.FAIR for record in report.estimates)
    floor = sum(abs(k / 50 - 0.5) * stats.binom.pmf(k, 50, 0.5) for k in range(51))
    within = stats.binom.cdf(26, 50, 0.5) - stats.binom.cdf(23, 50, 0.5)  # 24 to 26 ones: at most 0.032
    assert f"misses one half by {floor:.3f} on average" in story
    assert f"lands at or below 0.032 in {within:.0%} of all tries".replace("%", " %") in story
    assert f"The number of them shown to be fair is {fair}" in story


def test_room_for_fair_models_keeps_its_confidence_and_its_assumption(
    story: str, report: StudyReport
) -> None:
    share, people = report.fair_share, report.population
    assert f"of all 240 models only {not_none(share).n_near} have a {not_none(share).criterion}" in story
    assert plain(f"where {percent_text(not_none(share).chance)} of fair coins would stand") in story
    assert f"room for about {not_none(share).share * 240:.0f} fair models among 240" in story
    assert f"With 95 % confidence at most {not_none(share).n_most} of 240 could be fair" in story
    assert "whatever number of draws between 40 and 55 each model had" in story
    low, high = (
        f"{end:.0%}".replace("%", " %") for end in (not_none(people).fair_low, not_none(people).fair_high)
    )
    assert f"({low} to {high})" in story


def test_who_belongs_on_the_lists(story: str, report: StudyReport) -> None:
    rows = [row for row in not_none(report.printed).rows if row.model in report.standings]
    least = sum(report.standings[row.model].p_least for row in rows if row.table == "least")
    most = sum(report.standings[row.model].p_most for row in rows if row.table == "most")
    farthest = max(report.standings[row.model].rank_high for row in rows if row.table == "least")
    assert f"On average {least:.0f} of the names on the list belong there" in story
    assert f"reaches place {farthest}" in story
    assert f"Of the 20 most biased about {most:.0f} belong" in story


def test_kinds_are_tested_by_model_and_by_author(story: str, report: StudyReport) -> None:
    claims = {claim.kind: claim for claim in report.claims}
    roleplay, coding = claims["roleplay"], claims["coding"]
    assert f"{roleplay.table.ones_a} of them stand among the least biased" in story
    assert f"(p = {roleplay.p_value:.3f}, Fisher’s exact test)" in story
    assert (
        f"chance would do that about once in {1 / coding.p_value:.0f} tries (p = {coding.p_value:.3f})"
        in story
    )
    assert f"they come from {coding.n_authors} authors" in story
    assert f"in {coding.p_authors:.0%} of all tries (p = {coding.p_authors:.3f})".replace("%", " %") in story
    assert share_text(coding.p_authors) == "0.105"


def test_what_the_regressions_found(story: str, report: StudyReport) -> None:
    assert f"The result: {overall_sentence(not_none(report.fit))}." in story
    assert plain(could_see_sentence(not_none(report.fit))) in story


def test_the_costs_are_the_sources(story: str) -> None:
    assert "The run itself cost less than $40, the whole adventure about $80" in story


SMALL, BASE = "huggingfacetb/smollm2-135m-instruct", "google/gemma-3-270m"


def test_the_small_models_do_what_the_story_says_of_them(story: str) -> None:
    """The base model looks fair and follows the order, the other likes 1; both follow fresh orders."""
    fixed, fresh = (
        {one.model: one for one in load_report(CONTENT / "studies" / study).estimates}
        for study in ("small-models", "small-models-labels")
    )
    assert not_none(fixed[BASE].bias) <= 0.1
    assert fixed[BASE].sway is fresh[BASE].sway is fresh[SMALL].sway is Sway.ORDER
    assert fixed[SMALL].verdict is Verdict.BIASED
    assert f"{fixed[BASE].ones} ones in {fixed[BASE].valid} answers" in story
    assert f"it said 1 in {fixed[SMALL].ones} of {fixed[SMALL].valid} answers" in story


def test_a_higher_temperature_helps_and_does_not_cure(story: str) -> None:
    """At 0.5, 1 and 1.5: less bias each time, and at the end still more than twice that of a fair coin."""
    for model in (SMALL, BASE):
        found = [
            next(one for one in load_report(CONTENT / "studies" / study).estimates if one.model == model)
            for study in ("small-models-t0-5", "small-models", "small-models-t1-5")
        ]
        cool, warm, hot = (one.ranking_bias for one in found)
        assert not_none(cool) > not_none(warm) > not_none(hot) > 2 * not_none(found[-1].noise_floor)
        assert f"{bias_text(cool)}, {bias_text(warm)} and {bias_text(hot)}" in story


def test_the_commonest_face_of_both_is_the_same(story: str) -> None:
    faces = {one.top for one in load_report(CONTENT / "studies" / "small-models-die").estimates}
    assert len(faces) == 1
    assert f"the commonest face of both is {faces.pop()}" in story


def test_the_small_models_chapter_counts_what_methods_gave(story: str) -> None:
    """A string of one's own, and a judgement of our proposals, gave few draws."""
    studies = CONTENT / "studies"
    (seed,) = load_report(studies / "small-models-seed").tallies
    (rejection,) = load_report(studies / "small-models-rejection").tallies
    assert f"SmolLM2 gave a draw in {seed.n_valid} of {seed.n_draws} answers" in story
    assert f"a side that we proposed, in {rejection.n_valid} of {rejection.n_draws}." in story
