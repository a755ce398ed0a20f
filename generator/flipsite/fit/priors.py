"""Weakly informative priors; the same numbers for the sampler and for simulation.

Every column has average 0; a number's has deviation 1. On the log-odds of a one a coefficient of 1 is a
factor of e in the odds. On the log of a scale, 0.5 makes the distance from the target 1.6 times as large: two
prior deviations make it 2.7 times as large, a difference that needs no statistics.
"""

from dataclasses import dataclass
from typing import Final

from flipsite.domain.fit import FormName, Part, PriorNote


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """The prior of one linear predictor.

    Attributes:
        centre: Mean of the intercept, which is normal.
        wide: Its deviation.
        slope: Deviation of every coefficient, each normal about 0.
        authors: Scale of the deviation between authors, which is half-normal.
    """

    centre: float
    wide: float
    slope: float
    authors: float


MEAN: Final = Prior(centre=0.0, wide=1.5, slope=1.0, authors=1.0)
"""Of the log-odds of a one, as far as they are from the target's."""

OVERDISPERSION: Final = Prior(centre=0.0, wide=1.5, slope=1.0, authors=1.0)
"""Of the log-odds of the correlation between two draws of one model."""

SCALE: Final = Prior(centre=0.5, wide=1.0, slope=0.5, authors=0.5)
"""Of log σ. At σ = 1.6 a share of ones is about uniform between 0 and 1."""

CENTRE_DEVIATION: Final = 0.5
"""Of μ, the log-odds about which the models lie, around the target's."""


def prior_of(form: FormName, part: Part) -> Prior:
    """The prior of one part of a form."""
    if part == "mean":
        return MEAN
    return OVERDISPERSION if form == "betabinomial" else SCALE


def prior_notes() -> tuple[PriorNote, ...]:
    """All priors in words."""
    parts = (
        ("log-odds of a one (mean, beta-binomial)", MEAN),
        ("log-odds of ρ (beta-binomial)", OVERDISPERSION),
        ("log σ (scale, mixture)", SCALE),
    )
    centre = PriorNote(
        part="μ, and π (scale, mixture)",
        intercept=f"μ: Normal(0, {CENTRE_DEVIATION:g}); π: uniform",
        slopes="none",
        authors="none",
    )
    return (
        *(
            PriorNote(
                part=part,
                intercept=f"Normal({prior.centre:g}, {prior.wide:g})",
                slopes=f"Normal(0, {prior.slope:g})",
                authors=f"half-normal({prior.authors:g})",
            )
            for part, prior in parts
        ),
        centre,
    )
