"""The population of coins that the models are drawn from: some fair, the others spread around the target.

A model is fair with probability w; otherwise its share p of ones is drawn from a beta distribution with the
target as its mean (for a target of one half a symmetric one, which is U-shaped where most models always say
the same). Both w and the spread are found by maximum likelihood; their intervals are profile likelihood
intervals. No sampler, no seed.

"Fair" means "at the target, or too near to it to be distinguished at these numbers of draws".
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.binomial import TAIL, binomial_probability
from flipsite.analyse.label_order.order_effects import OrderCounts
from flipsite.analyse.published.possible_counts import between_tables, fits
from flipsite.domain.draws import Tally
from flipsite.domain.estimates import Printed
from flipsite.special import betaln, gammaln, ndtri

Floats = NDArray[np.float64]

_DROP = float(ndtri(1 - TAIL)) ** 2 / 2
"""Half of the 95 % quantile of χ² with one degree of freedom: how far a profile log-likelihood may fall."""

_COARSE = np.geomspace(0.02, 20_000, 70)
"""Concentrations α + β tried first: a sd of p from 0.495 down to 0.0035."""

_FINE = 240

_PAIR = np.geomspace(0.02, 2_000, 24)
"""Concentrations of either of two beta distributions, tried first."""

_WEIGHTS = np.linspace(0.05, 0.95, 13)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondBeta:
    """A second beta distribution of the models that are not fair: its share of them, and its parameters."""

    weight: float
    alpha: float
    beta: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The fitted population. Intervals are 95 % profile likelihood intervals.

    Attributes:
        n_models: Models that it describes.
        fair: Share w of fair models.
        fair_low: Low end of its interval.
        fair_high: High end of the same.
        spread: Standard deviation of p among the models that are not fair.
        spread_low: Low end of its interval.
        spread_high: High end of the same.
        alpha: First parameter of their beta distribution, or of the first of two; below 1 it is high at 1.
        beta: The second; below 1 it is high at 0. Equal to `alpha` for a target of one half.
        second: A second beta distribution, where two fit better by the Bayesian information criterion.
        log_likelihood: At the maximum; constants included.
        p_fair: Probability that each model is fair, given its draws and this population; in the order given,
            None for a model without valid draws. This is the local false discovery rate.
    """

    n_models: int
    fair: float
    fair_low: float
    fair_high: float
    spread: float
    spread_low: float
    spread_high: float
    alpha: float
    beta: float
    log_likelihood: float
    p_fair: tuple[float | None, ...]
    second: SecondBeta | None = None


def fit_population(
    tallies: Sequence[Tally],
    *,
    target: float = 0.5,
    by_order: Mapping[str, OrderCounts] | None = None,
    never_fair: Container[str] = (),
) -> Population | None:
    """Fit the population to a study's draws.

    A model that was asked in two orders is fair in both or in neither, and each order has a share of its own.

    Args:
        tallies: Counts; those without a valid draw are passed over.
        target: Probability that the prompt asks for.
        by_order: Ones and valid draws in each order, of models that were asked in two.
        never_fair: Models whose draws are shown not to be independent draws of one coin: they count as not
            fair, and their draws take no part in the fit.

    Returns:
        None where fewer than three models take part, none of them has two draws of one order, which alone
        tell a spread, or the target is 0 or 1, about which no coin can spread.

    Source:
        A two-group model as in Efron (2008), Statistical Science 23, 1-22, section 2, with a binomial and a
        beta-binomial group (Skellam 1948, J. R. Statist. Soc. B 10, 257-261).
    """
    drawn = [tally for tally in tallies if tally.n_valid]
    taken = [tally for tally in drawn if tally.model not in never_fair]
    orders = [(by_order or {}).get(tally.model, ((tally.n_ones, tally.n_valid),)) for tally in taken]
    repeated = any(n > 1 for each in orders for _, n in each)
    if len(taken) < 3 or not repeated or target in {0, 1}:
        return None
    most = max(map(len, orders))
    padded = np.array([[*each, *[(0, 0)] * (most - len(each))] for each in orders])
    cells, which, counts = np.unique(
        padded.reshape(len(taken), -1), axis=0, return_inverse=True, return_counts=True
    )
    arms = [(cells[:, i], cells[:, i + 1]) for i in range(0, 2 * most, 2)]
    likelihood = _Likelihood(
        fair=np.prod([binomial_probability(*arm, target=target) for arm in arms], axis=0),
        spread=lambda concentration: np.prod(
            [_beta_binomial(*arm, concentration, target=target) for arm in arms], axis=0
        ),
        counts=counts.astype(np.float64),
    )
    population, p_fair = _fit(likelihood, target=target)
    part = len(taken) / len(drawn)
    known = dict(zip((tally.model for tally in taken), p_fair[np.ravel(which)].tolist(), strict=True))
    return replace(
        population,
        n_models=len(drawn),
        fair=population.fair * part,
        fair_low=population.fair_low * part,
        fair_high=population.fair_high * part,
        p_fair=tuple(known.get(tally.model, 0.0) if tally.n_valid else None for tally in tallies),
    )


