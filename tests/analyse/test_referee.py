"""A referee's tables, before and after: what the plain analysis says, and what this one says."""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.analyse.fixture_types import DrawsOf, StudyOf
from tests.narrowing import not_none

from flipsite.analyse.binomial import binomial_test, jeffreys
from flipsite.analyse.fair_share import fair_share
from flipsite.analyse.label_order.order_effects import LabelPairs, clustered_test
from flipsite.analyse.report import report_draws
from flipsite.analyse.stopping import bias_evidence, log_evidence
from flipsite.domain.draws import Status
from flipsite.domain.estimates import Dependence, Sway, Verdict
from flipsite.domain.trajectory import N_COUNTS, RunningCounts
from flipsite.project import find_project
from flipsite.store.imports.columns import parse_options
from flipsite.workflows.import_export import import_draws
from flipsite.workflows.load import load_report

WORDS = ("labels=v,v2", "response=raw_text")

FIG5 = Path(__file__).parents[3] / "shared" / "data" / "failure-to-mix" / "fig5_word_bias.csv"

LIKINGS = {0.0: (0.032, 0.935), 0.8: (0.094, 0.853), 1.0: (0.107, 0.774)}
"""By how much one label of each pair is liked: size of the plain test and coverage of Jeffreys' interval."""


def label_likers(n_coins: int, n_pairs: int, liking: float, *, seed: int) -> np.ndarray:
    """Outcomes of coins whose labels are asked once in either order, shape (coins, pairs, 2); share ½."""
    rng = np.random.default_rng(seed)
    liked = rng.integers(0, 2, (n_coins, n_pairs, 1)).repeat(2, axis=2)
    chance = rng.integers(0, 2, (n_coins, n_pairs, 2))
    return np.where(rng.random(chance.shape) < liking, liked, chance)


@pytest.mark.parametrize("liking", LIKINGS)
def test_at_fifty_draws_a_liking_for_labels_breaks_the_plain_test_and_not_this_one(liking: float) -> None:
    """Fault 2: size and coverage of 4,000 coins."""
    size, coverage = LIKINGS[liking]
    both = label_likers(4_000, 25, liking, seed=1).sum(axis=2)
    ones = both.sum(axis=1)
    low, high = jeffreys(ones, np.full(4_000, 50))
    assert (binomial_test(ones, 50) < 0.05).mean() == pytest.approx(size, abs=0.012)
    assert ((low <= 0.5) & (high >= 0.5)).mean() == pytest.approx(coverage, abs=0.05)
    twos, nones = (both == 2).sum(axis=1), (both == 0).sum(axis=1)
    assert (binomial_test(twos, twos + nones) < 0.05).mean() <= 0.05
    held = []
    for pairs in both[:400].tolist():
        labels = LabelPairs(ones=tuple(pairs), valid=(2,) * 25, complete=True, earlier=(0, 0))
        found = clustered_test(labels, target=0.5)
        held.append(found.low <= 0.5 <= found.high)
    assert np.mean(held) >= 0.92


def test_watched_all_the_time_the_plain_e_value_errs_and_that_of_concordant_pairs_does_not() -> None:
    """Fault 2: ever e ≥ 20 in 50 draws, promised in at most 5 %."""
    both = np.cumsum(np.sort(label_likers(3_000, 25, 1.0, seed=2), axis=2).sum(axis=2) == 2, axis=1)
    pairs = np.arange(1, 26)
    assert (log_evidence(2 * both, 2 * pairs) >= np.log(20)).any(axis=1).mean() > 0.14
    table = np.zeros((both.size, N_COUNTS), np.int64)
    table[:, 7], table[:, 6] = both.ravel(), (pairs - both).ravel()
    found = bias_evidence(RunningCounts(table=table), True) >= np.log(20)
    assert found.reshape(both.shape).any(axis=1).mean() <= 0.05


def alphabet_likers(n_coins: int) -> tuple[dict[str, list[int | Status]], dict[str, list[Any]]]:
    """Coins that take the word earlier in the alphabet, 25 fresh pairs in both orders."""
    rng = np.random.default_rng(3)
    outcomes: dict[str, list[int | Status]] = {}
    labels, orders = [], []
    for coin in range(n_coins):
        drawn: list[int | Status] = []
        for pair in range(25):
            words = [f"{letter}{coin}x{pair}" for letter in rng.choice(list("bdfgklmn"), 2, replace=False)]
            drawn += [int(words[1] < words[0])] * 2
            labels += [json.dumps(words)] * 2
            orders += [0, 1]
        outcomes[f"m/{coin:03}"] = drawn
    return outcomes, {"labels": labels, "order": orders}


