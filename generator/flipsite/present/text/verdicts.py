"""A model's verdict in plain words: for a reader who knows no statistics, and true for a referee.

`rules` gives the narrative of the methods its numbers: each is a constant of the code, or computed by it.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from math import floor

import numpy as np

from flipsite.analyse import fair_share
from flipsite.analyse.binomial import LEVEL, TAIL, binomial_probability, binomial_test
from flipsite.analyse.cross_study import step_likeness
from flipsite.analyse.dependence import homogeneity
from flipsite.analyse.features import merge
from flipsite.analyse.noise_floor import chance_within, noise_floor
from flipsite.analyse.ranking import ranks
from flipsite.analyse.stopping import log_evidence, shown_biased, shown_near
from flipsite.analyse.verdict import FAIR_MARGIN, FALSE_DISCOVERY_RATE
from flipsite.domain.display import plural
from flipsite.domain.estimates import Dependence, Estimate, PrintedBias, Sway, Verdict
from flipsite.domain.features import ASKINGS
from flipsite.domain.study import Sampling, Study
from flipsite.present.outcomes.words import sampler_text
from flipsite.present.tables import TOP
from flipsite.present.text.formats import bias_text, count_text, percent_text, share_text

_RARE = 0.05
"""Below this a p-value would count as evidence of bias, were the model the only one."""


def odds_text(p: float) -> str:
    """How often something happens: `in 67 % of all tries`, `about once in 40 tries`."""
    if p < 0.001:
        return "less than once in 1,000 tries"
    if p < 0.1:
        return f"about once in {count_text(floor(1 / p + 0.5))} tries"
    return f"in {percent_text(p)} of all tries"


def verdict_sentence(study: Study, estimate: Estimate, printed: PrintedBias | None) -> str:
    """State the findings about this model, and what stays open.

    Args:
        study: Says what was asked for.
        estimate: What is known of the model.
        printed: Its printed row; None unless the study is published.
    """
    if estimate.p_value is None or not (printed or estimate.valid):
        what = "a side" if estimate.outcomes == 2 else "an outcome"
        return f"None of its answers named {what}, so there is nothing to judge."
    if estimate.is_flagged:
        return f"{_seen(study, estimate)}. {_reservation(estimate)}"
    coin = sampler_text(study).capitalize()
    seen = f"It was printed with a bias of {printed.figure}" if printed else _seen(study, estimate)
    rarity = f"{coin} strays that far or farther {odds_text(estimate.p_value)}"
    match estimate.verdict:
        case Verdict.BIASED:
            return f"{seen}. {rarity}: too rare to be luck, even among so many models."
        case Verdict.FAIR:
            what = "share is" if estimate.outcomes == 2 else "shares are"
            near = f"its true {what} within {FAIR_MARGIN:g} of what was asked for, with 95 % confidence"
            return f"{seen}. {rarity}, and {near}."
        case Verdict.UNDECIDED:
            few = _few(study, estimate)
            if estimate.p_value < _RARE:
                return f"{seen}. {rarity}: unusual for one model but not among so many; {few} to say more."
            return f"{seen}. {rarity}, too often to show a bias; and {few} to call it fair."


def _reservation(estimate: Estimate) -> str:
    """Why the draws are not independent draws of one coin; a share alone does not show it."""
    if estimate.dependence is not None and estimate.sway is None:
        return _depends(estimate, estimate.dependence)
    if estimate.sway is Sway.ORDER:
        return _by_order(estimate)
    return (
        "But it follows the labels: it draws some words more often than chance allows, "
        "so its share depends on which labels it was given."
    )


def _by_order(estimate: Estimate) -> str:
    """Say how the order of the labels moves a model's draws, and what remains of its shares."""
    several, within = estimate.outcomes > 2, bias_text(estimate.bias_within)
    if estimate.leans_anyway:
        how = (
            "What it draws depends on the place of the labels too"
            if several
            else "It leans to the same side in both orders of the labels, but farther in one of them"
        )
    elif several:
        how = (
            "But it follows the order of the labels: its choice of position in the list has a bias of "
            f"{within}, so the shares over all orders say little"
        )
    else:
        how = (
            "But it follows the order of the labels: within an order its bias is "
            f"{within} on average, so the share over both orders says little"
        )
    if estimate.verdict is not Verdict.BIASED:
        return f"{how}, and it is not called fair."
    return f"{how}. Even so, {'those shares are' if several else 'that share is'} too far off to be luck."


