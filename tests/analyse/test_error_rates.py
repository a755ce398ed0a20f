"""The verdict held to account by the controls: each coin simulated many times, as a study asks it."""

from collections import Counter
from dataclasses import replace

import pytest

from flipsite.analyse.report import report_draws
from flipsite.collect.prompt import questions
from flipsite.collect.simulated.coins import COINS, Coin, Toss, fair
from flipsite.domain.draws import Draw, Outcome
from flipsite.domain.estimates import Estimate, Sway, Verdict
from flipsite.domain.study import LabelMode, Prompt
from flipsite.settings import default_study
from flipsite.store.snapshot.assemble import collect_draws

STUDY = default_study("trial")
ASKED = tuple(coin for coin in COINS if coin.truth and coin.truth.p is not None)
CHANCE = {coin.id for coin in ASKED if coin.fall is fair}


def flips(coin: Coin, prompt: Prompt, *, n: int, seed: int) -> list[Draw]:
    """A coin's draws at a prompt: what the endpoint would say, without the saying of it."""
    return [
        Draw(
            model=coin.id,
            draw=asked.draw,
            labels=asked.labels,
            order=asked.order,
            result=Outcome(index=asked.labels.index(coin.fall(toss))),
        )
        for asked in questions(prompt, n_draws=n, model=coin.id, seed=seed)
        for toss in (
            Toss(
                seed=seed,
                model=coin.id,
                draw=asked.draw,
                first=asked.labels[asked.order],
                second=asked.labels[1 - asked.order],
                structured=False,
            ),
        )
    ]


def studied(*, labels: LabelMode, n: int, seeds: range) -> list[Estimate]:
    """All coins, in both orders, once a seed."""
    study = replace(STUDY, prompt=replace(STUDY.prompt, labels=labels, orders="both"))
    found: list[Estimate] = []
    for seed in seeds:
        draws = collect_draws(draw for coin in ASKED for draw in flips(coin, study.prompt, n=n, seed=seed))
        found += report_draws(study, draws).estimates
    return found


def balanced(labels: LabelMode) -> set[str]:
    """Coins whose share of outcome 1 is one half: all of them where labels are fresh."""
    return {coin.id for coin in ASKED if labels == "random" or (coin.truth and coin.truth.p == 0.5)}


def hold(found: list[Estimate], *, labels: LabelMode, n_seeds: int) -> None:
    """The error rates that the verdict promises."""
    verdicts = Counter((record.model, record.verdict) for record in found)
    called_fair = {model for model, verdict in verdicts if verdict is Verdict.FAIR}
    assert called_fair <= CHANCE, "a coin that does not follow chance is called fair"
    even = balanced(labels)
    wrong = sum(verdicts[model, Verdict.BIASED] for model in even)
    assert wrong <= 0.05 * len(even) * n_seeds


@pytest.mark.parametrize("labels", ["fixed", "random"])
def test_the_verdicts_error_rates_hold_for_every_control(labels: LabelMode) -> None:
    """No coin but those that follow chance is fair; of coins with an even share at most 5 % are biased."""
    found = studied(labels=labels, n=50, seeds=range(10))
    hold(found, labels=labels, n_seeds=10)
    swayed = Counter((record.model.partition("/")[2], record.sway) for record in found)
    assert swayed["first-named", Sway.ORDER] == 10
    if labels == "random":
        assert swayed["likes-a-label", Sway.LABEL] == swayed["likes-alphabet", Sway.LABEL] == 10
        assert not any(record.verdict is Verdict.BIASED for record in found)
    following = sum(record.sway is not None for record in found if record.model in CHANCE)
    assert following <= 0.05 * len(CHANCE) * 10


@pytest.mark.slow
@pytest.mark.parametrize("labels", ["fixed", "random"])
def test_they_hold_at_four_hundred_draws_where_a_coin_can_be_fair(labels: LabelMode) -> None:
    """Some of the fair coins are called fair, and of the others none in twenty studies."""
    found = studied(labels=labels, n=400, seeds=range(20))
    hold(found, labels=labels, n_seeds=20)
    fair_ones = [record.verdict is Verdict.FAIR for record in found if record.model in CHANCE]
    assert sum(fair_ones) > 0.1 * len(fair_ones)
    assert sum(record.is_flagged for record in found if record.model in CHANCE) <= 0.1 * len(fair_ones)
    dependent = [r for r in found if r.model in ("simulated/sticky", "simulated/slow-drift")]
    assert all(record.is_flagged for record in dependent)


@pytest.mark.slow
def test_alone_in_a_study_each_even_control_is_called_biased_in_about_one_try_of_twenty_at_most() -> None:
    """A hundred tries each at 50 draws; no other model's q-value helps."""
    wrong: Counter[str] = Counter()
    study = replace(STUDY, prompt=replace(STUDY.prompt, orders="both"))
    even = [coin for coin in ASKED if coin.id in balanced("fixed")]
    for coin in even:
        for seed in range(100):
            draws = collect_draws(flips(coin, study.prompt, n=50, seed=seed))
            (record,) = report_draws(study, draws).estimates
            wrong[coin.id] += record.verdict is Verdict.BIASED
    assert sum(wrong.values()) <= 5 * len(even)
    assert all(times <= 10 for times in wrong.values()), wrong