def test_of_240_alphabet_likers_none_is_biased_and_few_could_be_fair(
    study_of: StudyOf, draws_of: DrawsOf
) -> None:
    """Fault 2, end to end: 18 were called biased, and the bound let 175 be fair."""
    outcomes, columns = alphabet_likers(240)
    report = report_draws(study_of(), draws_of(outcomes, **columns))
    verdicts = Counter((record.verdict, record.sway) for record in report.estimates)
    assert verdicts == {(Verdict.UNDECIDED, Sway.LABEL): 240}
    assert report.fair_share is not None
    assert report.fair_share.n_most <= 8
    plain = fair_share(report.tallies)
    assert plain is not None
    assert plain.n_most > 100
    assert not report.stops


def test_a_model_shown_to_follow_something_is_none_that_could_be_fair(
    study_of: StudyOf, draws_of: DrawsOf
) -> None:
    """Of 10 fair coins and 10 that follow the order or one label, 20 of 20 could be fair; now 10."""
    rng = np.random.default_rng(6)
    outcomes = {f"m/{i}": rng.integers(0, 2, 50).tolist() for i in range(10)}
    outcomes |= {f"n/{i}": [0, 1] * 25 for i in range(5)} | {f"o/{i}": [1] * 50 for i in range(5)}
    report = report_draws(study_of(), draws_of(outcomes, order=[0, 1] * 500))
    share = not_none(report.fair_share)
    assert (share.n_most, share.n_unfair) == (10, 10)


def test_a_first_namer_of_400_draws_is_not_fair_follows_the_order_and_ranks_last(
    study_of: StudyOf, draws_of: DrawsOf
) -> None:
    """Fault 1: first of all with a bias of 0.000, and fair, where the orders are added up."""
    rng = np.random.default_rng(4)
    outcomes = {"m/first": [0, 1] * 200, "n/fair": rng.integers(0, 2, 400).tolist()}
    report = report_draws(study_of(), draws_of(outcomes, order=[0, 1] * 400))
    first, fair = report.estimates
    assert (first.bias, first.bias_within, first.sway) == (0.0, 0.5, Sway.ORDER)
    assert first.verdict is Verdict.UNDECIDED
    assert not_none(first.rank) > not_none(fair.rank)
    assert not_none(first.noise_floor) < not_none(first.noise_floor_within), (
        "two orders of 200 draws show more than 400 in one"
    )
    assert first.bias_shrunken is None


def test_a_perfect_sampler_shows_its_noise_floor_in_both_orders(study_of: StudyOf, draws_of: DrawsOf) -> None:
    """The floor of the bias within orders is exact: the mean of 400 fair coins, unequal orders."""
    rng = np.random.default_rng(5)
    coins = {f"m/{i:03}": rng.integers(0, 2, 50).tolist() for i in range(400)}
    report = report_draws(study_of(), draws_of(coins, order=([0] * 20 + [1] * 30) * 400))
    within = [not_none(record.bias_within) for record in report.estimates]
    assert np.mean(within) == pytest.approx(report.estimates[0].noise_floor_within, abs=0.006)


def test_missing_answers_make_no_first_namer_fair(study_of: StudyOf, draws_of: DrawsOf) -> None:
    """Whatever 100 missing answers had been; and a sticky coin's interval stays wide."""
    refused = [Status.REFUSED] * 10
    sticky = ([0] * 25 + [1] * 25) * 8
    outcomes = {"m/first": [0, 1] * 200 + refused, "n/sticky": sticky + refused}
    report = report_draws(study_of(), draws_of(outcomes, order=[0, 1] * 410))
    assert report.evidence["m/first"].missing.verdicts == (Verdict.UNDECIDED,)
    assert report.evidence["n/sticky"].missing.verdicts == (Verdict.UNDECIDED,)
    assert report.estimates[1].dependence is Dependence.RUNS


@pytest.fixture(scope="module")
def words() -> list[tuple[str, str, str, str, float]]:
    """Model, first-named word, other word, word said, and code, of each readable draw at one half."""
    with FIG5.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["p"] == "50"]
    found = []
    for row in rows:
        last = re.split(r"\W+", row["raw_text"].casefold().rstrip("*`\n "))[-1]
        said = [word for word in (row["v"], row["v2"]) if word.casefold() == last]
        if len(said) == 1:
            found.append((row["model"], row["v"], row["v2"], said[0], float(row["answer"] or "nan")))
    return found


