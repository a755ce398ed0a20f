"""A run's request, its quote, its progress and its report; the same for a run that asks a classifier."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from flipsite.collect.client import OPENROUTER
from flipsite.collect.run_plan import CollectPlan
from flipsite.collect.run_state import RunProgress
from flipsite.collect.scheduler import Settlement
from flipsite.domain.display import plural, usd_text
from flipsite.domain.money import NOTHING, Usd, usd
from flipsite.domain.study import MOST_BUDGET_USD, Feature, Shard, Study
from flipsite.errors import FlipsiteError, UsageError


class Unbounded(Enum):
    """The user wants no bound on what a run costs, whatever the study says."""

    YES = auto()


def read_budget(number: float | None) -> Usd | Unbounded | None:
    """A budget in dollars as a user gives it: infinite is no bound, None is what the study says.

    Raises:
        UsageError: If it is negative, or beyond a billion.
    """
    if number is None:
        return None
    if number == math.inf:
        return Unbounded.YES
    if not 0 <= number <= MOST_BUDGET_USD:
        raise UsageError(f"a budget of {number}: expected dollars, from 0 to a billion")
    return usd(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """The user's options, where they differ from the study.

    Attributes:
        study_id: The study; made from the article's prompt where it does not exist.
        models: Globs that narrow the study's.
        skip: Globs left out on top of the study's.
        draws: Draws of each model; None as in the study.
        budget_usd: In all; None as in the study.
        concurrency: Requests in flight at most.
        api_base: Address that ends before `/models`.
        simulated_seed: Ask the simulated endpoint of this seed; None asks the real one.
        until_settled: Ask a model no more once its draws have shown it biased or fair.
        shard: Ask only its models, with its share of the budget; None asks all.
        timeout_s: Seconds that a draw may take; None as in the study.
        adopt: Take the snapshot's draws, whose cache is elsewhere, as asked and paid.
    """

    study_id: str
    models: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    draws: int | None = None
    budget_usd: Usd | Unbounded | None = None
    concurrency: int = 64
    api_base: str = OPENROUTER
    simulated_seed: int | None = None
    until_settled: bool = False
    shard: Shard | None = None
    timeout_s: float | None = None
    adopt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuote:
    """A run's scope and cost, for the user to agree to.

    Attributes:
        study: As it will be asked.
        plan: Each model with its estimate, and who is left out.
        spent_usd: What the study has cost so far, lost answers at their worst case.
        budget_usd: What it may cost in all; None without a bound.
        account_usd: What the account's key has left; None where it is not known.
        n_lost: Answers an earlier run lost in flight.
        until_settled: Its draws and dollars are the most it may come to.
        shard: Whose models are asked, and whose equal share of the budget `budget_usd` is; None for all.
        priced: Whether the endpoint announces prices, so that money can be counted and bounded.
    """

    study: Study
    plan: CollectPlan
    spent_usd: Usd
    budget_usd: Usd | None
    account_usd: Usd | None
    n_lost: int
    until_settled: bool = False
    shard: Shard | None = None
    priced: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressSnapshot:
    """The state of a run, to be shown."""

    progress: RunProgress
    spent_usd: Usd
    left_usd: Usd | None
    n_paused: int
    bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """The outcome of a run.

    Attributes:
        snapshot: The file that `build` reads; None where there is nothing to write.
        progress: Counts of this run.
        spent_usd: What the study has cost in all.
        unpriced_usd: The part of it that is a worst case, since no price was stated.
        by_model: What each model has cost in all, the dearest first.
        interrupted: Whether the user stopped it.
        budget: Models that were stopped or left out by the budget, with the reason.
        error: What stopped the run, where something did; what was bought is kept.
        settled: Models that need no more draws, by name; None where that was not checked.
        spared_usd: What the draws that are not asked for it would have cost, about.
        priced: Whether the endpoint announces prices; without them nothing is known of costs.
        warnings: Sentences on what may be wrong with the answers.
    """

    snapshot: Path | None
    progress: RunProgress
    spent_usd: Usd
    unpriced_usd: Usd
    by_model: tuple[tuple[str, Usd], ...]
    interrupted: bool
    budget: dict[str, str]
    error: FlipsiteError | None = None
    settled: tuple[Settlement, ...] | None = None
    spared_usd: Usd = NOTHING
    priced: bool = True
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Draws and spending, on one line."""
        run = self.progress
        return (
            f"<RunReport: {plural(run.n_done, 'draw')} asked, {run.n_valid:,} valid, {run.n_kept:,} there "
            f"before, {plural(len(run.skipped), 'model')} skipped, {usd_text(self.spent_usd)} spent>"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Callbacks of the run's caller.

    Attributes:
        created: Called with the path of a study.toml that was written.
        agree: Says whether to spend what the quote says.
        look: Called about four times a second with the progress.
        adopted: Called with how many draws were adopted from the snapshot, and their cost.
        begin: Says whether to begin a study whose name is one slip from an existing one's; gets both names.
    """

    created: Callable[[Path], None]
    agree: Callable[[RunQuote], bool]
    look: Callable[[ProgressSnapshot], None]
    adopted: Callable[[int, Usd], None] = lambda _n_draws, _usd: None
    begin: Callable[[str, str], bool] = lambda _study, _near: False


UNWATCHED: Watcher = Watcher(created=lambda _: None, agree=lambda _: True, look=lambda _: None)
"""Agrees to everything and shows nothing: the caller has already decided."""


CLASSIFIER = "perplexity/sonar"
"""The article's: it searches the web, and names what it found."""

SIMULATED_CLASSIFIER = "simulated/classifier"
"""The endpoint of a simulated study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRequest:
    """The user's options.

    Attributes:
        classifier: The model that is asked; None for none.
        budget_usd: For all its answers, those of earlier runs included; None without a bound.
        concurrency: Requests in flight at most.
        api_base: Address that ends before `/models`.
        simulated_seed: Ask the simulated endpoint of this seed; None asks the real one.
        dry_run: Send and write nothing.
    """

    classifier: str | None = None
    budget_usd: Usd | Unbounded | None = None
    concurrency: int = 16
    api_base: str = OPENROUTER
    simulated_seed: int | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierQuote:
    """A classifier run's scope and cost, for the user to agree to.

    Attributes:
        classifier: Its name.
        n_models: Models that it would be asked about.
        n_missing: Questions to be asked.
        n_kept: Answers that are there.
        estimate_usd: What the missing ones will cost about.
        worst_usd: The most one may cost.
        spent_usd: What answers have cost so far, lost ones at their worst case.
        budget_usd: What they may cost in all; None without a bound.
        account_usd: What the account's key has left; None where it is not known.
        n_lost: Answers an earlier run lost in flight.
        unasked: Models whose names can be no model's; they are not asked about.
        simulated: Whether the money is.
        priced: Whether its price is known, so that money can be counted and bounded.
    """

    classifier: str
    n_models: int
    n_missing: int
    n_kept: int
    estimate_usd: Usd
    worst_usd: Usd
    spent_usd: Usd
    budget_usd: Usd | None
    account_usd: Usd | None
    n_lost: int
    unasked: tuple[str, ...]
    simulated: bool
    priced: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierReport:
    """The outcome of asking a classifier.

    Attributes:
        classifier: Its name.
        features: What its answers come to, those of earlier runs included.
        progress: Counts of this run.
        spent_usd: What its answers have cost in all.
        unpriced_usd: The part of it that is a worst case, since no price was stated.
        interrupted: Whether the user stopped it.
        budget: Why the budget ended it; None where it did not.
        error: What stopped it, where something did; what was bought is kept.
        overcharged_usd: Its dearest bill for one answer, if that was more than its prices allow.
    """

    classifier: str
    features: tuple[Feature, ...]
    progress: RunProgress
    spent_usd: Usd
    unpriced_usd: Usd
    interrupted: bool
    budget: str | None
    error: FlipsiteError | None
    overcharged_usd: Usd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureWatcher:
    """The run's caller: asked for a yes before a classifier is paid, and shown the run's state."""

    agree: Callable[[ClassifierQuote], bool]
    look: Callable[[ProgressSnapshot], None]
