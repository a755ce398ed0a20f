"""Several studies together: models that moved between two, one model in all, and families of targets.

A change between two studies has an exact test, given how many ones the model drew in both together; where its
draws depend on each other, the test of as many draws as their design effect leaves counts if that says less.
The false discovery rate runs over the models that both share.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import hypot

import numpy as np

from flipsite.analyse.cross_study.step_likeness import Calibration, Drawn, calibration, same_share_p
from flipsite.analyse.dependence.design_effect import answers_design_effect, cautious_same_shares_p
from flipsite.analyse.label_order.order_effects import OrderCounts
from flipsite.analyse.outcomes.dependence import same_shares
from flipsite.analyse.p_values import benjamini_hochberg
from flipsite.analyse.published.possible_counts import PrintedFit
from flipsite.analyse.report import StudyReport
from flipsite.analyse.verdict import FALSE_DISCOVERY_RATE
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import UNKNOWN_PROMPT, Kind, Prompt, Sampling, Study

_IMPORTED_TARGET = re.compile(r"-p\d[\d-]*$")
"""End of a study's id where one import made a study for each target: `fig1-p045`."""


Ends = tuple[float, float]
"""Low and high end of an interval."""

Effects = tuple[float, float]
"""Design effects of a model's draws before and after."""

OnesOfValid = tuple[int, int]
"""Ones and valid draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BiasChange:
    """One model in two studies.

    Attributes:
        model: The model.
        before: Its estimate in the first study.
        after: Its estimate in the second study.
        p_value: Fisher's exact test that its share of ones is the same in both; of more outcomes, an exchange
            test that all their shares are. Where a study printed a bias alone, the largest over every count
            that prints so, of either sign. Where both studies asked in two orders, twice the smaller p-value
            of the orders. Where draws depend on each other, share labels or an answer, at least that of as
            many draws as their design effects leave. None where a study has no counts.
        q_value: Benjamini-Hochberg over the models that both studies share.
        moved: Whether q is below 0.05.
    """

    model: str
    before: Estimate
    after: Estimate
    p_value: float | None
    q_value: float | None
    moved: bool

    @property
    def in_orders(self) -> bool:
        """Whether both studies asked in two orders: then the biases within orders are compared."""
        return self.before.bias_within is not None and self.after.bias_within is not None

    @property
    def biases(self) -> tuple[float | None, float | None]:
        """The biases before and after that are compared."""
        if self.in_orders:
            return self.before.bias_within, self.after.bias_within
        return self.before.bias, self.after.bias

    @property
    def intervals(self) -> tuple[Ends | None, Ends | None]:
        """Their 95 % intervals."""
        before, after = self.before, self.after
        if self.in_orders:
            return before.ranking_interval, after.ranking_interval
        return _ends(before.bias_low, before.bias_high), _ends(after.bias_low, after.bias_high)

    @property
    def difference(self) -> float | None:
        """Bias after less that before; None where one has none."""
        before, after = self.biases
        return None if before is None or after is None else after - before


def _ends(low: float | None, high: float | None) -> Ends | None:
    return None if low is None or high is None else (low, high)


def changes(
    before: Sequence[Estimate],
    after: Sequence[Estimate],
    *,
    fits_before: Mapping[str, Sequence[PrintedFit]] | None = None,
    fits_after: Mapping[str, Sequence[PrintedFit]] | None = None,
    outcomes_before: Mapping[str, Sequence[int]] | None = None,
    outcomes_after: Mapping[str, Sequence[int]] | None = None,
    effects_before: Mapping[str, float] | None = None,
    effects_after: Mapping[str, float] | None = None,
    orders_before: Mapping[str, OrderCounts] | None = None,
    orders_after: Mapping[str, OrderCounts] | None = None,
) -> tuple[BiasChange, ...]:
    """Compare the models that two studies of one target share.

    Args:
        before: Estimates of the first study.
        after: Estimates of the second.
        fits_before: The counts that fit each printed bias, where the first study is a published one.
        fits_after: The same for the second.
        outcomes_before: Counts by outcome in the first study, where there are more than two or where answers
            hold several draws.
        outcomes_after: The same for the second.
        effects_before: Design effect of each model's draws in the first study, where it is not 1.
        effects_after: The same for the second.
        orders_before: Ones and valid draws in each order of the first study, of models asked in two.
        orders_after: The same for the second.

    Returns:
        One change a model, sorted by model; none where the studies share no model.

    Source:
        Fisher (1935), J. R. Statist. Soc. 98, 39-82.
    """
    first = {record.model: record for record in before}
    second = {record.model: record for record in after}
    shared = sorted(first.keys() & second.keys())
    effects = {
        model: ((effects_before or {}).get(model, 1.0), (effects_after or {}).get(model, 1.0))
        for model in shared
    }
    p = [
        _p_of_shares([outcomes_before[model], outcomes_after[model]], effects[model])
        if outcomes_before and outcomes_after and first[model].valid and second[model].valid
        else _p_in_orders(orders_before[model], orders_after[model], effects[model])
        if orders_before and orders_after and model in orders_before and model in orders_after
        else _p_value(
            _counts(first[model], (fits_before or {}).get(model, ())),
            _counts(second[model], (fits_after or {}).get(model, ())),
            effects[model],
        )
        for model in shared
    ]
    q = benjamini_hochberg(np.array(p, np.float64))
    return tuple(
        BiasChange(
            model=model,
            before=first[model],
            after=second[model],
            p_value=p[i],
            q_value=None if p[i] is None else float(q[i]),
            moved=bool(q[i] < FALSE_DISCOVERY_RATE),
        )
        for i, model in enumerate(shared)
    )


def _counts(record: Estimate, ways: Sequence[PrintedFit]) -> list[tuple[int, int]]:
    """Every pair of ones and valid draws that a study allows for a model."""
    if record.ones is not None and record.valid:
        return [(record.ones, record.valid)]
    return [(k, way.n_valid) for way in ways for k in way.ones]


def _p_value(before: Sequence[OnesOfValid], after: Sequence[OnesOfValid], effects: Effects) -> float | None:
    """The largest p-value over all counts that are allowed; None where there are none."""
    return max((_p_of_table(one, other, effects) for one in before for other in after), default=None)


def _p_of_table(before: OnesOfValid, after: OnesOfValid, effects: Effects) -> float:
    return same_share_p(Drawn(*before, effects[0]), Drawn(*after, effects[1]))


def _p_of_shares(counts: Sequence[Sequence[int]], effects: Effects) -> float:
    return cautious_same_shares_p(same_shares(counts), counts, effects)


def _p_in_orders(before: OrderCounts, after: OrderCounts, effects: Effects) -> float:
    """Whether the share of either order changed: a model may turn from one label to the place of labels."""
    p = (_p_of_table(one, other, effects) for one, other in zip(before, after, strict=True))
    return min(1.0, 2 * min(p))


@dataclass(frozen=True, slots=True, kw_only=True)
class BiasDifference:
    """The bias of one model less that of another, in [-1, 1], with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def bias_difference(one: Estimate, other: Estimate) -> BiasDifference | None:
    """How much more biased one model is than another that was asked independently of it.

    The bias is the one that ranks: within orders where two were asked.

    Returns:
        None where either has no bias or no interval.

    Source:
        The method of variance estimates recovery, from the two intervals alone: Zou & Donner (2008),
        Statistics in Medicine 27, 1693-1702.
    """
    bias, other_bias = one.ranking_bias, other.ranking_bias
    ends, other_ends = one.ranking_interval, other.ranking_interval
    if bias is None or other_bias is None or ends is None or other_ends is None:
        return None
    (low, high), (other_low, other_high) = ends, other_ends
    value = bias - other_bias
    return BiasDifference(
        value=value,
        low=value - hypot(bias - low, other_high - other_bias),
        high=value + hypot(high - bias, other_bias - other_low),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two studies of one target that share models, seen from the second.

    Attributes:
        before: The study compared with.
        after: The study whose page this is.
        changes: The shared models, by name.
        ordered_by: What says which study came first: "start dates", "first draws", or "names".
    """

    before: Study
    after: Study
    changes: tuple[BiasChange, ...]
    ordered_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One model in every study that asked it, in the order of the studies' beginnings, then of their ids."""

    model: str
    records: tuple[tuple[Study, Estimate], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Studies that differ only in their target, by target, and each model's calibration."""

    studies: tuple[Study, ...]
    curves: tuple[Calibration, ...]


def has_results(report: StudyReport) -> bool:
    """Whether any model of a study has a valid draw or a printed bias."""
    return any(record.valid or record.bias is not None for record in report.estimates)


def began(report: StudyReport) -> str:
    """When a study began: its `started`, else the time of its first draw; empty where neither is known."""
    return report.study.started or (report.asked[0] if report.asked else "")


def in_order(reports: Sequence[StudyReport]) -> list[StudyReport]:
    """Studies by when they began, then by their ids; those of unknown date first."""
    return sorted(reports, key=lambda report: (began(report), report.study.id))


def comparisons(reports: Sequence[StudyReport]) -> tuple[Comparison, ...]:
    """Every pair of studies that share a target and models, the earlier one first; coins only with coins."""
    found = []
    for before, after in combinations(in_order(reports), 2):
        same_kind = _is_simulated(before) == _is_simulated(after)
        same_outcomes = before.study.prompt.n_outcomes == after.study.prompt.n_outcomes
        if same_kind and same_outcomes and before.study.prompt.shares == after.study.prompt.shares:
            several = before.study.prompt.n_outcomes > 2 or bool(before.sequences or after.sequences)
            moved = changes(
                before.estimates,
                after.estimates,
                fits_before=before.fits,
                fits_after=after.fits,
                outcomes_before=_outcomes(before) if several else None,
                outcomes_after=_outcomes(after) if several else None,
                effects_before=_effects(before),
                effects_after=_effects(after),
                orders_before=before.by_order,
                orders_after=after.by_order,
            )
            if moved:
                found.append(
                    Comparison(
                        before=before.study,
                        after=after.study,
                        changes=moved,
                        ordered_by=_ordered_by(before, after),
                    )
                )
    return tuple(found)


def _outcomes(report: StudyReport) -> dict[str, tuple[int, ...]]:
    return {tally.model: tally.by_outcome for tally in report.tallies}


def _effects(report: StudyReport) -> dict[str, float]:
    """Design effect of each model's draws; those of one answer are a cluster."""
    if report.sequences is None:
        return {each.model: each.design_effect or 1.0 for each in report.estimates}
    shares = report.study.prompt.shares
    return {
        model: answers_design_effect(answers, shares) if len(answers) else 1.0
        for model, answers in report.sequences.answers.items()
    }


def _ordered_by(before: StudyReport, after: StudyReport) -> str:
    if began(before) == began(after):
        return "names"
    return "start dates" if before.study.started and after.study.started else "first draws"


def histories(reports: Sequence[StudyReport]) -> Mapping[str, History]:
    """Each model that more than one study asked, coins left out."""
    asked: defaultdict[str, list[tuple[Study, Estimate]]] = defaultdict(list)
    real = [report for report in reports if not _is_simulated(report)]
    for report in in_order(real):
        for record in report.estimates:
            asked[record.model].append((report.study, record))
    return {
        model: History(model=model, records=tuple(records))
        for model, records in sorted(asked.items())
        if len(records) > 1
    }


def families(reports: Sequence[StudyReport]) -> tuple[Family, ...]:
    """Studies with draws, or counts, that differ in nothing but target, names and dates.

    Imported studies whose prompt is unknown are a family only within one import.
    """
    alike: defaultdict[tuple[Prompt, Sampling, str], list[StudyReport]] = defaultdict(list)
    for report in reports:
        if report.tallies and report.study.is_coin:
            alike[_but_target(report.study)].append(report)
    found = []
    for members in alike.values():
        members.sort(key=lambda report: (report.study.prompt.target, report.study.id))
        if len({report.study.prompt.target for report in members}) > 1:
            studies = tuple(report.study for report in members)
            found.append(Family(studies=studies, curves=_curves(members)))
    return tuple(found)


def _curves(members: Sequence[StudyReport]) -> tuple[Calibration, ...]:
    counts: defaultdict[str, list[tuple[float, Drawn]]] = defaultdict(list)
    for report in members:
        effects = _effects(report)
        for tally in report.tallies:
            drawn = Drawn(tally.n_ones, tally.n_valid, effects[tally.model])
            counts[tally.model].append((report.study.prompt.target, drawn))
    curves = [
        curve
        for model, counted in sorted(counts.items())
        if (curve := calibration(model, counted)) is not None
    ]
    q = benjamini_hochberg([curve.p_faithful for curve in curves]).tolist()
    return tuple(replace(curve, q_faithful=value) for curve, value in zip(curves, q, strict=True))


def _but_target(study: Study) -> tuple[Prompt, Sampling, str]:
    """The settings that a family shares; its prompts may state the target as a share or in per cent."""
    target = study.prompt.target
    numbers = {f"{share:.10g}" for p in (target, 1 - target) for share in (p, 100 * p)}
    template = re.sub(r"\d+(?:\.\d+)?", lambda found: _masked(found[0], numbers), study.prompt.template)
    base = f"{study.source} {_IMPORTED_TARGET.sub('', study.id)}"
    one_import = base if study.prompt.template == UNKNOWN_PROMPT else ""
    return replace(study.prompt, shares=(), template=template), replace(study.sampling, draws=0), one_import


def _masked(number: str, targets: set[str]) -> str:
    return "…" if f"{float(number):.10g}" in targets else number


def _is_simulated(report: StudyReport) -> bool:
    return report.study.kind is Kind.SIMULATED
