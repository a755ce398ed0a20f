import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from flipsite.analyse.sequential import StoppingState, acquitted, convicted, log_evidence, replay, settle
from flipsite.domain.counts import Trajectory

COUNTS = st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts=COUNTS, target=st.sampled_from([0.5, 0.3]))
def test_evidence_is_a_likelihood_ratio_against_all_coins(counts, target):
    """The mean over all shares of the likelihood, by numerical integration."""
    k, n = counts
    mixed = integrate.quad(lambda p: (p / target) ** k * ((1 - p) / (1 - target)) ** (n - k), 0, 1)[0]
    assert float(log_evidence(k, n, target=target)) == pytest.approx(np.log(mixed), abs=1e-6)


@given(counts=COUNTS, target=st.sampled_from([0.5, 0.3]))
def test_a_fair_coin_cannot_be_expected_to_gather_evidence(counts, target):
    """The mean of the next e-value is the present one: a martingale."""
    k, n = counts
    one, zero = (np.exp(log_evidence(k + drawn, n + 1, target=target)) for drawn in (1, 0))
    assert target * one + (1 - target) * zero == pytest.approx(np.exp(log_evidence(k, n, target=target)))


def test_a_model_that_always_says_one_is_convicted_at_its_eighth_draw():
    """At its seventeenth when 240 models are watched, and sooner when others are as guilty."""

    def needed(n_models: int, n_guilty: int = 1) -> int:
        n = np.arange(1, 60)
        evidence = log_evidence(n, n)
        return next(
            int(d)
            for d, e in zip(n, evidence, strict=True)
            if convicted([e] * n_guilty, n_models=n_models)[0]
        )

    assert needed(1) == 8
    assert needed(240) == 17
    assert needed(240, n_guilty=100) < 12


def test_twenty_thousand_fair_coins_watched_all_the_time():
    """At most one in twenty is ever convicted in 400 draws, each looked at after every draw."""
    rng = np.random.default_rng(11)
    flips = rng.integers(0, 2, size=(400, 20_000), dtype=np.int8)
    ones = np.cumsum(flips, axis=0, dtype=np.int16)
    ever = np.zeros(20_000, bool)
    for n in range(1, 401):
        guilty = log_evidence(np.arange(n + 1), n) >= np.log(20)
        ever |= guilty[ones[n - 1]]
    assert 0.01 < ever.mean() <= 0.05


def test_no_stopping_rule_can_do_more_harm_than_allowed():
    """The exact chance that a fair coin ever passes 20 in 1,500 draws, by following every path at once."""
    alive = np.ones(1)
    passed = 0.0
    for n in range(1, 1501):
        grown = np.zeros(n + 1)
        grown[:-1] += alive / 2
        grown[1:] += alive / 2
        guilty = log_evidence(np.arange(n + 1), n) >= np.log(20)
        passed += grown[guilty].sum()
        alive = np.where(guilty, 0, grown)
    assert 0.02 < passed <= 0.05


def test_the_e_bh_procedure_rejects_the_largest_set_it_may():
    """Against the definition, tried for every number of rejections."""
    rng = np.random.default_rng(2)
    for _ in range(50):
        e = np.exp(rng.normal(2, 3, 30))
        most = max((r for r in range(1, 31) if np.sort(e)[-r] >= 40 / (0.05 * r)), default=0)
        assert convicted(np.log(e), n_models=40).sum() == most


def test_an_acquittal_takes_hundreds_of_draws():
    """An even split is settled as fair once no share outside the margin is left; few draws never do."""
    n = np.arange(2, 3000, 2)
    fair = acquitted(n // 2, n)
    first = n[fair][0]
    assert first == 274
    assert fair[n >= first].all()
    assert not acquitted([0, 40], [0, 100]).any()
    assert acquitted([9999], [10000], target=0.95)[0]


def test_models_are_settled_together():
    """The guilty, the doubtful, and those never asked."""
    assert settle([50, 26, 0, 1000], [50, 50, 0, 2000], n_models=240) == (
        StoppingState.BIASED,
        StoppingState.OPEN,
        StoppingState.OPEN,
        StoppingState.FAIR,
    )


def test_a_replay_tells_where_draws_could_have_stopped():
    """Failed draws are draws too; a fair coin's run out."""
    rng = np.random.default_rng(4)
    fair = rng.integers(0, 2, 50).astype(np.int8)
    late = np.array([-1, -1] + [1] * 48, np.int8)
    stops = replay([Trajectory.of(each) for each in (np.ones(50, np.int8), fair, late)])
    assert [stop.state for stop in stops] == [StoppingState.BIASED, StoppingState.OPEN, StoppingState.BIASED]
    assert [stop.n_draws for stop in stops] == [10, 50, 11]
    assert stops[0].n_asked == 50
    assert replay([]) == ()
