"""What a posterior says in a reader's units: factors, effects, authors; from log-odds to bias."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from flipsite.domain.fit import AuthorEffect, Effect, EffectPoint, FormName, Part
from flipsite.fit.counts import FlipCounts, Floats
from flipsite.fit.covariates import CovariateColumn, Covariates

MOST_DRAWS: Final = 2000
"""Posterior draws that factors and curves are computed from; evenly spaced."""

SEEN: Final = 1.959964 + 0.841621
"""Standard errors that an effect must measure to be told from none, four times in five (5 %, two-sided)."""

CURVE_POINTS: Final = 25

_LEVELS = (2.5, 50.0, 97.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """A form's draws, its chains end to end, thinned to what a picture needs; arrays are (n_draws, ...)."""

    form: FormName
    target: float
    values: Mapping[str, Floats]

    def linear(self, part: Part) -> Floats:
        """The average model's linear predictor (n_draws)."""
        return self.values[f"{part}_intercept"]

    def expected(self, part: Part, shift: Floats | float = 0.0) -> Floats:
        """What a model is expected to show when a part's linear predictor is shifted by so much.

        Returns:
            The odds of a one in the part `mean`; in the part `spread` the expected |p − target| (n_draws).
        """
        if part == "mean":
            odds: Floats = np.exp(self._target() + self.linear("mean") + shift)
            return odds
        centre = self._target() + self.values.get("mean_intercept", np.zeros(1))
        return expected_bias(self.form, centre, self.linear("spread") + shift, target=self.target)

    def _target(self) -> float:
        return float(np.log(self.target) - np.log1p(-self.target))


def posterior(form: FormName, draws: Any, counts: FlipCounts) -> Posterior:
    """The posterior of ArviZ's draws."""
    flat = {}
    for name in draws.posterior.data_vars:
        values = np.asarray(draws.posterior[name])
        values = values.reshape(-1, *values.shape[2:])
        flat[str(name)] = values[:: max(1, len(values) // MOST_DRAWS)]
    return Posterior(form=form, target=counts.target, values=flat)


def expected_bias(form: FormName, centre: Floats, log_spread: Floats, *, target: float) -> Floats:
    """E|p − target| of a model with this centre (log-odds) and spread, by form.

    In a mixture, of a model that is not exactly fair. For a beta distribution in closed form; for a normal
    distribution of log-odds, the average over 200 of its quantiles.
    """
    from scipy.special import betainc, expit, ndtri

    if form == "betabinomial":
        m, both = expit(centre), np.exp(-log_spread)
        a, b = m * both, (1 - m) * both
        below, weighted = betainc(a, b, target), betainc(a + 1, b, target)
        distance: Floats = m * (1 - 2 * weighted) - target * (1 - 2 * below)
        return distance
    z = ndtri((np.arange(200) + 0.5) / 200)
    share = expit(centre[..., None] + np.exp(log_spread)[..., None] * z)
    return np.asarray(np.abs(share - target).mean(axis=-1))


def factors(found: Posterior, part: Part, shift: Floats) -> tuple[float, float, float]:
    """What a shift multiplies the expected odds or bias by: low, median, high."""
    ratio = found.expected(part, shift) / found.expected(part)
    low, middle, high = np.percentile(ratio, _LEVELS)
    return float(low), float(middle), float(high)


def seen(found: Posterior, part: Part, slope: Floats) -> tuple[float, float]:
    """The weakest factors, below and above 1, that a study of this precision would tell from 1."""
    shift = SEEN * float(slope.std())
    below, above = (
        float(np.median(found.expected(part, sign * shift) / found.expected(part))) for sign in (-1.0, 1.0)
    )
    return below, above


def authors(found: Posterior, part: Part, counts: FlipCounts) -> Iterator[AuthorEffect]:
    """Each author's factor, by name; nothing where there is one author."""
    effects = found.values.get(f"{part}_author")
    if effects is None:
        return
    sizes = np.bincount(counts.author, minlength=len(counts.authors))
    for place, author in enumerate(counts.authors):
        low, factor, high = factors(found, part, effects[:, place])
        yield AuthorEffect(author=author, models=int(sizes[place]), factor=factor, low=low, high=high)


def effects(found: Posterior, part: Part, given: Covariates) -> Iterator[Effect]:
    """Each covariate's conditional effect, the other columns at their averages."""
    slopes = found.values.get(f"{part}_slopes")
    if slopes is None:
        return
    by_covariate: dict[str, list[int]] = {}
    for place, column in enumerate(given.columns):
        by_covariate.setdefault(column.covariate, []).append(place)
    for covariate, places in by_covariate.items():
        numbers = [place for place in places if not given.columns[place].level]
        if numbers:
            points = _curve(found, part, given, numbers[0], slopes)
        elif " + " in covariate:
            continue  # unknown covariates together: their term says it all
        else:
            points = _levels(found, part, [(given.columns[place], slopes[:, place]) for place in places])
        quantity: Literal["bias", "share"] = "share" if part == "mean" else "bias"
        yield Effect(covariate=covariate, quantity=quantity, points=tuple(points))


def _curve(
    found: Posterior, part: Part, given: Covariates, place: int, slopes: Floats
) -> Iterator[EffectPoint]:
    column, cells = given.columns[place], given.matrix[:, place]
    for at in np.linspace(cells.min(), cells.max(), CURVE_POINTS):
        natural = column.average + at * column.deviation
        raw = natural if column.contrast == "a year later" else 10**natural
        yield _point(found, part, float(raw), slopes[:, place] * at)


def _levels(
    found: Posterior, part: Part, columns: list[tuple[CovariateColumn, Floats]]
) -> Iterator[EffectPoint]:
    """The reference first: every column of the covariate at its lowest."""
    lowest = sum((-column.average * slope for column, slope in columns), start=np.zeros(1))
    yield _point(found, part, columns[0][0].reference, lowest)
    for column, slope in columns:
        yield _point(found, part, column.level, lowest + slope)


def _point(found: Posterior, part: Part, at: float | str, shift: Floats) -> EffectPoint:
    values = found.expected(part, shift)
    values = values / (1 + values) if part == "mean" else values  # odds as a share
    low, middle, high = np.percentile(values, _LEVELS)
    return EffectPoint(at=at, mean=float(middle), low=float(low), high=float(high))