def fit_published_population(printed: Printed, *, target: float = 0.5) -> Population | None:
    """Fit the population to printed biases, those not printed known to lie between the two tables.

    Two beta distributions take the place of one where they raise the log-likelihood by more than the
    logarithm of the number of models, the Bayesian information criterion for two more parameters.

    A printed row is the event that its model drew any of the counts that fit, every number of draws allowed
    being equally likely; a model not printed, that its bias lay from the largest figure of the first table to
    the smallest of the second. A figure that no count prints is passed over.

    Returns:
        `p_fair` is that of each printed row, then once that of a model not printed (where there is any).
        None where the target is 0 or 1, no count prints any of the figures, or none lies between the tables
        for the models not printed.

    Source:
        As `fit_population`; Schwarz (1978), Annals of Statistics 6, 461-464; interval-censored likelihood as
        in Turnbull (1976), J. R. Statist. Soc. B 38, 290-295.
    """
    grid = [(k, n) for n in range(printed.draws_low, printed.draws_high + 1) for k in range(n + 1)]
    events = np.zeros((len(printed.rows), len(grid)))
    for event, row in zip(events, printed.rows, strict=True):
        ways = {(k, way.n_valid) for way in fits(row, printed, target=target) for k in way.ones}
        event[:] = [cell in ways for cell in grid]
    counts = np.array([float(event.any()) for event in events])
    n_unprinted = printed.n_models - len(printed.rows)
    if n_unprinted:
        events = np.vstack([events, between_tables(printed, grid, target=target)])
        counts = np.append(counts, n_unprinted)
    kept = counts > 0
    if target in {0, 1} or not kept.any() or not events[kept].any(axis=1).all():
        return None
    ones, valid = np.array(grid).T
    weights = events[kept].T / (printed.draws_high - printed.draws_low + 1)
    likelihood = _Likelihood(
        fair=binomial_probability(ones, valid, target=target) @ weights,
        spread=lambda concentration: _beta_binomial(ones, valid, concentration, target=target) @ weights,
        counts=counts[kept],
    )
    population, p_fair = _fit(likelihood, target=target)
    two, p_fair_of_two = _fit_two(likelihood, target=target)
    if two.log_likelihood - population.log_likelihood > np.log(population.n_models):
        population, p_fair = two, p_fair_of_two
    known = iter(p_fair.tolist())
    return replace(population, p_fair=tuple(next(known) if keep else None for keep in kept))


