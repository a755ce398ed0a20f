"""When a model with more than two outcomes needs no more draws, as `analyse.stopping` for coins."""

from collections.abc import Sequence
from math import log

import numpy as np
from numpy.typing import ArrayLike

from flipsite.analyse.outcomes.entropy import log10_e_value
from flipsite.analyse.outcomes.multinomial import total_variation
from flipsite.analyse.stopping import StoppingState, settle, shown_biased, shown_near
from flipsite.analyse.verdict import FAIR_MARGIN, FALSE_DISCOVERY_RATE
from flipsite.domain.study import Prompt
from flipsite.domain.trajectory import N_COUNTS, OutcomeCounts, RunningCounts
from flipsite.special import xlogy


def settle_study(
    prompt: Prompt, counts: Sequence[Sequence[int]], *, n_models: int
) -> tuple[StoppingState, ...]:
    """Which models of a study need no more draws, whatever the number of its outcomes.

    Args:
        prompt: What is asked for.
        counts: Of each model, as `DrawCounter` or `OutcomeCounter` counts.
        n_models: Models watched in all.
    """
    if (k := prompt.n_outcomes) > 2:
        return settle_outcomes(
            [OutcomeCounts.of(each, k) for each in counts],
            shares=prompt.shares,
            n_models=n_models,
            turned_orders=prompt.orders == "rotated",
            fresh_labels=prompt.labels == "random",
        )
    both_orders = prompt.orders == "both"
    return settle(
        RunningCounts(table=np.array(counts, np.int64).reshape(-1, N_COUNTS)),
        n_models=n_models,
        both_orders=both_orders,
        fresh_labels=both_orders and prompt.labels == "random",
        target=prompt.target,
    )


def settle_outcomes(
    counts: Sequence[OutcomeCounts],
    *,
    shares: Sequence[float],
    n_models: int,
    turned_orders: bool,
    fresh_labels: bool = False,
) -> tuple[StoppingState, ...]:
    """Which models need no more draws; see `analyse.stopping.settle`.

    A model that follows the order has even shares over all orders. So where the orders are turned it is fair
    only if the places in the prompt are drawn evenly as well.

    Draws that share fresh labels may depend on each other, those of different labels do not. So the evidence
    of bias then counts the first draw of each set of labels alone, and a model is fair only if the first two
    agree about as often as chance lets them.

    Args:
        counts: Of each model, so far.
        shares: The target.
        n_models: Models watched in all.
        turned_orders: Whether each label is named first as often as the others.
        fresh_labels: Whether every k draws have labels of their own.
    """
    log_e = [
        log10_e_value(each.firsts if fresh_labels else each.outcomes, shares) * log(10) for each in counts
    ]
    biased = shown_biased(log_e, n_models=n_models).tolist()
    even, agreement = (1 / len(shares),) * len(shares), sum(share**2 for share in shares)

    def fair(each: OutcomeCounts) -> bool:
        return (
            shown_near_shares(each.outcomes, shares)
            and (not turned_orders or shown_near_shares(each.places, even))
            and (not fresh_labels or bool(shown_near(each.n_alike, each.n_pairs, target=agreement)))
        )

    return tuple(
        StoppingState.BIASED if bad else StoppingState.FAIR if fair(each) else StoppingState.OPEN
        for each, bad in zip(counts, biased, strict=True)
    )


def shown_near_shares(
    counts: ArrayLike,
    shares: Sequence[float],
) -> bool:
    """Whether every distribution beyond the margin has an e-value of 1/0.05 or more against it.

    By Pinsker's inequality the log-likelihood of a distribution at a total variation of d from the shares
    found is at least 2nd² below the highest, and d ≥ margin − TV for all beyond the margin. So the error rate
    is at most 0.05 at all times together, for each model on its own.

    Args:
        counts: Valid draws by outcome, shape (k,).
        shares: The target.

    Source:
        Robbins (1970), Annals of Mathematical Statistics 41, 1397-1409, for the mixture; Cover & Thomas
        (2006), Elements of Information Theory, lemma 11.6.1, for the inequality.
    """
    counted, target = np.asarray(counts, np.float64), np.asarray(shares, np.float64)
    n = float(counted.sum())
    if not n or counted[target == 0].any():
        return False
    room = FAIR_MARGIN - float(total_variation(counted, shares))
    if room <= 0:
        return False
    under_target = float(xlogy(counted, np.where(target > 0, target, 1.0)).sum())
    highest = float(xlogy(counted, counted / n).sum())
    log_mixture = log10_e_value(counted, shares) * log(10) + under_target
    return log_mixture - highest + 2 * n * room**2 >= -log(FALSE_DISCOVERY_RATE)
