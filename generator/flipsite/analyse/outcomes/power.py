"""How many draws a verdict among k outcomes needs."""

from functools import lru_cache
from math import ceil

import numpy as np

from flipsite.analyse.binomial import LEVEL
from flipsite.analyse.outcomes.multinomial import total_variation
from flipsite.analyse.outcomes.within_orders import balanced, perfect_samplers
from flipsite.analyse.power import MOST_DRAWS, PowerPlan, plan, two_digits
from flipsite.analyse.verdict import FAIR_MARGIN, FALSE_DISCOVERY_RATE
from flipsite.domain.study import Prompt
from flipsite.special import chdtri, chndtrinc

N_COUNTS = 200_000
"""Simulated counts behind the chance to be called fair: the more outcomes, the less their bias varies."""

N_CELLS = 2_000_000
"""The same in turned orders: draws, or cells of tables of outcomes by order."""

_FIRST_GUESS = 1_000
_STEPS = 4


def study_plan(prompt: Prompt, *, margin: float, bias: float, power: float, n_models: int) -> PowerPlan:
    """Work out the draws that the verdicts of a study need, whatever the number of its outcomes."""
    if prompt.n_outcomes > 2:
        return plan_outcomes(
            margin=margin,
            bias=bias,
            power=power,
            n_models=n_models,
            n_outcomes=prompt.n_outcomes,
            turned_orders=prompt.orders == "rotated",
        )
    return plan(
        margin=margin,
        bias=bias,
        power=power,
        n_models=n_models,
        target=prompt.target,
        both_orders=prompt.orders == "both",
        fresh_labels=prompt.labels == "random",
    )


@lru_cache(maxsize=64)
def plan_outcomes(
    *, margin: float, bias: float, power: float, n_models: int, n_outcomes: int, turned_orders: bool = False
) -> PowerPlan:
    """Work out the draws that verdicts need among k outcomes of an even target, as `analyse.power.plan`.

    The bias moves from one half of the outcomes to the other, where it is found last. In turned orders
    `fair` takes places in the prompt that are drawn as evenly as the outcomes.
    """

    def biased(alpha: float) -> int | None:
        return draws_for_bias(bias, n_outcomes, power=power, alpha=alpha, halves=True)

    return PowerPlan(
        margin=margin,
        bias=bias,
        power=power,
        n_models=n_models,
        fair=draws_for_fairness(n_outcomes, margin=margin, power=power, turned_orders=turned_orders),
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
    n_outcomes: int,
    *,
    margin: float = FAIR_MARGIN,
    power: float = 0.8,
    turned_orders: bool = False,
    seed: int = 0,
) -> int | None:
    """Draws after which a perfect sampler is called fair with a chance of `power`: TV + h ≤ margin.

    Where orders are turned, TV is the larger of that of the outcomes and that of the places in the prompt.

    h and the bias that a perfect sampler stays below with that chance are both quantiles of one law, and both
    shrink with the square root of the number of draws. To two significant digits, by simulation; None beyond
    MOST_DRAWS: practically never.
    """
    draws = _FIRST_GUESS
    for _ in range(_STEPS):
        reach = _reach_of_chance(draws, n_outcomes, power=power, turned_orders=turned_orders, seed=seed)
        enough = ceil(draws * (reach / margin) ** 2)
        if enough > MOST_DRAWS and draws == MOST_DRAWS:
            return None
        if abs(enough - draws) <= draws // 100:
            break
        draws = min(enough, MOST_DRAWS)
    return two_digits(draws)


def _reach_of_chance(n: int, n_outcomes: int, *, power: float, turned_orders: bool, seed: int) -> float:
    """The bias that a perfect sampler stays below with this chance, plus the half-width of its interval."""
    shares = (1 / n_outcomes,) * n_outcomes
    if turned_orders:
        by_order = balanced(n, n_outcomes)
        outcomes, places = perfect_samplers(shares, by_order, most_draws=N_CELLS, seed=seed)
        bias = total_variation(outcomes, shares)
        ranking = np.maximum(bias, total_variation(places, shares))
    else:
        n_tries = max(1_000, N_COUNTS // n_outcomes)
        sample = np.random.default_rng(seed).multinomial(n, shares, size=n_tries)
        ranking = bias = total_variation(sample, shares)
    stays = np.quantile(ranking, power, method="higher")
    return float(stays + np.quantile(bias, LEVEL, method="higher"))
