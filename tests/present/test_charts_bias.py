"""The charts of bias say in words and marks what the estimates say, whatever a model is named."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.present.pictures import roots, words

from flipsite.analyse.estimates import published_estimates
from flipsite.domain.display import Figure
from flipsite.domain.estimates import Estimate, Sway, Verdict
from flipsite.domain.study import Study
from flipsite.present.charts.bias import bias_intervals
from flipsite.present.charts.chance import bias_distribution, verdicts
from flipsite.present.charts.published import printed_tables
from flipsite.settings import load_printed, load_study

ARTICLE = Path(__file__).parents[2] / "content" / "studies" / "article-2025"
HOSTILE = [
    "</script><script>alert(1)</script>",
    "{{x}}",
    "javascript:alert(1)",
    "author/\N{GRINNING FACE}",
    "שלום/עברית",
    "turned\u202eround/b",
    "a\"b'c/&lt;<b>",
    "long/" + "x" * 200,
    "bell\x07\x00/name",
    "lone/\ud800",
    "datum.x || alert(1)",
    "var(--heads, #a35f00)",
]

Many = Callable[[int], tuple[Estimate, ...]]


@pytest.mark.parametrize("n_models", [1, 5, 40])
def test_few_models_have_a_named_row_each_least_biased_first(n_models: int, many: Many, study: Study) -> None:
    estimates = many(n_models)
    figure = bias_intervals(estimates, study)
    ranked = sorted(estimates, key=lambda estimate: (estimate.bias, estimate.model))
    for root in roots(figure):
        named = [word for word in words(root) if word.startswith("author-")]
        assert named == [estimate.model for estimate in ranked]


def test_many_models_are_ranked_marks_without_names(many: Many, study: Study) -> None:
    wide, narrow = roots(bias_intervals(many(240), study))
    assert not any("author-" in word for root in (wide, narrow) for word in words(root))
    assert sum(element.tag == "a" for element in wide.iter()) == 240
    assert narrow.get("role") == "img"  # marks too small to be links on a phone


def test_thousands_of_models_are_thinned_and_the_caption_says_so(many: Many, study: Study) -> None:
    figure = bias_intervals(many(3_000), study)
    assert "Each mark is the middle one of 10 neighbours" in figure.caption
    assert len(figure.svg) < 300_000
    assert len(json.dumps(figure.spec)) < 120_000
    assert len(figure.records) == 3_000


def test_a_model_without_valid_draws_is_not_drawn(many: Many, study: Study) -> None:
    estimates = many(3)
    silent = replace(estimates[0], bias=None, mean=None, mean_low=None, mean_high=None, noise_floor=None)
    figure = bias_intervals([silent, *estimates[1:]], study)
    assert len(figure.records) == 2
    assert "of 3 models" in figure.title  # as the page says above its leaderboard, and the bar of verdicts
    assert figure.title == verdicts([silent, *estimates[1:]], study).title
    assert figure.caption.startswith("2 models")
    assert "1 model without a valid draw is not drawn." in figure.caption
    with pytest.raises(ValueError, match="no model has a bias"):
        bias_intervals([silent], study)


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        ("bbu", "2 of 3 models are shown to be biased, none to be fair"),
        ("bfu", "1 of 3 models is shown to be biased, 1 to be fair"),
        ("uuu", "None of 3 models is shown to be biased or fair"),
        ("bbb", "All 3 models are shown to be biased"),
        ("b", "The only model is shown to be biased"),
        ("u", "The only model is not shown to be biased or fair"),
    ],
)
def test_the_title_counts_the_verdicts(verdicts: str, sentence: str, many: Many, study: Study) -> None:
    meant = {"b": Verdict.BIASED, "f": Verdict.FAIR, "u": Verdict.UNDECIDED}
    estimates = [
        replace(estimate, verdict=meant[sign])
        for estimate, sign in zip(many(len(verdicts)), verdicts, strict=True)
    ]
    figure = bias_intervals(estimates, study)
    assert figure.title == sentence
    assert figure.description.startswith(sentence)


def test_the_caption_counts_answers_where_each_holds_several_draws(many: Many, study: Study) -> None:
    """Their noise floor is that of all the draws in them."""
    rows = replace(study, sampling=replace(study.sampling, per_answer=12))
    assert "valid answers of 12 draws each" in bias_intervals(many(3), rows).caption
    assert "valid draws each" in bias_intervals(many(3), study).caption


def test_of_another_target_no_coin_is_called_fair(many: Many, study: Study) -> None:
    bent = replace(study, prompt=replace(study.prompt, shares=(0.3, 0.7)))
    assert "The band is what a coin at 0.7 shows on average" in bias_intervals(many(3), bent).caption
    spread = bias_distribution(many(3), bent)
    assert spread.title.endswith("of 3 coins at the target, fewer than one would")
    assert "the same number of coins at the target would show" in spread.caption


def test_the_title_names_those_that_are_undecided_because_they_follow_the_order(
    many: Many, study: Study
) -> None:
    first, second = (replace(one, verdict=Verdict.UNDECIDED, sway=Sway.ORDER) for one in many(2))
    neither = "Neither model is shown to be biased or fair"
    assert bias_intervals([first, second], study).title == f"{neither}; both follow the order or the labels"
    alone = bias_intervals([first, replace(second, sway=None)], study)
    assert alone.title == f"{neither}; 1 follows the order or the labels"


@pytest.fixture(scope="module")
def article() -> Figure:
    study, printed = load_study(ARTICLE), load_printed(ARTICLE)
    return printed_tables(published_estimates(study, printed), printed, study)


def test_the_articles_forty_models_stand_in_one_plot(article: Figure) -> None:
    """From the least biased to the most, with the 200 that were not printed as a gap between."""
    for root in roots(article):
        names = [word for word in words(root) if "/" in word]
        assert len(names) == 40
        assert names[0] == "arliai/qwq-32b-arliai-rpr-v1"
        assert names[19:21] == ["sao10k/l3.1-euryale-70b", "anthropic/claude-opus-4.1"]
        assert names[-1] == "inception/mercury-coder"
        assert words(root).count("200 models not printed") == 1
        assert words(root).count("role-play") == 3


def test_the_article_is_summed_up_by_its_own_figures(article: Figure) -> None:
    assert article.title == (
        "All of the 20 least biased show no more bias than a fair coin does on average; "
        "the 20 most biased begin at 0.35"
    )
    assert "at 50 draws, 0.056" in article.caption


def test_hostile_names_are_only_text(
    estimated: Callable[[Sequence[tuple[str, int, int]]], tuple[Estimate, ...]], study: Study
) -> None:
    """Names reach the picture as escaped text and the specification as data, never as code or address."""
    estimates = estimated([(name, 3 * i, 50) for i, name in enumerate(HOSTILE)])
    figure = bias_intervals(estimates, study)
    for root in roots(figure):  # well-formed, so nothing broke out
        assert {element.tag for element in root.iter()} <= {
            *("svg", "g", "a", "title", "desc", "defs", "text", "path", "line", "rect"),
        }
    assert all(not re.match(r"\w+:|//", link) for link in re.findall(r'href="([^"]*)"', figure.svg))
    without_data = {
        key: value for key, value in figure.spec.items() if key not in {"datasets", "description"}
    }
    said = json.dumps(without_data, ensure_ascii=False)
    assert not any(name in said for name in HOSTILE if "var(" not in name)


def test_a_link_that_leaves_the_site_is_refused(many: Many, study: Study) -> None:
    for page in ("javascript:alert(1)", "//host/x", "x y", "a:b/c"):
        with pytest.raises(ValueError, match="not a relative address"):
            bias_intervals([replace(many(1)[0], page=page)], study)
