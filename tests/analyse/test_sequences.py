"""Several draws in one answer, held to the null of independent answers."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipsite.analyse.p_values import upper_tail
from flipsite.analyse.sequences.estimates import (
    Pattern,
    SequenceEstimate,
    SequenceVerdict,
    sequence_estimates,
)
from flipsite.analyse.sequences.statistics import (
    _coin_sums,
    _sums,
    answer_statistics,
    loop,
    null_laws,
)

COIN = (0.5, 0.5)


def estimate(answers: np.ndarray, shares: tuple[float, ...] = COIN) -> SequenceEstimate:
    (found,) = sequence_estimates(
        {"a/b": answers}, {"a/b": len(answers)}, per_answer=answers.shape[1], shares=shares
    )
    return found


def independent(m: int, length: int, p: float = 0.5, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((m, length)) < p).astype(int)


def test_runs_given_composition() -> None:
    """The two checks of the formula: 39 runs and a variance of 6.653; 11 and 4.737."""
    six = np.repeat(np.arange(6), [20, 10, 5, 5, 5, 5])
    two = np.repeat([0, 1], 10)
    for answer, k, mean, variance in ((six, 6, 39, 6.653), (two, 2, 11, 4.737)):
        z = answer_statistics(np.stack([answer, answer])[None], (1 / k,) * k).runs_z[0]
        runs = 1 + np.count_nonzero(np.diff(answer))
        assert z == pytest.approx(2 * (runs - mean) / (2 * variance) ** 0.5, rel=1e-3)


def test_alternating_answers() -> None:
    start = np.arange(50)[:, None] % 2
    found = estimate((np.arange(12) + start) % 2)
    assert found.alternation == 1
    assert found.verdict is SequenceVerdict.PATTERNED
    assert {Pattern.ALTERNATING, Pattern.RATIONED, Pattern.SCRIPTS} <= set(found.patterns)
    assert found.distinct_answers == 2
    assert Pattern.SHARES not in found.patterns


def test_rationed_answers() -> None:
    rng = np.random.default_rng(1)
    found = estimate(np.stack([rng.permutation([0] * 6 + [1] * 6) for _ in range(50)]))
    assert found.dispersion == 0
    assert found.patterns == (Pattern.RATIONED,)


def test_sticky_answers() -> None:
    rng = np.random.default_rng(2)
    answers = np.zeros((60, 12), int)
    answers[:, 0] = rng.integers(0, 2, 60)
    for place in range(1, 12):
        stays = rng.random(60) < 0.8
        answers[:, place] = np.where(stays, answers[:, place - 1], 1 - answers[:, place - 1])
    assert {Pattern.STICKY, Pattern.REPEATING} <= set(estimate(answers).patterns)


def test_two_scripts_collapse() -> None:
    scripts = independent(2, 12, seed=5)
    found = estimate(scripts[np.random.default_rng(3).integers(0, 2, 50)])
    assert found.collision_bits == pytest.approx(1, abs=0.1)
    assert found.collision_bits_expected == 12
    assert Pattern.SCRIPTS in found.patterns
    assert sum(n for _, n in found.scripts) == 50


def test_a_loop_in_long_answers() -> None:
    rng = np.random.default_rng(4)
    tapes = np.stack([np.tile(rng.integers(0, 2, 11), 11)[:110] for _ in range(20)])
    lag, p, match = loop(tapes, COIN)
    assert lag % 11 == 0
    assert match == 1
    assert p < 0.01
    assert loop(independent(20, 110), COIN)[1] > 0.01


def test_a_biased_sampler_of_independent_draws_shows_its_shares_alone() -> None:
    assert estimate(independent(50, 12, p=0.8, seed=6)).patterns == (Pattern.SHARES,)


def test_one_alternator_among_240_models_is_found() -> None:
    """As the only one whose answers follow a pattern: its tests are five of 1,200."""
    rng = np.random.default_rng(1)
    answers = {f"a/{number:03}": rng.integers(0, 2, (50, 12)) for number in range(239)}
    answers["b/b"] = (np.arange(12) + np.arange(50)[:, None]) % 2
    *others, alternator = sequence_estimates(answers, dict.fromkeys(answers, 50), per_answer=12, shares=COIN)
    assert {Pattern.ALTERNATING, Pattern.RATIONED} <= set(alternator.patterns)
    assert alternator.verdict is SequenceVerdict.PATTERNED
    assert sum(each.verdict is SequenceVerdict.PATTERNED for each in others) <= 2


def test_many_independent_answers_are_called_so() -> None:
    found = estimate(independent(1000, 12, seed=7))
    assert (found.verdict, found.patterns) == (SequenceVerdict.INDEPENDENT, ())
    assert estimate(independent(50, 12, seed=7)).verdict is SequenceVerdict.UNDECIDED


def test_too_few_answers_say_nothing() -> None:
    (found,) = sequence_estimates({"a/b": independent(1, 12)}, {"a/b": 9}, per_answer=12, shares=COIN)
    assert (found.valid, found.length_kept, found.bias) == (1, 1 / 9, None)
    assert found.verdict is SequenceVerdict.UNDECIDED


@pytest.mark.parametrize(("m", "length"), [(20, 2), (20, 12), (50, 12), (50, 2)])
def test_the_size_of_each_test_is_as_stated(m: int, length: int) -> None:
    """Of independent answers a statistic is among the largest twentieth in at most about one of twenty."""
    law = null_laws((m,), length, COIN)[m]
    studies = independent(400 * m, length, seed=m + length).reshape(400, m, length)
    seen = answer_statistics(studies, COIN)
    for name in ("bias", "dispersion_own", "first_place", "places", "equal_pairs", "runs_z"):
        p = np.array([upper_tail(getattr(law, name), value) for value in getattr(seen, name)])
        assert np.mean(p <= 0.05) <= 0.085, name


@pytest.mark.slow
@pytest.mark.parametrize("m", [20, 50, 1_000])
@pytest.mark.parametrize("length", [2, 12, 100])
def test_the_size_of_each_test_is_within_simulation_error(m: int, length: int) -> None:
    """The same for few and many answers, short and long: at most 5 %, and four standard errors."""
    law = null_laws((m,), length, COIN)[m]
    n_studies = max(100, min(1_000, 10_000_000 // (m * length)))
    studies = independent(n_studies * m, length, seed=m + length).reshape(n_studies, m, length)
    seen = answer_statistics(studies, COIN)
    most = 0.05 + 4 * (0.05 * 0.95 / n_studies) ** 0.5
    for name in ("bias", "dispersion_own", "first_place", "places", "equal_pairs", "runs_z"):
        p = np.array([upper_tail(getattr(law, name), value) for value in getattr(seen, name)])
        assert np.mean(p <= 0.05) <= most, name


@given(st.integers(1, 3), st.integers(2, 30), st.integers(2, 40), st.integers(0, 1_000))
def test_sums_of_a_coin_are_those_of_any_two_outcomes(n: int, m: int, length: int, seed: int) -> None:
    """The products of matrices count what counting does."""
    answers = np.random.default_rng(seed).integers(0, 2, size=(n, m, length))
    for fast, slow in zip(_coin_sums(answers), _sums(answers, 2), strict=True):
        assert np.array_equal(fast, slow)


FIG3 = Path(__file__).parents[3] / "shared" / "data" / "failure-to-mix"
PUBLISHED = {
    "anthropic/claude-4.5-sonnet": ("fig3_d10_flips_claude.csv", 0.300, 0.000, 0.909, 0.667, 46.6, 1.00, 2),
    "moonshotai/kimi-k2-0905": ("fig3_d10_flips.csv", 0.296, 0.076, 1.031, 0.565, 25.0, 4.69, 128),
    "qwen/qwen3-vl-8b-instruct": ("fig3_d10_flips.csv", 0.300, 0.000, 0.909, 0.659, 44.9, 1.03, 5),
}
"""By model: its file, share of ones, dispersion about its own mean and about the target, alternation, z of
the runs, bits of an answer, and different answers."""


@pytest.mark.skipif(not FIG3.exists(), reason="the published flips are not here")
@pytest.mark.parametrize("model", PUBLISHED)
def test_ten_published_flips_an_answer_at_45_percent(model: str) -> None:
    """Share, dispersions, alternation, runs, bits, different answers; two scripts differ at two places."""
    name, share, own, about, alternation, z, bits, distinct = PUBLISHED[model]
    with (FIG3 / name).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["p"] == "45" and row["model"] == model]
    answers = np.array([[int(row[f"digit_{place}"]) for place in range(1, 11)] for row in rows])
    assert answers.shape == (1_000, 10)
    found = estimate(answers, (0.55, 0.45))
    assert answers.mean() == pytest.approx(share, abs=5e-4)
    assert found.bias == pytest.approx(0.45 - share, abs=5e-4)
    assert found.dispersion_own == pytest.approx(own, abs=1e-3)
    assert found.dispersion == pytest.approx(about, abs=5e-4)
    assert found.alternation == pytest.approx(alternation, abs=5e-4)
    assert found.runs_z == pytest.approx(z, abs=0.05)
    assert found.collision_bits == pytest.approx(bits, abs=5e-3)
    assert found.distinct_answers == distinct
    assert found.alternation_expected == pytest.approx(0.495)
    assert found.collision_bits_expected == pytest.approx(9.86, abs=5e-3)
    assert found.verdict is SequenceVerdict.PATTERNED
    if distinct == 2:
        ones = [shares[1] for shares in found.places]
        assert ones == pytest.approx([0, 1, 0, 0, 1, 0, 0, 0.517, 0.483, 0])
