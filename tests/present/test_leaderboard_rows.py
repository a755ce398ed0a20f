"""The leaderboard's rows: their order, their pictures, and the numbers a script sorts by."""

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from flipsite.analyse.report import StudyReport, report_draws
from flipsite.domain.draws import Draw, Outcome, Rejected, Result, Status
from flipsite.domain.estimates import Verdict
from flipsite.domain.study import Feature, Kind
from flipsite.present.leaderboard.board import Board, board
from flipsite.present.leaderboard.page import finding, values_script
from flipsite.present.sparklines.intervals import chance_reach, reach_in_orders, share_mark
from flipsite.present.text.escaping import breakable
from flipsite.project import packaged
from flipsite.settings import load_study
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.workflows.load import load_report

ARTICLE = packaged("content") / "studies" / "article-2025"


def drawn(counts: dict[str, tuple[int, int]], *, unread: int = 0) -> StudyReport:
    """A study in which each model drew `ones` of `valid`, and `unread` answers more."""
    results: dict[str, list[Result]] = {
        model: [
            *(Outcome(index=int(i < ones)) for i in np.random.default_rng(0).permutation(valid)),
            *(Rejected(status=Status.UNPARSED, reason="x") for _ in range(unread)),
        ]
        for model, (ones, valid) in counts.items()
    }
    rows = [
        Draw(model=model, draw=i, labels=("0", "1"), order=0, result=result)
        for model, all_results in results.items()
        for i, result in enumerate(all_results)
    ]
    study = load_study(ARTICLE)
    return report_draws(replace(study, kind=Kind.MEASURED), collect_draws(rows))


def numbers(made: Board) -> Any:
    """The numbers in the script of a board."""
    path, script = values_script("trial", made)
    called = re.fullmatch(r"flipsiteBoard\((.+)\);\n", script.decode())
    assert path.startswith("assets/board-trial.")
    assert called
    return json.loads(called[1])


@pytest.fixture(scope="module")
def article() -> Board:
    return board(load_report(ARTICLE))


def test_the_article_keeps_its_figures_and_stands_by_rank_then_name(article: Board) -> None:
    assert [row.bias for row in article.least(8)] == ["0.0"] * 7 + ["0.011"]
    order = [(row.estimate.rank, row.estimate.model) for row in article.rows]
    assert order == sorted(order)
    assert {row.rank for row in article.least(7)} == {"=1"}
    assert [row.estimate.model for row in article.most(2)] == ["arcee-ai/spotlight", "cohere/command"]
    assert article.not_shown == 200


def test_a_printed_interval_holds_the_printed_figure(article: Board) -> None:
    """The hull of what every fitting count allows, drawn on the bias from 0 to one half."""
    for row in article.rows:
        assert row.mark is not None
        assert row.estimate.bias is not None
        assert row.mark.low_value <= row.estimate.bias <= row.mark.high_value + 1e-9
        assert 0 <= row.mark.low <= row.mark.at <= row.mark.high <= 100


def test_only_what_the_article_calls_role_playing_says_so(article: Board) -> None:
    """By its own words, or by a name of the same series; features.csv says which."""
    named = [row.estimate.model for row in article.rows if "role-playing" in {t.mark for t in row.traits}]
    assert "sao10k/l3.3-euryale-70b" in named
    tuned = {trait.key: n for trait, n in dict(article.filters)["Tuned for"]}
    assert tuned["tuning=roleplay"] == len(named) == 4


def test_filters_count_models_and_stand_in_the_order_of_their_meaning(article: Board) -> None:
    """Sizes from small to large, whatever their names sort like; no filter for what nobody knows."""
    groups = dict(article.filters)
    assert "" not in {trait.value for choices in groups.values() for trait, _ in choices}
    sizes = [trait.value for trait, _ in groups["Size"]]
    assert sizes == ["under 10 billion", "10 to 40 billion", "40 to 100 billion", "100 billion and more"]
    assert sum(n for _, n in groups["Open weights"]) == 39


def test_a_model_that_never_answers_comes_last_without_a_picture() -> None:
    made = board(drawn({"a/fair": (25, 50), "a/mute": (0, 0), "b/one": (50, 50)}, unread=2))
    assert [row.estimate.model for row in made.rows] == ["a/fair", "b/one", "a/mute"]
    mute = made.rows[-1]
    assert (mute.mark, mute.rank, mute.bias, mute.valid) == (None, "–", "–", "0 of 2")
    assert mute not in made.most()


