"""What is asked of a classifier, what that would cost, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass

from flipsite.collect.openrouter import OPENROUTER
from flipsite.collect.tide import Tide
from flipsite.domain.study import Feature
from flipsite.errors import FlipsiteError
from flipsite.offers import Look

CLASSIFIER = "perplexity/sonar"
"""The article's: it searches the web, and names what it found."""

SIMULATED_CLASSIFIER = "simulated/classifier"
"""Whom a simulated study asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureOrder:
    """What the user asks for.

    Attributes:
        classifier: The model that is asked; None asks nobody.
        budget_usd: Dollars for all its answers, those of earlier runs included; None without a bound.
        concurrency: Requests in flight at most.
        api_base: Address that ends before `/models`.
        simulated_seed: Ask the simulated endpoint of this seed; None asks the real one.
        dry_run: Ask nobody and write nothing.
    """

    classifier: str | None = None
    budget_usd: float | None = None
    concurrency: int = 16
    api_base: str = OPENROUTER
    simulated_seed: int | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What asking a classifier would do and cost, to be agreed to.

    Attributes:
        classifier: Its name.
        n_models: Models that it would be asked about.
        n_missing: Questions to be asked.
        n_kept: Answers that are there.
        estimate_usd: What the missing ones will cost about.
        worst_usd: The most one may cost.
        spent_usd: What answers have cost so far, lost ones at their worst case.
        budget_usd: What they may cost in all; None without a bound.
        account_usd: What the account's key has left; None where nobody tells.
        n_lost: Answers an earlier run lost in flight.
        unasked: Models whose names can be no model's, so that nobody is asked about them.
        simulated: Whether the money is.
    """

    classifier: str
    n_models: int
    n_missing: int
    n_kept: int
    estimate_usd: float
    worst_usd: float
    spent_usd: float
    budget_usd: float | None
    account_usd: float | None
    n_lost: int
    unasked: tuple[str, ...]
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """What came of asking a classifier.

    Attributes:
        classifier: Its name.
        features: What its answers come to, those of earlier runs included.
        tide: Counts of this run.
        spent_usd: What its answers have cost in all.
        unpriced_usd: The part of it that is a worst case, since no price was told.
        interrupted: Whether the user stopped it.
        budget: Why the budget ended it; None where it did not.
        error: What stopped it, where something did; what was bought is kept.
    """

    classifier: str
    features: tuple[Feature, ...]
    tide: Tide
    spent_usd: float
    unpriced_usd: float
    interrupted: bool
    budget: str | None
    error: FlipsiteError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureWatcher:
    """Whoever started the run: asked for a yes before a classifier is paid, and shown how it stands."""

    agree: Callable[[Inquiry], bool]
    look: Callable[[Look], None]
