"""How often the intervals hold the truth; `python benchmarks/intervals.py` prints docs/methods.md's tables.

Coverage of a share's interval is worked out exactly, by adding up counts, and simulated beside it; that of
ranks, of the population and of the anytime-valid test can only be simulated. About two minutes; seeded.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.binomial import binomial_probability, jeffreys
from flipsite.analyse.contingency import TwoByTwo, newcombe, wilson
from flipsite.analyse.dependence.homogeneity import homogeneity, succession_of
from flipsite.analyse.dependence.overdispersion import overdispersion, widened_test, with_q_values
from flipsite.analyse.empirical_bayes.population import fit_population
from flipsite.analyse.empirical_bayes.shrinkage import NEAR, shrunken_biases
from flipsite.analyse.fair_share import fair_share
from flipsite.analyse.ranking.bias_posterior import bias_interval, bias_within
from flipsite.analyse.ranking.ranks import counts_by_order, estimate_ranks
from flipsite.analyse.stopping import log_evidence
from flipsite.domain.counts import Transitions
from flipsite.domain.draws import Tally

Floats = NDArray[np.float64]
Interval = Callable[[NDArray[np.int64], int], tuple[Floats, Floats]]

SIZES = (10, 47, 50, 200)
SHARES = (0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
GRID = np.linspace(0, 1, 2001)[1:-1]
N_SIMULATED = 20_000


def shares_table() -> str:
    """Exact coverage of the share's intervals, on average over p and at worst, and at some p."""
    head = "| interval | n | mean over p | worst p | " + " | ".join(f"p = {p:g}" for p in SHARES) + " |"
    lines = [head, "|" + "---|" * (4 + len(SHARES))]
    for name, interval in (("Jeffreys", jeffreys), ("Wilson", _wilson), ("bias", _bias)):
        for n in SIZES:
            covered = coverage(interval, n, GRID)
            at = coverage(interval, n, np.array(SHARES))
            cells = " | ".join(f"{each:.3f}" for each in at)
            lines.append(f"| {name} | {n} | {covered.mean():.3f} | {covered.min():.3f} | {cells} |")
    return "\n".join(lines)


def coverage(interval: Interval, n: int, shares: Floats) -> Floats:
    """Probability that the interval of n draws holds each share; for `_bias`, its distance from one half."""
    ones = np.arange(n + 1)
    low, high = interval(ones, n)
    truth = abs(shares - 0.5) if interval is _bias else shares
    held = (low[None, :] <= truth[:, None] + 1e-12) & (truth[:, None] - 1e-12 <= high[None, :])
    chance = np.stack([binomial_probability(ones, n, target=share) for share in shares])
    return np.asarray((held * chance).sum(axis=1))


def simulated_table() -> str:
    """Jeffreys' interval by simulation, with the distance from the exact figure in standard errors."""
    rng = np.random.default_rng(1)
    lines = ["| n | p | simulated | exact | standard errors apart |", "|---|---|---|---|---|"]
    for n in SIZES:
        for share in (0.5, 0.6, 0.9, 0.99):
            low, high = jeffreys(rng.binomial(n, share, N_SIMULATED), n)
            held = float(((low <= share) & (share <= high)).mean())
            exact = float(coverage(jeffreys, n, np.array([share]))[0])
            error = np.sqrt(exact * (1 - exact) / N_SIMULATED)
            lines.append(f"| {n} | {share:g} | {held:.4f} | {exact:.4f} | {(held - exact) / error:+.1f} |")
    return "\n".join(lines)


def difference_table() -> str:
    """Exact coverage of Newcombe's interval for two groups."""
    lines = ["| draws | shares | coverage |", "|---|---|---|"]
    for n_a, n_b, a, b in ((4, 36, 0.9, 0.45), (7, 33, 0.1, 0.6), (50, 50, 0.5, 0.6), (50, 50, 0.95, 0.99)):
        held = 0.0
        for k_a in range(n_a + 1):
            for k_b in range(n_b + 1):
                _, low, high = newcombe(TwoByTwo(ones_a=k_a, n_a=n_a, ones_b=k_b, n_b=n_b))
                chance = binomial_probability(k_a, n_a, target=a) * binomial_probability(k_b, n_b, target=b)
                held += float(chance) * (low <= a - b <= high)
        lines.append(f"| {n_a}, {n_b} | {a:g}, {b:g} | {held:.3f} |")
    return "\n".join(lines)


