from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from flipsite.analyse.published.possible_counts import cautious_p_value, fits, known_draws
from flipsite.domain.estimates import Printed, PrintedBias


def row(figure: str, decimals: int) -> PrintedBias:
    return PrintedBias(model="a/b", table="least", position=1, figure=figure, decimals=decimals)


@pytest.mark.parametrize(
    ("figure", "draws"),
    [("0.032", {47}), ("0.011", {45, 47}), ("0.022", {46}), ("0.023", {44}), ("0.024", {42})],
)
def test_the_articles_figures_give_away_their_draws(article: Printed, figure: str, draws: set[int]) -> None:
    """Three decimals of a share of some fifty flips fix the flips."""
    ways = fits(row(figure, 3), article)
    assert {way.n_valid for way in ways} == draws
    assert known_draws(ways) == (draws.pop() if len(draws) == 1 else None)


def test_a_bias_of_zero_needs_an_even_number_of_draws(article: Printed) -> None:
    """0.0 in a table of three decimals is exactly nothing: half of the draws were ones."""
    ways = fits(row("0.0", 3), article)
    assert [(way.n_valid, way.half_excess) for way in ways] == [(n, 0.0) for n in range(40, 56, 2)]


def test_a_printed_half_says_nothing_of_the_draws(article: Printed) -> None:
    """All the same, however many: every count fits, none is known."""
    ways = fits(row("0.50", 2), article)
    assert [way.n_valid for way in ways] == list(range(40, 56))
    assert known_draws(ways) is None
    assert all(way.ones == (0, way.n_valid) for way in ways)


@given(
    n=st.integers(40, 55),
    decimals=st.sampled_from([2, 3]),
    target=st.sampled_from([0.5, 0.3]),
    data=st.data(),
)
def test_fits_are_exactly_the_counts_that_print_so(
    article: Printed, n: int, decimals: int, target: float, data: st.DataObject
) -> None:
    """Against Python's decimal rounding, both ways at a tie, for every count."""
    k = data.draw(st.integers(0, n))
    step = Decimal(1).scaleb(-decimals)

    def prints(k: int, n: int) -> set[Decimal]:
        bias = abs(Fraction(k, n) - Fraction(str(target)))
        exact = Decimal(bias.numerator) / Decimal(bias.denominator)
        return {exact.quantize(step, rounding) for rounding in (ROUND_HALF_UP, ROUND_HALF_DOWN)}

    figure = data.draw(st.sampled_from(sorted(prints(k, n))))
    found = {
        (way.n_valid, ones)
        for way in fits(row(str(figure), decimals), article, target=target)
        for ones in way.ones
    }
    assert found == {(m, j) for m in range(40, 56) for j in range(m + 1) if figure in prints(j, m)}


def test_the_p_value_is_the_most_cautious_of_the_fits(article: Printed) -> None:
    """0.35 fits several counts; the largest p-value among them is told."""
    ways = fits(row("0.35", 2), article)
    p = [stats.binomtest(k, way.n_valid).pvalue for way in ways for k in way.ones]
    assert len(ways) > 3
    assert cautious_p_value(ways) == pytest.approx(max(p), abs=1e-12)


def test_a_figure_that_no_count_prints_has_no_fit(article: Printed) -> None:
    """To five decimals, 0.033 is no distance of 40 to 55 flips from one half."""
    assert fits(row("0.03300", 5), article) == ()
    assert cautious_p_value(()) is None
    assert known_draws(()) is None