def test_models_that_cannot_be_distinguished_from_fair_are_marked_as_tied() -> None:
    """They stand by rank like all others; a bracket says that their order is chance."""
    made = board(drawn({"z/even": (25, 50), "b/odd": (28, 50), "a/one": (50, 50), "c/most": (45, 50)}))
    assert [row.estimate.model for row in made.rows] == ["z/even", "b/odd", "c/most", "a/one"]
    assert [row.tied for row in made.rows] == [True, True, False, False]
    assert made.n_tied == 2
    assert [row.estimate.model for row in made.most(2)] == ["a/one", "c/most"]


def test_models_of_one_rank_stand_by_name_and_say_that_they_share_it() -> None:
    made = board(drawn({"b/y": (25, 50), "c/z": (50, 50), "a/x": (25, 50)}))
    assert [(row.rank, row.estimate.model) for row in made.rows] == [
        ("=1", "a/x"),
        ("=1", "b/y"),
        ("3", "c/z"),
    ]


def test_a_perfect_sampler_shows_the_noise_floor_of_the_typical_model() -> None:
    """At 50 draws 0.0561, the mean deviation of the binomial distribution (De Moivre)."""
    sampler = board(drawn({"a/x": (25, 50), "b/y": (5, 50), "c/z": (2, 4)})).sampler
    assert sampler is not None
    assert sampler.draws == 50
    assert sampler.bias == pytest.approx(25 * binom.pmf(25, 50, 0.5) / 50, abs=1e-12)
    assert board(drawn({"a/mute": (0, 0)}, unread=2)).sampler is None


def test_features_become_columns_to_add_and_bounds_of_price() -> None:
    """A column is offered where one model at least has a value in it."""
    report = drawn({"a/cheap": (25, 50), "b/dear": (50, 50), "c/unknown": (20, 50)})
    prices = {"a/cheap": "0", "b/dear": "8"}
    features = {
        model: (
            Feature(model=model, feature="price_completion", value=value, source="catalogue"),
            Feature(model=model, feature="released", value="2025-09", source="curated"),
        )
        for model, value in prices.items()
    }
    made = board(replace(report, features=features))
    assert [heading.key for heading in made.extras] == ["author", "released", "price_completion"]
    assert made.prices == ((0.0, 1), (0.5, 1), (2.0, 1), (10.0, 2))
    extras = numbers(made)["extras"]
    assert extras["price_completion"] == [0.0, None, 8.0]
    assert extras["released"] == ["2025-09", None, "2025-09"]


def test_a_finding_names_the_most_biased_model() -> None:
    report = drawn({"a/x": (25, 50), "b/y": (50, 50), "c/z": (0, 50)})
    assert str(finding(report, board(report))) == (
        "2 of 3 models are shown to be biased, most strongly b/y and 1 other (0.500). "
        "1 cannot be distinguished from a fair coin."
    )
    prompt = replace(report.study.prompt, shares=(0.3, 0.7))
    bent = replace(report, study=replace(report.study, prompt=prompt))
    assert str(finding(bent, board(bent))).endswith("1 cannot be distinguished from a coin at 0.7.")
    even = drawn({"a/x": (26, 50)})
    assert str(finding(even, board(even))).startswith(
        "The only model is not shown to be biased; the largest bias is that of a/x (0.020)."
    )


def test_a_finding_on_printed_tables_counts_the_models_that_are_in_neither(article: Board) -> None:
    assert str(finding(load_report(ARTICLE), article)).endswith(
        "20 cannot be distinguished from a fair coin; 200 were not printed."
    )


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("gpt-4-1106-preview", ["gpt-", "4-1106-", "preview"]),
        ("l3.1-euryale-70b", ["l3.1-", "euryale-", "70b"]),
        ("phi_3.5:free", ["phi_", "3.5:", "free"]),
        ("sophosympatheia/midnight", ["sophosympatheia/", "midnight"]),
        ("cognitivecomputations/x", ["<span class=long>cognitivecomputations/</span>", "x"]),
        ("a" * 50, [f'<span class="long odd">{"a" * 24}</span>'] * 2 + ["aa"]),
        ("<b>&amp;", ["&lt;b&gt;&amp;amp;"]),
        ("b/<script>x", ['<span class="long odd">b/&lt;script&gt;x</span>']),
        ("﷽" * 9, [f'<span class="long odd">{"﷽" * 9}</span>']),
    ],
)
def test_names_break_between_their_parts(name: str, parts: list[str]) -> None:
    """Inside a part only where it is longer than any real one; never as markup."""
    assert breakable(name) == "<wbr>".join(parts)


