"""A second reading of the same draws: the mean of the probabilities that log-probabilities give each outcome.

A draw says which outcome fell, with variance p(1 − p); a probability says how often it would have, with the
variance of the probabilities from request to request. Where those hardly vary, one request is worth many
draws, provided that the draws fall as the probabilities say.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flipsite.analyse.p_values import benjamini_hochberg
from flipsite.analyse.verdict import FALSE_DISCOVERY_RATE
from flipsite.domain.draws import Codes, Draws, Tally, probabilities_of
from flipsite.domain.money import Usd
from flipsite.special import ndtr, stdtrit

Floats = NDArray[np.float64]

MOST_EXACT = 1_000
"""Draws up to which their agreement with the probabilities is tested exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanProbability:
    """The mean probability of one outcome over draws, with its 95 % interval.

    Attributes:
        low: By Student's t over the draws, within 0 and 1; None of one draw.
        drawn: The share of the same draws that had the outcome.
    """

    mean: float
    low: float | None
    high: float | None
    drawn: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LogprobReading:
    """The log-probabilities of one model beside its draws.

    Attributes:
        n_read: Valid draws whose probabilities are known.
        n_valid: All valid draws.
        outcomes: Of each outcome, given that some label is drawn: each draw's probabilities over their sum.
        cover: Mean probability that the labels have together; the rest went to other words or is not known.
        n_partial: Draws in which a label lay beyond the alternatives, so that its share counts as 0.
        p_value: Of the draws, if each had fallen with the probabilities stated for it.
        q_value: Of the larger of this and that at the study's temperature, over the study's models
            (Benjamini and Hochberg): the draws may fall as either says.
        at_temperature: The same for probabilities at the study's temperature, p^(1/T) over its sum; None
            where the study sets none, or 1.
        n_requests: Requests whose probabilities, by the reading that fits the draws better, are worth
            the draws read here; None where a draw had a label beyond the alternatives.
        draw_usd: Mean price of a draw; None where it is unknown.
    """

    n_read: int
    n_valid: int
    outcomes: tuple[MeanProbability, ...]
    cover: float
    n_partial: int
    p_value: float
    q_value: float
    at_temperature: "TemperedReading | None"
    n_requests: int | None
    draw_usd: Usd | None

    @property
    def agrees(self) -> bool:
        """Whether the draws fall as the probabilities say, as they are or at the study's temperature."""
        return self.q_value >= FALSE_DISCOVERY_RATE

    @property
    def is_raw(self) -> bool:
        """Whether the probabilities fit the draws at the study's temperature, and not as they came."""
        tempered = self.at_temperature
        return tempered is not None and self.p_value < FALSE_DISCOVERY_RATE <= tempered.p_value

    @property
    def best_p_value(self) -> float:
        """The larger p-value of the two readings."""
        return max(self.p_value, self.at_temperature.p_value if self.at_temperature else 0.0)

    @property
    def saved_draws(self) -> int:
        """Draws that could have been left unasked; 0 unless the draws fall as is stated."""
        return self.n_read - self.n_requests if self.agrees and self.n_requests is not None else 0

    @property
    def saved_usd(self) -> Usd | None:
        """Their cost; None where prices are unknown."""
        return None if self.draw_usd is None else self.saved_draws * self.draw_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperedReading:
    """The same, had the log-probabilities been reported before the temperature was applied."""

    temperature: float
    outcomes: tuple[MeanProbability, ...]
    p_value: float


def logprob_readings(
    draws: Draws, tallies: Sequence[Tally], *, n_outcomes: int, temperature: float | None
) -> dict[str, LogprobReading]:
    """Read the log-probabilities of each model that gave some; none for a study that did not ask.

    Args:
        draws: The study's; of draws too many to hold, the first of each model's.
        tallies: Counts and money of all draws.
        n_outcomes: How many outcomes there are, k.
        temperature: As the study sets it; None for the provider's own.
    """
    if draws.p_labels is None:
        return {}
    by_model = {tally.model: tally for tally in tallies}
    known: dict[str, Floats] = {}
    found = {}
    for index, model in enumerate(draws.models):
        rows = range(*draws.rows(index).indices(len(draws)))
        read = [(row, text) for row in rows if (text := draws.p_labels[row]) and draws.outcome[row] >= 0]
        masses = [known.setdefault(text, _masses(text, n_outcomes)) for _, text in read]
        usable = [each for each, mass in zip(read, masses, strict=True) if np.nansum(mass) > 0]
        if usable and model in by_model:
            p = np.array([known[text] for _, text in usable])
            outcomes = draws.outcome[[row for row, _ in usable]]
            found[model] = _reading(p, outcomes, by_model[model], temperature=temperature)
    adjusted = benjamini_hochberg([each.best_p_value for each in found.values()]).tolist()
    return {model: replace(each, q_value=q) for (model, each), q in zip(found.items(), adjusted, strict=True)}


