"""Several draws in one answer: are the answers like independent draws of the target?

The unit is the answer. Its null hypothesis is known exactly: m answers of L independent draws each. Every
statistic is compared with its law under that hypothesis, simulated once for each (m, L, target) and shared
by all models; no element of an answer is ever taken for a draw of its own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log2

import numpy as np

from flipsite.analyse.dependence.design_effect import answers_design_effect
from flipsite.analyse.outcomes.entropy import collision_bits
from flipsite.analyse.outcomes.multinomial import pearson_tests
from flipsite.analyse.p_values import benjamini_hochberg, lower_tail, upper_tail
from flipsite.analyse.sequences.statistics import (
    LONG_ANSWER,
    Answers,
    AnswerStatistics,
    answer_statistics,
    loop,
    null_laws,
    shuffled_law,
)
from flipsite.analyse.verdict import FALSE_DISCOVERY_RATE

DISPERSION_MARGIN = 1.25
"""Independent answers have a dispersion whose 95 % interval lies within a factor of this around 1 …"""

ALTERNATION_MARGIN = 0.05
"""… and an alternation whose interval lies within this of what independent draws show."""


class Pattern(StrEnum):
    """A way in which answers differ from independent draws."""

    SHARES = "shares"
    RATIONED = "rationed"
    STICKY = "sticky"
    ALTERNATING = "alternating"
    REPEATING = "repeating"
    FIRST_PLACE = "first place"
    PLACES = "places"
    SCRIPTS = "scripts"
    LOOP = "loop"


class SequenceVerdict(StrEnum):
    """May a model's answers be taken for independent draws?"""

    INDEPENDENT = "independent"
    PATTERNED = "patterned"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceEstimate:
    """One model's answers. Shares and rates are of valid answers; None where there are too few.

    Attributes:
        model: The model.
        answers: All that were asked for.
        valid: Those of exactly `per_answer` draws.
        per_answer: Draws in one answer, L.
        bias: Total variation of the pooled shares.
        p_value: Of the bias, against the null of answers.
        dispersion: Mean over answers of Σ (c − Lπ)²/Lπ over k − 1: 1 for independent draws, less where
            outcomes are rationed within an answer, more where they stick.
        dispersion_own: The same about the model's own shares, Σ (c − Lp̂)²/Lπ.
        alternation: Share of neighbours that differ.
        alternation_expected: That of independent draws, 1 − Σπ².
        runs_z: Runs given each answer's composition, summed over answers, in standard deviations.
        runs_p: Its two-sided p-value.
        collision_bits: −log₂ of the share of pairs of answers that are the same.
        collision_bits_bounded: Whether no pair is, so that the bits are but a lower bound.
        collision_bits_expected: That of independent draws, −L log₂ Σπ².
        distinct_answers: How many different answers there are.
        places: At each place, the share of each outcome.
        scripts: The commonest answers, each with its count, the commonest first.
        patterns: The patterns found, under the study's false discovery allowance.
        verdict: See SequenceVerdict.
    """

    model: str
    answers: int
    valid: int
    per_answer: int
    bias: float | None
    p_value: float | None
    dispersion: float | None
    dispersion_own: float | None
    alternation: float | None
    alternation_expected: float
    runs_z: float | None
    runs_p: float | None
    collision_bits: float | None
    collision_bits_bounded: bool
    collision_bits_expected: float
    distinct_answers: int
    places: tuple[tuple[float, ...], ...]
    scripts: tuple[tuple[tuple[int, ...], int], ...]
    patterns: tuple[Pattern, ...]
    verdict: SequenceVerdict

    @property
    def length_kept(self) -> float | None:
        """Share of all answers that have the length asked for."""
        return self.valid / self.answers if self.answers else None


def sequence_estimates(
    answers: Mapping[str, Answers],
    n_asked: Mapping[str, int],
    *,
    per_answer: int,
    shares: Sequence[float],
    seed: int = 0,
    most_scripts: int = 10,
) -> tuple[SequenceEstimate, ...]:
    """Estimate every model of a study of sequences.

    Args:
        answers: Valid answers by model, each of shape (m, per_answer).
        n_asked: All answers by model.
        per_answer: L.
        shares: The target π.
        seed: Of the simulated laws.
        most_scripts: How many of the commonest answers to list.

    Returns:
        One record a model, sorted by model.
    """
    models = sorted(n_asked)
    valid = {model: answers[model] for model in models if len(answers.get(model, ())) > 1}
    laws = null_laws(
        tuple(sorted({len(each) for each in valid.values()})), per_answer, tuple(shares), seed=seed
    )
    found = {
        model: _p_values(each, laws[len(each)], tuple(shares), seed=seed) for model, each in valid.items()
    }
    rejected = _rejected({model: p_values for model, (_, p_values) in found.items()})
    return tuple(
        _estimate(
            model,
            answers.get(model, np.zeros((0, per_answer), np.int64)),
            n_asked[model],
            found.get(model),
            rejected.get(model, set()),
            shares=tuple(shares),
            most_scripts=most_scripts,
        )
        for model in models
    )


