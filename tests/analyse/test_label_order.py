import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, stats
from tests.analyse.fixture_types import DrawsOf

from flipsite.analyse.label_order.decomposition import Decomposition, Influence, decompose, firth
from flipsite.domain.counts import prompt_arms
from flipsite.domain.draws import Draws

FIG5 = Path(__file__).parents[3] / "shared" / "data" / "failure-to-mix" / "fig5_word_bias.csv"


def asked(
    chance: Callable[[int, str, str], float],
    *,
    n_pairs: int,
    seed: int,
    orders: str = "both",
    labels: str = "random",
) -> tuple[dict[str, list[int]], dict[str, list[int] | list[str]]]:
    """Outcomes, orders and labels of a coin that draws outcome 1 with chance(order, labels)."""
    rng = np.random.default_rng(seed)
    outcomes, named_first, pairs = [], [], []
    for pair in range(n_pairs):
        zero, one = rng.choice(list("bdfgklmnp"), 2, replace=False) if labels == "random" else "01"
        for place in (0, 1):
            order = place if orders == "both" else 0
            outcomes.append(int(rng.random() < chance(order, zero, one)))
            named_first.append(order)
            pairs.append(json.dumps([f"{zero}{pair if labels == 'random' else ''}", f"{one}ima"]))
    return {"a/b": outcomes}, {"order": named_first, "labels": pairs}


def decomposed(draws: Draws, index: int, *, target: float = 0.5) -> Decomposition:
    return decompose(draws.models[index], prompt_arms(draws, draws.rows(index)), target=target)


def by_name(found: Decomposition) -> dict[str, Influence]:
    return {influence.name: influence for influence in found.influences}


def test_a_lean_to_the_first_named_is_found_and_nothing_else(draws_of: DrawsOf) -> None:
    """The first-named label wins nine times in ten; labels and outcomes are innocent."""
    outcomes, columns = asked(lambda order, *_: 0.9 if order else 0.1, n_pairs=100, seed=1)
    found = by_name(decomposed(draws_of(outcomes, **columns), 0))
    assert found["order"].low < 0.9 < found["order"].high
    assert found["order"].p_value < 1e-9
    assert found["order"].log_odds_low < np.log(9) < found["order"].log_odds_high
    assert found["look"].p_value > 0.05
    assert found["index"].p_value > 0.05


def test_a_liking_for_a_label_is_not_taken_for_an_order_effect(draws_of: DrawsOf) -> None:
    """The label with the earlier first letter always wins."""
    outcomes, columns = asked(lambda _, zero, one: float(one < zero), n_pairs=60, seed=2)
    found = by_name(decomposed(draws_of(outcomes, **columns), 0))
    assert found["look"].share == 1.0
    assert found["look"].p_value == pytest.approx(2 / 2**60)
    assert found["order"].share == 0.5
    assert found["order"].p_value == 1.0
    assert np.isfinite(found["look"].log_odds_high)


def test_the_order_test_on_fresh_labels_is_mcnemars(draws_of: DrawsOf) -> None:
    """Each pair is its own control: pairs in which one label won twice say nothing of the order."""
    outcomes, columns = asked(lambda order, *_: 0.7 if order else 0.4, n_pairs=80, seed=3)
    found = by_name(decomposed(draws_of(outcomes, **columns), 0))
    first = np.array([one == order for one, order in zip(outcomes["a/b"], columns["order"], strict=True)])
    both, neither = (first[::2] & first[1::2]).sum(), (~first[::2] & ~first[1::2]).sum()
    assert found["order"].p_value == pytest.approx(stats.binomtest(both, both + neither).pvalue, abs=1e-9)
    assert found["order"].share == pytest.approx(first.mean())


def test_fixed_labels_in_both_orders_split_order_from_label(draws_of: DrawsOf) -> None:
    """One pair of labels: the look is the label itself, so two influences remain, each by Fisher's test."""
    outcomes, columns = asked(lambda order, *_: 0.8 if order else 0.5, n_pairs=100, seed=4, labels="fixed")
    found = decomposed(draws_of(outcomes, **columns), 0)
    one, order = np.array(outcomes["a/b"]), np.array(columns["order"])
    cells = np.array([[((order == i) & (one == j)).sum() for j in (0, 1)] for i in (0, 1)])
    assert [influence.name for influence in found.influences] == ["order", "index"]
    assert found.influences[0].p_value == pytest.approx(stats.fisher_exact(cells).pvalue, abs=1e-9)
    assert found.influences[1].share == pytest.approx(one.mean())


