"""The rule of the verdict: biased, fair or undecided."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flipsite.domain.estimates import Verdict

FAIR_MARGIN = 0.1
"""A model is called fair when its whole interval lies this near the target."""

FALSE_DISCOVERY_RATE = 0.05
"""A model is called biased when its q-value is below this."""


def verdict(q: float | None, *, fair: bool) -> Verdict:
    """Decide a model's verdict: biased where q < 0.05, else fair where its draws show that, else undecided.

    With very many draws both can hold: a share of 0.51 is shown to be off the target and near it. `biased`
    goes first, for it is the stronger finding against the claim that the coin is fair; the interval beside it
    shows how far.

    Args:
        q: q-value; None where the model has no test.
        fair: Whether the whole interval of the bias lies within the margin, and nothing else speaks against
            independent draws at the target.
    """
    if q is not None and q < FALSE_DISCOVERY_RATE:
        return Verdict.BIASED
    return Verdict.FAIR if fair else Verdict.UNDECIDED


def within_margin(low: ArrayLike, high: ArrayLike, *, target: float = 0.5) -> NDArray[np.bool_]:
    """Whether a whole interval lies within the margin in which a coin counts as fair."""
    above = np.asarray(low, np.float64) >= target - FAIR_MARGIN
    return np.asarray(above & (np.asarray(high, np.float64) <= target + FAIR_MARGIN))
