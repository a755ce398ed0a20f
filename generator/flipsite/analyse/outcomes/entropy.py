"""How much chance there is in a model's draws: effective outcomes, entropy, and the fair bits in them.

Counts are by outcome, c; n is their sum, p̂ = c/n. Entropies are in bits.
"""

from math import inf, log, log2, log10

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flipsite.analyse.binomial import LEVEL, Floats
from flipsite.special import betaincinv, gammaln, xlogy

PERES_DEPTH = 5
"""How often Peres' extraction is nested: deeper yields less than one bit in a hundred draws more."""


def collision_rate(counts: ArrayLike) -> Floats:
    """Unbiased estimate of Σ pⱼ²: the share of pairs of draws that agree, Σ c(c − 1) / n(n − 1).

    Args:
        counts: Shape (…, k).

    Returns:
        Shape (…), in [0, 1]; NaN with fewer than two draws.
    """
    counted = np.asarray(counts, np.float64)
    n = counted.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = (counted * (counted - 1)).sum(axis=-1) / (n * (n - 1))
    return np.asarray(np.where(n > 1, rate, np.nan))


def effective_outcomes(counts: ArrayLike) -> Floats:
    """Effective number of outcomes: 1 / the collision rate; infinite where no two draws agree.

    Source:
        Simpson (1949), Nature 163, 688.
    """
    with np.errstate(divide="ignore"):
        return np.asarray(1 / collision_rate(counts))


def entropy_bits(counts: ArrayLike) -> Floats:
    """Shannon entropy with Miller's correction: H(p̂) + (m − 1)/(2n), m outcomes seen, at most log₂ k.

    Args:
        counts: Shape (…, k).

    Source:
        Miller (1955), Note on the bias of information estimates.
    """
    counted = np.asarray(counts, np.float64)
    n = counted.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = counted / n
        plugged_in = -np.where(counted > 0, share * np.log2(share), 0.0).sum(axis=-1)
        seen = (counted > 0).sum(axis=-1)
        corrected = plugged_in + (seen - 1) / (2 * n[..., 0] * log(2))
    return np.asarray(np.where(n[..., 0] > 0, np.minimum(corrected, log2(counted.shape[-1])), np.nan))


def min_entropy_bits(counts: ArrayLike) -> float:
    """Lower bound of the min-entropy of a draw: −log₂ of the commonest outcome's 99.5 % upper bound.

    Source:
        NIST SP 800-90B (2018), section 6.3.1, with the bound of Clopper & Pearson (1934), which is right for
        few draws too.
    """
    counted = np.asarray(counts, np.float64)
    n, top = float(counted.sum()), float(counted.max())
    return 0.0 if top == n else -log2(float(betaincinv(top + 1, n - top, 0.995)))


def binary_entropy(share: float) -> float:
    """Entropy of a coin, −p log₂ p − (1 − p) log₂(1 − p): the most bits a flip that any extraction yields."""
    return sum(-each * log2(each) for each in (share, 1 - share) if each > 0)


def von_neumann_rate(share: float) -> float:
    """Fair bits a flip by von Neumann's pairs: p(1 − p).

    Source:
        von Neumann (1951), Nat. Bureau of Standards Appl. Math. Series 12, 36-38.
    """
    return share * (1 - share)


def peres_rate(share: float, *, depth: int = PERES_DEPTH) -> float:
    """Fair bits a flip by von Neumann's pairs, repeated on what they leave.

    r₁ = pq; rᵥ = pq + ½ rᵥ₋₁(p² + q²) + ½ (p² + q²) rᵥ₋₁(p²/(p² + q²)).

    Args:
        share: Share of ones, p.
        depth: ν; each level comes nearer to the entropy.

    Source:
        Peres (1992), Annals of Statistics 20, 590-597, equation 6.
    """
    if depth == 0:
        return 0.0
    both = share**2 + (1 - share) ** 2
    return (
        von_neumann_rate(share)
        + 0.5 * peres_rate(both, depth=depth - 1)
        + 0.5 * both * peres_rate(share**2 / both, depth=depth - 1)
    )