def count_probability(
    population: Population, n_ones: NDArray[np.int64], n_valid: NDArray[np.int64], *, target: float
) -> Floats:
    """Probability of each count of ones in a number of draws, for a model of this population."""
    others = _beta_binomial(n_ones, n_valid, np.array([population.alpha + population.beta]), target=target)[0]
    if second := population.second:
        more = _beta_binomial(n_ones, n_valid, np.array([second.alpha + second.beta]), target=target)[0]
        others = (1 - second.weight) * others + second.weight * more
    fair = binomial_probability(n_ones, n_valid, target=target)
    return np.asarray(population.fair * fair + (1 - population.fair) * others)


def expected_models(
    population: Population, printed: Printed, *, target: float
) -> tuple[tuple[str, int, float], ...]:
    """How many models have which bias: as printed, and as the fitted population expects.

    Returns:
        A row for the first table, one for the models between the tables, and one for each step of 0.05 of the
        second table: label, models observed, models expected.
    """
    numbers = range(printed.draws_low, printed.draws_high + 1)
    grid = np.array([(k, n) for n in numbers for k in range(n + 1)])
    chance = count_probability(population, grid[:, 0], grid[:, 1], target=target) / len(numbers)
    bias = abs(grid[:, 0] / grid[:, 1] - target)
    figures = {
        table: sorted(float(row.figure) for row in printed.rows if row.table == table)
        for table in ("least", "most")
    }
    slack = {row.table: 0.5 * 10.0**-row.decimals for row in printed.rows}
    rows, low = [], -1.0
    if figures["least"]:
        low = figures["least"][-1] + slack["least"]
        inside = chance[bias <= low + 1e-9].sum()
        label = f"at most {figures['least'][-1]:.3f}"
        rows.append((label, len(figures["least"]), float(printed.n_models * inside)))
    edges = _edges(figures["most"], top=max(target, 1 - target))
    starts = [edge - slack.get("most", 0.0) for edge in edges]
    between = (bias > low + 1e-9) & (bias < starts[0] - 1e-9)
    unprinted = printed.n_models - len(printed.rows)
    rows.append(("between, not printed", unprinted, float(printed.n_models * chance[between].sum())))
    for place, edge in enumerate(edges[:-1]):
        inside = (bias >= starts[place] - 1e-9) & (bias < starts[place + 1] - 1e-9)
        seen = sum(edge - 1e-9 <= figure < edges[place + 1] - 1e-9 for figure in figures["most"])
        rows.append(
            (
                f"{edge:.2f} to {edges[place + 1] - 0.01:.2f}",
                seen,
                float(printed.n_models * chance[inside].sum()),
            )
        )
    last = sum(figure >= edges[-1] - 1e-9 for figure in figures["most"])
    rows.append((f"{edges[-1]:.2f}", last, float(printed.n_models * chance[bias >= starts[-1] - 1e-9].sum())))
    return tuple(rows)


def _edges(figures: Sequence[float], *, top: float) -> list[float]:
    """Steps of 0.05 from the smallest figure to the largest bias there can be."""
    lowest = figures[0] if figures else top
    steps = int((top - lowest) / 0.05 + 1e-9)
    return [round(lowest + 0.05 * step, 2) for step in range(steps)] + [top] if steps else [top]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Likelihood:
    """The observations as events: how often each, and how likely under either group.

    Attributes:
        fair: Probability of each event for a fair model.
        spread: The same for the others: from concentrations α + β to a row each.
        counts: Models in each event.
    """

    fair: Floats
    spread: Callable[[Floats], Floats]
    counts: Floats

    def log(self, w: Floats, others: Floats) -> Floats:
        """Log-likelihood of a share w of fair models, one for each row of `others`."""
        with np.errstate(divide="ignore"):
            mixed = np.log(w[:, None] * self.fair + (1 - w[:, None]) * others)
        return np.asarray(mixed @ self.counts)

    def best_share(self, others: Floats) -> Floats:
        """The likeliest w for each row: the log-likelihood is concave in w, so its slope is halved upon."""
        low, high = np.zeros(len(others)), np.ones(len(others))
        for _ in range(45):
            w = (low + high) / 2
            mixed = w[:, None] * self.fair + (1 - w[:, None]) * others
            pulls = np.divide(self.fair - others, mixed, out=np.zeros_like(mixed), where=mixed > 0)
            slope = pulls @ self.counts  # what is beyond a float's reach in both groups tells them not apart
            low, high = np.where(slope > 0, w, low), np.where(slope > 0, high, w)
        return np.where(low == 0, 0.0, high)


