"""Everything known of one study: the analyses in running order."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from flipsite.analyse.dependence.homogeneity import (
    Homogeneity,
    ModeComparison,
    RunsTest,
    ServingGroup,
    halves,
    homogeneity,
    modes,
    serving,
    succession_of,
)
from flipsite.analyse.dependence.overdispersion import (
    DependenceTest,
    false_flag_bound,
    overdispersion,
    with_q_values,
)
from flipsite.analyse.empirical_bayes.population import Population, fit_population, fit_published_population
from flipsite.analyse.empirical_bayes.shrinkage import (
    ShrunkenBias,
    printed_shrunken_biases,
    shrunken_biases,
)
from flipsite.analyse.estimates import design_effects, estimates, published_estimates
from flipsite.analyse.fair_share import FairShare, fair_share, published_fair_share
from flipsite.analyse.label_order.decomposition import Decomposition, decompose
from flipsite.analyse.label_order.order_effects import (
    Asked,
    OrderCounts,
    SwayTest,
    asked_of,
    fair_throughout,
    sway_tests,
    sways,
)
from flipsite.analyse.methods.logprobs import LogprobReading, logprob_readings
from flipsite.analyse.missing_answers import (
    ContradictoryAnswers,
    MissingAnswers,
    contradictory_answers,
    missing_answers,
)
from flipsite.analyse.outcomes.estimates import ModelOutcomes, outcome_study_estimates, study_outcomes
from flipsite.analyse.published.enrichment import Enrichment, study_claims
from flipsite.analyse.published.possible_counts import PrintedFit, fits
from flipsite.analyse.ranking.printed_ranks import estimate_printed_ranks
from flipsite.analyse.ranking.ranks import RankEstimate, counts_by_order, estimate_ranks
from flipsite.analyse.sequences.study import SequenceStudy, sequence_study
from flipsite.analyse.stopping import Stop, replay
from flipsite.analyse.tally import SpendRow, spend, tally
from flipsite.analyse.verdict import FALSE_DISCOVERY_RATE
from flipsite.domain.catalogue import Model
from flipsite.domain.counts import (
    ModelCounts,
    PrintedCounts,
    StudyCounts,
    count_study,
    counts_without_draws,
)
from flipsite.domain.display import plural
from flipsite.domain.draws import Draws, Tally
from flipsite.domain.estimates import Estimate, Printed, Sway
from flipsite.domain.fit import Fit as Regressions
from flipsite.domain.money import Usd
from flipsite.domain.study import Feature, Study
from flipsite.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The tests of one model's page; None where a test says nothing.

    Attributes:
        swayed: Order, look and label, as far as the study's design tells them apart.
        missing: Answers that name no side, and what they could change.
        by_provider: Whether its providers draw alike.
        by_day: Whether its days draw alike.
        by_half: Whether the first half of its draws and the second are alike.
        succession: Whether the outcomes come in an order that chance would give.
        modes: Structured answers against text.
    """

    swayed: Decomposition
    missing: MissingAnswers
    by_provider: Homogeneity | None
    by_day: Homogeneity | None
    by_half: Homogeneity | None
    succession: RunsTest | None
    modes: ModeComparison | None

    @property
    def dependence_tests(self) -> tuple[DependenceTest, ...]:
        """The tests of whether the draws are independent draws of one coin."""
        tests = (self.succession, self.by_half, self.by_provider, self.by_day)
        return tuple(test for test in tests if test)


def evidence(study: Study, counts: StudyCounts) -> dict[str, Evidence]:
    """The evidence on each model of a study, by model."""
    target = study.prompt.target
    missing = missing_answers(counts.tallies, target=target)
    tests = with_q_values({each.model: _dependence_tests(counts.models[each.model]) for each in missing})
    return {
        each.model: Evidence(
            swayed=decompose(each.model, counted.shown, target=target),
            missing=each,
            by_provider=by.get("provider"),
            by_day=by.get("day"),
            by_half=by.get("half"),
            succession=next((test for test in tests[each.model] if isinstance(test, RunsTest)), None),
            modes=modes(counted.by_mode),
        )
        for each in missing
        for counted in (counts.models[each.model],)
        for by in ({test.by: test for test in tests[each.model] if isinstance(test, Homogeneity)},)
    }


