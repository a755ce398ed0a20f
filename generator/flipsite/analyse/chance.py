"""What chance alone does to a fair coin: the yardstick of every table."""

import numpy as np
from scipy.special import betainc


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
    return _at_most(high, n_valid, target) - _at_most(low - 1, n_valid, target)


def _at_most(k: int, n: int, p: float) -> float:
    """P(X ≤ k) for X ~ Binomial(n, p), by the incomplete beta function."""
    if k < 0:
        return 0.0
    return 1.0 if k >= n else float(betainc(n - k, k + 1, 1 - p))
