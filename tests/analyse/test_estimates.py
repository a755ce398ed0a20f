from dataclasses import replace
from math import log, log2
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.analyse.fixture_types import StudyOf
from tests.narrowing import not_none

from flipsite.analyse.estimates import bias_of, estimates, published_estimates
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Printed, PrintedBias, Verdict
from flipsite.domain.money import usd
from flipsite.domain.study import Kind

COUNTS = st.integers(0, 80).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def tally(model: str, ones: int, valid: int, **more: Any) -> Tally:
    return Tally(model=model, n_draws=valid + 1, n_valid=valid, n_ones=ones, **more)


@settings(max_examples=40)
@given(counts=st.lists(COUNTS, max_size=8), target=st.sampled_from([0.5, 0.2]))
def test_estimates_equal_scipys(study_of: StudyOf, counts: list[tuple[int, int]], target: float) -> None:
    """Interval, p, q and rank of random studies, to 1e-9."""
    tallies = [tally(f"a/{i}", ones, valid) for i, (ones, valid) in enumerate(counts)]
    records = estimates(study_of(target=target), tallies)
    drawn = [record for record in records if record.valid]
    p = [stats.binomtest(not_none(record.ones), not_none(record.valid), target).pvalue for record in drawn]
    q = stats.false_discovery_control(p) if p else np.array([])
    bias = [round(abs(not_none(record.ones) / not_none(record.valid) - target), 12) for record in drawn]
    ranks = stats.rankdata(bias, method="min")
    for i, record in enumerate(drawn):
        ones, valid = not_none(record.ones), not_none(record.valid)
        beta = stats.beta(ones + 0.5, valid - ones + 0.5)
        assert record.p_value == pytest.approx(p[i], abs=1e-9)
        assert record.q_value == pytest.approx(q[i], abs=1e-9)
        assert record.bias == pytest.approx(bias[i], abs=1e-9)
        assert record.rank == ranks[i]
        assert record.mean_low == pytest.approx(beta.ppf(0.025) if record.ones else 0, abs=1e-9)
        assert record.mean_high == pytest.approx(beta.ppf(0.975) if ones < valid else 1, abs=1e-9)


def test_a_model_without_valid_draws_has_counts_and_a_cost_only(study_of: StudyOf) -> None:
    """It has no rank, is undecided, and is no test among the others."""
    records = estimates(study_of(), [tally("a/b", 0, 0, cost_usd=usd(0.5)), tally("a/c", 10, 10)])
    empty, full = records
    assert (empty.draws, empty.valid, empty.ones, empty.cost_usd) == (1, 0, 0, usd(0.5))
    for name in ("mean", "bias", "mean_low", "mean_high", "noise_floor", "p_value", "q_value", "rank"):
        assert getattr(empty, name) is None
    assert empty.verdict is Verdict.UNDECIDED
    assert full.q_value == full.p_value == pytest.approx(2 / 2**10)
    assert (full.rank, full.verdict) == (1, Verdict.BIASED)


def test_equal_distances_share_a_rank_whatever_their_fractions(study_of: StudyOf) -> None:
    """3/10, 7/10 and 14/20 are equally far from one half, though floats would not say so."""
    assert abs(0.3 - 0.5) != abs(0.7 - 0.5)
    records = estimates(
        study_of(),
        [tally("a/a", 3, 10), tally("a/b", 7, 10), tally("a/c", 14, 20), tally("a/d", 20, 20)],
    )
    assert [record.rank for record in records] == [1, 1, 1, 4]
    assert bias_of(14, 20) == bias_of(7, 10) == 0.2


def test_records_are_sorted_and_name_their_author_and_page(study_of: StudyOf) -> None:
    """A model without an author has none."""
    records = estimates(study_of(), [tally("b/x", 1, 2), tally("coin", 1, 2)])
    assert [(record.model, record.author) for record in records] == [("b/x", "b"), ("coin", "")]
    assert records[0].page == "coins/models/b/x/index.html"