def _p_values(
    answers: Answers, law: AnswerStatistics, shares: tuple[float, ...], *, seed: int
) -> tuple[AnswerStatistics, dict[Pattern, float]]:
    """The statistics of one model, and the p-value of each pattern: two-sided where it has two directions.

    Where the shares are not the target's, the other patterns are compared with random orders of the model's
    own draws: a biased sampler whose draws are independent shows none of them.
    """
    seen = answer_statistics(answers[None], shares)
    found = {Pattern.SHARES: _p_of_shares(answers, law, float(seen.bias[0]), shares, seed=seed)}
    if found[Pattern.SHARES] < FALSE_DISCOVERY_RATE:
        law = shuffled_law(answers, shares, seed=seed)
    found[Pattern.FIRST_PLACE] = upper_tail(law.first_place, seen.first_place[0])
    found[Pattern.PLACES] = upper_tail(law.places, seen.places[0])
    found[Pattern.SCRIPTS] = upper_tail(law.equal_pairs, seen.equal_pairs[0])
    for few, many, values, value in (
        (Pattern.RATIONED, Pattern.STICKY, law.dispersion_own, seen.dispersion_own[0]),
        (Pattern.REPEATING, Pattern.ALTERNATING, law.runs_z, seen.runs_z[0]),
    ):
        low, high = lower_tail(values, value), upper_tail(values, value)
        found[few if low < high else many] = min(1.0, 2 * min(low, high))
    if answers.shape[1] >= LONG_ANSWER:
        found[Pattern.LOOP] = loop(answers, shares, seed=seed)[1]
    return seen, found


def _p_of_shares(
    answers: Answers, law: AnswerStatistics, bias: float, shares: tuple[float, ...], *, seed: int
) -> float:
    """p-value of the bias: the same one of answers whose counts scatter more than chance allows says less.

    Where all draws are alike it is at least that of one draw an answer.
    """
    effect = answers_design_effect(answers, shares)
    p = upper_tail(law.bias, bias / effect**0.5)
    if (answers != answers.flat[0]).any():
        return p
    (test,) = pearson_tests([np.bincount(answers[:, 0], minlength=len(shares))], shares, seed=seed)
    return max(p, test.p_value if test else 0.0)


def _rejected(p_values: Mapping[str, Mapping[Pattern, float]]) -> dict[str, set[Pattern]]:
    """The patterns found in each model: the shares and the rest are a family of tests each."""
    found: dict[str, set[Pattern]] = {}
    tests = [(model, pattern) for model, values in p_values.items() for pattern in values]
    for of_shares in (True, False):
        family = [test for test in tests if (test[1] is Pattern.SHARES) is of_shares]
        q = benjamini_hochberg([p_values[model][pattern] for model, pattern in family])
        for (model, pattern), value in zip(family, q.tolist(), strict=True):
            if value < FALSE_DISCOVERY_RATE:
                found.setdefault(model, set()).add(pattern)
    return found


def _estimate(
    model: str,
    answers: Answers,
    n_asked: int,
    found: tuple[AnswerStatistics, dict[Pattern, float]] | None,
    rejected: set[Pattern],
    *,
    shares: tuple[float, ...],
    most_scripts: int,
) -> SequenceEstimate:
    m, length = answers.shape
    scripts = Counter(map(tuple, answers.tolist()))
    agree = sum(share**2 for share in shares)
    bits, bounded = collision_bits(list(scripts.values())) if m > 1 else (None, True)
    seen, p_values = found or (None, {})
    runs_p = p_values.get(Pattern.REPEATING, p_values.get(Pattern.ALTERNATING))

    def value(name: str) -> float | None:
        return None if seen is None else float(getattr(seen, name)[0])

    return SequenceEstimate(
        model=model,
        answers=n_asked,
        valid=m,
        per_answer=length,
        bias=value("bias"),
        p_value=p_values.get(Pattern.SHARES),
        dispersion=value("dispersion"),
        dispersion_own=value("dispersion_own"),
        alternation=value("alternation"),
        alternation_expected=1 - agree,
        runs_z=value("runs_z"),
        runs_p=runs_p,
        collision_bits=bits,
        collision_bits_bounded=bounded,
        collision_bits_expected=-length * log2(agree),
        distinct_answers=len(scripts),
        places=_places(answers, len(shares)),
        scripts=tuple(sorted(scripts.items(), key=lambda item: (-item[1], item[0]))[:most_scripts]),
        patterns=tuple(pattern for pattern in Pattern if pattern in rejected),
        verdict=_verdict(answers, seen, rejected, agree=agree),
    )


def _places(answers: Answers, n_outcomes: int) -> tuple[tuple[float, ...], ...]:
    if not len(answers):
        return ()
    shares = [(answers == j).mean(axis=0).tolist() for j in range(n_outcomes)]
    return tuple(zip(*shares, strict=True))


def _verdict(
    answers: Answers, seen: AnswerStatistics | None, rejected: set[Pattern], *, agree: float
) -> SequenceVerdict:
    """`patterned` with a pattern; `independent` with none and within both margins; else `undecided`."""
    if rejected:
        return SequenceVerdict.PATTERNED
    if seen is None:
        return SequenceVerdict.UNDECIDED
    m = len(answers)
    spread = 1.96 * (2 / (m - 1)) ** 0.5  # of a variance of nearly normal counts
    dispersion = float(seen.dispersion_own[0])
    changes = (answers[:, 1:] != answers[:, :-1]).mean(axis=1)
    half = 1.96 * float(changes.std(ddof=1)) / m**0.5
    near = abs(float(changes.mean()) - (1 - agree)) + half <= ALTERNATION_MARGIN
    even = (
        dispersion * (1 - spread) >= 1 / DISPERSION_MARGIN and dispersion * (1 + spread) <= DISPERSION_MARGIN
    )
    return SequenceVerdict.INDEPENDENT if near and even else SequenceVerdict.UNDECIDED
