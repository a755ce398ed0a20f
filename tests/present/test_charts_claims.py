"""Charts of a ranking's two ends: how many can be fair, and where each kind is."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.present.pictures import roots, words

from flipsite.analyse.report import StudyReport
from flipsite.present.charts.published import fair_room, kinds_at_the_ends, stated_spend
from flipsite.workflows.load import load_report

ARTICLE = Path(__file__).parents[2] / "content" / "studies" / "article-2025"


@pytest.fixture(scope="module")
def article() -> StudyReport:
    return load_report(ARTICLE)


def test_three_answers_tell_how_many_models_can_be_fair(article: StudyReport) -> None:
    """The estimate, the bound and the fitted population stand on one ruler of all models."""
    share, people = article.fair_share, article.population
    assert share is not None
    assert people is not None
    figure = fair_room(share, people, article.study)
    assert figure.title == f"With 95 % confidence at most {share.n_most} of 240 models could be fair"
    assert [record["models"] for record in figure.records] == [
        share.share * 240,
        share.n_most,
        people.fair * 240,
    ]
    assert f"at most, exact bound: {share.n_most}." in figure.description
    for root in roots(figure):
        assert {"counted at the fair end", "at most, exact bound", "fitted to all of them"} <= set(
            words(root)
        )
    assert len(fair_room(share, None, article.study).records) == 2


def test_room_for_all_is_no_verdict_on_any(article: StudyReport) -> None:
    share = article.fair_share
    assert share is not None
    figure = fair_room(replace(share, n_most=240), None, article.study)
    assert figure.title == "All of 240 models could be fair"


def test_each_model_of_a_kind_is_a_mark_at_its_end(article: StudyReport) -> None:
    """The article's role-players stand on one side, its coders on the other; how many are unknown is told."""
    figure = kinds_at_the_ends(article.claims, article.study)
    told = ", ".join(f"{record['least_biased']} to {record['most_biased']}" for record in figure.records)
    assert told == "4 to 0, 0 to 7, 1 to 1"
    assert figure.title.startswith("Least biased to most biased: role-playing 4 to 0")
    for root in roots(figure):
        assert {"role-playing", "reasoning", "12 more of unknown kind"} <= set(words(root))


def test_kinds_want_a_claim(article: StudyReport) -> None:
    with pytest.raises(ValueError, match="no kind of model is known"):
        kinds_at_the_ends((), article.study)


def test_a_published_study_shows_what_it_says_it_cost(article: StudyReport) -> None:
    assert article.printed is not None
    figure = stated_spend(article.printed, article.study)
    assert figure.title == "The run cost less than $40, everything about $80"
    assert [f"{record['usd']:.0f}" for record in figure.records] == ["40", "80"]
    for root in roots(figure):
        assert {"less than $40", "about $80"} <= set(words(root))