def studies_table(n_studies: int = 100) -> str:
    """Studies of 240 models: do the intervals of ranks and population hold, and the bound on fair models?"""
    head = "| fair share | draws | ranks held | mean width | fair share held | spread held | bound held |"
    lines = [head, "|---|---|---|---|---|---|---|"]
    for fair, n in ((0.25, 50), (0.25, 200), (0.0, 50)):
        rng = np.random.default_rng(2)
        held = np.array([study(rng, fair=fair, n=n) for _ in range(n_studies)]).mean(axis=0)
        cells = " | ".join([f"{held[0]:.3f}", f"{held[1]:.0f}", *(f"{each:.2f}" for each in held[2:])])
        lines.append(f"| {fair:.0%} | {n} | {cells} |")
    return "\n".join(lines)


def study(rng: np.random.Generator, *, fair: float, n: int, shape: float = 0.7) -> list[float]:
    """One study: the share of rank intervals that hold, their mean width, and whether the three others do."""
    is_fair = rng.random(240) < fair
    share = np.where(is_fair, 0.5, rng.beta(shape, shape, 240))
    ones = rng.binomial(n, share)
    tallies = [Tally(model=str(i), n_draws=n, n_valid=n, n_ones=int(k)) for i, k in enumerate(ones)]
    bias = abs(share - 0.5)
    first = (bias[:, None] > bias[None, :]).sum(axis=1) + 1  # equals may take any of their ranks
    last = (bias[:, None] >= bias[None, :]).sum(axis=1)
    found = estimate_ranks(tallies, n_draws=2000)
    low, high = (np.array([getattr(each, name) for each in found]) for name in ("rank_low", "rank_high"))
    population, possible = fit_population(tallies), fair_share(tallies)
    assert population is not None
    assert possible is not None
    spread = 0.5 / np.sqrt(2 * shape + 1)
    return [
        float(((low <= last) & (first <= high)).mean()),
        float((high - low + 1).mean()),
        float(population.fair_low <= fair <= population.fair_high),
        float(population.spread_low <= spread <= population.spread_high),
        float(is_fair.sum() <= possible.n_most),
    ]


Population = Callable[[np.random.Generator, int], np.ndarray]
"""True shares of so many models, at random."""

POPULATIONS: dict[str, Population] = {
    "half fair, the others Beta(½, ½)": lambda rng, m: np.where(
        rng.random(m) < 0.5, 0.5, rng.beta(0.5, 0.5, m)
    ),
    "a tenth fair, the others Beta(2, 2)": lambda rng, m: np.where(
        rng.random(m) < 0.1, 0.5, rng.beta(2, 2, m)
    ),
    "Beta(50, 50)": lambda rng, m: rng.beta(50, 50, m),
    "Beta(6, 3): all lean to 1": lambda rng, m: rng.beta(6, 3, m),
    "all fair": lambda _, m: np.full(m, 0.5),
}


def shrinkage_table() -> str:
    """Brier score of the chance that the bias is at most 0.1, coverage and error: alone, and shrunken."""
    sizes = ((240, 50), (12, 50), (240, 200))
    return scores_table(POPULATIONS, sizes, shrunken_scores, draws="draws", seed=3)