def test_a_rank_is_drawn_among_all_that_were_asked(article: Board) -> None:
    """240 of them, though 40 were printed: a bar from its lowest rank to its highest, in per cent."""
    for row in article.rows:
        assert row.estimate.rank_low is not None
        assert row.estimate.rank_high is not None
        assert row.rank_mark is not None
        low, width = row.rank_mark
        assert low == pytest.approx(100 * (row.estimate.rank_low - 1) / 240, abs=0.06)
        assert low + width == pytest.approx(max(100 * row.estimate.rank_high / 240, low + 1), abs=0.11)


def test_short_lists_are_no_news_where_everybody_is_on_them(article: Board) -> None:
    """The chance of being among the 20 least biased has a column only where there are more than 20."""
    few = board(drawn({"a/x": (25, 50), "b/y": (50, 50)}))
    assert "p_least" not in {heading.key for heading in few.columns}
    assert {"p_least", "p_most", "bias_median"} <= {heading.key for heading in article.columns}
    values = numbers(article)["values"]
    assert len(values["p_within_05"]) == len(values["p_most"]) == 40


def test_rows_say_who_made_the_model() -> None:
    made = board(drawn({"a/x": (1, 2), "a/x:free": (1, 2), "lonely": (1, 2), 'evil/"><b>': (1, 2)}))
    assert {(row.author, row.slug) for row in made.rows} >= {("a/", "x:free"), ("", "lonely")}
    assert made.authors == (("a", 2), ("evil", 1))


def test_the_numbers_stand_in_the_order_of_the_rows() -> None:
    made = board(drawn({"a/x": (10, 50), "b/</script>": (25, 50), "c/mute": (0, 0)}, unread=1))
    values = numbers(made)["values"]
    assert values["bias"] == [0.0, 0.3, None]
    assert values["bias_median"][2] is None
    assert values["valid"] == [50, 50, 0]
    assert {len(column) for column in values.values()} == {3}


def test_verdicts_are_counted_with_those_that_are_absent() -> None:
    made = board(drawn({"a/x": (50, 50), "b/y": (25, 50)}))
    assert dict(made.verdicts) == {Verdict.BIASED: 1, Verdict.UNDECIDED: 1, Verdict.FAIR: 0}


@given(n=st.integers(1, 400), target=st.sampled_from([0.5, 0.3, 0.9]))
def test_a_coin_stays_in_its_band_95_times_in_100_and_in_no_narrower_one(n: int, target: float) -> None:
    """Against scipy's binomial distribution."""
    shares = {k: abs(k / n - target) for k in range(n + 1)}
    reach = chance_reach(n, target)
    within = sum(binom.pmf(k, n, target) for k, off in shares.items() if off <= reach + 1e-9)
    narrower = sum(binom.pmf(k, n, target) for k, off in shares.items() if off < reach - 1e-9)
    assert within >= 0.95 - 1e-9
    assert narrower < 0.95 + 1e-9


@pytest.mark.parametrize(("first", "second", "target"), [(25, 25, 0.5), (24, 25, 0.5), (9, 9, 0.2)])
def test_a_coin_asked_in_two_orders_stays_within_its_reach(first: int, second: int, target: float) -> None:
    """The smallest mean of two biases that at least 95 of 100 tries keep within, by all counts."""
    chance = {
        (a, b): binom.pmf(a, first, target) * binom.pmf(b, second, target)
        for a in range(first + 1)
        for b in range(second + 1)
    }
    mean = {(a, b): (abs(a / first - target) + abs(b / second - target)) / 2 for a, b in chance}
    reach = reach_in_orders(first, second, target)
    assert sum(p for pair, p in chance.items() if mean[pair] <= reach + 1e-9) >= 0.95 - 1e-9
    assert sum(p for pair, p in chance.items() if mean[pair] < reach - 1e-9) < 0.95
    assert reach_in_orders(2_500, 2_500, 0.5) == pytest.approx(reach_in_orders(2_000, 2_000, 0.5) * 0.8**0.5)


def test_a_band_narrows_with_the_draws() -> None:
    few, many = (board(drawn({"a/x": (n // 2, n)})).rows[0] for n in (50, 5000))
    assert few.mark is not None
    assert many.mark is not None
    assert few.mark.band_high - few.mark.band_low > 5 * (many.mark.band_high - many.mark.band_low)
    assert share_mark(few.estimate, target=0.5) == few.mark