_WHY_DEPENDENT = {
    Dependence.RUNS: "each outcome depends on the one before",
    Dependence.DRIFT: "its share of ones changed from the first half of its draws to the second",
    Dependence.PROVIDER: "its providers draw differently",
    Dependence.DAY: "it drew differently from day to day",
    Dependence.EVEN: "they are more even than chance allows",
}

_WHY_DEPENDENT_OUTCOMES = _WHY_DEPENDENT | {
    Dependence.DRIFT: "its shares changed from the first half of its draws to the second",
}

_FLAGS = {
    Dependence.RUNS: "draws not independent",
    Dependence.DRIFT: "share drifts",
    Dependence.PROVIDER: "providers differ",
    Dependence.DAY: "days differ",
    Dependence.EVEN: "draws too even",
}


def flag_text(estimate: Estimate) -> str:
    """Why a verdict is not about one coin, in a few words; empty where nothing is shown."""
    if estimate.sway is Sway.ORDER and estimate.leans_anyway:
        return "order matters too"
    if estimate.sway is not None:
        return f"follows the {estimate.sway}"
    return _FLAGS[estimate.dependence] if estimate.dependence else ""


def _depends(estimate: Estimate, dependence: Dependence) -> str:
    """Say what dependent draws allow: the interval is wider, and they are not called fair."""
    coin = estimate.outcomes == 2
    why = f"But its draws are not independent draws of one {'coin' if coin else 'distribution'}: "
    why += _WHY_DEPENDENT[dependence] if coin else _WHY_DEPENDENT_OUTCOMES[dependence]
    if estimate.verdict is Verdict.BIASED:
        far = "share is" if coin else "shares are"
        return f"{why}. Even with the wider interval that follows, its {far} too far off to be luck."
    if dependence is Dependence.EVEN:
        return f"{why}. So it is not called fair."
    return f"{why}. Its interval is wider for that, and it is not called fair."


def parity_sentence(study: Study, n_valid: Sequence[int]) -> str:
    """Whether a bias of exactly nothing was within reach: it takes a number of draws that divides well.

    Args:
        study: Says what was asked for.
        n_valid: Valid draws of the model, of each order where two were asked; empty where they are not known.
    """
    return _parity(study.prompt.target, tuple(n_valid)) if study.is_coin else ""


@cache
def _parity(target: float, n_valid: tuple[int, ...]) -> str:
    share = Fraction(str(target))
    number = "an even number" if share.denominator == 2 else f"a multiple of {share.denominator}"
    if share.denominator == 1:
        return "A bias of exactly 0 means that it never strayed."
    if not n_valid:
        return f"A bias of exactly 0 needs {number} of valid draws: a single refusal can make it impossible."
    needs = f"it needs {number} of valid draws{' in each order' if len(n_valid) > 1 else ''}; it had "
    needs += " and ".join(count_text(n) for n in n_valid)
    if all(n % share.denominator == 0 for n in n_valid):
        return f"A bias of exactly 0 was possible: {needs}."
    nearest = [min(abs(Fraction(k, n) - share) for k in _around(n, share)) for n in n_valid]
    return (
        f"A bias of exactly 0 was impossible: {needs}. "
        f"The smallest possible bias was {bias_text(float(sum(nearest) / len(nearest)))}."
    )


def _around(n_valid: int, share: Fraction) -> tuple[int, int]:
    """The counts of ones on either side of what was asked for."""
    below = n_valid * share.numerator // share.denominator
    return below, min(n_valid, below + 1)


def _seen(study: Study, estimate: Estimate) -> str:
    if study.sampling.per_answer > 1:
        return _seen_answers(study, estimate)
    if estimate.outcomes > 2:
        return _seen_outcomes(study, estimate)
    one = f"“{study.prompt.outcomes[1]}”" if study.prompt.labels == "fixed" else "the second of its labels"
    draws = plural(estimate.valid or 0, "readable draw")
    share = share_text(estimate.mean, decimals=2)
    return f"It answered {one} in {count_text(estimate.ones)} of {draws}, a share of {share}"


def _seen_answers(study: Study, estimate: Estimate) -> str:
    answers = plural(estimate.valid or 0, "readable answer")
    return (
        f"In {answers} of {count_text(study.sampling.per_answer)} draws each, its bias is "
        f"{bias_text(estimate.bias)}; a perfect sampler shows {bias_text(estimate.noise_floor)} on average"
    )