def _fit(likelihood: _Likelihood, *, target: float) -> tuple[Population, Floats]:
    """The likeliest population with its profile intervals, and each event's probability of a fair model."""
    grid = _grid(likelihood)
    others = likelihood.spread(grid)
    profile = likelihood.log(likelihood.best_share(others), others)
    concentration = np.exp(_peak(np.log(grid), profile)[0])
    at_best = likelihood.spread(np.array([concentration]))
    fair = float(likelihood.best_share(at_best)[0])
    highest = float(likelihood.log(np.array([fair]), at_best)[0])

    def reached(w: float) -> bool:
        return _peak(np.log(grid), likelihood.log(np.full(len(grid), w), others))[1] >= highest - _DROP

    fair_low, fair_high = (
        _crossing(reached, inside=fair, outside=0.0),
        _crossing(reached, inside=fair, outside=1.0),
    )
    tight, wide = _ends(np.log(grid), profile - (highest - _DROP))
    population = Population(
        n_models=int(likelihood.counts.sum()),
        fair=fair,
        fair_low=fair_low,
        fair_high=fair_high,
        spread=_deviation(concentration, target=target),
        spread_low=_deviation(np.exp(wide), target=target),
        spread_high=_deviation(np.exp(tight), target=target),
        alpha=float(concentration * target),
        beta=float(concentration * (1 - target)),
        log_likelihood=highest,
        p_fair=(),
    )
    mixed = fair * likelihood.fair + (1 - fair) * at_best[0]
    return population, fair * likelihood.fair / mixed


def _fit_two(likelihood: _Likelihood, *, target: float) -> tuple[Population, Floats]:
    """As `_fit`, with two beta distributions: their shapes on a grid that is refined around the likeliest."""
    axes = (_PAIR, _PAIR, _WEIGHTS)
    shapes, others, profile = np.empty((0, 3)), np.empty((0, len(likelihood.counts))), np.empty(0)
    for _ in range(4):
        places = np.array(np.meshgrid(*(range(len(axis)) for axis in axes), indexing="ij")).reshape(3, -1)
        tried = np.stack([axis[place] for axis, place in zip(axes, places, strict=True)], axis=1)
        ordered = tried[:, 0] < tried[:, 1]
        first, second = (likelihood.spread(axes[i])[places[i, ordered]] for i in (0, 1))
        weight = tried[ordered, 2:]
        mixtures = (1 - weight) * first + weight * second
        shapes = np.vstack([shapes, tried[ordered]])
        others = np.vstack([others, mixtures])
        profile = np.append(profile, likelihood.log(likelihood.best_share(mixtures), mixtures))
        axes = _around(shapes[int(np.argmax(profile))], axes)
    best = int(np.argmax(profile))
    fair, highest = float(likelihood.best_share(others[best : best + 1])[0]), float(profile[best])
    near = profile >= highest - _DROP

    def reached(w: float) -> bool:
        return bool(likelihood.log(np.full(near.sum(), w), others[near]).max() >= highest - _DROP)

    low, high, share = shapes[best]
    deviations = [_deviation_of_two(shape, target=target) for shape in shapes[near]]
    population = Population(
        n_models=int(likelihood.counts.sum()),
        fair=fair,
        fair_low=_crossing(reached, inside=fair, outside=0.0),
        fair_high=_crossing(reached, inside=fair, outside=1.0),
        spread=_deviation_of_two(shapes[best], target=target),
        spread_low=min(deviations),
        spread_high=max(deviations),
        alpha=float(low * target),
        beta=float(low * (1 - target)),
        log_likelihood=highest,
        p_fair=(),
        second=SecondBeta(weight=float(share), alpha=float(high * target), beta=float(high * (1 - target))),
    )
    mixed = fair * likelihood.fair + (1 - fair) * others[best]
    return population, fair * likelihood.fair / mixed