def scores_table(
    populations: Mapping[str, Population],
    sizes: Sequence[tuple[int, int]],
    scores_of: Callable[[Floats, int, np.random.Generator], list[float]],
    *,
    draws: str,
    seed: int,
    n_coins: int = 2_400,
) -> str:
    """A row a population and size (models, draws): mean scores, those of errors as their roots.

    Args:
        populations: True shares of so many models.
        sizes: Models and draws.
        scores_of: Six scores of shares: two of Brier, two of coverage, two squared errors.
        draws: What the column of draws is called.
        seed: Of everything random.
        n_coins: Models of a row in all.
    """
    rng = np.random.default_rng(seed)
    lines = [
        f"| population | models | {draws} | Brier, alone | shrunken | coverage, alone | shrunken"
        " | error, alone | shrunken |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, draw in populations.items():
        for m, n in sizes:
            scores = np.mean([scores_of(draw(rng, m), n, rng) for _ in range(n_coins // m)], axis=0)
            cells = [f"{value:.3f}" for value in (*scores[:4], *scores[4:] ** 0.5)]
            lines.append(f"| {name} | {m} | {n} | {' | '.join(cells)} |")
    return "\n".join(lines)


def shrunken_scores(shares: Floats, n: int, rng: np.random.Generator) -> list[float]:
    """Squared errors of the chance to be near, intervals that hold, squared errors of the bias."""
    ones, bias = rng.binomial(n, shares), abs(shares - 0.5)
    found = shrunken_biases([((float(k), float(n)),) for k in ones])
    assert found is not None
    valid, near = np.full(len(ones), n), bias <= NEAR
    low, high = bias_interval(ones, valid)
    p_near, ends = np.array([each.p_near for each in found]), np.array([(e.low, e.high) for e in found])
    return [
        float(((bias_within(ones, valid, NEAR) - near) ** 2).mean()),
        float(((p_near - near) ** 2).mean()),
        float(((low <= bias) & (bias <= high)).mean()),
        float(((ends[:, 0] <= bias + 1e-6) & (bias <= ends[:, 1])).mean()),
        float(((abs(ones / n - 0.5) - bias) ** 2).mean()),
        float(((np.array([each.bias for each in found]) - bias) ** 2).mean()),
    ]


IN_ORDERS: dict[str, Population] = {
    "half fair, the others Beta(0.7, 0.7) in each order": lambda rng, m: np.where(
        rng.random((m, 1)) < 0.5, 0.5, rng.beta(0.7, 0.7, (m, 2))
    ),
    "half fair, the others with one share in both orders": lambda rng, m: np.where(
        rng.random((m, 1)) < 0.5, 0.5, rng.beta(0.7, 0.7, (m, 1)).repeat(2, axis=1)
    ),
    "half fair, the others follow the order": lambda rng, m: np.where(
        rng.random((m, 1)) < 0.5, 0.5, abs(rng.beta(0.7, 0.7, (m, 1)) - [0, 1])
    ),
    "all fair": lambda _, m: np.full((m, 2), 0.5),
}


def orders_table() -> str:
    """The same of coins asked in two orders: of the mean of the biases within them."""
    sizes = ((240, 25), (12, 25), (240, 100))
    return scores_table(IN_ORDERS, sizes, order_scores, draws="draws an order", seed=4)


def order_scores(shares: Floats, n: int, rng: np.random.Generator) -> list[float]:
    """As `shrunken_scores`, of shares in two orders."""
    ones, bias = rng.binomial(n, shares), abs(shares - 0.5).mean(axis=1)
    by_order = {f"m/{i}": ((int(a), n), (int(b), n)) for i, (a, b) in enumerate(ones)}
    tallies = [
        Tally(model=model, n_draws=2 * n, n_valid=2 * n, n_ones=a + b)
        for model, ((a, _), (b, _)) in by_order.items()
    ]
    found = shrunken_biases(counts_by_order(tallies, by_order=by_order, design_effects={}))
    assert found is not None
    alone, near = estimate_ranks(tallies, by_order=by_order, n_draws=1_000), bias <= NEAR
    ends = [np.array([(each.low, each.high) for each in found])]
    ends.append(np.array([(each.bias_low, each.bias_high) for each in alone]))
    held = [float(((e[:, 0] <= bias + 1e-6) & (bias <= e[:, 1] + 1e-6)).mean()) for e in ends]
    return [
        float(((np.array([each.p_within_10 for each in alone]) - near) ** 2).mean()),
        float(((np.array([each.p_near for each in found]) - near) ** 2).mean()),
        held[1],
        held[0],
        float(((abs(ones / n - 0.5).mean(axis=1) - bias) ** 2).mean()),
        float(((np.array([each.bias for each in found]) - bias) ** 2).mean()),
    ]


def anytime_table(n_coins: int = 20_000, most: int = 2_000) -> str:
    """Fair coins watched after every draw: how many are called biased by the e-value and by p < 0.05."""
    rng = np.random.default_rng(3)
    ones = np.zeros(n_coins, np.int64)
    by_e, by_p = np.zeros(n_coins, bool), np.zeros(n_coins, bool)
    lines = ["| draws | ever e ≥ 20 | ever p < 0.05 |", "|---|---|---|"]
    for n in range(1, most + 1):
        ones += rng.integers(0, 2, n_coins)
        counts = np.arange(n + 1)
        by_e |= (log_evidence(counts, n) >= np.log(20))[ones]
        by_p |= _small_p(n)[ones]
        if n in {10, 50, 100, 500, 1000, 2000}:
            lines.append(f"| {n} | {by_e.mean():.2%} | {by_p.mean():.1%} |")
    return "\n".join(lines)


def sticky_table(n_coins: int = 2_000) -> str:
    """Coins that stick to their side, each alone in a study: how many are called biased."""
    lines = [
        "| share | stays | draws | plain test | shown | called biased |",
        "|---|---|---|---|---|---|",
    ]
    for share, n, stay in [
        *((0.5, n, stay) for n in (50, 200) for stay in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)),
        *((0.9, 50, stay) for stay in (0.9, 0.95)),
    ]:
        rng = np.random.default_rng(n + int(100 * stay))
        found = [_sticky_verdict(share, n, stay, rng) for _ in range(n_coins)]
        plain, shown, biased = np.mean(found, axis=0)
        lines.append(f"| {share} | {stay:.0%} | {n} | {plain:.1%} | {shown:.0%} | {biased:.1%} |")
    return "\n".join(lines)


def _sticky_verdict(share: float, n: int, stay: float, rng: np.random.Generator) -> tuple[bool, bool, bool]:
    """Whether a plain test is below 0.05, dependence is shown, and the model's own test is below 0.05.

    Args:
        share: Of ones, in the long run.
        n: Draws.
        stay: How often the more frequent side is followed by itself.
        rng: Of the draws.
    """
    leave = (1 - stay) * share / (1 - share)  # of the rarer side
    draws = [rng.random() < share]
    for chance in rng.random(n - 1).tolist():
        draws.append(chance < stay if draws[-1] else chance < leave)
    outcomes = np.array(draws, np.int16)
    ones, middle = int(outcomes.sum()), n // 2
    halves = {
        name: (len(half) - int(half.sum()), int(half.sum()))
        for name, half in (("first", outcomes[:middle]), ("second", outcomes[middle:]))
    }
    both = succession_of(Transitions.of(outcomes)), homogeneity(halves, by="half")
    tests = tuple(test for test in both if test)
    depends = overdispersion(with_q_values({"m": tests})["m"])
    effect, least = (depends.design_effect, depends.least_p) if depends else (1.0, 0.0)
    plain, p = (widened_test(ones, n, each)[2] for each in (1.0, effect))
    return plain < 0.05, depends is not None, max(p, least) < 0.05


def _small_p(n: int) -> NDArray[np.bool_]:
    """Which counts of ones in n have p < 0.05 against a fair coin."""
    at_most = np.cumsum(binomial_probability(np.arange(n + 1), n))
    return np.asarray(2 * np.minimum(at_most, at_most[::-1]) < 0.05)


def _wilson(ones: NDArray[np.int64], n: int) -> tuple[Floats, Floats]:
    low, high = np.array([wilson(int(k), n) for k in ones]).T
    return low, high


def _bias(ones: NDArray[np.int64], n: int) -> tuple[Floats, Floats]:
    return bias_interval(ones, np.full_like(ones, n))


if __name__ == "__main__":
    for table in (
        shares_table,
        simulated_table,
        difference_table,
        studies_table,
        shrinkage_table,
        orders_table,
        anytime_table,
        sticky_table,
    ):
        print(f"{table()}\n")