def _dependence_tests(counts: ModelCounts) -> tuple[RunsTest | Homogeneity, ...]:
    """The tests of whether one model's draws are independent draws of one coin, those that say something."""
    tests = (
        succession_of(counts.neighbours),
        homogeneity(halves(counts.trajectory), by="half"),
        homogeneity(counts.by_provider, by="provider"),
        homogeneity(counts.by_day, by="day"),
    )
    return tuple(test for test in tests if test)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyReport:
    """One study with what follows from its draws, or from its printed figures.

    Attributes:
        estimates: One record a model, sorted by model.
        draws: The draws, or the beginning of each model's where they are too many to hold; None for a
            published study and for one not yet collected.
        counts: Of all draws; None without any.
        sampled: Whether `draws` are but the first of each model's.
        asked: When the first and the last draw were asked; None where that is unknown.
        tallies: Counts by model; empty without draws.
        printed: The printed figures; None unless the study is published with figures.
        sources: Where the counts of a model are stated, of a study published with counts.
        fits: For each printed model, the counts that print as its figure.
        by_order: Ones and valid draws in each order, of models that were asked in two.
        rank_estimates: Rank and bias with their intervals, of models with a valid draw or a printed
            figure that some count prints.
        evidence: Other findings from the draws of each model; empty without draws.
        serving: Who answered for a model, where that was more than one provider or served model, by model;
            empty where not all draws are held.
        outcomes: The same of k > 2 outcomes, of models with a valid draw; all that
            follows from a share of ones is then empty.
        logprobs: What log-probabilities say beside the draws, by model; of models that gave some.
        sequences: The answers and what they say, where each holds several draws; else None.
        repeated: Answers by model whose id and body had come before: a cache may have given them.
        contradictory: The answers that state more than one side, of models that gave some; empty where not
            all draws are held.
        spend: What each model cost, most expensive first; empty where nothing was priced.
        truths: The probability of a one that each simulated coin was made with, by model.
        fair_share: How many models could be fair; None without a valid draw.
        population: The fitted population of shares of ones; None for fewer than three models.
        stops: Where each model's draws would have stopped, had they been asked until settled.
        features: What is known of each model besides its flips, by model.
        fit: The study's regressions; None where none has been fitted.
        fit_older_than: Names of the files that say other than what was fitted.
        catalogue: Entries of the catalogue that the study kept, by model.
        sent: The settings in each request to a model as its body holds them, by model; models of which no
            catalogue was kept are missing.
        unsent: Of each setting of the study, the models it was not sent to, for they do not advertise it.
        claims: Whether one kind of model is at one end rather than the other; needs features.
    """

    study: Study
    estimates: tuple[Estimate, ...]
    draws: Draws | None = None
    counts: StudyCounts | None = None
    sampled: bool = False
    asked: tuple[str, str] | None = None
    tallies: tuple[Tally, ...] = ()
    printed: Printed | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    fits: Mapping[str, tuple[PrintedFit, ...]] = field(default_factory=dict)
    by_order: Mapping[str, OrderCounts] = field(default_factory=dict)
    rank_estimates: Mapping[str, RankEstimate] = field(default_factory=dict)
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    serving: Mapping[str, tuple[ServingGroup, ...]] = field(default_factory=dict)
    outcomes: Mapping[str, ModelOutcomes] = field(default_factory=dict)
    logprobs: Mapping[str, LogprobReading] = field(default_factory=dict)
    sequences: SequenceStudy | None = None
    repeated: Mapping[str, int] = field(default_factory=dict)
    contradictory: tuple[ContradictoryAnswers, ...] = ()
    spend: tuple[SpendRow, ...] = ()
    truths: Mapping[str, float] = field(default_factory=dict)
    fair_share: FairShare | None = None
    population: Population | None = None
    stops: Mapping[str, Stop] = field(default_factory=dict)
    features: Mapping[str, tuple[Feature, ...]] = field(default_factory=dict)
    fit: Regressions | None = None
    fit_older_than: tuple[str, ...] = ()
    catalogue: Mapping[str, Model] = field(default_factory=dict)
    sent: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    unsent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    claims: tuple[Enrichment, ...] = ()

    def __repr__(self) -> str:
        """The study and how many models it has, on one line."""
        return f"<StudyReport {self.study.id!r}: {plural(len(self.estimates), 'model')}>"


def report_draws(
    study: Study,
    draws: Draws | None,
    *,
    counts: StudyCounts | None = None,
    truths: Mapping[str, float] | None = None,
    announced: Mapping[str, Usd] | None = None,
    off_list: Mapping[str, float] | None = None,
) -> StudyReport:
    """Analyse a study's draws; without any the report is empty, which is what its pages then say.

    Args:
        study: Says the kind and the target.
        draws: All of them; of draws too many to hold, the beginning of each model's.
        counts: Of all draws, where `draws` are not all.
        truths: The probability of a one that each simulated coin was made with, by model.
        announced: The estimated price of one draw of a model, by model.
        off_list: Share of each model's answers that named what was not offered, where that is known.
    """
    if draws is None:
        return StudyReport(study=study, estimates=())
    if study.sampling.per_answer > 1:
        return _sequences(study, draws, announced or {}, sampled=counts is not None)
    sampled, k = counts is not None, len(study.prompt.outcomes)
    counts = counts or count_study(draws, tally(draws, n_outcomes=k), n_outcomes=k)
    report = StudyReport(
        study=study,
        estimates=(),
        draws=draws,
        tallies=counts.tallies,
        counts=counts,
        sampled=sampled,
        asked=counts.asked,
        spend=spend(counts.tallies, estimated_draw_usd=announced),
        serving={} if sampled else serving(draws),
        logprobs=logprob_readings(
            draws, counts.tallies, n_outcomes=k, temperature=study.sampling.temperature
        ),
    )
    if k > 2:
        return _outcomes(report, counts, off_list or {})
    return _coins(report, counts, truths or {}, off_list or {})