def _around(shape: Floats, axes: tuple[Floats, Floats, Floats]) -> tuple[Floats, Floats, Floats]:
    """Nine values of each parameter between the neighbours of the likeliest."""
    first, second = (
        np.geomspace(at / (axis[1] / axis[0]), at * (axis[1] / axis[0]), 9)
        for at, axis in zip(shape[:2], axes[:2], strict=True)
    )
    step = axes[2][1] - axes[2][0]
    return first, second, np.linspace(max(0.01, shape[2] - step), min(0.99, shape[2] + step), 9)


def _deviation_of_two(shape: Floats, *, target: float) -> float:
    """Standard deviation of a mixture of two beta distributions with one mean."""
    first, second, weight = shape
    variances = target * (1 - target) / (np.array([first, second]) + 1)
    return float(np.sqrt((1 - weight) * variances[0] + weight * variances[1]))


def _grid(likelihood: _Likelihood) -> Floats:
    """Concentrations, finely, wherever the log-likelihood is within 12 of its highest."""
    others = likelihood.spread(_COARSE)
    profile = likelihood.log(likelihood.best_share(others), others)
    near = np.flatnonzero(profile > profile.max() - 12)
    low, high = max(near[0] - 1, 0), min(near[-1] + 1, len(_COARSE) - 1)
    return np.geomspace(_COARSE[low], _COARSE[high], _FINE)


def _peak(x: Floats, y: Floats) -> tuple[float, float]:
    """Where a sampled curve is highest and how high, by the parabola through its three highest neighbours."""
    i = int(np.argmax(y))
    if i in {0, len(y) - 1}:
        return float(x[i]), float(y[i])
    slope, bend = (y[i + 1] - y[i - 1]) / 2, y[i + 1] - 2 * y[i] + y[i - 1]
    shift = 0.0 if bend == 0 else -slope / bend
    return float(x[i] + shift * (x[1] - x[0])), float(y[i] + slope * shift / 2)


def _crossing(reached: Callable[[float], bool], *, inside: float, outside: float) -> float:
    """The end of an interval on the way from inside to outside, by halving; outside if it is reached."""
    if reached(outside):
        return outside
    for _ in range(40):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if reached(middle) else (inside, middle)
    return inside


def _ends(x: Floats, height: Floats) -> tuple[float, float]:
    """First and last x where the curve is above 0, interpolated; the range's own end where it never falls."""
    above = np.flatnonzero(height >= 0)
    first, last = int(above[0]), int(above[-1])
    low = x[0] if first == 0 else np.interp(0.0, height[first - 1 : first + 1], x[first - 1 : first + 1])
    high = x[-1] if last == len(x) - 1 else np.interp(0.0, -height[last : last + 2], x[last : last + 2])
    return float(low), float(high)


def _deviation(concentration: float, *, target: float) -> float:
    """Standard deviation of a beta distribution of this concentration with its mean at the target."""
    return float(np.sqrt(target * (1 - target) / (concentration + 1)))


def _beta_binomial(
    n_ones: NDArray[np.int64], n_valid: NDArray[np.int64], concentration: Floats, *, target: float
) -> Floats:
    """Probability of each count (columns) for each concentration α + β (rows), the mean at the target."""
    a, b = concentration[:, None] * target, concentration[:, None] * (1 - target)
    choices = gammaln(n_valid + 1) - gammaln(n_ones + 1) - gammaln(n_valid - n_ones + 1)
    log_p = choices + betaln(n_ones + a, n_valid - n_ones + b) - betaln(a, b)
    return np.asarray(np.exp(log_p), np.float64)
