"""How many draws a verdict among k outcomes needs."""

from functools import lru_cache
from math import ceil

import numpy as np
from scipy.special import chdtri, chndtrinc

from flipsite.analyse.outcomes.multinomial import total_variation, total_variation_quantiles
from flipsite.analyse.power import MOST_DRAWS, PowerPlan
from flipsite.analyse.verdict import FAIR_MARGIN, FALSE_DISCOVERY_RATE

N_TRIES = 2_000
"""Simulated perfect samplers behind the chance to be called fair."""


def plan_outcomes(*, margin: float, bias: float, power: float, n_models: int, n_outcomes: int) -> PowerPlan:
    """Work out the draws that verdicts need among k outcomes of an even target, as `analyse.power.plan`.

    The bias moves from one half of the outcomes to the other, where it is found last.
    """

    def biased(alpha: float) -> int | None:
        return draws_for_bias(bias, n_outcomes, power=power, alpha=alpha, halves=True)

    return PowerPlan(
        margin=margin,
        bias=bias,
        power=power,
        n_models=n_models,
        fair=draws_for_fairness(n_outcomes, margin=margin, power=power),
        biased_first=biased(FALSE_DISCOVERY_RATE / n_models),
        biased_alone=biased(FALSE_DISCOVERY_RATE),
    )


def draws_for_bias(
    bias: float, n_outcomes: int, *, power: float = 0.8, alpha: float = 0.05, halves: bool = False
) -> int | None:
    """Draws after which Pearson's test finds a total variation of `bias` from a uniform target.

    The bias lies on one outcome (λ = nδ²k²/(k − 1)), where it is found soonest, or moves from one half of the
    outcomes to the other (λ = 4nδ²), where it is found last.

    Args:
        bias: δ, above 0 and below 1.
        n_outcomes: k.
        power: Chance to find it.
        alpha: Size of the test.
        halves: Whether the bias lies on half of the outcomes.

    Source:
        Cohen (1988), Statistical Power Analysis, chapter 7; noncentral χ² with k − 1 degrees of freedom.
    """
    per_draw = 4 * bias**2 if halves else bias**2 * n_outcomes**2 / (n_outcomes - 1)
    critical = chdtri(n_outcomes - 1, alpha)
    draws = float(chndtrinc(critical, n_outcomes - 1, 1 - power)) / per_draw
    return ceil(draws) if draws <= MOST_DRAWS else None


@lru_cache(maxsize=32)
def draws_for_fairness(
    n_outcomes: int, *, margin: float = FAIR_MARGIN, power: float = 0.8, seed: int = 0
) -> int | None:
    """Draws after which a perfect sampler is called fair with a chance of `power`: TV + h ≤ margin.

    To two significant digits, by simulation; None beyond MOST_DRAWS: practically never.
    """
    if _chance_of_fair(MOST_DRAWS, n_outcomes, margin, seed) < power:
        return None
    low, high = 10, MOST_DRAWS
    while high - low > max(1, low // 50):
        middle = (low + high) // 2
        if _chance_of_fair(middle, n_outcomes, margin, seed) >= power:
            high = middle
        else:
            low = middle
    step = 10 ** max(len(str(high)) - 2, 0)
    return int(-(-high // step) * step)


def _chance_of_fair(n: int, n_outcomes: int, margin: float, seed: int) -> float:
    shares = (1 / n_outcomes,) * n_outcomes
    half = total_variation_quantiles([n], n_outcomes)[n]
    rng = np.random.default_rng(seed)
    bias = total_variation(rng.multinomial(n, shares, size=N_TRIES), shares)
    return float(np.mean(bias + half <= margin + 1e-12))