def extracted_bits(
    flips: ArrayLike, model: ArrayLike, *, depth: int = PERES_DEPTH
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """The bits that Peres' extraction gives of each model's flips, independent and of one share.

    Depth 1 is von Neumann's: of each pair of flips 10 is a 1, 01 is a 0, and equal ones are dropped. Each
    level more does the same with whether the pairs differ, and with the first flips of equal pairs.

    Args:
        flips: Ones and zeros of all models, shape (n,).
        model: Whose each is, ascending, shape (n,).
        depth: ν.

    Returns:
        Bits, and whose each is.

    Source:
        Peres (1992), Annals of Statistics 20, 590-597, section 2.
    """
    outcomes, whose = np.asarray(flips, np.bool_), np.asarray(model, np.int64)
    if depth == 0 or len(outcomes) < 2:
        return np.zeros(0, np.bool_), np.zeros(0, np.int64)
    place = np.arange(len(whose)) - np.searchsorted(whose, whose)
    pair = np.flatnonzero((place[:-1] % 2 == 0) & (whose[1:] == whose[:-1]))
    first, second, whose = outcomes[pair], outcomes[pair + 1], whose[pair]
    differs = first != second
    unequal = extracted_bits(differs, whose, depth=depth - 1)
    equal = extracted_bits(first[~differs], whose[~differs], depth=depth - 1)
    return (
        np.concatenate([first[differs], unequal[0], equal[0]]),
        np.concatenate([whose[differs], unequal[1], equal[1]]),
    )


def collision_bits(counts: ArrayLike) -> tuple[float, bool]:
    """Rényi entropy of order 2 of whole answers, −log₂ of their collision rate.

    Without a collision there is only a bound: at 95 % confidence, at least −log₂(1 − 0.05^(1/C(m, 2)))
    for m answers.

    Args:
        counts: How often each distinct answer came.

    Returns:
        Bits, and whether they are but a lower bound.
    """
    rate = float(collision_rate(counts))
    if rate > 0:
        return -log2(rate), False
    n = float(np.asarray(counts, np.float64).sum())
    pairs = n * (n - 1) / 2
    return (-log2(-np.expm1(log(1 - LEVEL) / pairs)) if pairs else 0.0), True


def log10_e_value(counts: ArrayLike, shares: ArrayLike) -> float:
    """Anytime-valid evidence against the target, log₁₀ of E = ½E₁ + ½E_{1/k}.

    E_α is the Dirichlet(α, …, α)-multinomial likelihood over Π πᶜ: under the target it exceeds 1/a with
    probability at most a, however often one looks.

    Args:
        counts: Of one model, in any order of its draws.
        shares: The target π.

    Returns:
        Infinite where an outcome was drawn whose share is 0.

    Source:
        Robbins (1970), Annals of Mathematical Statistics 41, 1397-1409; the prior 1/k after Perks (1947).
    """
    flat, perks = log10_e_values(counts, shares)
    larger = max(flat, perks)
    if larger == inf:
        return inf
    return larger + log10(0.5 * (10 ** (flat - larger) + 10 ** (perks - larger)))


def log10_e_values(counts: ArrayLike, shares: ArrayLike) -> tuple[float, float]:
    """log₁₀ of E₁ and of E_{1/k}; see `log10_e_value`."""
    counted, target = np.asarray(counts, np.float64), np.asarray(shares, np.float64)
    if counted[target == 0].any():
        return inf, inf
    n, k = counted.sum(), len(counted)
    under_target = float(xlogy(counted, np.where(target > 0, target, 1.0)).sum())

    def log_ratio(alpha: float) -> float:
        mixed = (
            gammaln(k * alpha) - gammaln(n + k * alpha) + (gammaln(counted + alpha) - gammaln(alpha)).sum()
        )
        return float(mixed) - under_target

    return log_ratio(1.0) / log(10), log_ratio(1 / k) / log(10)
