"""Fair bits of direct draws: what they are worth, what they cost, and when nothing is claimed."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from math import log2

import numpy as np
import pytest
from tests.narrowing import not_none
from tests.sampled import DIE

from flipsite.analyse.binomial import jeffreys
from flipsite.analyse.methods.bits import LEVEL, FairBits, study_bits
from flipsite.analyse.report import report_draws
from flipsite.domain.draws import Draw, Outcome, Rejected, Status
from flipsite.domain.money import usd
from flipsite.domain.study import Study
from flipsite.settings import default_study
from flipsite.store.snapshot.assemble import collect_draws


def entropy(share: float) -> float:
    return -share * log2(share) - (1 - share) * log2(1 - share)


def bits_of(
    flips: Sequence[int | None], *, study: Study | None = None, labels: tuple[str, ...] = ("0", "1")
) -> FairBits:
    """Each draw costs a cent; None is one that cannot be read."""
    unread = Rejected(status=Status.UNPARSED, reason="x")
    draws = [
        Draw(
            model="a/b",
            draw=number,
            labels=labels,
            order=0,
            result=unread if flip is None else Outcome(index=flip),
            cost_usd=0.01,
        )
        for number, flip in enumerate(flips)
    ]
    (found,) = study_bits(report_draws(study or default_study("trial"), collect_draws(draws)))
    return found


def die() -> Study:
    study = default_study("trial")
    return replace(study, prompt=replace(study.prompt, outcomes=DIE, shares=(1 / 6,) * 6))


def independent(n: int, p: float, *, seed: int = 1) -> list[int | None]:
    return [int(flip) for flip in np.random.default_rng(seed).random(n) < p]


def test_bits_follow_from_the_draws_alone() -> None:
    """Entropy at the share and at the interval's farther end; failed draws are paid for."""
    flips = independent(200, 0.7)
    ones = sum(flip or 0 for flip in flips)
    found = bits_of([*flips, *[None] * 50])
    low, high = jeffreys(ones, 200)
    assert found.valid == 200
    assert found.bits == pytest.approx(200 * entropy(ones / 200))
    assert found.bits_low == pytest.approx(200 * entropy(float(high)))
    assert abs(float(high) - 0.5) > abs(float(low) - 0.5)
    assert found.cost_usd == usd(2.50)
    assert found.bits_per_usd == pytest.approx(not_none(found.bits_low) / 2.50)
    assert found.usd_per_1000_valid == usd(12.5)
    pairs = list(zip(flips[::2], flips[1::2], strict=True))
    assert found.von_neumann == sum(one != other for one, other in pairs)
    assert found.peres is not None
    assert found.von_neumann < found.peres < not_none(found.bits)


def test_a_sticky_coin_is_not_claimed() -> None:
    """Its draws hang together, so that no extraction that takes them for independent may be trusted."""
    rng = np.random.default_rng(3)
    flips: list[int | None] = [0]
    for stays in rng.random(199) < 0.9:
        flips.append(int(flips[-1] or 0) if stays else 1 - int(flips[-1] or 0))
    found = bits_of(flips)
    assert not found.claimed
    assert "depend on the ones before" in found.why
    assert found.bits_per_usd is None


def test_a_share_that_drifts_is_not_claimed() -> None:
    """Pairs of draws from two shares are not even."""
    found = bits_of([*independent(200, 0.3), *independent(200, 0.7, seed=2)])
    assert not found.claimed


def test_a_die_whose_throws_depend_on_each_other_is_not_claimed_either() -> None:
    """It repeats its last face, changes its faces half way, or goes round them; one of its own each time."""
    rng = np.random.default_rng(3)
    fresh, stays = rng.integers(0, 6, 300).tolist(), (rng.random(300) < 0.8).tolist()
    sticky = list(
        accumulate(zip(fresh, stays, strict=True), lambda last, new: last if new[1] else new[0], initial=0)
    )
    drifting = [*rng.integers(0, 3, 150).tolist(), *rng.integers(3, 6, 150).tolist()]
    whys = ("depend on the ones before", "first half differs", "more even than chance")
    for flips, why in zip((sticky, drifting, [*range(6)] * 50), whys, strict=True):
        found = bits_of(flips, study=die(), labels=DIE)
        assert not found.claimed
        assert why in found.why
        assert found.bits_per_usd is None
    assert bits_of(fresh, study=die(), labels=DIE).claimed


def test_what_the_study_shows_of_a_model_is_not_claimed_on_another_page() -> None:
    """Where nearly all coins drift and stick, the study finds one at p = 0.04 that its own tests do not."""
    rng = np.random.default_rng(5)
    fresh, stays = rng.integers(0, 2, (20, 60)), rng.random((20, 60)) < 0.3
    for place in range(1, 60):
        fresh[:, place] = np.where(stays[:, place], fresh[:, place - 1], fresh[:, place])
    drifting = np.tile([0] * 30 + [1] * 30, (130, 1)) ^ (rng.random((130, 60)) < 0.1)
    draws = [
        Draw(model=f"a/{i}", draw=j, labels=("0", "1"), order=0, result=Outcome(index=int(flip)))
        for i, coin in enumerate([*fresh, *drifting])
        for j, flip in enumerate(coin)
    ]
    report = report_draws(default_study("trial"), collect_draws(draws))
    flagged = {each.model for each in report.estimates if each.dependence}
    alone = {model for model in flagged if report.evidence[model].dependence_tests[0].p_value > LEVEL / 2}
    assert alone
    assert not [each.model for each in study_bits(report) if each.claimed and each.model in flagged]


def test_bits_that_our_labels_may_have_brought_are_taken_off() -> None:
    """Fresh labels at random may decide every outcome: nothing is the model's own."""
    study = default_study("trial")
    flips = independent(100, 0.5)
    fresh = replace(study, prompt=replace(study.prompt, labels="random"))
    both = replace(study, prompt=replace(study.prompt, orders="both"))
    assert bits_of(flips, study=fresh).bits == 0
    assert bits_of(flips, study=both).host_bits == 50
    assert bits_of(flips).host_bits == 0


def test_a_constant_is_worth_nothing_and_more_outcomes_more() -> None:
    """Collision bits of six outcomes, at most log₂ 6 a draw."""
    assert bits_of([1] * 50).bits == 0
    study = default_study("trial")
    faces = tuple(map(str, range(1, 7)))
    prompt = replace(study.prompt, outcomes=faces, shares=(1 / 6,) * 6, form="list")
    rolls: list[int | None] = [int(roll) for roll in np.random.default_rng(4).integers(0, 6, 300)]
    found = bits_of(rolls, study=replace(study, prompt=prompt), labels=faces)
    assert found.bits == pytest.approx(300 * log2(6), rel=0.02)
    assert found.bits_low is not None
    assert 0 < found.bits_low < not_none(found.bits)
    assert found.von_neumann is None


def test_draws_in_one_answer_are_not_separate_requests() -> None:
    """Whatever they look like."""
    study = default_study("trial")
    rows = replace(study, sampling=replace(study.sampling, per_answer=2))
    assert not bits_of([None, None], study=rows).claimed
