"""Rules that models follow instead of chance: the referee's coins, each simulated many times."""

from collections import Counter

import numpy as np
import pytest

from flipsite.analyse.label_order.order_effects import LabelPairs, clustered_test, label_p_value
from flipsite.analyse.report import StudyReport, report_draws
from flipsite.domain.draws import Draw, Outcome
from flipsite.domain.estimates import Sway, Verdict
from flipsite.domain.study import Study
from flipsite.settings import default_study
from flipsite.store.snapshot.assemble import collect_draws

STUDY: Study = default_study("trial")


def asked(
    model: str, n: int, rng: np.random.Generator, *, fresh: bool, liking: float = 0.0, first: float = 0.5
) -> list[Draw]:
    """Draws in both orders; with fresh labels each pair of draws has two words, of which one is liked."""
    draws = []
    liked = 0
    for draw in range(n):
        if draw % 2 == 0:
            liked = int(rng.integers(0, 2))
        labels = (f"w{draw // 2}a", f"w{draw // 2}b") if fresh else ("0", "1")
        order = (draw + draw // 2) % 2
        by_place = order if rng.random() < first else 1 - order
        outcome = liked if rng.random() < liking else by_place
        draws.append(Draw(model=model, draw=draw, labels=labels, order=order, result=Outcome(index=outcome)))
    return draws


def study_of(n_models: int, n: int, *, seed: int = 0, **coin: float) -> StudyReport:
    rng, fresh = np.random.default_rng(seed), bool(coin.pop("fresh", 0))
    rows = [draw for i in range(n_models) for draw in asked(f"m/{i:03}", n, rng, fresh=fresh, **coin)]
    return report_draws(STUDY, collect_draws(rows))


def test_label_likers_are_told_to_follow_the_label_and_none_is_called_biased() -> None:
    """240 coins that always take one word of each pair have a share of one half exactly."""
    found = study_of(240, 50, fresh=1, liking=1.0).estimates
    assert Counter(record.sway for record in found) == {Sway.LABEL: 240}
    assert all(record.verdict is Verdict.UNDECIDED for record in found)


@pytest.mark.parametrize("liking", [0.0, 0.5, 0.8])
def test_a_liking_for_labels_makes_no_coin_biased(liking: float) -> None:
    found = study_of(120, 50, fresh=1, liking=liking, seed=3).estimates
    assert sum((record.p_value or 0) < 0.05 for record in found) / 120 <= 0.09
    assert not any(record.verdict is Verdict.BIASED for record in found)


@pytest.mark.slow
def test_fair_coins_follow_nothing() -> None:
    for fresh in (0, 1):
        found = study_of(120, 100, fresh=fresh, seed=5).estimates
        assert sum(record.sway is not None for record in found) <= 2


def test_a_first_namer_is_not_fair_and_ranks_below_a_fair_coin() -> None:
    """400 draws in both orders: the marginal bias is 0, that within each order one half."""
    rng = np.random.default_rng(1)
    rows = asked("m/first", 400, rng, fresh=False, first=1.0) + asked("m/fair", 400, rng, fresh=False)
    fair, first = report_draws(STUDY, collect_draws(rows)).estimates
    assert (first.bias, first.bias_within) == (0.0, 0.5)
    assert (first.sway, first.verdict) == (Sway.ORDER, Verdict.UNDECIDED)
    assert fair.sway is None
    assert (fair.rank, first.rank) == (1, 2)
    assert first.rank_low == 2


def test_a_model_that_takes_the_first_named_of_fresh_labels_follows_the_order() -> None:
    """As a small real model does: the first-named in 87 of 100 draws, whatever it is called."""
    (record,) = study_of(1, 100, fresh=1, first=0.87, seed=2).estimates
    assert record.sway is Sway.ORDER
    assert record.bias_within is not None
    assert record.bias_within > 0.25


def test_one_order_says_nothing_of_what_is_followed() -> None:
    rows = [
        Draw(model="m/a", draw=i, labels=("0", "1"), order=0, result=Outcome(index=i % 2)) for i in range(50)
    ]
    (record,) = report_draws(STUDY, collect_draws(rows)).estimates
    assert (record.sway, record.bias_within) == (None, None)


def test_two_thousand_fair_draws_are_called_fair_in_each_order() -> None:
    (record,) = study_of(1, 2_000, seed=10).estimates
    assert record.verdict is Verdict.FAIR


def test_agreement_of_label_pairs_is_exact() -> None:
    """Ten pairs, all agreeing, ten ones: (10 choose 5) of (20 choose 10) ways."""
    pairs = LabelPairs(ones=(0, 2) * 5, valid=(2,) * 10, complete=True, earlier=(10, 20))
    assert label_p_value(pairs) == pytest.approx(252 / 184_756)


def test_few_label_pairs_are_clusters() -> None:
    """Five word pairs asked a hundred times each, each word always drawn or never: five draws' worth."""
    pairs = LabelPairs(ones=(100, 0, 100, 0, 50), valid=(100,) * 5, complete=False, earlier=(0, 0))
    found = clustered_test(pairs, target=0.5)
    swapped = clustered_test(
        LabelPairs(ones=(0, 100, 0, 100, 50), valid=(100,) * 5, complete=False, earlier=(0, 0)), target=0.5
    )
    assert found.design_effect > 90
    assert found.low < 0.2
    assert found.high > 0.8
    assert found.p_value == pytest.approx(swapped.p_value)
    assert label_p_value(pairs) < 0.001
