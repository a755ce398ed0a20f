"""One model's draws among k outcomes: bias, exact test, interval.

A coin is the case k = 2, where `analyse.binomial` knows the same quantities in closed form. Shares of the
target are called π, counts c, valid draws n.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flipsite.analyse.binomial import LEVEL, Floats
from flipsite.special import gammaln

Counts = NDArray[np.int64]
"""Counts by outcome, shape (…, k)."""

N_SIMULATED = 99_999
"""Simulated samples behind a Monte Carlo p-value: p = (1 + r) / (N_SIMULATED + 1) is never below 10⁻⁵."""

N_QUANTILE = 20_000
"""Simulated samples behind a quantile of the total variation."""

MOST_CELLS = 700_000_000
"""Sums that an exact law may take, about a second of one processor; beyond, the law is simulated."""

_ROWS = 20_000
"""Simulated samples held at once."""


def total_variation(counts: ArrayLike, shares: Sequence[float]) -> Floats:
    """Distance of the draws' shares from the target: ½ Σ |cⱼ/n − πⱼ|.

    Args:
        counts: Counts by outcome, shape (…, k).
        shares: The target π, k shares that sum to 1.

    Returns:
        Values in [0, 1], shape (…); NaN where there is no draw. For two outcomes |mean − target|.
    """
    counted = np.asarray(counts, np.float64)
    n = counted.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = 0.5 * np.abs(counted / n - np.asarray(shares)).sum(axis=-1)
    return np.asarray(np.where(n[..., 0] > 0, distance, np.nan))


def phi_squared(counts: ArrayLike, shares: Sequence[float]) -> Floats:
    """Unbiased estimate of Σ (pⱼ − πⱼ)²/πⱼ, which compares models of unequal n; 0 on average without bias.

    Args:
        counts: Counts by outcome, shape (…, k).
        shares: The target π; outcomes whose share is 0 are left out.

    Returns:
        Shape (…); NaN with fewer than two draws.
    """
    counted, target = np.asarray(counts, np.float64), np.asarray(shares)
    n = counted.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = counted / n
        terms = ((share - target) ** 2 - share * (1 - share) / (n - 1))[..., target > 0] / target[target > 0]
        total = terms.sum(axis=-1)
    return np.asarray(np.where(n[..., 0] > 1, total, np.nan))


@dataclass(frozen=True, slots=True, kw_only=True)
class PearsonTest:
    """Pearson's order of all outcomes of n draws, from both ends.

    Attributes:
        statistic: χ² = Σ (cⱼ − nπⱼ)²/(nπⱼ) over the outcomes whose share is above 0.
        p_value: Probability of a statistic at least as large under the target.
        p_even: Probability of one at most as large: small where the draws are more even than chance allows.
        exact: False where the law was simulated; the p-values then have the standard error √(p(1 − p)/10⁵).
    """

    statistic: float
    p_value: float
    p_even: float
    exact: bool


def pearson_tests(counts: ArrayLike, shares: Sequence[float], *, seed: int = 0) -> list[PearsonTest | None]:
    """Test each row of counts against the target; None for a row without a draw.

    Exact where the target is uniform and the law is affordable (MOST_CELLS), else by N_SIMULATED seeded
    samples, shared by all rows. A count where the target's share is 0 refutes the target: p = 0.

    Args:
        counts: Shape (n_rows, k).
        shares: The target π.
        seed: Of the simulated samples.

    Source:
        Read & Cressie (1988), Goodness-of-Fit Statistics for Discrete Multivariate Data, section 5.5;
        (1 + r)/(B + 1) after Phipson & Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9, article 39.
    """
    counted, target = np.atleast_2d(np.asarray(counts, np.int64)), np.asarray(shares)
    inside = target > 0
    n_valid = counted.sum(axis=1)
    sums = (counted[:, inside].astype(np.float64) ** 2 / target[inside]).sum(axis=1)
    impossible = counted[:, ~inside].sum(axis=1) > 0
    wanted = tuple(np.unique(n_valid[(n_valid > 0) & ~impossible]).tolist())
    uniform = float(np.ptp(target[inside])) < 1e-12
    n_outcomes = int(inside.sum())
    exact = uniform and bool(wanted) and _n_cells(wanted[-1], n_outcomes) <= MOST_CELLS
    laws = (
        _exact_laws(wanted, n_outcomes)
        if exact
        else _simulated_laws(wanted, tuple(target[inside].tolist()), seed)
    )
    rows: list[PearsonTest | None] = []
    for n, value, refuted in zip(n_valid.tolist(), sums.tolist(), impossible.tolist(), strict=True):
        if not n:
            rows.append(None)
            continue
        statistic = value / n - n
        if refuted:
            rows.append(PearsonTest(statistic=float("inf"), p_value=0.0, p_even=1.0, exact=True))
            continue
        found = round(value / n_outcomes) if exact else value
        upper, lower = laws[n].tails(found)
        rows.append(PearsonTest(statistic=max(statistic, 0.0), p_value=upper, p_even=lower, exact=exact))
    return rows


def total_variation_quantiles(
    n_valid: Iterable[int], n_outcomes: int, *, level: float = LEVEL, seed: int = 0
) -> dict[int, float]:
    """Quantile h of the total variation of n draws of a uniform target, by n.

    The interval TV ± h holds the true total variation at least that often, whatever the true shares: by the
    triangle inequality the error is at most the draws' distance from the truth, and that is widest where the
    truth is uniform.

    Args:
        n_valid: Numbers of valid draws, each at least 1.
        n_outcomes: k.
        level: Coverage, strictly between 0 and 1.
        seed: Of the N_QUANTILE simulated samples.
    """
    wanted = tuple(sorted(set(n_valid)))
    return dict(zip(wanted, _quantiles(wanted, n_outcomes, level, seed), strict=True))


@lru_cache(maxsize=256)
def _quantiles(wanted: tuple[int, ...], n_outcomes: int, level: float, seed: int) -> tuple[float, ...]:
    shares = (1 / n_outcomes,) * n_outcomes
    found: dict[int, list[Floats]] = {n: [] for n in wanted}
    for n, sample in _samples(wanted, shares, n_rows=N_QUANTILE, seed=seed):
        found[n].append(total_variation(sample, shares))
    return tuple(float(np.quantile(np.concatenate(found[n]), level, method="higher")) for n in wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Law:
    """Law of Σ cⱼ²/πⱼ (simulated), or of Σ cⱼ² (exact), under the target.

    Attributes:
        values: Ascending.
        at_least: Probability of a value at least as large as each.
        at_most: Probability of one at most as large.
    """

    values: Floats
    at_least: Floats
    at_most: Floats

    def tails(self, value: float) -> tuple[float, float]:
        """Both tail probabilities of a value."""
        near = value * 1e-12 + 1e-9
        upper = int(np.searchsorted(self.values, value - near, side="left"))
        lower = int(np.searchsorted(self.values, value + near, side="right")) - 1
        return (
            float(self.at_least[min(upper, len(self.values) - 1)]),
            float(self.at_most[lower]) if lower >= 0 else float(self.at_most[0]),
        )


def _n_cells(n: int, n_outcomes: int) -> int:
    """Additions that the exact law of n draws takes."""
    most = _largest(n, n_outcomes)
    return n_outcomes * (int(most**0.5) + 1) * (n + 1) * (most // 2 + 1)


def _largest(n: int, n_outcomes: int) -> int:
    """A value of Σc² that n uniform draws exceed with a probability of about 10⁻¹² or less."""
    spread = n / n_outcomes * (n_outcomes + 10 * (2 * n_outcomes) ** 0.5 + 60)
    return min(n * n, int(n * n / n_outcomes + spread))


@lru_cache(maxsize=16)
def _exact_laws(wanted: tuple[int, ...], n_outcomes: int) -> dict[int, _Law]:
    """The law of Σc² of n uniform draws for each n wanted, cell by cell.

    After j cells, row m holds the law of the sum for m draws among them. A further cell takes c of m draws
    with probability C(m, c) (1/(j+1))ᶜ (j/(j+1))ᵐ⁻ᶜ. Σc² and n are of one parity, so half of the columns
    suffice. What exceeds the largest value is gathered in the last column.
    """
    n, most = wanted[-1], _largest(wanted[-1], n_outcomes)
    draws = np.arange(n + 1)
    width = most // 2 + 2  # column i holds the value 2i + (m mod 2); the last one, everything beyond
    law = np.zeros((n + 1, width))
    law[draws, np.minimum((draws * draws - draws % 2) // 2, width - 1)] = 1.0
    for cells in range(1, n_outcomes):
        law = _one_more_cell(law, cells)
    return {each: _law_of_row(law[each], each) for each in wanted}


def _one_more_cell(law: Floats, cells: int) -> Floats:
    n, width = law.shape[0] - 1, law.shape[1]
    grown = np.zeros_like(law)
    draws = np.arange(n + 1)
    for taken in range(n + 1):
        rest = draws[: n + 1 - taken]
        whole = rest + taken
        weight = np.exp(
            gammaln(whole + 1)
            - gammaln(taken + 1)
            - gammaln(rest + 1)
            + taken * np.log(1 / (cells + 1))
            + rest * np.log(cells / (cells + 1))
        )[:, None]
        for odd in (0, 1):  # by the parity of the draws that are left
            rows = slice(odd, n + 1 - taken, 2)
            if rows.start >= n + 1 - taken:
                continue
            parity = (odd + taken) % 2
            shift = (odd + taken * taken - parity) // 2
            into = slice(odd + taken, n + 1, 2)
            moved = weight[rows] * law[rows]
            inside = max(width - 1 - shift, 0)
            grown[into, shift : width - 1] += moved[:, :inside]
            grown[into, width - 1] += moved[:, inside:].sum(axis=1)
    return grown


def _law_of_row(row: Floats, n: int) -> _Law:
    there = np.flatnonzero(row)
    upper = np.cumsum(row[::-1])[::-1][there]
    lower = np.cumsum(row)[there]
    return _Law(
        values=(2 * there + n % 2).astype(np.float64),
        at_least=np.minimum(upper, 1.0),
        at_most=np.minimum(lower, 1.0),
    )


@lru_cache(maxsize=16)
def _simulated_laws(wanted: tuple[int, ...], shares: tuple[float, ...], seed: int) -> dict[int, _Law]:
    """The law of Σ cⱼ²/πⱼ for each n wanted, of N_SIMULATED samples that grow from n to n."""
    found: dict[int, list[Floats]] = {n: [] for n in wanted}
    weights = 1 / np.asarray(shares)
    for n, sample in _samples(wanted, shares, n_rows=N_SIMULATED, seed=seed):
        found[n].append((sample.astype(np.float64) ** 2) @ weights)
    laws = {}
    for n, parts in found.items():
        values = np.sort(np.concatenate(parts))
        rank = np.arange(len(values))
        first = np.searchsorted(values, values - (values * 1e-12 + 1e-9), side="left")
        last = np.searchsorted(values, values + (values * 1e-12 + 1e-9), side="right")
        laws[n] = _Law(
            values=np.append(values, np.inf),
            at_least=np.append(1 + len(values) - first, 1) / (len(values) + 1),
            at_most=np.append(1 + last, len(rank) + 1) / (len(values) + 1),
        )
    return laws


def _samples(
    wanted: tuple[int, ...], shares: tuple[float, ...], *, n_rows: int, seed: int
) -> Iterator[tuple[int, Counts]]:
    """Counts of simulated samples at each n wanted, block by block: the same samples, grown from n to n."""
    rng = np.random.default_rng(seed)
    for start in range(0, n_rows, _ROWS):
        rows = min(_ROWS, n_rows - start)
        counts = np.zeros((rows, len(shares)), np.int64)
        drawn = 0
        for n in wanted:
            _grow(counts, n - drawn, shares, rng)
            drawn = n
            yield n, counts


def _grow(counts: Counts, n_more: int, shares: tuple[float, ...], rng: np.random.Generator) -> None:
    """Draw more into each sample: outcome by outcome, or draw by draw where those are fewer."""
    if n_more > len(shares) // 4:
        counts += rng.multinomial(n_more, shares, size=len(counts))
        return
    edges, rows = np.cumsum(shares)[:-1], np.arange(len(counts))
    for _ in range(n_more):
        counts[rows, np.searchsorted(edges, rng.random(len(counts)), side="right")] += 1