def _masses(text: str, n_outcomes: int) -> Floats:
    """A cell's probabilities, NaN where null; none at all where it holds others than the study's."""
    p = probabilities_of(text) or ()
    if len(p) != n_outcomes:
        return np.full(n_outcomes, np.nan)
    return np.array([np.nan if each is None else each for each in p], np.float64)


def _reading(masses: Floats, drawn: Codes, tally: Tally, *, temperature: float | None) -> LogprobReading:
    """The reading of draws, a row of masses each."""
    n, k = masses.shape
    n_partial = int(np.isnan(masses).any(axis=1).sum())
    masses = np.nan_to_num(masses)
    p = masses / masses.sum(axis=1, keepdims=True)
    hits = drawn[:, None] == np.arange(k)
    p_value, tempered, fitting = _agreement(p, hits), None, p
    if temperature is not None and temperature != 1:
        q = at_temperature(p, temperature)
        tempered = TemperedReading(
            temperature=temperature, outcomes=_means(q, hits), p_value=_agreement(q, hits)
        )
        fitting = q if tempered.p_value > p_value else p
    return LogprobReading(
        n_read=n,
        n_valid=tally.n_valid,
        outcomes=_means(p, hits),
        cover=float(masses.sum(axis=1).mean()),
        n_partial=n_partial,
        p_value=p_value,
        q_value=p_value,
        at_temperature=tempered,
        n_requests=None if n_partial else requests_needed(fitting),
        draw_usd=None if tally.cost_usd is None else tally.cost_usd / tally.n_draws,
    )


def at_temperature(p: Floats, temperature: float) -> Floats:
    """Probabilities sharpened or flattened by a temperature: p^(1/T) over its sum.

    Args:
        p: A row a draw, each of which sums to 1.
        temperature: At least 0; 0 leaves the likeliest outcome alone, or those that share the first place.
    """
    top = p / p.max(axis=1, keepdims=True)
    powered = (top == 1).astype(np.float64) if temperature == 0 else top ** (1 / temperature)
    return np.asarray(powered / powered.sum(axis=1, keepdims=True))


def requests_needed(p: Floats) -> int:
    """Requests whose mean probability is as precise as the shares of one draw from each row.

    The variance of a mean of n rows is Σ Var(pⱼ)/n, that of the draws' shares Σ p̄ⱼ(1 − p̄ⱼ)/n, over all
    outcomes j: n requests are worth n times the latter over the former.

    Returns:
        At least 1, and at most the number of rows.
    """
    n = len(p)
    if n < 2:
        return n
    mean = p.mean(axis=0)
    by_draws = float((mean * (1 - mean)).sum())
    by_probability = float(p.var(axis=0, ddof=1).sum())
    if by_probability <= 1e-12:
        return 1
    return min(n, max(1, math.ceil(n * by_probability / by_draws - 1e-9))) if by_draws > 0 else 1


def _means(p: Floats, hits: NDArray[np.bool_]) -> tuple[MeanProbability, ...]:
    n = len(p)
    means, drawn = p.mean(axis=0), hits.mean(axis=0)
    half = (
        stdtrit(n - 1, 0.975) * p.std(axis=0, ddof=1) / math.sqrt(n) if n > 1 else np.full(p.shape[1], np.nan)
    )
    return tuple(
        MeanProbability(
            mean=float(mean),
            low=None if math.isnan(h) else max(0.0, float(mean - h)),
            high=None if math.isnan(h) else min(1.0, float(mean + h)),
            drawn=float(share),
        )
        for mean, h, share in zip(means, half, drawn, strict=True)
    )


def _agreement(p: Floats, hits: NDArray[np.bool_]) -> float:
    """The p-value of the draws if each fell with its own probabilities, by Bonferroni over the outcomes.

    Of two outcomes the second says all that the first does.
    """
    columns = range(1, 2) if p.shape[1] == 2 else range(p.shape[1])
    values = [poisson_binomial_p(p[:, j], int(hits[:, j].sum())) for j in columns]
    return min(1.0, min(values) * len(values))


def poisson_binomial_p(p: Floats, n_hits: int) -> float:
    """The two-sided p-value of a number of hits in independent trials of unequal probabilities.

    Exact, as the probability of all numbers that are no likelier; by the normal approximation, with a
    correction for continuity, beyond MOST_EXACT trials.
    """
    if len(p) > MOST_EXACT:
        spread = math.sqrt(float((p * (1 - p)).sum()))
        away = abs(n_hits - float(p.sum()))
        if spread == 0:
            return 1.0 if away < 0.5 else 0.0
        return float(2 * ndtr(-max(0.0, away - 0.5) / spread))
    mass = np.ones(1)
    for each in p.tolist():
        mass = np.convolve(mass, (1 - each, each))
    return float(min(1.0, mass[mass <= mass[n_hits] * (1 + 1e-7)].sum()))