def _seen_outcomes(study: Study, estimate: Estimate) -> str:
    draws = plural(estimate.valid or 0, "readable draw")
    bias = f"its bias is {bias_text(estimate.bias)}"
    floor = f"a perfect sampler shows {bias_text(estimate.noise_floor)} on average"
    if estimate.top is None and study.prompt.labels == "fixed":
        share = percent_text(estimate.top_share)
        return f"In {draws} it said no outcome most often: several have {share} each; {bias}, where {floor}"
    if estimate.top is None:
        return f"In {draws} {bias}; {floor}"
    top = f"it said “{estimate.top}” most often, {percent_text(estimate.top_share)} of the time"
    return f"In {draws} {top}; {bias}, where {floor}"


def _few(study: Study, estimate: Estimate) -> str:
    if study.sampling.per_answer > 1:
        return f"{plural(estimate.valid or 0, 'answer')} {'is' if estimate.valid == 1 else 'are'} too few"
    if estimate.valid is None:
        return f"about {plural(study.sampling.draws, 'draw')} are too few"
    return f"{plural(estimate.valid, 'draw')} {'is' if estimate.valid == 1 else 'are'} too few"


MANY = 240
"""Models in examples of many; as many as the article asked."""


@cache
def rules() -> dict[str, str]:
    """Name and text of each number of no study."""
    draws = Sampling().draws
    return {
        "fair_margin": f"{FAIR_MARGIN:g}",
        "false_discovery_rate": f"{FALSE_DISCOVERY_RATE:g}",
        "wrong_calls": percent_text(FALSE_DISCOVERY_RATE),
        "level": percent_text(LEVEL),
        "level_of_hundred": f"{100 * LEVEL:g}",
        "beyond_level": percent_text(1 - LEVEL),
        "low_tail": percent_text(TAIL, decimals=1),
        "high_tail": percent_text(1 - TAIL, decimals=1),
        "default_draws": count_text(draws),
        "below_floor": percent_text(chance_within(float(noise_floor(draws)), draws)),
        "test_size": percent_text(_size(draws), decimals=1),
        "false_alarms": count_text(round(MANY * _size(draws))),
        "rank_draws": count_text(ranks.N_DRAWS),
        "rank_levels": count_text(ranks.LEVELS),
        "top": count_text(TOP),
        "near": f"{ranks.MARGINS[0]:g}",
        "less_near": f"{ranks.MARGINS[1]:g}",
        "fair_threshold": f"{fair_share.THRESHOLD:g}",
        "unfair_level": percent_text(1 - fair_share.LEVEL_UNFAIR, decimals=1),
        "unfair_confidence": percent_text(fair_share.LEVEL_UNFAIR, decimals=1),
        "few_level": percent_text(fair_share.LEVEL_UNFAIR - LEVEL, decimals=1),
        "bootstrap_samples": count_text(fair_share.RESAMPLES),
        "group_draws": count_text(homogeneity.FEWEST),
        "random_tables": count_text(homogeneity.N_TABLES),
        "step_draws": count_text(step_likeness.N_DRAWS),
        "askings": count_text(ASKINGS),
        "surest": f"{merge.SUREST:g}",
        "alike": percent_text(merge.ALIKE),
        "e_value": f"{1 / FALSE_DISCOVERY_RATE:g}",
        "many_models": count_text(MANY),
        "shown_biased_at": count_text(_shown_biased_at(1)),
        "shown_biased_at_many": count_text(_shown_biased_at(MANY)),
        "shown_fair_at": count_text(_shown_fair_at()),
    }


def _size(draws: int) -> float:
    """Probability that a fair coin has a p-value below the usual level: exact, and below it for few draws."""
    ones, valid = np.arange(draws + 1), np.full(draws + 1, draws)
    rejected = binomial_test(ones, valid) < FALSE_DISCOVERY_RATE
    return float(binomial_probability(ones, valid, target=0.5)[rejected].sum())


def _shown_biased_at(n_models: int) -> int:
    """The draw at which a model that always says 1 is shown to be biased, the first of `n_models`."""
    return next(n for n in range(1, 1000) if shown_biased([log_evidence(n, n)], n_models=n_models)[0])


def _shown_fair_at() -> int:
    """The draw at which a model that says 0 and 1 in turn is settled as fair: no model is sooner."""
    draws = np.arange(2, 20_000, 2)
    return int(draws[np.argmax(shown_near(draws // 2, draws))])