def _sequences(study: Study, draws: Draws, announced: Mapping[str, Usd], *, sampled: bool) -> StudyReport:
    """The report on answers of several draws each."""
    if sampled:
        raise UsageError(f"{study.id}: has more answers of several draws than can be read; split the study.")
    found = sequence_study(study, draws, tally(draws))
    moments = [moment for moment in draws.asked_at if moment]
    return StudyReport(
        study=study,
        estimates=found.estimates,
        draws=draws,
        asked=(min(moments), max(moments)) if moments else None,
        tallies=found.tallies,
        sequences=found,
        spend=spend(found.tallies, estimated_draw_usd=announced),
        serving=serving(draws),
    )


def _outcomes(report: StudyReport, counts: StudyCounts, off_list: Mapping[str, float]) -> StudyReport:
    """The report on draws from more than two outcomes."""
    found = study_outcomes(report.study, counts)
    records = outcome_study_estimates(report.study, counts.tallies, found, off_list=off_list)
    return replace(report, outcomes=found, estimates=records)


def _coins(
    report: StudyReport,
    counts: StudyCounts,
    truths: Mapping[str, float],
    off_list: Mapping[str, float],
) -> StudyReport:
    """The report on coins."""
    study = report.study
    tallies, tests = counts.tallies, evidence(study, counts)
    asked = {model: asked_of(each.shown) for model, each in counts.models.items()}
    by_order = {model: each.by_order for model, each in asked.items() if each.by_order}
    target = study.prompt.target
    swaying = sway_tests(asked, {model: each.swayed for model, each in tests.items()})
    followed = sways(swaying)
    dependent = {
        model: found
        for model, each in tests.items()
        if (found := overdispersion(each.dependence_tests, follows=model in followed, target=target))
    }
    flagged = {*followed, *dependent}
    no_coins = {model for model, sway in followed.items() if sway is Sway.LABEL} | dependent.keys()
    effects = design_effects(asked, dependent, target=target)
    least_p = {model: found.least_p for model, found in dependent.items()}
    tests = _with_missing(
        tests, asked, tallies, effects=effects, least_p=least_p, flagged=flagged, target=target
    )
    ranked = estimate_ranks(tallies, target=target, by_order=by_order, design_effects=effects)
    places = {place.model: place for place in ranked}
    return replace(
        report,
        estimates=estimates(
            study,
            tallies,
            rank_estimates=tuple(places.values()),
            asked=asked,
            followed=followed,
            dependent=dependent,
            shrunken=_shrunken(tallies, effects, by_order=by_order, without=no_coins, target=target),
            off_list=off_list,
        ),
        by_order=by_order,
        rank_estimates=places,
        evidence=tests,
        truths=truths,
        stops=_stops(counts, target=target, without=flagged),
        fair_share=fair_share(
            tallies,
            target=target,
            flagged=flagged,
            false_flags=_false_flags(swaying, tests, len(followed)),
            sway_p=_by_model(swaying),
        ),
        population=fit_population(tallies, target=target, by_order=by_order, never_fair=no_coins),
    )


def _with_missing(
    tests: dict[str, Evidence],
    asked: Mapping[str, Asked],
    tallies: Sequence[Tally],
    *,
    effects: Mapping[str, float],
    least_p: Mapping[str, float],
    flagged: Set[str],
    target: float,
) -> dict[str, Evidence]:
    """The evidence, the verdicts of missing answers being those that dependence, orders and labels allow."""
    unfair = {model for model, each in asked.items() if not fair_throughout(each, target=target)} | flagged
    if not any(
        each.missing.n_missing and (model in effects or model in unfair) for model, each in tests.items()
    ):
        return tests
    found = missing_answers(
        tallies, target=target, design_effects=effects, least_p=least_p, never_fair=unfair
    )
    return {each.model: replace(tests[each.model], missing=each) for each in found}


def _by_model(swaying: Sequence[SwayTest]) -> dict[str, list[float]]:
    """The p-values of each model's tests."""
    found: dict[str, list[float]] = {}
    for model, _, p in swaying:
        found.setdefault(model, []).append(p)
    return found


