"""Posterior summaries in units of bias or odds: factors, effects, authors, the smallest effect found."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from flipsite.domain.fit import AuthorEffect, Effect, EffectPoint, FormName, Part
from flipsite.fit.counts import FlipCounts, Floats
from flipsite.fit.covariates import CovariateColumn, Covariates

MOST_DRAWS: Final = 2000
"""Posterior draws that factors and curves are computed from; evenly spaced."""

LEVEL_Z: Final = 1.959964
POWER_Z: Final = 0.841621
"""Normal quantiles of a 95 % interval, and of a power of four in five."""

LARGEST_EFFECT: Final = 3.0
"""Prior deviations beyond which no effect is expected; one found only there is found at no size."""

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
        """Expected odds or bias of the average model, its linear predictor shifted.

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
    """Factor by which a shift multiplies the expected odds or bias: low, median, high."""
    ratio = found.expected(part, shift) / found.expected(part)
    low, middle, high = np.percentile(ratio, _LEVELS)
    return float(low), float(middle), float(high)


def smallest_effect(deviation: float, prior: float) -> float | None:
    """The coefficient that a study of this precision finds four times in five.

    With a normal prior of deviation τ and an estimate of error e, the posterior has deviation s and shrinks
    the estimate by B = 1 − s²/τ², where e = s/√B. Its 95 % interval excludes 0 where the shrunken estimate
    passes 1.96 s, that is the estimate 1.96 e/√B; four times in five it passes that where the coefficient is
    larger by 0.84 e.

    Args:
        deviation: Posterior deviation s of the coefficient.
        prior: Prior deviation τ.

    Returns:
        None where it would exceed LARGEST_EFFECT prior deviations: the prior outweighs the data.
    """
    kept = 1 - (deviation / prior) ** 2
    if kept <= 0:
        return None
    error = deviation / kept**0.5
    effect = error * (LEVEL_Z / kept**0.5 + POWER_Z)
    return effect if effect <= LARGEST_EFFECT * prior else None


def seen(
    found: Posterior, part: Part, slope: Floats, *, prior: float
) -> tuple[float, float] | tuple[None, None]:
    """The factors nearest to 1, below and above, that such a study finds four times in five; None if none."""
    shift = smallest_effect(float(slope.std()), prior)
    if shift is None:
        return None, None
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
