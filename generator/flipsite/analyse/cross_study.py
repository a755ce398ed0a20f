"""What several studies tell together: who moved between two, one model over all, and a family of targets.

Biased coins: does the drawn share follow the share that was asked for?

Two studies of the same models: who moved?

An exact test of each model's change, given how many ones it drew in both studies together, and the false
discovery rate over the models that both share.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flipsite.analyse.binomial import FALSE_DISCOVERY_RATE, TAIL, benjamini_hochberg, jeffreys
from flipsite.analyse.contingency import TwoByTwo, fisher_exact
from flipsite.analyse.published import PrintedFit
from flipsite.analyse.report import StudyReport
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Kind, Prompt, Sampling, Study

Floats = NDArray[np.float64]

N_DRAWS = 20_000
"""Posterior draws of the shares behind the interval of the step-likeness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPoint:
    """One target of a family of studies, and what a model drew.

    Attributes:
        target: Share of ones that was asked for.
        n_ones: Ones drawn.
        n_valid: Valid draws.
        share: Ones among the valid draws.
        low: Low end of the share's 95 % Jeffreys interval.
        high: High end of the same.
    """

    target: float
    n_ones: int
    n_valid: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """One model's curve of drawn against asked shares.

    Attributes:
        model: The model.
        points: By target, ascending; at least two.
        step_likeness: S; 0 follows the diagonal, 1 is a step at one half when the targets run from 0 to 1.
        step_low: 2.5 % quantile of S under the posterior of the shares, S itself at most.
        step_high: 97.5 % quantile of the same, S itself at least.
    """

    model: str
    points: tuple[TargetPoint, ...]
    step_likeness: float
    step_low: float
    step_high: float


def calibration(model: str, counts: Sequence[tuple[float, int, int]], *, seed: int = 0) -> Calibration | None:
    """The calibration curve of one model over studies that differ only in their target.

    Chance alone lifts S, for it adds up absolute distances: its interval is that of noisy draws about noisy
    shares, and does not reach 0.

    Args:
        model: The model.
        counts: Target, ones and valid draws of each study; those without valid draws are passed over, and
            those of one target are added up.
        seed: Of the posterior draws.

    Returns:
        None where fewer than two targets were drawn.
    """
    totals: dict[float, tuple[int, int]] = {}
    for target, ones, valid in counts:
        if valid:
            before = totals.get(target, (0, 0))
            totals[target] = (before[0] + ones, before[1] + valid)
    if len(totals) < 2:
        return None
    targets = np.array(sorted(totals))
    ones, valid = np.array([totals[target] for target in targets.tolist()]).T
    low, high = jeffreys(ones, valid)
    rng = np.random.default_rng(seed)
    drawn = step_likeness(targets, rng.beta(ones + 0.5, valid - ones + 0.5, size=(N_DRAWS, len(targets))))
    step_low, step_high = np.quantile(drawn, [TAIL, 1 - TAIL])
    seen = float(step_likeness(targets, ones / valid))
    return Calibration(
        model=model,
        points=tuple(
            TargetPoint(
                target=float(target),
                n_ones=int(ones[i]),
                n_valid=int(valid[i]),
                share=float(ones[i] / valid[i]),
                low=float(low[i]),
                high=float(high[i]),
            )
            for i, target in enumerate(targets)
        ),
        step_likeness=seen,
        # A share of 0 or 1 is the end of its own interval, and so of the curve's.
        step_low=min(seen, float(step_low)),
        step_high=max(seen, float(step_high)),
    )


def step_likeness(targets: ArrayLike, shares: ArrayLike) -> Floats:
    """Four times the area between the curve and the diagonal.

    S = 4 Σ (pᵢ₊₁ − pᵢ)(|rᵢ − pᵢ| + |rᵢ₊₁ − pᵢ₊₁|)/2

    Args:
        targets: Asked shares p, ascending.
        shares: Drawn shares r at each target, along the last axis.

    Source:
        Yang & Zhang (2025), "Failure to Mix".
    """
    asked = np.asarray(targets, np.float64)
    off = abs(np.asarray(shares, np.float64) - asked)
    return np.asarray(4 * np.sum(np.diff(asked) * (off[..., 1:] + off[..., :-1]) / 2, axis=-1))