@pytest.mark.skipif(not FIG5.exists(), reason="the shared data of others is not on this machine")
def test_whatever_word_is_called_1_other_peoples_pairs_tell_the_same(
    study_of: StudyOf, draws_of: DrawsOf, words: list[tuple[str, str, str, str, float]]
) -> None:
    """Faults 1 and 2: by the file's code 0.55 to 0.57 of Claude, "all five are biased"; now none is."""
    codes: dict[frozenset[str], Counter[str]] = {}
    for _, first, other, said, code in words:
        if code in (0.0, 1.0):
            one = said if code else ({first, other} - {said}).pop()
            codes.setdefault(frozenset((first, other)), Counter())[one] += 1
    ways: dict[str, Callable[[frozenset[str]], str]] = {
        "code": lambda pair: codes[pair].most_common(1)[0][0],
        "alphabet": max,
        "length": lambda pair: max(pair, key=lambda word: (len(word), word)),
    }
    conclusions = []
    for one_of in ways.values():
        outcomes: dict[str, list[int]] = {}
        shown: dict[str, list[tuple[str, int]]] = {}
        for model, first, other, said, _ in words:
            one = one_of(frozenset((first, other)))
            pair = json.dumps([({first, other} - {one}).pop(), one])
            outcomes.setdefault(model, []).append(int(said == one))
            shown.setdefault(model, []).append((pair, int(first == one)))
        asked = [each for model in sorted(outcomes) for each in shown[model]]
        draws = draws_of(outcomes, labels=[pair for pair, _ in asked], order=[order for _, order in asked])
        records = report_draws(study_of(), draws).estimates
        assert all(not_none(record.mean_low) <= 0.5 <= not_none(record.mean_high) for record in records)
        conclusions.append([(record.model, record.verdict, record.sway is not None) for record in records])
    assert conclusions[0] == conclusions[1] == conclusions[2]
    assert all(verdict is not Verdict.FAIR and swayed for _, verdict, swayed in conclusions[0])


def called_otherwise(folder: Path) -> Path:
    """The word pairs of others at one half, the file's codes turned for every second pair."""
    path = folder / "turned.csv"
    with FIG5.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["answer"] in ("0.0", "1.0")]
    pairs = sorted({tuple(sorted((row["v"], row["v2"]))) for row in rows})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["model", "p", "v", "v2", "raw_text", "answer"])
        for row in rows:
            turned = pairs.index(tuple(sorted((row["v"], row["v2"])))) % 2
            code = abs(turned - int(float(row["answer"])))
            writer.writerow([*(row[name] for name in ("model", "p", "v", "v2", "raw_text")), code])
    return path


@pytest.mark.skipif(not FIG5.exists(), reason="the shared data of others is not on this machine")
def test_the_importer_tells_the_same_of_them_by_code_by_answer_and_by_turned_codes(tmp_path: Path) -> None:
    """Faults 1 and 2, through the commands' own road: three ways to call a word 1, one set of conclusions."""
    ways = {
        "code": (FIG5, ["outcome=answer", *WORDS]),
        "answer": (FIG5, ["outcome=raw_text", "labels=v,v2"]),
        "turned": (called_otherwise(tmp_path), ["outcome=answer", *WORDS]),
    }
    conclusions, shares = {}, {}
    for way, (file, columns) in ways.items():
        options = parse_options(columns, ("p=50",), None)
        import_draws(find_project(tmp_path), way, file, options=options)
        records = load_report(tmp_path / "content" / "studies" / way).estimates
        assert len(records) == 5
        for record in records:
            assert record.mean_low is not None
            assert record.mean_high is not None
            assert record.mean_low <= 0.5 <= record.mean_high, (way, record.model)
            assert record.design_effect is not None
            assert record.design_effect > 10
        conclusions[way] = [(record.model, record.verdict, record.sway) for record in records]
        shares[way] = [record.mean for record in records]
    assert conclusions["code"] == conclusions["answer"] == conclusions["turned"]
    assert all(verdict is Verdict.UNDECIDED and sway is not None for _, verdict, sway in conclusions["code"])
    assert shares["code"] != shares["turned"], "the words called 1 are others"
