"""How often the intervals of a bias among k outcomes hold, and its ranks: the tables of docs/methods.md.

Run `python benchmarks/outcome_ranks.py`; it takes about a minute.
"""

import numpy as np

from flipsite.analyse.outcomes.by_outcome import rank_bounds
from flipsite.analyse.outcomes.estimates import rank_margins
from flipsite.analyse.outcomes.multinomial import total_variation, total_variation_quantiles

TRIES = 1_000
MODELS = 20


def truths(k: int, *, corner: bool) -> np.ndarray:
    """Shares of MODELS models: from even ones to a constant outcome, or at both corners alone."""
    even, fixed = np.full(k, 1 / k), np.eye(k)[0]
    weights = np.repeat([0.0, 1.0], MODELS // 2) if corner else np.linspace(0, 1, MODELS)
    return np.array([even * (1 - weight) + fixed * weight for weight in weights])


def coverage(k: int, n: int, *, corner: bool, seed: int = 0) -> tuple[float, float, float, float]:
    """How often TV ± h holds, at the mean and the worst model; all ranks at once; and their mean width."""
    rng, shares = np.random.default_rng(seed), truths(k, corner=corner)
    even = (1 / k,) * k
    bias = total_variation(shares, even)
    least = 1 + (bias[:, None] > bias + 1e-12).sum(axis=1)
    most = MODELS - (bias[:, None] < bias - 1e-12).sum(axis=1)
    half = total_variation_quantiles([n], k)[n]
    margins = rank_margins([n] * MODELS, k, n_intervals=MODELS)
    held, ranked, width = np.zeros(MODELS), 0, 0.0
    for _ in range(TRIES):
        counts = np.stack([rng.multinomial(n, row) for row in shares])
        drawn = total_variation(counts, even)
        held += abs(drawn - bias) <= half + 1e-12
        low, high = np.array(rank_bounds(drawn, *margins)).T
        ranked += bool(np.all((low <= least) & (high >= most)))
        width += float((high - low).mean())
    return float(held.mean() / TRIES), float(held.min() / TRIES), ranked / TRIES, width / TRIES


def main() -> None:
    """Print the table."""
    print("| outcomes | draws | truth | TV ± h, mean | TV ± h, worst | all ranks at once | mean places |")
    print("|---|---|---|---|---|---|---|")
    for k in (6, 10, 100):
        for n in (50, 200, 1000):
            for corner in (False, True):
                name = "even and constant" if corner else "spread"
                mean, worst, ranks, width = coverage(k, n, corner=corner)
                print(f"| {k} | {n} | {name} | {mean:.3f} | {worst:.3f} | {ranks:.3f} | {width:.1f} |")


if __name__ == "__main__":
    main()