@dataclass(frozen=True, slots=True, kw_only=True)
class BiasChange:
    """One model in two studies.

    Attributes:
        model: The model.
        before: Its estimate in the first study.
        after: Its estimate in the second study.
        difference: Bias in the second study less that in the first; None where one has none.
        p_value: Fisher's exact test that its share of ones is the same in both. Where a study printed a bias
            alone, the largest over every count that prints so, of either sign. None where a study tells no
            count.
        q_value: Benjamini-Hochberg over the models that both studies share.
        moved: Whether q is below 0.05.
    """

    model: str
    before: Estimate
    after: Estimate
    difference: float | None
    p_value: float | None
    q_value: float | None
    moved: bool


def changes(
    before: Sequence[Estimate],
    after: Sequence[Estimate],
    *,
    fits_before: Mapping[str, Sequence[PrintedFit]] | None = None,
    fits_after: Mapping[str, Sequence[PrintedFit]] | None = None,
) -> tuple[BiasChange, ...]:
    """Compare the models that two studies of one target share.

    Args:
        before: Estimates of the first study.
        after: Estimates of the second.
        fits_before: The counts that fit each printed bias, where the first study is a published one.
        fits_after: The same for the second.

    Returns:
        One change a model, sorted by model; none where the studies share no model.

    Source:
        Fisher (1935), J. R. Statist. Soc. 98, 39-82.
    """
    first = {record.model: record for record in before}
    second = {record.model: record for record in after}
    shared = sorted(first.keys() & second.keys())
    p = [
        _p_value(
            _counts(first[model], (fits_before or {}).get(model, ())),
            _counts(second[model], (fits_after or {}).get(model, ())),
        )
        for model in shared
    ]
    q = benjamini_hochberg(np.array(p, np.float64))
    return tuple(
        BiasChange(
            model=model,
            before=first[model],
            after=second[model],
            difference=_difference(first[model].bias, second[model].bias),
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


def _p_value(before: Sequence[tuple[int, int]], after: Sequence[tuple[int, int]]) -> float | None:
    """The largest p-value over all counts that are allowed; None where there are none."""
    tables = [
        TwoByTwo(ones_a=ones_a, n_a=n_a, ones_b=ones_b, n_b=n_b)
        for ones_a, n_a in before
        for ones_b, n_b in after
    ]
    return max(map(fisher_exact, tables), default=None)


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


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
        if same_kind and before.study.prompt.target == after.study.prompt.target:
            moved = changes(before.estimates, after.estimates, fits_before=before.fits, fits_after=after.fits)
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
    """Studies with draws that differ in nothing but target, names and dates."""
    alike: defaultdict[tuple[Prompt, Sampling], list[StudyReport]] = defaultdict(list)
    for report in reports:
        if report.draws is not None:
            alike[_but_target(report.study)].append(report)
    found = []
    for members in alike.values():
        members.sort(key=lambda report: (report.study.prompt.target, report.study.id))
        if len({report.study.prompt.target for report in members}) > 1:
            studies = tuple(report.study for report in members)
            found.append(Family(studies=studies, curves=_curves(members)))
    return tuple(found)


def _curves(members: Sequence[StudyReport]) -> tuple[Calibration, ...]:
    counts: defaultdict[str, list[tuple[float, int, int]]] = defaultdict(list)
    for report in members:
        for tally in report.tallies:
            counts[tally.model].append((report.study.prompt.target, tally.n_ones, tally.n_valid))
    curves = (calibration(model, counted) for model, counted in sorted(counts.items()))
    return tuple(curve for curve in curves if curve is not None)


def _but_target(study: Study) -> tuple[Prompt, Sampling]:
    """What the studies of a family share; their prompts may say the target as a share or in per cent."""
    target = study.prompt.target
    numbers = {f"{share:.10g}" for p in (target, 1 - target) for share in (p, 100 * p)}
    template = re.sub(r"\d+(?:\.\d+)?", lambda found: _masked(found[0], numbers), study.prompt.template)
    return replace(study.prompt, shares=(), template=template), replace(study.sampling, draws=0)


def _masked(number: str, targets: set[str]) -> str:
    return "…" if f"{float(number):.10g}" in targets else number


def _is_simulated(report: StudyReport) -> bool:
    return report.study.kind is Kind.SIMULATED