def _false_flags(swaying: Sequence[SwayTest], tests: Mapping[str, Evidence], n_followed: int) -> float:
    """Bound of the probability that a model of independent fair draws is flagged."""
    each_sway = Counter(model for model, *_ in swaying)
    made = [each.dependence_tests for each in tests.values()]
    rejected = sum((test.q_value or 0) < FALSE_DISCOVERY_RATE for each in made for test in each)
    return false_flag_bound(
        n_tests=len(swaying),
        n_rejected=n_followed * max(each_sway.values(), default=0),
        n_each=max(each_sway.values(), default=0),
    ) + false_flag_bound(
        n_tests=sum(map(len, made)), n_rejected=rejected, n_each=max(map(len, made), default=0)
    )


def _shrunken(
    tallies: Sequence[Tally],
    effects: Mapping[str, float],
    *,
    by_order: Mapping[str, OrderCounts],
    without: Container[str],
    target: float,
) -> dict[str, ShrunkenBias]:
    """The bias of each model given the draws of all, but for those shown to be no coin."""
    drawn = [each for each in tallies if each.n_valid and each.model not in without]
    counts = counts_by_order(drawn, by_order=by_order, design_effects=effects)
    found = shrunken_biases(counts, target=target)
    return {} if found is None else dict(zip((each.model for each in drawn), found, strict=True))


def _stops(counts: StudyCounts, *, target: float, without: Set[str]) -> dict[str, Stop]:
    """Where draws would have stopped, of models whose draws are independent draws of one coin."""
    followed = {model: each.trajectory for model, each in counts.models.items() if len(each.trajectory.asked)}
    stops = zip(followed, replay(list(followed.values()), target=target), strict=True)
    return {model: stop for model, stop in stops if model not in without}


def without_draws(report: StudyReport) -> StudyReport:
    """The report without its draws and what is soon counted from them, unless they are a sample."""
    return report if report.sampled or report.draws is None else replace(report, draws=None, counts=None)


def with_draws(report: StudyReport, draws: Draws) -> StudyReport:
    """The report that `without_draws` made it from; the draws are the same."""
    if report.study.sampling.per_answer > 1:
        return replace(report, draws=draws)
    counts = count_study(draws, report.tallies, n_outcomes=len(report.study.prompt.outcomes))
    return replace(report, draws=draws, counts=counts)


def report_counts(study: Study, rows: Sequence[PrintedCounts]) -> StudyReport:
    """Analyse a study of which only counts are known.

    Raises:
        UsageError: If its answers hold several draws each: counts do not say how these follow each other.
    """
    if study.sampling.per_answer > 1:
        raise UsageError(
            f"{study.id}: counts of answers with {study.sampling.per_answer} draws each cannot be analysed; "
            "import the answers, or set sampling.per_answer = 1."
        )
    counts = counts_without_draws([row.tally for row in rows])
    report = StudyReport(
        study=study,
        estimates=(),
        tallies=counts.tallies,
        counts=counts,
        sources={row.model: row.source for row in rows if row.source},
    )
    if study.prompt.n_outcomes > 2:
        return _outcomes(report, counts, {})
    return _coins(report, counts, {}, {})


def report_printed(study: Study, printed: Printed) -> StudyReport:
    """Analyse a published study's printed figures."""
    target = study.prompt.target
    ways = {row.model: fits(row, printed, target=target) for row in printed.rows}
    population = fit_published_population(printed, target=target)
    rank_estimates = estimate_printed_ranks(printed, ways, population, target=target) if population else ()
    shrunken = printed_shrunken_biases(printed, ways, population, target=target) if population else {}
    return StudyReport(
        study=study,
        estimates=published_estimates(study, printed, rank_estimates=rank_estimates, shrunken=shrunken),
        printed=printed,
        fits=ways,
        rank_estimates={place.model: place for place in rank_estimates},
        fair_share=published_fair_share(printed, target=target),
        population=population,
    )


def with_contradictory(report: StudyReport, last: Mapping[str, Sequence[int | None]]) -> StudyReport:
    """The report, with the answers that state more than one side.

    Args:
        report: The study's.
        last: Of each such answer of a model the outcome it states last; None for none.
    """
    shares = report.study.prompt.shares
    found = (
        contradictory_answers(tally, last[tally.model], shares=shares)
        for tally in report.tallies
        if last.get(tally.model)
    )
    return replace(report, contradictory=tuple(found))


def with_features(report: StudyReport, features: Mapping[str, tuple[Feature, ...]]) -> StudyReport:
    """The report, knowing what the models are besides their flips."""
    claims = study_claims(report.estimates, features, printed=report.printed)
    return replace(report, features=features, claims=claims)
