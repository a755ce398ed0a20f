"""The numbers of the method, for its narrative: each the code’s own, or worked out by it."""

from functools import cache

import numpy as np

from flipsite.analyse import cross_study, fairness, homogeneity, merge_features, ranking
from flipsite.analyse.binomial import (
    FAIR_MARGIN,
    FALSE_DISCOVERY_RATE,
    LEVEL,
    TAIL,
    chance_within,
    noise_floor,
)
from flipsite.analyse.sequential import acquitted, convicted, log_evidence
from flipsite.domain.features import ASKINGS
from flipsite.domain.study import Sampling
from flipsite.present.formats import count_text, percent_text
from flipsite.present.leaderboard import TOP

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
        "false_alarms": count_text(MANY * FALSE_DISCOVERY_RATE),
        "rank_draws": count_text(ranking.N_DRAWS),
        "rank_levels": count_text(ranking.LEVELS),
        "top": count_text(TOP),
        "near": f"{ranking.MARGINS[0]:g}",
        "less_near": f"{ranking.MARGINS[1]:g}",
        "fair_threshold": f"{fairness.THRESHOLD:g}",
        "bootstrap_samples": count_text(fairness.RESAMPLES),
        "group_draws": count_text(homogeneity.FEWEST),
        "random_tables": count_text(homogeneity.N_TABLES),
        "step_draws": count_text(cross_study.N_DRAWS),
        "askings": count_text(ASKINGS),
        "surest": f"{merge_features.SUREST:g}",
        "alike": percent_text(merge_features.ALIKE),
        "e_value": f"{1 / FALSE_DISCOVERY_RATE:g}",
        "many_models": count_text(MANY),
        "convicted_at": count_text(_convicted_at(1)),
        "convicted_at_many": count_text(_convicted_at(MANY)),
        "acquitted_at": count_text(_acquitted_at()),
    }


def _convicted_at(n_models: int) -> int:
    """The draw at which a model that always says 1 is convicted, the first of so many."""
    return next(n for n in range(1, 1000) if convicted([log_evidence(n, n)], n_models=n_models)[0])


def _acquitted_at() -> int:
    """The draw at which a model that says 0 and 1 in turn is settled as fair: no model is sooner."""
    draws = np.arange(2, 20_000, 2)
    return int(draws[np.argmax(acquitted(draws // 2, draws))])
