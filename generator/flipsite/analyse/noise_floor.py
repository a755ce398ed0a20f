"""The noise floor: the bias that a perfect sampler shows by chance."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from flipsite.analyse.binomial import Floats, at_most, log_probability


def noise_floor(n_valid: ArrayLike, target: float = 0.5) -> Floats:
    """Bias that a coin at the target shows on average: E|X/n − p|, X ~ Binomial(n, p), exact.

    De Moivre's formula: E|X − np| = 2 (1 − p) m C(n, m) pᵐ (1 − p)ⁿ⁻ᵐ with m = ⌊np⌋ + 1.

    Args:
        n_valid: Valid draws, n.
        target: Probability p of a one, from 0 to 1.

    Returns:
        The mean absolute deviation of the share, in [0, 0.5]; NaN where n = 0.

    Source:
        Diaconis & Zabell (1991), Statistical Science 6, 284-302.
    """
    valid = np.asarray(n_valid, np.float64)
    if target in {0, 1}:
        return np.where(valid > 0, 0.0, np.nan)
    m = np.floor(valid * target) + 1
    with np.errstate(invalid="ignore", divide="ignore"):
        floor = 2 * (1 - target) * m * np.exp(log_probability(m, valid, target=target)) / valid
    return np.where(valid > 0, floor, np.nan)


def multinomial_noise_floor(n_valid: ArrayLike, shares: Sequence[float]) -> Floats:
    """Total variation that a perfect sampler shows on average: ½ Σ E|Xⱼ/n − πⱼ|, exact.

    Each outcome's count is binomial, so each term is de Moivre's; see `noise_floor`.

    Args:
        n_valid: Valid draws, n.
        shares: The target π.
    """
    terms = {share: shares.count(share) for share in dict.fromkeys(shares)}
    return np.asarray(0.5 * sum(times * noise_floor(n_valid, share) for share, times in terms.items()))


def chance_within(bias: float, n_valid: int, target: float = 0.5) -> float:
    """Probability that a coin at the target shows at most this bias: P(|X/n − p| ≤ b), X ~ Binomial(n, p).

    Args:
        bias: The bias b, in [0, 1].
        n_valid: Valid draws, n, at least 1.
        target: Probability p of a one.
    """
    slack = 1e-9  # a bias computed as k/n − p may lie an ulp beyond its own exact value
    low = int(np.ceil(n_valid * (target - bias) - slack))
    high = int(np.floor(n_valid * (target + bias) + slack))
    if low > high:
        return 0.0
    return float(at_most(high, n_valid, target=target) - at_most(low - 1, n_valid, target=target))