def test_the_articles_figures_become_estimates(study_of: StudyOf, article: Printed) -> None:
    """All forty to the printed digit, ranked from both ends, without what was not printed."""
    records = {record.model: record for record in published_estimates(study_of(Kind.PUBLISHED), article)}
    assert {row.model: float(row.figure) for row in article.rows} == {m: r.bias for m, r in records.items()}
    for record in records.values():
        assert (record.ones, record.mean, record.mean_low, record.mean_high) == (None, None, None, None)
        assert (record.draws, record.cost_usd, record.rank_low) == (None, None, None)
    assert records["sao10k/l3.1-euryale-70b"].valid == 47
    assert records["infermatic/mn-inferor-12b"].valid is None
    assert records["infermatic/mn-inferor-12b"].noise_floor is None
    assert records["google/gemini-2.5-pro"].rank == 1
    assert records["infermatic/mn-inferor-12b"].rank == 8
    assert records["openai/gpt-4"].rank == 18
    assert records["anthropic/claude-opus-4.1"].rank == 221
    assert records["inception/mercury-coder"].rank == 236
    assert records["inception/mercury-coder"].p_value == pytest.approx(2 / 2**40)


def test_the_articles_whole_second_table_is_biased_and_nobody_else(
    study_of: StudyOf, article: Printed
) -> None:
    """With all 240 models in the family; the first table stays undecided."""
    records = {record.model: record for record in published_estimates(study_of(Kind.PUBLISHED), article)}
    for row in article.rows:
        expected = Verdict.BIASED if row.table == "most" else Verdict.UNDECIDED
        assert records[row.model].verdict is expected
    least_extreme = records["meta-llama/llama-4-scout"]
    assert least_extreme.q_value == pytest.approx(not_none(least_extreme.p_value) * 240 / 20)


def test_many_published_draws_can_show_a_model_fair(study_of: StudyOf, article: Printed) -> None:
    """A figure of zero in a thousand draws is within the margin whatever its sign."""
    row = PrintedBias(model="a/b", table="least", position=1, figure="0.000", decimals=3)
    printed = replace(article, rows=(row,), draws_low=1000, draws_high=1001)
    (record,) = published_estimates(study_of(Kind.PUBLISHED), printed)
    assert record.verdict is Verdict.FAIR


def test_a_figure_without_a_fit_is_kept_and_left_undecided(study_of: StudyOf, article: Printed) -> None:
    """What cannot have been drawn has no test."""
    row = PrintedBias(model="a/b", table="least", position=1, figure="0.03300", decimals=5)
    (record,) = published_estimates(study_of(Kind.PUBLISHED), replace(article, rows=(row,)))
    assert (record.bias, record.p_value, record.q_value, record.verdict) == (
        0.033,
        None,
        None,
        Verdict.UNDECIDED,
    )


def test_a_record_has_the_spread_of_its_draws(study_of: StudyOf) -> None:
    """Forty ones of fifty: bias 0.3 between the distances of both interval ends; 4/5 is the top share."""
    (record,) = estimates(study_of(), [tally("a/x", 40, 50)])
    assert record.outcomes == 2
    assert (record.top, record.top_share) == ("1", 0.8)
    assert record.bias_low == pytest.approx(not_none(record.mean_low) - 0.5)
    assert record.bias_high == pytest.approx(not_none(record.mean_high) - 0.5)
    pairs = (40 * 39 + 10 * 9) / (50 * 49)
    assert record.effective == pytest.approx(1 / pairs)
    assert record.entropy_bits == pytest.approx(-0.8 * log2(0.8) - 0.2 * log2(0.2) + 1 / (100 * log(2)))


def test_fresh_labels_have_no_top(study_of: StudyOf) -> None:
    """A label that changes from draw to draw is no outcome to name."""
    study = study_of()
    fresh = replace(study, prompt=replace(study.prompt, labels="random"))
    (record,) = estimates(fresh, [tally("a/x", 1, 2)])
    assert record.top is None
    assert record.effective is None, "two draws that differ: no two agree"
    assert (record.bias_low, record.top_share) == (0.0, 0.5)


def test_a_printed_bias_lies_in_its_own_interval(study_of: StudyOf, article: Printed) -> None:
    """The interval is the widest that any fit allows, whatever the sign."""
    for record in published_estimates(study_of(Kind.PUBLISHED), article):
        assert not_none(record.bias_low) <= not_none(record.bias) <= not_none(record.bias_high)