def test_fixed_labels_in_one_order_cannot_be_told_apart(draws_of: DrawsOf) -> None:
    """0 is always named first: whether the model likes 0 or the first is unknowable."""
    outcomes, columns = asked(lambda *_: 0.1, n_pairs=20, seed=5, orders="one", labels="fixed")
    found = decomposed(draws_of(outcomes, **columns), 0)
    assert (found.told_apart, found.influences, found.n_draws) == (False, (), 40)


def test_fresh_labels_in_one_order_still_show_a_lean_to_the_first(draws_of: DrawsOf) -> None:
    """Who is named first is then as good as random."""
    outcomes, columns = asked(lambda *_: 0.1, n_pairs=30, seed=6, orders="one")
    found = decomposed(draws_of(outcomes, **columns), 0)
    order = by_name(found)["order"]
    zeros = outcomes["a/b"].count(0)
    assert [influence.name for influence in found.influences] == ["order", "look"]
    assert order.p_value == pytest.approx(stats.binomtest(zeros, 60).pvalue, abs=1e-9)


def test_a_biased_target_leaves_only_the_order(draws_of: DrawsOf) -> None:
    """Asked for 0.8, outcome 1 should win: its lead is no label's charm."""
    outcomes, columns = asked(lambda *_: 0.8, n_pairs=40, seed=7)
    found = decomposed(draws_of(outcomes, **columns), 0, target=0.8)
    assert [influence.name for influence in found.influences] == ["order"]
    assert found.influences[0].p_value > 0.05


def test_draws_of_unknown_order_are_passed_over(draws_of: DrawsOf) -> None:
    """Imported draws often lack it."""
    found = decomposed(draws_of({"a/b": [0, 1, 1]}), 0)
    assert (found.n_draws, found.told_apart, found.influences) == (0, False, ())


def test_the_logistic_fit_is_firths() -> None:
    """A general optimiser of the penalised likelihood finds the same, also under perfect separation."""
    rng = np.random.default_rng(8)
    columns = np.column_stack([np.ones(60), rng.choice([-1.0, 1.0], 60), rng.choice([-1.0, 0.0, 1.0], 60)])
    for ones in (rng.random(60) < 0.3, columns[:, 1] > 0, np.ones(60, bool)):

        def loss(beta: np.ndarray, ones: np.ndarray = ones) -> float:
            log_odds = columns @ beta
            weight = stats.logistic.pdf(log_odds)
            _, half = np.linalg.slogdet(columns.T @ (columns * weight[:, None]))
            likely = np.sum(stats.logistic.logcdf(np.where(ones, log_odds, -log_odds)))
            return float(-likely - half / 2)

        best = optimize.minimize(
            loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12}
        )
        beta, errors = firth(columns, ones, times=np.ones(60, int))
        assert beta == pytest.approx(best.x, abs=1e-4)
        assert np.isfinite(errors).all()


@pytest.mark.skipif(not FIG5.exists(), reason="the shared data of others is not on this machine")
def test_other_peoples_word_pairs_come_out_at_their_first_mentioned_shares(draws_of: DrawsOf) -> None:
    """Yang & Zhang's 10,700 draws: every word pair in both orders, five models, at one half."""
    shares = {"claude": 0.508, "gemini": 0.419, "kimi": 0.687, "gpt-5": 0.581, "qwen": 0.910}
    outcomes: dict[str, list[int]] = {}
    shown: dict[str, list[tuple[int, str]]] = {}
    with FIG5.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            pair = sorted([row["v"], row["v2"]])
            last = re.split(r"\W+", row["raw_text"].casefold().rstrip("*`\n "))[-1]
            said = [word for word in pair if word.casefold() == last]
            if row["p"] == "50" and said:
                outcomes.setdefault(row["model"], []).append(pair.index(said[0]))
                shown.setdefault(row["model"], []).append((pair.index(row["v"]), json.dumps(pair)))
    columns = [each for model in sorted(outcomes) for each in shown[model]]
    draws = draws_of(outcomes, order=[first for first, _ in columns], labels=[pair for _, pair in columns])
    for index, model in enumerate(draws.models):
        (expected,) = (share for name, share in shares.items() if name in model)
        order = by_name(decomposed(draws, index))["order"]
        assert round(order.share, 3) == expected
        assert (order.p_value < 0.001) == (abs(expected - 0.5) > 0.02)
