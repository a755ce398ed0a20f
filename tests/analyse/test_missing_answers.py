import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from flipsite.analyse.binomial import jeffreys
from flipsite.analyse.missing_answers import missing_answers
from flipsite.analyse.verdict import verdict, within_margin
from flipsite.domain.draws import Status, Tally
from flipsite.domain.estimates import Verdict


def tally(ones: int, valid: int, refused: int = 0, model: str = "a/b") -> Tally:
    return Tally(
        model=model,
        n_draws=valid + refused,
        n_valid=valid,
        n_ones=ones,
        by_status=(valid, 0, refused, 0, 0, 0),
    )


def test_the_mean_is_bounded_by_both_worst_cases() -> None:
    """Ten refusals in fifty: had all been zeros, had all been ones."""
    (found,) = missing_answers([tally(20, 40, 10)])
    assert (found.n_missing, found.mean_low, found.mean_high) == (10, 0.4, 0.6)
    refused = found.shares[1]
    assert (refused.status, refused.n_draws, refused.share) == (Status.REFUSED, 10, 0.2)
    assert refused.low == pytest.approx(stats.beta(10.5, 40.5).ppf(0.025))
    assert refused.high == pytest.approx(stats.beta(10.5, 40.5).ppf(0.975))


def test_a_verdict_that_refusals_could_turn_is_flagged() -> None:
    """Forty ones in forty draws show bias; with thirty refusals that may have been zeros they do not."""
    few, many = missing_answers([tally(40, 40, 2), tally(40, 40, 30, model="a/c")])
    assert (few.verdicts, few.decides) == ((Verdict.BIASED,), False)
    assert (many.verdicts, many.decides) == ((Verdict.BIASED, Verdict.UNDECIDED), True)


def test_a_model_without_any_answer_may_be_anything() -> None:
    """Two thousand refusals: fair and biased are both possible."""
    (found,) = missing_answers([tally(0, 0, 2000)])
    assert (found.mean_low, found.mean_high) == (0, 1)
    assert found.verdicts == (Verdict.BIASED, Verdict.FAIR)


def test_nothing_missing_leaves_one_verdict() -> None:
    """And a model never asked has none."""
    (found,) = missing_answers([tally(25, 50), tally(0, 0)])
    assert found.verdicts == (Verdict.UNDECIDED,)
    assert missing_answers([]) == ()


@settings(max_examples=25)
@given(
    counts=st.lists(
        st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n), st.integers(0, 9))),
        min_size=1,
        max_size=4,
    ),
    target=st.sampled_from([0.5, 0.3]),
)
def test_every_split_of_the_missing_answers_is_tried(
    counts: list[tuple[int, int, int]], target: float
) -> None:
    """Against the whole study worked out anew for each number of ones among the missing answers."""
    tallies = [tally(ones, valid, missing, model=f"a/{i}") for i, (ones, valid, missing) in enumerate(counts)]
    ones, valid, missing = counts[0]
    others = [stats.binomtest(k, n, target).pvalue for k, n, _ in counts[1:]]
    found = set()
    for k, n in [(ones, valid), *((ones + more, valid + missing) for more in range(missing + 1))]:
        q = stats.false_discovery_control([stats.binomtest(k, n, target).pvalue, *others])[0]
        low, high = jeffreys(k, n)
        found.add(verdict(float(q), fair=bool(within_margin(low, high, target=target))))
    assert set(missing_answers(tallies, target=target)[0].verdicts) == found
